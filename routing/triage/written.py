"""What the customer wrote now: no subject that a reply inherits, no signature, no legal notice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from channels.message import InboundMessage
from routing.triage.fold import Folded
from routing.triage.patterns import Mark
from routing.triage.ruleset import Owner

LIMIT = 20_000
"""Characters of a text that are looked at: nobody writes more by hand, and what is pasted below says less."""
# What mail programs put before the subject of a reply, in the languages where it differs from "Re:".
_REPLY = re.compile(
    r"\s*(?:\[[^\]]*\]\s*)*(?:re|aw|antw|antwort|sv|vs|ynt|odp|rif|res|ref|bls|r)"
    r"(?:\[\d+\]|\^\d+|\(\d+\))?\s*[:\uff1a]",
    re.IGNORECASE,
)
_TICKET = re.compile(r"\[TKT-[A-Z0-9]+\]")
_DELIMITER = re.compile(r"^-- ?\r?$", re.MULTILINE)
_POSTSCRIPT = re.compile(r"^\s*p\.?\s?p?\.?\s?s\s?[.:]", re.IGNORECASE | re.MULTILINE)
_AFTER_SIGNOFF = 600
_ON_SIGNOFF = 80
"""Characters that may follow a sign-off: below its line, and on it."""


class Written(NamedTuple):
    """The two fields that rules are matched on."""

    subject: Folded
    text: Folded


def written_now(message: InboundMessage) -> Written:
    """Return what counts of a message. A reply's subject is quoted history, and does not."""
    subject = "" if _inherited(message) else message.subject[:LIMIT]
    return Written(Folded(subject), Folded((message.reply_text or message.text)[:LIMIT]))


def unwritten(text: Folded, marks: Iterable[Mark[Owner]]) -> tuple[int, int]:
    """Return the part of the source that is signature or notice, as offsets: empty where there is none."""
    starts = [start for mark in marks if (start := _closing(text, mark)) is not None]
    starts += [found.start() for found in _DELIMITER.finditer(text.source)][-1:]
    start = min((start for start in starts if _letters(text.source[:start])), default=len(text.source))
    postscript = _POSTSCRIPT.search(text.source, start)
    return start, postscript.start() if postscript else len(text.source)


def _inherited(message: InboundMessage) -> bool:
    """Whether the subject is that of an earlier mail.

    "Re:" without a mark of what is answered was typed by hand, for "regarding": that subject counts.
    """
    if _TICKET.search(message.subject):
        return True
    answers = message.mail is not None and bool(message.mail.in_reply_to or message.mail.references)
    return answers and _REPLY.match(message.subject) is not None


def _closing(text: Folded, mark: Mark[Owner]) -> int | None:
    """Where the part begins that a sign-off or a legal phrase closes the message with, or None."""
    role = mark.owner.role
    if role == "signoffs":
        start, end = text.span(mark.start, mark.end)
        return start if _is_signoff(text.source, start, end) else None
    if role == "disclaimers":
        start, _ = text.span(mark.start, mark.end)
        return text.source.rfind("\n\n", 0, start) + 1
    return None


def _is_signoff(source: str, start: int, end: int) -> bool:
    """A sign-off begins its line, at most a name follows on it, and little follows below it."""
    line_start = source.rfind("\n", 0, start) + 1
    line_end = source.find("\n", end)
    if line_end < 0:
        line_end = len(source)
    if (
        len(source) - line_end > _AFTER_SIGNOFF
        or line_end - end > _ON_SIGNOFF
        or source[line_start:start].strip()
    ):
        return False
    names = source[end:line_end].replace(",", " ").split()
    return len(names) <= 5 and all(not name[0].islower() for name in names)


def _letters(text: str) -> bool:
    return any(map(str.isalpha, text))
