"""What `inlet up` keeps running: real processes that die, hang and are started again."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from worker.embedded import processes
from worker.embedded.log import tail, trim
from worker.up_programs import Keeper, Program

SLEEPS = "import time; time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('ready', flush=True); time.sleep(600)"
)
DIES = "raise SystemExit(3)"
PATIENCE = 30.0


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Callable[[str], Program]]:
    made: list[Program] = []

    def make(code: str) -> Program:
        made.append(Program("part", [sys.executable, "-c", code], dict(os.environ), tmp_path / "part.log"))
        return made[-1]

    yield make
    for each in made:
        if each.pid is not None:
            processes.kill_group(each.pid)
            assert processes.gone(each.pid, PATIENCE)


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_part_that_died_is_started_again_at_once(program: Callable[[str], Program]) -> None:
    said: list[str] = []
    part = program(SLEEPS)
    keeper = Keeper(part, said.append)
    keeper.tend(0.0)
    first = part.pid
    assert first is not None
    assert said == []
    os.kill(first, signal.SIGKILL)
    assert processes.gone(first, PATIENCE)
    keeper.tend(1.0)
    assert part.pid not in (None, first)
    assert "died" in said[0]


def test_a_part_that_keeps_dying_is_started_later_and_later(program: Callable[[str], Program]) -> None:
    part = program(DIES)
    keeper = Keeper(part, lambda _: None)
    keeper.tend(0.0)
    waits, now = [], 0.0
    for _ in range(7):
        before, pid = now, part.pid
        assert pid is not None
        assert processes.gone(pid, PATIENCE)
        while part.pid == pid:
            keeper.tend(now)
            now += 0.5
        waits.append(now - 0.5 - before)
    assert waits == [0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0]


def test_a_part_that_ran_long_is_forgiven(program: Callable[[str], Program]) -> None:
    part = program(DIES)
    keeper = Keeper(part, lambda _: None)
    now = 0.0
    for _ in range(4):
        keeper.tend(now)
        assert part.pid is not None
        assert processes.gone(part.pid, PATIENCE)
        now += 100.0
        keeper.tend(now)
    assert keeper.deaths == 1


@pytest.mark.parametrize(
    ("code", "seconds"),
    [
        pytest.param(SLEEPS, PATIENCE, id="a polite one ends when asked"),
        pytest.param(STUBBORN, 0.2, id="a stubborn one is killed when its time is over"),
    ],
)
def test_a_program_is_stopped(program: Callable[[str], Program], code: str, seconds: float) -> None:
    part = program(code)
    part.launch()
    pid = part.pid
    assert pid is not None
    if code == STUBBORN:
        wait_for(lambda: "ready" in tail(part.log))
    part.stop(seconds)
    assert not processes.alive(pid)
    assert part.pid is None


def test_a_program_dies_with_the_one_that_started_it(tmp_path: Path) -> None:
    code = (
        "import os, sys, time; from pathlib import Path; from worker.up_programs import Program\n"
        f"folder = Path({str(tmp_path)!r})\n"
        f"child = Program('child', [sys.executable, '-c', {SLEEPS!r}], dict(os.environ), folder / 'log')\n"
        "child.launch(); (folder / 'pid').write_text(str(child.pid)); time.sleep(600)"
    )
    starter = processes.spawn([sys.executable, "-c", code])
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    child = int((tmp_path / "pid").read_text())
    os.kill(starter, signal.SIGKILL)
    assert processes.gone(starter, PATIENCE)
    assert processes.gone(child, PATIENCE)


def test_a_large_log_is_set_aside_while_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    with log.open("ab") as writer:
        writer.write(b"an early line\n")
        writer.flush()
        trim(log, 10)
        writer.write(b"later\n")
        writer.flush()
        trim(log, 10)
    assert log.read_bytes() == b"later\n"
    assert log.with_suffix(".log.1").read_bytes() == b"an early line\n"
