"""What the documents say of settings and commands is what the program has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from worker.setting_table import SETTINGS, Setting

CONFIGURATION = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
ROWS = dict(re.findall(r"^\| `(INLET_\w+)` \| (.+) \|$", CONFIGURATION, re.MULTILINE))


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_each_setting_is_documented_as_the_table_has_it(setting: Setting) -> None:
    default = f"`{setting.default}`" if setting.default else "none"
    assert ROWS[setting.name] == f"{default} | {setting.help}"


def test_no_setting_is_documented_that_does_not_exist() -> None:
    assert set(re.findall(r"INLET_\w+", CONFIGURATION)) == {setting.name for setting in SETTINGS}
