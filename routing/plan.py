"""What a batch of messages changes. Pure; one message after the other, each sees what the ones before did."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from channels.message import Flag
from routing import agents, consents, machines, tickets
from routing.batch import Batch
from routing.case import Case, look
from routing.changes import Changes
from routing.context import PlanContext
from routing.facts import Threads
from routing.filing import duplicate, spam, suppress, unroutable
from routing.loop import own_mail
from routing.overlay import Overlay
from routing.replies import is_reaction
from routing.work import Makers, Work


def plan(works: Sequence[Work], threads: Threads, makers: Makers, context: PlanContext) -> Changes:
    """The rows of a batch, in the order in which its messages were accepted.

    Every work must hold its claim or stand in `context.duplicates`; `threads` must answer `questions(works)`
    as of after `lock_keys` of all works were locked. The same arguments give the same rows.
    """
    batch = Batch(threads=Overlay(threads), makers=makers, context=context)
    for work in sorted(works, key=lambda one: (one.origin.received_at, one.origin.id)):
        _settle(batch, work)
    return batch.finished()


def _settle(batch: Batch, work: Work) -> None:
    holder = batch.context.duplicates.get(work.origin.id)
    if holder is not None:
        duplicate(batch, work, holder)
    elif work.tenant is None:
        unroutable(batch, work)
    else:
        case = look(work, work.tenant, batch.threads, batch.context)
        next(rule for rule in RULES if rule(batch, case))


def _own(batch: Batch, case: Case) -> bool:
    """Mail of ours that came back to us ends here, or it would go round for ever (P9)."""
    known = own_mail(case.work.message, case.tenant.id, batch.context.loop_keys, batch.threads)
    if known:
        suppress(batch, case, "own_mail")
    return bool(known)


def _spam(batch: Batch, case: Case) -> bool:
    """What provider or tenant do not want, unless an agent forwards it (R39) or a person has released it."""
    blocked = case.contact is not None and case.contact.blocked
    wanted = case.author.agent is not None or case.work.origin.released
    unwanted = (Flag.SPAM in case.flags or blocked) and not wanted
    if unwanted:
        spam(batch, case, "Its sender is blocked." if blocked else "Its provider calls it spam.")
    return unwanted


def _reaction(batch: Batch, case: Case) -> bool:
    """A thumb on nothing of ours says nothing."""
    lone = case.answer.ticket is None and is_reaction(case.message)
    if lone:
        suppress(batch, case, "reaction")
    return lone


def _customer(batch: Batch, case: Case) -> bool:
    tickets.settle(batch, case)
    return True


RULES: tuple[Callable[[Batch, Case], bool], ...] = (
    _own,
    _spam,
    machines.settle,
    consents.settle,
    _reaction,
    agents.settle,
    _customer,
)
"""Who files a message: asked in this order, the first that takes it ends it."""
