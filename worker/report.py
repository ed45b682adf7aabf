"""The one canonical line per ingest batch, and the figures behind it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

import structlog

from storage.entries import Entry
from storage.record import Recorded
from worker.work_metrics import WorkMetrics

_log = structlog.get_logger("inlet.ingest")


class Report:
    """What one batch took, step by step."""

    def __init__(self, entries: Sequence[Entry], metrics: WorkMetrics, begun: float) -> None:
        """`begun`: when the first entry was taken up, by `time.perf_counter`."""
        self._entries = entries
        self._metrics = metrics
        self._last = begun
        self._steps: dict[str, float] = {}
        self.step("prepare")

    def step(self, name: str) -> None:
        """A step is over: record or delete."""
        now = time.perf_counter()
        self._steps[name], self._last = now - self._last, now

    def done(self, recorded: Recorded) -> None:
        """The batch is settled and deleted from the inbox: count it, and say so."""
        outcomes = Counter[str](recorded.outcomes.values())
        retried = sum(entry.attempts > 1 for entry in self._entries)
        self._metrics.batch(len(self._entries), outcomes, len(recorded.reruns), retried)
        self._metrics.took(self._steps)
        _log.info(
            "ingested",
            messages=len(self._entries),
            **dict(outcomes),
            reruns=len(recorded.reruns),
            retried=retried,
            errors=sorted(set(recorded.errors.values())),
            **{f"{name}_ms": round(seconds * 1000, 1) for name, seconds in self._steps.items()},
        )
