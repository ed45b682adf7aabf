"""A customer's message: opens a ticket, goes on one, or follows an old one."""

from __future__ import annotations

from typing import Any

import msgspec

from channels.message import Flag
from routing.answers import objections
from routing.batch import Batch
from routing.case import Case, with_flag
from routing.changes import TicketRow, TokenRow
from routing.derive import stored, tags_of, triage_of, with_words
from routing.facts import TicketFacts
from routing.filing import Filing, file
from routing.follow_ups import follow, moved_on, too_late
from routing.participants import outsiders
from routing.replies import is_automatic, is_quiet, reopened, says_nothing
from routing.rows import note_row, ticket_facts
from routing.sla import stamps
from routing.triage import decide, derive_subject
from routing.triage.verdict import Triage

WIDGET = "widget"


def settle(batch: Batch, case: Case) -> None:
    """File what a customer wrote."""
    known = batch.known_contact(msgspec.structs.replace(case, triage=triage_of(case)))
    case = moved_on(batch, known)
    ticket = case.answer.ticket
    if ticket is None:
        create(batch, case)
    elif not too_late(case, ticket) or is_quiet(case.message):
        append(batch, case, ticket)
    elif case.answer.takes_part:
        create(batch, case, follows=ticket)
    else:
        create(batch, with_flag(case, Flag.UNVERIFIED_SENDER))


def create(batch: Batch, case: Case, *, follows: TicketFacts | None = None) -> None:
    """A new ticket for the message. A stranger's late one follows nothing and brings nobody in (R26)."""
    triage = case.triage or triage_of(case)
    row = _new_row(batch, case, triage, follows)
    ticket = ticket_facts(row)
    batch.changes.tickets.append(row)
    batch.changes.reply_tokens.append(
        TokenRow(
            token=row.reply_token, tenant_id=row.tenant_id, ticket_id=row.id, created_at=batch.makers.now
        )
    )
    batch.threads.put_ticket(ticket)
    said = {"channel": case.message.channel, **_answered(case, follows)}
    batch.activity(ticket, case.actor, "created", said)
    if follows is not None:
        follow(batch, follows, ticket)
    strange = Flag.UNVERIFIED_SENDER in case.flags
    others = [] if strange else outsiders(case, batch.context.directory)
    batch.join(ticket, case.author.identity, *others)
    batch.thread(case, ticket)
    _tell_created(batch, case, ticket)


def append(batch: Batch, case: Case, ticket: TicketFacts, *, kind: str = "replied") -> None:
    """One more message on a ticket; `kind` is how its audit trail names it."""
    stranger = not case.answer.takes_part
    case = with_flag(case, Flag.UNVERIFIED_SENDER) if stranger else case
    after = _after(case, ticket, stranger=stranger)
    against = objections(case, ticket)
    batch.update(after)
    note_reply(batch, case, ticket, after, kind=kind)
    if not stranger:
        batch.join(after, case.author.identity, *outsiders(case, batch.context.directory))
    batch.thread(case, after)
    batch.event(case, after, "ticket.replied", {"direction": "inbound"}, answer=not against)
    _tell_changed(batch, case, ticket, after)
    _note_of_agent(batch, case, after)
    file(batch, case, Filing(outcome="appended", ticket=after, objections=against))


def note_reply(batch: Batch, case: Case, before: TicketFacts, after: TicketFacts, *, kind: str) -> None:
    """The audit trail of one more message, and of all that it changed."""
    message_id = case.work.origin.id
    if case.answer.passed_on_by:
        batch.activity(after, "inlet", "passed_on", {"message": message_id, "by": case.answer.passed_on_by})
    flagged = {"unverified_sender": True} if Flag.UNVERIFIED_SENDER in case.flags else {}
    batch.activity(after, case.actor, kind, {"message": message_id, "rule": case.answer.rule, **flagged})
    if after.status != before.status:
        changed = {"message": message_id, "from": before.status, "to": after.status}
        batch.activity(after, case.actor, "reopened", changed)
    for name in ("priority", "category", "type", "subject"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            batch.activity(after, "inlet", f"{name}_changed", {"message": message_id, "from": old, "to": new})


def _new_row(batch: Batch, case: Case, triage: Triage, follows: TicketFacts | None) -> TicketRow:
    work, message, makers = case.work, case.message, batch.makers
    category, priority, kind = decide(triage.evidence)
    created_at = work.origin.received_at
    first, resolution = stamps(case.tenant, priority, created_at)
    return TicketRow(
        id=makers.new_id(),
        tenant_id=case.tenant.id,
        subject=derive_subject("", message),
        priority=priority,
        category=category,
        type=kind,
        channel=message.channel,
        provider=message.provider,
        account_id=work.origin.account.id,
        contact_id=case.contact.id if case.contact else None,
        tags=tags_of(work.tags, work.address.tags if work.address else (), triage.tags),
        follows=follows.id if follows else None,
        evidence=stored(triage.evidence),
        reply_token=makers.new_token(),
        first_response_due_at=first,
        resolution_due_at=resolution,
        customer_wrote_at=created_at,
        created_at=created_at,
        updated_at=created_at,
    )


def _after(case: Case, ticket: TicketFacts, *, stranger: bool) -> TicketFacts:
    """The ticket as the message leaves it. Only its customers' own words weigh in on what it is about."""
    received = case.work.origin.received_at
    words = not (stranger or is_automatic(case.message) or says_nothing(case.message))
    after = with_words(ticket, case.message, case.triage or triage_of(case), case.tenant) if words else ticket
    return msgspec.structs.replace(
        after,
        status="open" if reopened(ticket, case.message) else ticket.status,
        customer_wrote_at=max(received, ticket.customer_wrote_at or received),
        updated_at=max(received, ticket.updated_at),
    )


def _tell_created(batch: Batch, case: Case, ticket: TicketFacts) -> None:
    against = objections(case, None)
    said = {"priority": ticket.priority, "category": ticket.category, "type": ticket.type}
    batch.event(case, ticket, "ticket.created", said, answer=not against)
    if WIDGET in (case.message.channel, case.message.provider):
        batch.event(case, ticket, "ticket.created_via_widget", said)
    _note_of_agent(batch, case, ticket)
    file(batch, case, Filing(outcome="created", ticket=ticket, objections=against))


def _tell_changed(batch: Batch, case: Case, before: TicketFacts, after: TicketFacts) -> None:
    if before.status != after.status:
        batch.event(case, after, "ticket.reopened", {"from": before.status})
    if after.priority == "urgent" != before.priority:
        batch.event(case, after, "ticket.escalated", {"from": before.priority})


def _note_of_agent(batch: Batch, case: Case, ticket: TicketFacts) -> None:
    """What an agent wrote above a forwarded mail is for colleagues."""
    agent, mail = case.author.agent, case.work.message.mail
    forward = mail.forward if mail else None
    if agent is None or not case.author.forwarded or forward is None:
        return
    note = bool(forward.note.strip())
    said = {"message": case.work.origin.id, "note": note}
    batch.activity(ticket, f"agent:{agent.address}", "forwarded", said)
    if note:
        batch.changes.messages.append(note_row(case, forward.note, agent, batch.makers.new_id(), ticket.id))


def _answered(case: Case, follows: TicketFacts | None) -> dict[str, Any]:
    """What the audit trail of a new ticket says of the old one that its message answers."""
    if follows is not None:
        return {"follows": follows.id}
    if case.answer.ticket is not None:
        return {"answers": case.answer.ticket.id, "unverified_sender": True}
    return {}
