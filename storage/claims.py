"""Which messages of a batch are new, which are copies, and which have had their effect already (P2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from routing.changes import Outcome
from routing.work import Work
from storage.database import Connection, Record
from storage.envelope import Envelope
from storage.queries import query


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A message ready to be recorded, with the envelope that it came in (its original is kept)."""

    work: Work
    envelope: Envelope

    @property
    def id(self) -> str:
        return self.work.origin.id

    @property
    def entry(self) -> str:
        return self.work.origin.entry

    @property
    def claim(self) -> bytes:
        return self.work.claim or self.id.encode()


@dataclass(slots=True, kw_only=True)
class Standing:
    """A batch, sorted by what is to be done about each message."""

    fresh: list[Item] = field(default_factory=list)
    copies: list[tuple[Item, str]] = field(default_factory=list)
    """With the id of the message that they are copies of."""
    reruns: dict[str, Outcome] = field(default_factory=dict)
    """Entries of messages that are on record already, by entry: no effect."""
    second_entries: list[str] = field(default_factory=list)
    """Those of them that are another entry of the inbox than the one that had the effect (a lost reply)."""


async def take_claims(connection: Connection, items: Sequence[Item], now: datetime) -> Standing:
    """Take the dedupe keys of a batch and say who may go on.

    Waits for concurrent twins: what is read afterwards is committed, and so is every receipt of an owner.
    """
    standing = Standing()
    alone = _without_second_entries(items, standing)
    await _insert(connection, alone, now)
    owners = await _owners(connection, alone)
    receipts = await _receipts(connection, [item.id for item in alone])
    for item in alone:
        _sort(standing, item, owners[item.claim], receipts.get((item.id, item.work.origin.generation)))
    return standing


def _without_second_entries(items: Sequence[Item], standing: Standing) -> list[Item]:
    """One entry for each message and generation; a second one in the same batch follows the first."""
    seen: set[tuple[str, int]] = set()
    alone = []
    for item in items:
        key = (item.id, item.work.origin.generation)
        if key in seen:
            standing.second_entries.append(item.entry)
        else:
            alone.append(item)
        seen.add(key)
    return alone


async def _insert(connection: Connection, items: Iterable[Item], now: datetime) -> None:
    # Sorting is stable: of two messages with one key, the earlier in the batch takes it.
    wanted = sorted(((item.claim, item.id) for item in items), key=lambda pair: pair[0])
    keys, ids = [key for key, _ in wanted], [one for _, one in wanted]
    await connection.execute(query("take_claims"), keys, ids, now)


async def _owners(connection: Connection, items: Iterable[Item]) -> dict[bytes, str]:
    rows = await connection.fetch(query("claim_owners"), [item.claim for item in items])
    return {row["key"]: row["message_id"] for row in rows}


async def _receipts(connection: Connection, ids: list[str]) -> dict[tuple[str, int], Record]:
    rows = await connection.fetch(query("receipts_of"), ids)
    return {(row["message_id"], row["generation"]): row for row in rows}


def _sort(standing: Standing, item: Item, owner: str, receipt: Record | None) -> None:
    if receipt is not None:
        standing.reruns[item.entry] = receipt["outcome"]
        if receipt["entry"] != item.entry:
            standing.second_entries.append(item.entry)
    elif owner != item.id:
        standing.copies.append((item, owner))
    else:
        standing.fresh.append(item)
