"""The way of a batch: from the inbox to committed tickets.

`ingest` is the job behind each hint. The inbox is the truth: whatever becomes of the job, an entry leaves the
inbox only after its effect is committed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import UTC, datetime

from routing.context import PlanContext
from routing.work import Makers
from storage.batch import record_or_split
from storage.blobs import BlobError
from storage.claims import Item
from storage.database import answers
from storage.entries import Entry
from storage.ids import new_id, new_token
from storage.record import Recorded, planner_of
from storage.redis import Failure
from worker.prepare import Portion, portions
from worker.report import Report
from worker.station import Station, renew

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
        entries = await taken(station, station.inbox.claim_dead(station.consumer, station.settings.batch))
        if not entries:
            break
        settled += await work(station, entries)
    return settled + await ingest(station)


async def batches(station: Station) -> AsyncIterator[list[Entry]]:
    """What waits in the inbox, until nothing does. Without Postgres nothing is read: waiting costs no try."""
    await answers(station.postgres)
    await station.inbox.beat(station.consumer)
    size, until = station.settings.batch, time.monotonic() + TURN_SECONDS
    while entries := await taken(station, station.inbox.read(station.consumer, size)):
        if len(entries) == size:
            station.hint()
        yield entries
        if station.stopping.is_set() or time.monotonic() > until:
            station.hint()
            return


async def taken(station: Station, entries: Awaitable[list[Entry]]) -> list[Entry]:
    """The entries that Redis hands out. Where its answer is lost, they may be ours without our knowing."""
    try:
        return await entries
    except Failure:
        renew(station)
        raise


async def work(station: Station, entries: Sequence[Entry]) -> int:
    """Settle entries, portion by portion. Says how many.

    Raises DatabaseError, BlobError or Failure where a server cannot serve: what is left is given back then.
    """
    left = {entry.id: entry for entry in entries}
    put_off: list[Entry] = []
    try:
        async for portion in portions(station, entries):
            await settle(station, portion)
            put_off += portion.put_off
            for entry in portion.entries:
                del left[entry.id]
    finally:
        if left:
            await give_back(station, list(left.values()))
    if put_off:
        raise BlobError(f"The content of {len(put_off)} messages cannot be had now.")
    return len(entries)


async def settle(station: Station, portion: Portion) -> None:
    """One portion of a batch: recorded in one transaction, then deleted from the inbox."""
    report = Report(portion.entries, station.metrics, portion.begun)
    recorded = portion.recorded
    if portion.items:
        recorded.add(await record(station, portion.items))
    report.step("record")
    await station.inbox.done(portion.entries, second=recorded.second_entries)
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
