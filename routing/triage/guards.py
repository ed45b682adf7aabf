"""What takes an alarm back: a denial before it, words that say it is over, a phrase that it is harmless in.

"Not urgent" must not alarm, "not only urgent" must; "the outage is over" must not, "until the outage is over"
must. So a negator counts only where nothing but fillers stands between it and the alarm, in one clause.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from routing.triage.defaults import LanguageData
from routing.triage.fold import Folded, fold

_LOOK_BACK = 160
_WRAPPED = 45
"""Characters of a line that a mail program may have wrapped."""
_REACH = 300
"""Characters of text before "it is fixed" that it speaks of."""
_CLAUSE_END = re.compile(r"[.!?;:,\n()\u2014\u2026]|\s-\s")
_TRIM = "\"'*_\u00ab\u00bb\u201e\u201c\u201d\u201a\u2018[]<>"

Phrases = frozenset[tuple[str, ...]]


class Guards:
    """The denying words of one language, or of several where the language cannot be told."""

    __slots__ = ("_doubts", "_fillers", "_negators", "_refutals", "_spent")

    def __init__(self, data: Sequence[LanguageData]) -> None:
        """Take the words from the data of the languages."""
        self._negators = _phrases(entry for one in data for entry in one.negators)
        self._doubts = _phrases(entry for one in data for entry in one.doubts)
        self._fillers = frozenset(fold(entry) for one in data for entry in one.fillers)
        self._spent = frozenset(fold(entry) for one in data for entry in one.spent)
        self._refutals = tuple(fold(entry) for one in data for entry in one.refutals)

    def denied(self, text: Folded, start: int) -> bool:
        """Whether what stands at `start` of the folded text is denied by what stands before it."""
        return self._preceded(text, start, self._negators)

    def goes_on(self, text: Folded, denied_end: int, start: int) -> bool:
        """Whether a denial that ended before goes on: "no emergency that needs immediate attention"."""
        between = text.text[denied_end:start]
        if len(between) > _LOOK_BACK or _CLAUSE_END.search(between):
            return False
        return all(word.strip(_TRIM) in self._fillers for word in between.split())

    def doubtful(self, text: Folded, start: int, end: int) -> bool:
        """Whether words saying that something is over are no such statement: asked, doubted or refuted."""
        if self._preceded(text, start, self._negators) or self._doubted(text, start):
            return True
        return text.text[end : end + 60].lstrip(" ,.-").startswith(self._refutals)

    def _preceded(self, text: Folded, start: int, phrases: Phrases) -> bool:
        words = _clause_before(text, start)
        while words:
            for length in (1, 2, 3, 4):
                if tuple(words[-length:]) in phrases and not self._belongs_to_before(words[:-length]):
                    return True
            if words[-1] not in self._fillers:
                return False
            words.pop()
        return False

    def _doubted(self, text: Folded, start: int) -> bool:
        words = _clause_before(text, start)
        places = range(len(words))
        return any(tuple(words[i : i + length]) in self._doubts for i in places for length in (1, 2, 3, 4))

    def _belongs_to_before(self, words: Sequence[str]) -> bool:
        return bool(words) and words[-1] in self._spent


def speaks_of(overs: Sequence[int], start: int) -> bool:
    """Whether one of the places, in order, where "it is over" stands speaks of an alarm at `start`.

    It speaks of what stands before it, not too far off.
    """
    following = bisect_left(overs, start)
    return following < len(overs) and overs[following] - start <= _REACH


def _clause_before(text: Folded, start: int) -> list[str]:
    """Words of the clause up to `start`. A line ends the clause unless it is so long that it was wrapped."""
    place, _ = text.span(start, start + 1)
    lines = text.source[max(0, place - _LOOK_BACK) : place].split("\n")
    wrapped = len(lines) > 1 and len(lines[-2]) >= _WRAPPED
    clause = _CLAUSE_END.split(fold(" ".join(lines[-2:]) if wrapped else lines[-1]))[-1]
    return [word.strip(_TRIM) for word in clause.split()]


def _phrases(entries: Iterable[str]) -> Phrases:
    return frozenset(tuple(fold(entry).split()) for entry in entries)
