"""Tables of the command line: what is copied out of them, or read by programs, is whole."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest

from worker.cli.base import print_table, when

ACCOUNT = "acc_abcdefghijklmnopqrstuvwxy"
SECRET = "01234567-89ab-7cde-8f01-23456789abcd"
SUBJECT = "A subject that is longer than any terminal is wide. " * 2 + "End."
PROGRAM = f"""
from worker.cli.base import print_table
row = ({ACCOUNT!r}, {SECRET!r}, "TKT-0001", {SUBJECT!r})
print_table(("ACCOUNT", "ID", "TICKET", "SUBJECT"), [row], empty="")
"""


def test_a_piped_table_has_one_whole_line_for_each_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_table(("ID", "SUBJECT", "NEEDS"), [(SECRET, SUBJECT, "one\ntwo"), ("b", "[red]", None)], empty="")
    title, first, second = capsys.readouterr().out.splitlines()
    assert title.split() == ["ID", "SUBJECT", "NEEDS"]
    assert first == f"{SECRET}  {SUBJECT}  one / two"
    assert second.split() == ["b", "[red]"]
    assert title.index("NEEDS") == first.index("one")


@pytest.mark.parametrize("columns", ["200", "80", "40"])
def test_an_id_is_whole_in_a_terminal_however_narrow(columns: str) -> None:
    told, terminal = pty.openpty()
    env = {**os.environ, "COLUMNS": columns, "TERM": "dumb"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], stdout=terminal, env=env, timeout=60, check=False)
    os.close(terminal)
    shown = os.read(told, 65536).decode()
    os.close(told)
    assert done.returncode == 0
    assert [one for one in (ACCOUNT, SECRET, "TKT-0001") if one not in shown] == []


def test_an_empty_table_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("ID",), [], empty="There is none.")
    assert capsys.readouterr().out == "There is none.\n"


def test_times_are_shown_in_utc_to_the_second(capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime(2026, 3, 1, 1, 30, 5, 678901, tzinfo=timezone(timedelta(hours=2)))
    assert when(at) == "2026-02-28T23:30:05Z"
    print_table(("MADE",), [(at,), (datetime(2026, 1, 2, tzinfo=UTC),)], empty="")
    assert capsys.readouterr().out.split() == ["MADE", "2026-02-28T23:30:05Z", "2026-01-02T00:00:00Z"]
