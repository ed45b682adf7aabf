"""Reads tickets as they are shown."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from storage import cursors
from storage.database import Connection, Pool, Record, transaction
from storage.queries import query
from storage.shown import Activity, Message, Ticket, TicketLine


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of tickets is to hold; None: whatever.

    `tenant` is its id, `contact` the contact's id or one of its addresses, numbers or ids at a provider.
    """

    tenant: str | None = None
    status: str | None = None
    priority: str | None = None
    category: str | None = None
    type: str | None = None
    channel: str | None = None
    assignee: str | None = None
    label: str | None = None
    tag: str | None = None
    contact: str | None = None


async def list_tickets(
    pool: Pool,
    wanted: Filter,
    *,
    after: str | None,
    limit: int,
    mail_domain: str | None,
) -> tuple[list[TicketLine], str | None]:
    """A page of tickets, the newest first, and where the next page begins.

    `mail_domain`: that of reply addresses; None: the tenant's own. Raises BadCursorError, DatabaseError.
    """
    place = cursors.read(after) if after else None
    name = "tickets_of_all" if wanted.tenant is None else "tickets_of_tenant"
    tenant, *conditions = (getattr(wanted, field) for field in wanted.__struct_fields__)
    at, last = (place.at, place.id) if place else (None, None)
    async with transaction(pool, snapshot=True) as conn:
        rows = await conn.fetch(query(name), tenant, at, last, *conditions, limit + 1)
        page = rows[:limit]
        lines = await _shown(conn, [row["id"] for row in page], mail_domain)
    following = cursors.Place(page[-1]["created_at"], page[-1]["id"]) if len(rows) > limit else None
    return [_line(row) for row in lines], cursors.write(following) if following else None


async def find_ticket(pool: Pool, *, tenant: str, ref: str, mail_domain: str | None) -> Ticket | None:
    """One ticket of the tenant (its id) with everything, or None. Raises DatabaseError."""
    async with transaction(pool, snapshot=True) as conn:
        ticket = await conn.fetchval(query("ticket_by_ref"), tenant, ref)
        if ticket is None:
            return None
        (row,) = await _shown(conn, [ticket], mail_domain)
        messages = await conn.fetch(query("messages_of_ticket"), ticket)
        activities = await conn.fetch(query("activities_of_ticket"), ticket)
    return msgspec.convert(
        dict(row)
        | {
            "messages": [msgspec.convert(dict(one), Message) for one in messages],
            "activities": [msgspec.convert(dict(one), Activity) for one in activities],
        },
        Ticket,
    )


async def _shown(conn: Connection, ids: Sequence[str], mail_domain: str | None) -> list[Record]:
    """The rows in the order of the ids."""
    rows = {row["id"]: row for row in await conn.fetch(query("shown_tickets"), ids, mail_domain)}
    return [rows[one] for one in ids]


def _line(row: Record) -> TicketLine:
    return msgspec.convert(dict(row), TicketLine)
