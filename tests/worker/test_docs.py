"""What the documents say of settings, commands and the API is what the program has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from worker.api.explain import DryRun
from worker.api.table import operations
from worker.cli import app
from worker.reading import Reader
from worker.setting_table import SETTINGS, Setting

DOCS = Path(__file__).parents[2] / "docs"
CONFIGURATION = (DOCS / "configuration.md").read_text()
OPERATOR = (DOCS / "operator.md").read_text()
ROWS = dict(re.findall(r"^\| `(INLET_\w+)` \| (.+) \|$", CONFIGURATION, re.MULTILINE))


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_each_setting_is_documented_as_the_table_has_it(setting: Setting) -> None:
    default = f"`{setting.default}`" if setting.default else "none"
    assert ROWS[setting.name] == f"{default} | {setting.help}"


def test_no_setting_is_documented_that_does_not_exist() -> None:
    assert set(re.findall(r"INLET_\w+", CONFIGURATION)) == {setting.name for setting in SETTINGS}


def commands(group: Any, path: str = "inlet") -> list[str]:
    """Every command, with the groups that it stands in."""
    found = [
        f"{path} {one.name or one.callback.__name__.replace('_', '-')}" for one in group.registered_commands
    ]
    for one in group.registered_groups:
        found += commands(one.typer_instance, f"{path} {one.name}")
    return found


def test_each_command_is_documented_and_no_other() -> None:
    assert sorted(re.findall(r"^\| `(inlet [a-z -]+)` \|", OPERATOR, re.MULTILINE)) == sorted(commands(app))


def test_each_operation_is_documented_and_no_other() -> None:
    rows = operations(DryRun(Reader(seconds=1, memory=1 << 30)))
    documented = re.findall(r"^\| `([A-Z]+ /api/\S+)` \|", OPERATOR, re.MULTILINE)
    assert sorted(documented) == sorted(f"{row.method} {row.path}" for row in rows)
