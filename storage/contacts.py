"""Contacts as operators see them: who wrote, and who is a VIP or blocked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from routing.facts import Identity
from routing.identities import identity_of
from storage import cursors
from storage.database import Pool, Record, connection
from storage.queries import query


class ContactLine(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as lists show it. An identity of the kind `claim:…` was typed by the writer, not proven."""

    id: str
    tenant: str
    name: str
    vip: bool
    blocked: bool
    identities: tuple[Identity, ...]
    created_at: datetime


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which contacts a list is to hold; None: whatever. `search`: a part of a name or identity, any case."""

    search: str | None = None
    vip: bool | None = None
    blocked: bool | None = None


async def list_contacts(
    pool: Pool, tenant: str, wanted: Wanted, *, after: str | None, limit: int
) -> tuple[list[ContactLine], str | None]:
    """A page of a tenant's contacts, the newest first, and where the next page begins.

    Raises BadCursorError, DatabaseError.
    """
    last = cursors.read(after).id if after else None
    values = (last, wanted.search, wanted.vip, wanted.blocked, limit + 1)
    async with connection(pool) as conn:
        rows = await conn.fetch(query("contacts_of_tenant"), tenant, *values)
    page = rows[:limit]
    following = cursors.Place(page[-1]["created_at"], page[-1]["id"]) if len(rows) > limit else None
    return [_line(row) for row in page], cursors.write(following) if following else None


async def find_contacts(
    pool: Pool, tenant: str, address: str, *, kind: str | None = None
) -> list[ContactLine]:
    """The contacts of a tenant that an address, number or provider's user id belongs to.

    Several, where it was proven for one and only typed in by another, or where two providers use the same id:
    `kind` tells them apart. Raises DatabaseError.
    """
    known = identity_of("", address)
    value = known.value if known else ""
    async with connection(pool) as conn:
        rows: list[Any] = await conn.fetch(query("contacts_by_identity"), tenant, value, kind)
    return [_line(row) for row in rows]


async def set_contact(
    pool: Pool, tenant: str, contact: str, *, vip: bool | None = None, blocked: bool | None = None
) -> bool:
    """Change what is given; False where the tenant has no such contact. Raises DatabaseError.

    It holds from the next batch on: workers read contacts with each one.
    """
    async with connection(pool) as conn:
        return await conn.fetchval(query("set_contact"), tenant, contact, vip, blocked) is not None


def _line(row: Record) -> ContactLine:
    return msgspec.convert(dict(row), ContactLine)
