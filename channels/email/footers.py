"""What stands below a reply that the customer did not write: phone footers, disclaimers, list footers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.email.html import Line
from channels.email.patterns import words
from channels.email.quoting import is_rule
from channels.email.reply_words import DEVICES, DISCLAIMERS, LISTS

_LINK = re.compile(r"[<(\[]\s*(?:https?:|mailto:)[^>)\]]*[>)\]]|https?://\S+")
_DEVICE = re.compile(rf"^[\s*_-]*(?:{DEVICES})", re.IGNORECASE)
_DISCLAIMER = words(DISCLAIMERS)
_LIST = words(LISTS)
_DASHES = re.compile(r"^\s*(?:--|—|__)\s*$")
_MAX_DEVICE = 300
_MAX_WORDS = 12
_MAX_LIST_FOOTER = 12
_MAX_DISCLAIMER = 60
_MAX_ROUNDS = 10


def without_footers(lines: Sequence[Line]) -> list[Line]:
    """The lines without the footers at their end, a few of each kind."""
    kept = list(lines)
    for _ in range(_MAX_ROUNDS):
        size = len(kept)
        kept = _without_disclaimer(_without_list_footer(_trimmed(kept)))
        if kept and is_device(kept[-1].text):
            kept = _trimmed(kept[:-1])
            if kept and _DASHES.match(kept[-1].text):
                kept.pop()
        if len(kept) == size:
            break
    return kept


def is_device(line: str) -> bool:
    """Whether a line says only with what it was sent."""
    if len(line) > _MAX_DEVICE:
        return False
    said = _LINK.sub("", line).strip(" .\t")
    return bool(_DEVICE.match(said)) and len(said.split()) <= _MAX_WORDS and "," not in said


def _trimmed(lines: list[Line]) -> list[Line]:
    while lines and not lines[-1].text.strip():
        lines.pop()
    return lines


def _without_list_footer(lines: list[Line]) -> list[Line]:
    """Lists draw a rule and say below it what they are."""
    first = max(0, len(lines) - _MAX_LIST_FOOTER)
    for position in range(first, len(lines)):
        if is_rule(lines[position].text):
            below = lines[position + 1 :]
            if any(_LIST.search(line.text) for line in below):
                return lines[:position]
    return lines


def _without_disclaimer(lines: list[Line]) -> list[Line]:
    """All from the first paragraph near the end that lawyers wrote, unless nothing stands above it."""
    first = max(0, len(lines) - _MAX_DISCLAIMER)
    starts = [
        position
        for position in range(max(1, first), len(lines))
        if lines[position].text.strip() and not lines[position - 1].text.strip()
    ]
    for start, end in zip(starts, [*starts, len(lines)][1:], strict=True):
        if _DISCLAIMER.search(" ".join(line.text.strip(" *_") for line in lines[start:end])[:8000]):
            return _undrawn(lines[:start])
    return lines


def _undrawn(lines: list[Line]) -> list[Line]:
    while lines and (not lines[-1].text.strip() or is_rule(lines[-1].text)):
        lines.pop()
    return lines
