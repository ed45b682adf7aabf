"""Tickets, messages and their company as they are shown: the records of the public JSON, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from channels.message import Flag
from routing.facts import Priority, Status

Id = Annotated[str, Meta(pattern="^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
Ref = Annotated[str, Meta(pattern="^TKT-[0-9A-Z]{1,20}$")]
State = Literal["created", "appended", "duplicate", "suppressed", "dead"]


class Party(Struct, frozen=True, kw_only=True):
    """A person. `address`: the email, E.164 number or provider's user id."""

    name: str = ""
    address: str = ""


class Recipient(Struct, frozen=True, kw_only=True):
    """An address that the message was sent to, and the field that said so."""

    address: str
    field: str = "to"


class Attachment(Struct, frozen=True, kw_only=True):
    filename: str
    content_type: str
    size: int
    sha256: str
    inline: bool
    state: Literal["stored", "remote", "unavailable", "oversize"]


class Message(Struct, frozen=True, kw_only=True):
    """A message of a ticket. `reply_text`: without quoted history, mobile footers and disclaimers."""

    id: Id
    channel: str
    provider: str
    provider_message_id: str
    direction: Literal["inbound", "outbound", "note"]
    sender: Party
    recipients: list[Recipient]
    subject: str
    text: str
    reply_text: str
    html: str
    language: str
    sent_at: datetime | None
    received_at: datetime
    flags: list[Flag]
    notes: list[str]
    attachments: list[Attachment]


class OneMessage(Message, frozen=True, kw_only=True):
    """A message with what became of it, and why. A duplicate shows what its original said."""

    state: State
    tenant: str | None
    account: str | None
    ticket: str | None
    reason: str
    duplicate_of: Id | None
    decision: dict[str, Any] | None


class Identity(Struct, frozen=True, kw_only=True):
    kind: str
    value: str


class Contact(Struct, frozen=True, kw_only=True):
    """Whoever wrote. An identity of the kind `claim:…` was typed by the writer and is not proven."""

    id: Id
    name: str
    vip: bool
    identities: list[Identity]


class Activity(Struct, frozen=True, kw_only=True):
    """`actor`: `inlet`, `contact:<id>`, `agent:<address>` or `key:<id>`."""

    id: Id
    at: datetime
    actor: str
    kind: str
    data: dict[str, Any]


class TicketLine(Struct, frozen=True, kw_only=True):
    """A ticket as lists show it."""

    ref: str
    tenant: str
    subject: str
    status: Status
    priority: Priority
    category: str
    type: str
    channel: str
    provider: str
    contact: Contact | None
    assignee: str | None
    tags: list[str]
    labels: list[str]
    reply_address: str | None
    merged_into: str | None
    follows: str | None
    first_response_due_at: datetime | None
    resolution_due_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Ticket(TicketLine, frozen=True, kw_only=True):
    """A ticket with everything: its messages by the time of their acceptance, and its audit trail."""

    messages: list[Message]
    activities: list[Activity]


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened. `may_answer`: whether an automatic answer may go out for it."""

    id: Id
    cursor: str
    name: str
    tenant: str
    ticket: str | None
    message: Id | None
    may_answer: bool
    data: dict[str, Any]
    at: datetime
