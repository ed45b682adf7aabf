"""The normal form of a message, whatever channel it came by.

Every record here is frozen, keyword-only and slotted, and crosses Redis as MessagePack: adding a field
with a default is compatible, anything else needs a new `storage.envelope.VERSION`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec


class Flag(StrEnum):
    """What a reader of the message should know at a glance. The values are part of the public JSON."""

    AUTO_REPLY = "auto_reply"
    """An automatic answer of a machine in a person's name: vacation, out of office."""
    AUTO_GENERATED = "auto_generated"
    """Written by a machine, but no answer: forms, alarms, shop orders, lists."""
    BOUNCE = "bounce"
    COMPLAINT_REPORT = "complaint_report"
    DELIVERY_REPORT = "delivery_report"
    """A delay notice, a delivery or read receipt: nothing failed, nobody wrote."""
    UNVERIFIED = "unverified"
    """Accepted in observe mode although verification refused it, or the sender's claim is not proven."""
    UNVERIFIED_SENDER = "unverified_sender"
    """The sender takes no part in the ticket that the message was filed under."""
    OVERSIZE = "oversize"
    """Something was over a limit and was left out; the original is kept."""
    DEGRADED = "degraded"
    """It could not be read as it claims to be written; what could be read is here, the original is kept."""
    ENCRYPTED = "encrypted"
    SIGNED = "signed"
    LIST = "list"
    REACTION = "reaction"
    SPAM = "spam"


class Party(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person as the channel names them. `address`: lower-case email, E.164, or the provider's user id."""

    name: str = ""
    address: str = ""


class Recipient(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One address that the message was sent to, and the field that said so."""

    address: str
    field: Literal["envelope", "delivered_to", "x_original_to", "to", "cc", "bcc"] = "to"


class Attachment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file of a message. The content lies in the blob store under `sha256` where `state` is `stored`."""

    filename: str
    content_type: str
    size: int = 0
    sha256: str = ""
    inline: bool = False
    content_id: str = ""
    state: Literal["stored", "remote", "unavailable", "oversize"] = "stored"
    """`remote`: still at the provider under `url`; `oversize`: left out, over a limit."""
    url: str = ""


class Bounce(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a delivery failure says of the mail that failed."""

    recipient: str = ""
    status: str = ""
    """Enhanced status code such as `5.1.1`, or empty."""
    hard: bool = False
    message_id: str = ""
    """Message-ID of the mail that failed, bare."""


class Forward(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A mail that the writer passed on: whose it was, what it said, and the words put in front of it."""

    author: Party
    subject: str = ""
    text: str = ""
    note: str = ""


class MailFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What routing needs of a mail's head. Ids are bare (no angle brackets), addresses lower-case."""

    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    """In the order of the header: the oldest first."""
    envelope_from: str | None = None
    """MAIL FROM; empty for the null sender, None where the channel does not know it."""
    original_from: Party | None = None
    original_sender: Party | None = None
    reply_to: Party | None = None
    loop: str = ""
    """Our own loop header as it came, to be checked against our key."""
    authentication_results: tuple[str, ...] = ()
    """Raw values of Authentication-Results, top of the mail first."""
    digest: str = ""
    """Hex SHA-256 of what the sender wrote: body and author's headers, no trace headers (every hop adds)."""
    bounce: Bounce | None = None
    forward: Forward | None = None


Kind = Literal["message", "missed_call", "voicemail", "reaction"]


class InboundMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a customer sent, in the form that every channel's `parse` returns.

    A mail is complete only after `channels.email.read.read_mail`: until then `mail` holds the head alone and
    `text` is empty. All text is storable (see `channels.clean`), all times are aware.
    """

    channel: str
    """email, sms, whatsapp, voice, chat, social, form, phone …: what kind of road it came by."""
    provider: str
    provider_message_id: str
    """Unique within the account. For mail the Message-ID, bare."""
    conversation: str = ""
    """Key of the conversation within the account; empty for mail, which threads by its head."""
    room: str = ""
    """Key of the channel in which this is a top-level line; empty for replies and direct messages."""
    sender: Party = Party()
    recipients: tuple[Recipient, ...] = ()
    subject: str = ""
    text: str = ""
    reply_text: str = ""
    html: str = ""
    language: str = ""
    sent_at: datetime | None = None
    kind: Kind = "message"
    flags: frozenset[Flag] = frozenset()
    attachments: tuple[Attachment, ...] = ()
    consent: Literal["", "stop", "start"] = ""
    sender_claimed: bool = False
    """The sender's address was typed by whoever wrote it: it joins no existing contact."""
    mail: MailFacts | None = None
    notes: tuple[str, ...] = ()
    """What was left out or could not be read, in words for people."""
    extra: dict[str, str] = {}
    """Provider's fields that have no place above (media ids, geography, profile), as they came."""

    def __post_init__(self) -> None:
        if self.sent_at is not None and self.sent_at.tzinfo is None:
            raise ValueError("sent_at must be an aware datetime")

    def recipients_in(self, *fields: str) -> tuple[str, ...]:
        """Addresses of the recipients that stand in one of the fields, in the order of the fields."""
        return tuple(r.address for field in fields for r in self.recipients if r.field == field)
