"""What a worker logs of the work that it has to put off: that trouble began, goes on, and is over.

While Postgres is away, work is begun and put off hundreds of times a second. The counters have each time; the
log has a line for each kind of trouble every few seconds, with the number of those that it left out.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

LINE_SECONDS = 5.0


class Troubles:
    """The troubles of one process, by job and kind."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next: dict[tuple[str, str], float] = {}
        self._left_out: Counter[tuple[str, str]] = Counter()
        self._since: Counter[str] = Counter()

    def met(self, job: str, kind: str) -> int | None:
        """A job was put off. The number left out since the last line of this kind; None: no line now."""
        self._since[job] += 1
        now = self._clock()
        if now < self._next.get((job, kind), now):
            self._left_out[job, kind] += 1
            return None
        self._next[job, kind] = now + LINE_SECONDS
        return self._left_out.pop((job, kind), 0)

    def over(self, job: str) -> int:
        """The job did its work. How often it was put off before; 0 where there was no trouble."""
        return self._since.pop(job, 0)
