"""R19: nothing that arq may lose, refuse or forget can lose a message. One row per trap."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from storage.redis import connect
from tests.worker.working.conftest import Bench
from worker import ingest as steps
from worker import work as worker_process
from worker.hints import JOB, QUEUE, connect_arq, serialize
from worker.settings import Settings
from worker.work import keep_doing, keep_working

Sabotage = Callable[[Any], Awaitable[None]]


async def payload_expired(redis: Any) -> None:
    """The job's payload lives a day; after that arq takes the job for failed."""
    await redis.zadd(QUEUE, {"expired": 1})


async def unknown_function(redis: Any) -> None:
    """A worker of another version does not know the function: final for arq."""
    await redis.set("arq:job:unknown", serialize({"t": None, "f": "moved", "a": (), "k": {}, "et": 1}))
    await redis.zadd(QUEUE, {"unknown": 1})


async def undecodable_job(redis: Any) -> None:
    """A payload that cannot be decoded is final for arq."""
    await redis.set("arq:job:broken", b"\xc1")
    await redis.zadd(QUEUE, {"broken": 1})


async def pickled_job(redis: Any) -> None:
    """arq's own form is pickle: whoever may write to Redis could run code. Ours reads none."""
    await redis.set("arq:job:pickle", pickle.dumps({"t": 1, "f": JOB, "a": (), "k": {}, "et": 1}))
    await redis.zadd(QUEUE, {"pickle": 1})


async def tries_used_up(redis: Any) -> None:
    """After `max_tries` a job is gone, without any hook."""
    await redis.set("arq:job:tried", serialize({"t": None, "f": JOB, "a": (), "k": {}, "et": 1}))
    await redis.set("arq:retry:tried", 99)
    await redis.zadd(QUEUE, {"tried": 1})


async def in_progress_elsewhere(redis: Any) -> None:
    """A killed worker's job is locked until its time limit: nobody else takes it."""
    await redis.set("arq:job:locked", serialize({"t": None, "f": JOB, "a": (), "k": {}, "et": 1}))
    await redis.set("arq:in-progress:locked", b"1")
    await redis.zadd(QUEUE, {"locked": 1})


async def head_of_line(redis: Any) -> None:
    """arq looks at the first hundred jobs of the queue: locked ones in front hide all others."""
    for number in range(300):
        await redis.set(f"arq:in-progress:head{number}", b"1")
        await redis.zadd(QUEUE, {f"head{number}": 1})


async def result_kept(redis: Any) -> None:
    """A job id is refused while a result of it is kept: ours keep none, and no two hints share an id."""
    await redis.set("arq:result:ingest", b"1")


async def hint_never_sent(redis: Any) -> None:
    """The receiver died between the append and the hint."""
    await redis.delete(QUEUE)


TRAPS: list[Sabotage] = [
    payload_expired,
    unknown_function,
    undecodable_job,
    pickled_job,
    tries_used_up,
    in_progress_elsewhere,
    head_of_line,
    result_kept,
    hint_never_sent,
]


@asynccontextmanager
async def working(bench: Bench) -> AsyncIterator[None]:
    """A worker's two loops, in this process."""
    sweeping = keep_doing(bench.station, worker_process.way.sweep, 0.5)
    tasks = [asyncio.create_task(loop) for loop in (keep_working(bench.station), sweeping)]
    try:
        yield
    finally:
        bench.station.stopping.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 30)


async def until_empty(bench: Bench) -> None:
    async with asyncio.timeout(60):
        while await bench.station.inbox.depth():  # noqa: ASYNC110 - the worker empties it
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("sabotage", TRAPS, ids=lambda sabotage: sabotage.__name__)
async def test_a_trap_of_arq_costs_no_message(bench: Bench, settings: Settings, sabotage: Sabotage) -> None:
    """The message is filed, whatever became of the job that spoke of it."""
    redis = connect(settings.redis_url)
    await sabotage(redis)
    await bench.accept(bench.sms("Hello"))

    async with working(bench):
        await until_empty(bench)

    await redis.aclose()
    assert await bench.outcomes() == {"created": 1}


async def test_a_hint_wakes_the_worker(
    bench: Bench, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep is the net, not the way: a hint alone is enough."""

    async def no_sweep(_: object) -> int:
        return 0

    monkeypatch.setattr(worker_process.way, "sweep", no_sweep)
    await bench.accept(bench.sms("Hello"))
    arq = connect_arq(settings.redis_url)

    async with working(bench):
        await arq.enqueue_job(JOB)
        await until_empty(bench)

    await arq.aclose(close_connection_pool=True)
    assert await bench.outcomes() == {"created": 1}


async def test_an_exception_that_arq_calls_final_is_not_final(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """arq retries no plain exception: whatever one batch raised, the sweep takes the entries up again."""
    failures = iter([RuntimeError("a fault of ours"), RuntimeError("again")])
    real = steps.record

    async def record(*args: Any) -> Any:
        if error := next(failures, None):
            raise error
        return await real(*args)

    monkeypatch.setattr(steps, "record", record)
    await bench.accept(bench.sms("Hello"))

    async with working(bench):
        await until_empty(bench)

    assert await bench.outcomes() == {"created": 1}


async def test_a_cancelled_batch_is_given_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A time limit or a shutdown in the middle of a batch loses nothing, and counts no attempt."""
    begun = asyncio.Event()

    async def hang(*_: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    await bench.accept(bench.sms("Hello"))
    with monkeypatch.context() as patched:
        patched.setattr(steps, "record", hang)
        job = asyncio.create_task(steps.ingest(bench.station))
        await begun.wait()
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job

    async with working(bench):
        await until_empty(bench)
    assert await bench.outcomes() == {"created": 1}
