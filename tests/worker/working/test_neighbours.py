"""P5, R12: what is wrong with one message does not reach those beside it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis.exceptions

from storage.blobs import BlobError
from storage.inbox import Inbox
from tests.worker.working.conftest import KEY, Bench
from worker import ingest as steps
from worker import prepare
from worker.settings import Settings

ROOT = Path(__file__).parents[3]
KILLED = """
import asyncio, os, signal, sys
from storage.inbox import Inbox
from worker import ingest, prepare
from worker.settings import find
from worker.station import open_station

real = prepare.work_of

def work_of(origin, message, *rest):
    if message.text == "killer":
        os.kill(os.getpid(), signal.SIGKILL)
    return real(origin, message, *rest)

prepare.work_of = work_of

async def main():
    async with open_station(find()) as station:
        station.inbox = Inbox(station.inbox._redis, beat_ms=300, rest_ms=50)
        await ingest.sweep(station)

asyncio.run(main())
"""


async def test_a_message_that_kills_its_worker_takes_no_neighbour_with_it(
    bench: Bench, settings: Settings
) -> None:
    """Worker after worker dies of it, by SIGKILL; it alone is a dead letter, its neighbours are filed."""
    good = [bench.sms(f"good {n}", f"+1500555{1000 + n}") for n in range(30)]
    await bench.accept(*good[:15], bench.sms("killer"), *good[15:])

    async with asyncio.timeout(90):
        while await bench.station.inbox.depth():
            await one_life(settings)

    assert await bench.outcomes() == {"created": 30, "dead": 1}


async def one_life(settings: Settings) -> None:
    """A worker process that sweeps once, or dies."""
    environ = os.environ | {
        "INLET_DATA": str(settings.data),
        "INLET_DATABASE_URL": settings.database_url,
        "INLET_REDIS_URL": settings.redis_url,
        "INLET_SECRET_KEY": KEY,
        "INLET_MAIL_DOMAIN": "in.example.org",
    }
    command = (sys.executable, "-c", KILLED)
    child = await asyncio.create_subprocess_exec(
        *command, env=environ, cwd=ROOT, stdout=asyncio.subprocess.DEVNULL
    )
    await child.wait()


async def test_content_that_cannot_be_had_holds_up_nobody(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One original cannot be read from its store for now: the others are filed, it waits, and comes later."""
    mail = bench.mail(
        b"From: ada@example.org\r\nSubject: Far\r\nMessage-ID: <far@example.org>\r\n\r\nHello\r\n"
    )
    name = await bench.station.blobs.put(mail.raw or b"")
    await bench.accept(msgspec.structs.replace(mail, raw=None, raw_blob=name), bench.sms("Hello"))

    async def fail(_: str) -> bytes:
        raise BlobError("not now")

    with monkeypatch.context() as patched:
        patched.setattr(bench.station.blobs, "get", fail)
        with pytest.raises(BlobError):
            await steps.ingest(bench.station)
    assert await bench.outcomes() == {"created": 1}
    assert await bench.station.inbox.depth() == 1

    await until_empty(bench)
    assert await bench.outcomes() == {"created": 2}


async def test_r14_entries_whose_handing_out_was_not_heard_are_taken_over(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis handed entries out, and its answer was lost: they are not left to a consumer that lives on."""
    await bench.accept(bench.sms("Hello"))
    bench.station.inbox = Inbox(bench.station.inbox._redis, beat_ms=300, rest_ms=50)
    real = bench.station.inbox.read

    async def lose(consumer: str, count: int) -> list[Any]:
        await real(consumer, count)
        raise redis.exceptions.TimeoutError

    with monkeypatch.context() as patched:
        patched.setattr(bench.station.inbox, "read", lose)
        with pytest.raises(redis.exceptions.TimeoutError):
            await steps.ingest(bench.station)

    await until_empty(bench)
    assert await bench.outcomes() == {"created": 1}


async def test_a_batch_of_large_mails_is_written_in_portions(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one statement has to carry is bounded by size, whatever the number of messages."""
    monkeypatch.setattr(prepare, "PORTION_CHARACTERS", 10_000)
    sizes: list[int] = []
    real = steps.record

    async def record(station: Any, items: Sequence[Any]) -> Any:
        sizes.append(len(items))
        return await real(station, items)

    monkeypatch.setattr(steps, "record", record)
    text = b"Where is my order?\r\n" * 100
    head = b"From: ada@example.org\r\nSubject: Long\r\nMessage-ID: <%d@example.org>\r\n\r\n"
    await bench.accept(*(bench.mail(head % n + text) for n in range(10)))

    await steps.ingest(bench.station)

    assert sizes == [2] * 5
    assert await bench.outcomes() == {"created": 10}


async def until_empty(bench: Bench) -> None:
    async with asyncio.timeout(30):
        while await bench.station.inbox.depth():
            await steps.sweep(bench.station)
            await asyncio.sleep(0.05)
