"""A mail that is passed on: whose it was, what it said, and the words put in front of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels import clean
from channels.email.addresses import read_parties
from channels.email.html import Line, squeeze
from channels.email.quoting import label_of
from channels.email.replies import Border
from channels.message import Forward, Party

_MAX_HEAD = 16
_MARKS = re.compile(r"^(?:[ \t]*>)+ ?")
_VALUE = re.compile(r"^[^:：]{1,40}[:：][\s*_]*")  # noqa: RUF001 - the colon of East Asian mail programs
_MAILTO = re.compile(r"\[(?:mailto:)?([^\]\s]+@[^\]\s]+)\]")
_SUBJECT = re.compile(
    r"^\s*(?:fwd?|wg|tr|rv|enc|i|vb|vl|pd|doorst|továbbítás|ilt|пересл|转发|轉寄|転送)\s*[:：]",  # noqa: RUF001
    re.IGNORECASE,
)


# "VS" is a forward in Danish and Norwegian, and an answer in Finnish.
_NORDIC = re.compile(r"^\s*vs\s*:", re.IGNORECASE)


def is_forward_subject(subject: str, lines: Sequence[Line]) -> bool:
    """Whether a subject says that a mail is passed on, in the words of mail programs."""
    if _NORDIC.match(subject):
        return not any(line.text.startswith("Lähettäjä") for line in lines)
    return bool(_SUBJECT.match(subject))


def read_forward(lines: Sequence[Line], border: Border | None) -> Forward | None:
    """The mail that is passed on below the border; None where there is none, or nobody is named."""
    if border is None or border.kind != "forwarded":
        return None
    found, body = _head(lines, border.below)
    author = _author(found.get("from", ""))
    if not author.address and not author.name:
        return None
    return Forward(
        author=author,
        subject=clean.line(found.get("subject", "")),
        text=_text(lines[body:]),
        note=_text(lines[: border.position]),
    )


def _head(lines: Sequence[Line], start: int) -> tuple[dict[str, str], int]:
    """The labelled values of a head near `start`, and the line below it."""
    found: dict[str, str] = {}
    body = start
    for position in range(start, min(start + _MAX_HEAD, len(lines))):
        text = _MARKS.sub("", lines[position].text)
        kind = label_of(text)
        if kind and kind not in found:
            found[kind] = _VALUE.sub("", text.strip(" *_")).strip()
            body = position + 1
        elif found and not text.strip() and position == body and len(found) > 1:
            break
    return found, body


def _author(value: str) -> Party:
    parties = read_parties(_MAILTO.sub(r"<\1>", value))
    return parties[0] if parties else Party()


def _text(lines: Sequence[Line]) -> str:
    bare = tuple(Line(text=_MARKS.sub("", line.text)) for line in lines)
    return "\n".join(line.text for line in squeeze(bare))
