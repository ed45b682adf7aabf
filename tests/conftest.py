"""Real servers for the tests: one pair for each process of pytest, one database for each test."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import pytest
import redis

from storage.database import connect
from storage.migrate import migrate
from worker.embedded.postgres_server import PostgresServer
from worker.embedded.redis_server import RedisServer
from worker.embedded.servers import Server, Wishes, build, start, stop
from worker.up_programs import Keeper

_numbers = itertools.count(1)
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestServers:
    """Running servers. Their pids and URLs are for tests that kill, stop or restart them."""

    __test__ = False
    folder: Path
    postgres: PostgresServer
    redis: RedisServer

    @property
    def postgres_url(self) -> str:
        """URL of the maintenance database, which no test writes to."""
        return self.postgres.url.rpartition("/")[0] + "/postgres"

    @property
    def redis_url(self) -> str:
        return self.redis.url

    def restart(self, server: Server) -> None:
        """Start a server that was killed again, on its old port and with its old data."""
        keeper = Keeper(server, lambda _: None)
        while not server.answers():
            keeper.tend(time.monotonic())
            time.sleep(0.02)

    def new_database(self, template: str = "inlet_template") -> str:
        """URL of a fresh database with the schema."""
        name = f"t{os.getpid()}_{next(_numbers)}"
        _sql(self.postgres, f'create database "{name}" template "{template}"')
        return self.database(name)

    def database(self, name: str) -> str:
        return self.postgres.url.rpartition("/")[0] + f"/{name}"

    def drop(self, url: str) -> None:
        name = url.rpartition("/")[2]
        _sql(self.postgres, f'drop database if exists "{name}" with (force)')


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return _complete(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return _complete(report)


def _complete(report: Report) -> Report:
    """A gate that promises to run everything (INLET_NO_SKIPS) fails where anything is left out."""
    if os.environ.get("INLET_NO_SKIPS") and (report.skipped or hasattr(report, "wasxfail")):
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was left out: {report.longrepr}"
        vars(report).pop("wasxfail", None)
    return report


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A temporary folder with a short path that every user of the machine can pass through."""
    folder = Path(tempfile.mkdtemp(prefix="inlet-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def servers(open_folder: Path) -> Iterator[TestServers]:
    """The servers of this process, with the schema as a template. They do not wait for the disk."""
    with _running(open_folder / "shared", durable=False) as running:
        _make_template(running)
        yield running


@pytest.fixture
def make_servers(open_folder: Path) -> Iterator[Callable[[], TestServers]]:
    """Makes servers of the test's own, durable, with the schema: for tests that kill them."""
    with contextlib.ExitStack() as stack:

        def make() -> TestServers:
            folder = open_folder / f"own-{next(_numbers)}"
            running = stack.enter_context(_running(folder, durable=True))
            _make_template(running)
            return running

        yield make


@pytest.fixture
def database_url(servers: TestServers) -> Iterator[str]:
    """A database with the schema, of this test alone."""
    url = servers.new_database()
    yield url
    servers.drop(url)


@pytest.fixture
def redis_url(servers: TestServers) -> str:
    """The Redis of this process, empty."""
    with redis.Redis.from_url(servers.redis_url) as client:
        client.flushall()
    return servers.redis_url


@contextlib.contextmanager
def _running(folder: Path, *, durable: bool) -> Iterator[TestServers]:
    folder.mkdir()
    wishes = Wishes(durable=durable, tied=True, system=folder / "system")
    built = build(folder, wishes, lambda _: None)
    try:
        for server in built:
            start(server, lambda _: None)
        postgres, redis = built
        yield TestServers(
            folder=folder, postgres=cast(PostgresServer, postgres), redis=cast(RedisServer, redis)
        )
    finally:
        stop(built, 10.0)


def _make_template(running: TestServers) -> None:
    _sql(running.postgres, "create database inlet_template")
    with ThreadPoolExecutor() as executor:  # this thread may have an event loop already
        executor.submit(asyncio.run, _migrate(running.database("inlet_template"))).result()


async def _migrate(url: str) -> None:
    connection = await connect(url)
    try:
        await migrate(connection)
    finally:
        await connection.close()


def _sql(postgres: PostgresServer, statement: str) -> None:
    done, output = postgres.ask(statement)
    assert done, output
