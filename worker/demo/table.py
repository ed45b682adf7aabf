"""What came of the demo, as people see it."""

from __future__ import annotations

import asyncio
import base64
from io import StringIO
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from channels import signing
from worker.demo.accounts import TENANT
from worker.demo.post import Post

_COLUMNS = ("Ticket", "Status", "Priority", "Category", "By", "From", "Subject", "Messages")
_SIGNED = """
Sign a mail yourself:

  printf 'Return-Path: <eve@example.org>\\r\\nDelivered-To: support@demo.test\\r\\n\
From: Eve <eve@example.org>\\r\\nSubject: My invoice\\r\\n\\r\\nPlease send it again.\\r\\n' > mail.eml
  id=msg_$$ t=$(date +%s)
  sig=$( (printf '%s.%s.' $id $t; cat mail.eml) |
    openssl dgst -sha256 -mac HMAC -macopt hexkey:{key} -binary | base64)
  curl -sS {url} -H 'Content-Type: message/rfc822' -H "webhook-id: $id" -H "webhook-timestamp: $t" \\
    -H "webhook-signature: v1,$sig" --data-binary @mail.eml
"""


async def show(post: Post) -> str:
    """A table of the demo's tickets, and a line to try the signature by hand."""
    found = await post.ask(f"/api/tickets?tenant={TENANT}")
    refs = sorted(ticket["ref"] for ticket in found["items"])
    tickets = await asyncio.gather(*(post.ask(f"/api/tickets/{ref}?tenant={TENANT}") for ref in refs))
    account = post.accounts.mail
    key = base64.b64decode(account.secret.removeprefix(signing.PREFIX)).hex()
    return _drawn(tickets) + _SIGNED.format(url=post.address(account), key=key)


def _drawn(tickets: list[dict[str, Any]]) -> str:
    table = Table(*_COLUMNS, box=None, pad_edge=False, header_style="bold")
    for ticket in tickets:
        table.add_row(*(escape(cell) for cell in _row(ticket)))
    page = StringIO()
    Console(file=page, width=150, highlight=False).print(table)
    return "\n" + page.getvalue()


def _row(ticket: dict[str, Any]) -> list[str]:
    contact = ticket["contact"] or {"name": "", "identities": []}
    who = contact["name"] or next((identity["value"] for identity in contact["identities"]), "")
    plain = [ticket[name] for name in ("ref", "status", "priority", "category", "channel")]
    return [*plain, who, ticket["subject"], str(len(ticket["messages"]))]
