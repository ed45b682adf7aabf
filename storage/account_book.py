"""The accounts that a receiver knows, with their secrets open; also while Postgres is away (P6)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import msgspec
import structlog

from channels.contract import Account
from channels.errors import NotFound, Unavailable
from storage.cache import Cached
from storage.database import BadRow, DatabaseError, Pool, Record, connection
from storage.durable import make_folder, write_file
from storage.listener import Listener
from storage.queries import query
from storage.sealing import Sealer, SealError

MISS_SECONDS = 2.0
"""How long an unknown account is refused without another look: a flood costs one look-up each time."""
MAX_MISSES = 10_000
LOOKUPS = 4
"""Look-ups of unknown accounts at once: a flood of made-up ids leaves connections for others."""
LOOKUP_SECONDS = 3.0
"""How long a provider waits for a Postgres that hangs."""
RETRY_AFTER = 10

_log = structlog.get_logger()


class SealedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account as Postgres and the snapshot file have it: its secrets stay sealed."""

    account: Account
    sealed: tuple[bytes, ...]
    expires: tuple[datetime | None, ...]
    secret_ids: tuple[str, ...] = ()
    """In the same order; a snapshot of an older version has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAccount:
    """An account with its live secrets, the newest first, and their ids beside them."""

    account: Account
    secrets: tuple[str, ...]
    secret_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Secret:
    id: str
    value: str
    expires: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    account: Account
    secrets: tuple[_Secret, ...]
    fault: str = ""
    """Why it cannot be read, or its secrets do not open: our trouble, never the provider's."""


class AccountBook:
    """All accounts, kept in the process: `async with` it. Changes are heard and read within moments."""

    def __init__(self, url: str, pool: Pool, sealer: Sealer, *, snapshot: Path | None = None) -> None:
        """`snapshot`: file that keeps the accounts (0600, secrets sealed) for a start without Postgres."""
        self._pool = pool
        self._sealer = sealer
        self._snapshot = snapshot
        self._cached: Cached[dict[str, _Opened]] = Cached(self._load)
        self._misses: dict[str, float] = {}
        self._lookups = asyncio.Semaphore(LOOKUPS)
        self._listener = Listener(url)
        self._listener.subscribe(self.refresh)

    async def __aenter__(self) -> Self:
        """Read the accounts, or where Postgres is away the snapshot, and listen from now on."""
        if not await self._cached.try_to_load():
            await self._read_snapshot()
        self._listener.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._listener.stop()

    async def get(self, provider: str, account: str) -> OpenAccount:
        """The account, if it is this provider's and has a live secret.

        Raises NotFound where Postgres itself says that there is none, Unavailable where it cannot be asked or
        the secrets do not open.
        """
        known = self._cached.current().get(account) if self._cached.loaded else None
        known = known or await self._look_up(account)
        if known is None or known.account.provider != provider:
            raise NotFound
        return _live(known)

    async def refresh(self) -> None:
        """Read all accounts again. Raises DatabaseError; what is known stays then."""
        await self._cached.refresh()

    def faults(self) -> tuple[str, ...]:
        """In words, for each account that cannot be read, or whose secrets do not open."""
        known = self._cached.current() if self._cached.loaded else {}
        return tuple(one.fault for one in known.values() if one.fault)

    async def _look_up(self, account: str) -> _Opened | None:
        """The account from Postgres; None where it says that there is none."""
        if self._misses.get(account, 0.0) > time.monotonic():
            return None
        try:
            async with asyncio.timeout(LOOKUP_SECONDS), self._lookups, connection(self._pool) as conn:
                rows = await conn.fetch(query("open_accounts"), account)
        except BadRow:
            return None  # no id of ours holds such characters
        except (DatabaseError, TimeoutError) as error:
            raise Unavailable(retry_after=RETRY_AFTER) from error
        if not rows:
            self._miss(account)
            return None
        return self._known(rows[0])[0]

    def _miss(self, account: str) -> None:
        if len(self._misses) >= MAX_MISSES:
            self._misses.clear()
        self._misses[account] = time.monotonic() + MISS_SECONDS

    async def _load(self) -> dict[str, _Opened]:
        async with connection(self._pool) as conn:
            known = [self._known(row) for row in await conn.fetch(query("open_accounts"), None)]
        await self._write_snapshot([sealed for _, sealed in known if sealed is not None])
        self._misses.clear()
        return {one.account.id: one for one, _ in known}

    def _known(self, row: Record) -> tuple[_Opened, SealedAccount | None]:
        """An account, and how it goes into the snapshot. One that this version cannot read has a fault."""
        try:
            sealed = _sealed(row)
        except msgspec.ValidationError as error:
            fault = unreadable(row["id"], error)
            _log.error("account_unreadable", account=row["id"], error=fault)
            bare = Account(id=row["id"], provider=row["provider"], tenant=row["tenant"])
            return _Opened(account=bare, secrets=(), fault=fault), None
        return self._open(sealed), sealed

    def _open(self, sealed: SealedAccount) -> _Opened:
        account = sealed.account
        try:
            opened = [self._sealer.open(one, account.id) for one in sealed.sealed]
        except SealError as error:
            _log.error("account_sealed", account=account.id, error=str(error))
            return _Opened(account=account, secrets=(), fault=str(error))
        ids = sealed.secret_ids or ("",) * len(opened)
        rows = zip(ids, opened, sealed.expires, strict=True)
        secrets = tuple(_Secret(id=known, value=value, expires=end) for known, value, end in rows)
        return _Opened(account=account, secrets=secrets)

    async def _write_snapshot(self, accounts: Sequence[SealedAccount]) -> None:
        if self._snapshot is None:
            return
        try:
            await asyncio.to_thread(_keep, self._snapshot, msgspec.msgpack.encode(accounts))
        except OSError as error:
            _log.error("snapshot_not_written", error=str(error))

    async def _read_snapshot(self) -> None:
        if self._snapshot is None:
            return
        with contextlib.suppress(OSError, msgspec.DecodeError):
            data = await asyncio.to_thread(self._snapshot.read_bytes)
            accounts = msgspec.msgpack.decode(data, type=list[SealedAccount])
            self._cached.put({one.account.id: self._open(one) for one in accounts})


def _keep(path: Path, content: bytes) -> None:
    make_folder(path.parent)
    write_file(path, content)


def unreadable(account: str, error: msgspec.ValidationError) -> str:
    """In words, that this version cannot read an account."""
    return f"account {account}: {error}."


async def unreadable_accounts(pool: Pool) -> list[str]:
    """In words, each account that this version cannot read. Raises DatabaseError."""
    async with connection(pool) as conn:
        rows = await conn.fetch(query("open_accounts"), None)
    found = []
    for row in rows:
        try:
            _sealed(row)
        except msgspec.ValidationError as error:
            found.append(unreadable(row["id"], error))
    return found


def _sealed(row: Record) -> SealedAccount:
    """Raises msgspec.ValidationError."""
    fields = {key: row[key] for key in ("id", "provider", "tenant", "mode", "settings")}
    return SealedAccount(
        account=msgspec.convert(fields, Account),
        sealed=tuple(row["sealed"]),
        expires=tuple(row["expires"]),
        secret_ids=tuple(row["secret_ids"]),
    )


def _live(known: _Opened) -> OpenAccount:
    """The account with the secrets that have not ended. Without one it does not exist (P8)."""
    if known.fault:
        raise Unavailable(retry_after=RETRY_AFTER)
    now = datetime.now(UTC)
    live = [one for one in known.secrets if one.expires is None or one.expires > now]
    if not live:
        raise NotFound
    return OpenAccount(
        account=known.account,
        secrets=tuple(one.value for one in live),
        secret_ids=tuple(one.id for one in live),
    )
