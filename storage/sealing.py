"""Secrets at rest: AES-256-GCM under `INLET_SECRET_KEY`, where several keys can be live at once (rotation).

A sealed secret is: form (1 byte), key id (4), nonce (12), ciphertext and tag. It is bound to its context (the
account), so that a row copied to another account opens nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORM = b"\x01"
_HEAD = 5
_NONCE = 12
KEY_BYTES = 32


class SealError(Exception):
    """A key is unusable, or none of the keys opens a secret. Never shows a key or a secret."""


def new_key() -> str:
    """A fresh key for `INLET_SECRET_KEY`: URL-safe base64 of 32 random bytes."""
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()


def _key(text: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text.strip() + "=" * (-len(text.strip()) % 4))
    except (binascii.Error, ValueError) as error:
        raise SealError("A key of INLET_SECRET_KEY is not URL-safe base64.") from error
    if len(key) != KEY_BYTES:
        raise SealError(f"A key of INLET_SECRET_KEY has {len(key)} bytes instead of {KEY_BYTES}.")
    return key


def key_id(key: bytes) -> bytes:
    """Four bytes that tell which key sealed, and nothing of the key."""
    return hashlib.sha256(b"inlet key id" + key).digest()[:4]


class Sealer:
    """Seals with the first key, opens with all."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Raises SealError where there is no key, or one that is no key."""
        if not keys:
            raise SealError("INLET_SECRET_KEY is empty: it needs one key at least.")
        opened = [_key(text) for text in keys]
        self._first = key_id(opened[0])
        self._keys = {key_id(key): AESGCM(key) for key in opened}

    def seal(self, secret: str, context: str) -> bytes:
        """The secret sealed for its context (its account's id)."""
        nonce = os.urandom(_NONCE)
        sealed = self._keys[self._first].encrypt(nonce, secret.encode(), context.encode())
        return _FORM + self._first + nonce + sealed

    def open(self, sealed: bytes, context: str) -> str:
        """The secret back. Raises SealError where no key opens it, or it was sealed for something else."""
        key = self._keys.get(sealed[1:_HEAD])
        if sealed[:1] != _FORM or key is None:
            raise SealError(f"No key in INLET_SECRET_KEY opens a secret of {context}: its own is missing.")
        nonce, body = sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :]
        try:
            return key.decrypt(nonce, body, context.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise SealError(f"A secret of {context} was changed, or sealed for another account.") from error

    def is_current(self, sealed: bytes) -> bool:
        """Whether the first key sealed it: only then may the other keys go."""
        return sealed[1:_HEAD] == self._first
