"""The outbox, for other programs."""

from __future__ import annotations

from storage.cursors import BadCursorError
from storage.events import START, list_events
from storage.shown import Event
from worker.api.operations import Call, Paged
from worker.api.problems import Refused
from worker.api.scope import any_tenant
from worker.shapes import Page


async def index(call: Call) -> Page[Event]:
    """Events after a place, the oldest first. `next` is null only where there is nothing new."""
    asked: Paged = call.query
    tenant = await any_tenant(call, asked.tenant)
    try:
        items = await list_events(
            call.services.pool, tenant=tenant, after=asked.after or START, limit=asked.limit
        )
    except BadCursorError as error:
        raise Refused(400, str(error)) from None
    return Page(items=items, next=items[-1].cursor if items else None)
