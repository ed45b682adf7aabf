"""The walk in docs/architecture.md names what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
QUOTED = sorted(set(re.findall(r"`([^`\n]+)`", PAGE)))
SOURCE = "\n".join(
    p.read_text()
    for room in ("channels", "routing", "storage", "worker")
    for p in sorted((ROOT / room).rglob("*.*"))
    if p.suffix in (".py", ".sql")
)
NAMES = [q for q in QUOTED if re.fullmatch(r"[A-Za-z_][\w.]*(\(.*\))?", q) and not q.endswith(".py")]
FILES = [q for q in QUOTED if q.endswith((".py", "/"))]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_on_the_page_stands_in_the_source(name: str) -> None:
    last = name.partition("(")[0].rpartition(".")[2]
    assert re.search(rf"(?<!\w){re.escape(last)}(?!\w)", SOURCE)


@pytest.mark.parametrize("path", FILES)
def test_every_path_on_the_page_exists(path: str) -> None:
    assert (ROOT / path).exists() or any(
        (ROOT / room / path).exists() for room in ("channels", "routing", "storage", "worker")
    )
