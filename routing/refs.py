"""A ticket's public reference, out of the tenant's counter."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Literal

# No letter or digit that is read as another one: no 0 O, 1 I L, U (for V).
_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ"
_SIGNS = "23456789" + _LETTERS
_ROUNDS = 6
_SUBJECT = re.compile(r"\[\s*#?\s*(TKT-[0-9A-Z]{4,12})\s*\]", re.IGNORECASE)


def ref(number: int, style: Literal["sequence", "random"], tenant_id: str) -> str:
    """The reference of a tenant's `number`th ticket (from 1): `TKT-0001`, or one that looks like chance.

    Two numbers never get one reference, whichever style each had: a random one begins with a letter.
    """
    if number < 1:
        raise ValueError("Tickets are counted from 1.")
    return f"TKT-{number:04d}" if style == "sequence" else f"TKT-{_scrambled(number - 1, tenant_id)}"


def subject_refs(subject: str) -> tuple[str, ...]:
    """The references in brackets that a subject holds, in capitals, in order, each once."""
    return tuple(dict.fromkeys(found.upper() for found in _SUBJECT.findall(subject)))


def _scrambled(number: int, key: str) -> str:
    """Five signs, one more each time that all of a length are used up."""
    length = 5
    while number >= (size := len(_LETTERS) * len(_SIGNS) ** (length - 1)):
        number -= size
        length += 1
    return _spell(_permuted(number, key, length), length)


def _permuted(number: int, key: str, length: int) -> int:
    """A keyed permutation of the numbers of a length: a Feistel network over two unequal halves."""
    low: int = len(_SIGNS) ** ((length - 1) // 2)
    high: int = len(_LETTERS) * len(_SIGNS) ** (length - 1) // low
    left, right = divmod(number, low)
    for step in range(_ROUNDS):
        if step % 2:
            right = (right + _mixed(left, key, step)) % low
        else:
            left = (left + _mixed(right, key, step)) % high
    return left * low + right


def _mixed(half: int, key: str, step: int) -> int:
    digest = blake2b(f"{key}/{step}/{half}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def _spell(number: int, length: int) -> str:
    signs = []
    for _ in range(length - 1):
        number, sign = divmod(number, len(_SIGNS))
        signs.append(_SIGNS[sign])
    return _LETTERS[number] + "".join(reversed(signs))
