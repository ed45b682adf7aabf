"""Hints are few, harmless when lost, and never older than the message that they are for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from arq.connections import ArqRedis

from tests.storage.waiting import until
from worker.hints import JOB, MOST_WAITING, QUEUE, Hinter, connect_arq, deserialize, serialize


@pytest.fixture
async def arq(redis_url: str) -> AsyncIterator[ArqRedis]:
    pool = connect_arq(redis_url)
    yield pool
    await pool.aclose(close_connection_pool=True)


async def hints(arq: ArqRedis) -> int:
    return int(await arq.zcard(QUEUE))


async def test_a_burst_of_messages_makes_few_hints(arq: ArqRedis, redis_url: str) -> None:
    hinter = Hinter(connect_arq(redis_url), every_ms=50)
    for _ in range(100):
        hinter.hint()
        await asyncio.sleep(0)
    await hinter.close()

    assert 1 <= await hints(arq) <= 5


async def test_what_comes_while_a_hint_is_sent_gets_one_of_its_own(arq: ArqRedis, redis_url: str) -> None:
    """R14: a message that came just after a hint was sent is not stranded until the next one comes."""
    hinter = Hinter(connect_arq(redis_url), every_ms=200)
    hinter.hint()
    await until(lambda: hints(arq))
    await arq.delete(QUEUE)
    hinter.hint()

    await until(lambda: hints(arq))
    await hinter.close()


async def test_a_job_says_only_that_there_is_work(arq: ArqRedis, redis_url: str) -> None:
    hinter = Hinter(connect_arq(redis_url), every_ms=0)
    hinter.hint()
    await hinter.close()

    [job] = await arq.queued_jobs()
    assert (job.function, [*job.args], job.kwargs) == (JOB, [], {})


async def test_hints_do_not_pile_up_while_nobody_works(arq: ArqRedis, redis_url: str) -> None:
    await arq.zadd(QUEUE, {str(n): n for n in range(MOST_WAITING)})
    hinter = Hinter(connect_arq(redis_url), every_ms=0)
    hinter.hint()
    await hinter.close()

    assert await hints(arq) == MOST_WAITING


async def test_a_redis_that_is_away_fails_nobody() -> None:
    """R19: a lost hint costs time, never a message; and nobody waits for it."""
    hinter = Hinter(connect_arq("redis://127.0.0.1:1/0"), every_ms=0)
    hinter.hint()

    await hinter.close()


def test_jobs_are_never_pickled() -> None:
    """Whoever can write to Redis must not be able to run code in a worker."""
    job = {"f": "ingest", "a": [], "k": {}, "t": 1, "et": 5}

    assert deserialize(serialize(job)) == job
    with pytest.raises(msgspec.DecodeError):
        deserialize(b"\x80\x04cos\nsystem\n.")
