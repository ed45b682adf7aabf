"""What no log may hold: reply tokens, secrets, signatures, passwords, query strings (R37)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from routing import tokens

GONE = "…"
_SECRET_KEY = re.compile(r"secret|password|token|authorization|signature|cookie|api_?key", re.IGNORECASE)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(whsec|whsk|ik)_[A-Za-z0-9+/=_-]{8,}"), rf"\1_{GONE}"),
    (re.compile(r"\b(bearer|basic|hmac) +[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), rf"\1 {GONE}"),
    (re.compile(r"\b(v1a?),[A-Za-z0-9+/=]{16,}"), rf"\1,{GONE}"),
    # The password of postgresql://user:password@host, which may hold about anything.
    (re.compile(r"(?<=://)[^/\s@]*:\S*@"), f"{GONE}@"),
    (re.compile(r"\?[^\s\"'?=]+=[^\s\"']*"), f"?{GONE}"),
)


def redact(value: Any) -> Any:
    """The value without what no log may hold; dictionaries and lists are gone through."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, Mapping):
        return {key: _redact_field(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(inner) for inner in value]
    return value


def redact_text(text: str) -> str:
    """The text without what no log may hold."""
    text = tokens.redact(text)
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


def _redact_field(key: str, value: Any) -> Any:
    """A secret is known by its name too. Numbers, such as which of the secrets matched, are none."""
    if isinstance(value, str | bytes | list | tuple) and value and _SECRET_KEY.search(key):
        return GONE
    return redact(value)
