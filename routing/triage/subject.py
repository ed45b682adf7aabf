"""What a ticket is called: the first line of its customer's messages that says something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from channels.message import InboundMessage
from routing.triage.defaults import languages
from routing.triage.fold import fold

LENGTH = 120
"""Characters of a subject that is taken from a text."""
_PREFIX = re.compile(
    r"\s*(?:(?:re|aw|antw|antwort|sv|vs|ynt|odp|rif|res|fwd?|wg|tr|rv|enc|i|doorst)"
    r"(?:\[\d+\]|\^\d+|\(\d+\))?\s*[:\uff1a]\s*)+",
    re.IGNORECASE,
)
_LINES = 30
_EDGES = " \t\r\n,;:.!?-\u2013\u2014\u2026*_>\"'\u201e\u201c\u201d\u00ab\u00bb()[]\u00a1\u00bf"
_CALLS = {"missed_call": "Missed call from", "voicemail": "Voicemail from"}
_PLACEHOLDERS = ("Message from ", "Attachment: ")


def derive_subject(old_subject: str, message: InboundMessage) -> str:
    """Return the subject of a ticket after one more message of its customer; never empty.

    `old_subject` is empty for a new ticket. What says something stays; a mere greeting gives way to the first
    line that says more.
    """
    if _says_something(old_subject) and not old_subject.startswith(_PLACEHOLDERS):
        return old_subject
    return _own(message) or _line(message) or old_subject or _placeholder(message)


def _own(message: InboundMessage) -> str:
    subject = _PREFIX.sub("", " ".join(message.subject.split()), count=1)
    if message.kind in _CALLS and not subject:
        return f"{_CALLS[message.kind]} {_sender(message)}"
    return subject if _says_something(subject) else ""


def _line(message: InboundMessage) -> str:
    return next(_meaningful(message.reply_text or message.text), "")


def _placeholder(message: InboundMessage) -> str:
    words = " ".join(f"{message.subject} {message.reply_text or message.text}".split())
    if words:
        return _cut(words)
    if message.attachments:
        return f"Attachment: {message.attachments[0].filename}"
    return f"Message from {_sender(message)}"


def _sender(message: InboundMessage) -> str:
    return message.sender.name or message.sender.address or "somebody"


def _meaningful(text: str) -> Iterator[str]:
    for line in text.splitlines()[:_LINES]:
        rest = _without_greeting(line.strip())
        if _says_something(rest):
            yield _cut(rest)


def _says_something(line: str) -> bool:
    """Whether a line is more than a greeting, a name after one, or "can you help me"."""
    rest = _without_greeting(line).strip(_EDGES)
    return any(map(str.isalnum, rest)) and fold(rest) not in _openers()


def _without_greeting(line: str) -> str:
    """The line without "Hello," or "Hi Anna," in front."""
    words = line.split()
    length = _greeting_length(words)
    if not length:
        return line
    rest = words[length:]
    if words[length - 1][-1] in ",!.":
        return " ".join(rest)
    names = 0
    while names < min(len(rest), 4) and _is_name(rest[names]):
        names += 1
        if rest[names - 1][-1] in ",!.;:":
            return " ".join(rest[names:])
    # "Hi Anna" ends with the name; in "Hi Twilio is down" the capital begins what is said.
    return " ".join(rest[names:]) if names == len(rest) else " ".join(rest)


def _is_name(word: str) -> bool:
    bare = word.strip(_EDGES)
    return bare[:1].isupper() or fold(bare) in _names() or not bare


def _greeting_length(words: list[str]) -> int:
    """How many words at the beginning are a greeting; the longest that fits."""
    bare = [fold(word.strip(_EDGES)) for word in words[:4]]
    return next((n for n in range(len(bare), 0, -1) if " ".join(bare[:n]) in _greetings()), 0)


@cache
def _greetings() -> frozenset[str]:
    return frozenset(fold(entry) for data in languages().values() for entry in data.greetings)


@cache
def _openers() -> frozenset[str]:
    return frozenset(fold(entry) for data in languages().values() for entry in data.openers)


@cache
def _names() -> frozenset[str]:
    return frozenset(fold(entry) for data in languages().values() for entry in data.names)


def _cut(line: str) -> str:
    """The line, or as many of its words as fit."""
    line = " ".join(line.split())
    if len(line) <= LENGTH:
        return line
    return f"{line[: LENGTH - 1].rsplit(' ', 1)[0]}…"
