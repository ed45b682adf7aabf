"""How the text of a setting becomes a value. Each function raises ValueError saying what was expected."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import idna

_UNITS = {"": 1, "B": 1, "KIB": 1024, "MIB": 1024**2, "GIB": 1024**3, "TIB": 1024**4}
_SIZE = re.compile(r"(\d{1,15})\s*([A-Za-z]*)")


def folder(text: str) -> Path:
    """A folder, made absolute: embedded servers and children may run elsewhere."""
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise ValueError("expected a folder") from error


def word(text: str) -> str:
    """Any text, trimmed."""
    return text.strip()


def words(text: str) -> tuple[str, ...]:
    """Comma separated, lower-case; empty ones fall out, so that a trailing comma does no harm."""
    return tuple(part.strip().lower() for part in text.split(",") if part.strip())


def domains(text: str) -> tuple[str, ...]:
    """Comma separated domains in their ASCII form."""
    return tuple(_domain(part) for part in words(text))


def _domain(text: str) -> str:
    try:
        ascii_form = idna.encode(text.rstrip("."), uts46=True).decode()
    except idna.IDNAError as error:
        raise ValueError("expected domain names such as in.example.org, separated by commas") from error
    if "." not in ascii_form:
        raise ValueError("expected whole domain names such as in.example.org")
    return ascii_form


def one_of(*choices: str) -> Callable[[str], str]:
    """A reader that takes one of the words."""

    def read(text: str) -> str:
        if text.strip().lower() not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}")
        return text.strip().lower()

    return read


def count(low: int, high: int) -> Callable[[str], int]:
    """A reader of whole numbers within bounds."""

    def read(text: str) -> int:
        if not text.strip().isascii() or not text.strip().isdigit() or not low <= int(text) <= high:
            raise ValueError(f"expected a whole number from {low} to {high}")
        return int(text)

    return read


def seconds(low: float, high: float) -> Callable[[str], float]:
    """A reader of seconds within bounds; fractions are welcome."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise ValueError(f"expected seconds from {low:g} to {high:g}")
        return value

    return read


port = count(1, 65_535)
port_or_off = count(0, 65_535)


def size(text: str) -> int:
    """Bytes, with KiB, MiB, GiB or TiB behind the number where wanted."""
    match = _SIZE.fullmatch(text.strip())
    if match is None or match[2].upper() not in _UNITS:
        raise ValueError("expected a size such as 536870912, 512MiB or 1GiB")
    return int(match[1]) * _UNITS[match[2].upper()]


def postgres_url(text: str) -> str:
    """A URL that asyncpg can use."""
    return _url(text, {"postgresql", "postgres"}, "postgresql://user:password@host:5432/database")


def redis_url(text: str) -> str:
    """A URL that redis-py can use."""
    return _url(text, {"redis", "rediss", "unix"}, "redis://:password@host:6379/0")


def blob_url(text: str) -> str:
    """A URL of a folder or a bucket."""
    schemes = {"file", "s3", "s3a", "gs", "az", "azure", "abfs", "abfss"}
    return _url(text, schemes, "file:///var/lib/inlet/blobs or s3://bucket/prefix")


def http_url(text: str) -> str:
    """A public address, without the trailing slash."""
    address = _url(text, {"http", "https"}, "https://inlet.example.org").rstrip("/")
    if not urlsplit(address).hostname or urlsplit(address).query:
        raise ValueError("expected an address such as https://inlet.example.org")
    return address


def _url(text: str, schemes: set[str], example: str) -> str:
    try:
        scheme = urlsplit(text.strip()).scheme
    except ValueError:
        scheme = ""
    if scheme not in schemes:
        raise ValueError(f"expected a URL such as {example}")
    return text.strip()


def secret_keys(text: str) -> tuple[str, ...]:
    """Keys for encryption at rest; the first one seals."""
    keys = tuple(part.strip() for part in text.split(",") if part.strip())
    if not all(_is_key(key) for key in keys):
        raise ValueError("expected URL-safe base64 of 32 random bytes, or several with commas between")
    return keys


def _is_key(key: str) -> bool:
    try:
        padded = key + "=" * (-len(key) % 4)
        return len(base64.b64decode(padded.encode(), altchars=b"-_", validate=True)) == 32
    except (binascii.Error, ValueError):
        return False
