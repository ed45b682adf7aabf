"""What a tenant has set for itself, as operators see it: triage rules, targets, hours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from routing.facts import BusinessHours, SlaTarget
from routing.sla import check_hours
from storage.database import Pool, connection
from storage.queries import query
from storage.tenants import TenantError

_UNREADABLE = "The hours that are stored cannot be read: {} `inlet tenant hours SLUG --always` drops them."


async def read_rules(pool: Pool, tenant: str) -> list[Mapping[str, Any]]:
    """A tenant's own triage rules, in the order in which they were given. Raises DatabaseError."""
    async with connection(pool) as conn:
        return [row["rule"] for row in await conn.fetch(query("rules_of_tenant"), tenant)]


async def read_sla(pool: Pool, tenant: str) -> dict[str, SlaTarget]:
    """The targets that a tenant has set, by priority; others have their defaults. Raises DatabaseError."""
    async with connection(pool) as conn:
        rows = await conn.fetch(query("sla_of_tenant"), tenant)
    return {
        row["priority"]: SlaTarget(
            first_response_minutes=row["first_response_minutes"], resolution_minutes=row["resolution_minutes"]
        )
        for row in rows
    }


async def read_hours(pool: Pool, tenant: str) -> BusinessHours | None:
    """When a tenant's clocks run; None: always. Raises TenantError where none can read it, DatabaseError."""
    async with connection(pool) as conn:
        row = await conn.fetchrow(query("hours_of_tenant"), tenant)
    if row is None:
        return None
    try:
        hours = msgspec.convert(dict(row), BusinessHours)
    except msgspec.ValidationError as error:
        raise TenantError(_UNREADABLE.format(error)) from error
    if faults := check_hours(hours):
        raise TenantError(_UNREADABLE.format(" ".join(faults)))
    return hours
