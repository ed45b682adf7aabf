"""Reads one message with what became of it."""

from __future__ import annotations

import msgspec

from storage.database import Pool, connection
from storage.queries import query
from storage.shown import OneMessage


class FoundMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message, and the id of the tenant that may see it (None: none was found for it).

    `replayed`: it is a dead letter, or spam that was released, on its way through the inbox again.
    """

    tenant_id: str | None
    replayed: bool
    message: OneMessage


async def find_message(pool: Pool, message: str) -> FoundMessage | None:
    """One message by its id, of whatever tenant: the caller compares. None: not worked, or unknown.

    Raises DatabaseError.
    """
    async with connection(pool) as conn:
        row = await conn.fetchrow(query("message_outcome"), message)
    if row is None:
        return None
    shown = msgspec.convert(dict(row), OneMessage)
    return FoundMessage(tenant_id=row["tenant_id"], replayed=row["replayed"], message=shown)
