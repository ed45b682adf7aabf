"""The driver's errors become ours at one place; values go in and come out as Python has them."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from storage.burial import describe
from storage.database import (
    BadRow,
    DatabaseError,
    Exhausted,
    Pool,
    Transient,
    connect_pool,
    connection,
    of_state,
    server_of,
    transaction,
    translated,
)
from storage.ids import new_id
from tests.storage.desk import until
from tests.worker.cut import wire

CLAIM = "insert into claims (key, message_id, at) values ($1, $2, now())"
END_SLEEPERS = """
select count(pg_terminate_backend(pid)) > 0
from pg_stat_activity
where datname = current_database() and state = 'active' and query like 'select pg_sleep%'
"""


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    opened = await connect_pool(database_url, max_size=4)
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        pytest.param("22021", BadRow, id="a NUL is the data's fault"),
        pytest.param("23505", BadRow, id="a constraint is the data's fault"),
        pytest.param("54000", BadRow, id="too large for an index is the data's fault"),
        pytest.param("08006", Transient, id="a lost connection passes"),
        pytest.param("40P01", Transient, id="a deadlock passes"),
        pytest.param("53200", Exhausted, id="no memory for locks: a smaller batch may do"),
        pytest.param("57P01", Transient, id="a shutdown passes"),
        pytest.param("58030", Transient, id="a full disk is repaired"),
        pytest.param("25006", Transient, id="a standby in the place of the server is no fault of a message"),
        pytest.param("42P01", Transient, id="a schema that is not there yet is no fault of a message"),
        pytest.param("", Transient, id="what nobody named is no fault of a message"),
    ],
)
def test_what_a_state_means(state: str, kind: type[DatabaseError]) -> None:
    """Only data errors cost a message; all else is tried again."""
    assert of_state(state) is kind


@pytest.mark.parametrize(
    ("sql", "args", "kind"),
    [
        pytest.param("select 1 / $1::int", (0,), BadRow, id="the data is at fault"),
        pytest.param("select $1::int", ("words",), BadRow, id="the driver itself refuses the data"),
        pytest.param("select $1::text", ("a\0b",), BadRow, id="R24: NUL is refused by Postgres"),
        pytest.param("select * from not_there", (), Transient, id="the schema is at fault"),
    ],
)
async def test_errors_are_translated(
    pool: Pool, sql: str, args: tuple[Any, ...], kind: type[Exception]
) -> None:
    """No exception of the driver leaves the module."""
    with pytest.raises(kind):
        async with connection(pool) as conn:
            await conn.fetch(sql, *args)


REFUSED = [
    pytest.param("select $1::json", ({"text": "secret \ud83d words"},), id="what the driver cannot send"),
    pytest.param("insert into kept (word, n) values ($1, null)", ("secret",), id="a row that lacks a value"),
    pytest.param("insert into kept (word, n) values ($1, 9)", ("secret",), id="a row that fails a check"),
    pytest.param("insert into kept values ('secret', 1), ($1, 1)", ("secret",), id="a key that is taken"),
    pytest.param("select $1::text::int", ("secret",), id="text that is no number"),
    pytest.param("select $1::text::timestamptz", ('"sec" "secret',), id="text with quotes that is no time"),
    pytest.param("select $1::text::json", ('{"secret": ',), id="text that is no JSON"),
]


@pytest.mark.parametrize(("sql", "args"), REFUSED)
async def test_an_error_does_not_show_what_was_sent(pool: Pool, sql: str, args: tuple[Any, ...]) -> None:
    """R37: rows and values, live tokens among them, do not get into logs or traces by way of an exception."""

    async def send() -> None:
        async with connection(pool) as conn:
            await conn.execute("create temp table kept (word text unique, n int not null check (n < 5))")
            await conn.fetch(sql, *args)

    with pytest.raises(BadRow) as caught:
        await send()
    line, trace = describe(caught.value)
    logged = "".join(traceback.format_exception(caught.value))
    assert not [text for text in (str(caught.value), line, trace, logged) if "secret" in text]
    assert caught.value.state[:2] in {"22", "23"}
    assert "conn.fetch(sql, *args)" in trace, "it says where"


async def insert(pool: Pool, sql: str) -> None:
    async with connection(pool) as conn:
        await conn.execute(sql)


async def test_an_error_names_what_it_met(pool: Pool) -> None:
    """What a person needs to find the cause is kept: message, SQLSTATE, table and constraint."""
    async with connection(pool) as conn:
        await conn.execute("create table kept (word text constraint one_word unique)")
    with pytest.raises(BadRow) as caught:
        await insert(pool, "insert into kept values ('a'), ('a')")
    assert str(caught.value) == (
        'duplicate key value violates unique constraint "one_word" '
        "(SQLSTATE 23505, table kept, constraint one_word)"
    )


async def test_values_go_in_and_come_out(pool: Pool) -> None:
    """Ids are strings, JSON is plain data, times are aware."""
    known, now = new_id(), datetime.now(UTC)
    async with connection(pool) as conn:
        row = await conn.fetchrow(
            "select $1::uuid as id, $2::jsonb as data, $3::timestamptz as at, $4::uuid[] as ids",
            known,
            {"a": [1, None, "ä"]},
            now,
            [known],
        )
    assert row is not None
    assert (row["id"], row["data"], row["at"], row["ids"]) == (known, {"a": [1, None, "ä"]}, now, [known])


async def test_a_transaction_that_fails_leaves_nothing(pool: Pool) -> None:
    """All or nothing, and the connection is fit for the next one."""

    async def fail() -> None:
        async with transaction(pool) as conn:
            await conn.execute(CLAIM, b"k", new_id())
            await conn.execute("select 1 / 0")

    with pytest.raises(BadRow):
        await fail()
    async with connection(pool) as conn:
        assert await conn.fetchval("select count(*) from claims") == 0


async def test_a_snapshot_sees_one_state(pool: Pool) -> None:
    """P10: what is read together belongs together, whatever is committed between."""
    async with transaction(pool, snapshot=True) as conn:
        before = await conn.fetchval("select count(*) from claims")
        async with connection(pool) as other:
            await other.execute(CLAIM, b"k", new_id())
        assert await conn.fetchval("select count(*) from claims") == before


async def test_a_pool_is_made_while_postgres_is_away(unused_tcp_port: int) -> None:
    """P6: a process starts without Postgres, and says so when it is asked for something."""
    pool = await connect_pool(f"postgresql://inlet@127.0.0.1:{unused_tcp_port}/inlet")
    with pytest.raises(Transient):
        async with connection(pool):
            pass
    await pool.close()


async def test_a_killed_session_is_transient(pool: Pool) -> None:
    """P6: when the server ends a session (57P01) the work is to be tried again, and can be."""

    async def sleep() -> None:
        async with connection(pool) as victim:
            await victim.execute("select pg_sleep(600)")

    waiting = asyncio.ensure_future(sleep())

    async def is_ended() -> bool:
        async with connection(pool) as other:
            return bool(await other.fetchval(END_SLEEPERS))

    await until(is_ended)
    with pytest.raises(Transient):
        await waiting
    async with connection(pool) as again:
        assert await again.fetchval("select 1") == 1


def test_a_server_is_named_without_its_password() -> None:
    """R37: what is shown to people holds no secret."""
    assert server_of("postgresql://inlet:secret@db.example.org:6432/inlet") == "db.example.org:6432"


async def by_statement(pool: Pool) -> None:
    async with connection(pool) as conn:
        await conn.execute("select 1")


async def by_transaction(pool: Pool) -> None:
    async with transaction(pool) as conn:
        await conn.execute("select 1")


@pytest.mark.parametrize("use", [by_statement, by_transaction])
async def test_who_gives_up_on_a_frozen_server_waits_for_nothing_more(
    database_url: str, use: Callable[[Pool], Awaitable[None]]
) -> None:
    """P6: not for the end of the statement, a rollback or the release: it acknowledges none."""
    async with wire(database_url) as server:
        pool = await connect_pool(server.url, max_size=1)
        await use(pool)
        server.freeze()
        async with asyncio.timeout(8):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(use(pool), 0.2)
        server.thaw()
        await use(pool)
        await pool.close()


async def test_a_transaction_is_not_rolled_back_where_nobody_answers(database_url: str) -> None:
    """P6: the end of the connection does it."""
    async with wire(database_url) as server:
        pool = await connect_pool(server.url, max_size=1)

        async def begin_and_hang() -> None:
            async with transaction(pool) as conn:
                await conn.execute("select 1")
                server.freeze()
                await conn.execute("select 2")

        async with asyncio.timeout(8):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(begin_and_hang(), 0.5)
        server.thaw()
        await by_transaction(pool)
        await pool.close()


async def test_a_pool_has_the_bounds_that_it_was_given(database_url: str) -> None:
    """P6: for a statement, and for a connection: whoever answers a provider waits less than a worker."""
    async with wire(database_url) as server:
        pool = await connect_pool(server.url, max_size=1, command_seconds=0.2, acquire_seconds=0.2)
        async with connection(pool) as conn:
            await conn.execute("select 1")
        server.freeze()
        async with asyncio.timeout(8):
            for use in (by_statement, by_transaction):  # the first has a connection, the second gets none
                with pytest.raises(Transient):
                    await use(pool)
        server.thaw()
        await until(lambda: is_well(pool))
        pool.terminate()


async def is_well(pool: Pool) -> bool:
    try:
        await by_statement(pool)
    except Transient:
        return False
    return True


async def test_a_connection_that_is_lost_in_the_middle_passes() -> None:
    """The driver has a second family of errors for it, beside those of Postgres and of its interface."""
    with pytest.raises(Transient), translated():
        raise asyncpg.InternalClientError("got result for unknown protocol state")
