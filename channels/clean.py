"""The last gate before anything is stored: text that Postgres, JSON and UTF-8 can hold (P12)."""

from __future__ import annotations

import hashlib
import re

ADDRESS = 998
"""Characters of an address: the longest line of a mail."""
LINE = 1_000
"""Characters of a name, a subject, a file name."""
TEXT = 1024 * 1024
"""Characters of a message's text."""
KEY = 255
"""Characters of an id that an index holds."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def storable(text: str, limit: int) -> str:
    """The text without NUL and lone surrogates, cut to `limit` characters; the same text where it is fine."""
    if "\0" in text:
        text = text.replace("\0", "")
    if not text.isascii():
        text = _whole(text)
    return text[:limit]


def line(text: str, limit: int = LINE) -> str:
    """The text as one storable line: every run of white space and control characters is one space."""
    spaced = _CONTROL.sub(" ", text[: 4 * limit])
    return storable(" ".join(spaced.split()), limit)


def key(text: str, limit: int = KEY) -> str:
    """An id as it came, or its digest where it is too long or not storable: ids never merge by cutting."""
    if len(text) <= limit and storable(text, limit) == text:
        return text
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _whole(text: str) -> str:
    """Surrogate pairs joined, lone surrogates replaced; Python's strings may hold both, UTF-8 neither."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
