"""Writes the changes of a batch: each list with one statement, what others refer to first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from routing.changes import Changes, TicketRow
from routing.refs import ref
from storage.database import Connection
from storage.envelope import Envelope, encode
from storage.queries import query

RefStyle = Literal["sequence", "random"]


class LostTicketError(Exception):
    """A ticket that was planned to change is not there, or belongs to another tenant (P4)."""


@cache
def code_version() -> str:
    """Version of this code, for dead letters."""
    try:
        return version("inlet")
    except PackageNotFoundError:
        return "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What a message came as: kept beside its row; a dead letter keeps the whole envelope."""

    raw: bytes | None
    raw_blob: str | None
    envelope: Envelope | bytes


async def write(
    connection: Connection,
    changes: Changes,
    now: datetime,
    *,
    originals: Mapping[str, Original] = MappingProxyType({}),
    ref_styles: Mapping[str, RefStyle] = MappingProxyType({}),
) -> None:
    """Write everything, inside the caller's transaction. Raises what the driver raises, or LostTicketError.

    `originals` by message id, `ref_styles` by tenant id: of all messages and tenants of the batch.
    """
    await _insert(connection, "insert_contacts", changes.contacts)
    await _insert(connection, "insert_identities", changes.identities)
    await _update_tickets(connection, changes)
    await _insert(connection, "insert_tickets", await _numbered(connection, changes.tickets, ref_styles))
    for name, rows in _lists(changes):
        await _insert(connection, name, rows)
    await _insert_messages(connection, changes, originals)
    await _insert(connection, "insert_attachments", changes.attachments)
    await _merge_recipients(connection, changes)
    await _insert(connection, "insert_receipts", changes.receipts)
    await _insert_dead_letters(connection, changes, originals)
    await _settle(connection, changes, now)


def _lists(changes: Changes) -> tuple[tuple[str, Collection[Any]], ...]:
    """What needs no more than its statement."""
    return (
        ("insert_reply_tokens", changes.reply_tokens),
        ("insert_participants", changes.participants),
        ("upsert_conversations", list(changes.conversations.values())),
        ("insert_message_ids", changes.message_ids),
        ("insert_activities", changes.activities),
        ("insert_decisions", changes.decisions),
        ("insert_events", changes.events),
        ("upsert_consents", changes.consents),
    )


async def _insert(connection: Connection, name: str, rows: Collection[Any]) -> None:
    if rows:
        await connection.execute(query(name), rows)


async def _update_tickets(connection: Connection, changes: Changes) -> None:
    updates = list(changes.ticket_updates.values())
    if not updates:
        return
    done = await connection.execute(query("update_tickets"), updates)
    if done != f"UPDATE {len(updates)}":
        raise LostTicketError("A ticket to be changed is not its tenant's.")


async def _numbered(
    connection: Connection, tickets: Sequence[TicketRow], ref_styles: Mapping[str, RefStyle]
) -> list[TicketRow]:
    """The tickets with their references, out of their tenants' counters."""
    counts = Counter(ticket.tenant_id for ticket in tickets)
    if not counts:
        return []
    tenants = sorted(counts)
    rows = await connection.fetch(query("take_numbers"), tenants, [counts[one] for one in tenants])
    following = {row["tenant_id"]: row["last"] - counts[row["tenant_id"]] for row in rows}
    numbered = []
    for ticket in tickets:
        tenant = ticket.tenant_id
        following[tenant] += 1
        numbered.append(
            msgspec.structs.replace(ticket, ref=ref(following[tenant], ref_styles[tenant], tenant))
        )
    return numbered


async def _insert_messages(
    connection: Connection, changes: Changes, originals: Mapping[str, Original]
) -> None:
    """Messages together with their originals: neither is ever without the other (R20)."""
    if not changes.messages:
        return
    kept = [(row.id, originals[row.id]) for row in changes.messages if row.id in originals]
    await connection.execute(
        query("insert_messages"),
        changes.messages,
        [one for one, _ in kept],
        [original.raw for _, original in kept],
        [original.raw_blob for _, original in kept],
    )


async def _merge_recipients(connection: Connection, changes: Changes) -> None:
    merged = {
        (row.message_id, row.address): {"address": row.address, "field": row.field}
        for row in changes.recipients
    }
    if merged:
        ids = [message_id for message_id, _ in merged]
        await connection.execute(query("merge_recipients"), ids, list(merged.values()))


async def _insert_dead_letters(
    connection: Connection, changes: Changes, originals: Mapping[str, Original]
) -> None:
    if not changes.dead_letters:
        return
    ids = [row.message_id for row in changes.dead_letters]
    envelopes = [_bytes(originals[one].envelope) for one in ids]
    await connection.execute(
        query("upsert_dead_letters"), changes.dead_letters, code_version(), ids, envelopes
    )


def _bytes(envelope: Envelope | bytes) -> bytes:
    return envelope if isinstance(envelope, bytes) else encode(envelope)


async def _settle(connection: Connection, changes: Changes, now: datetime) -> None:
    """A replay that got through settles its dead letter, even where whoever asked for it was interrupted."""
    ids = [row.message_id for row in changes.receipts if row.generation > 0 and row.outcome != "dead"]
    if ids:
        await connection.execute(query("settle_replayed"), ids, now)
