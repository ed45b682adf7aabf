"""Figures that are read for `/metrics`: inbox, spool and the accounting of P10.

They are read in the background, and a scrape waits for them only a moment: it has to answer while Redis or
Postgres is away. What could not be read is left out rather than shown as it was.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from prometheus_client import CollectorRegistry, Gauge

from storage.database import DatabaseError, Pool
from storage.inbox import Inbox
from storage.ledger import OUTCOMES
from storage.ledger import Figures as LedgerFigures
from storage.ledger import read as read_ledger
from storage.redis import Failure
from storage.spool import Spool, SpoolError

KEEP_SECONDS = 5.0
LEDGER_SECONDS = 15.0
"""The ledger is summed up in Postgres: not for every scrape of every receiver."""
WAIT_SECONDS = 1.0
PING_SECONDS = 0.7
"""What a Redis that is well needs much less than; within a scrape's wait, so that its end is shown."""
READ_SECONDS = 10.0
LEDGER_READ_SECONDS = 8.0
"""A Postgres that does not answer by then is shown as one that is away."""
STATES = (*OUTCOMES, "accepted", "pending", "missing")
_log = structlog.get_logger("inlet.figures")


class Figures:
    """Gauges and how to read them."""

    def __init__(self, *, registry: CollectorRegistry, inbox: Inbox, spool: Spool | None, pool: Pool) -> None:
        self._inbox = inbox
        self._spool = spool
        self._pool = pool
        self._up = Gauge("inlet_up", "1: the part answers.", ("part",), registry=registry)
        self._inbox_gauge = Gauge(
            "inlet_inbox", "Messages in the inbox, and the age of the oldest.", ("figure",), registry=registry
        )
        self._spool_gauge = Gauge(
            "inlet_spool", "What waits in the spool of this machine.", ("figure",), registry=registry
        )
        self._ledger_gauge = Gauge(
            "inlet_ledger_messages",
            "Messages by account and state: accepted = created + appended + duplicate + suppressed + dead "
            "+ pending + missing, where missing stays 0.",
            ("account", "provider", "state"),
            registry=registry,
        )
        self._tenant_gauge = Gauge(
            "inlet_tenant_messages",
            "Messages by the tenant that they were routed to, and state, from whatever account.",
            ("tenant", "state"),
            registry=registry,
        )
        self._readers = (
            _Reader(self._read_inbox, KEEP_SECONDS),
            _Reader(self._read_spool, KEEP_SECONDS),
            _Reader(self._read_ledger, LEDGER_SECONDS),
        )

    async def update(self) -> None:
        """Have the gauges read again where they are old, and wait a moment for that."""
        tasks = [task for reader in self._readers if (task := reader.begin()) is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=WAIT_SECONDS)

    async def close(self) -> None:
        """Stop reading."""
        for reader in self._readers:
            reader.stop()

    async def _read_inbox(self) -> None:
        try:
            async with asyncio.timeout(PING_SECONDS):
                depth, oldest = await self._inbox.depth(), await self._inbox.oldest_age()
        except Failure:
            self._inbox_gauge.clear()
            self._up.labels("redis").set(0)
            return
        self._up.labels("redis").set(1)
        self._inbox_gauge.labels("messages").set(depth)
        self._inbox_gauge.labels("oldest_seconds").set(oldest)

    async def _read_spool(self) -> None:
        if self._spool is None:
            return
        try:
            figures = await self._spool.figures()
        except SpoolError:
            self._spool_gauge.clear()
            self._up.labels("spool").set(0)
            return
        self._up.labels("spool").set(1)
        for name in ("bytes", "files", "oldest", "damaged"):
            shown = "oldest_seconds" if name == "oldest" else name
            self._spool_gauge.labels(shown).set(getattr(figures, name))

    async def _read_ledger(self) -> None:
        try:
            async with asyncio.timeout(LEDGER_READ_SECONDS):
                found = await read_ledger(self._pool, self._inbox)
        except (DatabaseError, TimeoutError):
            self._up.labels("postgres").set(0)
            await self._show_counts()
        except Failure:
            self._clear_ledger()
        else:
            self._up.labels("postgres").set(1)
            self._show(found)

    def _clear_ledger(self) -> None:
        self._ledger_gauge.clear()
        self._tenant_gauge.clear()

    def _show(self, found: LedgerFigures) -> None:
        self._clear_ledger()
        for line in found.accounts:
            for state in STATES:
                self._ledger_gauge.labels(line.account, line.provider, state).set(getattr(line, state))
        for own in found.tenants:
            for state in OUTCOMES:
                self._tenant_gauge.labels(own.tenant, state).set(getattr(own, state))

    async def _show_counts(self) -> None:
        """What Redis alone knows, while Postgres is away."""
        self._clear_ledger()
        try:
            counts = {"accepted": await self._inbox.accepted(), "pending": await self._inbox.pending()}
        except Failure:
            return
        for state, accounts in counts.items():
            for account, count in accounts.items():
                self._ledger_gauge.labels(account, "", state).set(count)


class _Reader:
    """Reads one thing at a time, and not more often than needed."""

    def __init__(self, read: Callable[[], Awaitable[None]], keep: float) -> None:
        self._read = read
        self._keep = keep
        self._task: asyncio.Task[None] | None = None
        self._fresh_until = 0.0

    def begin(self) -> asyncio.Task[None] | None:
        """The reading that is under way, begun now where there was none; None where the last is fresh."""
        if self._task is None and time.monotonic() >= self._fresh_until:
            self._task = asyncio.create_task(self._run())
        return self._task

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            async with asyncio.timeout(READ_SECONDS):
                await self._read()
        except Exception:  # noqa: BLE001 - a figure that cannot be read must not cost the others
            _log.warning("figures_not_read", exc_info=True)
        finally:
            self._fresh_until = time.monotonic() + self._keep
            self._task = None
