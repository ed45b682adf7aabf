"""STOP and START: what somebody tells the sender of our answers, not the people behind it."""

from __future__ import annotations

from routing import tickets
from routing.batch import Batch
from routing.case import Case
from routing.filing import suppress
from routing.follow_ups import moved_on, too_late

_CLOSED = frozenset({"resolved", "closed"})


def settle(batch: Batch, case: Case) -> bool:
    """Record a consent, and file it where a ticket is open. It opens and reopens none. False: it is none."""
    state = case.message.consent
    if not state:
        return False
    batch.consent(case, stop=state == "stop")
    case = moved_on(batch, case)
    ticket = case.answer.ticket
    if ticket is None or ticket.status in _CLOSED or too_late(case, ticket):
        suppress(batch, case, "consent")
    else:
        tickets.append(batch, case, ticket, kind="consent")
    return True
