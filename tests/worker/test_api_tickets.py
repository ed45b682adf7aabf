"""What the operator API says of tickets: merged ones, those of a contact, answers, and who wrote a mail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from storage.accounts import add_account
from storage.database import transaction
from storage.sealing import Sealer
from tests.storage.seeds import seed_contact, seed_ticket
from tests.worker.api_house import KEY, House, open_house, settings_of

SECRET = "whsec_" + "A" * 43 + "="


@pytest.fixture
async def house(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(settings_of(database_url, redis_url, tmp_path)) as opened:
        yield opened


@pytest.mark.parametrize(
    "wish",
    [{"status": "open"}, {"priority": "urgent"}, {"labels": ["a"]}, {"merged_into": None}],
    ids=["a status", "a priority", "labels", "the end of the merge"],
)
async def test_a_merged_ticket_refuses_a_change_and_says_where_it_went(
    house: House, wish: dict[str, Any]
) -> None:
    for _ in range(2):
        await seed_ticket(house.pool, house.acme)
    merge = {"merged_into": "TKT-0002"}
    assert (await house.call("PATCH", "/api/tickets/TKT-0001", merge)).status == 200
    refused = await house.call("PATCH", "/api/tickets/TKT-0001", wish)
    assert refused.status == 409
    assert "TKT-0002" in refused.json["detail"]
    assert (await house.call("PATCH", "/api/tickets/TKT-0001", merge)).status == 200
    shown = (await house.call("GET", "/api/tickets/TKT-0001")).json
    assert (shown["status"], shown["merged_into"]) == ("closed", "TKT-0002")
    assert [one["kind"] for one in shown["activities"]].count("status_changed") == 1


async def test_null_says_of_a_ticket_that_is_not_merged_what_it_is(house: House) -> None:
    await seed_ticket(house.pool, house.acme)
    changed = await house.call("PATCH", "/api/tickets/TKT-0001", {"merged_into": None, "status": "waiting"})
    assert (changed.status, changed.json["status"], changed.json["merged_into"]) == (200, "waiting", None)


async def test_tickets_of_a_contact_are_found_by_its_id_and_by_its_address(house: House) -> None:
    contact = await seed_contact(house.pool, house.acme, "ada@example.org")
    await seed_ticket(house.pool, house.acme, contact_id=contact)
    await seed_ticket(house.pool, house.acme)
    for asked in (contact, "ada@example.org"):
        for key in (house.acme_key, house.root):
            found = (await house.call("GET", f"/api/tickets?contact={asked}", key=key)).json["items"]
            assert [one["ref"] for one in found] == ["TKT-0001"]


@pytest.mark.parametrize(
    ("html", "stored"),
    [
        ("<p onclick='x()'>Hi</p><script>x()</script>", "<p>Hi</p>"),
        ("<p>On its <b>way</b>.</p>", "<p>On its <b>way</b>.</p>"),
        ("<p>a\0b</p>", "<p>ab</p>"),
    ],
    ids=["without what acts", "as it is", "storable"],
)
@pytest.mark.parametrize("direction", ["outbound", "note"])
async def test_the_html_of_an_answer_is_harmless(
    house: House, html: str, stored: str, direction: str
) -> None:
    await seed_ticket(house.pool, house.acme)
    body = {"text": "Hi", "html": html, "direction": direction}
    assert (await house.call("POST", "/api/tickets/TKT-0001/messages", body)).status == 201
    (shown,) = (await house.call("GET", "/api/tickets/TKT-0001")).json["messages"]
    assert shown["html"] == stored


async def test_reports_of_one_conversation_are_no_strangers(house: House) -> None:
    """An operator has said that they belong together, whether somebody is named or not."""
    for sender in ({}, {}, {"address": "+15005550100"}):
        report = {"text": "It rang again.", "conversation": "case-1", "sender": sender}
        assert (await house.call("POST", "/api/messages", report)).status == 202
    await house.work()
    shown = (await house.call("GET", "/api/tickets/TKT-0001")).json["messages"]
    assert [one["flags"] for one in shown] == [[], [], []]


REWRITTEN = (
    "From: \"'Gina' via Support\" <support@acme.test>\r\n"
    "X-Original-From: Gina Berg <gina@customer.test>\r\n"
    "To: help+acme@in.example.org\r\nSubject: Hi\r\nMessage-ID: <g1@acme.test>\r\n\r\nHello\r\n"
)


async def test_a_dry_run_names_who_wrote_a_rewritten_mail(house: House) -> None:
    """P11: as it would be stored."""
    await add_account(house.pool, Sealer([KEY]), "cloudflare-email", [SECRET])
    async with transaction(house.pool) as conn:
        await conn.execute(
            "insert into addresses (address, tenant_id, kind) values ('support@acme.test', $1, 'inbox')",
            house.acme.id,
        )
    explained = await house.call("POST", "/api/explain", {"payload": REWRITTEN}, key=house.root)
    (one,) = explained.json["messages"]
    assert one["sender"] == {"name": "Gina Berg", "address": "gina@customer.test"}
