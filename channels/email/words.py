"""Encoded words (RFC 2047), as mailers really write them."""

from __future__ import annotations

import binascii
import re

from channels.email.charsets import decode

# Lenient on purpose: spaces and question marks inside a word and a missing end are common.
_WORD = re.compile(r"=\?([A-Za-z0-9_.:+\-]{1,60})(?:\*[^?]{0,40})?\?([bBqQ])\?(.*?)(?:\?=|$)", re.DOTALL)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


def decode_words(text: str) -> str:
    """The text with its encoded words decoded. Text without any comes back as it is; never raises."""
    if "=?" not in text:
        return text
    out: list[str] = []
    run: list[tuple[str, bytes]] = []
    position = 0
    for found in _WORD.finditer(text):
        between = text[position : found.start()]
        if between.strip() or not run:
            out.append(_flush(run) + between)
        run.append((found[1].lower(), _content(found[2], found[3])))
        position = found.end()
    return "".join(out) + _flush(run) + text[position:]


def _content(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "surrogateescape")
    if encoding in "bB":
        return read_base64(data)
    return binascii.a2b_qp(data.replace(b" ", b"_"), header=True)


def _flush(run: list[tuple[str, bytes]]) -> str:
    """Text of adjacent words. Neighbours of one charset are joined as bytes: a character may be cut."""
    out: list[str] = []
    while run:
        charset, data = run.pop(0)
        while run and run[0][0] == charset:
            data += run.pop(0)[1]
        out.append(decode(data, charset)[0])
    return "".join(out)


def read_base64(data: bytes) -> bytes:
    """What base64 holds, however it is broken: foreign characters and padding are ignored. Never raises."""
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        clean = _NOT_BASE64.sub(b"", data)
        clean = clean[: len(clean) - 1] if len(clean) % 4 == 1 else clean
        return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
