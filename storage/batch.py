"""Records a batch so that a bad message costs itself alone (P5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from storage.burial import Burial, bury, describe
from storage.claims import Item
from storage.database import Exhausted, Pool, Transient, connection
from storage.record import Planner, Recorded, record


async def record_or_split(pool: Pool, items: Sequence[Item], planner: Planner, now: datetime) -> Recorded:
    """Record a batch; where its data or our own code fails, halve it until the culprit is alone: bury that.

    Raises Transient where the server is at fault: then everything is to be tried again later. What was
    committed before is known as a re-run then.
    """
    try:
        async with connection(pool) as acquired:
            return await record(acquired, items, planner, now)
    except Exhausted:
        if len(items) == 1:
            raise
    except Transient:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others
        if len(items) == 1:
            return await _bury(pool, items[0], error, now)
    middle = len(items) // 2
    recorded = await record_or_split(pool, items[:middle], planner, now)
    recorded.add(await record_or_split(pool, items[middle:], planner, now))
    return recorded


async def _bury(pool: Pool, item: Item, error: Exception, now: datetime) -> Recorded:
    work = item.work
    text, trace = describe(error)
    burial = Burial(
        id=item.id,
        account=work.origin.account.id,
        data=item.envelope,
        received_at=work.origin.received_at,
        message=work.message,
        entry=item.entry,
        generation=work.origin.generation,
        attempts=work.origin.attempts,
        tenant=work.tenant.id if work.tenant else None,
        claim=item.claim,
        reason="failed",
        error=text,
        trace=trace,
    )
    return await bury(pool, burial, now)
