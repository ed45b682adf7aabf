"""What the receiver counts. Everything is in the registry of one object, so that tests have their own."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

from storage.group import Append

APPEND_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
APPEND_MESSAGES = (1, 2, 5, 10, 20, 50, 100, 200, 500)
ANSWER_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters of one receiver. `registry` holds them all, with the figures of the process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._accepted = self._counter(
            "accepted", "Messages made durable, and answered with 2xx.", "provider"
        )
        self._nothing = self._counter(
            "nothing", "Deliveries that were understood and held no message.", "provider"
        )
        self._refusals = self._counter("refusals", "Deliveries refused, by reason.", "provider", "reason")
        self._verifications = self._counter(
            "verifications",
            "Deliveries by outcome: passed, refused, or observed (refused, but for the account's mode). "
            "secret: id of the one that matched; an old one that is not used any more may go.",
            *("provider", "account", "outcome", "secret"),
        )
        text = "From the head of a delivery to its answer."
        self._answers = self._histogram("answer_seconds", text, "provider", ANSWER_SECONDS)
        text = "One append, by where the messages went: inbox, spool or nowhere."
        self._appends = self._histogram("append_seconds", text, "place", APPEND_SECONDS)
        text = "Messages that shared an append."
        self._sizes = self._histogram("append_messages", text, "place", APPEND_MESSAGES)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"inlet_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, label: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"inlet_{name}", text, (label,), registry=self.registry, buckets=buckets)

    def accepted(self, provider: str, messages: int) -> None:
        """A delivery was answered with success."""
        if messages:
            self._accepted.labels(provider).inc(messages)
        else:
            self._nothing.labels(provider).inc()

    def refused(self, provider: str, reason: str) -> None:
        """A delivery was refused."""
        self._refusals.labels(provider, reason).inc()

    def verified(self, provider: str, account: str, outcome: str, secret: str = "") -> None:
        """A delivery to an account that exists was verified, by the secret with this id, or not."""
        self._verifications.labels(provider, account, outcome, secret).inc()

    def answered(self, provider: str, seconds: float) -> None:
        """A delivery was answered, whatever the answer."""
        self._answers.labels(provider).observe(seconds)

    def appended(self, append: Append) -> None:
        """An append ended."""
        self._appends.labels(append.place).observe(append.seconds)
        self._sizes.labels(append.place).observe(append.messages)
