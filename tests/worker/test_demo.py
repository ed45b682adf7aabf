"""`inlet up --demo`: signed traffic of both providers goes the whole way and shows what came of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.embedded.ports import free_port

PATIENCE = 90.0
ROWS = (
    "open normal order_status email Ada Morgan Order 10482 4 ",
    "open normal billing email Jürgen Weiß Rechnung doppelt abgebucht 3 ",
    "open urgent technical email Night Shift URGENT: production is down 1 ",
    "open normal warranty email Lee Park Broken handle 1 ",
    "open normal returns sms .12025550123 How do I return .* 2 ",
    "open normal shipping whatsapp Mia Schulz .* 1 ",
)
"""Status, priority, category, channel, sender, subject, and how many messages."""


@contextlib.contextmanager
def demo(environ: dict[str, str], out: Path) -> Iterator[str]:
    """A running demo, and what it said up to its last line."""
    with out.open("w") as file:
        command = [
            sys.executable,
            "-m",
            "worker.cli",
            "up",
            "--demo",
            "--port",
            str(free_port()),
            "--workers",
            "1",
        ]
        child = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=environ)
    deadline = time.monotonic() + PATIENCE
    try:
        while "@mail.eml" not in out.read_text():
            assert child.poll() is None, out.read_text()
            assert "The demo stopped" not in out.read_text(), out.read_text()
            assert time.monotonic() < deadline, out.read_text()
            time.sleep(0.05)
        yield out.read_text()
    finally:
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=PATIENCE) == 0


@pytest.fixture
def environ(open_folder: Path, tmp_path: Path) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if not name.startswith("INLET_")}
    return {**mine, "INLET_DATA": str(open_folder / "demo"), "HOME": str(tmp_path)}


def tickets(environ: dict[str, str]) -> list[dict[str, object]]:
    command = [sys.executable, "-m", "worker.cli", "tickets", "--tenant", "demo", "--json"]
    found: list[dict[str, object]] = json.loads(subprocess.check_output(command, env=environ))["items"]
    return found


def test_the_demo_is_told_once_and_its_signed_line_works(environ: dict[str, str], tmp_path: Path) -> None:
    with demo(environ, tmp_path / "first") as said:
        for row in ROWS:
            assert re.search(row.replace(" ", " +"), said), row
        assert len(tickets(environ)) == 6
        script = said.partition("Sign a mail yourself:")[2]
        subprocess.run(["/bin/sh", "-ec", script], cwd=tmp_path, env=environ, check=True)
        deadline = time.monotonic() + PATIENCE
        while len(tickets(environ)) != 7:
            assert time.monotonic() < deadline
    with demo(environ, tmp_path / "second") as said:
        assert "nothing is sent again" in said
        assert "My invoice" in said
        assert len(tickets(environ)) == 7
        command = [sys.executable, "-m", "worker.cli", "reconcile", "--json"]
        assert json.loads(subprocess.check_output(command, env=environ))["balanced"] is True
