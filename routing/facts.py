"""What routing knows: the directory of tenants, and the threads that a batch of messages may belong to.

Both are protocols. `storage` fills them from Postgres; tests fill them by hand. Nothing here does I/O, and
everything of a thread is asked for together with its tenant: there is no way to ask across tenants (P4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, Protocol

import msgspec

Status = Literal["open", "in_progress", "waiting", "resolved", "closed"]
Priority = Literal["low", "normal", "high", "urgent"]
PRIORITIES: tuple[Priority, ...] = ("low", "normal", "high", "urgent")
CATEGORIES = (
    "billing", "technical", "account", "order_status", "warranty", "shipping", "returns",
    "troubleshooting", "complaint", "sales", "feature_request", "general",
)  # fmt: skip
TYPES = ("support_ticket", "customer_request", "bug_report", "feature_request")


class TenantSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a tenant can set. A default here is the default of the product."""

    mail_reply_days: int = 28
    """A mail reply later than this opens a follow-up."""
    chat_reply_hours: int = 72
    """The same for chat, SMS and social networks."""
    ref_style: Literal["sequence", "random"] = "sequence"
    """`TKT-0001` in sequence, or `TKT-A3B9C`."""


class SlaTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes of business time until the first response and until the resolution are due."""

    first_response_minutes: int
    resolution_minutes: int


class BusinessHours(msgspec.Struct, frozen=True, kw_only=True):
    """When the clock runs. `week`: seven days, Monday first, each a list of ("09:00", "17:00") pairs."""

    time_zone: str
    week: tuple[tuple[tuple[str, str], ...], ...]
    holidays: frozenset[date] = frozenset()


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """A customer organisation of ours."""

    id: str
    slug: str
    name: str
    time_zone: str = "UTC"
    languages: tuple[str, ...] = ("en",)
    settings: TenantSettings = TenantSettings()
    sla: Mapping[str, SlaTarget] = {}
    """By priority; what is absent has the default of `routing.sla`."""
    hours: BusinessHours | None = None
    rules: tuple[Mapping[str, Any], ...] = ()
    """The tenant's own triage rules, in the form of `routing.triage`."""


class AddressFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An address that belongs to a tenant: an agent's own, or one that it receives at, with its defaults."""

    address: str
    tenant: str
    kind: Literal["agent", "inbox"]
    name: str = ""
    category: str | None = None
    priority: str | None = None
    type: str | None = None
    tags: tuple[str, ...] = ()


class DomainFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A domain that a tenant has proven. Without `catch_all` only its listed addresses arrive."""

    domain: str
    tenant: str
    catch_all: bool = True


class TokenFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A reply token and the ticket it is the capability of. A dead one still finds its tenant."""

    token: str
    tenant: str
    ticket: str
    live: bool


class Directory(Protocol):
    """Who is who, over all tenants. Keys are normalised: lower-case, ASCII domains, no trailing dot."""

    @property
    def mail_domains(self) -> frozenset[str]:
        """Shared domains of plus addresses (`INLET_MAIL_DOMAIN`)."""

    @property
    def base_domains(self) -> frozenset[str]:
        """Domains whose subdomains are slugs (`INLET_BASE_DOMAIN`)."""

    def tenant(self, tenant: str) -> Tenant | None:
        """The tenant by id."""

    def by_slug(self, slug: str) -> str | None:
        """Id of the tenant that has or had the slug."""

    def address(self, address: str) -> AddressFacts | None:
        """The tenant's address."""

    def domain(self, domain: str) -> DomainFacts | None:
        """The proven domain."""


class TicketFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket as routing needs it. Same names as the columns of `tickets`, ids as strings."""

    id: str
    tenant_id: str
    ref: str
    subject: str
    status: Status
    priority: Priority
    category: str
    type: str
    channel: str
    contact_id: str | None
    tags: tuple[str, ...]
    merged_into: str | None
    evidence: dict[str, Any]
    set_by_hand: frozenset[str]
    agent_acted: bool
    created_at: datetime
    customer_wrote_at: datetime | None
    updated_at: datetime
    first_response_due_at: datetime | None
    resolution_due_at: datetime | None
    bounced_at: datetime | None
    followed_by: str | None = None
    """The newest ticket that follows this one: late replies go on there."""
    answers: int = 0
    """Events of the ticket in the last `routing.answers.WINDOW` that may be answered automatically."""


class ContactFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A contact that a tenant knows."""

    id: str
    name: str = ""
    vip: bool = False
    blocked: bool = False
    stopped: bool = False
    """Told one of our accounts to stop, and not to start again."""
    answers: int = 0
    """As in `TicketFacts`, over all tickets whose contact this is."""


class Identity(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One way to reach a contact. `kind`: `email`, `phone`, or the provider whose user id `value` is.

    What was only typed into a form has the kind `claim:email` or `claim:phone` and matches nothing proven.
    """

    kind: str
    value: str


class Threads(Protocol):
    """What Postgres says of the threads that a batch may belong to. Every question names its tenant."""

    def token(self, token: str) -> TokenFacts | None:
        """A reply token, of whatever tenant: the caller compares."""

    def ticket(self, tenant: str, ticket: str) -> TicketFacts | None:
        """A ticket by id, the ones it was merged into among them."""

    def by_ref(self, tenant: str, ref: str) -> TicketFacts | None:
        """A ticket by its public reference."""

    def by_message_id(self, tenant: str, message_id: str) -> Sequence[str]:
        """Ids of the tickets that a Message-ID was received on or issued for; several: it proves nothing."""

    def issued(self, tenant: str, message_id: str) -> bool:
        """Whether we issued this Message-ID ourselves."""

    def by_conversation(self, tenant: str, account: str, key: str) -> str | None:
        """Id of the ticket at the open end of a conversation."""

    def contact(self, tenant: str, identity: Identity) -> ContactFacts | None:
        """The contact that an identity belongs to."""

    def takes_part(self, ticket: str, identity: Identity) -> bool:
        """Whether the identity takes part in the ticket."""

    def who_takes_part(self, ticket: str) -> Sequence[Identity]:
        """Everybody who takes part in the ticket, sorted."""
