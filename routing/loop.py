"""Our own mail that comes back: known by a keyed header or a Message-ID of ours, never by its address."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256

from channels.message import InboundMessage
from routing.facts import Threads

HEADER = "X-Inlet-Loop"


def loop_value(key: bytes, tenant: str) -> str:
    """What our outgoing mail carries in `HEADER`: proof that this tenant sent it."""
    digest = hmac.new(key, f"inlet-loop/{tenant}".encode(), sha256).hexdigest()
    return f"v1.{digest}"


def own_mail(message: InboundMessage, tenant: str, keys: Sequence[bytes], threads: Threads) -> str:
    """How we know that this tenant sent the mail itself: `loop_header`, `issued_id`; empty: it did not."""
    mail = message.mail
    if mail is None:
        return ""
    if mail.loop and any(_same(mail.loop.strip(), loop_value(key, tenant)) for key in keys):
        return "loop_header"
    return "issued_id" if mail.message_id and threads.issued(tenant, mail.message_id) else ""


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode())
