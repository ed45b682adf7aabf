"""Threads as they are once the batch so far is written: two first messages of it make one ticket (P3)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from routing.facts import ContactFacts, Identity, Threads, TicketFacts, TokenFacts


class Overlay:
    """Implements `Threads` over a base: what the batch made or changed hides what Postgres said."""

    def __init__(self, base: Threads) -> None:
        self._base = base
        self._tickets: dict[str, TicketFacts] = {}
        self._contacts: dict[tuple[str, Identity], ContactFacts] = {}
        self._participants: set[tuple[str, Identity]] = set()
        self._conversations: dict[tuple[str, str, str], str] = {}
        self._message_ids: dict[tuple[str, str], list[str]] = {}

    def token(self, token: str) -> TokenFacts | None:
        """A token made in this batch has not been told to anybody yet."""
        return self._base.token(token)

    def ticket(self, tenant: str, ticket: str) -> TicketFacts | None:
        known = self._tickets.get(ticket)
        if known is None:
            return self._base.ticket(tenant, ticket)
        return known if known.tenant_id == tenant else None

    def by_ref(self, tenant: str, ref: str) -> TicketFacts | None:
        """A ticket of this batch has no reference yet."""
        known = self._base.by_ref(tenant, ref)
        return known and self._tickets.get(known.id, known)

    def by_message_id(self, tenant: str, message_id: str) -> Sequence[str]:
        own = self._message_ids.get((tenant, message_id), ())
        return tuple(dict.fromkeys((*self._base.by_message_id(tenant, message_id), *own)))

    def issued(self, tenant: str, message_id: str) -> bool:
        return self._base.issued(tenant, message_id)

    def by_conversation(self, tenant: str, account: str, key: str) -> str | None:
        own = self._conversations.get((tenant, account, key))
        return own or self._base.by_conversation(tenant, account, key)

    def contact(self, tenant: str, identity: Identity) -> ContactFacts | None:
        return self._contacts.get((tenant, identity)) or self._base.contact(tenant, identity)

    def takes_part(self, ticket: str, identity: Identity) -> bool:
        return (ticket, identity) in self._participants or self._base.takes_part(ticket, identity)

    def who_takes_part(self, ticket: str) -> Sequence[Identity]:
        own = {identity for known, identity in self._participants if known == ticket}
        return sorted(own.union(self._base.who_takes_part(ticket)))

    def put_ticket(self, ticket: TicketFacts) -> None:
        """A ticket that is new, or as it is now."""
        self._tickets[ticket.id] = ticket

    def put_contact(self, tenant: str, identity: Identity, contact: ContactFacts) -> None:
        """A contact that is new, or as it is now."""
        self._contacts[tenant, identity] = contact

    def put_participant(self, ticket: str, identity: Identity) -> None:
        """Somebody who takes part from now on."""
        self._participants.add((ticket, identity))

    def put_conversation(self, tenant: str, account: str, key: str, ticket: str) -> None:
        """The open end of a conversation."""
        self._conversations[tenant, account, key] = ticket

    def put_message_id(self, tenant: str, message_id: str, ticket: str) -> None:
        """A Message-ID that was received on a ticket."""
        self._message_ids.setdefault((tenant, message_id), []).append(ticket)

    def count_answer(self, tenant: str, ticket: str, identity: Identity | None) -> None:
        """One more event of the ticket may be answered automatically."""
        known = self.ticket(tenant, ticket)
        if known is not None:
            self.put_ticket(msgspec.structs.replace(known, answers=known.answers + 1))
        contact = self.contact(tenant, identity) if identity else None
        if identity is not None and contact is not None:
            more = msgspec.structs.replace(contact, answers=contact.answers + 1)
            self.put_contact(tenant, identity, more)
