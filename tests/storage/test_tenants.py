"""Tenants, their addresses, rules and domains: what an operator may make, and what is refused in words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from routing.facts import BusinessHours, SlaTarget, TenantSettings
from storage.database import Pool, connect_pool, connection
from storage.domains import (
    PREFIX,
    check_again,
    check_domain,
    claim_domain,
    drop_domain,
    list_domains,
    prove_domain,
    set_catch_all,
    vouch_for_domain,
)
from storage.policies import read_hours
from storage.tenants import (
    TenantError,
    add_tenant,
    drop_address,
    find_tenant_id,
    list_addresses,
    list_tenants,
    rename_tenant,
    set_address,
    set_hours,
    set_rules,
    set_sla,
    set_tenant,
)
from tests.storage.desk import NOON


class Dns:
    """TXT records by name; a name that fails raises."""

    def __init__(self, **records: Sequence[str]) -> None:
        self.records = {name.replace("__", "."): values for name, values in records.items()}
        self.fails = False

    def say(self, record: tuple[str, str]) -> None:
        self.records[record[0]] = ["v=spf1 -all", record[1]]

    async def __call__(self, name: str) -> Sequence[str]:
        if self.fails:
            raise OSError("no answer")
        return self.records.get(name, ())


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    opened = await connect_pool(database_url, max_size=4)
    yield opened
    await opened.close()


@pytest.fixture
async def tenant(pool: Pool) -> str:
    return await add_tenant(pool, "acme")


@pytest.mark.parametrize(
    "slug",
    [
        pytest.param("", id="empty"),
        pytest.param("Acme", id="capitals"),
        pytest.param("a_b", id="underscore: reply tokens have one"),
        pytest.param("a+b", id="plus: it divides addresses"),
        pytest.param("a.b", id="dot: it divides domains"),
        pytest.param("-a", id="hyphen in front"),
        pytest.param("a-", id="hyphen at the end"),
        pytest.param("a" * 64, id="longer than a label"),
        pytest.param("xn--bcher-kva", id="looks like an IDN"),
        pytest.param("postmaster", id="reserved"),
        pytest.param("acme\n", id="line break at the end"),
    ],
)
async def test_what_is_no_slug(pool: Pool, slug: str) -> None:
    """A slug stands in addresses and domain names."""
    with pytest.raises(TenantError):
        await add_tenant(pool, slug)
    assert await list_tenants(pool) == []


async def test_a_slug_is_never_reused(pool: Pool, tenant: str) -> None:
    """Mail to an old plus address still arrives, so an old slug stays its tenant's for ever."""
    await rename_tenant(pool, tenant, "acme-new")
    assert await find_tenant_id(pool, "acme") == await find_tenant_id(pool, "acme-new") == tenant
    with pytest.raises(TenantError, match="belongs"):
        await add_tenant(pool, "acme")
    other = await add_tenant(pool, "globex")
    for slug in ("acme", "acme-new"):
        with pytest.raises(TenantError, match="belongs"):
            await rename_tenant(pool, other, slug)
    await rename_tenant(pool, tenant, "acme")
    assert [one.slug for one in await list_tenants(pool)] == ["acme", "globex"]


async def test_of_two_tenants_at_once_one_gets_the_slug(pool: Pool) -> None:
    """The database decides."""
    done = await asyncio.gather(*(add_tenant(pool, "acme") for _ in range(4)), return_exceptions=True)
    assert len([one for one in done if isinstance(one, str)]) == 1
    assert len(await list_tenants(pool)) == 1


async def test_what_a_tenant_sets(pool: Pool, tenant: str) -> None:
    """What is given is changed, what is not stays; nonsense is refused."""
    assert await set_tenant(pool, tenant, languages=("de",), settings=TenantSettings(ref_style="random"))
    assert await set_tenant(pool, tenant, time_zone="Europe/Vienna")
    (line,) = await list_tenants(pool)
    assert (line.languages, line.time_zone, line.name) == (("de",), "Europe/Vienna", "acme")
    assert line.settings.ref_style == "random"
    with pytest.raises(TenantError, match="time zone"):
        await set_tenant(pool, tenant, time_zone="Europe/Atlantis")
    with pytest.raises(TenantError, match="one minute"):
        await set_sla(pool, tenant, "low", SlaTarget(first_response_minutes=0, resolution_minutes=1))
    with pytest.raises(TenantError, match="later than the resolution"):
        await set_sla(pool, tenant, "low", SlaTarget(first_response_minutes=2, resolution_minutes=1))
    with pytest.raises(TenantError, match="time zone"):  # a folder of zones, which is no zone
        await set_tenant(pool, tenant, time_zone="Europe")
    with pytest.raises(TenantError, match="category is one of"):
        await set_address(pool, tenant, "a@acme.test", "inbox", category="boats")


@pytest.mark.parametrize(
    ("span", "why"),
    [
        pytest.param(None, "seven days", id="no week"),
        pytest.param(("9:00", "17:00"), "to open", id="one digit"),
        pytest.param(("0900", "17:00"), "to open", id="no colon"),
        pytest.param(("09:00+02:00", "17:00"), "to open", id="a zone of its own"),
        pytest.param(("24:00", "17:00"), "to open", id="24:00 at the beginning"),
        pytest.param(("09:00", "25:00"), "to close", id="no such hour"),
        pytest.param(("09:00", ""), "to close", id="nothing"),
        pytest.param(("\u0660\u0669:00", "17:00"), "to open", id="digits of another script"),
    ],
)
async def test_hours_that_no_clock_could_follow(
    pool: Pool, tenant: str, span: tuple[str, str] | None, why: str
) -> None:
    """They are refused when they are set: a worker that met them would have to give messages up."""
    good = BusinessHours(time_zone="UTC", week=((("22:00", "06:00"),), (("09:00", "24:00"),), *((),) * 5))
    await set_hours(pool, tenant, good)
    week = (*good.week[:6], (span,)) if span else ()
    with pytest.raises(TenantError, match=why):
        await set_hours(pool, tenant, BusinessHours(time_zone="UTC", week=week))
    assert await read_hours(pool, tenant) == good


async def test_stored_hours_that_cannot_be_read_are_said_to_be_so(pool: Pool, tenant: str) -> None:
    """A hand in the database, or a newer version: an operator reads what to do, not a trace."""
    await set_hours(pool, tenant, BusinessHours(time_zone="UTC", week=((("09:00", "17:00"),),) * 7))
    for week in ([[["09", "17:00"]], [], [], [], [], [], []], {"mon": []}, []):
        async with connection(pool) as conn:
            await conn.execute("update business_hours set week = $1", week)
        with pytest.raises(TenantError, match="--always"):
            await read_hours(pool, tenant)
    await set_hours(pool, tenant, None)
    assert await read_hours(pool, tenant) is None


async def test_an_address_belongs_to_one_tenant(pool: Pool, tenant: str) -> None:
    """P4: whose it is stays whose it is; the same tenant may change it."""
    other = await add_tenant(pool, "globex")
    assert await set_address(pool, tenant, "<Anna@Acme.TEST>", "agent") == "anna@acme.test"
    with pytest.raises(TenantError, match="another tenant"):
        await set_address(pool, other, "anna@acme.test", "agent")
    await set_address(pool, tenant, "anna@acme.test", "inbox", priority="high")
    (line,) = await list_addresses(pool, tenant)
    assert (line.kind, line.priority) == ("inbox", "high")
    assert not await drop_address(pool, other, "anna@acme.test")
    assert await drop_address(pool, tenant, "anna@acme.test")


@pytest.mark.parametrize("address", ["", "anna", "@acme.test", "an na@acme.test"])
async def test_what_is_no_address(pool: Pool, tenant: str, address: str) -> None:
    """It is told at once, not found out by lost mail."""
    with pytest.raises(TenantError, match="no mail address"):
        await set_address(pool, tenant, address, "agent")


async def test_rules_are_replaced_as_a_whole(pool: Pool, tenant: str) -> None:
    """A changed rule gets the next version, an unchanged one keeps its own, a faulty set changes nothing."""
    one, two = (
        {"id": "one", "words": ["boat"], "category": "sales"},
        {"id": "two", "words": ["ship"], "type": "bug_report"},
    )

    async def versions() -> dict[str, int]:
        async with connection(pool) as conn:
            return {
                row["rule"]["id"]: row["version"]
                for row in await conn.fetch("select rule, version from rules")
            }

    await set_rules(pool, tenant, [one, two])
    await set_rules(pool, tenant, [one, two | {"words": ["vessel"]}])
    assert await versions() == {"one": 1, "two": 2}
    with pytest.raises(TenantError):
        await set_rules(pool, tenant, [{"id": "bad", "patterns": ["("], "category": "sales"}])
    assert await versions() == {"one": 1, "two": 2}
    await set_rules(pool, tenant, [])
    assert await versions() == {}


@pytest.mark.parametrize(
    ("domain", "why"),
    [
        pytest.param("gmail.com", "anybody", id="a public mail domain"),
        pytest.param("GMX.de.", "anybody", id="however it is written"),
        pytest.param("in.example.net", "shared", id="the shared mail domain"),
        pytest.param("acme.in.example.net", "shared", id="a part of it"),
        pytest.param("localhost", "no domain", id="a bare name"),
        pytest.param("a b.example.org", "no domain", id="a blank in it"),
        pytest.param("-.example.org", "no domain", id="no label"),
        pytest.param("", "no domain", id="empty"),
        pytest.param("x" * 64 + ".example.org", "no domain", id="a label too long"),
    ],
)
def test_domains_that_no_tenant_can_own(domain: str, why: str) -> None:
    """They are refused before anything is stored."""
    with pytest.raises(TenantError, match=why):
        check_domain(domain, {"in.example.net"})


async def test_a_claimed_domain_is_proven_by_its_record(pool: Pool, tenant: str) -> None:
    """Not by a claim alone, not by another record: only by the TXT value that was given out."""
    line, dns = await claim_domain(pool, tenant, "Acme.test"), Dns()
    assert line.record == ("_inlet.acme.test", PREFIX + line.challenge)
    assert not await prove_domain(pool, "acme.test", dns, NOON)
    dns.records["_inlet.acme.test"] = [PREFIX + "0" * 32]
    assert not await prove_domain(pool, "acme.test", dns, NOON)
    assert [one.proven_at for one in await list_domains(pool, tenant)] == [None]
    dns.say(line.record)
    assert await prove_domain(pool, "acme.test", dns, NOON)
    (proven,) = await list_domains(pool, tenant)
    assert (proven.proof, proven.proven_at) == ("txt", NOON)
    assert (await claim_domain(pool, tenant, "acme.test")).challenge == line.challenge
    with pytest.raises(TenantError, match="claimed"):
        await prove_domain(pool, "other.test", dns, NOON)


async def test_a_domain_belongs_to_one_tenant(pool: Pool, tenant: str) -> None:
    """P4: a claim alone blocks nobody, a proof blocks everybody else."""
    other = await add_tenant(pool, "globex")
    await claim_domain(pool, other, "acme.test")
    await vouch_for_domain(pool, tenant, "acme.test", NOON)
    with pytest.raises(TenantError, match="proven by another"):
        await claim_domain(pool, other, "acme.test")
    with pytest.raises(TenantError, match="proven by another"):
        await vouch_for_domain(pool, other, "acme.test", NOON)
    assert not await set_catch_all(pool, other, "acme.test", False)
    assert not await drop_domain(pool, other, "acme.test")
    assert await set_catch_all(pool, tenant, "acme.test", False)
    assert [one.catch_all for one in await list_domains(pool)] == [False]
    assert await drop_domain(pool, tenant, "acme.test")


@pytest.mark.parametrize(
    ("days", "record", "fails", "lost"),
    [
        pytest.param(2, True, False, False, id="still there"),
        pytest.param(2, False, False, False, id="gone since a day or two: a mishap is forgiven"),
        pytest.param(5, False, False, True, id="gone for days: it routes no more"),
        pytest.param(5, False, True, False, id="nobody can tell: nothing is lost by a DNS that fails"),
        pytest.param(0, False, False, False, id="seen today: not even asked"),
    ],
)
async def test_proofs_are_checked_again(  # noqa: PLR0917 - the columns of the table
    pool: Pool, tenant: str, days: int, record: bool, fails: bool, lost: bool
) -> None:
    """Daily; only a proof that is gone for days is lost."""
    line, dns = await claim_domain(pool, tenant, "acme.test"), Dns()
    dns.say(line.record)
    assert await prove_domain(pool, "acme.test", dns, NOON)
    if not record:
        dns.records.clear()
    dns.fails = fails
    now = NOON + timedelta(days=days)
    assert await check_again(pool, dns, now) == (["acme.test"] if lost else [])
    (after,) = await list_domains(pool)
    assert (after.proven_at is None) is lost
    assert after.checked_at == (None if lost else now if record else NOON)


async def test_an_operators_word_is_not_checked_again(pool: Pool, tenant: str) -> None:
    """What `--domain` added needs no TXT record."""
    await vouch_for_domain(pool, tenant, "acme.test", NOON)
    assert await check_again(pool, Dns(), NOON + timedelta(days=30)) == []
