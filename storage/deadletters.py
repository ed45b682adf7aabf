"""Dead letters as operators see them, and what they can do: replay them, or discard them for good.

What was suppressed as spam lies among them, under the reason `spam`: its receipt says `suppressed`, only its
envelope is kept here. It is left out wherever it is not asked for by its reason or its id; to replay it is to
release it, and then it is spam no more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from channels.contract import Account
from routing.changes import Changes, ReceiptRow
from routing.filing import SPAM
from storage.cursors import Place
from storage.database import Connection, Pool, connection, transaction
from storage.envelope import Envelope, NewerEnvelopeError, decode
from storage.queries import query
from storage.write import write

Append = Callable[[Sequence[Envelope]], Awaitable[object]]
"""Puts messages into the inbox, durably; it must not count them as accepted again."""

DISCARDED = "discarded"


class DeadLetterLine(msgspec.Struct, frozen=True, kw_only=True):
    """An open dead letter as lists show it. `reason`: unroutable, failed, crashed, unreadable, spam."""

    id: str
    account: str
    tenant: str | None
    reason: str
    error: str
    attempts: int
    code_version: str
    at: datetime
    sender: dict[str, str]
    subject: str


class DeadLetter(DeadLetterLine, frozen=True, kw_only=True):
    """One with everything. The original is `raw` where it is small, else the blob named `raw_blob`."""

    tenant_id: str | None
    trace: str
    envelope: bytes
    settled_at: datetime | None
    settled_as: str | None
    raw: bytes | None
    raw_blob: str | None


class NotReplayableError(ValueError):
    """The dead letter cannot be replayed, in words for the operator."""


async def list_dead(
    pool: Pool,
    *,
    tenant: str | None = None,
    reason: str | None = None,
    after: Place | None = None,
    limit: int = 100,
) -> list[DeadLetterLine]:
    """Open dead letters, the oldest first: of the tenant with this id, for one reason.

    Without a reason: all but spam. Raises DatabaseError.
    """
    place = (None, None) if after is None else (after.at, after.id)
    async with connection(pool) as conn:
        rows: list[Any] = await conn.fetch(query("dead_letters_after"), tenant, reason, *place, limit)
    return [msgspec.convert(dict(row), DeadLetterLine) for row in rows]


async def show_dead(pool: Pool, message: str, *, tenant: str | None = None) -> DeadLetter | None:
    """One dead letter, settled or not; None where there is none such (of that tenant)."""
    async with connection(pool) as conn:
        row: Any = await conn.fetchrow(query("dead_letter"), message)
    if row is None or (tenant is not None and row["tenant_id"] != tenant):
        return None
    return msgspec.convert(dict(row), DeadLetter)


async def open_ids(pool: Pool, *, tenant: str | None = None, reason: str | None = None) -> list[str]:
    """Ids of all open dead letters: of the tenant with this id, for one reason; without one: all but spam.

    Raises DatabaseError.
    """
    async with connection(pool) as conn:
        return [row["id"] for row in await conn.fetch(query("open_dead_letter_ids"), tenant, reason)]


async def replay(pool: Pool, message: str, append: Append, *, tenant: str | None = None) -> bool:
    """Put a dead letter back into the inbox, under its account as it is now. False: no such open one.

    It has its effect as the next generation of the same message; if that fails too, it is open again.
    Spam is released by it: whatever becomes of it, it is not held for spam again.
    Raises NotReplayableError, DatabaseError, and what `append` raises (then it stays open).
    """
    async with transaction(pool) as conn:
        row = await _locked(conn, message, tenant)
        if row is None:
            return False
        await append([_next(row)])
        await conn.execute(query("settle_dead_letter"), message, datetime.now(UTC), "replayed")
    return True


async def replay_all(pool: Pool, messages: Iterable[str], append: Append) -> int:
    """Replay many, each on its own; returns how many were put back. Those that cannot be stay open."""
    done = 0
    for message in messages:
        try:
            done += await replay(pool, message, append)
        except NotReplayableError:
            continue
    return done


async def discard(pool: Pool, message: str, *, actor: str = "", tenant: str | None = None) -> bool:
    """Give a dead letter up for good: it counts as suppressed. False: no such open one."""
    now = datetime.now(UTC)
    async with transaction(pool) as conn:
        row = await _locked(conn, message, tenant)
        if row is None:
            return False
        receipt = ReceiptRow(
            message_id=message, generation=row["generation"] + 1, account_id=row["account_id"],
            tenant_id=row["tenant_id"], outcome="suppressed", reason=DISCARDED, entry=f"by:{actor}", at=now,
        )  # fmt: skip
        await conn.execute(query("settle_dead_letter"), message, now, DISCARDED)
        await write(conn, Changes(receipts=[receipt]), now)
    return True


async def _locked(conn: Connection, message: str, tenant: str | None) -> Any:
    row = await conn.fetchrow(query("lock_dead_letter"), message)
    return None if row is None or (tenant is not None and row["tenant_id"] != tenant) else row


def _next(row: Any) -> Envelope:
    """The envelope of the next generation. Raises NotReplayableError."""
    try:
        envelope = decode(row["envelope"])
    except NewerEnvelopeError as error:
        raise NotReplayableError("A newer version wrote it: replay it with that.") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise NotReplayableError("It cannot be read: look at its original, then discard it.") from error
    account = envelope.account
    if row["account_exists"]:
        account = Account(
            id=row["account_id"], provider=row["provider"], tenant=row["account_tenant"], mode=row["mode"],
            settings=row["settings"],
        )  # fmt: skip
    released = envelope.released or row["reason"] == SPAM
    generation = row["generation"] + 1
    return msgspec.structs.replace(envelope, account=account, generation=generation, released=released)
