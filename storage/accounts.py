"""Accounts and their secrets: made and changed by operators, secrets sealed at rest."""

from __future__ import annotations

import base64
import secrets as chance
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from channels.contract import Account
from storage.database import Pool, connection, transaction
from storage.ids import new_id
from storage.queries import query
from storage.sealing import Sealer

PREFIX = "acc_"


class AccountLine(msgspec.Struct, frozen=True, kw_only=True):
    """An account as lists show it. `tenant` is a slug; `secrets` counts the live ones."""

    id: str
    provider: str
    tenant: str | None
    mode: str
    settings: Mapping[str, str]
    created_at: datetime
    disabled_at: datetime | None
    secrets: int


class SecretLine(msgspec.Struct, frozen=True, kw_only=True):
    """A secret as lists show it. `current`: sealed with the first key of INLET_SECRET_KEY."""

    id: str
    created_at: datetime
    expires_at: datetime | None
    current: bool


def new_account_id() -> str:
    """An opaque id that nobody can guess: 125 bits in lower-case base32."""
    return PREFIX + base64.b32encode(chance.token_bytes(16)).decode().lower().rstrip("=")[:25]


async def add_account(  # noqa: PLR0913 - what an account is made of
    pool: Pool,
    sealer: Sealer,
    provider: str,
    secrets: Sequence[str],
    *,
    tenant: str | None = None,
    settings: Mapping[str, str] | None = None,
    mode: Literal["enforce", "observe"] = "enforce",
) -> str:
    """Make an account with its secrets, of the tenant with this id or of none; returns its id.

    Raises ValueError without a secret (P8), DatabaseError.
    """
    if not secrets:
        raise ValueError("An account needs a secret.")
    account = new_account_id()
    async with transaction(pool) as conn:
        await conn.execute(query("insert_account"), account, provider, tenant, mode, dict(settings or {}))
        for secret in secrets:
            await conn.execute(query("insert_secret"), new_id(), account, sealer.seal(secret, account))
    return account


async def internal_account(pool: Pool, provider: str, tenant: str) -> Account:
    """The account that stands for messages which no provider delivered: one for each tenant and `provider`.

    It has no secret, so no webhook reaches it. Raises DatabaseError.
    """
    known = f"{provider}_{tenant}"
    async with connection(pool) as conn:
        await conn.execute(query("internal_account"), known, provider, tenant)
    return Account(id=known, provider=provider, tenant=tenant)


async def find_account(pool: Pool, account: str) -> Account | None:
    """An account by its id, without its secrets. Raises DatabaseError."""
    async with connection(pool) as conn:
        row = await conn.fetchrow(query("account_by_id"), account)
    return None if row is None else msgspec.convert(_dict(row), Account)


async def list_accounts(pool: Pool, *, tenant: str | None = None) -> list[AccountLine]:
    """All accounts, or those of the tenant with this id, the oldest first. Raises DatabaseError."""
    async with connection(pool) as conn:
        rows = await conn.fetch(query("list_accounts"), tenant)
    return [msgspec.convert(_dict(row), AccountLine) for row in rows]


async def set_account(
    pool: Pool,
    account: str,
    *,
    mode: Literal["enforce", "observe"] | None = None,
    settings: Mapping[str, str] | None = None,
    disabled: bool | None = None,
) -> bool:
    """Change what is given; False where there is no such account. Raises DatabaseError."""
    wanted = None if settings is None else dict(settings)
    async with connection(pool) as conn:
        return await conn.fetchval(query("set_account"), account, mode, wanted, disabled) is not None


async def add_secret(pool: Pool, sealer: Sealer, account: str, secret: str) -> str:
    """Add a live secret beside those that are there; returns its id. Raises BadRow: no such account."""
    known = new_id()
    async with connection(pool) as conn:
        await conn.execute(query("insert_secret"), known, account, sealer.seal(secret, account))
    return known


async def list_secrets(pool: Pool, sealer: Sealer, account: str) -> list[SecretLine]:
    """What secrets an account has, the newest first, never what they are. Raises DatabaseError."""
    async with connection(pool) as conn:
        rows = await conn.fetch(query("list_secrets"), account)
    return [
        SecretLine(
            id=row["id"],
            created_at=row["created_at"],
            expires_at=row["expires_at"],
            current=sealer.is_current(row["sealed"]),
        )
        for row in rows
    ]


async def expire_secret(pool: Pool, account: str, secret: str, at: datetime | None = None) -> bool:
    """Let a secret end at a time (now); False where there is none such, or no other one outlives it."""
    async with transaction(pool) as conn:
        row = await conn.fetchrow(query("lock_account"), account)
        when = at or datetime.now(UTC)
        return row is not None and bool(await conn.fetchval(query("expire_secret"), secret, account, when))


async def reseal(pool: Pool, sealer: Sealer) -> int:
    """Seal with the first key what older keys sealed; returns how many. After it the older keys may go.

    Raises SealError where one opens with none of the keys, and changes nothing then; DatabaseError.
    """
    done = 0
    async with transaction(pool) as conn:
        for row in await conn.fetch(query("sealed_secrets")):
            if not sealer.is_current(row["sealed"]):
                secret = sealer.open(row["sealed"], row["account_id"])
                await conn.execute(query("reseal_secret"), row["id"], sealer.seal(secret, row["account_id"]))
                done += 1
    return done


def _dict(row: Any) -> dict[str, Any]:
    return dict(row)
