"""Reads the outbox: what happened, for other programs, in an order that never changes behind a reader."""

from __future__ import annotations

import re

import msgspec

from storage.cursors import BadCursorError
from storage.database import Pool, Record, connection
from storage.queries import query
from storage.shown import Event

_CURSOR = re.compile(r"([0-9]{1,19})\.([0-9]{1,18})")
_MOST = 2**63 - 1
START = "0.0"


async def list_events(pool: Pool, *, tenant: str | None, after: str, limit: int) -> list[Event]:
    """Events after a place (`START`, or an event's `cursor`), the oldest first. `tenant`: its id; None: all.

    Raises BadCursorError, DatabaseError.
    """
    match = _CURSOR.fullmatch(after)
    if match is None or int(match[1]) > _MOST:
        raise BadCursorError("The cursor is none that was given out.")
    async with connection(pool) as conn:
        rows = await conn.fetch(query("events_after"), match[1], int(match[2]), tenant, limit)
    return [_event(row) for row in rows]


def _event(row: Record) -> Event:
    return msgspec.convert(dict(row) | {"cursor": f"{row['tx']}.{row['seq']}"}, Event)
