"""What an ingest worker counts, and the port on which it shows it."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, start_http_server

BATCH_MESSAGES = (1, 2, 5, 10, 20, 50, 100, 200, 500)
STEP_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class WorkMetrics:
    """Counters of one worker. `registry` holds them all, with the figures of the process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._outcomes = Counter(
            "inlet_outcomes", "Messages whose effect is committed.", ("outcome",), registry=self.registry
        )
        self._reruns = Counter(
            "inlet_reruns", "Entries that had their effect before, and had none now.", registry=self.registry
        )
        self._retried = Counter(
            "inlet_retried", "Entries that had been begun before.", registry=self.registry
        )
        self._put_off = Counter(
            "inlet_put_off",
            "Jobs that trouble with a server ended.",
            ("error",),
            registry=self.registry,
        )
        self._sizes = Histogram(
            "inlet_batch_messages", "Messages of a batch.", registry=self.registry, buckets=BATCH_MESSAGES
        )
        self._steps = Histogram(
            "inlet_batch_seconds",
            "Steps of a batch: prepare (read, route, classify), record (commit), delete.",
            ("step",),
            registry=self.registry,
            buckets=STEP_SECONDS,
        )

    def batch(self, messages: int, outcomes: Tally[str], reruns: int, retried: int) -> None:
        """A batch was settled."""
        self._sizes.observe(messages)
        self._reruns.inc(reruns)
        self._retried.inc(retried)
        for outcome, count in outcomes.items():
            self._outcomes.labels(outcome).inc(count)

    def took(self, steps: Mapping[str, float]) -> None:
        """The steps of a batch, in seconds."""
        for step, seconds in steps.items():
            self._steps.labels(step).observe(seconds)

    def put_off(self, error: str) -> None:
        """A job ended before its work did; the work waits for another one."""
        self._put_off.labels(error).inc()


@contextmanager
def served(metrics: WorkMetrics, port: int) -> Iterator[None]:
    """Show the metrics on the port meanwhile; 0: nowhere."""
    if not port:
        yield
        return
    server, thread = start_http_server(port, registry=metrics.registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
