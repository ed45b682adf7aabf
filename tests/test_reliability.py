"""The page of promises and the tests stay in step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reliability.md").read_text()
ROWS = re.findall(r"^\| ([PR]\d+) \|.*\| ([^|]*) \|$", PAGE, re.MULTILINE)
HERE = Path(__file__).resolve()
TESTS = "\n".join(p.read_text() for p in sorted((ROOT / "tests").rglob("*.py")) if p.resolve() != HERE)


def test_every_promise_and_requirement_has_a_row() -> None:
    assert [name for name, _ in ROWS] == [f"P{n}" for n in range(1, 13)] + [f"R{n}" for n in range(1, 42)]


@pytest.mark.parametrize("name", [name for name, state in ROWS if not state.startswith("later")])
def test_whatever_is_promised_is_named_by_a_test(name: str) -> None:
    assert re.search(rf"(?<![A-Za-z0-9]){name}(?![0-9])|(?<=_){name.lower()}(?![0-9])", TESTS)
