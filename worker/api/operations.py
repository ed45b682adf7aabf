"""What an operation of the API is: one row that both the router and `/api/openapi.json` are made from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from storage.blobs import Blobs
from storage.database import Pool
from storage.directory import Directories
from storage.envelope import Envelope
from worker.shapes import Slug

KIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An operator's key: its id, and the tenant that it is bound to (None: it sees all)."""

    id: str
    tenant: str | None
    remembered: bool = False
    """It was good before: Postgres could not be asked a moment ago, and need not be asked in vain again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the operations work with."""

    pool: Pool
    directories: Directories
    append: Callable[[Sequence[Envelope]], Awaitable[None]]
    """Makes envelopes durable in the inbox or the spool; raises channels.errors.Unavailable."""
    pending_account: Callable[[str], Awaitable[str | None]]
    """Account of a message that is accepted and not worked yet, or None. Raises when nobody can tell."""
    blobs: Blobs
    mail_domains: Sequence[str] = ()
    authserv_ids: frozenset[str] = frozenset()
    loop_keys: tuple[bytes, ...] = ()
    read_seconds: float = 20.0

    @property
    def mail_domain(self) -> str | None:
        """The domain of reply addresses, or None: each tenant's own."""
        return self.mail_domains[0] if self.mail_domains else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, authenticated and decoded: `query` and `body` are of the operation's types."""

    services: Services
    key: Key
    path: Mapping[str, str]
    query: Any
    body: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An answer with headers of its own."""

    body: Struct
    headers: Mapping[str, str] = field(default_factory=dict)


class NoQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The operation takes no query parameters."""


class OfTenant(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which tenant is meant: needed where the key sees several."""

    tenant: Slug | None = None


class Paged(OfTenant, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a list begins (`next` of the page before) and how long the page may be."""

    after: Annotated[str, Meta(max_length=200)] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One row of the API. `refusals` are the statuses beyond those that every operation can answer."""

    method: str
    path: str
    name: str
    summary: str
    run: Callable[[Call], Awaitable[Struct | Done]]
    answers: tuple[Any, ...]
    query: type[Struct] = NoQuery
    body: type[Struct] | None = None
    max_body: int = 4 * 1024 * KIB
    status: int = 200
    refusals: tuple[int, ...] = ()


def fields_of(query: type[Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """The query parameters of an operation."""
    return msgspec.structs.fields(query)
