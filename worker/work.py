"""The ingest worker: arq for the hints, a clock of its own for the sweep, several batches in flight.

The sweep is no cron job of arq's: such a job stands in the same queue as the hints, and behind enough of them
that nobody can take (a killed worker's, say) it would never be reached.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, cast

import structlog
from arq import func
from arq.typing import WorkerCoroutine
from arq.worker import Worker

from storage.blobs import BlobError
from storage.database import DatabaseError
from storage.redis import Failure
from worker import ingest as way
from worker import logs
from worker.hints import JOB, QUEUE, Hinter, connect_arq, deserialize, serialize
from worker.settings import Settings
from worker.signals import until_signalled
from worker.station import Station, open_station, renew
from worker.upkeep import check_domains
from worker.work_metrics import served

SWEEP_SECONDS = 2.0
UPKEEP_SECONDS = 3600.0
BEAT_SECONDS = 3.0
JOB_SECONDS = 300
"""arq cancels a job after so long. One turn of `ingest` ends by itself long before."""
DRAIN_SECONDS = 8.0
"""How long batches in flight may take to finish when the worker is told to stop."""
RESTART_SECONDS = 1.0

_log = structlog.get_logger("inlet.work")


async def run(settings: Settings) -> None:
    """Run a worker until SIGTERM or SIGINT; the batches in flight are finished first."""
    logs.configure(settings.log_level, settings.log_format)
    async with open_station(settings) as station:
        with served(station.metrics, settings.metrics_port):
            await work_until_signalled(station)


async def work_until_signalled(station: Station) -> None:
    """Work, and beat, until told to stop; then finish what is in flight, and leave."""
    loops = (
        keep_working(station),
        keep_doing(station, way.sweep, SWEEP_SECONDS),
        keep_doing(station, check_domains, UPKEEP_SECONDS),
    )
    working = [asyncio.create_task(loop) for loop in loops]
    others = [asyncio.create_task(beat(station)), asyncio.create_task(until_signalled())]
    await asyncio.wait((*working, *others), return_when=asyncio.FIRST_COMPLETED)
    station.stopping.set()
    ended, _ = await asyncio.wait(working, timeout=DRAIN_SECONDS)
    for task in (*working, *others):
        task.cancel()
    await asyncio.gather(*working, *others, return_exceptions=True)
    with contextlib.suppress(*Failure):
        await station.inbox.leave(station.consumer)
    for task in ended:
        task.result()  # a loop that failed is a fault of ours: end, and be started again


async def keep_working(station: Station) -> None:
    """Run arq until told to stop; where Redis goes away, arq ends, and is started again."""
    while not station.stopping.is_set():
        try:
            await work_with_arq(station)
        except Failure as error:
            _log.warning("redis_away", error=type(error).__name__)
            renew(station)
            await pause(station, RESTART_SECONDS)


async def keep_doing(station: Station, work: Callable[[Station], Awaitable[int]], seconds: float) -> None:
    """Do the work every so many seconds until told to stop, whatever becomes of arq."""
    while not station.stopping.is_set():
        await try_to(station, work)
        await pause(station, seconds)


async def work_with_arq(station: Station) -> None:
    """One life of an arq worker."""
    hinter = Hinter(connect_arq(station.settings.redis_url), every_ms=station.settings.hint_ms)
    station.hint = hinter.hint
    pool = connect_arq(station.settings.redis_url)
    worker = arq_worker(station, pool)
    main = asyncio.create_task(worker.async_run())
    stopping = asyncio.create_task(station.stopping.wait())
    try:
        await asyncio.wait([main, stopping], return_when=asyncio.FIRST_COMPLETED)
        # A burst of no more jobs is arq's own way to end: it takes none, and waits for those that it has.
        worker.burst, worker.max_burst_jobs = True, 0
        await main
    finally:
        left = (main, stopping, *worker.tasks.values())
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await hinter.close()
        await pool.aclose(close_connection_pool=True)


def arq_worker(station: Station, pool: Any) -> Worker:
    """The arq worker. Nothing that a message depends on is left to it: a job only says "there is work"."""

    async def ingest(_context: dict[Any, Any], *_: Any, **__: Any) -> int:
        return await try_to(station, way.ingest)

    job = func(cast(WorkerCoroutine, ingest), name=JOB, timeout=JOB_SECONDS, keep_result=0, max_tries=1)
    return Worker(
        functions=[job],
        queue_name=QUEUE,
        redis_pool=pool,
        handle_signals=False,
        max_jobs=station.settings.batches,
        poll_delay=station.settings.poll_ms / 1000,
        keep_result=0,
        log_results=False,
        job_serializer=serialize,
        job_deserializer=deserialize,
    )


async def try_to(station: Station, work: Callable[[Station], Awaitable[int]]) -> int:
    """Do the work. What has to be tried again has been given back: the sweep sees to it."""
    try:
        done = await work(station)
    except (DatabaseError, BlobError, *Failure) as error:
        station.metrics.put_off(type(error).__name__)
        left_out = station.troubles.met(work.__name__, type(error).__name__)
        if left_out is not None:
            said = f"{type(error).__name__}: {error}"
            _log.warning("put_off", job=work.__name__, error=said, left_out=left_out)
        return 0
    except Exception as error:  # noqa: BLE001 - it is logged with its trace
        # A fault of ours beyond any one message: everything was given back, and is tried again for ever.
        station.metrics.put_off("fault")
        left_out = station.troubles.met(work.__name__, f"fault {type(error).__name__}")
        if left_out is not None:
            _log.exception("put_off", job=work.__name__, left_out=left_out)
        return 0
    if done and (before := station.troubles.over(work.__name__)):
        _log.info("resumed", job=work.__name__, put_off=before)
    return done


async def beat(station: Station) -> None:
    """Say again and again that this consumer lives."""
    while True:
        with contextlib.suppress(*Failure):
            await station.inbox.beat(station.consumer)
        await asyncio.sleep(BEAT_SECONDS)


async def pause(station: Station, seconds: float) -> None:
    """Wait, unless told to stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(station.stopping.wait(), seconds)
