"""The directory is read whole, told of every change, and asked afresh before "unknown" is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
import structlog

from routing.facts import BusinessHours, Directory, DomainFacts, SlaTarget, Tenant, TenantSettings
from storage.database import Pool, Transient, connect_pool, connection
from storage.directory import Directories
from storage.domains import claim_domain, vouch_for_domain
from storage.lenient import read_rows
from storage.listener import Listener
from storage.tenants import add_tenant, rename_tenant, set_address, set_hours, set_rules, set_sla, set_tenant
from tests.storage.desk import NOON, until


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    opened = await connect_pool(database_url, max_size=4)
    yield opened
    await opened.close()


async def test_everything_of_a_tenant_is_there(pool: Pool, database_url: str) -> None:
    """Tenant, slugs, addresses, proven domains, rules, targets and hours, as routing reads them."""
    tenant = await add_tenant(
        pool, "acme", name="Acme", time_zone="Europe/Berlin", languages=("de", "en"),
        settings=TenantSettings(mail_reply_days=7),
    )  # fmt: skip
    await rename_tenant(pool, tenant, "acme-new")
    await set_address(pool, tenant, "Anna@ACME.test", "agent", name="Anna")
    await set_address(pool, tenant, "billing@acme.test", "inbox", category="billing", tags=("money",))
    await vouch_for_domain(pool, tenant, "Bücher.test.", NOON)
    await claim_domain(pool, tenant, "unproven.test")
    rule = {"id": "vip", "words": ["golden"], "priority": "urgent"}
    await set_rules(pool, tenant, [rule])
    await set_sla(pool, tenant, "high", SlaTarget(first_response_minutes=5, resolution_minutes=50))
    hours = BusinessHours(
        time_zone="Europe/Berlin", week=((("09:00", "17:00"),),) * 7, holidays=frozenset({date(2026, 12, 25)})
    )
    await set_hours(pool, tenant, hours)
    directories = Directories(
        database_url, pool, mail_domains={"in.example.net"}, base_domains={"b.example.net"}
    )
    found: Directory = await directories.refresh()
    known = found.tenant(tenant)
    assert known is not None
    assert (known.slug, known.name, known.languages) == ("acme-new", "Acme", ("de", "en"))
    assert (known.settings.mail_reply_days, known.settings.chat_reply_hours) == (7, 72)
    assert (known.rules, known.hours) == ((rule,), hours)
    assert known.sla == {"high": SlaTarget(first_response_minutes=5, resolution_minutes=50)}
    assert found.by_slug("acme") == found.by_slug("acme-new") == tenant
    agent, inbox = found.address("anna@acme.test"), found.address("billing@acme.test")
    assert agent is not None
    assert inbox is not None
    assert (agent.kind, agent.name, inbox.category, inbox.tags) == ("agent", "Anna", "billing", ("money",))
    domain = found.domain("xn--bcher-kva.test")
    assert domain is not None
    assert domain.tenant == tenant
    assert found.domain("unproven.test") is None
    assert (found.mail_domains, found.base_domains) == ({"in.example.net"}, {"b.example.net"})


async def test_a_change_is_heard(pool: Pool, database_url: str) -> None:
    """What another process commits is known here without being asked for."""
    async with Directories(database_url, pool) as directories:
        await until(lambda: directories.current().by_slug("acme") is None)
        tenant = await add_tenant(pool, "acme")
        await until(lambda: directories.current().by_slug("acme") == tenant)
        await set_tenant(pool, tenant, name="Acme & Co")
        await until(lambda: directories.current().tenants[tenant].name == "Acme & Co")


async def test_a_change_is_heard_after_the_connection_was_lost(pool: Pool, database_url: str) -> None:
    """P6: the listener connects again, and reads what changed while it did not listen."""
    told = 0

    async def callback() -> None:
        nonlocal told
        told += 1

    listener = Listener(database_url, retry=0.05)
    listener.subscribe(callback)
    listener.start()
    await until(listener.connected.is_set)
    before = told
    async with connection(pool) as conn:
        await conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'inlet-listener' and datname = current_database()"
        )
    await until(lambda: told > before and listener.connected.is_set())
    before = told
    await add_tenant(pool, "acme")
    await until(lambda: told > before)
    await listener.stop()


async def test_a_callback_that_failed_is_called_again(pool: Pool, database_url: str) -> None:
    """P6: a read that failed is not the last one."""
    answers: list[Exception | None] = [Transient("away"), None]

    async def callback() -> None:
        if answers and (error := answers.pop(0)):
            raise error

    listener = Listener(database_url, retry=0.05)
    listener.subscribe(callback)
    listener.start()
    await until(listener.connected.is_set)
    assert answers == []
    await listener.stop()


async def test_fresh_means_after_the_question(pool: Pool, database_url: str) -> None:
    """A tenant committed before `refresh` is called is known when it returns; many callers share a read."""
    directories = Directories(database_url, pool)
    reads = 0
    load: Any = directories._cached._load

    async def counted() -> Any:
        nonlocal reads
        reads += 1
        return await load()

    directories._cached._load = counted
    tenant = await add_tenant(pool, "acme")
    found = await asyncio.gather(*(directories.refresh() for _ in range(20)))
    assert all(one.by_slug("acme") == tenant for one in found)
    assert reads <= 2


async def test_without_postgres_nothing_is_known_and_nothing_is_denied(unused_tcp_port: int) -> None:
    """P6: a directory that was never read does not say "unknown"."""
    url = f"postgresql://inlet@127.0.0.1:{unused_tcp_port}/inlet"
    pool = await connect_pool(url)
    async with Directories(url, pool) as directories:
        with pytest.raises(Transient):
            directories.current()
        with pytest.raises(Transient):
            await directories.refresh()
    await pool.close()


UNREADABLE = [
    pytest.param(
        'update tenants set settings = \'{"mail_reply_days": "x", "chat_reply_hours": 5, "new": 1}\'',
        "settings, mail_reply_days",
        id="a setting of another type: its default, the others hold",
    ),
    pytest.param(
        'update tenants set settings = settings || \'{"chat_reply_hours": 5, "ref_style": "words"}\'',
        "settings, ref_style",
        id="a value of a newer version: its default, the others hold",
    ),
    pytest.param(
        "insert into business_hours select id, 'UTC', '{}' from tenants",
        "hours",
        id="hours: the clock runs always",
    ),
    pytest.param(
        "insert into rules (id, tenant_id, rule) select gen_random_uuid(), id, '[]' from tenants",
        "rules",
        id="rules: the shipped ones",
    ),
]


@pytest.mark.parametrize(("change", "fault"), UNREADABLE)
async def test_what_cannot_be_read_costs_itself_alone(
    pool: Pool, database_url: str, change: str, fault: str
) -> None:
    """P5, P6: a tenant of which something cannot be read keeps its mail, and the others do not notice."""
    acme = await add_tenant(pool, "acme", settings=TenantSettings(chat_reply_hours=5))
    async with connection(pool) as conn:
        await conn.execute(change)
    other = await add_tenant(pool, "other")
    await set_address(pool, other, "ann@other.test", "agent")
    found = await Directories(database_url, pool).refresh()
    assert (found.by_slug("acme"), found.by_slug("other")) == (acme, other)
    assert found.tenants[acme] == Tenant(
        id=acme, slug="acme", name=found.tenants[acme].name, settings=TenantSettings(chat_reply_hours=5)
    )
    assert found.tenants[other].slug == "other"
    assert found.address("ann@other.test") is not None
    (said,) = found.faults
    assert said.startswith(f"tenant {acme}, {fault}: ")


def test_a_row_that_lacks_what_has_no_default_is_left_out() -> None:
    """P5: the others are there, and it is said."""
    faults: list[str] = []
    rows: list[Any] = [
        {"domain": "a.test", "tenant": 7, "catch_all": True},
        {"domain": "b.test", "catch_all": True},
        {"domain": "c.test", "tenant": "t", "catch_all": "perhaps"},
    ]
    found = read_rows(rows, DomainFacts, "domain", faults, "domain")
    assert found == {"c.test": DomainFacts(domain="c.test", tenant="t")}
    assert [fault.partition(":")[0] for fault in faults] == [
        "domain a.test, tenant",
        "domain b.test",
        "domain c.test, catch_all",
    ]


async def test_a_listener_survives_whatever_happens(pool: Pool, database_url: str) -> None:
    """P6: no exception ends it, of ours or of others; it reads again, and hears what comes after."""
    answers: list[Exception] = [ValueError("ours"), RuntimeError("whose?"), KeyError("k")]
    told = 0

    async def callback() -> None:
        nonlocal told
        if answers:
            raise answers.pop(0)
        told += 1

    listener = Listener(database_url, retry=0.01)
    listener.subscribe(callback)
    with structlog.testing.capture_logs() as logs:
        listener.start()
        await until(listener.connected.is_set)
    assert [line["event"] for line in logs] == ["listener_failed"] * 3
    before = told
    await add_tenant(pool, "acme")
    await until(lambda: told > before)
    await listener.stop()
