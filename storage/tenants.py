"""Tenants, their addresses, rules and clocks, as operators make and change them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from routing.addresses import normal, split
from routing.facts import (
    CATEGORIES,
    PRIORITIES,
    TYPES,
    AddressFacts,
    BusinessHours,
    Priority,
    SlaTarget,
    TenantSettings,
)
from routing.sla import check_hours
from routing.triage.rule import check_rules
from storage.database import Pool, connection, transaction
from storage.ids import new_id
from storage.queries import query

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
RESERVED = frozenset({"api", "inlet", "mail", "postmaster", "abuse", "www", "admin", "root", "mailer-daemon"})
"""Slugs that would make addresses which belong to whoever runs the domain."""
MAX_MINUTES = 365 * 24 * 60
_DEFAULTS: Mapping[str, Sequence[str]] = {"category": CATEGORIES, "priority": PRIORITIES, "type": TYPES}
"""What an address can give to the messages that come to it."""


class TenantError(ValueError):
    """What was asked cannot be, in words for the operator."""


class TenantLine(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant as lists show it."""

    id: str
    slug: str
    name: str
    time_zone: str
    languages: tuple[str, ...]
    settings: TenantSettings
    created_at: datetime
    domains: tuple[str, ...]
    agents: tuple[str, ...]


def check_slug(slug: str) -> None:
    """Raise TenantError unless it can stand in an address and in a domain name."""
    if not _SLUG.fullmatch(slug) or slug.startswith("xn--"):
        raise TenantError("A slug is 1 to 63 of a-z, 0-9 and hyphens, and neither begins nor ends with one.")
    if slug in RESERVED:
        raise TenantError(f"The slug {slug} is reserved.")


async def add_tenant(  # noqa: PLR0913 - what a tenant is made of
    pool: Pool,
    slug: str,
    *,
    name: str = "",
    time_zone: str = "UTC",
    languages: Sequence[str] = ("en",),
    settings: TenantSettings | None = None,
) -> str:
    """Make a tenant; returns its id. Raises TenantError (also for a slug that anybody had), DatabaseError."""
    check_slug(slug)
    _check_zone(time_zone)
    tenant = new_id()
    wanted = settings or TenantSettings()
    async with transaction(pool) as conn:
        if await conn.fetchval(query("tenant_by_slug"), slug):
            _taken(slug)
        await conn.execute(
            query("insert_tenant"), tenant, slug, name or slug, time_zone, list(languages), wanted
        )
        if await conn.fetchval(query("take_slug"), slug, tenant) != tenant:
            _taken(slug)
    return tenant


async def rename_tenant(pool: Pool, tenant: str, slug: str) -> None:
    """Give a tenant another slug; mail to the old one still arrives. Raises TenantError, DatabaseError."""
    check_slug(slug)
    async with transaction(pool) as conn:
        if await conn.fetchval(query("take_slug"), slug, tenant) != tenant:
            _taken(slug)
        await conn.execute(query("rename_tenant"), tenant, slug)


async def find_tenant_id(pool: Pool, slug: str) -> str | None:
    """Id of the tenant that has or had the slug. Raises DatabaseError."""
    async with connection(pool) as conn:
        found: str | None = await conn.fetchval(query("tenant_by_slug"), slug)
        return found


async def list_tenants(pool: Pool) -> list[TenantLine]:
    """All tenants, the oldest first. Raises DatabaseError."""
    async with connection(pool) as conn:
        rows: list[Any] = await conn.fetch(query("list_tenants"))
    return [msgspec.convert(dict(row), TenantLine) for row in rows]


async def set_tenant(  # noqa: PLR0913 - each is a separate wish
    pool: Pool,
    tenant: str,
    *,
    name: str | None = None,
    time_zone: str | None = None,
    languages: Sequence[str] | None = None,
    settings: TenantSettings | None = None,
) -> bool:
    """Change what is given; False where there is no such tenant. Raises TenantError, DatabaseError."""
    if time_zone is not None:
        _check_zone(time_zone)
    wanted = None if languages is None else list(languages)
    async with connection(pool) as conn:
        found = await conn.fetchval(query("set_tenant"), tenant, name, time_zone, wanted, settings)
    return found is not None


async def set_address(  # noqa: PLR0913 - what an address carries
    pool: Pool,
    tenant: str,
    address: str,
    kind: Literal["agent", "inbox"],
    *,
    name: str = "",
    category: str | None = None,
    priority: str | None = None,
    type: str | None = None,  # noqa: A002 - the name of the field everywhere
    tags: Sequence[str] = (),
) -> str:
    """Add or change an address of a tenant; returns it as it is compared.

    Raises TenantError where it is no address or another tenant's, or a default is none, DatabaseError.
    """
    known = normal(address)
    if not all(split(known)) or " " in known:
        raise TenantError(f"{address!r} is no mail address.")
    _check_defaults(category=category, priority=priority, type=type)
    values = (known, tenant, kind, name, category, priority, type, list(tags))
    async with connection(pool) as conn:
        if await conn.fetchval(query("take_address"), *values) is None:
            raise TenantError(f"The address {known} belongs to another tenant.")
    return known


async def drop_address(pool: Pool, tenant: str, address: str) -> bool:
    """Take an address from a tenant; False where it has none such. Raises DatabaseError."""
    async with connection(pool) as conn:
        return await conn.fetchval(query("drop_address"), tenant, normal(address)) is not None


async def list_addresses(pool: Pool, tenant: str) -> list[AddressFacts]:
    """The addresses of a tenant. Raises DatabaseError."""
    async with connection(pool) as conn:
        rows: list[Any] = await conn.fetch(query("list_addresses"), tenant)
    return [msgspec.convert(dict(row), AddressFacts) for row in rows]


async def set_rules(pool: Pool, tenant: str, rules: Sequence[Mapping[str, Any]]) -> None:
    """Replace a tenant's own triage rules; a changed rule gets the next version.

    Raises TenantError with every fault in its own line, DatabaseError.
    """
    if faults := check_rules(rules):
        raise TenantError("\n".join(faults))
    now = datetime.now(UTC)
    async with transaction(pool) as conn:
        known = {row["rule"].get("id"): row for row in await conn.fetch(query("rules_of_tenant"), tenant)}
        await conn.execute(query("drop_rules"), tenant)
        for rule in rules:
            old = known.get(rule["id"])
            version = 1 if old is None else old["version"] + (old["rule"] != rule)
            await conn.execute(query("insert_rule"), new_id(), tenant, dict(rule), version, now)


def check_target(target: SlaTarget) -> None:
    """Raise TenantError unless clocks can run towards it."""
    first, resolution = target.first_response_minutes, target.resolution_minutes
    if not 1 <= first <= resolution <= MAX_MINUTES:
        raise TenantError(
            f"A target is one minute at least, {MAX_MINUTES} (a year) at most, and the first response is due "
            f"no later than the resolution: not {first}/{resolution}."
        )


async def set_sla(pool: Pool, tenant: str, priority: Priority, target: SlaTarget) -> None:
    """Set a tenant's targets for a priority. Raises TenantError, DatabaseError."""
    check_target(target)
    minutes = (target.first_response_minutes, target.resolution_minutes)
    async with connection(pool) as conn:
        await conn.execute(query("set_sla"), tenant, priority, *minutes)


async def drop_sla(pool: Pool, tenant: str, priority: Priority) -> None:
    """Give a priority the default targets again. Raises DatabaseError."""
    async with connection(pool) as conn:
        await conn.execute(query("drop_sla"), tenant, priority)


async def set_hours(pool: Pool, tenant: str, hours: BusinessHours | None) -> None:
    """Set when a tenant's clocks run; None: always. Raises TenantError, DatabaseError."""
    async with connection(pool) as conn:
        if hours is None:
            await conn.execute(query("drop_hours"), tenant)
            return
        _check_zone(hours.time_zone)
        if faults := check_hours(hours):
            raise TenantError("\n".join(faults))
        await conn.execute(query("set_hours"), tenant, hours.time_zone, hours.week, sorted(hours.holidays))


def _taken(slug: str) -> NoReturn:
    raise TenantError(f"The slug {slug} belongs, or once belonged, to a tenant.")


def _check_defaults(**values: str | None) -> None:
    faults = [
        f"{name} is one of {', '.join(_DEFAULTS[name])}, not {value}."
        for name, value in values.items()
        if value is not None and value not in _DEFAULTS[name]
    ]
    if faults:
        raise TenantError("\n".join(faults))


def _check_zone(time_zone: str) -> None:
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise TenantError(f"There is no time zone {time_zone}.") from error
