"""The inbox on a real Redis: what is in it stays in it until its effect is committed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from storage import strays
from storage.entries import ACCEPTED, GROUP, NEWER, PENDING, RETURNED, STREAM
from storage.envelope import VERSION, encode
from storage.inbox import Inbox
from storage.redis import connect
from tests.storage.factories import envelope, envelopes


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Any]:
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def inbox(redis: Any) -> Inbox:
    """An inbox where what is left behind may be taken over at once."""
    return Inbox(redis, rest_ms=0)


async def test_what_is_appended_is_read_once_in_order(inbox: Inbox) -> None:
    sent = envelopes(5)
    await inbox.append(sent)

    read = await inbox.read("w1", 3) + await inbox.read("w2", 3)

    assert [entry.envelope for entry in read] == sent
    assert [entry.attempts for entry in read] == [1] * 5
    assert await inbox.read("w1", 3) == []


async def test_append_counts_and_notes_in_the_same_transaction(inbox: Inbox) -> None:
    """P10: accepted is counted with the append."""
    await inbox.append([*envelopes(2, of="acc_one"), *envelopes(3, of="acc_two")])

    assert await inbox.accepted() == {"acc_one": 2, "acc_two": 3}
    assert await inbox.pending() == {"acc_one": 2, "acc_two": 3}
    assert await inbox.depth() == 5


async def test_an_empty_append_is_no_append(inbox: Inbox, redis: Any) -> None:
    await inbox.append([])

    assert await redis.keys("*") == []


async def test_done_deletes_exactly_what_was_committed(inbox: Inbox) -> None:
    sent = envelopes(3)
    await inbox.append(sent)
    first, second, third = await inbox.read("w1", 3)

    await inbox.done([first, third])

    assert await inbox.depth() == 1
    assert [await inbox.account_of(one.id) for one in sent] == [None, "acc_one", None]
    assert [e.id for e in await Inbox(inbox._redis, rest_ms=0).claim_dead("w2", 9)] == [second.id]


async def test_a_second_copy_is_uncounted_once_however_often_it_is_done(inbox: Inbox) -> None:
    """P10: a lost reply and then the spool count a message twice; the deletion of the copy puts it right."""
    one = envelope()
    await inbox.append([one])
    await inbox.append([one])
    first, copy = await inbox.read("w1", 9)

    await inbox.done([first])
    await inbox.done([copy], second={copy.id})
    await inbox.done([copy], second={copy.id})

    assert await inbox.accepted() == {"acc_one": 1}
    assert await inbox.pending() == {}
    assert await inbox.depth() == 0


async def test_given_back_entries_come_again_with_their_attempts_uncounted(inbox: Inbox) -> None:
    """R19: a transient failure costs no attempt, however often it happens."""
    await inbox.append(envelopes(2))
    read = await inbox.read("w1", 9)

    for _ in range(7):
        await inbox.beat("w1")
        await inbox.give_back(read)
        read = await inbox.claim_dead("w1", 9)

    assert [entry.attempts for entry in read] == [1, 1]


async def test_entries_of_a_dead_worker_are_taken_over_at_once_and_counted(inbox: Inbox) -> None:
    """P1 and P5: what a killed worker held is begun again, and each beginning is counted."""
    await inbox.append(envelopes(3))
    await inbox.beat("killed")
    held = await inbox.read("killed", 3)
    assert await inbox.claim_dead("w2", 9) == []

    await inbox.leave("killed")
    taken = await inbox.claim_dead("w2", 2)

    assert [entry.id for entry in taken] == [entry.id for entry in held[:2]]
    assert [entry.attempts for entry in taken] == [2, 2]


async def test_entries_of_a_living_worker_are_taken_over_when_they_hang(redis: Any) -> None:
    inbox = Inbox(redis, idle_ms=0)
    await inbox.append(envelopes(1))
    await inbox.beat("w1")
    await inbox.read("w1", 1)

    assert [entry.attempts for entry in await inbox.claim_dead("w2", 9)] == [2]


async def test_two_sweepers_never_take_over_the_same_entry(redis: Any) -> None:
    """A take-over rests the entry: the second of two sweepers finds nothing to take."""
    inbox = Inbox(redis, rest_ms=60_000)
    await inbox.append(envelopes(50))
    await inbox.read("dead", 50)
    ids = [row["message_id"] for row in await redis.xpending_range(STREAM, GROUP, "-", "+", 50)]
    await redis.xclaim(STREAM, GROUP, "dead", 0, ids, idle=120_000, justid=True)

    taken = await asyncio.gather(*(inbox.claim_dead(f"w{n}", 50) for n in range(4)))

    assert sorted(entry.id for entries in taken for entry in entries) == sorted(key.decode() for key in ids)


async def test_a_forgotten_consumer_leaves_no_trace_but_one_with_entries_stays(
    inbox: Inbox, redis: Any
) -> None:
    await inbox.append(envelopes(1))
    await inbox.read("idle", 1)
    await inbox.give_back(await inbox.claim_dead("idle", 9))
    await redis.xgroup_createconsumer(STREAM, GROUP, "empty")
    await inbox.beat("busy")

    await inbox.leave("empty")
    await inbox.leave(RETURNED)

    names = {row["name"].decode() for row in await redis.xinfo_consumers(STREAM, GROUP)}
    assert "empty" not in names
    assert RETURNED in names


async def test_a_consumer_deleted_by_hand_takes_no_entry_with_it(inbox: Inbox, redis: Any) -> None:
    """P1: the group forgets what a deleted consumer held; the sweep finds it in the stream again."""
    await inbox.append(envelopes(3))
    held = await inbox.read("w1", 2)
    await redis.xgroup_delconsumer(STREAM, GROUP, "w1")
    assert await inbox.claim_dead("w2", 9) == []

    assert await inbox.claim_strays() == 2

    assert [entry.id for entry in await inbox.claim_dead("w2", 9)] == [entry.id for entry in held]
    assert await inbox.claim_strays() == 0


async def test_strays_are_found_wherever_they_are(
    inbox: Inbox, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P1: before, between and behind what others hold, in bounded looks that go round; never what waits."""
    monkeypatch.setattr(strays, "LOOK", 2)
    monkeypatch.setattr(strays, "MOST", 3)
    await inbox.append(envelopes(14))
    lost = []
    for held in (2, 1, 1, 1):
        lost += await inbox.read("gone", 2)
        await inbox.beat("busy")
        await inbox.read("busy", held)
    await redis.xgroup_delconsumer(STREAM, GROUP, "gone")

    found = [await inbox.claim_strays() for _ in range(9)]

    assert sum(found) == len(lost) == 8
    assert max(found) <= 3
    returned = await redis.xpending_range(STREAM, GROUP, "-", "+", 99, consumername=RETURNED)
    assert [row["message_id"].decode() for row in returned] == [entry.id for entry in lost]
    assert {row["times_delivered"] for row in returned} == {0}
    assert len(await inbox.read("w2", 99)) == 1


async def test_looking_for_strays_reads_no_content(inbox: Inbox, redis: Any) -> None:
    """R12: a deep inbox of large messages is not pulled through the network by each sweep."""
    await inbox.append([msgspec.structs.replace(one, raw=b"x" * 30_000) for one in envelopes(50)])
    await inbox.read("busy", 50)
    before = (await redis.info("stats"))["total_net_output_bytes"]
    assert await inbox.claim_strays() == 0
    assert (await redis.info("stats"))["total_net_output_bytes"] - before < 30_000


async def test_an_entry_deleted_by_hand_blocks_nobody(inbox: Inbox, redis: Any) -> None:
    await inbox.append(envelopes(2))
    first, second = await inbox.read("dead", 2)
    await redis.xdel(STREAM, first.id)

    assert [entry.id for entry in await inbox.claim_dead("w2", 9)] == [second.id]
    assert (await redis.xpending(STREAM, GROUP))["pending"] == 1


GARBAGE = [
    ({b"e": b"\xc1not messagepack"}, b"\xc1not messagepack"),
    ({b"e": b""}, b""),
    ({b"e": msgspec.msgpack.encode({"v": VERSION})}, msgspec.msgpack.encode({"v": VERSION})),
    ({b"e": b"\x81" * 5000}, b"\x81" * 5000),
    ({b"other": b"1"}, msgspec.msgpack.encode({b"other": b"1"})),
]


@pytest.mark.parametrize(
    ("fields", "data"),
    GARBAGE,
    ids=["no MessagePack", "empty", "no envelope", "nested deeply", "other fields"],
)
async def test_garbage_is_handed_out_as_it_is_and_blocks_nobody(
    inbox: Inbox, redis: Any, fields: dict[bytes, bytes], data: bytes
) -> None:
    """P5: bytes that are no envelope surface, so that they can end as a dead letter."""
    await redis.xadd(STREAM, fields)
    good = envelope()
    await inbox.append([good])

    bad, following = await inbox.read("w1", 9)
    await inbox.done([bad, following])

    assert (bad.envelope, bad.data) == (None, data)
    assert following.envelope == good
    assert await inbox.depth() == 0


async def test_a_newer_envelope_waits_for_a_newer_worker(
    inbox: Inbox, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old worker parks what it cannot read, uncounted; once the version is known, it is worked."""
    newer = msgspec.structs.replace(envelope("newer"), v=VERSION + 1)
    await redis.xadd(STREAM, {b"e": encode(newer)})
    known = envelope("known")
    await inbox.append([known])

    assert [entry.envelope for entry in await inbox.read("w1", 9)] == [known]
    assert [entry.envelope for entry in await inbox.claim_dead("w2", 9)] == [known]
    assert await inbox.depth() == 2

    monkeypatch.setattr("storage.entries.VERSION", VERSION + 1)
    monkeypatch.setattr("storage.envelope.VERSION", VERSION + 1)
    await inbox.beat("w2")
    taken = await inbox.claim_dead("w3", 9)
    assert [(entry.envelope, entry.attempts) for entry in taken] == [(newer, 1)]
    assert not [name for name in await _names(redis) if name == f"{NEWER}{VERSION + 2}"]


async def test_after_a_flush_the_group_is_made_again(inbox: Inbox, redis: Any) -> None:
    await inbox.append(envelopes(1))
    await inbox.read("w1", 1)
    await redis.flushall()

    assert await inbox.read("w1", 9) == []
    assert await inbox.claim_dead("w1", 9) == []
    again = envelope("after")
    await inbox.append([again])

    assert [entry.envelope for entry in await inbox.read("w1", 9)] == [again]


async def test_what_stood_in_the_stream_before_the_group_is_read(inbox: Inbox, redis: Any) -> None:
    """The group begins at the beginning: losing it repeats messages, and loses none."""
    sent = envelopes(3)
    await inbox.append(sent)
    await inbox.read("w1", 2)
    await redis.xgroup_destroy(STREAM, GROUP)

    assert [entry.envelope for entry in await inbox.read("w1", 9)] == sent


async def test_an_append_is_all_or_nothing(redis: Any) -> None:
    """A Redis that refuses writes (full, a replica) takes neither the message nor its count."""
    inbox = Inbox(redis)
    await redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(Exception, match=r"OOM|maxmemory|EXEC"):
            await inbox.append(envelopes(2))
    finally:
        await redis.config_set("maxmemory", "0")

    assert [await redis.exists(key) for key in (STREAM, PENDING, ACCEPTED)] == [0, 0, 0]


async def test_the_age_of_the_oldest_entry_is_known(inbox: Inbox, redis: Any) -> None:
    """R41: how long the oldest message has waited is a figure, beside how many wait."""
    assert await inbox.oldest_age() == 0.0
    seconds, _ = await redis.time()
    await redis.xadd(STREAM, {b"e": encode(envelope())}, id=f"{(seconds - 100) * 1000}-0")
    await inbox.append(envelopes(1))

    assert 100 <= await inbox.oldest_age() < 200


async def _names(redis: Any) -> list[str]:
    return [row["name"].decode() for row in await redis.xinfo_consumers(STREAM, GROUP)]
