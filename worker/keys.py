"""Keys for other uses, derived from the secret keys, so that there is one thing to keep and to rotate."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from hashlib import sha256


def loop_keys(secret_keys: Iterable[str]) -> tuple[bytes, ...]:
    """Keys of the loop header, one for each secret key; the first one signs, all are known."""
    return tuple(hmac.new(key.encode(), b"inlet/loop-header", sha256).digest() for key in secret_keys)
