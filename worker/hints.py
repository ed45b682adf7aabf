"""Hints: arq jobs that say only "there is work". What is lost of them costs time, never a message (R19)."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import structlog
from arq.connections import ArqRedis

from storage.redis import connection_pool

QUEUE = "inlet:hints"
JOB = "ingest"
MOST_WAITING = 1000
"""With so many hints waiting, every worker is awake, or none is there: one more tells nobody anything."""
HINT_SECONDS = 2.0

_encoder = msgspec.msgpack.Encoder(enc_hook=repr)
_log = structlog.get_logger("inlet.hints")


def serialize(job: dict[str, Any]) -> bytes:
    """A job as MessagePack. arq's own form is pickle, which runs whatever somebody puts into Redis."""
    return _encoder.encode(job)


def deserialize(data: bytes) -> dict[str, Any]:
    """The job back. Raises msgspec.DecodeError."""
    return msgspec.msgpack.decode(data, type=dict[str, Any])


def connect_arq(url: str) -> ArqRedis:
    """The way of arq to Redis, which connects when first used: a receiver starts while Redis is away."""
    return ArqRedis(
        pool_or_conn=connection_pool(url, seconds=HINT_SECONDS),
        job_serializer=serialize,
        job_deserializer=deserialize,
        default_queue_name=QUEUE,
    )


class Hinter:
    """Sends hints, at most one in so many milliseconds. Nobody waits for one, and a failure is no matter."""

    def __init__(self, arq: ArqRedis, *, every_ms: int) -> None:
        self._arq = arq
        self._pause = every_ms / 1000
        self._sender: asyncio.Task[None] | None = None
        self._wanted = False

    def hint(self) -> None:
        """Have a hint sent that is younger than this call."""
        self._wanted = True
        if self._sender is None:
            self._sender = asyncio.create_task(self._send())

    async def close(self) -> None:
        """Send what is wanted, if that is possible at once, and end."""
        sender = self._sender
        if sender is not None:
            await asyncio.wait([sender], timeout=HINT_SECONDS)
            sender.cancel()
        await self._arq.aclose(close_connection_pool=True)

    async def _send(self) -> None:
        try:
            while self._wanted:
                self._wanted = False
                await self._enqueue()
                await asyncio.sleep(self._pause)
        finally:
            self._sender = None

    async def _enqueue(self) -> None:
        try:
            if await self._arq.zcard(QUEUE) < MOST_WAITING:
                await self._arq.enqueue_job(JOB)
        except Exception as error:  # noqa: BLE001 - the stream is the truth; a sweep hints again
            _log.debug("hint_lost", error=str(error))
