"""Mail that our Cloudflare Email Worker posts: the raw source, with its envelope in two lines in front.

https://developers.cloudflare.com/email-routing/email-workers/runtime-api/
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

import msgspec

from channels import clean, signing
from channels.contract import MIB, Account, Answer, Channel, Delivery, Need, Verified
from channels.email.head import Head, read_head
from channels.errors import Malformed
from channels.message import InboundMessage, MailFacts, Recipient

# Bytes that our own worker writes, so exactly this and nothing like it: the first header of the mail itself
# may be a Return-Path or a Delivered-To too, and must never be taken for the envelope.
ENVELOPE = re.compile(rb"Return-Path: <([^\r\n]{0,998})>\r\nDelivered-To: ([^\r\n]{1,998})\r\n")


class CloudflareEmail(Channel):
    """One account serves all tenants of a shared mail route: routing finds the tenant of each mail."""

    provider = "cloudflare-email"
    title = "Cloudflare Email Worker"
    docs = "https://developers.cloudflare.com/email-routing/email-workers/"
    content_types = frozenset({"message/rfc822"})
    # Cloudflare takes mails of up to 25 MiB; the envelope and room to spare come on top.
    max_body = 27 * MIB
    shared = True
    needs: ClassVar[tuple[Need, ...]] = (
        Need(
            name="secret",
            help="Standard Webhooks secret that the Email Worker signs with (its setting INLET_SECRET).",
            secret=True,
            generated=True,
        ),
    )

    def new_secret(self) -> str:
        return signing.new_secret()

    def check_secret(self, secret: str) -> None:
        signing.check_secret(secret)

    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> Verified:
        return signing.verify(delivery, secrets, now)

    def parse(self, delivery: Delivery, account: Account) -> list[InboundMessage]:
        envelope_from, envelope_to, raw = _split(delivery.body)
        head = read_head(raw)
        message = InboundMessage(
            channel="email",
            provider=account.provider,
            provider_message_id=clean.key(head.mail.message_id or _digest(raw)),
            sender=head.sender,
            recipients=(Recipient(address=envelope_to, field="envelope"), *head.recipients),
            subject=head.subject,
            sent_at=head.sent_at,
            mail=_with_envelope(head, envelope_from),
        )
        return [message]

    def raw(self, delivery: Delivery) -> bytes:
        return _split(delivery.body)[2]

    def answer(self, ids: Sequence[str]) -> Answer:
        body = msgspec.json.encode({"messages": list(ids)})
        return Answer(status=202, content_type="application/json", body=body)


def _split(body: bytes) -> tuple[str, str, bytes]:
    """Envelope sender (empty for the null sender), envelope recipient, and the mail itself."""
    found = ENVELOPE.match(body)
    if found is None:
        raise Malformed("The two envelope lines in front of the mail are missing.")
    recipient = _address(found[2])
    if not recipient or found.end() == len(body):
        raise Malformed("The envelope recipient or the mail is empty.")
    return _address(found[1]), recipient, body[found.end() :]


def _address(value: bytes) -> str:
    return clean.line(value.decode("utf-8", "replace").strip(" \t<>").lower(), clean.ADDRESS)


def _digest(raw: bytes) -> str:
    """Stands for a Message-ID that is missing: the same mail has the same one."""
    return f"digest:{hashlib.sha256(raw).hexdigest()}"


def _with_envelope(head: Head, envelope_from: str) -> MailFacts:
    return msgspec.structs.replace(head.mail, envelope_from=envelope_from)
