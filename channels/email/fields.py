"""The head of a mail or of a part: raw fields out of bytes, and the parameters of structured ones.

The standard library's header parsing raises on hostile input (R23) and its default policy takes several times
as long as reading the whole mail: fields are cut here from the bytes, and decoded only when asked for.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

import msgspec

from channels.email.charsets import decode
from channels.email.words import decode_words

MAX_FIELDS = 1000
MAX_HEAD = 512 * 1024
MAX_VALUE = 64 * 1024

_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_FOLD = re.compile(rb"[ \t]*\r?\n[ \t]*")
_PARAMETER = re.compile(r";\s*([^\s=;\"]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)(?:\"|$)|([^;]*))", re.DOTALL)
_CONTINUED = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_COMMENT = re.compile(r"\([^()]*\)")
_TYPE = re.compile(r"[\w.+$&^!#-]+/[\w.+$&^!#-]+")


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of one head, in order. Names are lower-case, values unfolded bytes."""

    items: tuple[tuple[str, bytes], ...] = ()
    named: dict[str, list[bytes]] = {}
    """The values of each name, in order: a head is asked for dozens of names."""
    cut: bool = False
    """Some fields were over a limit and left out."""

    def all(self, name: str) -> list[bytes]:
        """All values of a field, top of the mail first."""
        return self.named.get(name, [])

    def raw(self, name: str) -> bytes:
        """First value of a field, or nothing."""
        found = self.named.get(name)
        return found[0] if found else b""

    def has(self, name: str) -> bool:
        return name in self.named

    def plain(self, name: str) -> str:
        """First value as text, encoded words left as they are."""
        found = self.named.get(name)
        return decode(found[0])[0].strip() if found else ""

    def text(self, name: str) -> str:
        """First value as text, encoded words (RFC 2047) decoded."""
        return decode_words(self.plain(name))


def read_fields(raw: bytes, start: int = 0, end: int | None = None) -> tuple[Fields, int]:
    """The fields of the head that begins at `start`, and where the body begins. Never raises."""
    end = len(raw) if end is None else end
    if raw.startswith((b"\r\n", b"\n"), start, end):
        return Fields(), start + (2 if raw.startswith(b"\r\n", start) else 1)
    found = _END.search(raw, start, end)
    stop, body = (found.start(), found.end()) if found else (end, end)
    lines = raw[start : min(stop, start + MAX_HEAD)].split(b"\n")
    items, used = _collect(lines)
    if used < len(lines):
        body = start + sum(len(line) + 1 for line in lines[:used])
    cut = stop - start > MAX_HEAD or len(items) > MAX_FIELDS
    kept = tuple(items[:MAX_FIELDS])
    return Fields(items=kept, named=_named(kept), cut=cut), body


def _named(items: tuple[tuple[str, bytes], ...]) -> dict[str, list[bytes]]:
    named: dict[str, list[bytes]] = {}
    for name, value in items:
        named.setdefault(name, []).append(value)
    return named


def _collect(lines: list[bytes]) -> tuple[list[tuple[str, bytes]], int]:
    """Fields of the lines, and how many lines are head at all: after the last field none is."""
    items: list[tuple[str, list[bytes]]] = []
    matches = [_FIELD.match(line) for line in lines]
    last = max((number for number, match in enumerate(matches) if match), default=-1)
    used = len(lines)
    for number, (line, match) in enumerate(zip(lines, matches, strict=True)):
        if line[:1] in (b" ", b"\t") and items:
            items[-1][1].append(line)
        elif match:
            items.append((match[1].decode("ascii").lower(), [line[match.end() :]]))
        elif number > last and line.strip():
            used = number
            break
    return [(name, _unfold(value)) for name, value in items], used


def _unfold(lines: list[bytes]) -> bytes:
    if len(lines) == 1:
        return lines[0].strip(b" \t\r")[:MAX_VALUE]
    return b" ".join(line.strip(b" \t\r") for line in lines).strip()[:MAX_VALUE]


def read_parameters(value: str) -> tuple[str, dict[str, str]]:
    """A structured value such as Content-Type: its first token and its parameters, names in lower-case.

    Continuations and charsets (RFC 2231) are decoded, and encoded words, which are wrong here but common.
    """
    head, _, _ = value.partition(";")
    token = _COMMENT.sub("", head).strip().lower()
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for name, quoted, bare in _PARAMETER.findall(value[len(head) :][:MAX_VALUE]):
        text = _ESCAPED.sub(r"\1", quoted) if quoted else bare.strip().strip('"')
        known = _CONTINUED.fullmatch(name.lower())
        if known:
            pieces.setdefault(known[1], []).append((int(known[2] or 0), bool(known[3]), text))
    return token, {name: _joined(found) for name, found in pieces.items()}


def _joined(found: list[tuple[int, bool, str]]) -> str:
    """One parameter of its pieces. An extended value wins over the plain one beside it (RFC 6266, 4.3)."""
    if not any(extended for _, extended, _ in found):
        single = len(found) == 1 or len({number for number, _, _ in found}) < len(found)
        return decode_words(found[0][2] if single else "".join(text for _, _, text in sorted(found)))
    chosen = sorted(found) if len({n for n, _, _ in found}) == len(found) else [f for f in found if f[1]][:1]
    charset, data = "", b""
    for position, (_, extended, text) in enumerate(chosen):
        rest = text
        if position == 0 and extended and text.count("'") >= 2:
            charset, _, rest = text.split("'", 2)
        data += unquote_to_bytes(rest) if extended else rest.encode("utf-8", "surrogateescape")
    return decode(data, charset or None)[0]


def content_type(fields: Fields) -> tuple[str, dict[str, str]]:
    """Type in lower-case (empty where there is none or it is no type) and parameters of Content-Type."""
    token, parameters = read_parameters(fields.plain("content-type"))
    found = _TYPE.match(token)
    return (found[0] if found else ""), parameters
