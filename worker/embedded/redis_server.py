"""One Redis or Valkey on the loopback interface: started, adopted after a crash of ours, stopped."""

from __future__ import annotations

import secrets
import signal
import socket
from pathlib import Path

from worker.embedded import processes
from worker.embedded.ports import LOOPBACK, free_port
from worker.embedded.private import read_or_make, write_private

_CONFIG = """\
bind {host}
port {port}
requirepass {password}
dir {folder}
daemonize no
set-proc-title no
appendonly yes
appendfsync {fsync}
save ""
maxmemory-policy noeviction
"""
_NAMES = ("redis-server", "valkey-server")


class RedisServer:
    """The server of a folder. `port` is 0 until it is launched or adopted, and the same from then on."""

    name = "Redis"

    def __init__(self, folder: Path, program: Path, log: Path, *, durable: bool, tied: bool) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.log = log
        self.pid: int | None = None
        self.port = 0
        self._folder = folder
        self._program = program
        self._config = folder / "redis.conf"
        self._password = read_or_make(folder / "password", lambda: secrets.token_urlsafe(24))
        self._durable = durable
        self._tied = tied

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def adopt(self) -> bool:
        """Take over the server that a killed run of ours left behind; False where there is none.

        One that does not take our password is ended: two servers on one folder would spoil it.
        """
        self.pid = processes.find(_NAMES, str(self._config))
        self.port = self._noted_port() if self.pid else 0
        if self.pid and not self._reply().startswith("+OK"):
            self.stop(0.0)
        return self.pid is not None

    def launch(self) -> None:
        """Start the server; it may take long to answer, where it has much to load."""
        self.port = self.port or free_port()
        fsync = "always" if self._durable else "no"
        text = _CONFIG.format(
            host=LOOPBACK, port=self.port, password=self._password, folder=_quoted(self._folder), fsync=fsync
        )
        write_private(self._config, text)
        self.pid = processes.spawn([self._program, self._config], log=self.log, tied=self._tied)

    def answers(self) -> bool:
        """True once it takes commands; while it loads its data it does not."""
        return self._reply().endswith("+PONG\r\n")

    def prepare(self) -> None:
        """Nothing is left to do before use."""

    def stop(self, seconds: float) -> None:
        """Stop within about so many seconds. What it confirmed is durable however it ends."""
        if self.pid is not None:
            processes.end(self.pid, [(signal.SIGTERM, seconds)])
        self.pid = None

    def _reply(self) -> str:
        """What it says to our password and a ping; empty where it says nothing within some seconds."""
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=5) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                return _two_lines(connection)
        except OSError:
            return ""

    def _noted_port(self) -> int:
        words = dict(line.split(" ", 1) for line in self._config.read_text(encoding="utf-8").splitlines())
        return int(words.get("port", "0"))


def _quoted(path: Path) -> str:
    """A path as redis.conf wants it, whatever characters it has."""
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _two_lines(connection: socket.socket) -> str:
    received = ""
    while received.count("\r\n") < 2 and (data := connection.recv(1024)):
        received += data.decode(errors="replace")
    return received
