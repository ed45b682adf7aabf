"""`inlet up`: everything on this machine starts, survives what is killed, and stops in order."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import PATIENCE, Up
from worker.embedded import processes
from worker.embedded.ports import free_port
from worker.up_house import what_is_missing


@pytest.fixture(scope="module")
def home(open_folder: Path) -> Iterator[Path]:
    """Of all tests here: to make a cluster takes longer than to start it."""
    home = open_folder / f"up{time.monotonic_ns()}"
    home.mkdir()
    home.chmod(0o755)
    yield home
    shutil.rmtree(home)


@pytest.fixture
def up(home: Path) -> Iterator[Up]:
    """Stopped before and after the test; its data are those that earlier tests left."""
    up = Up(data=home / "data", port=free_port())
    yield up
    if up.child and up.child.poll() is None:
        up.kill()
    for pid in up.parts().values():
        processes.kill_group(pid)
        assert processes.gone(pid, PATIENCE)


def test_it_starts_serves_and_stops_in_order(up: Up) -> None:
    up.run()
    assert not what_is_missing(up.url)
    assert "items" in up.ask("/api/tickets")
    parts = up.parts()
    assert set(parts) == {"receive", "work", "Redis", "Postgres"}
    state = json.loads((up.data / "state.json").read_text())
    assert state["pid"] == up.child.pid if up.child else None
    assert state["url"] == up.url
    for name in ("state.json", "secret.key", "operator.key"):
        assert stat.S_IMODE((up.data / name).stat().st_mode) == 0o600
    assert up.child
    began = time.monotonic()
    up.child.send_signal(signal.SIGTERM)
    ended: list[str] = []
    while len(ended) < len(parts):
        ended += [name for name in parts if name not in ended and not processes.alive(parts[name])]
        assert time.monotonic() - began < 15
    assert ended == ["receive", "work", "Redis", "Postgres"]
    assert up.child.wait(timeout=PATIENCE) == 0
    assert not (up.data / "state.json").exists()


def test_ctrl_c_in_the_terminal_reaches_only_up_itself(up: Up) -> None:
    up.run()
    assert up.stop(signal.SIGINT, group=True) == 0
    assert up.parts() == {}
    assert "fast shutdown" in (up.data / "postgres.log").read_text()


def test_after_the_kill_of_up_its_programs_are_gone_and_the_next_one_takes_over_the_servers(up: Up) -> None:
    up.run()
    key, before = (up.data / "operator.key").read_text(), up.parts()
    up.kill()
    for name in ("receive", "work"):
        assert processes.gone(before[name], PATIENCE)
    up.run()
    after = up.parts()
    assert (after["Postgres"], after["Redis"]) == (before["Postgres"], before["Redis"])
    assert up.said().count("Took over") == 2
    assert (up.data / "operator.key").read_text() == key
    assert up.stop() == 0
    assert up.parts() == {}


def test_p1_after_the_kill_of_everything_the_next_up_goes_on_with_the_same_data(up: Up) -> None:
    up.run()
    assert up.inlet("tenant", "add", "kept").returncode == 0
    parts = up.parts()
    up.kill()
    for pid in parts.values():
        if processes.alive(pid):
            os.kill(pid, signal.SIGKILL)
        assert processes.gone(pid, PATIENCE)
    up.run()
    assert up.ask("/api/tickets?tenant=kept")["items"] == []
    assert up.stop() == 0


@pytest.mark.parametrize("part", ["receive", "work", "Redis", "Postgres"])
def test_whatever_is_killed_comes_back(up: Up, part: str) -> None:
    up.run()
    before = up.parts()[part]
    os.kill(before, signal.SIGKILL)
    up.wait_for(lambda: up.parts().get(part, before) != before and not what_is_missing(up.url))
    up.wait_for(lambda: up.inlet("tenant", "add", f"after-{time.monotonic_ns()}").returncode == 0)
    assert "died and is started again" in up.said()
    assert up.stop() == 0
    assert up.parts() == {}


def test_a_second_up_on_the_same_folder_says_so(up: Up) -> None:
    up.run()
    done = up.inlet("up", "--port", str(free_port()))
    assert done.returncode == 1
    assert "Another `inlet up`" in done.stderr
    assert not what_is_missing(up.url)
    assert up.stop() == 0


def test_a_receiver_that_cannot_run_ends_up_with_the_end_of_its_log(up: Up, tmp_path: Path) -> None:
    refuses = (
        "import sys\nif sys.orig_argv[-1:] == ['receive']: raise SystemExit('no receiver on this machine')"
    )
    (tmp_path / "sitecustomize.py").write_text(refuses)
    command = [sys.executable, "-m", "worker.cli", "up", "--port", str(up.port), "--workers", "1"]
    environ = {**up.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 1
    assert "Receiver keeps dying" in done.stderr
    assert "no receiver on this machine" in done.stderr
    assert up.parts() == {}


def test_a_port_in_use_is_named_and_nothing_is_started(up: Up) -> None:
    with socket.create_server(("127.0.0.1", up.port)):
        done = up.inlet("up", "--port", str(up.port))
    assert done.returncode == 1
    assert f"127.0.0.1:{up.port} is in use" in done.stderr
    assert up.parts() == {}


def test_a_port_given_by_environment_is_used_and_a_wrong_setting_is_told(up: Up) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "worker.cli", "up"],
        env={**up.environ, "INLET_BATCH": "many"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "INLET_BATCH" in done.stderr


def test_the_lines_to_try_work_as_printed(up: Up) -> None:
    up.run()
    lines = re.findall(
        r"^  ((?:INLET_DATA=\S+ \S*inlet|curl) (?:[^\n]*\\\n)*[^\n]*)$", up.said(), re.MULTILINE
    )
    assert len(lines) == 4
    for line in lines[:2]:
        subprocess.run(["/bin/bash", "-ec", line], check=True)
    up.wait_for(lambda: up.ask("/api/tickets?tenant=acme")["items"])
    for line in lines[2:]:
        shown = subprocess.run(["/bin/bash", "-ec", line], check=True, capture_output=True)
        assert json.loads(shown.stdout)["items"]
    assert up.stop() == 0


def test_servers_of_ones_own_are_used_and_left_alone(up: Up, database_url: str, redis_url: str) -> None:
    up.data = up.data.with_name("other")
    environ = {**up.environ, "INLET_DATABASE_URL": database_url, "INLET_REDIS_URL": redis_url}
    with up.out.open("w") as out:
        command = [sys.executable, "-m", "worker.cli", "up", "--port", str(up.port), "--workers", "1"]
        up.child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, text=True, env=environ)
    up.wait_for(lambda: "Inlet is running" in up.said())
    assert set(up.parts()) == {"receive", "work"}
    assert up.stop() == 0
    assert not (up.data / "postgres").exists()
