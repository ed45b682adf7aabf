"""One hash of what the sender wrote: the same by whatever way it came, another for other content.

It is taken from the raw bytes by itself, whatever else is read of the mail: a mail that was read whole at one
time and by its head alone at another is still one mail (P2). So it may be asked for any bytes: every step is
one search through them, in portions, and nothing recurses.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Iterator

import msgspec

from channels.email.fields import Fields, content_type
from channels.email.mime import MAX_BOUNDARY

_WRITTEN = ("from", "to", "cc", "subject", "date", "message-id")
_SPACE = b" \t\r\n\v\f"
_NOT_BASE64 = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
)
_PORTION = 1024 * 1024
_MAX_DASHES = 5000
"""Lines that begin like a boundary and are looked at; what stands further down counts as one part."""
_MAX_HEAD = 4096
"""Bytes of a part's head that are looked at."""

_END = re.compile(rb"\r?\n\r?\n")
_TYPE = re.compile(rb"^content-type[ \t]*:\s*([^\s;]{1,200})", re.IGNORECASE | re.MULTILINE)
_ENCODING = re.compile(rb"^content-transfer-encoding[ \t]*:([^\n]{1,200})", re.IGNORECASE | re.MULTILINE)
_ENCODED = re.compile(rb"base64|quoted-printable", re.IGNORECASE)
_BOUNDARY = re.compile(rb"boundary[ \t]*=[ \t]*(?:\"([^\"\r\n]{1,256})\"|([^\s;\"]{1,256}))", re.IGNORECASE)


class _Piece(msgspec.Struct, frozen=True, kw_only=True):
    """The body of one part: what it says it is, and where it lies in the raw mail."""

    type: bytes
    encoding: bytes
    start: int
    end: int


def digest(raw: bytes, fields: Fields, start: int) -> str:
    """Hex SHA-256 over the author's fields and the contents of the body that begins at `start`. Never raises.

    Each hop adds trace fields, and may change line ends, white space and transfer encodings: none of that
    counts (R5).
    """
    hashed = hashlib.sha256()
    for name in _WRITTEN:
        for value in fields.all(name):
            _add(hashed, name.encode(), b" ".join(value.split()))
    for piece in _pieces(raw, fields, start):
        contents = hashlib.sha256()
        for content in _contents(raw, piece):
            contents.update(content)
        _add(hashed, piece.type, contents.digest())
    return hashed.hexdigest()


def _pieces(raw: bytes, fields: Fields, start: int) -> Iterator[_Piece]:
    """The parts in their order, however deep: preamble, contents, what stands after the last of them."""
    kind, parameters = content_type(fields)
    boundary = parameters.get("boundary", "").encode("utf-8", "replace")[:MAX_BOUNDARY].rstrip()
    boundaries = {boundary} - {b""}
    known = _Piece(
        type=(kind or "text/plain").encode("utf-8", "replace"),
        encoding=_encoding(fields.raw("content-transfer-encoding")),
        start=start,
        end=len(raw),
    )
    for position in _dashes(raw, start) if boundaries else ():
        line, after = _line(raw, position)
        name = line[2:]
        if position < known.start or not (name in boundaries or name.removesuffix(b"--") in boundaries):
            continue
        yield msgspec.structs.replace(known, end=position)
        known = _begun(raw, after, boundaries) if name in boundaries else _rest(raw, after)
    yield known


def _dashes(raw: bytes, start: int) -> Iterator[int]:
    """Where lines begin with two dashes."""
    position = start if raw.startswith(b"--", start) else _next(raw, start)
    for _ in range(_MAX_DASHES):
        if position < 0:
            return
        yield position
        position = _next(raw, position)


def _next(raw: bytes, position: int) -> int:
    found = raw.find(b"\n--", position)
    return found + 1 if found >= 0 else -1


def _line(raw: bytes, position: int) -> tuple[bytes, int]:
    """The line there, as far as a boundary's could go, and where it ends."""
    most = position + MAX_BOUNDARY + 100
    end = raw.find(b"\n", position, most)
    end = min(most, len(raw)) if end < 0 else end
    return raw[position:end].rstrip(), end


def _begun(raw: bytes, line_end: int, boundaries: set[bytes]) -> _Piece:
    """The part after a boundary's line; the boundary that it names itself is added to those known."""
    found = _END.search(raw, line_end, line_end + _MAX_HEAD)
    head = raw[line_end : found.end() if found else line_end + _MAX_HEAD]
    kind, encoding, boundary = _TYPE.search(head), _ENCODING.search(head), _BOUNDARY.search(head)
    if boundary:
        boundaries.add((boundary[1] or boundary[2]).rstrip())
    return _Piece(
        type=kind[1].lower() if kind else b"text/plain",
        encoding=_encoding(encoding[1]) if encoding else b"",
        start=found.end() if found else line_end,
        end=len(raw),
    )


def _encoding(value: bytes) -> bytes:
    found = _ENCODED.search(value)
    return found[0].lower() if found else b""


def _rest(raw: bytes, start: int) -> _Piece:
    return _Piece(type=b"", encoding=b"", start=start, end=len(raw))


def _contents(raw: bytes, piece: _Piece) -> Iterator[bytes]:
    """The content in portions, without its transfer encoding; but for binary files, without white space."""
    if piece.encoding == b"base64":
        text = piece.type.startswith(b"text/")
        for content in _of_base64(_portions(raw, piece)):
            yield content.translate(None, _SPACE) if text else content
        return
    for portion in _portions(raw, piece):
        decoded = binascii.a2b_qp(portion) if piece.encoding == b"quoted-printable" else portion
        yield decoded.translate(None, _SPACE)


def _of_base64(portions: Iterator[bytes]) -> Iterator[bytes]:
    """The content of base64 lines, however long they are. Whatever is no base64 is left out."""
    kept = b""
    for portion in portions:
        kept += portion.translate(None, _NOT_BASE64)
        whole = len(kept) // 4 * 4
        yield binascii.a2b_base64(kept[:whole])
        kept = kept[whole:]
    if len(kept) > 1:  # one character alone holds no byte
        yield binascii.a2b_base64(kept + b"=" * (4 - len(kept)))


def _portions(raw: bytes, piece: _Piece) -> Iterator[bytes]:
    """The piece's bytes, cut at the ends of lines."""
    start = piece.start
    while start < piece.end:
        end = min(piece.end, start + _PORTION)
        if end < piece.end:
            end = raw.rfind(b"\n", start, end) + 1 or end
        yield raw[start:end]
        start = end


def _add(hashed: hashlib._Hash, label: bytes, content: bytes) -> None:
    """Lengths go in front, so that no field can pass for two."""
    hashed.update(b"%d:%d:" % (len(label), len(content)))
    hashed.update(label)
    hashed.update(content)
