"""Places in lists, as opaque text for callers."""

from __future__ import annotations

import base64
import binascii
import uuid
from datetime import datetime

import msgspec


class BadCursorError(ValueError):
    """The text is no place in a list."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """The last row of a page: its time and its id."""

    at: datetime
    id: str


def write(place: Place) -> str:
    """The place as text that is safe in a URL."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).decode().rstrip("=")


def read(text: str) -> Place:
    """The place back. Raises BadCursorError."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        place = msgspec.msgpack.decode(data, type=Place)
        uuid.UUID(place.id)
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise BadCursorError("The cursor is none that was given out.") from error
    if place.at.tzinfo is None:
        raise BadCursorError("The cursor is none that was given out.")
    return place
