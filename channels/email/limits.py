"""How much of a mail is read. Beyond a limit it is read as far as the limit, and says so (R12, R21)."""

from __future__ import annotations

import msgspec

MIB = 1024 * 1024


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one mail, in bytes, characters (`text`, `html`) or numbers."""

    raw: int = 40 * MIB
    parts: int = 500
    depth: int = 30
    text: int = MIB
    html: int = MIB
    attachment: int = 26 * MIB
    attachments: int = 200
