"""What the first page says is there: its links, its chores, its commands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("page", sorted(p.name for p in ROOT.glob("*.md")))
def test_every_link_leads_to_a_file(page: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / page).read_text())
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("chore", sorted(set(re.findall(r"\bmake ([a-z]+)\b", README)) - {"and"}))
def test_every_chore_is_in_the_makefile(chore: str) -> None:
    assert re.search(rf"^{chore}:.*## ", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("command", sorted(set(re.findall(r"(?:^|`)inlet ([a-z]+)", README, re.MULTILINE))))
def test_every_command_exists(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "worker.cli", command, "--help"], capture_output=True, check=False
    )
    assert done.returncode == 0
