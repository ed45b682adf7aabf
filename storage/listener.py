"""Hears from Postgres (NOTIFY) that what processes keep in memory has changed, and has it read again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from storage.database import DatabaseError, OwnConnection, connect, translated

CHANNEL = "inlet_changed"
KEEPALIVE_SECONDS = 15.0
"""How often a silent connection is asked whether it still lives: a lost one would leave the caches stale."""
RETRY_SECONDS = 1.0
MOST_RETRIES = 3
"""How often in a row the pause before another try is doubled: caches are stale for so long at most."""

_log = structlog.get_logger()


class Listener:
    """One connection that listens. Whenever it connects, and whenever something changed, it calls back.

    What changed while it was away is covered: everything is read again after each connect.
    """

    def __init__(
        self, url: str, *, keepalive: float = KEEPALIVE_SECONDS, retry: float = RETRY_SECONDS
    ) -> None:
        self._url = url
        self._keepalive = keepalive
        self._retry = retry
        self._callbacks: list[Callable[[], Awaitable[object]]] = []
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failures = 0
        self.connected = asyncio.Event()
        """Set while changes are heard, and everything was read since."""

    def subscribe(self, callback: Callable[[], Awaitable[object]]) -> None:
        """Call this whenever something may have changed. It may raise: it is called again, later."""
        self._callbacks.append(callback)

    def start(self) -> None:
        """Begin to listen, in the background; Postgres may be away."""
        self._task = asyncio.create_task(self._run(), name="listener")

    async def stop(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        """For ever: whatever ended this would leave the caches stale, revoked secrets among them."""
        while True:
            try:
                await self._listen()
            except (DatabaseError, TimeoutError) as error:
                _log.info("listener_lost", error=str(error))
            except Exception:  # noqa: BLE001 - see above
                _log.exception("listener_failed")
            self.connected.clear()
            await asyncio.sleep(self._retry * 2 ** min(self._failures, MOST_RETRIES))
            self._failures += 1

    async def _listen(self) -> None:
        connection = await connect(self._url, application="inlet-listener")
        try:
            with translated():
                connection.add_termination_listener(self._wake)
                await connection.add_listener(CHANNEL, self._wake)
            self._changed.set()
            while not connection.is_closed():
                await self._pass_on(connection)
        finally:
            self.connected.clear()
            connection.terminate()

    async def _pass_on(self, connection: OwnConnection) -> None:
        try:
            async with asyncio.timeout(self._keepalive):
                await self._changed.wait()
        except TimeoutError:
            await self._ask(connection)
            return
        self._changed.clear()
        for callback in self._callbacks:
            await callback()
        self._failures = 0
        self.connected.set()

    async def _ask(self, connection: OwnConnection) -> None:
        with translated():
            async with asyncio.timeout(self._keepalive):
                await connection.execute("select 1")

    def _wake(self, *_: object) -> None:
        self._changed.set()
