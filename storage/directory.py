"""The directory of tenants, kept whole in each process (`routing.facts.Directory`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import structlog

from routing.facts import AddressFacts, DomainFacts, Tenant
from storage.cache import Cached
from storage.database import Pool, transaction
from storage.lenient import read_rows
from storage.listener import Listener
from storage.queries import query

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Who is who at one moment. Keys are normalised: lower-case, ASCII domains."""

    mail_domains: frozenset[str]
    base_domains: frozenset[str]
    tenants: Mapping[str, Tenant]
    slugs: Mapping[str, str]
    addresses: Mapping[str, AddressFacts]
    domains: Mapping[str, DomainFacts]
    faults: tuple[str, ...] = ()
    """In words, what of the rows this version cannot read; the defaults stand for it."""

    def tenant(self, tenant: str) -> Tenant | None:
        return self.tenants.get(tenant)

    def by_slug(self, slug: str) -> str | None:
        return self.slugs.get(slug)

    def address(self, address: str) -> AddressFacts | None:
        return self.addresses.get(address)

    def domain(self, domain: str) -> DomainFacts | None:
        return self.domains.get(domain)


class Directories:
    """The directory as it is now: `async with` it. A change is heard and read within moments."""

    def __init__(
        self, url: str, pool: Pool, *, mail_domains: Iterable[str] = (), base_domains: Iterable[str] = ()
    ) -> None:
        """`url`: of the same database, for a connection of its own that listens."""
        self._pool = pool
        self._mail_domains = frozenset(mail_domains)
        self._base_domains = frozenset(base_domains)
        self._cached = Cached(self._load)
        self._told: tuple[str, ...] = ()
        self._listener = Listener(url)
        self._listener.subscribe(self.refresh)

    async def __aenter__(self) -> Self:
        """Read it, and listen from now on. Postgres may be away: then it is read as soon as it is back."""
        await self._cached.try_to_load()
        self._listener.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._listener.stop()

    def current(self) -> Snapshot:
        """The directory as last read. Raises Transient where it never was: Postgres is away all the time."""
        return self._cached.current()

    async def refresh(self) -> Snapshot:
        """The directory as it is now: to be asked before "unknown" is said. Raises DatabaseError."""
        return await self._cached.refresh()

    async def _load(self) -> Snapshot:
        found = await read_directory(
            self._pool, mail_domains=self._mail_domains, base_domains=self._base_domains
        )
        if found.faults and found.faults != self._told:
            _log.error("directory_faults", faults=found.faults)
        self._told = found.faults
        return found


async def read_directory(
    pool: Pool, *, mail_domains: frozenset[str] = frozenset(), base_domains: frozenset[str] = frozenset()
) -> Snapshot:
    """The directory as Postgres has it now. What cannot be read costs itself alone. Raises DatabaseError."""
    async with transaction(pool, snapshot=True) as acquired:
        tenants = await acquired.fetch(query("all_tenants"))
        slugs = await acquired.fetch(query("all_slugs"))
        addresses = await acquired.fetch(query("all_addresses"))
        domains = await acquired.fetch(query("all_proven_domains"))
    faults: list[str] = []
    return Snapshot(
        mail_domains=mail_domains,
        base_domains=base_domains,
        tenants=read_rows(tenants, Tenant, "id", faults, "tenant"),
        slugs={row["slug"]: row["tenant_id"] for row in slugs},
        addresses=read_rows(addresses, AddressFacts, "address", faults, "address"),
        domains=read_rows(domains, DomainFacts, "domain", faults, "domain"),
        faults=tuple(faults),
    )
