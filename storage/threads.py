"""The facts of threads that a batch may belong to, read from Postgres (`routing.facts.Threads`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from routing.answers import WINDOW
from routing.facts import ContactFacts, Identity, TicketFacts, TokenFacts
from routing.questions import Questions
from storage.database import Connection, Pool, Record, connection
from storage.queries import query

_Key = tuple[str, ...]


class Unasked(Exception):  # noqa: N818 - a signal to ask, not a fault
    """Something was asked that nobody has looked up. `kind` names the field of Questions, or `tickets`."""

    def __init__(self, kind: str, key: Any) -> None:
        super().__init__(f"{kind} was not looked up")
        self.kind = kind
        self.key = key


@dataclass(slots=True, kw_only=True)
class LoadedThreads:
    """What was looked up. Every key begins with its tenant (P4); what was not looked up raises Unasked."""

    asked: Questions
    tokens: dict[str, TokenFacts] = field(default_factory=dict)
    message_ids: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    issued_ids: set[tuple[str, str]] = field(default_factory=set)
    refs: dict[tuple[str, str], str] = field(default_factory=dict)
    conversations: dict[tuple[str, str, str], str] = field(default_factory=dict)
    contacts: dict[tuple[str, Identity], ContactFacts] = field(default_factory=dict)
    tickets: dict[tuple[str, str], TicketFacts] = field(default_factory=dict)
    ticket_ids: set[str] = field(default_factory=set)
    """Of whatever tenant: looked up, found or not."""
    participants: dict[str, set[Identity]] = field(default_factory=dict)

    def token(self, token: str) -> TokenFacts | None:
        if token not in self.asked.tokens:
            raise Unasked("tokens", token)
        return self.tokens.get(token)

    def ticket(self, tenant: str, ticket: str) -> TicketFacts | None:
        if ticket not in self.ticket_ids:
            raise Unasked("tickets", ticket)
        return self.tickets.get((tenant, ticket))

    def by_ref(self, tenant: str, ref: str) -> TicketFacts | None:
        key = (tenant, ref)
        if key not in self.asked.refs:
            raise Unasked("refs", key)
        found = self.refs.get(key)
        return None if found is None else self.ticket(tenant, found)

    def by_message_id(self, tenant: str, message_id: str) -> Sequence[str]:
        key = (tenant, message_id)
        if key not in self.asked.message_ids:
            raise Unasked("message_ids", key)
        return self.message_ids.get(key, ())

    def issued(self, tenant: str, message_id: str) -> bool:
        self.by_message_id(tenant, message_id)
        return (tenant, message_id) in self.issued_ids

    def by_conversation(self, tenant: str, account: str, key: str) -> str | None:
        asked = (tenant, account, key)
        if asked not in self.asked.conversations:
            raise Unasked("conversations", asked)
        return self.conversations.get(asked)

    def contact(self, tenant: str, identity: Identity) -> ContactFacts | None:
        key = (tenant, identity)
        if key not in self.asked.identities:
            raise Unasked("identities", key)
        return self.contacts.get(key)

    def takes_part(self, ticket: str, identity: Identity) -> bool:
        return identity in self.participants.get(ticket, ())

    def who_takes_part(self, ticket: str) -> Sequence[Identity]:
        return sorted(self.participants.get(ticket, ()))


async def load(
    connection: Connection,
    questions: Questions,
    now: datetime,
    *,
    tickets: Iterable[str] = (),
    lock: bool = True,
) -> LoadedThreads:
    """Answer the questions with one query for each kind; tickets are locked, in the order of their ids.

    To be called inside a transaction and after the keys of the batch are locked; `lock=False` for a dry run.
    `tickets` are ids to load besides those that the answers lead to.
    """
    threads = LoadedThreads(asked=questions)
    await _load_tokens(connection, threads)
    await _load_message_ids(connection, threads)
    await _load_refs(connection, threads)
    await _load_conversations(connection, threads)
    await _load_contacts(connection, threads, now)
    await _load_tickets(connection, threads, set(tickets) | _found(threads), now, lock=lock)
    await _load_participants(connection, threads)
    return threads


async def load_for_dry_run(pool: Pool, questions: Questions, now: datetime) -> LoadedThreads:
    """The same facts without a lock, for `explain`. Raises DatabaseError."""
    async with connection(pool) as conn:
        return await load(conn, questions, now, lock=False)


async def find_tokens(pool: Pool, tokens: Iterable[str]) -> dict[str, TokenFacts]:
    """Reply tokens of whatever tenant by their text; what is unknown is left out. Raises DatabaseError."""
    wanted = sorted(set(tokens))
    if not wanted:
        return {}
    async with connection(pool) as conn:
        return {row["token"]: _token(row) for row in await conn.fetch(query("find_tokens"), wanted)}


def _token(row: Record) -> TokenFacts:
    return TokenFacts(token=row["token"], tenant=row["tenant_id"], ticket=row["ticket_id"], live=row["live"])


def _columns(keys: Iterable[_Key], width: int) -> list[list[str]]:
    ordered = sorted(keys)
    return [[key[i] for key in ordered] for i in range(width)]


async def _load_tokens(connection: Connection, threads: LoadedThreads) -> None:
    if threads.asked.tokens:
        rows = await connection.fetch(query("find_tokens"), sorted(threads.asked.tokens))
        threads.tokens = {row["token"]: _token(row) for row in rows}


async def _load_message_ids(connection: Connection, threads: LoadedThreads) -> None:
    if not threads.asked.message_ids:
        return
    for row in await connection.fetch(query("find_message_ids"), *_columns(threads.asked.message_ids, 2)):
        key = (row["tenant_id"], row["message_id"])
        threads.message_ids[key].append(row["ticket_id"])
        if row["issued"]:
            threads.issued_ids.add(key)


async def _load_refs(connection: Connection, threads: LoadedThreads) -> None:
    if threads.asked.refs:
        rows = await connection.fetch(query("find_refs"), *_columns(threads.asked.refs, 2))
        threads.refs = {(row["tenant_id"], row["ref"]): row["id"] for row in rows}


async def _load_conversations(connection: Connection, threads: LoadedThreads) -> None:
    if not threads.asked.conversations:
        return
    for row in await connection.fetch(query("find_conversations"), *_columns(threads.asked.conversations, 3)):
        threads.conversations[row["tenant_id"], row["account_id"], row["key"]] = row["ticket_id"]


async def _load_contacts(connection: Connection, threads: LoadedThreads, now: datetime) -> None:
    keys = [(tenant, one.kind, one.value) for tenant, one in threads.asked.identities]
    if not keys:
        return
    for row in await connection.fetch(query("find_contacts"), *_columns(keys, 3), now - WINDOW):
        identity = Identity(kind=row["kind"], value=row["value"])
        threads.contacts[row["tenant_id"], identity] = ContactFacts(
            id=row["id"],
            name=row["name"],
            vip=row["vip"],
            blocked=row["blocked"],
            stopped=row["stopped"],
            answers=row["answers"],
        )


def _found(threads: LoadedThreads) -> set[str]:
    """Ids of the tickets that any answer names."""
    found = {token.ticket for token in threads.tokens.values()}
    found |= {ticket for tickets in threads.message_ids.values() for ticket in tickets}
    return found | set(threads.refs.values()) | set(threads.conversations.values())


async def _load_tickets(
    connection: Connection, threads: LoadedThreads, wanted: set[str], now: datetime, *, lock: bool
) -> None:
    """The tickets, with those they were merged into and those that follow.

    A merge that came between the two reads names a ticket that is not there yet: it is Unasked then.
    """
    if not wanted:
        return
    chain = {row["id"] for row in await connection.fetch(query("follow_tickets"), sorted(wanted))}
    threads.ticket_ids |= wanted | chain
    ids = sorted(chain)
    rows = await connection.fetch(query("lock_tickets" if lock else "read_tickets"), ids)
    more = {row["id"]: row for row in await connection.fetch(query("find_followers"), ids, now - WINDOW)}
    facts = [_ticket(row, more[row["id"]]) for row in rows]
    threads.tickets = {(one.tenant_id, one.id): one for one in facts}


async def _load_participants(connection: Connection, threads: LoadedThreads) -> None:
    if threads.tickets:
        ids = sorted(ticket for _, ticket in threads.tickets)
        for row in await connection.fetch(query("find_participants"), ids):
            people = threads.participants.setdefault(row["ticket_id"], set())
            people.add(Identity(kind=row["kind"], value=row["value"]))


def _ticket(row: Record, more: Record) -> TicketFacts:
    values = {key: row[key] for key in row.keys()}  # noqa: SIM118 - a driver's row iterates its values
    values["tags"] = tuple(values["tags"])
    values["set_by_hand"] = frozenset(values["set_by_hand"])
    return TicketFacts(**values, followed_by=more["followed_by"], answers=more["answers"])
