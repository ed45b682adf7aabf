"""The operator API while Postgres or Redis are away."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.storage.seeds import seed_ticket
from tests.worker.api_house import open_house, settings_of
from tests.worker.cut import wire

SAID = {"text": "My parcel has not arrived.", "channel": "phone"}
NOBODY = "00000000-0000-7000-8000-000000000000"


async def test_reports_are_accepted_and_shown_as_pending_while_postgres_is_away(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """P6: the key, the tenant and its account are known from before."""
    async with wire(database_url) as postgres:
        settings = settings_of(postgres.url, redis_url, tmp_path)
        async with open_house(settings) as house:
            assert (await house.call("POST", "/api/messages", SAID)).status == 202
            await postgres.cut()
            accepted = await house.call("POST", "/api/messages", SAID)
            assert accepted.status == 202
            message = accepted.json["messages"][0]
            pending = await house.call("GET", f"/api/messages/{message}")
            assert pending.json == {"id": message, "state": "pending"}
            hidden = await house.call("GET", f"/api/messages/{message}", key=house.other_key)
            assert hidden.status == 503  # a key that was never seen: nobody can say whose it is
            await postgres.mend()
            await house.work()
            assert (await house.call("GET", f"/api/messages/{message}")).json["state"] == "created"


@pytest.mark.parametrize(
    "path", ["/api/tickets", "/api/tickets/TKT-0001", "/api/events", f"/api/messages/{NOBODY}"]
)
async def test_what_only_postgres_knows_is_answered_503_while_it_is_away(
    database_url: str, redis_url: str, tmp_path: Path, path: str
) -> None:
    """P6: never 404 for what may well be there."""
    async with (
        wire(database_url) as postgres,
        open_house(settings_of(postgres.url, redis_url, tmp_path)) as house,
    ):
        await seed_ticket(house.pool, house.acme)
        assert (await house.call("GET", "/api/tickets")).status == 200
        await postgres.cut()
        answer = await house.call("GET", path)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        await postgres.mend()


async def test_a_frozen_postgres_holds_up_no_answer_for_long(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """P6: it takes connections and answers nothing, as a stopped server does. Providers give up in 15 s."""
    async with (
        wire(database_url) as postgres,
        open_house(settings_of(postgres.url, redis_url, tmp_path)) as house,
    ):
        await seed_ticket(house.pool, house.acme)
        message = (await house.call("POST", "/api/messages", SAID)).json["messages"][0]
        listed = ["/api/tickets", "/api/tickets?tenant=new"]
        paths = [*listed, "/api/tickets/TKT-0001", f"/api/messages/{NOBODY}"]
        postgres.freeze()
        async with asyncio.timeout(30):
            pending = await house.call("GET", f"/api/messages/{message}")
            answers = await asyncio.gather(*(house.call("GET", path, key=house.acme_key) for path in paths))
        assert pending.json == {"id": message, "state": "pending"}
        assert [(one.status, one.headers["Retry-After"]) for one in answers] == [(503, "5")] * len(paths)
        postgres.thaw()
        assert (await house.call("GET", "/api/tickets")).status == 200


async def test_a_report_is_spooled_and_shown_as_pending_while_redis_is_away(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """P7."""
    async with (
        wire(redis_url) as redis,
        open_house(settings_of(database_url, redis.url, tmp_path)) as house,
    ):
        await redis.cut()
        accepted = await house.call("POST", "/api/messages", SAID)
        assert accepted.status == 202
        message = accepted.json["messages"][0]
        pending = await house.call("GET", f"/api/messages/{message}")
        assert pending.json == {"id": message, "state": "pending"}
        assert (await house.call("GET", f"/api/messages/{message}", key=house.other_key)).status == 404
        assert (await house.call("GET", f"/api/messages/{NOBODY}")).status == 503  # it may be in the inbox
        await redis.mend()


async def test_nothing_is_accepted_that_cannot_be_made_durable(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """P7."""
    async with wire(redis_url) as redis:
        settings = settings_of(database_url, redis.url, tmp_path, INLET_SPOOL="off")
        async with open_house(settings) as house:
            await redis.cut()
            refused = await house.call("POST", "/api/messages", SAID)
            assert refused.status == 503
            assert int(refused.headers["Retry-After"]) > 0
            await redis.mend()
