"""What stands below a reply that the customer did not write: phone footers, disclaimers, list footers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.email.html import Line
from channels.email.quoting import is_rule
from channels.email.reply_words import DEVICES, DISCLAIMERS, LISTS

_LINK = re.compile(r"[<(\[]\s*(?:https?:|mailto:)[^>)\]]*[>)\]]|https?://\S+")
_DEVICE = re.compile(rf"^[\s*_-]*(?:{DEVICES})", re.IGNORECASE)
_DISCLAIMER = re.compile(DISCLAIMERS, re.IGNORECASE)
_LIST = re.compile(LISTS, re.IGNORECASE)
_MAX_WORDS = 9
_MAX_LIST_FOOTER = 12
_DASHES = re.compile(r"^\s*(?:--|—|__)\s*$")


def without_footers(lines: Sequence[Line]) -> list[Line]:
    """The lines without the footers at their end, however many there are."""
    kept = list(lines)
    size = -1
    while len(kept) != size:
        size = len(kept)
        kept = _trimmed(kept)
        kept = _without_list_footer(kept)
        kept = _without_disclaimer(kept)
        if kept and is_device(kept[-1].text):
            kept.pop()
            kept = _trimmed(kept)
            if kept and _DASHES.match(kept[-1].text):
                kept.pop()
    return kept


def is_device(line: str) -> bool:
    """Whether a line says only with what it was sent."""
    words = _LINK.sub("", line).strip(" .\t")
    return bool(_DEVICE.match(words)) and len(words.split()) <= _MAX_WORDS and "," not in words


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
    """The last paragraph goes where it is a disclaimer, unless it is the only one."""
    start = len(lines)
    while start > 0 and lines[start - 1].text.strip():
        start -= 1
    paragraph = " ".join(line.text.strip(" *_") for line in lines[start:])
    if start == 0 or not _DISCLAIMER.search(paragraph[:8000]):
        return lines
    return lines[:start]
