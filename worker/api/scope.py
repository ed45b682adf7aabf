"""What a call may see: for a key that is bound to a tenant, nothing else exists (P4)."""

from __future__ import annotations

import asyncio

from routing.facts import Tenant
from storage.directory import Snapshot
from worker.api.operations import Call
from worker.api.problems import Refused, away, unknown

REFRESH_SECONDS = 3.0
"""How long a caller waits for the directory to be read again."""


async def one_tenant(call: Call, slug: str | None) -> Tenant:
    """The tenant that is meant. Raises Refused: 400 where the key sees several and none is named, or 404."""
    if slug is None and call.key.tenant is None:
        raise Refused(400, "The key sees several tenants: name one as `tenant`.")
    return await _tenant(call, slug)


async def any_tenant(call: Call, slug: str | None) -> str | None:
    """Id of the tenant that is meant, or None for all that there are. Raises Refused."""
    if slug is None:
        return call.key.tenant
    return (await _tenant(call, slug)).id


async def _tenant(call: Call, slug: str | None) -> Tenant:
    """By slug, or the key's own. One that is not known yet may have been made a moment ago."""
    directories = call.services.directories
    found = _find(call, slug, directories.current()) or _find(call, slug, await _fresh(call))
    if found is None:
        raise unknown("tenant")
    return found


async def _fresh(call: Call) -> Snapshot:
    """The directory as it is. Raises DatabaseError, or Refused where Postgres does not say so in time."""
    try:
        async with asyncio.timeout(REFRESH_SECONDS):
            return await call.services.directories.refresh()
    except TimeoutError as error:
        raise away() from error


def _find(call: Call, slug: str | None, directory: Snapshot) -> Tenant | None:
    own = call.key.tenant
    tenant = own if slug is None else directory.by_slug(slug)
    if tenant is None or own not in (None, tenant):
        return None
    return directory.tenant(tenant)
