"""What is logged of appends.

Under constant arrivals an append holds one or two messages, so a line for each would cost more than the
append. The appends of about a second share one line for each place that they ended in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from storage.group import Append

SECONDS = 1.0
_log = structlog.get_logger("inlet.append")


@dataclass(slots=True, kw_only=True)
class _Sum:
    appends: int = 0
    requests: int = 0
    messages: int = 0
    slowest: float = 0.0
    error: str = ""

    def add(self, append: Append) -> None:
        self.appends += 1
        self.requests += append.requests
        self.messages += append.messages
        self.slowest = max(self.slowest, append.seconds)
        self.error = append.error or self.error


class Journal:
    """Sums up appends, and writes the sums."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._sums: dict[str, _Sum] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, append: Append) -> None:
        """Note one append. Needs a running event loop."""
        self._sums.setdefault(append.place, _Sum()).add(append)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self.write)

    def write(self) -> None:
        """Write what was noted since the last time."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        sums, self._sums = self._sums, {}
        for place, one in sums.items():
            self._line(place)(
                "appended" if place != "nowhere" else "not_appended",
                place=place,
                appends=one.appends,
                requests=one.requests,
                messages=one.messages,
                slowest_ms=round(one.slowest * 1000, 1),
                **({"error": one.error} if one.error else {}),
            )

    @staticmethod
    def _line(place: str) -> Callable[..., None]:
        write: Callable[..., None] = _log.info if place == "inbox" else _log.warning
        return write
