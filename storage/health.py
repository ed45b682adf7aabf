"""What a check of the set-up asks of Postgres and Redis."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
from redis.exceptions import ResponseError

from storage.database import Pool, connection
from storage.migrate import pending
from storage.queries import query
from storage.sealing import Sealer, SealError


class PostgresHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How the database server is set up. `version`: such as 160004."""

    version: int
    version_text: str
    locks: int
    connections: int
    fsync: bool
    synchronous: bool
    encoding: str


class RedisHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How the Redis server is set up; None where it does not tell."""

    version: str
    append_only: str | None
    append_fsync: str | None
    eviction: str | None


class SecretHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How many secrets open, how many of them with an older key, and those accounts whose secrets do not."""

    opened: int
    older: int
    closed: tuple[str, ...]


async def postgres_health(pool: Pool) -> PostgresHealth:
    """Raises DatabaseError."""
    async with connection(pool) as conn:
        return msgspec.convert(dict(await conn.fetchrow(query("server_settings")) or {}), PostgresHealth)


async def missing_migrations(pool: Pool) -> list[str]:
    """Raises DatabaseError."""
    async with connection(pool) as conn:
        return await pending(conn)


async def secret_health(pool: Pool, sealer: Sealer) -> SecretHealth:
    """Raises DatabaseError."""
    async with connection(pool) as conn:
        rows = await conn.fetch(query("secrets_at_rest"))
    counts: Counter[str] = Counter()
    closed: set[str] = set()
    for row in rows:
        try:
            sealer.open(row["sealed"], row["account_id"])
            counts["opened"] += 1
            counts["older"] += not sealer.is_current(row["sealed"])
        except SealError:
            closed.add(row["account_id"])
    return SecretHealth(opened=counts["opened"], older=counts["older"], closed=tuple(sorted(closed)))


async def unproven_domains(pool: Pool) -> list[str]:
    """Raises DatabaseError."""
    async with connection(pool) as conn:
        return [row["domain"] for row in await conn.fetch(query("unproven_domains"))]


async def events_ahead(pool: Pool) -> int:
    """How many events were restored from another server and cannot be read yet. Raises DatabaseError."""
    async with connection(pool) as conn:
        return int(await conn.fetchval(query("events_ahead")))


async def redis_health(redis: Any) -> RedisHealth:
    """Raises one of `storage.redis.Failure`. A hosted Redis may not tell how it is set up."""
    info = await redis.info("server")
    return RedisHealth(
        version=str(info.get("valkey_version") or info.get("redis_version") or "0"),
        append_only=await _config(redis, "appendonly"),
        append_fsync=await _config(redis, "appendfsync"),
        eviction=await _config(redis, "maxmemory-policy"),
    )


async def _config(redis: Any, name: str) -> str | None:
    try:
        found = await redis.config_get(name)
    except ResponseError:
        return None
    value = found.get(name) or found.get(name.encode())
    return value.decode() if isinstance(value, bytes) else value
