"""A batch while it is planned: the rows so far, and the threads as these rows leave them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from routing.case import Case
from routing.changes import (
    ActivityRow,
    Changes,
    ConsentRow,
    ContactRow,
    ConversationRow,
    EventRow,
    IdentityRow,
    MessageIdRow,
    ParticipantRow,
    TicketRow,
    TicketUpdate,
)
from routing.context import PlanContext
from routing.facts import ContactFacts, Identity, TicketFacts
from routing.overlay import Overlay
from routing.questions import conversation_keys
from routing.rows import ticket_update
from routing.work import Makers

_CHANGING = frozenset(TicketUpdate.__struct_fields__) & frozenset(TicketRow.__struct_fields__)


@dataclass(slots=True, kw_only=True)
class Batch:
    """Each method adds rows and keeps the overlay in step with them."""

    threads: Overlay
    makers: Makers
    context: PlanContext
    changes: Changes = field(default_factory=Changes)

    def finished(self) -> Changes:
        """All rows. What later messages changed on a ticket of this batch goes into its first row."""
        for place, row in enumerate(self.changes.tickets):
            update = self.changes.ticket_updates.pop(row.id, None)
            if update is not None:
                fields = {name: getattr(update, name) for name in _CHANGING}
                self.changes.tickets[place] = msgspec.structs.replace(row, **fields)
        return self.changes

    def activity(self, ticket: TicketFacts | TicketRow, actor: str, kind: str, data: dict[str, Any]) -> None:
        """A line in the ticket's audit trail."""
        self.changes.activities.append(
            ActivityRow(
                id=self.makers.new_id(),
                tenant_id=ticket.tenant_id,
                ticket_id=ticket.id,
                at=self.makers.now,
                actor=actor,
                kind=kind,
                data=data,
            )
        )

    def event(
        self, case: Case, ticket: TicketFacts, name: str, data: dict[str, Any], *, answer: bool = False
    ) -> None:
        """Something that other programs may act on. `answer`: an automatic answer may go out."""
        if answer:
            self.threads.count_answer(case.tenant.id, ticket.id, case.author.identity)
        self.changes.events.append(
            EventRow(
                id=self.makers.new_id(),
                tenant_id=case.tenant.id,
                name=name,
                ticket_id=ticket.id,
                message_id=case.work.origin.id,
                may_answer=answer,
                data={"channel": case.message.channel, "provider": case.message.provider, **data},
                at=self.makers.now,
            )
        )

    def known_contact(self, case: Case) -> Case:
        """The case with the author as a contact, made where there was none. Nobody without an address."""
        identity = case.author.identity
        if case.contact is not None or identity is None:
            return case
        contact = ContactFacts(id=self.makers.new_id(), name=case.author.party.name)
        self._add_contact(case, contact, identity)
        return msgspec.structs.replace(case, contact=contact)

    def _add_contact(self, case: Case, contact: ContactFacts, identity: Identity) -> None:
        tenant = case.tenant.id
        self.changes.contacts.append(
            ContactRow(id=contact.id, tenant_id=tenant, name=contact.name, created_at=self.makers.now)
        )
        self.changes.identities.append(
            IdentityRow(tenant_id=tenant, kind=identity.kind, value=identity.value, contact_id=contact.id)
        )
        self.threads.put_contact(tenant, identity, contact)

    def update(self, ticket: TicketFacts, *, first_responded_at: datetime | None = None) -> None:
        """An existing ticket, or one of this batch, as it is now."""
        row = ticket_update(ticket, first_responded_at=first_responded_at)
        before = self.changes.ticket_updates.get(ticket.id)
        if before is not None and before.first_responded_at is not None:
            row = msgspec.structs.replace(row, first_responded_at=before.first_responded_at)
        self.changes.ticket_updates[ticket.id] = row
        self.threads.put_ticket(ticket)

    def join(self, ticket: TicketFacts, *identities: Identity | None) -> None:
        """Who takes part in a ticket from now on."""
        for one in identities:
            if one is not None and not self.threads.takes_part(ticket.id, one):
                self.changes.participants.append(
                    ParticipantRow(
                        ticket_id=ticket.id, tenant_id=ticket.tenant_id, kind=one.kind, value=one.value
                    )
                )
                self.threads.put_participant(ticket.id, one)

    def thread(self, case: Case, ticket: TicketFacts) -> None:
        """What later messages find the ticket by: the conversation's keys, the mail's own id."""
        tenant, account = case.tenant.id, case.work.origin.account.id
        for key in conversation_keys(case.message):
            if self.threads.by_conversation(tenant, account, key) != ticket.id:
                row = ConversationRow(tenant_id=tenant, account_id=account, key=key, ticket_id=ticket.id)
                self.changes.conversations[tenant, account, key] = row
                self.threads.put_conversation(tenant, account, key, ticket.id)
        mail = case.work.message.mail
        if mail is not None and mail.message_id:
            known = self.threads.by_message_id(tenant, mail.message_id)
            if ticket.id not in known:
                self.changes.message_ids.append(
                    MessageIdRow(tenant_id=tenant, message_id=mail.message_id, ticket_id=ticket.id)
                )
                self.threads.put_message_id(tenant, mail.message_id, ticket.id)

    def consent(self, case: Case, *, stop: bool) -> None:
        """What the sender allows an account. Of several in a batch the last one counts."""
        row = ConsentRow(
            tenant_id=case.tenant.id,
            account_id=case.work.origin.account.id,
            address=case.message.sender.address,
            state="stop" if stop else "start",
            at=case.work.origin.received_at,
        )
        known = (row.tenant_id, row.account_id, row.address)
        kept = [one for one in self.changes.consents if (one.tenant_id, one.account_id, one.address) != known]
        self.changes.consents = [*kept, row]
        if case.contact is not None and case.author.identity is not None:
            contact = msgspec.structs.replace(case.contact, stopped=stop)
            self.threads.put_contact(case.tenant.id, case.author.identity, contact)
