"""P1, P6, P7: whatever is killed under traffic, each message that got its 2xx is stored exactly once."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable

import pytest

from tests.running import PATIENCE
from tests.whole.conftest import Caller, kill, said

SENDERS = 8
PARTS = ("work", "receive", "Redis", "Postgres")


@pytest.mark.parametrize("part", PARTS)
async def test_p1_a_kill_under_traffic_loses_and_doubles_nothing(caller: Caller, part: str) -> None:
    """Traffic runs, a part is killed twice and comes back by itself; then everything is counted."""
    stop, ids = asyncio.Event(), list[str]()
    traffic = [asyncio.create_task(customer(caller, stop, ids)) for _ in range(SENDERS)]
    for _ in range(2):
        await until_more(ids, 50)
        await asyncio.to_thread(kill, caller.whole.up, part)
        await until_runs(caller, part)
    await until_more(ids, 50)
    stop.set()
    await asyncio.gather(*traffic)
    found = await asyncio.gather(*(caller.settled(known) for known in ids))

    assert {one["state"] for one in found} <= {"created", "appended", "duplicate"}
    originals = {one["duplicate_of"] or one["id"] for one in found}
    shown = await messages_of(caller, {one["ticket"] for one in found if one["ticket"]})
    assert originals <= set(shown), "each is shown on its ticket"
    assert len(shown) == len(set(shown)), "and none is shown twice"
    assert said(caller.whole.up, "reconcile")["balanced"] is True


async def customer(caller: Caller, stop: asyncio.Event, ids: list[str]) -> None:
    """Sends one SMS after the other, each until it is accepted, and notes the ids that are answered."""
    sender = f"+1500555{secrets.randbelow(9000) + 1000}"
    while not stop.is_set():
        sid = "SM" + secrets.token_hex(16)
        ids.append(await caller.deliver(caller.whole.signed_sms(sender, "one more line", sid)))


async def until_more(ids: list[str], count: int) -> None:
    """Wait until so many more messages were accepted: traffic flows, whatever is away."""
    wanted = len(ids) + count
    async with asyncio.timeout(PATIENCE):
        while len(ids) < wanted:  # noqa: ASYNC110 - other tasks fill it
            await asyncio.sleep(0.05)


async def until_runs(caller: Caller, part: str) -> None:
    """Wait until a part that was killed is back."""
    async with asyncio.timeout(PATIENCE):
        while part not in await asyncio.to_thread(caller.whole.up.parts):  # noqa: ASYNC110 - a process
            await asyncio.sleep(0.1)


async def messages_of(caller: Caller, refs: set[str]) -> list[str]:
    """Ids of all messages that the tickets show."""
    asked: list[Awaitable[dict[str, object]]] = [caller.ticket(ref) for ref in sorted(refs)]
    tickets = await asyncio.gather(*asked)
    return [message["id"] for ticket in tickets for message in ticket["messages"]]  # type: ignore[attr-defined,index]
