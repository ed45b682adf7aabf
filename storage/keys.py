"""Keys of the operator API: shown once, kept as a hash, bound to a tenant or to none."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

import msgspec

from storage.database import Pool, connection
from storage.ids import new_id
from storage.queries import query

PREFIX = "ik_"


class KeyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A live key. `tenant` is the id of the one tenant that it sees, or None: it sees all."""

    id: str
    tenant: str | None


class KeyLine(msgspec.Struct, frozen=True, kw_only=True):
    """A key as lists show it."""

    id: str
    tenant: str | None
    label: str
    created_at: datetime
    revoked_at: datetime | None


async def add_key(pool: Pool, *, tenant: str | None = None, label: str = "") -> str:
    """Make a key, for the tenant with this id or for all; it is returned this once. Raises DatabaseError."""
    key = PREFIX + secrets.token_urlsafe(32)
    async with connection(pool) as acquired:
        await acquired.execute(query("insert_key"), new_id(), _hash(key), tenant, label)
    return key


async def find_key(pool: Pool, key: str) -> KeyFacts | None:
    """What a key may do, or None where it is unknown or revoked. Raises DatabaseError."""
    async with connection(pool) as acquired:
        row = await acquired.fetchrow(query("key_by_hash"), _hash(key))
    return KeyFacts(id=row["id"], tenant=row["tenant_id"]) if row else None


async def list_keys(pool: Pool) -> list[KeyLine]:
    """All keys, the oldest first. Raises DatabaseError."""
    async with connection(pool) as acquired:
        rows = await acquired.fetch(query("all_keys"))
    return [msgspec.convert(dict(row), KeyLine) for row in rows]


async def revoke_key(pool: Pool, key_id: str) -> bool:
    """Revoke a key by its id; False where there is no live one. Raises DatabaseError."""
    async with connection(pool) as acquired:
        return await acquired.fetchval(query("revoke_key"), key_id) is not None


def _hash(key: str) -> bytes:
    """A plain hash is enough: a key has 256 bits of chance, so there is nothing to guess."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
