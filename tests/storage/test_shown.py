"""Messages are shown with what became of them, events in an order that never changes, keys only once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from routing.changes import Changes, EventRow
from routing.facts import Tenant
from storage.cursors import BadCursorError
from storage.database import Pool, connection, transaction
from storage.events import START, list_events
from storage.ids import new_id
from storage.keys import add_key, find_key, list_keys, revoke_key
from storage.messages import find_message
from storage.write import write
from tests.storage.seeds import (
    NOON,
    account_of,
    apply,
    message_row,
    pool_of,
    receipt_row,
    seed_message,
    seed_tenant,
    seed_ticket,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    pool: Pool
    acme: Tenant
    other: Tenant


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with pool_of(database_url) as pool:
        yield House(pool=pool, acme=await seed_tenant(pool, "acme"), other=await seed_tenant(pool, "other"))


async def test_a_worked_message_has_all_fields(house: House) -> None:
    ticket = await seed_ticket(house.pool, house.acme)
    row = await seed_message(house.pool, house.acme, ticket)
    found = await find_message(house.pool, row.id)
    assert found is not None
    message = found.message
    assert found.tenant_id == house.acme.id
    assert (message.state, message.ticket, message.tenant) == ("created", "TKT-0001", "acme")
    assert (message.text, message.reply_text) == (row.text, row.reply_text)
    assert message.attachments[0].size == 3
    assert message.decision == {"tenant": []}
    assert message.account == account_of(house.acme)


async def test_a_duplicate_shows_what_its_original_said(house: House) -> None:
    ticket = await seed_ticket(house.pool, house.acme)
    original = await seed_message(house.pool, house.acme, ticket)
    twin = new_id()
    receipt = receipt_row(account_of(house.acme), twin, house.acme, "duplicate", duplicate_of=original.id)
    await apply(house.pool, house.acme, Changes(receipts=[receipt]))
    found = await find_message(house.pool, twin)
    assert found is not None
    assert (found.message.id, found.message.state, found.message.duplicate_of) == (
        twin,
        "duplicate",
        original.id,
    )
    assert (found.message.text, found.message.ticket) == (original.text, "TKT-0001")


async def test_a_message_without_a_route_belongs_to_nobody(house: House) -> None:
    row = message_row(None, None)
    receipt = receipt_row(account_of(house.acme), row.id, None, "dead", reason="unroutable")
    await apply(house.pool, house.acme, Changes(messages=[row], receipts=[receipt]))
    found = await find_message(house.pool, row.id)
    assert found is not None
    assert found.tenant_id is None
    assert (found.message.state, found.message.reason, found.message.ticket) == ("dead", "unroutable", None)


async def test_what_could_not_be_read_at_all_has_all_fields_too(house: House) -> None:
    message = new_id()
    receipt = receipt_row(account_of(house.acme), message, None, "dead", reason="unreadable")
    await apply(house.pool, house.acme, Changes(receipts=[receipt]))
    found = await find_message(house.pool, message)
    assert found is not None
    assert (found.message.text, found.message.provider, found.message.received_at) == ("", "twilio", NOON)


async def test_the_newest_receipt_of_a_replayed_message_counts(house: House) -> None:
    ticket = await seed_ticket(house.pool, house.acme)
    row = await seed_message(house.pool, house.acme, ticket, "dead")
    again = receipt_row(account_of(house.acme), row.id, house.acme, "appended", generation=1)
    await apply(house.pool, house.acme, Changes(receipts=[again]))
    found = await find_message(house.pool, row.id)
    assert found is not None
    assert found.message.state == "appended"


async def test_an_unknown_message_is_not_found(house: House) -> None:
    assert await find_message(house.pool, new_id()) is None


async def test_events_are_read_in_order_and_by_tenant(house: House) -> None:
    """P4."""
    mine = await seed_ticket(house.pool, house.acme)
    await seed_ticket(house.pool, house.other)
    await seed_ticket(house.pool, house.acme)
    every = await list_events(house.pool, tenant=None, after=START, limit=10)
    assert [one.tenant for one in every] == ["acme", "other", "acme"]
    assert (every[0].name, every[0].ticket, every[0].may_answer) == ("ticket.created", "TKT-0001", True)
    own = await list_events(house.pool, tenant=house.acme.id, after=START, limit=1)
    assert [one.ticket for one in own] == ["TKT-0001"]
    rest = await list_events(house.pool, tenant=house.acme.id, after=own[0].cursor, limit=10)
    assert [one.ticket for one in rest] == ["TKT-0002"]
    assert mine.id


async def test_a_late_commit_is_never_put_before_what_a_reader_has_seen(house: House) -> None:
    """An event of a transaction that began earlier and ends later must not be skipped by a reader."""

    def event(name: str) -> Changes:
        row = EventRow(id=new_id(), tenant_id=house.acme.id, name=name, at=NOON)
        return Changes(events=[row])

    async with transaction(house.pool) as slow:
        await write(slow, event("slow"), NOON)
        await apply(house.pool, house.acme, event("quick"))
        before = await list_events(house.pool, tenant=None, after=START, limit=10)
    after = await list_events(house.pool, tenant=None, after=before[-1].cursor if before else START, limit=10)
    assert [one.name for one in (*before, *after)] == ["slow", "quick"]


@pytest.mark.parametrize("cursor", ["", "1", "a.b", "1.2.3", f"{2**64}.1", "-1.0"])
async def test_a_foreign_place_in_the_outbox_is_refused(house: House, cursor: str) -> None:
    with pytest.raises(BadCursorError):
        await list_events(house.pool, tenant=None, after=cursor, limit=1)


async def test_a_key_is_kept_as_a_hash_and_can_be_revoked(house: House) -> None:
    key = await add_key(house.pool, tenant=house.acme.id, label="dashboard")
    found = await find_key(house.pool, key)
    assert found is not None
    assert found.tenant == house.acme.id
    async with connection(house.pool) as conn:
        assert key.encode() not in await conn.fetchval("select hash from api_keys")
    assert [(one.tenant, one.label) for one in await list_keys(house.pool)] == [("acme", "dashboard")]
    assert await revoke_key(house.pool, found.id)
    assert not await revoke_key(house.pool, found.id)
    assert await find_key(house.pool, key) is None


@pytest.mark.parametrize(
    "key", ["", "ik_", "ik_x\udcff", "ik_" + "x" * 10_000], ids=["none", "bare", "odd", "long"]
)
async def test_what_is_no_key_opens_nothing(house: House, key: str) -> None:
    await add_key(house.pool)
    assert await find_key(house.pool, key) is None
