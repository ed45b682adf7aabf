"""Logs of servers and programs: files that their writers append to."""

from __future__ import annotations

import shutil
from pathlib import Path

MOST_BYTES = 50_000_000


def trim(log: Path, most: int = MOST_BYTES) -> None:
    """Set a large log aside. Its writers append, so that they go on at its new beginning."""
    if log.exists() and log.stat().st_size > most:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        with log.open("r+b") as file:
            file.truncate()


def tail(log: Path, lines: int = 8) -> str:
    """The last lines of a log."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:])
