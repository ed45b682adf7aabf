"""`make bench`: receiver alone, worker alone, whole way, beside the naive form in the same run.

Figures of different runs or machines do not compare; the ratios of one run do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import asyncpg
import uvloop

from tests.bench.load import Burst, send, signed_sms
from tests.bench.stage import TOKEN, Stage, free_port, naive_words, program, stage, url_of

SENDERS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One form of the same work. `words`: how its receiver and its worker are started."""

    name: str

    def words(self, part: str, where: Stage, database: str, port: int) -> list[str]:
        if self.name == "naive":
            return naive_words(part, where, database, port)
        return ["worker.cli", part]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Messages per second of each step, and the answers of the whole way in milliseconds."""

    receiver: float
    worker: float
    whole: float
    answer_p50: float
    answer_p99: float


def main() -> int:
    """Measure, print a table and the figures as JSON."""
    ask = argparse.ArgumentParser(prog="make bench", description=__doc__)
    ask.add_argument("--messages", type=int, default=6000)
    ask.add_argument("--connections", type=int, default=64)
    ask.add_argument("--workers", type=int, default=1)
    said = ask.parse_args()
    with stage() as where:
        figures = {name: measure(Form(name=name), where, said) for name in ("naive", "inlet")}
    show(figures)
    return 0


def measure(form: Form, where: Stage, said: argparse.Namespace) -> Figures:
    """The three measurements of one form."""
    port = free_port()
    requests = [signed_sms(url_of(port), TOKEN, number, SENDERS) for number in range(said.messages * 2)]
    first, second = requests[: said.messages], requests[said.messages :]
    database = where.fresh(form.name)
    environ, log = where.environ(database, port), where.folder / f"{form.name}.log"
    with ExitStack() as running:
        start = lambda part, url="": running.enter_context(  # noqa: E731 - only here
            program(form.words(part, where, database, port), environ, log, url)
        )
        start("receive", f"http://127.0.0.1:{port}/")
        note(f"{form.name}: receiver alone")
        alone = uvloop.run(send(url_of(port), first, said.connections))
        note(f"{form.name}: worker alone")
        begun = time.perf_counter()
        for _ in range(said.workers):
            start("work")
        worked = asyncio.run(until_recorded(database, said.messages)) - begun
        note(f"{form.name}: whole way")
        begun = time.perf_counter()
        burst = uvloop.run(send(url_of(port), second, said.connections))
        whole = asyncio.run(until_recorded(database, 2 * said.messages)) - begun
    return figures_of(alone, worked, whole, burst)


def figures_of(alone: Burst, worked: float, whole: float, burst: Burst) -> Figures:
    """Seconds and bursts as figures."""
    return Figures(
        receiver=alone.rate,
        worker=alone.count / worked,
        whole=burst.count / whole,
        answer_p50=burst.p50,
        answer_p99=burst.p99,
    )


async def until_recorded(database: str, count: int) -> float:
    """The moment at which so many messages had their effect."""
    connection = await asyncpg.connect(database)
    deadline = time.perf_counter() + 300
    while await connection.fetchval("select count(*) from receipts") < count:
        if time.perf_counter() > deadline:
            raise TimeoutError("Not everything was recorded within five minutes.")
        await asyncio.sleep(0.02)
    done = time.perf_counter()
    await connection.close()
    return done


def show(figures: dict[str, Figures]) -> None:
    """A table for people, then JSON for programs."""
    naive, inlet = figures["naive"], figures["inlet"]
    rows: Sequence[tuple[str, float, float]] = (
        ("receiver alone, messages/s", naive.receiver, inlet.receiver),
        ("worker alone, messages/s (start included)", naive.worker, inlet.worker),
        ("whole way, messages/s", naive.whole, inlet.whole),
        ("answer under that load, p50 ms", naive.answer_p50, inlet.answer_p50),
        ("answer under that load, p99 ms", naive.answer_p99, inlet.answer_p99),
    )
    say(f"{'':44}{'naive':>10}{'inlet':>10}{'ratio':>8}")
    for name, one, other in rows:
        say(f"{name:44}{one:10.1f}{other:10.1f}{other / one:8.2f}")
    say(json.dumps({name: {"naive": one, "inlet": other, "ratio": other / one} for name, one, other in rows}))


def say(text: str) -> None:
    """A line of the result."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """Say how far it is."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
