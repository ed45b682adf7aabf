"""What a worker process works with, opened in one order and closed in the other."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from storage.blobs import Blobs, open_blobs
from storage.database import Pool, connect_pool
from storage.directory import Directories
from storage.ids import new_id
from storage.inbox import Inbox
from storage.redis import connect
from worker.keys import loop_keys
from worker.reading import Reader
from worker.settings import Settings
from worker.troubles import Troubles
from worker.work_metrics import WorkMetrics

READ_MEMORY = 1 << 30
"""Bytes of address space that reading one large mail may take."""


@dataclass(slots=True, kw_only=True)
class Station:
    """The parts of a worker. `consumer` is its name in the inbox: a new one for each life of the process."""

    settings: Settings
    consumer: str
    postgres: Pool
    inbox: Inbox
    directories: Directories
    blobs: Blobs
    reader: Reader
    loop_keys: tuple[bytes, ...]
    metrics: WorkMetrics = field(default_factory=WorkMetrics)
    troubles: Troubles = field(default_factory=Troubles)
    hint: Callable[[], None] = lambda: None
    """Say that there is work: another job, here or in another worker, looks at the inbox."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


def new_consumer() -> str:
    """A name that no other worker has had: what an earlier life holds is a dead one's."""
    return f"{socket.gethostname()}:{os.getpid()}:{new_id()[-8:]}"


def renew(station: Station) -> None:
    """Go on under a new name, and leave the old one silent: what it holds will be taken over."""
    station.consumer = new_consumer()


@asynccontextmanager
async def open_station(settings: Settings) -> AsyncIterator[Station]:
    """A station, also while Postgres or Redis are away: its parts connect when they are used."""
    async with AsyncExitStack() as stack:
        pool = await connect_pool(
            settings.database_url, application="inlet work", max_size=settings.batches + 2
        )
        stack.push_async_callback(pool.close)
        redis = connect(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        directories = Directories(
            settings.database_url,
            pool,
            mail_domains=settings.mail_domains,
            base_domains=settings.base_domains,
        )
        await stack.enter_async_context(directories)
        reader = Reader(seconds=settings.read_seconds, memory=READ_MEMORY)
        stack.push_async_callback(reader.close)
        yield Station(
            settings=settings,
            consumer=new_consumer(),
            postgres=pool,
            inbox=Inbox(redis),
            directories=directories,
            blobs=open_blobs(settings.blob_url),
            reader=reader,
            loop_keys=loop_keys(settings.secret_keys),
        )
