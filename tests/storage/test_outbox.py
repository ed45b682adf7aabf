"""The outbox goes on after a dump was restored into a server that counts its transactions anew (R19)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from zlib import crc32

import pytest

from storage.database import connect_pool, connection, transaction
from storage.events import START, list_events
from storage.health import events_ahead
from storage.migrate import FOLLOW_ON, migrate
from tests.storage.desk import Desk, open_desk, sms, until

OLD = 900_000_000_000
"""Transaction ids of the server that the dump came from."""


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with open_desk(database_url) as opened:
        yield opened


async def happen(desk: Desk, text: str) -> int:
    """Let a message come, which makes one event; returns the event's number."""
    await desk.say(
        sms(text, sender=f"+1500555{crc32(text.encode()) % 10_000:04}"), desk.sms_account(desk.acme)
    )
    return int(await desk.value("select max(seq) from events"))


async def restored(desk: Desk, at: int = OLD) -> None:
    """What a dump and restore leaves: rows with the ids of a server that was far ahead."""
    await desk.rows("update events set tx = ($1 + seq)::text::xid8", at)


async def seen(desk: Desk, after: str = START) -> list[tuple[int, str]]:
    """(number, cursor) of the events after a place."""
    events = await list_events(desk.pool, tenant=None, after=after, limit=100)
    return [(int(one.cursor.partition(".")[2]), one.cursor) for one in events]


async def mended(desk: Desk) -> list[str]:
    async with connection(desk.pool) as conn:
        return await migrate(conn)


async def test_a_reader_goes_on_after_a_restore(desk: Desk) -> None:
    """No event is lost or told twice, whichever came before the restore, after it, or after it was mended."""
    first, second = await happen(desk, "one"), await happen(desk, "two")
    await restored(desk)
    third = await happen(desk, "three")
    place = f"{OLD + first}.{first}"
    assert await events_ahead(desk.pool) == 2
    assert await seen(desk, place) == [], "the outbox stands still"

    assert await mended(desk) == [FOLLOW_ON]
    fourth = await happen(desk, "four")

    await until(lambda: _are(desk, place, [second, third, fourth]))
    assert [seq for seq, _ in await seen(desk)] == [first, second, third, fourth]
    (_, last) = (await seen(desk))[-1]
    assert await seen(desk, last) == []
    fifth = await happen(desk, "five")
    await until(lambda: _are(desk, last, [fifth]))


async def _are(desk: Desk, after: str, wanted: list[int]) -> bool:
    return [seq for seq, _ in await seen(desk, after)] == wanted


async def test_what_is_sound_is_left_alone(desk: Desk) -> None:
    """Migrating changes no place where nothing was restored, nor a second time."""
    await happen(desk, "one")
    await until(lambda: _are(desk, START, [1]))
    before = await seen(desk)
    assert (await mended(desk), await seen(desk)) == ([], before)
    await restored(desk)
    assert await mended(desk) == [FOLLOW_ON]
    before = await seen(desk)
    assert (await mended(desk), await events_ahead(desk.pool), await seen(desk)) == ([], 0, before)


async def test_a_reader_that_saw_more_than_the_dump_has_goes_on(desk: Desk) -> None:
    """A backup is older than what readers saw: new events still come behind their places."""
    await happen(desk, "one")
    await restored(desk)
    await mended(desk)
    second = await happen(desk, "two")
    await until(lambda: _are(desk, f"{OLD + 1_000_000}.77", [second]))


async def test_a_restore_of_what_was_restored(desk: Desk) -> None:
    """It can happen again, also to a database that was mended before."""
    first = await happen(desk, "one")
    await restored(desk)
    await mended(desk)
    second = await happen(desk, "two")
    await restored(desk, 5 * OLD)
    assert await mended(desk) == [FOLLOW_ON]
    third = await happen(desk, "three")
    await until(lambda: _are(desk, f"{5 * OLD + first}.{first}", [second, third]))


async def test_a_transaction_that_runs_meanwhile_comes_behind(desk: Desk, database_url: str) -> None:
    """Its id is older than the mending, its event is not put in front of what readers have seen."""
    first = await happen(desk, "one")
    await restored(desk)
    pool = await connect_pool(database_url, max_size=1)
    async with transaction(pool) as other:
        await other.fetchval("select pg_current_xact_id()::text")
        await mended(desk)
        await other.execute(
            "insert into events (id, tenant_id, name, at) values (gen_random_uuid(), $1, 'x', now())",
            desk.acme.id,
        )
    await pool.close()
    await until(lambda: _are(desk, f"{OLD + first}.{first}", [first + 1]))
