"""Ids of our own: UUIDv7, which sort by the time they were made."""

from __future__ import annotations

import secrets
import time
import uuid

_NS_PER_MS = 1_000_000


def new_id() -> str:
    """A fresh UUIDv7 (RFC 9562): milliseconds, the fraction of the millisecond, and 62 bits of chance."""
    milliseconds, rest = divmod(time.time_ns(), _NS_PER_MS)
    fraction = (rest << 12) // _NS_PER_MS
    value = milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))
