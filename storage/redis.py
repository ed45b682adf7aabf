"""The way to Redis: clients that give up in time, and one name for all that can go wrong."""

from __future__ import annotations

from typing import Any

import redis.asyncio
import redis.exceptions

Redis = redis.asyncio.Redis
Failure = (redis.exceptions.RedisError, OSError, TimeoutError)
"""What a command may raise where Redis is away, stalled, full or not what it should be."""


def connection_pool(url: str, *, seconds: float = 5.0, connections: int = 64) -> Any:
    """Connections that are made when first used, and that give up after so many seconds without an answer."""
    return redis.asyncio.ConnectionPool.from_url(
        url, socket_timeout=seconds, socket_connect_timeout=seconds, max_connections=connections
    )


def connect(url: str, *, seconds: float = 5.0, connections: int = 64) -> Any:
    """A client of its own pool. Answers are bytes.

    Nothing is tried again behind the caller's back: an append whose answer was lost must be seen, since it
    may have happened.
    """
    return Redis.from_pool(connection_pool(url, seconds=seconds, connections=connections))
