"""From marks in a text to findings: which rules matched, where, and which of them were taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from routing.triage.fold import Folded
from routing.triage.guards import Guards, speaks_of
from routing.triage.patterns import Mark
from routing.triage.rule import Rule
from routing.triage.ruleset import Owner, Ruleset
from routing.triage.verdict import Hit
from routing.triage.written import Written, unwritten

MAX_HITS = 100
"""Hits that are kept of one message: more explain nothing, and each is stored."""
Field = Literal["subject", "text"]


class Finding(NamedTuple):
    """A rule and its hit."""

    rule: Rule
    hit: Hit


class _Reading(NamedTuple):
    """One field with everything that stands in it."""

    field: Field
    text: Folded
    marks: Sequence[Mark[Owner]]
    guards: Guards

    def over(self, *roles: str) -> list[int]:
        """Places where something is said to be over, and meant."""
        return [
            mark.start
            for mark in self.marks
            if mark.owner.role in roles and not self.guards.doubtful(self.text, mark.start, mark.end)
        ]


def find(written: Written, rules: Ruleset) -> list[Finding]:
    """Return what the rules find in what was written, the subject first, each in the order of the places."""
    text = _read("text", written.text, rules)
    said_over = text.over("over")
    found: list[Finding] = []
    if written.subject.text:
        subject = _read("subject", written.subject, rules)
        over_all = bool(said_over or subject.over("over", "over_alone"))
        found += _findings(subject, over_all=over_all, places=())
    found += _findings(text, over_all=False, places=said_over)
    return found[:MAX_HITS]


def _read(field: Field, text: Folded, rules: Ruleset) -> _Reading:
    marks = rules.find(text.text) if text.text else []
    if field == "text" and marks:
        marks = _written(text, marks)
    return _Reading(field, text, marks, rules.guards)


def _written(text: Folded, marks: list[Mark[Owner]]) -> list[Mark[Owner]]:
    """The marks outside of signature and notice."""
    start, end = unwritten(text, marks)
    if start == len(text.source):
        return marks
    if end < len(text.source):
        return [mark for mark in marks if not start <= text.span(mark.start, mark.end)[0] < end]
    kept = len(marks)
    while kept and text.span(marks[kept - 1].start, marks[kept - 1].end)[0] >= start:
        kept -= 1
    return marks[:kept]


def _findings(reading: _Reading, *, over_all: bool, places: Sequence[int]) -> Iterator[Finding]:
    covers = _Covers(reading.marks)
    denied_end = -1
    for mark, rule in _outermost(reading):
        why = covers.why(mark, rule)
        if not why and rule.can_be_denied:
            if over_all or speaks_of(places, mark.start):
                why = "over"
            elif _denied(mark, reading, denied_end):
                why = "denied"
        if why == "denied":
            denied_end = mark.end
        yield Finding(rule, _hit(mark, reading, why))


class _Covers:
    """Phrases that other marks can stand in, asked in the order of the places."""

    def __init__(self, marks: Sequence[Mark[Owner]]) -> None:
        covers = [mark for mark in marks if mark.owner.role == "harmless" or _calms(mark.owner.rule)]
        self._coming = covers[::-1]
        self._open: list[Mark[Owner]] = []

    def why(self, mark: Mark[Owner], rule: Rule) -> str:
        """Why the mark counts for nothing: it stands in a harmless phrase, or in a longer one that calms."""
        while self._coming and self._coming[-1].start <= mark.start:
            self._open.append(self._coming.pop())
        if not self._open:
            return ""
        self._open = [cover for cover in self._open if cover.end > mark.start]
        return next((why for cover in self._open if (why := _covered(mark, rule, cover))), "")


def _outermost(reading: _Reading) -> Iterator[tuple[Mark[Owner], Rule]]:
    """Marks of rules that are for the field; of a rule's marks inside each other only the longest."""
    ends: dict[str, int] = {}
    for mark in reading.marks:
        rule = mark.owner.rule
        if rule is None or reading.field not in rule.fields or mark.end <= ends.get(rule.id, -1):
            continue
        ends[rule.id] = mark.end
        yield mark, rule


def _calms(rule: Rule | None) -> bool:
    return rule is not None and rule.priority == "low"


def _covered(mark: Mark[Owner], rule: Rule, cover: Mark[Owner]) -> str:
    if cover.end < mark.end:
        return ""
    if cover.owner.role == "harmless":
        return "harmless" if cover.owner.only in ("", rule.id) else ""
    longer = cover.end - cover.start > mark.end - mark.start
    return "denied" if longer and rule.can_be_denied else ""


def _denied(mark: Mark[Owner], reading: _Reading, denied_end: int) -> bool:
    """Whether the mark is denied itself, or a denial that ended before goes on to it."""
    guards, text = reading.guards, reading.text
    if 0 <= denied_end <= mark.start and guards.goes_on(text, denied_end, mark.start):
        return True
    return guards.denied(text, mark.start)


def _hit(mark: Mark[Owner], reading: _Reading, why: str) -> Hit:
    start, end = reading.text.span(mark.start, mark.end)
    return Hit(
        rule=mark.owner.rule.id if mark.owner.rule else "",
        version=mark.owner.version,
        field=reading.field,
        start=start,
        end=end,
        text=reading.text.source[start:end],
        negated=bool(why),
        why=why,
    )
