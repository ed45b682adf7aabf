"""Messages that nobody wrote: bounces, complaints, automatic replies, notices (R34)."""

from __future__ import annotations

import msgspec

from channels.message import Flag
from routing.batch import Batch
from routing.case import Case
from routing.facts import TicketFacts
from routing.filing import Filing, file, suppress
from routing.tickets import note_reply

KINDS: tuple[tuple[Flag, str], ...] = (
    (Flag.BOUNCE, "bounced"),
    (Flag.COMPLAINT_REPORT, "complained"),
    (Flag.DELIVERY_REPORT, "delivery_report"),
    (Flag.AUTO_REPLY, "auto_replied"),
)
"""Flags of such messages, each with the kind of its activity. The first that fits names the message."""

# Closed ones too, unlike for a customer's reply: the answer that closed the ticket never arrived.
_REOPENED = frozenset({"waiting", "resolved", "closed"})


def settle(batch: Batch, case: Case) -> bool:
    """File a message of a machine on the ticket that it answers. False: it is not one of these."""
    kind = next(((flag, name) for flag, name in KINDS if flag in case.flags), None)
    if kind is None:
        return False
    flag, activity = kind
    ticket = case.answer.ticket
    if ticket is None:
        suppress(batch, case, flag.value)
    elif flag is Flag.DELIVERY_REPORT:
        _notice(batch, case, ticket)
    else:
        _append(batch, case, ticket, activity)
    return True


def _notice(batch: Batch, case: Case, ticket: TicketFacts) -> None:
    """A delay or a read receipt changes nothing on the ticket but its audit trail."""
    batch.activity(ticket, "inlet", "delivery_report", {"message": case.work.origin.id})
    file(batch, case, Filing(outcome="appended", ticket=ticket, objections=("automatic",)))


def _append(batch: Batch, case: Case, ticket: TicketFacts, activity: str) -> None:
    failed = _is_hard(case) and ticket.bounced_at is None
    after = _failed(case, ticket) if failed else _moved(case, ticket)
    batch.update(after)
    note_reply(batch, case, ticket, after, kind="delivery_failed" if failed else activity)
    batch.thread(case, after)
    if failed:
        _tell_failed(batch, case, ticket, after)
    file(batch, case, Filing(outcome="appended", ticket=after, objections=("automatic",)))


def _is_hard(case: Case) -> bool:
    bounce = case.message.mail.bounce if case.message.mail else None
    return Flag.BOUNCE in case.flags and bounce is not None and bounce.hard


def _failed(case: Case, ticket: TicketFacts) -> TicketFacts:
    """The first hard bounce reopens: somebody believes that the customer has an answer."""
    status = "open" if ticket.status in _REOPENED else ticket.status
    at = case.work.origin.received_at
    return msgspec.structs.replace(_moved(case, ticket), status=status, bounced_at=at)


def _moved(case: Case, ticket: TicketFacts) -> TicketFacts:
    at = case.work.origin.received_at
    return msgspec.structs.replace(ticket, updated_at=max(at, ticket.updated_at))


def _tell_failed(batch: Batch, case: Case, before: TicketFacts, after: TicketFacts) -> None:
    bounce = case.message.mail.bounce if case.message.mail else None
    said = {"recipient": bounce.recipient, "status": bounce.status} if bounce else {}
    batch.event(case, after, "ticket.delivery_failed", said)
    if before.status != after.status:
        batch.event(case, after, "ticket.reopened", {"from": before.status})
