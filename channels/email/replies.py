"""What a customer wrote now: the reply without the mail that it answers.

Gone: quoted history, the line that introduces it, phone footers, disclaimers, list footers. Kept: sign-off
and name, mail that is passed on, and quotations between which the customer answers. Never empty (P12, R35).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from channels.email.bodies import quoted
from channels.email.footers import without_footers
from channels.email.html import Line, squeeze
from channels.email.quoting import (
    attribution_at,
    has_titles,
    head_at,
    is_forward,
    is_marker,
    is_rule,
    may_be_border,
    title_at,
)

_MAX_LINES = 10_000
_BLANKS = 3


class Border(msgspec.Struct, frozen=True, kw_only=True):
    """Where another mail begins, told by words: the one that is answered, or one that is passed on."""

    kind: Literal["answered", "forwarded"]
    position: int
    below: int
    """The first line that is not the border itself."""


def reply_of(lines: Sequence[Line], text: str, border: Border | None) -> str:
    """The reply in the lines of a mail; its whole text where nothing would remain."""
    if border is not None and border.kind == "forwarded":
        return "\n".join(line.text for line in squeeze(tuple(without_footers(lines)))).strip() or text
    kept = _without_quotations(list(lines) if border is None else _undrawn(lines[: border.position]))
    reply = _joined(without_footers(kept)) or _joined(kept)
    if not reply and border is not None:
        reply = _joined(without_footers(lines[border.below :]))
    return reply or text


def border_of(lines: Sequence[Line], *, forwarded: bool = False) -> Border | None:
    """The first border in the lines.

    `forwarded`: the subject says that a mail is passed on, so what looks like an answered one is that mail.
    """
    lines = lines[:_MAX_LINES]
    titled = has_titles("\n".join(line.text for line in lines))
    for position, line in enumerate(lines):
        if not line.text or line.text.lstrip().startswith(">"):
            continue
        if not titled and not may_be_border(line.text):
            continue
        if is_forward(line.text):
            return Border(kind="forwarded", position=position, below=position + 1)
        found = None if line.quoted else _answered_at(lines, position, titled=titled)
        if found is not None:
            kind: Literal["answered", "forwarded"] = "forwarded" if forwarded else "answered"
            return Border(kind=kind, position=found[0], below=found[0] if forwarded else found[1])
    return None


def _answered_at(lines: Sequence[Line], position: int, *, titled: bool) -> tuple[int, int] | None:
    """First line of a border that is known by the line at `position`, and the line below the border."""
    if titled and is_marker(lines[position].text):
        return _before_attribution(lines, position), position + 1
    if title_at(lines, position):
        return position, position + 1
    size = head_at(lines, position)
    if size:
        return position, position + size
    start = attribution_at(lines, position)
    if start is not None and not _quoted_below(lines, position):
        return start, position + 1
    return None


def _joined(lines: Sequence[Line]) -> str:
    return "\n".join(quoted(line) for line in squeeze(tuple(lines))).strip()


def _before_attribution(lines: Sequence[Line], position: int) -> int:
    """A marker is the first line of our mail: the line above it may say that we wrote."""
    for end in range(position - 1, max(-1, position - 1 - _BLANKS), -1):
        start = attribution_at(lines, end)
        if start is not None:
            return start
    return position


def _undrawn(lines: Sequence[Line]) -> list[Line]:
    kept = list(lines)
    while kept and (not kept[-1].text.strip() or is_rule(kept[-1].text)):
        kept.pop()
    return kept


def _quoted_below(lines: Sequence[Line], position: int) -> bool:
    below = next((line for line in lines[position + 1 : position + 1 + _BLANKS] if line.text.strip()), None)
    return below is not None and below.quoted


def _without_quotations(lines: list[Line]) -> list[Line]:
    """A quotation with nothing below goes, or an only one that is introduced; others are a conversation."""
    blocks = _blocks(lines)
    if not blocks:
        return lines
    start, end = blocks[-1]
    above = _attribution_above(lines, start)
    cut = start if above is None else above
    if not any(line.text.strip() for line in without_footers(lines[end:])):
        return _undrawn(lines[:cut])
    marked = not lines[start].text.lstrip().startswith(">")
    if len(blocks) == 1 and (above is not None or marked):
        return [*_undrawn(lines[:cut]), Line(text=""), *lines[end:]]
    return lines


def _attribution_above(lines: Sequence[Line], start: int) -> int | None:
    """Where the attribution of the quotation at `start` begins: in the lines just above it."""
    end = start - 1
    while end >= 0 and not lines[end].text.strip() and start - end < _BLANKS:
        end -= 1
    if end < 0:
        return None
    first = end
    while first >= 0 and lines[first].attribution:
        first -= 1
    return first + 1 if first < end else attribution_at(lines, end)


def _blocks(lines: Sequence[Line]) -> list[tuple[int, int]]:
    """Runs of quoted lines. Blank lines, and the rest of a quoted line that was wrapped, do not end a run."""
    blocks: list[tuple[int, int]] = []
    for position, line in enumerate(lines):
        if not line.quoted:
            continue
        if blocks and _belongs(lines, blocks[-1][1], position):
            blocks[-1] = (blocks[-1][0], position + 1)
        else:
            blocks.append((position, position + 1))
    return blocks


def _belongs(lines: Sequence[Line], end: int, position: int) -> bool:
    """Whether what stands between two quoted lines was quoted too: nothing, or the end of a wrapped line."""
    between = [line.text for line in lines[end:position]]
    if not any(text.strip() for text in between):
        return True
    return len(between) == 1 and len(lines[end - 1].text) > _WRAPPED


_WRAPPED = 40
"""Mail programs wrap longer lines only."""
