"""Dead letters are seen, replayed once, or given up; the ledger says each time what counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from redis.exceptions import ConnectionError  # noqa: A004 - what a Redis that is away raises

from channels.contract import Account
from storage.burial import burial_of, bury, describe
from storage.claims import Item
from storage.cursors import Place
from storage.deadletters import (
    NotReplayableError,
    discard,
    list_dead,
    open_ids,
    replay,
    replay_all,
    show_dead,
)
from storage.entries import Entry
from storage.envelope import Envelope, encode
from storage.ids import new_id
from storage.tenants import add_tenant
from tests.storage.desk import NOON, Desk, later, mail, open_desk, sms


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with open_desk(database_url) as opened:
        yield opened


class Tray:
    """Stands for the inbox: keeps what was appended, or fails as a Redis that is away."""

    def __init__(self, *, fails: bool = False) -> None:
        self.envelopes: list[Envelope] = []
        self.fails = fails

    async def append(self, envelopes: Sequence[Envelope]) -> None:
        if self.fails:
            raise ConnectionError("Redis is away")
        self.envelopes += envelopes


async def unroutable(desk: Desk, to: str = "x+initech@in.example.net", text: str = "Hello") -> Item:
    item = await desk.item(mail(text, to=(to,)), desk.shared)
    await desk.record(item)
    return item


async def again(desk: Desk, tray: Tray) -> dict[str, str]:
    """Work what was replayed, as a worker would."""
    done: dict[str, str] = {}
    for envelope in tray.envelopes:
        item = await desk.item(
            envelope.message, envelope.account, id=envelope.id, generation=envelope.generation,
            released=envelope.released,
        )  # fmt: skip
        done |= (await desk.record(item, now=later(hours=1))).outcomes
    return done


async def receipts(desk: Desk, message: str) -> list[tuple[int, str]]:
    rows = await desk.rows(
        "select generation, outcome from receipts where message_id = $1 order by generation", message
    )
    return [(row["generation"], row["outcome"]) for row in rows]


async def test_a_replay_that_gets_through(desk: Desk) -> None:
    """R11: once its tenant exists an unroutable mail becomes a ticket, with its message row filled in."""
    item, tray = await unroutable(desk), Tray()
    await add_tenant(desk.pool, "initech")
    await desk.directories.refresh()
    assert await replay(desk.pool, item.id, tray.append)
    assert await list_dead(desk.pool) == []
    assert list((await again(desk, tray)).values()) == ["created"]
    assert await receipts(desk, item.id) == [(0, "dead"), (1, "created")]
    (message,) = await desk.rows("select ticket_id, raw from messages")
    assert message["ticket_id"] is not None
    assert message["raw"] == b"raw"
    (letter,) = await desk.rows("select settled_as from dead_letters")
    assert letter["settled_as"] == "replayed"


async def test_a_replay_that_fails_again(desk: Desk) -> None:
    """It is open again, and can be replayed as the next generation."""
    item, tray = await unroutable(desk), Tray()
    assert await replay(desk.pool, item.id, tray.append)
    assert list((await again(desk, tray)).values()) == ["dead"]
    assert [one.id for one in await list_dead(desk.pool)] == [item.id]
    assert await replay(desk.pool, item.id, tray.append)
    assert [one.generation for one in tray.envelopes] == [1, 2]


async def test_a_replay_happens_once(desk: Desk) -> None:
    """P2: of many who press the button one puts it back; later ones are told that it is not open."""
    item, tray = await unroutable(desk), Tray()
    done = await asyncio.gather(*(replay(desk.pool, item.id, tray.append) for _ in range(4)))
    assert sorted(done) == [False, False, False, True]
    assert len(tray.envelopes) == 1


async def test_a_replay_without_redis_leaves_it_open(desk: Desk) -> None:
    """P10: what was not put back is still there."""
    item = await unroutable(desk)
    with pytest.raises(ConnectionError):
        await replay(desk.pool, item.id, Tray(fails=True).append)
    assert await open_ids(desk.pool) == [item.id]


async def test_a_replay_that_was_interrupted_settles_itself(desk: Desk) -> None:
    """A crash between append and commit leaves the letter open; the effect of the replay settles it."""
    item = await unroutable(desk)
    await add_tenant(desk.pool, "initech")
    await desk.directories.refresh()
    replayed = await desk.item(item.work.message, desk.shared, id=item.id, generation=1)
    assert list((await desk.record(replayed)).outcomes.values()) == ["created"]
    assert await open_ids(desk.pool) == []


async def test_a_replay_uses_the_account_as_it_is_now(desk: Desk) -> None:
    """An account that was given its tenant after the mishap counts, not the one of then."""
    item, tray = await unroutable(desk), Tray()
    await desk.rows("update accounts set tenant_id = $1 where id = $2", desk.acme.id, desk.shared.id)
    assert await replay(desk.pool, item.id, tray.append)
    assert tray.envelopes[0].account.tenant == desk.acme.id
    assert tray.envelopes[0].message == item.work.message


async def test_discarding(desk: Desk) -> None:
    """P10: given up for good it counts as suppressed, and is never replayed."""
    item = await unroutable(desk)
    assert await discard(desk.pool, item.id, actor="key:1")
    assert await receipts(desk, item.id) == [(0, "dead"), (1, "suppressed")]
    assert not await discard(desk.pool, item.id)
    assert not await replay(desk.pool, item.id, Tray().append)
    shown = await show_dead(desk.pool, item.id)
    assert shown is not None
    assert shown.settled_as == "discarded"


async def test_lists_and_filters(desk: Desk) -> None:
    """The oldest first, page by page, by tenant and reason."""
    ids = [(await unroutable(desk, text=f"mail {n}")).id for n in range(3)]
    entry = Entry(id="9-0", data=b"", envelope=envelope_of(desk, tenant=desk.acme.id), attempts=6)
    await bury(desk.pool, burial_of(entry, NOON, reason="crashed"), NOON)
    lines = await list_dead(desk.pool, reason="unroutable", limit=2)
    rest = await list_dead(desk.pool, reason="unroutable", after=Place(at=lines[-1].at, id=lines[-1].id))
    assert [one.id for one in lines + rest] == sorted(ids)
    (crashed,) = await list_dead(desk.pool, tenant=desk.acme.id)
    assert (crashed.reason, crashed.attempts, crashed.tenant) == ("crashed", 6, "acme")
    assert await list_dead(desk.pool, tenant=desk.globex.id) == []
    assert await open_ids(desk.pool, reason="crashed") == [crashed.id]


async def test_dead_letters_of_another_tenant(desk: Desk) -> None:
    """P4: they are not shown, not replayed, not discarded."""
    entry = Entry(id="9-0", data=b"", envelope=envelope_of(desk, tenant=desk.acme.id), attempts=6)
    await bury(desk.pool, burial_of(entry, NOON, reason="crashed"), NOON)
    (known,) = await open_ids(desk.pool)
    assert await show_dead(desk.pool, known, tenant=desk.globex.id) is None
    assert not await replay(desk.pool, known, Tray().append, tenant=desk.globex.id)
    assert not await discard(desk.pool, known, tenant=desk.globex.id)
    assert await show_dead(desk.pool, known, tenant=desk.acme.id) is not None


def envelope_of(desk: Desk, **account: Any) -> Envelope:
    known = Account(id="acc_acme", provider="twilio", **account)
    return Envelope(id=new_id(), account=known, received_at=NOON, message=sms("boom"), raw=b"raw")


@pytest.mark.parametrize(
    ("data", "account"),
    [
        pytest.param(b"\xc1 no MessagePack", "unknown", id="garbage"),
        pytest.param(b"", "unknown", id="nothing at all"),
        pytest.param(None, "acc_acme", id="an envelope whose message cannot be read: its account is known"),
    ],
)
async def test_an_entry_that_is_no_envelope(desk: Desk, data: bytes | None, account: str) -> None:
    """P5, P10: it is kept as it is, once, under its account where that can be read; it cannot be replayed."""
    whole = encode(envelope_of(desk))
    entry = Entry(
        id="5-0", data=whole.replace(b"message", b"massage") if data is None else data, envelope=None
    )
    first = await bury(desk.pool, burial_of(entry, NOON, reason="unreadable", error="no envelope"), NOON)
    second = await bury(desk.pool, burial_of(entry, NOON, reason="unreadable"), NOON)
    assert (first.outcomes, second.outcomes, second.reruns) == ({"5-0": "dead"}, {}, ["5-0"])
    (line,) = await list_dead(desk.pool)
    assert (line.reason, line.account) == ("unreadable", account)
    shown = await show_dead(desk.pool, line.id)
    assert shown is not None
    assert (shown.envelope, shown.raw) == (entry.data, entry.data)
    with pytest.raises(NotReplayableError):
        await replay(desk.pool, line.id, Tray().append)
    assert await replay_all(desk.pool, [line.id], Tray().append) == 0


async def test_replaying_all(desk: Desk) -> None:
    """Many at once, each on its own."""
    items, tray = [await unroutable(desk, text=f"mail {n}") for n in range(3)], Tray()
    assert await replay_all(desk.pool, await open_ids(desk.pool, reason="unroutable"), tray.append) == 3
    assert {one.id for one in tray.envelopes} == {item.id for item in items}


async def test_an_account_that_is_gone(desk: Desk) -> None:
    """P5: neither a missing account nor a missing tenant keeps a dead letter from being stored."""
    lost = Account(id="acc_gone", provider="twilio", tenant=new_id())
    envelope = Envelope(id=new_id(), account=lost, received_at=NOON, message=sms("boom"), raw=b"raw")
    entry = Entry(id="5-0", data=b"", envelope=envelope, attempts=6)
    recorded = await bury(desk.pool, burial_of(entry, NOON, reason="crashed"), NOON)
    assert recorded.outcomes == {"5-0": "dead"}
    (row,) = await desk.rows("select account_id, tenant_id from receipts")
    assert (row["account_id"], row["tenant_id"]) == ("acc_gone", None)


async def test_a_tenant_is_told_of_its_dead_letters(desk: Desk) -> None:
    """R11: where the tenant is known an event says that a message died."""
    entry = Entry(id="9-0", data=b"", envelope=envelope_of(desk, tenant=desk.acme.id), attempts=6)
    await bury(desk.pool, burial_of(entry, NOON, reason="crashed"), NOON)
    (event,) = await desk.rows("select name, tenant_id from events")
    assert (event["name"], event["tenant_id"]) == ("message.dead", desk.acme.id)


def test_a_trace_is_bounded() -> None:
    """P12: an endless or unstorable error makes a line and a trace that can be stored."""
    line, trace = describe(ValueError("\0\ud83d" + "x" * 100_000))
    assert "\0" not in line + trace
    (line + trace).encode()
    assert len(line) <= 1_000
    assert len(trace) <= 20_000
