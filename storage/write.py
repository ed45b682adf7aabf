"""Writes the changes of a batch: each list with one statement, all new rows in one round trip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from routing.changes import Changes, DeadLetterRow, MessageRow, TicketRow
from routing.refs import ref
from storage.database import Connection
from storage.envelope import Envelope, encode
from storage.queries import query, together

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
    await _update_tickets(connection, changes)
    changes.tickets = await _numbered(connection, changes.tickets, ref_styles)
    await _insert(connection, changes, originals)
    await _merge_recipients(connection, changes)
    await _settle(connection, changes, now)


_Step = tuple[str, tuple[Any, ...]]
"""A named statement and its arguments, of which the first is the list of rows."""


async def _insert(connection: Connection, changes: Changes, originals: Mapping[str, Original]) -> None:
    """All rows that are new, in one round trip: it is what a batch of one message spends its time on.

    Always the same statement, so that Postgres keeps one plan of it: an empty list costs next to nothing.
    """
    steps = _steps(changes, originals)
    if any(rows for _, (rows, *_) in steps):
        names = tuple(name for name, _ in steps)
        await connection.execute(together(names), *(one for _, args in steps for one in _sent(*args)))


def _sent(rows: Sequence[Any], *more: Any) -> tuple[Any, ...]:
    return rows or None, *more


def _steps(changes: Changes, originals: Mapping[str, Original]) -> tuple[_Step, ...]:
    return (
        ("insert_contacts", (changes.contacts,)),
        ("insert_identities", (changes.identities,)),
        ("insert_tickets", (changes.tickets,)),
        ("insert_reply_tokens", (changes.reply_tokens,)),
        ("insert_participants", (changes.participants,)),
        ("upsert_conversations", (list(changes.conversations.values()),)),
        ("insert_message_ids", (changes.message_ids,)),
        ("insert_messages", (changes.messages, *_kept(changes.messages, originals))),
        ("insert_attachments", (changes.attachments,)),
        ("insert_activities", (changes.activities,)),
        ("insert_decisions", (changes.decisions,)),
        ("insert_receipts", (changes.receipts,)),
        ("insert_events", (changes.events,)),
        ("upsert_consents", (changes.consents,)),
        ("upsert_dead_letters", (changes.dead_letters, *_envelopes(changes.dead_letters, originals))),
    )


def _kept(messages: Sequence[MessageRow], originals: Mapping[str, Original]) -> tuple[list[Any], ...]:
    """Ids, small originals, names of large ones: neither message nor original is without the other (R20)."""
    kept = [(row.id, originals[row.id]) for row in messages if row.id in originals]
    return [one for one, _ in kept], [one.raw for _, one in kept], [one.raw_blob for _, one in kept]


def _envelopes(letters: Sequence[DeadLetterRow], originals: Mapping[str, Original]) -> tuple[Any, ...]:
    ids = [row.message_id for row in letters]
    return code_version(), ids, [_bytes(originals[one].envelope) for one in ids]


def _bytes(envelope: Envelope | bytes) -> bytes:
    return envelope if isinstance(envelope, bytes) else encode(envelope)


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


async def _merge_recipients(connection: Connection, changes: Changes) -> None:
    merged = {
        (row.message_id, row.address): {"address": row.address, "field": row.field}
        for row in changes.recipients
    }
    if merged:
        ids = [message_id for message_id, _ in merged]
        await connection.execute(query("merge_recipients"), ids, list(merged.values()))


async def _settle(connection: Connection, changes: Changes, now: datetime) -> None:
    """A replay that got through settles its dead letter, even where whoever asked for it was interrupted."""
    laid = {row.message_id for row in changes.dead_letters}
    ids = [row.message_id for row in changes.receipts if row.generation > 0 and row.message_id not in laid]
    if ids:
        await connection.execute(query("settle_replayed"), ids, now)
