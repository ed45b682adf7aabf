"""An entry of the inbox, and the names that it stands under in Redis."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from storage.envelope import VERSION, Envelope, NewerEnvelopeError, decode

STREAM = "inlet:inbox"
GROUP = "workers"
PENDING = "inlet:pending"
"""Hash: message to account."""
ACCEPTED = "inlet:accepted"
"""Hash: account to count."""
FIELD = b"e"
RETURNED = "returned"
"""The consumer that keeps what was given back. It never lives, so the next sweep takes it over."""
ALONE_FROM = 3
"""An entry begun so often may have killed its worker: it is taken over, and worked, alone."""
NEWER = "newer:v"
"""Begins the names of the consumers that keep what a newer version wrote."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the inbox for one message. `envelope` is None where `data` is none at all."""

    id: str
    data: bytes
    envelope: Envelope | None
    attempts: int = 1
    """How often it was begun, this time included."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the stream as Redis gives it."""

    id: str
    fields: dict[bytes, bytes]
    attempts: int = 1


async def readable(redis: Any, rows: Iterable[Found]) -> list[Entry]:
    """The entries that this version can work. Those of a newer one are parked, uncounted, for its workers."""
    entries: list[Entry] = []
    newer: dict[int, list[str]] = {}
    for row in rows:
        try:
            entries.append(_entry(row))
        except NewerEnvelopeError as error:
            newer.setdefault(error.version, []).append(row.id)
    for version, ids in newer.items():
        await redis.xclaim(STREAM, GROUP, f"{NEWER}{version}", 0, ids, retrycount=0, justid=True)
    return entries


def _entry(row: Found) -> Entry:
    """The entry. Raises NewerEnvelopeError."""
    data = row.fields.get(FIELD)
    if data is None:
        data = msgspec.msgpack.encode(row.fields)
        return Entry(id=row.id, data=data, envelope=None, attempts=row.attempts)
    try:
        return Entry(id=row.id, data=data, envelope=decode(data), attempts=row.attempts)
    except NewerEnvelopeError:
        raise
    except Exception:  # noqa: BLE001 - whatever these bytes do to the decoder, they cost themselves alone
        return Entry(id=row.id, data=data, envelope=None, attempts=row.attempts)


def is_too_new(consumer: str) -> bool:
    """Whether the consumer keeps entries of a version that this program does not know."""
    version = consumer.removeprefix(NEWER)
    return version != consumer and version.isdecimal() and int(version) > VERSION
