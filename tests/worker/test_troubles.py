"""What is logged of work that is put off again and again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from storage.database import Transient
from tests.worker.api_house import settings_of
from worker.station import Station, open_station
from worker.troubles import LINE_SECONDS, Troubles
from worker.work import try_to


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_line_for_each_kind_every_few_seconds_says_what_was_left_out() -> None:
    clock = Clock()
    troubles = Troubles(clock)
    assert [troubles.met("ingest", "Transient") for _ in range(300)] == [0, *[None] * 299]
    assert troubles.met("sweep", "Transient") == 0, "another job has a line of its own"
    assert troubles.met("ingest", "Exhausted") == 0, "so has another kind"
    clock.now += LINE_SECONDS
    assert [troubles.met("ingest", "Transient") for _ in range(2)] == [299, None]


def test_the_end_of_trouble_is_said_once() -> None:
    troubles = Troubles(Clock())
    assert troubles.over("ingest") == 0
    for _ in range(3):
        troubles.met("ingest", "Transient")
    assert [troubles.over("ingest"), troubles.over("ingest")] == [3, 0]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        pytest.param(Transient("it is away"), "Transient", id="a server is away"),
        pytest.param(ZeroDivisionError(), "fault", id="a fault of ours"),
    ],
)
async def test_a_flood_of_put_offs_is_counted_whole_and_logged_little(
    database_url: str, redis_url: str, tmp_path: Path, error: Exception, kind: str
) -> None:
    """An outage does not fill the disk with its own log; the counters have all of it."""
    outcomes: list[Any] = [error] * 200 + [0, 7, 7]

    async def ingest(_: Station) -> int:
        found = outcomes.pop(0)
        if isinstance(found, Exception):
            raise found
        return int(found)

    async with open_station(settings_of(database_url, redis_url, tmp_path)) as station:
        station.troubles = Troubles(Clock())
        with capture_logs() as lines:
            while outcomes:
                await try_to(station, ingest)
        counted = generate_latest(station.metrics.registry).decode()
    assert [(line["event"], line["job"]) for line in lines] == [("put_off", "ingest"), ("resumed", "ingest")]
    assert lines[1]["put_off"] == 200
    assert f'inlet_put_off_total{{error="{kind}"}} 200.0' in counted
