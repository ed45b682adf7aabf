"""Finding processes by what they were started with, whatever way the machine tells it."""

from __future__ import annotations

import os

import pytest

from worker.embedded import processes

NAMES = ("redis-server", "valkey-server")
CONFIG = "/srv/my data/redis/redis.conf"


@pytest.mark.parametrize(
    ("command", "ours"),
    [
        pytest.param(["/opt/redis-server", CONFIG], True, id="words: program and argument"),
        pytest.param(["redis-server", CONFIG], True, id="words: program by name alone"),
        pytest.param(["/usr/bin/vi", CONFIG], False, id="words: another program with our argument"),
        pytest.param(
            ["/opt/redis-server", f"{CONFIG}.old"], False, id="words: our program, another argument"
        ),
        pytest.param([f"/my opt/redis-server {CONFIG}"], True, id="text: spaces everywhere"),
        pytest.param([f"valkey-server --loud {CONFIG} more"], True, id="text: argument in the middle"),
        pytest.param([f"vi {CONFIG}"], False, id="text: another program with our argument"),
        pytest.param([f"/opt/redis-server {CONFIG}.old"], False, id="text: our program, another argument"),
        pytest.param([], False, id="nothing known: a process that just ended"),
    ],
)
def test_a_server_is_known_by_program_and_argument(command: list[str], ours: bool) -> None:
    assert processes.is_of(command, NAMES, CONFIG) is ours


def test_we_are_alive_and_found() -> None:
    assert processes.alive(os.getpid())
    assert os.getpid() in [pid for pid, _ in processes.commands()]


def test_a_number_that_nobody_has_is_not_alive() -> None:
    pid = processes.spawn(["/bin/true"])
    assert processes.gone(pid, 30.0)
    assert not processes.alive(pid)
