"""Builders of the mails that the tests of this folder read."""

from __future__ import annotations

from channels.email.head import read_head
from channels.email.limits import Limits
from channels.email.read import Reading, read_mail
from channels.message import InboundMessage, MailFacts, Recipient

HEAD = (
    b"From: Ada Berg <ada@example.org>\r\nTo: support@acme.test\r\nSubject: Order 1042\r\n"
    b"Date: Tue, 19 Aug 2025 10:40:00 +0000\r\nMessage-ID: <1042@mail.example.org>\r\n"
)


def mail(body: bytes | str, *fields: str, head: bytes = HEAD) -> bytes:
    """A raw mail; `fields` are further header lines, `body` is sent as it is."""
    body = body.encode() if isinstance(body, str) else body
    return head + b"".join(field.encode() + b"\r\n" for field in fields) + b"\r\n" + body


def text(body: str, *fields: str) -> bytes:
    """A plain text mail in UTF-8."""
    return mail(body, "Content-Type: text/plain; charset=utf-8", *fields)


def page(html: str, *fields: str) -> bytes:
    """An HTML mail in UTF-8."""
    return mail(html, "Content-Type: text/html; charset=utf-8", *fields)


def parts(*bodies: bytes, kind: str = "mixed", boundary: str = "cut") -> bytes:
    """A multipart of parts that bring their own heads, beginning with its Content-Type line."""
    lines = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), body) for body in bodies)
    return b'Content-Type: multipart/%s; boundary="%s"\r\n\r\n%s--%s--\r\n' % (
        kind.encode(), boundary.encode(), lines, boundary.encode(),
    )  # fmt: skip


def part(body: bytes | str, *fields: str) -> bytes:
    """One part with its head."""
    body = body.encode() if isinstance(body, str) else body
    return b"".join(field.encode() + b"\r\n" for field in fields) + b"\r\n" + body


def multipart(*bodies: bytes, kind: str = "mixed") -> bytes:
    """A whole multipart mail."""
    return HEAD + parts(*bodies, kind=kind)


def accepted(raw: bytes, envelope_from: str | None = "ada@example.org") -> InboundMessage:
    """The message as the door hands it over: its head alone."""
    head = read_head(raw)
    return InboundMessage(
        channel="email",
        provider="cloudflare-email",
        provider_message_id=head.mail.message_id or "digest:0",
        sender=head.sender,
        recipients=(Recipient(address="support@acme.test", field="envelope"), *head.recipients),
        subject=head.subject,
        mail=MailFacts(message_id=head.mail.message_id, envelope_from=envelope_from),
    )


def read(raw: bytes, envelope_from: str | None = "ada@example.org", limits: Limits | None = None) -> Reading:
    """The whole way of a mail through the reader."""
    return read_mail(accepted(raw, envelope_from), raw, limits or Limits())
