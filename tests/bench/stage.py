"""Servers, processes and a database for the benchmarks, all as durable as in production."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import asyncpg
import msgspec
import redis

from storage.ids import new_id
from storage.sealing import Sealer
from worker.embedded.ports import free_port
from worker.embedded.postgres_server import PostgresServer
from worker.embedded.redis_server import RedisServer
from worker.embedded.servers import Wishes, build, start, stop

SCHEMA = Path(__file__).parents[2] / "storage" / "sql" / "schema.sql"
TOKEN = "bench-auth-token"
ACCOUNT = "acc_bench"
TENANT = new_id()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a form is measured: its own database and port, and the shared Redis, empty at the start."""

    folder: Path
    postgres: PostgresServer
    redis: RedisServer
    key: str

    def fresh(self, name: str) -> str:
        """URL of a fresh database with one tenant and one account; Redis is emptied."""
        with redis.Redis.from_url(self.redis.url) as client:
            client.flushall()
        for statement in (f"drop database if exists {name}", f"create database {name}"):
            done, output = self.postgres.ask(statement)
            if not done:
                raise RuntimeError(output)
        done, output = self.postgres.ask(SCHEMA.read_text(), name)
        if not done:
            raise RuntimeError(output)
        url = f"{self.postgres.url.rpartition('/')[0]}/{name}"
        asyncio.run(self._seed(url))
        return url

    async def _seed(self, url: str) -> None:
        connection = await asyncpg.connect(url)
        sealed = Sealer([self.key]).seal(TOKEN, ACCOUNT)
        await connection.execute("insert into tenants (id, slug, name) values ($1, 'acme', 'Acme')", TENANT)
        await connection.execute("insert into slugs (slug, tenant_id) values ('acme', $1)", TENANT)
        await connection.execute(
            "insert into accounts (id, provider, tenant_id) values ($1, 'twilio', $2)", ACCOUNT, TENANT
        )
        await connection.execute(
            "insert into secrets (id, account_id, sealed) values ($1, $2, $3)", new_id(), ACCOUNT, sealed
        )
        await connection.close()

    def environ(self, database: str, port: int) -> dict[str, str]:
        """What Inlet's processes are told."""
        mine = {name: value for name, value in os.environ.items() if not name.startswith("INLET_")}
        return mine | {
            "INLET_DATA": str(self.folder / "data"),
            "INLET_DATABASE_URL": database,
            "INLET_REDIS_URL": self.redis.url,
            "INLET_SECRET_KEY": self.key,
            "INLET_PORT": str(port),
        }


@contextmanager
def stage() -> Iterator[Stage]:
    """Durable servers of this run: Redis fsyncs each append, Postgres each commit."""
    folder = Path(tempfile.mkdtemp(prefix="inlet-bench-", dir="/tmp"))
    folder.chmod(0o755)
    (folder / "servers").mkdir()
    built = build(
        folder / "servers", Wishes(durable=True, tied=True, system=folder / "system"), lambda _: None
    )
    try:
        for server in built:
            start(server, lambda _: None)
        postgres, redis_server = built
        key = base64.urlsafe_b64encode(os.urandom(32)).decode()
        yield Stage(
            folder=folder,
            postgres=cast(PostgresServer, postgres),
            redis=cast(RedisServer, redis_server),
            key=key,
        )
    finally:
        stop(built, 10.0)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def program(words: list[str], environ: Mapping[str, str], log: Path, answers: str = "") -> Iterator[None]:
    """A Python program that runs meanwhile; `answers`: a URL that it serves once it is ready."""
    with log.open("ab") as out:
        child = subprocess.Popen([sys.executable, "-m", *words], env=dict(environ), stdout=out, stderr=out)
        try:
            if answers:
                wait_for(answers)
            yield
        finally:
            child.terminate()
            child.wait(20)


def wait_for(url: str) -> None:
    """Return as soon as somebody answers at the URL."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - http, to ourselves
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            asyncio.run(asyncio.sleep(0.05))
    raise TimeoutError(url)


def naive_words(part: str, stage: Stage, database: str, port: int) -> list[str]:
    """How the naive form is started."""
    told = {
        "redis": stage.redis.url,
        "postgres": database,
        "token": TOKEN,
        "tenant": TENANT,
        "account": ACCOUNT,
        "port": str(port),
        "url": url_of(port),
    }
    return ["tests.bench.naive", part, msgspec.json.encode(told).decode()]


def url_of(port: int) -> str:
    """Where the account's webhooks go."""
    return f"http://127.0.0.1:{port}/webhooks/twilio/{ACCOUNT}"


__all__ = ["ACCOUNT", "TENANT", "TOKEN", "Stage", "free_port", "naive_words", "program", "stage", "url_of"]
