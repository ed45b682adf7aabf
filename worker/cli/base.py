"""What all commands share: how they find the servers, print, and fail. Nothing heavy at the top."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from worker.settings import Settings, find

if TYPE_CHECKING:
    from storage.database import Pool

OK, PROBLEM, USAGE = 0, 1, 2
Result = TypeVar("Result")
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Tenant = Annotated[str | None, typer.Option("--tenant", metavar="SLUG", help="Slug of the tenant.")]
POSTGRES = frozenset({"database_url"})
SECRETS = frozenset({"database_url", "secret_keys"})
CLOSE_SECONDS = 5
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters but tab and line feed, and those that turn the direction of writing."""


class Failure(Exception):  # noqa: N818 - what the operator is told
    """The command did not do it. The text says why and what to do."""

    def __init__(self, text: str, code: int = PROBLEM) -> None:
        super().__init__(text)
        self.code = code


def wait(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run the asynchronous part of a command."""
    return asyncio.run(coroutine)


def settings(needs: frozenset[str] = POSTGRES) -> Settings:
    """The settings of a command that needs only these. Raises SettingsError."""
    return find(needs=needs)


@asynccontextmanager
async def postgres(url: str) -> AsyncIterator[Pool]:
    """A small pool. Raises Failure where Postgres does not answer, or refuses a value."""
    from storage.database import BadRow, Transient, connect_pool, server_of

    pool = await connect_pool(url, application="inlet cli", max_size=2)
    try:
        yield pool
    except BadRow as error:
        raise Failure(f"Postgres refuses a value: {error}.") from error
    except Transient as error:
        fix = (
            "Run `inlet migrate`."
            if "does not exist" in str(error)
            else "Is it running? Start `inlet up`, or set INLET_DATABASE_URL; `inlet doctor` says more."
        )
        raise Failure(f"Postgres at {server_of(url)} does not do it ({error}). {fix}") from error
    finally:
        await _close(pool)


async def _close(pool: Pool) -> None:
    try:
        await asyncio.wait_for(pool.close(), CLOSE_SECONDS)
    except TimeoutError:
        pool.terminate()


def content(file: str) -> bytes:
    """What stands in a file; `-` is standard input. Raises Failure."""
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}.", USAGE) from error


def print_json(value: Any) -> None:
    """The value as JSON on one line."""
    import msgspec

    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def print_table(titles: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """A table for people, or what to say when there is nothing in it. Times are shown by `when`."""
    from worker.cli.tables import folded, plain

    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        say(empty)
    elif sys.stdout.isatty():
        folded(titles, cells)
    else:
        sys.stdout.write(plain(titles, cells))


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return when(value)
    return "" if value is None else harmless(str(value))


def when(at: datetime) -> str:
    """A time as RFC 3339, in UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def say(text: str) -> None:
    """A line for people."""
    sys.stdout.write(harmless(text) + "\n")


def harmless(text: str) -> str:
    """The text without what a terminal obeys: customers write into it too."""
    return _CONTROL.sub("", text)
