"""The parts of one data folder: opened in the order in which they need each other, closed in the other."""

from __future__ import annotations

import asyncio
import http.client
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from storage.database import Transient, connect_pool, connection
from storage.keys import add_key, find_key
from storage.migrate import migrate
from worker import up_state
from worker.demo import Stage
from worker.embedded import servers
from worker.embedded.cluster import ServerError
from worker.embedded.log import tail
from worker.embedded.private import read_private, write_private
from worker.settings import Settings
from worker.up_programs import Keeper, Part, Program

RECEIVER_SECONDS = 3.5
SERVERS_SECONDS = 5.0
"""Kept back for the servers: the workers get the rest for what they have begun."""
REDIS_SECONDS = 2.0
CLOSE_SECONDS = 14.0
"""For everything; Postgres, which comes last and has most to write, gets all that the others left."""
OPERATOR_KEY = "operator.key"
_MOST_DEATHS = 5
_PROGRESS_SECONDS = 5.0


class House:
    """Everything that runs for one data folder. `settings` is complete once it is open."""

    def __init__(
        self,
        settings: Settings,
        workers: int,
        environ: Mapping[str, str],
        say: Callable[[str], None],
        pause: Callable[[float], None],
    ) -> None:
        self.settings = settings
        self.operator_key = ""
        self._workers_wanted = workers
        self._environ = environ
        self._say = say
        self._pause = pause
        self._servers: list[servers.Server] = []
        self._receiver: list[Program] = []
        self._workers: list[Program] = []
        self._keepers: list[Keeper] = []

    def open(self) -> None:
        """Start everything and wait for the receiver. Raises ServerError, or what `pause` raises."""
        up_state.make_secret_key(self.settings.data)
        self._open_servers()
        self._write_state()
        self.operator_key = self._prepare_database()
        self._open_programs()
        self._await_ready()

    def stage(self) -> Stage:
        """Where a demo can be played, once it is open."""
        return Stage(
            data=self.settings.data,
            url=self.url,
            public_url=self.settings.public_url or self.url,
            key=self.operator_key,
            environ=self._environ,
        )

    def tend(self, now: float) -> None:
        """Look once after all parts."""
        for keeper in self._keepers:
            keeper.tend(now)

    def close(self) -> None:
        """Stop receiver, workers, Redis, Postgres in this order, in under 15 seconds."""
        end = time.monotonic() + CLOSE_SECONDS
        for program in self._receiver:
            program.stop(RECEIVER_SECONDS)
        for worker in self._workers:
            worker.ask_to_stop()
        for worker in self._workers:
            worker.stop(max(end - SERVERS_SECONDS - time.monotonic(), 0.0))
        for server in reversed(self._servers):
            server.stop(REDIS_SECONDS if server.name == "Redis" else end - time.monotonic())
        up_state.forget_state(self.settings.data)

    def _open_servers(self) -> None:
        found = self.settings
        wishes = servers.Wishes(postgres=not found.database_url, redis=not found.redis_url)
        self._servers = servers.build(found.data, wishes, self._say)
        for server in self._servers:
            servers.start(server, self._say, self._pause)
            self._keep(server)
        urls = {server.name: server.url for server in self._servers}
        self.settings = replace(
            found,
            database_url=found.database_url or urls["Postgres"],
            redis_url=found.redis_url or urls["Redis"],
        )

    def _write_state(self) -> None:
        found = self.settings
        up_state.write_state(
            found.data, url=self.url, database_url=found.database_url, redis_url=found.redis_url
        )

    def _prepare_database(self) -> str:
        """Migrate, and see to the operator's key. Waits for a Postgres that is not ours and not there yet."""
        spoke = False
        while True:
            try:
                return asyncio.run(prepare(self.settings, self._say))
            except Transient as error:
                if not is_away(error):
                    raise ServerError(f"Postgres cannot be used: {error}") from error
                if not spoke:
                    self._say(f"Postgres does not answer yet: {error}")
                spoke = True
                self._pause(1.0)

    def _open_programs(self) -> None:
        self._receiver = [self._program("receiver", "receive")]
        self._workers = [
            self._program(f"worker-{n}", "work", **self._metrics_of(n))
            for n in range(1, self._workers_wanted + 1)
        ]
        for program in [*self._receiver, *self._workers]:
            program.launch()
            self._keep(program)

    def _metrics_of(self, number: int) -> dict[str, str]:
        """Each worker shows its metrics on a port of its own, from the one that is set upwards."""
        first = self.settings.metrics_port
        return {"INLET_METRICS_PORT": str(first + number - 1)} if first else {}

    def _program(self, name: str, command: str, **extra: str) -> Program:
        found = self.settings
        env = {
            **self._environ,
            "INLET_DATA": str(found.data),
            "INLET_DATABASE_URL": found.database_url,
            "INLET_REDIS_URL": found.redis_url,
            **extra,
        }
        return Program(name, [sys.executable, "-m", "worker.cli", command], env, found.data / f"{name}.log")

    def _keep(self, part: Part) -> None:
        self._keepers.append(Keeper(part, self._say))

    def _await_ready(self) -> None:
        spoke = time.monotonic()
        while obstacle := what_is_missing(self.url):
            self.tend(time.monotonic())
            self._give_up_on_the_hopeless()
            if time.monotonic() - spoke > _PROGRESS_SECONDS:
                spoke = time.monotonic()
                self._say(f"The receiver is not ready: {obstacle}")
            self._pause(0.05)

    def _give_up_on_the_hopeless(self) -> None:
        for keeper in self._keepers:
            if keeper.deaths >= _MOST_DEATHS:
                raise ServerError(f"{keeper.part.name.capitalize()} keeps dying:\n{tail(keeper.part.log)}")

    @property
    def url(self) -> str:
        """How programs on this machine reach the receiver."""
        host, port = self.settings.host, self.settings.port
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - to be replaced
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def prepare(settings: Settings, say: Callable[[str], None]) -> str:
    """Migrate the database. Returns the operator's key. Raises DatabaseError."""
    pool = await connect_pool(settings.database_url, application="inlet up", max_size=1)
    try:
        async with connection(pool) as acquired:
            applied = await migrate(acquired)
        if applied:
            say(f"Migrated the database: {', '.join(applied)}.")
        file = settings.data / OPERATOR_KEY
        key = read_private(file)
        if not key or await find_key(pool, key) is None:
            key = await add_key(pool, label="inlet up")
            write_private(file, key + "\n")
        return key
    finally:
        await pool.close()


def is_away(error: Transient) -> bool:
    """True where Postgres may yet come: it is not there, starting, stopping or full."""
    return not error.state or error.state[:2] in {"08", "53", "57"}


def what_is_missing(url: str) -> str:
    """Why the receiver cannot take messages in yet, in its own words; empty once it can."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return (
            ""
            if answer.status == 200
            else answer.read().decode(errors="replace").strip() or str(answer.status)
        )
    except (OSError, http.client.HTTPException) as error:
        return f"it does not answer ({error})"
    finally:
        connection.close()
