"""One Postgres on the loopback interface: started, adopted after a crash of ours, stopped."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path

from worker.embedded import processes
from worker.embedded.cluster import ROLE, Cluster, ServerError
from worker.embedded.ports import LOOPBACK, free_port
from worker.embedded.user import run_as

SETTINGS: Mapping[str, str] = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "100",
    # A batch takes an advisory lock for each conversation that it touches.
    "max_locks_per_transaction": "1024",
    "synchronous_commit": "on",
    "fsync": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements, parameters and DETAIL hold customers' words: they do not belong in a log.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}
DATABASE = "inlet"
_PORT_LINE = 3
"""Line of postmaster.pid that holds the port (storage.c and miscadmin.h of Postgres, LOCK_FILE_LINE_PORT)."""


class PostgresServer:
    """A cluster's server. `port` is 0 until it is launched or adopted, and the same from then on."""

    name = "Postgres"

    def __init__(self, cluster: Cluster, log: Path, *, settings: Mapping[str, str], tied: bool) -> None:
        self.log = log
        self.pid: int | None = None
        self.port = 0
        self._cluster = cluster
        self._settings = {**SETTINGS, **settings}
        self._tied = tied

    @property
    def url(self) -> str:
        return f"postgresql://{ROLE}:{self._cluster.password}@{LOOPBACK}:{self.port}/{DATABASE}"

    def adopt(self) -> bool:
        """Take over the server that a killed run of ours left behind; False where there is none."""
        self.pid = processes.find(["postgres"], str(self._cluster.folder))
        self.port = self._noted_port() if self.pid else 0
        if self.pid and not self.port:
            self.stop(5.0)  # it was just beginning, or is ending
        return self.pid is not None

    def launch(self) -> None:
        """Start the server; it may take long to answer, where it has to recover."""
        self._forget_stale_lock()
        self.port = self.port or free_port()
        options = [f"-c{name}={value}" for name, value in self._settings.items()]
        command = [
            str(self._cluster.programs / "postgres"),
            "-D",
            str(self._cluster.folder),
            f"-cport={self.port}",
            *options,
        ]
        self.pid = processes.spawn(command, log=self.log, user=self._cluster.user, tied=self._tied)

    def answers(self) -> bool:
        """True once it takes connections. Raises ServerError where it refuses our password."""
        done, output = self.ask("select 1")
        if "authentication failed" in output:
            raise ServerError(f"The cluster {self._cluster.folder} has another password: {output}")
        return done

    def prepare(self) -> None:
        """Make the database where there is none. Raises ServerError."""
        done, output = self.ask("select datname from pg_database")
        if done and DATABASE not in output.split():
            done, output = self.ask(f"create database {DATABASE}")
        if not done:
            raise ServerError(f"The database could not be made: {output}")

    def stop(self, seconds: float) -> None:
        """Stop within about so many seconds. What is committed is durable however it ends."""
        if self.pid is not None:
            processes.end(self.pid, [(signal.SIGINT, seconds * 0.8), (signal.SIGQUIT, seconds * 0.2)])
        self.pid = None

    def ask(self, statement: str, database: str = "postgres") -> tuple[bool, str]:
        """Run a statement by psql: whether it succeeded, and its rows or its error."""
        where = f"host={LOOPBACK} port={self.port} user={ROLE} dbname={database} connect_timeout=5"
        command = [str(self._cluster.programs / "psql"), "-XAtq", "-c", statement, where]
        done = run_as(None, command, env={"PGPASSWORD": self._cluster.password})
        return done.returncode == 0, (done.stdout + done.stderr).strip()

    def _noted_port(self) -> int:
        try:
            lines = self._lock_file().read_text(encoding="utf-8").splitlines()
        except OSError:
            return 0
        return int(lines[_PORT_LINE]) if len(lines) > _PORT_LINE and lines[_PORT_LINE].isdigit() else 0

    def _forget_stale_lock(self) -> None:
        """Remove the lock of a server that is gone: its number may be another process's by now."""
        if processes.find(["postgres"], str(self._cluster.folder)) is None:
            self._lock_file().unlink(missing_ok=True)

    def _lock_file(self) -> Path:
        return self._cluster.folder / "postmaster.pid"
