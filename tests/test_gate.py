"""The gate runs everything: with INLET_NO_SKIPS a test that is left out fails it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")
HOOKS = f"""
import importlib.util, sys
spec = importlib.util.spec_from_file_location("gate", {str(CONFTEST)!r})
gate = sys.modules["gate"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(gate)
pytest_runtest_makereport = gate.pytest_runtest_makereport
pytest_make_collect_report = gate.pytest_make_collect_report
"""
TESTS = {
    "whole": "def test_it(): pass",
    "mark": "import pytest\n@pytest.mark.skip\ndef test_it(): pass",
    "call": "import pytest\ndef test_it(): pytest.skip('no')",
    "module": "import pytest\npytest.skip('no', allow_module_level=True)",
    "expected_to_fail": "import pytest\n@pytest.mark.xfail\ndef test_it(): assert 0",
    "fails_no_more": "import pytest\n@pytest.mark.xfail\ndef test_it(): pass",
    "empty_table": "import pytest\n@pytest.mark.parametrize('n', [])\ndef test_it(n): pass",
}


@pytest.mark.parametrize("processes", ["0", "2"], ids=["one process", "xdist"])
def test_what_is_left_out_fails_the_gate(tmp_path: Path, processes: str) -> None:
    (tmp_path / "conftest.py").write_text(HOOKS)
    for name, code in TESTS.items():
        (tmp_path / f"test_{name}.py").write_text(code)
    options = ["-q", "-rA", "--continue-on-collection-errors", "-p", "no:cacheprovider", "-n", processes]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "INLET_NO_SKIPS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert done.returncode != 0
    for name in TESTS:
        words = {line.split()[0] for line in lines if f" test_{name}.py" in line}
        assert (
            words & {"PASSED", "FAILED", "ERROR"} == {"PASSED"}
            if name == "whole"
            else words & {"FAILED", "ERROR"}
        )
        assert not words & {"SKIPPED", "XFAIL", "XPASS"}
