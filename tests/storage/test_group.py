"""Group commit and its way around a Redis that fails, on a real Redis that is stopped and killed (P7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from channels.errors import Unavailable
from storage.drain import Drain
from storage.envelope import Envelope
from storage.group import Append, Appender
from storage.inbox import Inbox
from storage.redis import connect
from storage.spool import Spool
from tests.storage.factories import envelope, envelopes
from tests.storage.own_redis import OwnRedis, own_redis
from tests.storage.waiting import until

ROOMY = 64 * 1024 * 1024


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[OwnRedis]:
    with own_redis(tmp_path / "redis") as running:
        yield running


@pytest.fixture
async def inbox(redis: OwnRedis) -> AsyncIterator[Inbox]:
    client = connect(redis.url, seconds=600)  # so that only the appender's own bound can help
    yield Inbox(client)
    await client.aclose()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool", limit=ROOMY)


async def read_all(inbox: Inbox) -> list[Envelope | None]:
    return [entry.envelope for entry in await inbox.read("w1", 10_000)]


async def test_requests_that_come_while_an_append_is_under_way_share_the_next(inbox: Inbox) -> None:
    """Group commit: a hundred requests at once make far fewer appends, and every message is there."""
    told: list[Append] = []
    appender = Appender(inbox, None, report=told.append)
    sent = envelopes(100)

    async def one_by_one(number: int) -> None:
        await asyncio.sleep(0.0005 * (number % 4))
        await appender.append([sent[number]])

    await asyncio.gather(*(one_by_one(number) for number in range(100)))

    assert sum(append.requests for append in told) == 100
    assert len(told) < 50
    assert {one.id for one in sent} == {found.id for found in await read_all(inbox) if found}


async def test_an_append_is_bounded_in_messages(inbox: Inbox) -> None:
    told: list[Append] = []
    appender = Appender(inbox, None, report=told.append)

    await asyncio.gather(*(appender.append(envelopes(200)) for _ in range(5)))

    assert [append.messages for append in told] == [400, 400, 200]
    assert await inbox.depth() == 1000


async def test_nothing_to_append_is_done_at_once(inbox: Inbox) -> None:
    told: list[Append] = []

    await Appender(inbox, None, report=told.append).append([])

    assert told == []


async def test_a_client_that_goes_away_takes_nobody_with_it(inbox: Inbox) -> None:
    appender, sent = Appender(inbox, None), envelopes(20)
    tasks = [asyncio.create_task(appender.append([one])) for one in sent]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()

    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(result).__name__ for result in results] == ["CancelledError", "NoneType"] * 10
    assert {one.id for one in sent[1::2]} <= {found.id for found in await read_all(inbox) if found}


async def test_a_stalled_redis_is_gone_around_in_time(redis: OwnRedis, inbox: Inbox, spool: Spool) -> None:
    """P7: Redis listens and answers nothing; the append has its time, then the spool has the messages.

    What comes after it does not wait for Redis again.
    """
    told: list[Append] = []
    appender, sent = Appender(inbox, spool, seconds=0.5, report=told.append), envelopes(3)
    redis.stall()

    async with asyncio.timeout(20):
        await asyncio.gather(*(appender.append([one]) for one in sent[:2]))
        await appender.append(sent[2:])

    assert [append.place for append in told] == ["spool", "spool"]
    assert told[0].error.startswith("TimeoutError")
    assert "not answered" in told[1].error
    assert all([await spool.account_of(one.id) for one in sent])


@pytest.mark.parametrize("how", ["stalled", "killed"])
async def test_what_was_spooled_comes_back_when_redis_does(
    redis: OwnRedis, inbox: Inbox, spool: Spool, how: str
) -> None:
    """P7: every message that was acknowledged, before, during and after the outage, is in the inbox."""
    appender = Appender(inbox, spool, seconds=0.5)
    brought_back: list[int] = []
    drain = Drain(appender=appender, inbox=inbox, spool=spool, pause=0.05, report=brought_back.append)
    running = asyncio.create_task(drain.run())
    sent = envelopes(30)
    await appender.append(sent[:10])

    redis.stall() if how == "stalled" else redis.kill()
    for one in sent[10:20]:
        await appender.append([one])
    redis.go_on() if how == "stalled" else redis.start()
    await until(lambda: not appender.redis_failed.is_set() and sum(brought_back) >= 10)
    await appender.append(sent[20:])

    found = await read_all(inbox)
    running.cancel()
    assert {one.id for one in sent} == {one.id for one in found if one}
    assert (await spool.figures()).files == 0


async def test_a_spool_left_by_a_dead_process_is_drained_at_the_start(inbox: Inbox, tmp_path: Path) -> None:
    """P7: the messages of a killed receiver reach the inbox when any receiver of the machine starts."""
    dead, sent = Spool(tmp_path / "spool", limit=ROOMY), envelopes(2)
    await Appender(Inbox(connect("redis://127.0.0.1:1/0")), dead).append(sent)
    await dead.close()

    spool = Spool(tmp_path / "spool", limit=ROOMY)
    drain = Drain(appender=Appender(inbox, spool), inbox=inbox, spool=spool)
    running = asyncio.create_task(drain.run())
    await until(inbox.depth)

    running.cancel()
    assert await read_all(inbox) == sent


async def test_with_redis_away_and_no_spool_nothing_is_accepted(redis: OwnRedis, inbox: Inbox) -> None:
    """P7: the spool switched off is Unavailable with a time to come back."""
    told: list[Append] = []
    appender = Appender(inbox, None, seconds=0.5, report=told.append)
    redis.kill()

    with pytest.raises(Unavailable) as refused:
        await appender.append([envelope()])

    assert refused.value.retry_after
    assert told[0].place == "nowhere"


async def test_a_full_spool_refuses_only_what_does_not_fit(
    redis: OwnRedis, inbox: Inbox, tmp_path: Path
) -> None:
    """P7: each waiter gets its own answer, though they share the append."""
    appender = Appender(inbox, Spool(tmp_path / "spool", limit=3000), seconds=0.5)
    redis.kill()
    large, small = envelope(raw=bytes(5000)), envelope("small")

    results = await asyncio.gather(appender.append([large]), appender.append([small]), return_exceptions=True)

    assert [type(result) for result in results] == [Unavailable, type(None)]


async def test_an_append_whose_answer_was_lost_is_counted_once_in_the_end(
    redis: OwnRedis, inbox: Inbox, spool: Spool
) -> None:
    """P10: Redis took it, stalled before it answered, and the spool took it too: one accepted message."""
    appender, one = Appender(inbox, spool, seconds=0.3), envelope()
    await inbox.ping()
    redis.stall()
    await appender.append([one])
    redis.go_on()
    await until(inbox.depth)
    await spool.drain(inbox.append_frames)

    first, copy = await inbox.read("w1", 9)
    await inbox.done([first])
    await inbox.done([copy], second={copy.id})

    assert first.envelope == copy.envelope == one
    assert await inbox.accepted() == {"acc_one": 1}


async def test_closing_finishes_what_is_under_way(inbox: Inbox) -> None:
    appender, sent = Appender(inbox, None), envelopes(50)
    tasks = [asyncio.create_task(appender.append([one])) for one in sent]
    await asyncio.sleep(0)

    await appender.close()
    await asyncio.gather(*tasks)

    assert await inbox.depth() == 50


async def test_whatever_redis_does_an_acknowledged_message_is_in_the_inbox(
    redis: OwnRedis, inbox: Inbox, spool: Spool
) -> None:
    """P1 and P7: Redis is killed again and again in the middle of appends; nothing that was answered is lost.

    P10: each message that is there twice, because the answer of its append was lost, is counted once.
    """
    appender = Appender(inbox, spool, seconds=0.5)
    drain = asyncio.create_task(Drain(appender=appender, inbox=inbox, spool=spool, pause=0.02).run())
    acknowledged: list[str] = []
    stopping = asyncio.Event()

    async def one_client() -> None:
        while not stopping.is_set():
            one = envelope()
            await appender.append([one])
            acknowledged.append(one.id)

    clients = [asyncio.create_task(one_client()) for _ in range(8)]
    for _ in range(4):
        before = len(acknowledged)
        await until(lambda before=before: len(acknowledged) > before + 50)
        redis.kill()
        redis.start()
    stopping.set()
    await asyncio.gather(*clients)
    await until(lambda: is_empty(spool))
    drain.cancel()

    entries = await inbox.read("w1", 100_000)
    ids = [entry.envelope.id for entry in entries if entry.envelope]
    copies = {entry.id for n, entry in enumerate(entries) if entry.envelope and entry.envelope.id in ids[:n]}
    await inbox.done(entries, second=copies)
    assert set(acknowledged) <= set(ids)
    assert await inbox.accepted() == {"acc_one": len(set(ids))}


async def is_empty(spool: Spool) -> bool:
    return (await spool.figures()).files == 0
