"""How much the receiver takes on at a time: bytes held in memory, and messages of one account."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from channels.contract import MIB, Account
from channels.errors import OverBudget, Unavailable

HELD_BYTES = 256 * MIB
"""All bodies that are being read or made durable at one moment. Each is held about three times."""
SETTING = "max_per_minute"
"""Setting of an account: how many messages it may send in a minute. Unset: as many as it likes."""


class Memory:
    """The bytes that requests hold together."""

    def __init__(self, limit: int = HELD_BYTES) -> None:
        self._limit = limit
        self.held = 0

    def hold(self) -> Hold:
        """A part of it for one request, empty at first, given back when its block ends."""
        return Hold(self)

    def take(self, count: int) -> None:
        """Raise Unavailable if so many more bytes are too many. A request that holds all alone may go on."""
        if self.held and self.held + count > self._limit:
            raise Unavailable("The receiver has too much to do.", retry_after=1)
        self.held += count

    def give(self, count: int) -> None:
        """Give bytes back."""
        self.held -= count


class Hold:
    """What one request holds."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._memory.give(self._count)

    def take(self, count: int) -> None:
        """Hold so many bytes more. Raises Unavailable."""
        self._memory.take(count)
        self._count += count


class Budgets:
    """Messages of each account that has a budget: it refills evenly, and holds one minute's worth (R39).

    Counted in this process: behind several receivers an account may send so many through each.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def spend(self, account: Account, count: int) -> None:
        """Spend so many messages. Raises OverBudget, and spends nothing then."""
        budget = _budget(account)
        if budget is None or not count:
            return
        now = self._clock()
        left, at = self._left.get(account.id, (budget, now))
        left = min(budget, left + (now - at) * budget / 60)
        # One delivery of many messages may pass a full budget: it could never pass otherwise.
        if left < min(count, budget):
            wait = (min(count, budget) - left) * 60 / budget
            raise OverBudget(retry_after=max(1, round(wait + 0.5)))
        self._left[account.id] = (left - count, now)


def _budget(account: Account) -> float | None:
    """The budget of an account. What cannot be read as one is none: a typing error must not stop intake."""
    text = account.settings.get(SETTING, "")
    return float(text) if text.isdecimal() and int(text) > 0 else None
