"""Migrations arrive exactly at schema.sql, once, whoever applies them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from storage.database import connect
from storage.migrate import migrate, migrations, pending

CATALOG = {
    "columns": """
        select table_name, column_name, data_type, udt_name, is_nullable, column_default, is_identity
        from information_schema.columns where table_schema = 'public'
    """,
    "constraints": """
        select conrelid::regclass::text as on_table, conname, pg_get_constraintdef(oid) as definition
        from pg_constraint where connamespace = 'public'::regnamespace
    """,
    "indexes": "select tablename, indexname, indexdef from pg_indexes where schemaname = 'public'",
    "functions": """
        select proname, pg_get_functiondef(oid) as definition
        from pg_proc where pronamespace = 'public'::regnamespace
    """,
    "triggers": """
        select tgrelid::regclass::text as on_table, tgname, pg_get_triggerdef(oid) as definition
        from pg_trigger where not tgisinternal
    """,
    "comments": """
        select c.relname, a.attname, d.description
        from pg_description d
        join pg_class c on c.oid = d.objoid and d.classoid = 'pg_class'::regclass
        left join pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid
        where c.relnamespace = 'public'::regnamespace
    """,
}


@pytest.fixture
async def empty_url(servers: Any) -> AsyncIterator[str]:
    url = servers.new_database(template="template0")
    yield url
    servers.drop(url)


async def catalog(url: str) -> dict[str, set[tuple[Any, ...]]]:
    connection = await asyncpg.connect(url)
    try:
        found = {name: {tuple(row) for row in await connection.fetch(sql)} for name, sql in CATALOG.items()}
    finally:
        await connection.close()
    return {
        name: {row for row in rows if "schema_migrations" not in str(row)} for name, rows in found.items()
    }


async def migrated(url: str) -> list[str]:
    connection = await connect(url)
    try:
        return await migrate(connection)
    finally:
        await connection.close()


@pytest.mark.parametrize("part", sorted(CATALOG))
async def test_migrations_arrive_at_the_schema(part: str, database_url: str, empty_url: str) -> None:
    """A database that was migrated has what a database made from schema.sql has, no more and no less."""
    await migrated(empty_url)
    assert (await catalog(empty_url))[part] == (await catalog(database_url))[part]


async def test_migrating_again_does_nothing(empty_url: str) -> None:
    """Every migration is applied once, and known as applied then."""
    names = [name for name, _ in migrations()]
    connection = await connect(empty_url)
    assert await pending(connection) == names
    assert await migrated(empty_url) == names
    assert await migrated(empty_url) == []
    assert await pending(connection) == []
    await connection.close()


async def test_processes_that_start_together_migrate_once(empty_url: str) -> None:
    """Of several at once one applies each migration, the others wait and find it done."""
    applied = await asyncio.gather(*(migrated(empty_url) for _ in range(4)))
    assert sorted(name for names in applied for name in names) == [name for name, _ in migrations()]


def test_names_tell_the_order() -> None:
    """Names begin with their number, without gaps."""
    assert [name[:5] for name, _ in migrations()] == [f"{n:04d}_" for n in range(1, len(migrations()) + 1)]
