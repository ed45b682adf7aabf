"""What a batch of messages changes: rows, named and typed like the tables they go to.

`routing.plan` makes them, `storage.record` writes each list at once. What a row lacks keeps its default.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec

Outcome = Literal["created", "appended", "duplicate", "suppressed", "dead"]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row to insert. Field names are column names; ids are UUIDs as strings."""


class ContactRow(Row, frozen=True, kw_only=True):
    id: str
    tenant_id: str
    name: str
    created_at: datetime


class IdentityRow(Row, frozen=True, kw_only=True):
    tenant_id: str
    kind: str
    value: str
    contact_id: str


class TicketRow(Row, frozen=True, kw_only=True):
    """A new ticket. `ref` is empty until the batch is written: the counter is taken last, held shortly."""

    id: str
    tenant_id: str
    ref: str = ""
    subject: str
    status: str = "open"
    priority: str
    category: str
    type: str
    channel: str
    provider: str
    account_id: str | None
    contact_id: str | None
    tags: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    merged_into: str | None = None
    follows: str | None = None
    evidence: dict[str, Any] = {}
    set_by_hand: tuple[str, ...] = ()
    agent_acted: bool = False
    reply_token: str
    first_response_due_at: datetime | None
    resolution_due_at: datetime | None
    first_responded_at: datetime | None = None
    bounced_at: datetime | None = None
    customer_wrote_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


class TicketUpdate(Row, frozen=True, kw_only=True):
    """What a message can change on a ticket, as it is afterwards. The first `first_responded_at` stays."""

    id: str
    tenant_id: str
    subject: str
    status: str
    priority: str
    category: str
    type: str
    contact_id: str | None
    tags: tuple[str, ...]
    evidence: dict[str, Any]
    agent_acted: bool
    first_response_due_at: datetime | None
    resolution_due_at: datetime | None
    first_responded_at: datetime | None = None
    bounced_at: datetime | None
    customer_wrote_at: datetime | None
    updated_at: datetime


class TokenRow(Row, frozen=True, kw_only=True):
    token: str
    tenant_id: str
    ticket_id: str
    created_at: datetime


class ParticipantRow(Row, frozen=True, kw_only=True):
    ticket_id: str
    tenant_id: str
    kind: str
    value: str


class ConversationRow(Row, frozen=True, kw_only=True):
    """The open end of a conversation: replaces the row that is there."""

    tenant_id: str
    account_id: str
    key: str
    ticket_id: str


class MessageIdRow(Row, frozen=True, kw_only=True):
    tenant_id: str
    message_id: str
    ticket_id: str
    issued: bool = False


class MessageRow(Row, frozen=True, kw_only=True):
    """A message as it is shown. `tenant_id` and `ticket_id` are None where no route, no ticket was found."""

    id: str
    tenant_id: str | None
    ticket_id: str | None
    account_id: str | None
    contact_id: str | None
    channel: str
    provider: str
    provider_message_id: str
    direction: Literal["inbound", "outbound", "note"]
    sender: dict[str, str]
    recipients: tuple[dict[str, str], ...]
    subject: str
    text: str
    reply_text: str
    html: str
    language: str
    sent_at: datetime | None
    received_at: datetime
    flags: tuple[str, ...]
    notes: tuple[str, ...]
    extra: dict[str, str]


class AttachmentRow(Row, frozen=True, kw_only=True):
    message_id: str
    position: int
    filename: str
    content_type: str
    size: int
    sha256: str
    inline: bool
    content_id: str
    state: str
    url: str


class ActivityRow(Row, frozen=True, kw_only=True):
    """`actor`: `inlet`, `contact:<id>`, `agent:<address>`, `key:<id>`."""

    id: str
    tenant_id: str
    ticket_id: str
    at: datetime
    actor: str
    kind: str
    data: dict[str, Any] = {}


class DecisionRow(Row, frozen=True, kw_only=True):
    message_id: str
    tenant_id: str | None
    decision: dict[str, Any]
    at: datetime


class ReceiptRow(Row, frozen=True, kw_only=True):
    message_id: str
    generation: int = 0
    account_id: str
    tenant_id: str | None
    outcome: Outcome
    reason: str = ""
    duplicate_of: str | None = None
    entry: str
    at: datetime


class EventRow(Row, frozen=True, kw_only=True):
    id: str
    tenant_id: str
    name: str
    ticket_id: str | None = None
    message_id: str | None = None
    may_answer: bool = False
    data: dict[str, Any] = {}
    at: datetime


class DeadLetterRow(Row, frozen=True, kw_only=True):
    """The envelope itself is added by `storage`, which knows its form."""

    message_id: str
    account_id: str
    tenant_id: str | None
    reason: str
    error: str = ""
    trace: str = ""
    attempts: int
    at: datetime


class ConsentRow(Row, frozen=True, kw_only=True):
    tenant_id: str
    account_id: str
    address: str
    state: Literal["stop", "start"]
    at: datetime


class RecipientUpdate(Row, frozen=True, kw_only=True):
    """A copy of a message came by another address: the first one lists both."""

    message_id: str
    address: str
    field: str = "to"


@dataclass(slots=True, kw_only=True)
class Changes:
    """Everything that a batch writes, in one transaction."""

    contacts: list[ContactRow] = field(default_factory=list)
    identities: list[IdentityRow] = field(default_factory=list)
    tickets: list[TicketRow] = field(default_factory=list)
    ticket_updates: dict[str, TicketUpdate] = field(default_factory=dict)
    """By ticket id: the last state wins."""
    reply_tokens: list[TokenRow] = field(default_factory=list)
    participants: list[ParticipantRow] = field(default_factory=list)
    conversations: dict[tuple[str, str, str], ConversationRow] = field(default_factory=dict)
    message_ids: list[MessageIdRow] = field(default_factory=list)
    messages: list[MessageRow] = field(default_factory=list)
    recipients: list[RecipientUpdate] = field(default_factory=list)
    attachments: list[AttachmentRow] = field(default_factory=list)
    activities: list[ActivityRow] = field(default_factory=list)
    decisions: list[DecisionRow] = field(default_factory=list)
    receipts: list[ReceiptRow] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    dead_letters: list[DeadLetterRow] = field(default_factory=list)
    consents: list[ConsentRow] = field(default_factory=list)
