"""Text as the rules see it: lower case, plain apostrophes, one space between words. Every place maps back.

Folding must be cheap for the many and right for the few, so it has two ways. Ordinary text is lowered and its
white space collapsed by C code, and the map back is only built when a hit needs it. Text with combining
marks, soft hyphens or invisible characters is rebuilt character by character first.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right

_APOSTROPHES = ("\u2019", "\u2018", "\u02bc", "\u00b4", "`", "\uff07")
_HYPHENS = ("\u2010", "\u2011", "\u2012", "\u2013")
_SPACES = "\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_PLAIN = (*((c, "'") for c in _APOSTROPHES), *((c, "-") for c in _HYPHENS), *((c, " ") for c in _SPACES))
# Characters that a reader does not see, but that stand between the letters of a word.
_INVISIBLE = ("\u00ad", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2060", "\ufeff")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CLUSTER = re.compile(r".[\u0300-\u036f]*", re.DOTALL)
_WORD = re.compile(r"\S+")


class Folded:
    """Folded text and the way back to the original, whose offsets `span` returns."""

    __slots__ = ("_clean", "_offsets", "_starts", "_words", "source", "text")

    def __init__(self, source: str) -> None:
        """Fold `source`. White space becomes one space, but blank lines stay."""
        self.source = source
        self._offsets: list[int] | None = None
        self._clean = _plain(source)
        if _odd(self._clean):
            self._clean, self._offsets = _rebuild(self._clean)
        self._starts: list[int] | None = None
        self._words: list[int] | None = None
        self.text = _collapse(self._clean)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets into the source of what stands at `start` up to `end` of the folded text."""
        if len(self.text) != len(self._clean):
            start, end = self._uncollapsed(start), self._uncollapsed(end - 1) + 1
        if self._offsets is not None:
            start, end = self._offsets[start], self._offsets[end]
        return start, end

    def _uncollapsed(self, place: int) -> int:
        """Place in the text before its white space was collapsed: only the gaps between words differ."""
        if self._words is None or self._starts is None:
            self._words = [m.start() for m in _WORD.finditer(self.text)]
            self._starts = [m.start() for m in _WORD.finditer(self._clean)]
        number = bisect_right(self._words, place) - 1
        if number < 0:
            return place
        return self._starts[number] + place - self._words[number]


def fold(text: str) -> str:
    """Return the folded form of a short text, such as a keyword."""
    return Folded(text).text.strip()


def _plain(text: str) -> str:
    """Give apostrophes, hyphens and spaces one form each, lone surrogates a visible one; same length."""
    text = text.replace("`", "'").replace("\t", " ").replace("\0", " ")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        text = _SURROGATE.sub("\ufffd", text)
    for typographic, plain in _PLAIN:
        text = text.replace(typographic, plain)
    return text


def _odd(text: str) -> bool:
    """Whether folding would change the number of characters other than white space."""
    if text.isascii():
        return False
    return (
        not unicodedata.is_normalized("NFC", text)
        or len(text.lower()) != len(text)
        or any(c in text for c in _INVISIBLE)
    )


def _rebuild(text: str) -> tuple[str, list[int]]:
    """Compose marks, drop what is invisible; the offset of each character that is left, and of the end."""
    characters: list[str] = []
    offsets: list[int] = []
    for match in _CLUSTER.finditer(text):
        if match[0] not in _INVISIBLE:
            composed = unicodedata.normalize("NFC", match[0])
            # U+0130 is the one letter that lower case makes longer.
            composed = "i" if composed == "\u0130" else composed
            characters.append(composed)
            offsets.extend([match.start()] * len(composed))
    offsets.append(len(text))
    return "".join(characters), offsets


def _collapse(text: str) -> str:
    """Lower case with one space between words; a blank line stays a break that no phrase reaches across.

    Most text keeps its length here, so that places need no map at all: the first way out.
    """
    lowered = text.lower()
    if "\r" not in lowered:
        flat = lowered.replace("\n\n", "\0\0").replace("\n", " ").replace("\0\0", "\n\n")
        if "  " not in flat:
            return flat
    parts = lowered.replace("\r\n", "\n").split("\n\n")
    return "\n\n".join(line for line in (" ".join(part.split()) for part in parts) if line)
