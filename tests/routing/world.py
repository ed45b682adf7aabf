"""A small world for routing: two tenants, their directory, and threads that remember what was planned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

import msgspec

from channels.contract import Account
from channels.message import Flag, InboundMessage, MailFacts, Party, Recipient
from routing.changes import Changes
from routing.context import PlanContext
from routing.facts import (
    AddressFacts,
    ContactFacts,
    DomainFacts,
    Identity,
    Tenant,
    TicketFacts,
    TokenFacts,
)
from routing.plan import plan
from routing.questions import questions
from routing.refs import ref
from routing.rows import ticket_facts
from routing.tokens import token_from
from routing.way import work_of
from routing.work import Makers, Origin, Work

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ACME = Tenant(id="aaaaaaaa-0000-7000-8000-000000000001", slug="acme", name="Acme")
GLOBEX = Tenant(id="bbbbbbbb-0000-7000-8000-000000000002", slug="globex", name="Globex")
SHARED = Account(id="acc_shared", provider="cloudflare-email")
ACME_MAIL = Account(id="acc_acme_mail", provider="cloudflare-email", tenant=ACME.id)
ACME_SMS = Account(id="acc_acme_sms", provider="twilio", tenant=ACME.id)
GLOBEX_SMS = Account(id="acc_globex_sms", provider="twilio", tenant=GLOBEX.id)
AGENT = "anna@acme.test"
SERVER = "mx.example.net"
PROOF = (f"{SERVER}; dmarc=pass",)
LOOP_KEY = b"k" * 32


def token(number: int) -> str:
    return token_from(number.to_bytes(20, "big"))


@dataclass
class Known:
    """Directory and threads. Threads answer only what `questions` announced, as the real ones do."""

    mail_domains: frozenset[str] = frozenset({"in.example.net"})
    base_domains: frozenset[str] = frozenset({"help.example.net"})
    tenants: dict[str, Tenant] = field(default_factory=lambda: {ACME.id: ACME, GLOBEX.id: GLOBEX})
    slugs: dict[str, str] = field(
        default_factory=lambda: {"acme": ACME.id, "acme-old": ACME.id, "globex": GLOBEX.id}
    )
    addresses: dict[str, AddressFacts] = field(
        default_factory=lambda: {
            AGENT: AddressFacts(address=AGENT, tenant=ACME.id, kind="agent", name="Anna"),
            "support@acme.test": AddressFacts(address="support@acme.test", tenant=ACME.id, kind="inbox"),
        }
    )
    domains: dict[str, DomainFacts] = field(
        default_factory=lambda: {
            "acme.test": DomainFacts(domain="acme.test", tenant=ACME.id),
            "globex.test": DomainFacts(domain="globex.test", tenant=GLOBEX.id),
        }
    )
    tokens: dict[str, TokenFacts] = field(default_factory=dict)
    tickets: dict[str, TicketFacts] = field(default_factory=dict)
    message_ids: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    issued_ids: set[tuple[str, str]] = field(default_factory=set)
    conversations: dict[tuple[str, str, str], str] = field(default_factory=dict)
    contacts: dict[tuple[str, Identity], ContactFacts] = field(default_factory=dict)
    participants: set[tuple[str, Identity]] = field(default_factory=set)

    def tenant(self, tenant: str) -> Tenant | None:
        return self.tenants.get(tenant)

    def by_slug(self, slug: str) -> str | None:
        return self.slugs.get(slug)

    def address(self, address: str) -> AddressFacts | None:
        return self.addresses.get(address)

    def domain(self, domain: str) -> DomainFacts | None:
        return self.domains.get(domain)


class Asked:
    """The threads of a world, strict: a question that was not announced is a fault of `questions`."""

    def __init__(self, known: Known, works: Iterable[Work]) -> None:
        self.known = known
        self.asked = questions(works)

    def token(self, token: str) -> TokenFacts | None:
        assert token in self.asked.tokens
        return self.known.tokens.get(token)

    def ticket(self, tenant: str, ticket: str) -> TicketFacts | None:
        found = self.known.tickets.get(ticket)
        return found if found and found.tenant_id == tenant else None

    def by_ref(self, tenant: str, ref: str) -> TicketFacts | None:
        assert (tenant, ref) in self.asked.refs
        return next((t for t in self.known.tickets.values() if (t.tenant_id, t.ref) == (tenant, ref)), None)

    def by_message_id(self, tenant: str, message_id: str) -> Sequence[str]:
        assert (tenant, message_id) in self.asked.message_ids
        return self.known.message_ids.get((tenant, message_id), [])

    def issued(self, tenant: str, message_id: str) -> bool:
        assert (tenant, message_id) in self.asked.message_ids
        return (tenant, message_id) in self.known.issued_ids

    def by_conversation(self, tenant: str, account: str, key: str) -> str | None:
        assert (tenant, account, key) in self.asked.conversations
        return self.known.conversations.get((tenant, account, key))

    def contact(self, tenant: str, identity: Identity) -> ContactFacts | None:
        assert (tenant, identity) in self.asked.identities
        return self.known.contacts.get((tenant, identity))

    def takes_part(self, ticket: str, identity: Identity) -> bool:
        return (ticket, identity) in self.known.participants

    def who_takes_part(self, ticket: str) -> Sequence[Identity]:
        return sorted(one for known, one in self.known.participants if known == ticket)


@dataclass
class World:
    """Plans messages and remembers what came of them."""

    known: Known = field(default_factory=Known)
    now: datetime = NOW
    count: int = 0

    def next_id(self) -> str:
        self.count += 1
        return f"00000000-0000-7000-8000-{self.count:012d}"

    def next_token(self) -> str:
        self.count += 1
        return token(self.count)

    def work(
        self,
        message: InboundMessage,
        account: Account = SHARED,
        *,
        at: datetime | None = None,
        attempts: int = 1,
        released: bool = False,
    ) -> Work:
        number = self.next_id()
        origin = Origin(
            id=number,
            account=account,
            received_at=at or self.now,
            entry=f"{number[-6:]}-0",
            attempts=attempts,
            released=released,
        )
        return work_of(origin, message, self.known, self.known.tokens)

    def plan(self, *works: Work, duplicates: dict[str, str] | None = None) -> Changes:
        """What a batch changes. Nothing is remembered."""
        held = duplicates or {}
        context = PlanContext(
            directory=self.known, authserv_ids=frozenset({SERVER}), loop_keys=(LOOP_KEY,), duplicates=held
        )
        makers = Makers(new_id=self.next_id, new_token=self.next_token, now=self.now)
        threads = Asked(self.known, [work for work in works if work.origin.id not in held])
        changes = plan(works, threads, makers, context)
        check(changes, works)
        return changes

    def run(self, *works: Work) -> Changes:
        """Plan a batch and remember it, as the database would."""
        changes = self.plan(*works)
        self.remember(changes)
        return changes

    def say(
        self, message: InboundMessage, account: Account = SHARED, *, at: datetime | None = None
    ) -> Changes:
        """One message by itself."""
        return self.run(self.work(message, account, at=at))

    def remember(self, changes: Changes) -> None:
        known = self.known
        for row in changes.identities:
            name = next(one.name for one in changes.contacts if one.id == row.contact_id)
            identity = Identity(kind=row.kind, value=row.value)
            known.contacts[row.tenant_id, identity] = ContactFacts(id=row.contact_id, name=name)
        for row in changes.tickets:
            number = 1 + sum(one.tenant_id == row.tenant_id for one in known.tickets.values())
            facts = msgspec.structs.replace(ticket_facts(row), ref=ref(number, "sequence", row.tenant_id))
            known.tickets[row.id] = facts
            if row.follows:
                self.change(row.follows, followed_by=row.id)
        for update in changes.ticket_updates.values():
            fields = msgspec.structs.asdict(update)
            del fields["first_responded_at"]
            self.change(fields.pop("id"), **fields)
        for row in changes.reply_tokens:
            known.tokens[row.token] = TokenFacts(
                token=row.token, tenant=row.tenant_id, ticket=row.ticket_id, live=True
            )
        for row in changes.message_ids:
            known.message_ids.setdefault((row.tenant_id, row.message_id), []).append(row.ticket_id)
        for key, row in changes.conversations.items():
            known.conversations[key] = row.ticket_id
        known.participants |= {
            (row.ticket_id, Identity(kind=row.kind, value=row.value)) for row in changes.participants
        }

    def change(self, ticket: str, **fields: Any) -> TicketFacts:
        facts = msgspec.structs.replace(self.known.tickets[ticket], **fields)
        self.known.tickets[ticket] = facts
        return facts

    def ticket(self, tenant: Tenant = ACME) -> TicketFacts:
        """The newest ticket of a tenant."""
        return [one for one in self.known.tickets.values() if one.tenant_id == tenant.id][-1]

    def token_of(self, ticket: TicketFacts) -> str:
        return next(one.token for one in self.known.tokens.values() if one.ticket == ticket.id)

    def issue(self, ticket: TicketFacts, message_id: str) -> str:
        """An outgoing mail of ours on a ticket."""
        key = (ticket.tenant_id, message_id)
        self.known.issued_ids.add(key)
        self.known.message_ids.setdefault(key, []).append(ticket.id)
        return message_id


def check(changes: Changes, works: Sequence[Work]) -> None:
    """What Postgres would insist on, and what the ledger needs: one receipt and decision for each message."""
    ids = sorted(work.origin.id for work in works)
    assert sorted(row.message_id for row in changes.receipts) == ids
    assert sorted(row.message_id for row in changes.decisions) == ids
    for rows in (changes.tickets, changes.contacts, changes.messages, changes.activities, changes.events):
        assert len({row.id for row in rows}) == len(rows)
    identities = [(row.tenant_id, row.kind, row.value) for row in changes.identities]
    assert len(set(identities)) == len(identities)
    consents = [(row.tenant_id, row.account_id, row.address) for row in changes.consents]
    assert len(set(consents)) == len(consents)
    msgspec.json.encode(msgspec.to_builtins(changes.messages))
    msgspec.json.encode([row.decision for row in changes.decisions])


def mail(
    text: str = "My invoice 42 is wrong.",
    *,
    sender: str = "ada@customer.test",
    name: str = "Ada",
    to: str = "support+acme@in.example.net",
    envelope: str | None = "",
    cc: Iterable[str] = (),
    subject: str = "Invoice",
    message_id: str = "",
    proven: bool = False,
    flags: Iterable[Flag] = (),
    **facts: Any,
) -> InboundMessage:
    """A mail as it is after it was read. The envelope is `to` unless given; None where it is not known."""
    number = message_id or f"m{crc32(f'{text}/{sender}/{subject}/{to}'.encode())}@customer.test"
    recipients = [Recipient(address=to, field="to"), *(Recipient(address=one, field="cc") for one in cc)]
    if envelope is not None:
        recipients.insert(0, Recipient(address=envelope or to, field="envelope"))
    facts.setdefault("digest", f"digest of {text}")
    facts.setdefault("envelope_from", sender)
    facts.setdefault("authentication_results", PROOF if proven else ())
    return InboundMessage(
        channel="email",
        provider="cloudflare-email",
        provider_message_id=number,
        sender=Party(name=name, address=sender),
        recipients=tuple(recipients),
        subject=subject,
        text=text,
        reply_text=text,
        flags=frozenset(flags),
        mail=MailFacts(message_id=number, **facts),
    )


def sms(
    text: str = "Where is my parcel?",
    *,
    sender: str = "+4915112345678",
    number: str = "",
    conversation: str = "",
    **fields: Any,
) -> InboundMessage:
    """A text message."""
    return InboundMessage(
        channel="sms",
        provider="twilio",
        provider_message_id=number or f"SM{crc32(f'{text}/{sender}'.encode())}",
        conversation=conversation or f"+15550001111|{sender}",
        sender=Party(address=sender),
        text=text,
        reply_text=text,
        **fields,
    )


def outcomes(changes: Changes) -> list[str]:
    return [row.outcome for row in changes.receipts]


def events(changes: Changes) -> list[tuple[str, bool]]:
    return [(row.name, row.may_answer) for row in changes.events]


def kinds(changes: Changes) -> list[str]:
    return [row.kind for row in changes.activities]


def days(number: float) -> timedelta:
    return timedelta(days=number)
