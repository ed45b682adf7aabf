"""Group commit: appends that come while one is under way share the next one, and nobody waits when idle.

An append has a bounded time in Redis. What it could not put there goes to the spool, and so does everything
after it until somebody has seen Redis answer again (`storage.drain`): no request waits for that.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from channels.errors import Unavailable
from storage.envelope import Envelope
from storage.frames import Frame, frame
from storage.inbox import Inbox
from storage.spool import Spool

MAX_MESSAGES = 500
MAX_BYTES = 4 * 1024 * 1024
"""Where one append stops taking more. A single request may be larger."""
RETRY_AFTER = 5


Place = Literal["inbox", "spool", "nowhere"]


class Append(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one append, for logs and metrics."""

    place: Place
    requests: int
    messages: int
    seconds: float
    error: str = ""
    """Why it is not in the inbox."""


class _Request:
    """The messages of one request, and who waits for them."""

    __slots__ = ("frames", "future", "size")

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.frames = frames
        self.size = sum(len(one.data) for one in frames)
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def answer(self, error: Exception | None = None) -> None:
        """Tell the waiter, unless it has gone."""
        if self.future.done():
            return
        if error is None:
            self.future.set_result(None)
        else:
            self.future.set_exception(error)


class Appender:
    """Makes messages durable for many requests at a time."""

    def __init__(
        self,
        inbox: Inbox,
        spool: Spool | None,
        *,
        seconds: float = 1.0,
        report: Callable[[Append], None] = lambda _: None,
    ) -> None:
        """`seconds`: how long Redis may take. `spool` None: it is off. `report` is told of every append."""
        self._inbox = inbox
        self._spool = spool
        self._seconds = seconds
        self._report = report
        self._waiting: deque[_Request] = deque()
        self._runner: asyncio.Task[None] | None = None
        self.redis_failed = asyncio.Event()
        """Set while appends go around Redis. Whoever has seen it answer again clears this."""

    async def append(self, envelopes: Sequence[Envelope]) -> None:
        """Return once all the messages are durable. Raises Unavailable: none of them is accepted then.

        Cancelling the caller changes nothing for the others; its own messages may be accepted all the same.
        """
        if not envelopes:
            return
        request = _Request([frame(envelope) for envelope in envelopes])
        self._waiting.append(request)
        if self._runner is None:
            self._runner = asyncio.create_task(self._run())
        await request.future

    async def close(self) -> None:
        """Finish what is under way."""
        while self._runner is not None:
            await asyncio.wait([self._runner])

    async def _run(self) -> None:
        taken: list[_Request] = []
        try:
            while self._waiting:
                taken = self._next()
                await self._append(taken)
        finally:
            self._runner = None
            stopping = Unavailable("The receiver is stopping.", retry_after=1)
            for request in (*taken, *self._waiting):  # only where this was cancelled: nobody waits for ever
                request.answer(stopping)
            self._waiting.clear()

    def _next(self) -> list[_Request]:
        """The requests of the next append."""
        taken = [self._waiting.popleft()]
        messages, size = len(taken[0].frames), taken[0].size
        while self._waiting:
            messages += len(self._waiting[0].frames)
            size += self._waiting[0].size
            if messages > MAX_MESSAGES or size > MAX_BYTES:
                break
            taken.append(self._waiting.popleft())
        return taken

    async def _append(self, requests: list[_Request]) -> None:
        begun = time.monotonic()
        error = await self._to_inbox(requests)
        if error:
            await self._append_to_spool(requests, begun, error)
        else:
            self._settle("inbox", requests, begun)

    async def _append_to_spool(self, requests: list[_Request], begun: float, error: str) -> None:
        """Spool all requests with one sync; where they do not fit together, those that fit."""
        failure = await self._to_spool(requests)
        if not failure:
            self._settle("spool", requests, begun, error)
        elif len(requests) == 1:
            self._settle("nowhere", requests, begun, f"{error}; {failure}")
        else:
            for request in requests:
                await self._append_to_spool([request], begun, error)

    async def _to_inbox(self, requests: list[_Request]) -> str:
        """Why it failed, or nothing. A failure may be a success whose answer was lost: the worker knows."""
        if self.redis_failed.is_set():
            return "Redis has not answered since it failed"
        try:
            async with asyncio.timeout(self._seconds):
                await self._inbox.append_frames(_frames(requests))
        except Exception as error:  # noqa: BLE001 - whatever Redis or its driver does, the spool takes over
            self.redis_failed.set()
            return f"{type(error).__name__}: {error}"
        return ""

    async def _to_spool(self, requests: list[_Request]) -> str:
        """Why it failed, or nothing."""
        if self._spool is None:
            return "the spool is switched off"
        try:
            await self._spool.append(_frames(requests))
        except Exception as error:  # noqa: BLE001 - whatever the disk does, every request gets its answer
            return str(error)
        return ""

    def _settle(self, place: Place, requests: list[_Request], begun: float, error: str = "") -> None:
        refusal = None
        if place == "nowhere":
            refusal = Unavailable("The message cannot be made durable now.", retry_after=RETRY_AFTER)
        for request in requests:
            request.answer(refusal)
        self._report(
            Append(
                place=place,
                requests=len(requests),
                messages=sum(len(request.frames) for request in requests),
                seconds=time.monotonic() - begun,
                error=error,
            )
        )


def _frames(requests: list[_Request]) -> list[Frame]:
    return [one for request in requests for one in request.frames]
