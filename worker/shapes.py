"""The JSON that the operator API takes in and gives out beside what `storage.shown` holds."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from channels.message import Flag
from routing.facts import Priority, Status
from storage.shown import Id, Party, Ref, State

Slug = Annotated[str, Meta(pattern="^[a-z0-9-]{1,63}$")]
Category = Literal[
    "billing", "technical", "account", "order_status", "warranty", "shipping", "returns",
    "troubleshooting", "complaint", "sales", "feature_request", "general",
]  # fmt: skip
Type = Literal["support_ticket", "customer_request", "bug_report", "feature_request"]
Word = Annotated[str, Meta(max_length=200)]
Line = Annotated[str, Meta(max_length=1000)]
Text = Annotated[str, Meta(max_length=1_000_000)]
Filled = Annotated[str, Meta(min_length=1, max_length=1_000_000)]
Moment = Annotated[datetime, Meta(tz=True)]
Item = TypeVar("Item")


class Page(Struct, Generic[Item], frozen=True, kw_only=True):
    """One page of a list. `next` goes into `after` for the next page; null: there is none."""

    items: list[Item]
    next: str | None = None


class PendingMessage(Struct, frozen=True, kw_only=True):
    """A message that is accepted, durable, and not worked yet."""

    id: Id
    state: Literal["pending"] = "pending"


class TicketPatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change on a ticket; what is absent stays. `contact`: its id; `merged_into`: the other's ref.

    A merge is for good: a merged ticket takes no change, and null is refused there with 409.
    """

    status: Status | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    category: Category | UnsetType = UNSET
    type: Type | UnsetType = UNSET
    labels: Annotated[list[Line], Meta(max_length=100)] | UnsetType = UNSET
    contact: Id | UnsetType = UNSET
    assignee: Line | UnsetType | None = UNSET
    merged_into: Ref | UnsetType | None = UNSET


class Sender(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who wrote or called. `address`: an email address, a phone number, or an id of your own."""

    name: Line = ""
    address: Line = ""


class NewMessage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody said where Inlet was not listening: at the phone, at the counter.

    `tenant` is needed where the key sees several. The same `provider_message_id` again is the same message.
    Messages of one `conversation` join one ticket; without one, each makes its own.
    """

    text: Filled
    tenant: Slug | None = None
    channel: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$")] = "manual"
    sender: Sender = Sender()
    subject: Line = ""
    sent_at: Moment | None = None
    provider_message_id: Annotated[str, Meta(max_length=200)] = ""
    conversation: Annotated[str, Meta(max_length=200)] = ""


class Accepted(Struct, frozen=True, kw_only=True):
    """The ids of the messages that are durable now."""

    messages: list[Id]


class NewTicketMessage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer that was or will be sent to the customer, or a note that never is.

    `html` is stored without anything that acts: scripts, styles, forms.
    """

    text: Filled
    direction: Literal["outbound", "note"] = "outbound"
    html: Text = ""
    subject: Line = ""
    sender: Sender = Sender()
    recipients: Annotated[list[Line], Meta(max_length=100)] = []
    sent_at: Moment | None = None


class Issued(Struct, frozen=True, kw_only=True):
    """Send the answer with these, and replies find their ticket. `message_id` is bare; null for a note.

    `headers`: fields to put on the mail as they are. By them it is known as ours when it comes back to us,
    and ends there instead of going round. Empty for a note.
    """

    id: Id
    reply_address: str | None
    message_id: str | None
    headers: dict[str, str]


class ExplainRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A delivery to try: nothing is stored. `payload` is text, or base64 where `encoding` says so.

    `sender` and `recipient` are MAIL FROM and RCPT TO of a mail; absent: what its head says.
    """

    payload: Annotated[str, Meta(max_length=40_000_000)]
    provider: Annotated[str, Meta(pattern="^[a-z0-9-]{1,40}$")] = "cloudflare-email"
    encoding: Literal["text", "base64"] = "text"
    account: Line | None = None
    sender: Line | None = None
    recipient: Line | None = None
    content_type: Line = ""


class StepView(Struct, frozen=True, kw_only=True):
    """One rule that was asked. `part`: what it was asked about."""

    part: str
    rule: str
    answer: str
    why: str = ""


class Explained(Struct, frozen=True, kw_only=True):
    """What would become of a message, and why. `ticket`: the one it would join; null: a new one, or none."""

    state: State
    tenant: str | None
    ticket: str | None
    reason: str
    duplicate_of: Id | None
    subject: str
    sender: Party
    reply_text: str
    category: str | None
    priority: str | None
    type: str | None
    tags: list[str]
    language: str
    flags: list[Flag]
    notes: list[str]
    steps: list[StepView]
    decision: dict[str, Any]


class Explanation(Struct, frozen=True, kw_only=True):
    """One explanation for each message of the delivery; none: understood, and nothing for us."""

    messages: list[Explained]


class Problem(Struct, frozen=True, kw_only=True):
    """Problem details (RFC 9457)."""

    title: str
    status: int
    type: str = "about:blank"
    detail: str = ""
