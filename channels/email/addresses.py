"""Mail addresses out of header values, for the lists that people's mailers really write."""

from __future__ import annotations

import re

from mailparser.utils import get_addresses

from channels.clean import storable
from channels.email.words import decode_words
from channels.message import Party

MAX_ADDRESSES = 500
_NAME = 500
_ADDRESS = 512
_VALUE = 64 * 1024

# By far the most common forms, `a@b` and `Name <a@b>`: mail-parser judges any, at several times the cost.
_SIMPLE = re.compile(
    r"(?:\"([^\"\\<>]*)\"|([^\"\\<>,;:()@]*?))\s*<\s*([^\s<>@,;:\"()]+@[^\s<>@,;:\"()]+)\s*>"
)
_BARE = re.compile(r"[^\s<>@,;:\"()\[\]]+@[^\s<>@,;:\"()\[\]]+")
_ANGLED = re.compile(r"< ?([^<> ]{1,400}) ?>")
_NO_ADDRESS = re.compile(r"[\s<>,;:\"()\[\]]+")
_SPLIT = re.compile(r" ?[,;] ?")
_NESTED = 3
_QUOTES = ("'", '"')
# A quote that ends one word and is not the last character: the first one belongs to this word alone.
_INNER = {quote: re.compile(rf"(?<=\S){quote}\s") for quote in _QUOTES}


def read_parties(value: str) -> list[Party]:
    """Who stands in a header value, in order, at most MAX_ADDRESSES. Never raises."""
    value = " ".join(value.split())[:_VALUE]
    if not value:
        return []
    found = _simple(value) or _judged(value) or _salvaged(value)
    parties = (party(name, address) for name, address in found[:MAX_ADDRESSES])
    return [one for one in parties if one.address or one.name]


def party(name: str, address: str) -> Party:
    """A party with its name decoded and its address normalised."""
    name = _bare(decode_words(name))
    address = normal(decode_words(address))
    return Party(
        name="" if name.lower() == address else storable(" ".join(name.split()), _NAME), address=address
    )


def _bare(name: str) -> str:
    """The name without the quotes around it. Quotes inside, as in `'Gina' via Support`, are part of it."""
    name = name.strip()
    if not name.strip("'\" "):
        return ""
    for _ in range(_NESTED):
        name = _unquoted(name).strip()
    return name


def _unquoted(name: str) -> str:
    for quote in _QUOTES:
        if name.count(quote) == 1:
            name = name.strip(quote)
        elif name.startswith(quote) and name.endswith(quote) and not _INNER[quote].search(name, 1):
            name = name[1:-1]
    return name


def normal(address: str) -> str:
    """The address as it is compared: lower-case, bare, no trailing dot. No judgement on its domain."""
    return storable(address.strip(" \t\r\n<>'\"").removeprefix("mailto:").rstrip(".").lower(), _ADDRESS)


def _simple(value: str) -> list[tuple[str, str]] | None:
    items = [value] if '"' in value else _SPLIT.split(value, MAX_ADDRESSES)
    found = []
    for item in items:
        known = _SIMPLE.fullmatch(item)
        if known:
            found.append((known[1] or known[2] or "", known[3]))
        elif _BARE.fullmatch(item):
            found.append(("", item))
        elif item:
            return None
    return found


def _judged(value: str) -> list[tuple[str, str]]:
    """mail-parser's reading: groups, comments, quoted local parts, no address that stands only in a name."""
    try:
        found = get_addresses(value, defects=[], decode_names=True)
    except Exception:  # noqa: BLE001 - parsing of hostile headers may raise anything (R23)
        return []
    return [(name, address) for name, address in found if "@" in address]


def _salvaged(value: str) -> list[tuple[str, str]]:
    """Whatever looks like an address where the header is no list of addresses at all."""
    found = []
    position = 0
    for match in _ANGLED.finditer(value):
        name = re.split(r"[,;]", value[position : match.start()][-_NAME:])[-1]
        found.append((name.strip(' "'), match[1]))
        position = match.end()
    if not found:
        found = [("", token) for token in _NO_ADDRESS.split(value) if _BARE.fullmatch(token)]
    empty = value.endswith(":;") or not value.strip("<> ")
    return found or ([] if empty else [(value[:_NAME].replace("<>", ""), "")])
