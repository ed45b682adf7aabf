"""Several writes of the storage as one: all of them are kept, or none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from storage.database import Connection, Pool, transaction


class _One:
    """A pool of one connection, which is in a transaction: whoever asks for a connection gets that one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        yield self._connection

    async def close(self) -> None:
        """The connection is its transaction's."""

    def terminate(self) -> None:
        """As above."""


@asynccontextmanager
async def together(pool: Pool) -> AsyncIterator[Pool]:
    """A pool for functions that each write by themselves: kept is what all of them write, or nothing.

    Not for concurrent use. Raises DatabaseError.
    """
    async with transaction(pool) as connection:
        yield _One(connection)
