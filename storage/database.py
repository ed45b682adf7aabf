"""The way to Postgres: one pool per process, values as Python has them, and the driver's errors as ours.

    DatabaseError
    ├── Transient      our trouble or nobody's: the same work later succeeds
    │   └── Exhausted  a limit of the server: a smaller batch may succeed
    └── BadRow         the data itself cannot be stored: the same work later fails again

Only classes 22, 23 and 54 say that the data is at fault. All else, a missing table or a read-only standby
included, is trouble with the server, and no message may be given up for it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

import asyncpg
import msgspec

from storage.patience import Bounded, committed, ended_when_given_up

_driver: Any = asyncpg
"""asyncpg ships no types: what we use of it is typed below."""


class Record(Protocol):
    """A row as the driver gives it."""

    def __getitem__(self, key: str) -> Any: ...

    def keys(self) -> Iterable[str]: ...


class Connection(Protocol):
    """What we ask of a connection, be it of a pool or not."""

    async def fetch(self, query: str, *args: Any) -> list[Record]: ...

    async def fetchrow(self, query: str, *args: Any) -> Record | None: ...

    async def fetchval(self, query: str, *args: Any) -> Any: ...

    async def execute(self, query: str, *args: Any) -> str: ...

    def transaction(self, **options: Any) -> Any: ...


class OwnConnection(Connection, Protocol):
    """A connection outside of any pool, which can listen."""

    async def add_listener(self, channel: str, callback: Callable[..., None]) -> None: ...

    def add_termination_listener(self, callback: Callable[..., None]) -> None: ...

    def is_closed(self) -> bool: ...

    async def close(self) -> None: ...

    def terminate(self) -> None: ...


class Pool(Protocol):
    """The pool of a process."""

    def acquire(self) -> AbstractAsyncContextManager[Connection]: ...

    async def close(self) -> None: ...

    def terminate(self) -> None: ...


COMMAND_SECONDS = 60.0
"""No statement of ours runs that long: beyond it the connection hangs."""
ACQUIRE_SECONDS = 10.0


class DatabaseError(Exception):
    """Postgres did not do what was asked."""

    state: str = ""
    """The SQLSTATE, where Postgres itself said no."""


class Transient(DatabaseError):  # noqa: N818 - a state of the world, not a fault
    """Postgres is away, busy or shutting down."""


class Exhausted(Transient):
    """Postgres is at a limit (memory, locks, connections)."""


class BadRow(DatabaseError):  # noqa: N818 - names the thing, as its handlers do
    """Postgres refuses the data."""


def of_state(state: str) -> type[DatabaseError]:
    """What an SQLSTATE means for the work that met it."""
    if state[:2] in {"22", "23", "54"}:
        return BadRow
    return Exhausted if state[:2] == "53" else Transient


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the driver raises into a DatabaseError; everything else passes as it is.

    The driver's error is not chained: a trace would print its DETAIL, which shows whole rows (R37). Where it
    happened is kept.
    """
    try:
        yield
    except _driver.PostgresError as error:
        raise _ours(error).with_traceback(error.__traceback__) from None
    except (_driver.InterfaceError, _driver.InternalClientError, OSError, TimeoutError) as error:
        ours = Transient(f"{type(error).__name__}: {error}")
        raise ours.with_traceback(error.__traceback__) from None


def _ours(error: Any) -> DatabaseError:
    state = error.sqlstate or ""
    ours = of_state(state)(_said(error, state))
    ours.state = state
    return ours


_QUOTED = re.compile(r"""["'«»\u2018-\u201e].*["'«»\u2018-\u201e]""", re.DOTALL)
"""From the first to the last quote, of whatever language the server speaks."""
_NAMES = ("table_name", "column_name", "constraint_name")


def _said(error: Any, state: str) -> str:
    """The message with SQLSTATE and names, without the values that were refused: those are customers' words.

    DETAIL, HINT, CONTEXT and the query, which the driver's own text holds, can show any of them.
    """
    text = str(error.args[0]) if error.args else type(error).__name__
    if text.startswith("invalid input for query argument"):  # the driver's own words: value, then reason
        text = f"{text.partition(':')[0]} ({text.rpartition(' (')[2]}"
    elif state[:2] == "22":  # such as: invalid input syntax for type integer: "their words"
        text = _QUOTED.sub("…", text)
    names = [f"{name[:-5]} {found}" for name in _NAMES if (found := getattr(error, name, None))]
    return f"{text} ({', '.join([f'SQLSTATE {state}', *names])})"


class _Plain(asyncpg.Connection):
    """We leave no state in a session, so that a released connection needs no round trip to reset it."""

    def get_reset_query(self) -> str:
        return ""


async def _prepare_connection(connection: Any) -> None:
    """Ids are strings, JSON goes by msgspec (which also writes our records)."""
    await connection.set_type_codec("uuid", schema="pg_catalog", encoder=str, decoder=str, format="text")
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=_to_json, decoder=msgspec.json.decode, format="text"
        )


def _to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


async def connect(url: str, *, application: str = "inlet", **options: Any) -> OwnConnection:
    """One connection of its own, for what a pool cannot do (LISTEN). Raises DatabaseError."""
    with translated():
        connection: OwnConnection = await _driver.connect(
            url, server_settings={"application_name": application}, timeout=ACQUIRE_SECONDS, **options
        )
        await _prepare_connection(connection)
        return connection


async def connect_pool(  # noqa: PLR0913 - each is a separate knob of an operator
    url: str,
    *,
    application: str = "inlet",
    min_size: int = 0,
    max_size: int = 8,
    statement_cache_size: int = 512,
    command_seconds: float = COMMAND_SECONDS,
    acquire_seconds: float = ACQUIRE_SECONDS,
) -> Pool:
    """A pool. With `min_size` 0 it is made even while Postgres is away, and connects when first used.

    Behind PgBouncer in transaction mode (before 1.21) set `statement_cache_size` to 0. Raises DatabaseError.
    """
    with translated():
        pool = await _driver.create_pool(
            url,
            min_size=min_size,
            max_size=max_size,
            statement_cache_size=statement_cache_size,
            max_cached_statement_lifetime=0,
            command_timeout=command_seconds,
            timeout=acquire_seconds,
            server_settings={"application_name": application},
            init=_prepare_connection,
            connection_class=_Plain,
        )
    return Bounded(pool, acquire_seconds)


@asynccontextmanager
async def connection(pool: Pool) -> AsyncIterator[Connection]:
    """A connection of the pool. What its body meets is raised as DatabaseError."""
    with translated():
        async with pool.acquire() as acquired:
            with ended_when_given_up(acquired):
                yield acquired


@asynccontextmanager
async def transaction(pool: Pool, *, snapshot: bool = False) -> AsyncIterator[Connection]:
    """A transaction; with `snapshot` read-only, and all its reads see one state. Raises DatabaseError."""
    isolation = "repeatable_read" if snapshot else "read_committed"
    options = {"isolation": isolation, "readonly": snapshot}
    async with connection(pool) as acquired, committed(acquired.transaction(**options)):
        yield acquired


def server_of(url: str) -> str:
    """Host and port of a URL, for people: never its password."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'local socket'}:{parts.port or 5432}"


async def answers(pool: Pool) -> None:
    """Return if Postgres answers. Raises DatabaseError."""
    async with connection(pool) as acquired:
        await acquired.execute("select")
