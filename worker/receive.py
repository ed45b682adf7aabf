"""One receiver process: its parts, opened in one order and closed in the other, and its HTTP server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from aiohttp import web

from channels.registry import channels
from storage.account_book import AccountBook
from storage.blobs import Blobs, open_blobs
from storage.database import ACQUIRE_SECONDS, Pool, connect_pool
from storage.directory import Directories
from storage.drain import Drain
from storage.group import Append, Appender
from storage.inbox import Inbox
from storage.redis import connect
from storage.sealing import Sealer
from storage.spool import Spool
from worker import logs
from worker.api import Services, add_routes
from worker.figures import Figures
from worker.hints import Hinter, connect_arq
from worker.journal import Journal
from worker.keys import loop_keys
from worker.metrics import Metrics
from worker.receiver import Parts, build_app
from worker.settings import Settings
from worker.signals import until_signalled
from worker.status import Status

SNAPSHOT = "accounts.snapshot"
"""In the data folder: the accounts, for a start while Postgres is away (P6)."""
FINISH_SECONDS = 8.0
"""How long requests that are under way may take when the receiver is told to stop."""
CLOSE_SECONDS = 2.0
ANSWER_SECONDS = 3.0
"""How long whoever calls waits for a Postgres that hangs, for a connection or a statement: providers give up
after 15 seconds, some after 5."""
READ_SECONDS = 20.0
"""The same for what is read beside the answers, the directory as a whole, say: nobody waits for it."""
READ_CONNECTIONS = 6
"""For the directory, the accounts and the figures, and for the look-ups of unknown accounts."""
BACKLOG = 1024
LINE_BYTES = 64 * 1024
"""A provider that delivers by GET puts the whole message into the URL."""

FindPending = Callable[[str], Awaitable[str | None]]
_log = structlog.get_logger("inlet.receive")


async def run(settings: Settings) -> None:
    """Run a receiver until SIGTERM or SIGINT: it stops accepting first, and answers what it has begun."""
    logs.configure(settings.log_level, settings.log_format)
    async with open_receiver(settings) as app, serving(app, settings):
        _log.info("receiving", host=settings.host, port=settings.port, providers=sorted(channels()))
        await until_signalled()
        _log.info("stopping")


@asynccontextmanager
async def serving(app: web.Application, settings: Settings) -> AsyncIterator[None]:
    """Serve the application meanwhile. Several receivers may share a port."""
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=FINISH_SECONDS,
        auto_decompress=False,
        max_line_size=LINE_BYTES,
        max_field_size=LINE_BYTES,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port, reuse_port=True, backlog=BACKLOG).start()
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def open_receiver(settings: Settings) -> AsyncIterator[web.Application]:
    """The application with all its parts, also while Postgres or Redis are away."""
    async with AsyncExitStack() as stack:
        pool = await _open_pool(stack, settings, "inlet receive", ANSWER_SECONDS)
        reads = await _open_pool(stack, settings, "inlet receive reads", READ_SECONDS, READ_CONNECTIONS)
        redis = connect(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        inbox, blobs, metrics = Inbox(redis), open_blobs(settings.blob_url), Metrics()
        spool = Spool(settings.spool, limit=settings.spool_bytes) if settings.spool else None
        appender = await _open_appender(stack, settings, inbox, spool, metrics)
        directories = await stack.enter_async_context(_directories(settings, reads))
        accounts = await stack.enter_async_context(_accounts(settings, reads))
        figures = Figures(registry=metrics.registry, inbox=inbox, spool=spool, pool=reads)
        stack.push_async_callback(figures.close)
        app = build_app(
            Parts(
                channels=channels(),
                accounts=accounts,
                directories=directories,
                durable=appender,
                blobs=blobs,
                metrics=metrics,
                status=Status(inbox=inbox, spool=spool, figures=figures, registry=metrics.registry),
                public_url=settings.public_url,
            )
        )
        add_routes(app, _services(settings, pool, directories, appender, blobs, _finder(inbox, spool)))
        yield app


async def _open_pool(
    stack: AsyncExitStack, settings: Settings, name: str, seconds: float, connections: int = 8
) -> Pool:
    pool = await connect_pool(
        settings.database_url,
        application=name,
        max_size=connections,
        command_seconds=seconds,
        acquire_seconds=min(seconds, ACQUIRE_SECONDS),
    )
    stack.push_async_callback(_close_pool, pool)
    return pool


async def _open_appender(
    stack: AsyncExitStack, settings: Settings, inbox: Inbox, spool: Spool | None, metrics: Metrics
) -> Appender:
    """The appender, with all that looks after what it appends."""
    journal = Journal()
    stack.callback(journal.write)
    hinter = Hinter(connect_arq(settings.redis_url), every_ms=settings.hint_ms)
    stack.push_async_callback(hinter.close)
    if spool is not None:
        stack.push_async_callback(spool.close)
    appender = Appender(
        inbox, spool, seconds=settings.append_seconds, report=_reporter(metrics, journal, hinter)
    )
    drain = Drain(appender=appender, inbox=inbox, spool=spool, report=_drained(hinter), complain=_not_drained)
    task = asyncio.create_task(drain.run(), name="drain")
    stack.push_async_callback(_end, task)
    stack.push_async_callback(appender.close)
    return appender


def _reporter(metrics: Metrics, journal: Journal, hinter: Hinter) -> Callable[[Append], None]:
    def report(append: Append) -> None:
        metrics.appended(append)
        journal.add(append)
        if append.place == "inbox":
            hinter.hint()

    return report


def _drained(hinter: Hinter) -> Callable[[int], None]:
    def report(messages: int) -> None:
        _log.info("spool_drained", messages=messages)
        hinter.hint()

    return report


def _not_drained(error: str) -> None:
    _log.warning("spool_not_drained", error=error)


def _directories(settings: Settings, pool: Pool) -> Directories:
    return Directories(
        settings.database_url,
        pool,
        mail_domains=settings.mail_domains,
        base_domains=settings.base_domains,
    )


def _accounts(settings: Settings, pool: Pool) -> AccountBook:
    sealer = Sealer(settings.secret_keys)
    return AccountBook(settings.database_url, pool, sealer, snapshot=settings.data / SNAPSHOT)


def _services(  # noqa: PLR0913, PLR0917 - the parts of a process
    settings: Settings,
    pool: Pool,
    directories: Directories,
    appender: Appender,
    blobs: Blobs,
    find_pending: FindPending,
) -> Services:
    return Services(
        pool=pool,
        directories=directories,
        append=appender.append,
        pending_account=find_pending,
        blobs=blobs,
        mail_domains=settings.mail_domains,
        authserv_ids=frozenset(settings.authserv_ids),
        loop_keys=loop_keys(settings.secret_keys),
        read_seconds=settings.read_seconds,
    )


def _finder(inbox: Inbox, spool: Spool | None) -> FindPending:
    async def find(message: str) -> str | None:
        """Account of a message that has had no effect yet: asked in the order in which a message moves."""
        spooled = await spool.account_of(message) if spool else None
        return spooled or await inbox.account_of(message)

    return find


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _close_pool(pool: Pool) -> None:
    """Close the pool, and not wait long for a Postgres that does not answer."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await pool.close()
    except TimeoutError:
        pool.terminate()
