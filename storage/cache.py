"""Values that are read whole and kept in the process until Postgres says that they changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from storage.database import DatabaseError, Transient

T = TypeVar("T")
START_SECONDS = 5.0


class Cached(Generic[T]):
    """One value and how to read it. Many may ask for a fresh one at once: they share a read."""

    def __init__(self, load: Callable[[], Awaitable[T]]) -> None:
        self._load = load
        self._value: T | None = None
        self._lock = asyncio.Lock()
        self._begun = 0
        self._held = 0
        """Number of the read that the value came of."""

    def current(self) -> T:
        """The value as last read. Raises Transient where it never was."""
        if self._value is None:
            raise Transient("What Postgres knows was never read: it is away.")
        return self._value

    @property
    def loaded(self) -> bool:
        return self._value is not None

    def put(self, value: T) -> None:
        """Set the value that holds until one can be read."""
        self._value = value

    async def try_to_load(self) -> bool:
        """Read the value for the first time, if Postgres answers soon: a start does not wait for it."""
        try:
            async with asyncio.timeout(START_SECONDS):
                await self.refresh()
        except (DatabaseError, TimeoutError):
            return False
        return True

    async def refresh(self) -> T:
        """The value of a read that began after this call. Raises DatabaseError; the old value stays then."""
        begun_before = self._begun
        async with self._lock:
            if self._held <= begun_before:
                self._begun += 1
                number = self._begun
                self._value = await self._load()
                self._held = number
            return self.current()
