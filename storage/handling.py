"""Writes what people do with a ticket: change it, merge it. Locks as `record` does: tickets by id."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from routing.by_hand import ByHandError, Change, Handled, Wish, change, end_of_chain, merge, settled
from routing.changes import ActivityRow, Changes, EventRow
from routing.facts import Tenant
from storage.database import Connection, Pool, Transient, transaction
from storage.ids import new_id
from storage.queries import query
from storage.write import write


class Hand(msgspec.Struct, frozen=True, kw_only=True):
    """Who does something, in which tenant, and when. `actor` as in the audit trail: `key:<id>`."""

    tenant: Tenant
    actor: str
    now: datetime


async def patch_ticket(
    pool: Pool, hand: Hand, ref: str, wish: Wish, *, into: str | UnsetType | None = UNSET
) -> bool:
    """Change a ticket, and merge it into the one with the ref `into` where that is given.

    `into` None: it is to be merged into none. A ticket that is merged stays so, and stays as it is.
    False: the tenant has no such ticket. Raises ByHandError where it cannot be done, DatabaseError.
    """
    async with transaction(pool) as conn:
        ticket = await find_id(conn, hand, ref)
        if ticket is None:
            return False
        if isinstance(into, str):
            await _merge_into(conn, hand, wish, ticket, into)
            return True
        (before,) = await lock(conn, hand, [ticket])
        if before.merged_into and (into is None or wish.asked()):
            raise settled(await _ref(conn, hand, before.merged_into))
        await _apply(conn, hand, before, wish)
    return True


async def find_id(conn: Connection, hand: Hand, ref: str) -> str | None:
    """The id of a ticket of the hand's tenant."""
    rows = await conn.fetch(query("ticket_ids_by_ref"), hand.tenant.id, [ref])
    return rows[0]["id"] if rows else None


async def lock(conn: Connection, hand: Hand, tickets: Sequence[str]) -> list[Handled]:
    """Lock tickets of the hand's tenant, in the order of their ids."""
    rows = await conn.fetch(query("lock_to_handle"), sorted(tickets), hand.tenant.id)
    return [msgspec.convert(dict(row), Handled) for row in rows]


async def save(conn: Connection, hand: Hand, ticket: Handled, said: Sequence[Change], event: str) -> None:
    """Write the ticket, its audit trail, and one event that tells other programs."""
    await conn.execute(query("update_by_hand"), [ticket])
    data: dict[str, Any] = {
        "actor": hand.actor,
        "changed": [one.kind.removesuffix("_changed") for one in said],
    }
    changes = Changes(
        activities=[activity(hand, ticket.id, one) for one in said],
        events=[
            EventRow(
                id=new_id(), tenant_id=hand.tenant.id, name=event, ticket_id=ticket.id, data=data, at=hand.now
            )
        ],
    )
    await write(conn, changes, hand.now)


def activity(hand: Hand, ticket: str, said: Change) -> ActivityRow:
    """An entry of the audit trail."""
    return ActivityRow(
        id=new_id(),
        tenant_id=hand.tenant.id,
        ticket_id=ticket,
        at=hand.now,
        actor=hand.actor,
        kind=said.kind,
        data=said.data,
    )


async def _apply(conn: Connection, hand: Hand, before: Handled, wish: Wish) -> Handled:
    await _check_contact(conn, hand, wish)
    after, said = change(before, wish, hand.tenant, hand.now)
    if after != before:
        await save(conn, hand, after, said, "ticket.updated")
    return after


async def _check_contact(conn: Connection, hand: Hand, wish: Wish) -> None:
    contact = wish.contact_id
    if isinstance(contact, str) and not await conn.fetchval(
        query("contact_of_tenant"), contact, hand.tenant.id
    ):
        raise ByHandError("There is no such contact.")


async def _ref(conn: Connection, hand: Hand, ticket: str) -> str:
    ref: str = await conn.fetchval(query("ref_of_ticket"), ticket, hand.tenant.id)
    return ref


async def _lock_both(
    conn: Connection, hand: Hand, ticket: str, into: str
) -> tuple[Handled, Handled | None, Handled]:
    """The ticket, where it leads if it is merged, and the end of the chain that its target leads to.

    Locked together with all between.
    """
    target = await find_id(conn, hand, into)
    if target is None:
        raise ByHandError("There is no such ticket to merge into.")
    chain = await conn.fetch(query("merged_chain"), [ticket, target])
    known = {one.id: one for one in await lock(conn, hand, [row["id"] for row in chain])}
    merged = {one.id: one.merged_into for one in known.values()}
    if any(end not in known for end in merged.values() if end):
        raise Transient("A ticket was merged at the same moment.")
    led = known[end_of_chain(ticket, merged)] if merged[ticket] else None
    return known[ticket], led, known[end_of_chain(target, merged)]


async def _merge_into(conn: Connection, hand: Hand, wish: Wish, ticket: str, into: str) -> None:
    """Change and merge a ticket. The same merge again changes nothing: its answer may have been lost."""
    before, led, target = await _lock_both(conn, hand, ticket, into)
    if led is None:
        await _merge(conn, hand, await _apply(conn, hand, before, wish), target)
    elif wish.asked() or led.id != target.id:
        raise settled(await _ref(conn, hand, before.merged_into or led.id))


async def _merge(conn: Connection, hand: Hand, ticket: Handled, into: Handled) -> None:
    after, said = merge(ticket, into, hand.now)
    await save(conn, hand, after, said, "ticket.merged")
    await conn.execute(query("hand_over_participants"), ticket.id, into.id)
    row = activity(hand, into.id, Change(kind="merged_from", data={"ref": ticket.ref}))
    await write(conn, Changes(activities=[row]), hand.now)
