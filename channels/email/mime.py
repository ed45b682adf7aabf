"""The parts of a mail as a tree of byte ranges: nothing is copied, nothing decoded, every limit is kept.

The standard library reads a mail line by line and recurses without bound: a few deep or huge mails would hold
a worker for seconds (R12). Here each level is one search for its boundary in the bytes of the level above.
"""

from __future__ import annotations

import binascii
import re

import msgspec

from channels.email.fields import Fields, content_type, read_fields, read_parameters
from channels.email.words import read_base64

MAX_BOUNDARY = 256

_ENCODINGS = re.compile(r"base64|quoted-printable|x-uu(?:encode|e)?|uuencode|binary|8bit|7bit")
_BEGIN_UU = re.compile(rb"^begin [0-7]{3,4} [^\r\n]{0,255}\r?\n", re.MULTILINE)
_TAIL = re.compile(rb"(--)?[ \t]*(?:\r?\n|\Z)")
_MAX_LINES = 10_000
_GUESSED = re.compile(rb"(?:^|\n)--([^\s\r\n]{1,256})[ \t]*\r?\n(?:[!-9;-~]+:)", re.MULTILINE)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part: its fields, its type, and where its body lies in the raw mail."""

    fields: Fields
    type: str
    parameters: dict[str, str]
    disposition: str
    filename: str
    start: int
    end: int
    head: int
    """Where its own fields begin."""
    children: tuple[Part, ...] = ()

    @property
    def encoding(self) -> str:
        """The transfer encoding, as far as it is a known one."""
        found = _ENCODINGS.search(self.fields.plain("content-transfer-encoding").lower())
        return found[0] if found else ""

    @property
    def content_id(self) -> str:
        return self.fields.plain("content-id").strip().strip("<>")

    def content(self, raw: bytes, limit: int | None = None) -> bytes:
        """The body without its transfer encoding; of at most `limit` encoded bytes. Never raises."""
        end = self.end if limit is None else min(self.end, self.start + limit)
        return _decoded(raw[self.start : end], self.encoding)


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """All parts of a mail."""

    root: Part
    parts: int
    broken: bool = False
    """A multipart had no boundary, or parts stood outside of one."""
    cut: bool = False
    """There were more parts, or they were nested deeper, than is read."""


class _Builder:
    """Counts what is read, over all levels of one mail."""

    def __init__(self, raw: bytes, parts: int, depth: int) -> None:
        self.raw, self.left, self.depth = raw, parts, depth
        self.broken = self.cut = False

    def part(self, start: int, end: int, level: int, default: str) -> Part:
        fields, body = read_fields(self.raw, start, end)
        self.left -= 1
        return self.describe(fields, (start, min(body, end), end), level, default)

    def describe(self, fields: Fields, where: tuple[int, int, int], level: int, default: str) -> Part:
        head, start, end = where
        kind, parameters = content_type(fields)
        kind = kind or default
        disposition, more = read_parameters(fields.plain("content-disposition"))
        children: tuple[Part, ...] = ()
        if kind.startswith("multipart/"):
            children = self.children(kind, parameters.get("boundary", ""), (start, end), level)
            kind = kind if children else "text/plain"
        return Part(
            fields=fields,
            type=kind,
            parameters=parameters,
            disposition=disposition.split()[0] if disposition else "",
            filename=more.get("filename") or parameters.get("name") or more.get("name", ""),
            start=start,
            end=end,
            head=head,
            children=children,
        )

    def children(self, kind: str, boundary: str, where: tuple[int, int], level: int) -> tuple[Part, ...]:
        if level >= self.depth:
            self.cut = True
            return ()
        spans = self.spans(boundary, *where)
        default = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        found = []
        for start, end in spans:
            if self.left <= 0:
                self.cut = True
                break
            found.append(self.part(start, end, level + 1, default))
        return tuple(found)

    def spans(self, boundary: str, start: int, end: int) -> list[tuple[int, int]]:
        """Byte ranges between the boundary's lines. A boundary that is missing or wrong is guessed."""
        mark = boundary.encode("utf-8", "replace")[:MAX_BOUNDARY].rstrip()
        lines = _boundary_lines(self.raw, mark, start, end) if mark else []
        if not lines:
            self.broken = True
            guess = _GUESSED.search(self.raw, start, min(end, start + 65536))
            lines = _boundary_lines(self.raw, guess[1], start, end) if guess else []
        spans = []
        for number, (_, after, closing) in enumerate(lines):
            if closing:
                break
            until = lines[number + 1][0] if number + 1 < len(lines) else end
            spans.append((after, max(after, until)))
        return spans


def read_tree(raw: bytes, *, parts: int, depth: int) -> Tree:
    """The tree of a raw mail, of at most that many parts and levels. Never raises."""
    builder = _Builder(raw, parts, depth)
    root = builder.part(0, len(raw), 0, "text/plain")
    return Tree(root=root, parts=parts - builder.left, broken=builder.broken, cut=builder.cut)


def _boundary_lines(raw: bytes, mark: bytes, start: int, end: int) -> list[tuple[int, int, bool]]:
    """For each line of the boundary: where the part before ends, where the next begins, if it is the last."""
    found: list[tuple[int, int, bool]] = []
    mark = b"--" + mark
    position = start if raw.startswith(mark, start, end) else _next_line(raw, mark, start, end)
    for _ in range(_MAX_LINES):
        if position < 0:
            break
        tail = _TAIL.match(raw, position + len(mark), end)
        if tail:
            before = position - (2 if raw[max(start, position - 2) : position] == b"\r\n" else 1)
            found.append((max(before, start), tail.end(), tail[1] is not None))
        position = _next_line(raw, mark, position + len(mark), end)
    return found


def _next_line(raw: bytes, mark: bytes, start: int, end: int) -> int:
    """Where the next line that begins with the mark begins, or a negative number."""
    found = raw.find(b"\n" + mark, max(0, start - 1), end)
    return found + 1 if found >= 0 else -1


def _decoded(data: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return read_base64(data)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding.startswith(("x-uu", "uu")):
        return read_uuencoded(data)
    return data


def read_uuencoded(data: bytes) -> bytes:
    """What uuencoded text holds; the text itself where it is none. Never raises."""
    begin = _BEGIN_UU.search(data)
    if begin is None:
        return data
    out = []
    for line in data[begin.end() :].splitlines():
        if line.strip() in (b"end", b"`"):
            break
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            size = (((line[0] - 32) & 63) * 4 + 5) // 3
            out.append(_uu_line(line[:size]))
    return b"".join(out)


def _uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        return b""
