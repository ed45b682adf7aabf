"""An agent's reply by mail: it goes out, and changes nothing but who acted."""

from __future__ import annotations

import msgspec

from routing.batch import Batch
from routing.case import Case
from routing.filing import Filing, file
from routing.participants import outsiders
from routing.tickets import note_reply


def settle(batch: Batch, case: Case) -> bool:
    """File an agent's reply. False: it is none; an agent who begins a ticket is its customer."""
    ticket = case.answer.ticket
    if case.author.agent is None or case.author.forwarded or ticket is None:
        return False
    at = case.work.origin.received_at
    after = msgspec.structs.replace(ticket, agent_acted=True, updated_at=max(at, ticket.updated_at))
    batch.update(after, first_responded_at=at)
    note_reply(batch, case, ticket, after, kind="answered")
    batch.join(after, *outsiders(case, batch.context.directory))
    batch.thread(case, after)
    batch.event(case, after, "ticket.replied", {"direction": "outbound"})
    filing = Filing(outcome="appended", ticket=after, direction="outbound", objections=("agent",))
    file(batch, case, filing)
    return True
