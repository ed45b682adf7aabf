"""What a worker does with what stands in the inbox, on real servers."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import msgspec
import pytest

from routing import way
from storage.database import Transient, connection
from storage.entries import STREAM
from storage.redis import connect
from tests.storage.seeds import seed_tenant
from tests.worker.working.conftest import Bench
from worker import ingest as steps
from worker.ingest import ingest, sweep
from worker.settings import Settings
from worker.station import open_station

MAIL = (
    b"From: Ada Berg <ada@example.org>\r\nTo: support@in.example.org\r\nSubject: Order %d\r\n"
    b"Message-ID: <order-%d@example.org>\r\nDate: Tue, 19 Aug 2025 10:40:00 +0000\r\n\r\n"
    b"Where is order %d?\r\n"
)


async def test_messages_become_tickets_and_leave_the_inbox(bench: Bench) -> None:
    """A first SMS makes a ticket, a second one of its sender joins it, another sender's makes another."""
    await bench.accept(
        bench.sms("Where is my order?"), bench.sms("Order 1042"), bench.sms("Hi", "+15005550101")
    )

    assert await ingest(bench.station) == 3

    assert await bench.outcomes() == {"created": 2, "appended": 1}
    assert await bench.station.inbox.depth() == 0
    assert await bench.station.inbox.pending() == {}


async def test_a_mail_is_read_routed_and_kept_with_its_original(bench: Bench) -> None:
    """P12: the original is beside what was derived from it."""
    raw = MAIL % (1, 1, 1)
    await bench.accept(bench.mail(raw))

    await ingest(bench.station)

    (row,) = await bench.rows("select subject, text, raw, tenant_id, language from messages")
    assert (row["subject"], row["raw"], row["tenant_id"]) == ("Order 1", raw, bench.tenant.id)
    assert row["text"].strip() == "Where is order 1?"


async def test_the_same_message_again_changes_nothing_but_counts(bench: Bench) -> None:
    """P2, R1, R13: a provider's retry has a message id of its own, and no effect."""
    sid = "SM" + "1" * 32
    await bench.accept(bench.sms("Hello", sid=sid))
    await ingest(bench.station)
    await bench.accept(bench.sms("Hello", sid=sid), bench.sms("Hello", sid=sid))

    await ingest(bench.station)

    assert await bench.outcomes() == {"created": 1, "duplicate": 2}
    assert len(await bench.rows("select 1 from messages")) == 1


async def test_an_entry_read_again_after_the_commit_is_a_rerun(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R7: a crash between the commit and the deletion doubles nothing, and counts nothing."""
    await bench.accept(bench.sms("Hello"))

    async def crash(*_: object, **__: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(type(bench.station.inbox), "done", crash)
        with pytest.raises(ConnectionError):
            await ingest(bench.station)
    assert await bench.outcomes() == {"created": 1}
    assert await bench.station.inbox.depth() == 1

    await until_settled(bench)

    assert await bench.outcomes() == {"created": 1}
    assert len(await bench.rows("select 1 from messages")) == 1


async def test_a_second_copy_of_an_accepted_message_is_taken_out_of_the_count(bench: Bench) -> None:
    """P10: a lost reply and then the spool puts one message into the inbox twice; it was accepted once."""
    envelope = bench.sms("Hello")
    await bench.accept(envelope)
    await bench.accept(envelope)

    await ingest(bench.station)

    assert await bench.station.inbox.accepted() == {envelope.account.id: 1}
    assert await bench.outcomes() == {"created": 1}


async def test_a_message_that_our_code_fails_on_costs_itself_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P5, R12: the culprit ends as a dead letter with reason and trace, the others are filed."""
    bad = bench.sms("poison")
    await bench.accept(bench.sms("one", "+15005550101"), bad, bench.sms("two", "+15005550102"))
    real = way.classify

    def classify(message: object, *args: object, **more: object) -> object:
        if getattr(message, "text", "") == "poison":
            raise RecursionError("too deep")
        return real(message, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(way, "classify", classify)
    await ingest(bench.station)

    assert await bench.outcomes() == {"created": 2, "dead": 1}
    (dead,) = await bench.rows("select message_id, reason, error, trace from dead_letters")
    assert dead["message_id"] == bad.id
    assert "too deep" in dead["error"]
    assert "classify" in dead["trace"]


async def test_an_entry_that_is_no_envelope_is_a_dead_letter(bench: Bench, settings: Settings) -> None:
    """P5: garbage in the stream stops nobody, and is kept."""
    redis = connect(settings.redis_url)
    await redis.xadd(STREAM, {"e": b"\xc1garbage"})
    await redis.aclose()
    await bench.accept(bench.sms("Hello"))

    await ingest(bench.station)

    assert await bench.outcomes() == {"created": 1, "dead": 1}
    assert await bench.station.inbox.depth() == 0


async def test_an_entry_that_kills_its_worker_ends_as_a_dead_letter(bench: Bench) -> None:
    """P5: what was begun again and again, and never finished, is not begun for ever."""
    await bench.accept(bench.sms("killer"))
    for life in range(6):
        dead = f"worker-{life}"
        taken = await bench.station.inbox.read(dead, 10) or await claimed(bench, dead)
        assert len(taken) == 1
    await until_settled(bench)

    assert await bench.outcomes() == {"dead": 1}
    (letter,) = await bench.rows("select reason, attempts from dead_letters")
    assert letter["reason"] == "crashed"


async def test_a_newer_envelope_waits_for_a_newer_worker(bench: Bench, settings: Settings) -> None:
    """A rolling deploy: an older worker leaves what it does not know, and works the rest."""
    newer = msgspec.to_builtins(bench.sms("from the future")) | {"v": 99}
    redis = connect(settings.redis_url)
    await redis.xadd(STREAM, {"e": msgspec.msgpack.encode(newer)})
    await redis.aclose()
    await bench.accept(bench.sms("Hello"))

    await ingest(bench.station)
    await sweep(bench.station)

    assert await bench.outcomes() == {"created": 1}
    assert await bench.station.inbox.depth() == 1


async def test_a_tenant_that_the_cache_does_not_know_yet_is_found(bench: Bench) -> None:
    """R11: before a message is unroutable, the directory is read anew."""
    async with connection(bench.station.postgres) as acquired:
        await acquired.execute(
            "insert into tenants (id, slug, name) values (gen_random_uuid(), 'newer', 'Newer')"
        )
        await acquired.execute("alter table slugs disable trigger all")
        await acquired.execute("insert into slugs select slug, id from tenants where slug = 'newer'")
    await bench.accept(bench.mail(MAIL % (1, 1, 1), to="support+newer@in.example.org"))

    await ingest(bench.station)

    assert await bench.outcomes() == {"created": 1}


async def test_what_finds_no_tenant_is_visible(bench: Bench) -> None:
    """R11: unroutable is a state with its original, not an empty hand."""
    await bench.accept(bench.mail(MAIL % (1, 1, 1), to="support+nobody@in.example.org"))

    await ingest(bench.station)

    (letter,) = await bench.rows("select reason from dead_letters")
    assert letter["reason"] == "unroutable"


async def test_without_postgres_nothing_is_begun(settings: Settings) -> None:
    """P6: an outage costs no attempt, since nothing is read from the inbox."""
    gone = replace(settings, database_url="postgresql://nobody@127.0.0.1:1/nothing")
    async with open_station(settings) as working, open_station(gone) as station:
        tenant = await seed_tenant(working.postgres, "acme")
        bench = Bench(station=working, tenant=tenant)
        await bench.accept(bench.sms("Hello"))
        for _ in range(8):
            with pytest.raises(Transient):
                await ingest(station)
        (entry,) = await working.inbox.read("first", 10)
        assert entry.attempts == 1


async def test_a_failure_of_postgres_in_the_middle_is_tried_again_uncounted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P6: nothing is lost and no attempt is counted, however often the server fails."""
    await bench.accept(bench.sms("Hello"))

    async def fail(*_: object) -> None:
        raise Transient("away")

    with monkeypatch.context() as patched:
        patched.setattr(steps, "record", fail)
        for _ in range(8):
            with pytest.raises(Transient):
                await sweep_when_rested(bench)
    await until_settled(bench)

    assert await bench.outcomes() == {"created": 1}


async def test_twelve_concurrent_copies_are_one_message(bench: Bench, settings: Settings) -> None:
    """P2: two workers that meet the same message at the same moment give it one effect."""
    sid = "SM" + "2" * 32
    async with open_station(settings) as other:
        for _ in range(12):
            await bench.accept(bench.sms("Hello", sid=sid))
        await asyncio.gather(*(one_by_one(station) for station in (bench.station, other)))

    assert await bench.outcomes() == {"created": 1, "duplicate": 11}


async def test_thirty_two_concurrent_first_messages_are_one_ticket(bench: Bench, settings: Settings) -> None:
    """P3: first messages of one sender, worked one by one by two workers, share a ticket."""
    async with open_station(settings) as other:
        for number in range(32):
            await bench.accept(bench.sms(f"line {number}"))
        await asyncio.gather(*(one_by_one(station) for station in (bench.station, other) for _ in range(3)))

    assert await bench.outcomes() == {"created": 1, "appended": 31}
    assert len(await bench.rows("select 1 from tickets")) == 1


async def one_by_one(station: object) -> None:
    """Work the inbox in batches of one, so that they meet."""
    while entries := await station.inbox.read(station.consumer, 1):  # type: ignore[attr-defined]
        await steps.work(station, entries)  # type: ignore[arg-type]


async def claimed(bench: Bench, consumer: str) -> list[object]:
    """What a new worker takes over from a dead one, as soon as it may."""
    async with asyncio.timeout(30):
        while not (taken := await bench.station.inbox.claim_dead(consumer, 10)):  # noqa: ASYNC110 - Redis's clock decides
            await asyncio.sleep(0.05)
    return list(taken)


async def sweep_when_rested(bench: Bench) -> None:
    """Sweep until there was something to try."""
    async with asyncio.timeout(30):
        while True:
            await sweep(bench.station)
            await asyncio.sleep(0.05)


async def until_settled(bench: Bench) -> None:
    """Sweep until the inbox is empty, as a worker does again and again."""
    async with asyncio.timeout(30):
        while await bench.station.inbox.depth():
            await sweep(bench.station)
            await asyncio.sleep(0.05)
