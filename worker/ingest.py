"""The way of a batch: from the inbox to committed tickets.

`ingest` is the job behind each hint. The inbox is the truth: whatever becomes of the job, an entry leaves the
inbox only after its effect is committed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from routing.context import PlanContext
from routing.work import Makers
from storage.batch import record_or_split
from storage.claims import Item
from storage.database import answers
from storage.entries import Entry
from storage.ids import new_id, new_token
from storage.record import Recorded, planner_of
from storage.redis import Failure
from worker.prepare import prepare
from worker.report import Report
from worker.station import Station, renew

ALONE_FROM = 3
"""An entry begun so often may have killed its worker: it runs alone."""
TURN_SECONDS = 30.0
"""A job ends after so long and hints once more, so that arq's time limit never meets one at work."""


async def ingest(station: Station) -> int:
    """Empty the inbox, batch by batch. Says how many entries it settled.

    Raises DatabaseError, BlobError or Failure where a server cannot serve: the entries wait for a later try.
    """
    settled = 0
    async for entries in batches(station):
        settled += await work(station, entries)
    return settled


async def sweep(station: Station) -> int:
    """Take over what dead workers left and what was given back, then whatever waits without a hint."""
    await answers(station.postgres)
    await station.inbox.claim_strays()
    settled = 0
    while not station.stopping.is_set():
        entries = await station.inbox.claim_dead(station.consumer, station.settings.batch)
        if not entries:
            break
        settled += await work(station, entries)
    return settled + await ingest(station)


async def batches(station: Station) -> AsyncIterator[list[Entry]]:
    """What waits in the inbox, until nothing does. Without Postgres nothing is read: waiting costs no try."""
    await answers(station.postgres)
    await station.inbox.beat(station.consumer)
    size, until = station.settings.batch, time.monotonic() + TURN_SECONDS
    while entries := await station.inbox.read(station.consumer, size):
        if len(entries) == size:
            station.hint()
        yield entries
        if station.stopping.is_set() or time.monotonic() > until:
            station.hint()
            return


async def work(station: Station, entries: Sequence[Entry]) -> int:
    """Settle entries, the suspicious ones each alone. Says how many."""
    together = [entry for entry in entries if entry.attempts < ALONE_FROM]
    alone = [[entry] for entry in entries if entry.attempts >= ALONE_FROM]
    groups = ([together] if together else []) + alone
    for place, group in enumerate(groups):
        try:
            await settle(station, group)
        except BaseException:
            await give_back(station, [entry for rest in groups[place:] for entry in rest])
            raise
    return len(entries)


async def settle(station: Station, entries: Sequence[Entry]) -> None:
    """One batch: prepared, recorded in one transaction, then deleted from the inbox."""
    report = Report(entries, station.metrics)
    prepared = await prepare(station, entries)
    report.step("prepare")
    recorded = prepared.recorded
    if prepared.items:
        recorded.add(await record(station, prepared.items))
    report.step("record")
    await station.inbox.done(entries, second=recorded.second_entries)
    report.step("delete")
    report.done(recorded)


async def record(station: Station, items: Sequence[Item]) -> Recorded:
    """Plan and write the items: in one transaction, unless one of them is bad and has to be found."""
    now = datetime.now(UTC)
    context = PlanContext(
        directory=station.directories.current(),
        authserv_ids=frozenset(station.settings.authserv_ids),
        loop_keys=station.loop_keys,
    )
    makers = Makers(new_id=new_id, new_token=new_token, now=now)
    return await record_or_split(station.postgres, items, planner_of(makers, context), now)


async def give_back(station: Station, entries: Sequence[Entry]) -> None:
    """Leave the entries to a later try, uncounted. Those that had their effect are known as re-runs then."""
    try:
        await asyncio.shield(station.inbox.give_back(entries))
    except Failure:
        # Redis is away too. Under a new name we leave the old one silent, and what it holds is taken over.
        renew(station)
