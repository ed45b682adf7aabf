"""Bringing back to the inbox what the spool took, as soon as Redis answers again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from storage.frames import Frame
from storage.group import Appender
from storage.inbox import Inbox
from storage.spool import Spool

HAND_OVER_SECONDS = 30.0
"""Nobody waits for a drain: it may take longer than the append of a request."""
PING_SECONDS = 1.0
COMPLAINT_SECONDS = 1.0
LOOK_SECONDS = 5.0
"""How often the folder is looked at for what other processes left, while all is well."""


class Drain:
    """One for each process that appends. Runs for as long as the process does."""

    def __init__(  # noqa: PLR0913 - the parts of a process, by name
        self,
        *,
        appender: Appender,
        inbox: Inbox,
        spool: Spool | None,
        pause: float = 0.2,
        report: Callable[[int], None] = lambda _: None,
        complain: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`pause`: seconds between two looks at a Redis that has failed.

        `report` is told how many messages were brought back, `complain` what stands in the way.
        """
        self._appender = appender
        self._inbox = inbox
        self._spool = spool
        self._pause = pause
        self._report = report
        self._complain = complain

    async def run(self) -> None:
        """Look after the spool until cancelled."""
        while True:
            if await self._redis_answers():
                self._appender.redis_failed.clear()
                await self._bring_back()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._appender.redis_failed.wait(), LOOK_SECONDS)
            await asyncio.sleep(self._pause)

    async def _redis_answers(self) -> bool:
        try:
            async with asyncio.timeout(PING_SECONDS):
                await self._inbox.ping()
        except Exception:  # noqa: BLE001 - whatever it is, the spool goes on until it is over
            return False
        return True

    async def _bring_back(self) -> None:
        if self._spool is None:
            return
        try:
            count = await self._spool.drain(self._hand_over)
        except Exception as error:  # noqa: BLE001 - it is tried again for as long as it takes
            self._complain(f"{type(error).__name__}: {error}")
            await asyncio.sleep(COMPLAINT_SECONDS)
            return
        if count:
            self._report(count)

    async def _hand_over(self, frames: Sequence[Frame]) -> None:
        async with asyncio.timeout(HAND_OVER_SECONDS):
            await self._inbox.append_frames(frames)
