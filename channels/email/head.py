"""The head of a mail: who, to whom, what about, and the ids that thread it. No body is looked at."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

import msgspec
from mailparser.dates import parse_mail_date

from channels.clean import storable
from channels.email.addresses import read_parties
from channels.email.charsets import decode
from channels.email.fields import Fields, read_fields
from channels.email.words import decode_words
from channels.message import MailFacts, Party, Recipient

LOOP_HEADER = "x-inlet-loop"
MAX_SUBJECT = 998
_MAX_IDS = 100
_MAX_ID = 998
_MAX_RECIPIENTS = 500

RecipientField = Literal["delivered_to", "x_original_to", "to", "cc", "bcc"]
_RECIPIENT_FIELDS: tuple[tuple[str, RecipientField], ...] = (
    ("delivered-to", "delivered_to"),
    ("envelope-to", "delivered_to"),
    ("x-original-to", "x_original_to"),
    ("to", "to"),
    ("cc", "cc"),
    ("bcc", "bcc"),
)
_ID = re.compile(r"<([^<>]{1,998})>")
_NO_ID = re.compile(r"[\s<>,;\"]+")
_SPACE = re.compile(r"\s+")


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What the head of a mail says. All text is storable, addresses are lower-case."""

    subject: str = ""
    sender: Party = Party()
    recipients: tuple[Recipient, ...] = ()
    sent_at: datetime | None = None
    mail: MailFacts = MailFacts()


def read_head(raw: bytes) -> Head:
    """The head of a raw mail. Never raises, whatever the bytes; what cannot be read is empty (R25)."""
    fields, _ = read_fields(raw)
    return head_of(fields)


def head_of(fields: Fields) -> Head:
    """The head of a mail whose fields are read already."""
    return Head(
        subject=_subject(fields),
        sender=_sender(fields),
        recipients=_recipients(fields),
        sent_at=read_date(fields.plain("date")),
        mail=_facts(fields),
    )


def _subject(fields: Fields) -> str:
    raw, _ = decode(fields.raw("subject"), guess=True)
    return storable(_SPACE.sub(" ", decode_words(raw)).strip(), MAX_SUBJECT)


def read_ids(value: str) -> tuple[str, ...]:
    """Message ids of a header value, bare, in order, at most the newest hundred."""
    found = [_SPACE.sub("", one) for one in _ID.findall(value)] or [
        one for one in _NO_ID.split(value) if "@" in one
    ]
    kept = dict.fromkeys(storable(one, _MAX_ID) for one in found)
    return tuple(kept)[-_MAX_IDS:]


def read_date(value: str) -> datetime | None:
    """The time of a Date header in UTC, or None where it says none."""
    if not value:
        return None
    result: datetime | None = parse_mail_date(value[:200]).value  # type: ignore[no-untyped-call]
    if result is None:
        with suppress(Exception):  # the standard library takes looser forms, and may raise on any (R23)
            loose = parsedate_to_datetime(value[:200])
            result = loose.replace(tzinfo=UTC) if loose.tzinfo is None else loose
    return result.astimezone(UTC) if result is not None and 1970 <= result.year < 9000 else None


def _sender(fields: Fields) -> Party:
    for name in ("from", "sender", "x-sender"):
        for value in fields.all(name):
            party = first_party(value)
            if party.address or party.name:
                return party
    return Party()


def first_party(value: bytes) -> Party:
    """First address of a header value, else its text as a name without an address."""
    parties = read_parties(_text(value))
    return next((one for one in parties if one.address), parties[0] if parties else Party())


def _text(value: bytes) -> str:
    return decode(value)[0]


def _recipients(fields: Fields) -> tuple[Recipient, ...]:
    found: dict[tuple[str, str], Recipient] = {}
    for name, field in _RECIPIENT_FIELDS:
        for value in fields.all(name):
            for one in read_parties(_text(value)):
                if one.address:
                    found.setdefault((field, one.address), Recipient(address=one.address, field=field))
    return tuple(found.values())[:_MAX_RECIPIENTS]


def _facts(fields: Fields) -> MailFacts:
    ids = read_ids(fields.plain("message-id"))
    return MailFacts(
        message_id=ids[0] if ids else _odd_id(fields.plain("message-id")),
        in_reply_to=read_ids(fields.plain("in-reply-to")),
        references=read_ids(fields.plain("references")),
        original_from=_party(fields, "x-original-from"),
        original_sender=_party(fields, "x-original-sender"),
        reply_to=_party(fields, "reply-to"),
        loop=storable(fields.plain(LOOP_HEADER), _MAX_ID),
        authentication_results=tuple(
            storable(_text(value), 4096) for value in fields.all("authentication-results")[:20]
        ),
    )


def _odd_id(value: str) -> str:
    """An id that is neither in brackets nor an address still tells two mails apart."""
    return storable(_SPACE.sub("", value).strip("<>"), _MAX_ID)


def _party(fields: Fields, name: str) -> Party | None:
    value = fields.raw(name)
    if not value:
        return None
    party = first_party(value)
    return party if party.address else None
