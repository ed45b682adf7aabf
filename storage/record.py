"""Records a batch: one transaction of set-based statements, in one global order of locks.

The order, the same for everybody: dedupe keys, conversation locks, tickets by id, ticket counters by tenant,
messages by id. So nobody waits in a circle, and what `plan` reads is committed truth (P3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from types import MappingProxyType

from routing.changes import Changes, Outcome
from routing.context import PlanContext
from routing.facts import Threads
from routing.locks import lock_keys
from routing.plan import plan
from routing.questions import Questions, questions
from routing.work import Makers, Work
from storage.claims import Item, Standing, take_claims
from storage.database import Connection, translated
from storage.queries import query
from storage.threads import Unasked, load
from storage.write import Original, RefStyle, write

Planner = Callable[[Sequence[Work], Threads, Mapping[str, str]], Changes]
"""`routing.plan.plan` with its makers and context bound, but for the duplicates (message id to the id of the
message that has its claim). Pure: it may be called again for the same batch."""


def planner_of(makers: Makers, context: PlanContext) -> Planner:
    """The planner that uses these makers, for messages of one batch."""

    def planner(works: Sequence[Work], threads: Threads, duplicates: Mapping[str, str]) -> Changes:
        return plan(works, threads, makers, replace(context, duplicates=duplicates))

    return planner


class PlanError(Exception):
    """A plan does not account for each of its messages exactly once (P10)."""


@dataclass(slots=True, kw_only=True)
class Recorded:
    """What became of a batch, by entry of the inbox."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """Every entry that has had its effect now."""
    reruns: list[str] = field(default_factory=list)
    """Entries that had their effect before: nothing was done, nothing is counted."""
    second_entries: list[str] = field(default_factory=list)
    """Entries beside the one that had the effect: their `accepted` is taken back when they are deleted."""
    errors: dict[str, str] = field(default_factory=dict)
    """Why an entry became a dead letter, for the log."""

    def add(self, other: Recorded) -> None:
        """Take up what became of another part of the batch."""
        self.outcomes |= other.outcomes
        self.reruns += other.reruns
        self.second_entries += other.second_entries
        self.errors |= other.errors


async def record(connection: Connection, items: Sequence[Item], planner: Planner, now: datetime) -> Recorded:
    """Give a batch its effect, all of it or nothing, in a transaction of its own.

    Raises Transient where it should be tried again as it is, BadRow or whatever `planner` raises otherwise.
    """
    with translated():
        async with connection.transaction():
            standing = await take_claims(connection, items, now)
            changes = await _planned(connection, standing, planner, now)
            styles = _ref_styles(items)
            await write(connection, changes, now, originals=_originals(items), ref_styles=styles)
    return _recorded(standing, changes)


async def plan_over(  # noqa: PLR0913 - what a plan is made of
    connection: Connection,
    works: Sequence[Work],
    planner: Planner,
    now: datetime,
    *,
    duplicates: Mapping[str, str] = MappingProxyType({}),
    lock: bool,
) -> Changes:
    """Plan over what Postgres knows; what the plan asks beyond the expected is looked up, and it plans again.

    `lock=False` for a dry run, which writes nothing.
    """
    asked, tickets = questions(work for work in works if work.origin.id not in duplicates), set[str]()
    threads = await load(connection, asked, now, lock=lock)
    while True:
        try:
            return planner(works, threads, duplicates)
        except Unasked as unasked:
            _take_up(asked, tickets, unasked)
            threads = await load(connection, asked, now, tickets=tickets, lock=lock)


def _take_up(asked: Questions, tickets: set[str], unasked: Unasked) -> None:
    wanted = tickets if unasked.kind == "tickets" else getattr(asked, unasked.kind)
    wanted.add(unasked.key)


async def _planned(connection: Connection, standing: Standing, planner: Planner, now: datetime) -> Changes:
    items = standing.fresh + [item for item, _ in standing.copies]
    if not items:
        return Changes()
    await _lock(connection, [item.work for item in standing.fresh])
    duplicates = {item.id: owner for item, owner in standing.copies}
    works = [item.work for item in items]
    changes = await plan_over(connection, works, planner, now, duplicates=duplicates, lock=True)
    if sorted(row.message_id for row in changes.receipts) != sorted(item.id for item in items):
        raise PlanError("The receipts of a plan are not those of its messages.")
    return changes


async def _lock(connection: Connection, works: Iterable[Work]) -> None:
    keys = {_hash(key) for work in works for key in lock_keys(work)}
    if keys:
        await connection.execute(query("lock_keys"), sorted(keys))


def _hash(key: str) -> int:
    """A lock's number. Two keys with one number only wait for each other needlessly."""
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _originals(items: Iterable[Item]) -> dict[str, Original]:
    kept = {item.id: item.envelope for item in items}
    return {key: Original(raw=one.raw, raw_blob=one.raw_blob, envelope=one) for key, one in kept.items()}


def _ref_styles(items: Iterable[Item]) -> dict[str, RefStyle]:
    return {item.work.tenant.id: item.work.tenant.settings.ref_style for item in items if item.work.tenant}


def _recorded(standing: Standing, changes: Changes) -> Recorded:
    outcomes: dict[str, Outcome] = {row.entry: row.outcome for row in changes.receipts}
    return Recorded(outcomes=outcomes, reruns=list(standing.reruns), second_entries=standing.second_entries)
