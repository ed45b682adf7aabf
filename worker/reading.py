"""Reads mails where that can be killed: small ones in place, large or suspicious ones in another process.

A mail that takes too long or too much memory costs that process, not the worker; it is then read by its head
alone (`channels.email.read.read_degraded`), flagged `degraded`, and its original is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import struct
import sys
from asyncio.subprocess import PIPE, Process

import msgspec

from channels.email.read import Reading, read_degraded, read_mail
from channels.message import InboundMessage

IN_PLACE = 96 * 1024
"""Bytes up to which a mail is read in the worker itself: bounded work, about a millisecond."""
_LENGTH = struct.Struct(">Q")
_TOO_SLOW = "The mail took too long or too much memory to read: only its head was read. The original is kept."


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What the reading process is sent."""

    message: InboundMessage
    raw: bytes


class Reader:
    """Reads mails; owns at most one reading process, started when first needed and again when it died."""

    def __init__(self, *, seconds: float, memory: int) -> None:
        """`seconds` and `memory` (bytes) are what one mail may take in the reading process."""
        self._seconds = seconds
        self._memory = memory
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def read(self, message: InboundMessage, raw: bytes, *, alone: bool = False) -> Reading:
        """The mail as read, whatever it holds. `alone`: in the reading process, even where it is small."""
        if len(raw) <= IN_PLACE and not alone:
            return read_mail(message, raw)
        async with self._turn:
            try:
                return await asyncio.wait_for(self._ask(message, raw), self._seconds)
            except (TimeoutError, EOFError, OSError, msgspec.DecodeError):
                await self._kill()
                return await asyncio.to_thread(read_degraded, message, raw, _TOO_SLOW)
            except BaseException:
                await self._kill()
                raise

    @property
    def pid(self) -> int | None:
        """Of the reading process, where one runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def close(self) -> None:
        """End the reading process."""
        await self._kill()

    async def _ask(self, message: InboundMessage, raw: bytes) -> Reading:
        process = await self._running()
        if process.stdin is None or process.stdout is None:
            raise EOFError
        process.stdin.write(framed(msgspec.msgpack.encode(Task(message=message, raw=raw))))
        await process.stdin.drain()
        length = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))[0]
        return msgspec.msgpack.decode(await process.stdout.readexactly(length), type=Reading)

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            limits = str(self._memory), str(math.ceil(self._seconds) + 1)
            command = (sys.executable, "-m", "worker.reading_process", *limits)
            self._process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        return self._process

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def framed(data: bytes) -> bytes:
    """The data with its length in front."""
    return _LENGTH.pack(len(data)) + data
