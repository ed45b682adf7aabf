"""Brings a database to the schema of this version: numbered files, each once, each in its own transaction."""

from __future__ import annotations

from importlib.resources import files

from storage.database import Connection, translated
from storage.queries import query

FOLLOW_ON = "events_follow_on"
"""Stands among what was applied where new events had to be put behind those that were restored."""
_LOCK = 0x696E6C6574
"""Two processes that start together migrate one after the other."""
_TABLE = """
create table if not exists schema_migrations (
    name text primary key,
    applied_at timestamptz not null default now()
)
"""


def migrations() -> list[tuple[str, str]]:
    """(name, statements) of all migrations, in order."""
    folder = files("storage").joinpath("sql", "migrations")
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [(f.name.removesuffix(".sql"), f.read_text(encoding="utf-8")) for f in found]


async def migrate(connection: Connection) -> list[str]:
    """Apply what is missing, in order; returns the names applied. Many processes may call it at once.

    After a dump and restore into another server the outbox is made to go on (`FOLLOW_ON`).
    """
    with translated():
        applied = [name for name, sql in migrations() if await _apply(connection, name, sql)]
        if await connection.fetchval(query("events_ahead")):
            await connection.execute(query("follow_on"))
            applied.append(FOLLOW_ON)
    return applied


async def pending(connection: Connection) -> list[str]:
    """Names of the migrations that this version has and the database lacks. Raises DatabaseError."""
    with translated():
        known = await connection.fetchval("select to_regclass('schema_migrations') is not null")
        rows = await connection.fetch("select name from schema_migrations") if known else []
    applied = {row["name"] for row in rows}
    return [name for name, _ in migrations() if name not in applied]


async def _apply(connection: Connection, name: str, sql: str) -> bool:
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute(_TABLE)
        if await connection.fetchval("select true from schema_migrations where name = $1", name):
            return False
        await connection.execute(sql)
        await connection.execute("insert into schema_migrations (name) values ($1)", name)
        return True
