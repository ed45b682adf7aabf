"""Precision and recall of the defaults on the labelled lines beside this file.

Run `python -m tests.routing.triage.evaluate` for the figures, with `--misses` for what went wrong in the
lines that were looked at while the rules were written. Of the held-out lines only figures are printed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.routing.triage.say import triage

DATA = Path(__file__).parent / "data"
ALARMS = ("high", "urgent")


class Line(NamedTuple):
    """One labelled message. In the files: priority, category, then subject and text, or the text alone."""

    priority: str
    category: str
    subject: str
    text: str


class Figures(NamedTuple):
    lines: int
    category: float
    priority: float
    alarm_precision: float
    alarm_recall: float


def lines_of(name: str) -> Iterator[Line]:
    for row in (DATA / f"{name}.tsv").read_text("utf-8").splitlines():
        priority, category, words = row.split("\t", 2)
        subject, _, text = words.replace("\\n", "\n").rpartition("\\t")
        yield Line(priority, category, subject, text)


def figures(name: str) -> Figures:
    language, _, _ = name.partition(".")
    lines = list(lines_of(name))
    verdicts = [triage(line.text, line.subject, languages=(language,)) for line in lines]
    said = [verdict.priority in ALARMS for verdict in verdicts]
    meant = [line.priority in ALARMS for line in lines]
    right = sum(map(min, said, meant))
    return Figures(
        len(lines),
        sum(line.category == verdict.category for line, verdict in zip(lines, verdicts, strict=True))
        / len(lines),
        sum(line.priority == verdict.priority for line, verdict in zip(lines, verdicts, strict=True))
        / len(lines),
        right / max(1, sum(said)),
        right / max(1, sum(meant)),
    )


def misses(name: str) -> Iterator[str]:
    language, _, _ = name.partition(".")
    for line in lines_of(name):
        verdict = triage(line.text, line.subject, languages=(language,))
        if (verdict.category, verdict.priority) != (line.category, line.priority):
            hits = ", ".join(f"{hit.rule}={hit.text!r}{hit.why and f' ({hit.why})'}" for hit in verdict.hits)
            yield f"{line.priority} {line.category}: {line.text[:80]!r}"
            yield f"    {verdict.priority} {verdict.category}, {verdict.language}: {hits}"


def main(arguments: list[str]) -> None:
    for path in sorted(DATA.glob("*.tsv")):
        name = path.name.removesuffix(".tsv")
        found = figures(name)
        print(  # noqa: T201 - the figures are what it is run for
            f"{name:12} {found.lines:4} lines, category {found.category:.2f}, priority {found.priority:.2f}, "
            f"alarms: precision {found.alarm_precision:.2f}, recall {found.alarm_recall:.2f}"
        )
        if "--misses" in arguments and "heldout" not in name:
            print("\n".join(misses(name)))  # noqa: T201 - same


if __name__ == "__main__":
    main(sys.argv[1:])
