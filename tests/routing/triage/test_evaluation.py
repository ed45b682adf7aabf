"""The defaults on labelled lines, half of which were not looked at while the rules were written."""

from __future__ import annotations

import pytest

from tests.routing.triage.evaluate import DATA, figures

SETS = sorted(path.name.removesuffix(".tsv") for path in DATA.glob("*.tsv"))


@pytest.mark.parametrize("name", SETS)
def test_the_defaults_are_right_on_nearly_all_lines(name: str) -> None:
    found = figures(name)
    assert found.category >= 0.85
    assert found.priority >= 0.85
    assert found.alarm_precision >= 0.85
    assert found.alarm_recall >= 0.9


def test_each_language_that_ships_has_lines() -> None:
    assert {name.partition(".")[0] for name in SETS} >= {"en", "de"}
