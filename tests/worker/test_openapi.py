"""The OpenAPI document and the running API are in step: schemathesis calls each operation by the document."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.storage.seeds import seed_message, seed_ticket
from tests.worker.api_house import House, open_house, settings_of
from worker.api import openapi
from worker.api.explain import DryRun
from worker.api.table import operations
from worker.reading import Reader

ROWS = operations(DryRun(Reader(seconds=1, memory=1 << 30)))
DOCUMENT: dict[str, Any] = msgspec.json.decode(openapi(ROWS))
schema = schemathesis.openapi.from_dict(DOCUMENT)
UNSAYABLE = {
    "GET /api/tickets",
    "GET /api/events",
    "GET /api/deadletters",
    "POST /api/explain",
}
"""A schema cannot say which cursors were given out, nor what makes a mail: such calls may be refused too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    url: str
    key: str


@pytest.fixture(scope="module")
def live(servers: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running receiver in a thread of its own: schemathesis calls it as any client does."""
    database = servers.new_database()
    ready: Future[Live] = Future()
    loop, over = asyncio.new_event_loop(), asyncio.Event()
    data = tmp_path_factory.mktemp("live")
    running = _live(database, servers.redis_url, data, ready, over)
    thread = threading.Thread(target=lambda: loop.run_until_complete(running))
    thread.start()
    try:
        yield ready.result(timeout=60)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()
        servers.drop(database)


async def _live(database: str, redis: str, data: Path, ready: Future[Live], over: asyncio.Event) -> None:
    try:
        async with open_house(settings_of(database, redis, data)) as house:
            await _furnish(house)
            ready.set_result(Live(url=house.url, key=house.acme_key))
            await over.wait()
    except BaseException as error:
        if not ready.done():
            ready.set_exception(error)
        raise


async def _furnish(house: House) -> None:
    ticket = await seed_ticket(house.pool, house.acme)
    await seed_message(house.pool, house.acme, ticket)


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_each_operation_does_as_the_document_says(case: Case, live: Live) -> None:
    excluded = [positive_data_acceptance] if case.operation.label in UNSAYABLE else []
    headers = {"Authorization": f"Bearer {live.key}"}
    case.call_and_validate(base_url=live.url, headers=headers, excluded_checks=excluded)


def test_the_document_is_served_to_whoever_asks(live: Live) -> None:
    served = requests.get(f"{live.url}/api/openapi.json", timeout=30)
    assert (served.status_code, served.json()) == (200, DOCUMENT)


def test_each_operation_is_named_once_and_described() -> None:
    assert len({row.name for row in ROWS}) == len({(row.method, row.path) for row in ROWS}) == len(ROWS)
    assert all(row.summary.endswith(".") for row in ROWS)


PROMISED = {
    ("GET", "/api/messages/{id}"),
    ("POST", "/api/messages"),
    ("GET", "/api/tickets"),
    ("GET", "/api/tickets/{ref}"),
    ("PATCH", "/api/tickets/{ref}"),
    ("POST", "/api/tickets/{ref}/messages"),
    ("GET", "/api/events"),
    ("GET", "/api/deadletters"),
    ("POST", "/api/deadletters/{id}/replay"),
    ("POST", "/api/explain"),
}


def test_what_other_programs_rely_on_is_there() -> None:
    assert {(row.method, row.path) for row in ROWS} >= PROMISED
