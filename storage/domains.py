"""Domains that tenants prove to be theirs, by a TXT record or an operator's word."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from routing.addresses import normal_domain
from storage.database import Pool, connection
from storage.public_domains import PUBLIC
from storage.queries import query
from storage.tenants import TenantError

TxtLookup = Callable[[str], Awaitable[Sequence[str]]]
"""The TXT records of a name; empty where there are none. Raises OSError where nobody can tell now."""

PREFIX = "inlet-verify="
CHECK_AFTER = timedelta(days=1)
LOST_AFTER = timedelta(days=4)
"""A proof that was not seen for so long is gone. Until then it may be a mishap of somebody's DNS."""
CHECKS = 500
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"(?=.{{4,253}}\Z)(?:{_LABEL}\.)+{_LABEL}")


class DomainLine(msgspec.Struct, frozen=True, kw_only=True):
    """A domain as lists show it. `proven_at` None: claimed, not proven, routes nothing."""

    domain: str
    tenant: str
    challenge: str
    proof: Literal["txt", "operator"] | None
    proven_at: datetime | None
    checked_at: datetime | None
    """When its proof was last seen."""
    catch_all: bool

    @property
    def record(self) -> tuple[str, str]:
        """(name, value) of the TXT record that proves it."""
        return f"_inlet.{self.domain}", PREFIX + self.challenge


def check_domain(domain: str, ours: Collection[str] = ()) -> str:
    """The domain as it is compared. Raises TenantError where no tenant can own it. `ours`: shared domains."""
    known = normal_domain(domain)
    if not _DOMAIN.fullmatch(known):
        raise TenantError(f"{domain!r} is no domain.")
    if known in PUBLIC:
        raise TenantError(f"At {known} anybody gets an address: it cannot belong to a tenant.")
    if any(known == one or known.endswith("." + one) for one in ours):
        raise TenantError(f"The domain {known} is shared by all tenants.")
    return known


async def claim_domain(pool: Pool, tenant: str, domain: str, *, ours: Collection[str] = ()) -> DomainLine:
    """Claim a domain for a tenant, to be proven by `record`. Raises TenantError, DatabaseError."""
    known = check_domain(domain, ours)
    async with connection(pool) as conn:
        if await conn.fetchval(query("claim_domain"), known, tenant, _challenge()) is None:
            raise TenantError(f"The domain {known} is proven by another tenant.")
    return await _found(pool, known)


async def vouch_for_domain(
    pool: Pool, tenant: str, domain: str, now: datetime, *, ours: Collection[str] = ()
) -> DomainLine:
    """Add a domain on an operator's word, which counts as proof. Raises TenantError, DatabaseError."""
    known = check_domain(domain, ours)
    async with connection(pool) as conn:
        if await conn.fetchval(query("vouch_for_domain"), known, tenant, _challenge(), now) is None:
            raise TenantError(f"The domain {known} is proven by another tenant.")
    return await _found(pool, known)


async def prove_domain(pool: Pool, domain: str, txt: TxtLookup, now: datetime) -> bool:
    """Look for the proof of a claimed domain. Raises TenantError (not claimed), OSError, DatabaseError."""
    line = await _found(pool, normal_domain(domain))
    if not await _is_there(line, txt):
        return False
    async with connection(pool) as conn:
        return await conn.fetchval(query("domain_is_proven"), line.domain, line.tenant, now) is not None


async def check_again(pool: Pool, txt: TxtLookup, now: datetime) -> list[str]:
    """Check the proofs that were not seen for a day; returns the domains that were lost. For a daily cron."""
    async with connection(pool) as conn:
        rows: list[Any] = await conn.fetch(query("domains_to_check"), now - CHECK_AFTER, CHECKS)
    return [line.domain for line in map(_line, rows) if await _is_lost(pool, line, txt, now)]


async def list_domains(pool: Pool, tenant: str | None = None) -> list[DomainLine]:
    """The domains of the tenant with this id, or of all. Raises DatabaseError."""
    async with connection(pool) as conn:
        return [_line(row) for row in await conn.fetch(query("list_domains"), tenant)]


async def set_catch_all(pool: Pool, tenant: str, domain: str, catch_all: bool) -> bool:
    """Whether every address of a domain arrives; False where the tenant has none such."""
    async with connection(pool) as conn:
        known = normal_domain(domain)
        return await conn.fetchval(query("set_catch_all"), known, tenant, catch_all) is not None


async def drop_domain(pool: Pool, tenant: str, domain: str) -> bool:
    """Take a domain from a tenant; False where it has none such. Raises DatabaseError."""
    async with connection(pool) as conn:
        return await conn.fetchval(query("drop_domain"), normal_domain(domain), tenant) is not None


async def _found(pool: Pool, domain: str) -> DomainLine:
    async with connection(pool) as conn:
        row = await conn.fetchrow(query("find_domain"), domain)
    if row is None:
        raise TenantError(f"Nobody has claimed the domain {domain}.")
    return _line(row)


async def _is_there(line: DomainLine, txt: TxtLookup) -> bool:
    name, value = line.record
    return value in {record.strip() for record in await txt(name)}


async def _is_lost(pool: Pool, line: DomainLine, txt: TxtLookup, now: datetime) -> bool:
    try:
        there = await _is_there(line, txt)
    except OSError:
        return False
    async with connection(pool) as conn:
        if there:
            await conn.execute(query("domain_is_proven"), line.domain, line.tenant, now)
        elif line.checked_at is not None and line.checked_at < now - LOST_AFTER:
            return await conn.fetchval(query("domain_is_lost"), line.domain, line.tenant) is not None
    return False


def _challenge() -> str:
    return secrets.token_hex(16)


def _line(row: Any) -> DomainLine:
    return msgspec.convert(dict(row), DomainLine)
