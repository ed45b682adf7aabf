"""All rules' words in one automaton, all their patterns in one set: what stands where, in one pass each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from ahocorasick_rs import AhoCorasick

from routing.triage.expressions import Expressions

# Thai, Lao, Khmer, Japanese and Chinese are written without spaces: every place may be a word's edge.
_UNSPACED = ((0x0E00, 0x0EFF), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF), (0x20000, 0x323AF))
_WORD = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")

Owner = TypeVar("Owner")


class Literal(NamedTuple, Generic[Owner]):
    """A folded text to look for; whether a word must begin with it, and end with it."""

    text: str
    owner: Owner
    begins: bool = True
    ends: bool = True


class Mark(NamedTuple, Generic[Owner]):
    """Where something of an owner stands in folded text."""

    start: int
    end: int
    owner: Owner


class Matcher(Generic[Owner]):
    """Finds literals and patterns for their owners. Immutable once built."""

    def __init__(self, literals: Sequence[Literal[Owner]], patterns: Sequence[tuple[str, Owner]]) -> None:
        """Build from folded literals, none empty, and from patterns that were checked to be sound."""
        entries: dict[str, list[Literal[Owner]]] = {}
        for literal in literals:
            entries.setdefault(literal.text, []).append(literal)
        self._entries = tuple(map(tuple, entries.values()))
        self._automaton = AhoCorasick(list(entries)) if entries else None
        self._owners = [owner for _, owner in patterns]
        self._expressions = Expressions([text for text, _ in patterns])

    def find(self, folded: str) -> list[Mark[Owner]]:
        """Return everything that stands in the text, in the order of the places."""
        found = list(self._literals(folded))
        for number, start, end in self._expressions.find(folded):
            found.append(Mark(start, end, self._owners[number]))
        found.sort(key=lambda mark: (mark.start, -mark.end))
        return found

    def _literals(self, text: str) -> Iterator[Mark[Owner]]:
        if self._automaton is None:
            return
        for number, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            begins, ends = _edge(text, start), _edge(text, end)
            for _, owner, must_begin, must_end in self._entries[number]:
                if begins and ends:
                    yield Mark(start, end, owner)
                elif (begins or not must_begin) and (ends or not must_end):
                    yield Mark(_word_start(text, start), _word_end(text, end), owner)


def _edge(text: str, place: int) -> bool:
    """Whether a word can begin or end here: one of the two neighbours is no letter and no digit."""
    if place == 0 or place == len(text):
        return True
    before, after = text[place - 1], text[place]
    return not ((before in _WORD or _joins(before)) and (after in _WORD or _joins(after)))


def _joins(character: str) -> bool:
    """Whether a character joins others to a word; those of `_WORD` are known to."""
    if character.isascii() or not character.isalnum():
        return False
    code = ord(character)
    return not any(low <= code <= high for low, high in _UNSPACED)


def _word_start(text: str, place: int) -> int:
    """Where the word begins that a tail stands at the end of."""
    while not _edge(text, place):
        place -= 1
    return place


def _word_end(text: str, place: int) -> int:
    while not _edge(text, place):
        place += 1
    return place
