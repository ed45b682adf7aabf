"""Bytes to text, whatever charset a mail claims: a chain that always ends in text, never raises (R22).

A byte order mark, the declared charset, UTF-8 where it is exact, a guess from the bytes, windows-1252, and at
last replacement characters.
"""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from channels.email.charset_names import codec_of, one_byte

_SAMPLE = 2048
_FEW = 12
"""Fewer bytes beyond ASCII tell nothing: they are taken for windows-1252."""
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.\-]{2,40})", re.IGNORECASE)
_HIGH = re.compile(rb"[\x80-\xff]")


def decode(
    data: bytes, declared: str | None = None, *, html: bool = False, guess: bool = False
) -> tuple[str, bool]:
    """The text, and whether it could be read without doubt.

    `html` asks a meta element where no charset is declared. `guess` looks for the likeliest one where none
    fits, which takes milliseconds: for the few texts of a mail that are worth it.
    """
    codec = codec_of(declared) if declared else None
    if data.isascii() and not _shifts(data, codec):
        return data.decode("ascii"), True
    marked = next((mark for bom, mark in _BOMS if data.startswith(bom)), None)
    if codec is None and html:
        meta = _META.search(data, 0, 2048)
        codec = codec_of(meta[1].decode("ascii")) if meta else None
    text, exact = _chain(data, marked or codec, guess=guess)
    return text.removeprefix("\ufeff"), exact


def _shifts(data: bytes, codec: str | None) -> bool:
    """Whether ASCII bytes may stand for something else: escapes of ISO-2022, UTF-7, UTF-16."""
    if b"\x1b" in data:
        return True
    return codec is not None and codec.replace("-", "_").startswith(("utf_7", "utf_16", "utf_32", "hz"))


def _chain(data: bytes, codec: str | None, *, guess: bool) -> tuple[str, bool]:
    # Text in a one-byte charset is hardly ever valid UTF-8, while mailers that send UTF-8 under such a label
    # are common: exact UTF-8 goes first there.
    first = "utf-8" if codec is None or one_byte(codec) else codec
    second = "iso2022_jp_ext" if codec is None and b"\x1b$" in data else codec
    if second == "iso2022_jp_ext":
        first = second
    for candidate in (first, second):
        text = _try(data, candidate) if candidate else None
        if text is not None:
            return text, True
    return _damaged(data, codec, guess=guess)


def _damaged(data: bytes, codec: str | None, *, guess: bool) -> tuple[str, bool]:
    """What the declared charset does not fit: a few bad bytes are replaced, else the bytes are guessed at."""
    if codec == "cp1252":
        return data.decode("latin-1"), True  # five bytes have no meaning in windows-1252, but one in latin1
    text = data.decode(codec or "utf-8", "replace")
    if codec is not None and codec != "utf-8":
        return text, False
    bad, high = text[:_SAMPLE].count("\ufffd"), len(_HIGH.findall(data[:_SAMPLE]))
    if bad * 10 <= high:
        return text, False
    likely = _guess(data[:_SAMPLE]) if guess and high >= _FEW else "cp1252"
    return _try(data, likely) or _try(data, "cp1252") or data.decode("latin-1"), False


def _guess(sample: bytes) -> str:
    """Most likely codec of what is no UTF-8."""
    best = from_bytes(sample).best()
    return best.encoding if best is not None else "cp1252"


def _try(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, LookupError, ValueError):
        return None
