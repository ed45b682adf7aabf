"""P10: accepted = created + appended + duplicate + suppressed + dead + pending, per account."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from routing.changes import Changes
from routing.facts import Tenant
from storage import redis
from storage.database import Pool
from storage.inbox import Inbox
from storage.ledger import Figures, reconcile
from tests.storage.factories import envelopes
from tests.storage.seeds import account_of, apply, pool_of, receipt_row, seed_tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    pool: Pool
    acme: Tenant
    inbox: Inbox
    redis: Any

    @property
    def account(self) -> str:
        return account_of(self.acme)

    async def accept(self, count: int) -> list[str]:
        accepted = envelopes(count, of=self.account)
        await self.inbox.append(accepted)
        return [one.id for one in accepted]

    async def work(self, message: str, outcome: Any, *, generation: int = 0) -> None:
        row = receipt_row(self.account, message, self.acme, outcome, generation=generation)
        await apply(self.pool, self.acme, Changes(receipts=[row]))

    async def delete(self, count: int) -> None:
        await self.inbox.beat("w")
        await self.inbox.done(await self.inbox.read("w", count))

    async def figures(self) -> Figures:
        return await reconcile(self.pool, self.inbox, lambda: asyncio.sleep(0), tries=3)


@pytest.fixture
async def house(database_url: str, redis_url: str) -> AsyncIterator[House]:
    client = redis.connect(redis_url)
    async with pool_of(database_url) as pool:
        yield House(pool=pool, acme=await seed_tenant(pool, "acme"), inbox=Inbox(client), redis=client)
    await client.aclose()


async def test_nothing_balances(house: House) -> None:
    assert await house.figures() == Figures(balanced=True, accounts=(), tenants=())


async def test_each_outcome_and_what_waits_add_up_to_what_was_accepted(house: House) -> None:
    """P10."""
    ids = await house.accept(7)
    outcomes = ["created", "appended", "duplicate", "suppressed", "dead"]
    for message, outcome in zip(ids, outcomes, strict=False):
        await house.work(message, outcome)
    await house.delete(5)
    figures = await house.figures()
    assert figures.balanced
    (line,) = figures.accounts
    assert (line.account, line.accepted, line.pending, line.missing) == (house.account, 7, 2, 0)
    assert [getattr(line, outcome) for outcome in outcomes] == [1] * 5
    assert [(one.tenant, one.created, one.dead) for one in figures.tenants] == [("acme", 1, 1)]


async def test_a_crash_between_commit_and_delete_is_not_counted_twice(house: House) -> None:
    """P10, R7."""
    (message,) = await house.accept(1)
    await house.work(message, "created")
    (line,) = (await house.figures()).accounts
    assert (line.created, line.pending, line.missing) == (1, 0, 0)


async def test_a_replayed_dead_letter_counts_once(house: House) -> None:
    """P10."""
    (message,) = await house.accept(1)
    await house.work(message, "dead")
    await house.work(message, "created", generation=1)
    await house.delete(1)
    (line,) = (await house.figures()).accounts
    assert (line.dead, line.created, line.missing) == (0, 1, 0)


async def test_a_replay_is_not_accepted_a_second_time(house: House) -> None:
    """P10: whether it is in the inbox once or, after a lost reply, twice."""
    (first,) = envelopes(1, of=house.account)
    await house.inbox.append([first])
    await house.work(first.id, "dead")
    await house.delete(1)
    again = msgspec.structs.replace(first, generation=1)
    await house.inbox.append([again])
    await house.inbox.append([again])
    assert (await house.figures()).balanced
    await house.work(first.id, "created", generation=1)
    await house.inbox.beat("w")
    entries = await house.inbox.read("w", 2)
    await house.inbox.done(entries, second=[entries[1].id])
    (line,) = (await house.figures()).accounts
    assert (line.accepted, line.created, line.missing) == (1, 1, 0)


async def test_a_lost_message_is_found(house: House) -> None:
    """P10: what was accepted and is nowhere must be seen."""
    await house.accept(2)
    await house.delete(1)
    figures = await house.figures()
    assert not figures.balanced
    assert figures.accounts[0].missing == 1


async def test_an_effect_that_nobody_accepted_is_found(house: House) -> None:
    """P10."""
    await house.work("0192f0c1-2b3c-7d4e-8f50-6a7b8c9d0e1f", "created")
    figures = await house.figures()
    assert not figures.balanced
    assert figures.accounts[0].missing == -1
