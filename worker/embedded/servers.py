"""The embedded servers of one data folder: both started, or taken over, and both stopped."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from worker.embedded import processes, programs
from worker.embedded.cluster import SYSTEM, Say, ServerError, find_cluster
from worker.embedded.log import tail
from worker.embedded.postgres_server import PostgresServer
from worker.embedded.redis_server import RedisServer

_TRIES = 15
"""Starts of a server that ends at once: its port was taken, or remains of the old one are still ending."""
_PROGRESS_SECONDS = 5.0
_STEP = 0.05

Pause = Callable[[float], None]
"""Waits so many seconds, or raises where there is no time left to wait."""


class Server(Protocol):
    """What both servers can do."""

    name: str
    log: Path
    pid: int | None
    port: int

    @property
    def url(self) -> str: ...
    def adopt(self) -> bool: ...
    def launch(self) -> None: ...
    def answers(self) -> bool: ...
    def prepare(self) -> None: ...
    def stop(self, seconds: float) -> None: ...


class BusyFolderError(Exception):
    """Another `inlet up` works on this data folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How the servers are to run. The defaults are right for everything but tests."""

    postgres: bool = True
    redis: bool = True
    durable: bool = True
    """False: nothing waits for the disk, and a power cut loses data."""
    tied: bool = False
    """They are killed when their starter dies, instead of waiting for the next one."""
    system: Path = SYSTEM
    settings: Mapping[str, str] = field(default_factory=dict)
    """Postgres settings over the usual ones."""


class Folder(AbstractContextManager["Folder"]):
    """A data folder that is ours alone as long as this is open."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        if not self.path.exists():
            self.path.mkdir(parents=True)
            # As root, Postgres' user has to pass through; every file inside is closed by itself.
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        self._lock = os.open(self.path / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> Self:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise BusyFolderError(f"Another `inlet up` is running on {self.path}.") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._lock)


def build(data: Path, wishes: Wishes, say: Say) -> list[Server]:
    """The wished servers of a data folder, Postgres first; nothing runs yet."""
    servers: list[Server] = []
    if wishes.postgres:
        settings = {**wishes.settings, **({} if wishes.durable else {"fsync": "off"})}
        cluster = find_cluster(data, wishes.system, say)
        servers.append(PostgresServer(cluster, data / "postgres.log", settings=settings, tied=wishes.tied))
    if wishes.redis:
        program = programs.redis_program()
        log = data / "redis.log"
        servers.append(RedisServer(data / "redis", program, log, durable=wishes.durable, tied=wishes.tied))
    return servers


def start(server: Server, say: Say, pause: Pause = time.sleep) -> None:
    """Take the server over or start it, and wait until it answers, however long it recovers.

    What `pause` raises ends the waiting. Raises ServerError where it cannot run.
    """
    if server.adopt():
        say(f"Took over the {server.name} that an earlier run left behind (process {server.pid}).")
    else:
        server.launch()
    _wait(server, say, pause)
    server.prepare()


def stop(servers: list[Server], seconds: float) -> None:
    """Stop the servers, the last one first, each within so many seconds."""
    for server in reversed(servers):
        server.stop(seconds)


def _wait(server: Server, say: Say, pause: Pause) -> None:
    tries, spoke = 1, time.monotonic()
    while not server.answers():
        if server.pid is None or not processes.alive(server.pid):
            tries = _try_again(server, tries, pause)
        if time.monotonic() - spoke > _PROGRESS_SECONDS:
            spoke = time.monotonic()
            say(f"{server.name} is getting ready: {tail(server.log, 1)}")
        pause(_STEP)


def _try_again(server: Server, tries: int, pause: Pause) -> int:
    if tries >= _TRIES:
        raise ServerError(f"{server.name} does not start. The end of {server.log}:\n{tail(server.log)}")
    pause(min(0.1 * tries, 1.0))
    server.port = 0
    server.launch()
    return tries + 1
