"""Late replies: what comes long after a ticket's last movement goes on in a ticket that follows it (R28)."""

from __future__ import annotations

import msgspec

from routing.batch import Batch
from routing.case import Case
from routing.facts import TicketFacts
from routing.replies import is_late
from routing.threading import Inquiry

_MAX_FOLLOWERS = 20


def too_late(case: Case, ticket: TicketFacts) -> bool:
    """Whether the message belongs to a follow-up of the ticket."""
    origin = case.work.origin
    return is_late(ticket, case.message.channel, origin.received_at, case.tenant)


def moved_on(batch: Batch, case: Case) -> Case:
    """The case, its answer being the newest follow-up where it is too late for the ticket that was found.

    Only along follow-ups in which the author takes part: whoever merely knows an old Message-ID or token is
    led no further by it, and nobody is led to what is somebody else's (R26).
    """
    inquiry = Inquiry(
        work=case.work,
        tenant=case.tenant,
        author=case.author,
        threads=batch.threads,
        directory=batch.context.directory,
    )
    for _ in range(_MAX_FOLLOWERS):
        ticket = case.answer.ticket
        if ticket is None or ticket.followed_by is None or not too_late(case, ticket):
            break
        chain = inquiry.merged(ticket.followed_by)
        if not chain or not inquiry.takes_part(*chain):
            break
        case = _led_to(case, chain)
    return case


def follow(batch: Batch, old: TicketFacts, new: TicketFacts) -> None:
    """Late replies to the old ticket go to the new one: whoever took part in the old takes part in it."""
    batch.join(new, *batch.threads.who_takes_part(old.id))
    batch.activity(old, "inlet", "followed_up", {"ticket": new.id})
    batch.threads.put_ticket(msgspec.structs.replace(old, followed_by=new.id))


def _led_to(case: Case, chain: tuple[TicketFacts, ...]) -> Case:
    passed_on_by = chain[0].id if len(chain) > 1 else case.answer.passed_on_by
    answer = msgspec.structs.replace(
        case.answer, ticket=chain[-1], takes_part=True, passed_on_by=passed_on_by
    )
    return msgspec.structs.replace(case, answer=answer)
