"""What `inlet doctor` finds in Postgres, and what it says to do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.database import Pool, connect_pool, connection
from storage.sealing import new_key
from storage.tenants import add_tenant
from worker.doctor import Check, of_postgres
from worker.settings import Settings, load

EVENT = """
insert into events (tx, id, tenant_id, name, at)
select '900000000000'::xid8, gen_random_uuid(), id, 'ticket.created', now() from tenants
"""


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    opened = await connect_pool(database_url, max_size=1)
    yield opened
    await opened.close()


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    return load(
        {
            "INLET_DATA": str(tmp_path),
            "INLET_DATABASE_URL": database_url,
            "INLET_REDIS_URL": redis_url,
            "INLET_SECRET_KEY": new_key(),
        }
    )


async def checked(settings: Settings, name: str) -> Check:
    (found,) = [check async for check in of_postgres(settings) if check.name == name]
    return found


@dataclass(frozen=True, kw_only=True)
class Ill:
    label: str
    check: str
    sql: str
    state: str
    says: str
    fix: str


ILLS = (
    Ill(
        label="a tenant's setting that cannot be read",
        check="rows",
        sql='update tenants set settings = \'{"mail_reply_days": "x"}\'',
        state="warn",
        says="mail_reply_days",
        fix="this version",
    ),
    Ill(
        label="an account that cannot be read",
        check="rows",
        sql="insert into accounts (id, provider, settings) values ('acc_x', 'twilio', '{\"url\": 1}')",
        state="fail",
        says="acc_x",
        fix="this version",
    ),
    Ill(
        label="events of the server before a restore",
        check="outbox",
        sql=EVENT,
        state="fail",
        says="1 events",
        fix="inlet migrate",
    ),
)


@pytest.mark.parametrize("ill", ILLS, ids=lambda ill: ill.label)
async def test_an_ill_is_named(pool: Pool, settings: Settings, ill: Ill) -> None:
    """Each ill by itself, with what to do; without it the check is content."""
    await add_tenant(pool, "acme")
    assert (await checked(settings, ill.check)).state == "ok"
    async with connection(pool) as conn:
        await conn.execute(ill.sql)
    found = await checked(settings, ill.check)
    assert found.state == ill.state
    assert ill.says in found.says
    assert ill.fix in found.fix
