"""How long a process waits for a Postgres that hangs, and how it lets go of it.

A frozen server acknowledges nothing: neither that a statement was cancelled nor that a transaction was rolled
back. Whoever has given up must not wait for either. Closing the connection does both, whenever the server
comes to it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any


class Bounded:
    """A pool of the driver with the seconds that a caller waits for a connection."""

    def __init__(self, pool: Any, acquire_seconds: float) -> None:
        self._pool = pool
        self._seconds = acquire_seconds

    def acquire(self) -> Any:
        """A connection, as `async with`. Raises what the driver raises, TimeoutError in time."""
        return self._pool.acquire(timeout=self._seconds)

    async def close(self) -> None:
        """Close the connections once they are released."""
        await self._pool.close()

    def terminate(self) -> None:
        """Close the connections now."""
        self._pool.terminate()


@contextmanager
def ended_when_given_up(connection: Any) -> Iterator[None]:
    """End the connection where its user ran out of time, or was cancelled: it is still in the middle."""
    try:
        yield
    except Exception as error:
        if isinstance(error, TimeoutError):
            connection.terminate()
        raise
    except BaseException:
        connection.terminate()
        raise


@asynccontextmanager
async def committed(transaction: Any) -> AsyncIterator[None]:
    """Run the body in the transaction. Nothing is asked of a connection that is about to be ended."""
    await transaction.start()
    try:
        yield
    except TimeoutError:
        raise
    except Exception:
        await transaction.rollback()
        raise
    await transaction.commit()
