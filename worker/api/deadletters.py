"""Dead letters: listed, shown, replayed, discarded. A key of a tenant sees those that were routed to it.

Spam lies among them: listed where `reason` asks for it, released by a replay.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from storage.cursors import BadCursorError, Place, read, write
from storage.deadletters import DeadLetterLine, NotReplayableError, discard, list_dead, replay, show_dead
from storage.shown import Id, Party
from worker.api.operations import Call, Paged
from worker.api.problems import Refused, unknown
from worker.api.scope import any_tenant
from worker.shapes import Page, PendingMessage, Word


class DeadQuery(Paged, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`reason`: only those that died of it, such as `unroutable`. Spam is listed with `spam` alone."""

    reason: Word | None = None


class DeadLine(Struct, frozen=True, kw_only=True):
    """A message that cannot become a ticket now, or that is held for spam (`reason` is `spam`)."""

    id: Id
    account: str
    tenant: str | None
    reason: str
    error: str
    attempts: int
    code_version: str
    at: datetime
    sender: Party
    subject: str


class Dead(DeadLine, frozen=True, kw_only=True):
    """With everything. `raw` is the original (base64) where it is small, else it is the blob `raw_blob`."""

    trace: str
    settled_at: datetime | None
    settled_as: Literal["replayed", "discarded"] | None
    raw: bytes | None
    raw_blob: str | None


class Discarded(Struct, frozen=True, kw_only=True):
    """It is given up for good, and counts as suppressed."""

    id: Id
    state: Literal["suppressed"] = "suppressed"


View = TypeVar("View", bound=DeadLine)


async def index(call: Call) -> Page[DeadLine]:
    """Open dead letters, the oldest first; spam where it is asked for."""
    asked: DeadQuery = call.query
    tenant = await any_tenant(call, asked.tenant)
    try:
        after = read(asked.after) if asked.after else None
    except BadCursorError as error:
        raise Refused(400, str(error)) from None
    found = await list_dead(
        call.services.pool, tenant=tenant, reason=asked.reason, after=after, limit=asked.limit + 1
    )
    page = found[: asked.limit]
    following = write(Place(page[-1].at, page[-1].id)) if len(found) > asked.limit else None
    return Page(items=[_view(one, DeadLine) for one in page], next=following)


async def show(call: Call) -> Dead:
    """One dead letter, settled or not."""
    found = await show_dead(call.services.pool, call.path["id"], tenant=call.key.tenant)
    if found is None:
        raise unknown("dead letter")
    return _view(found, Dead)


async def put_back(call: Call) -> PendingMessage:
    """Replay one: it goes through the inbox again. Spam is released by it."""
    message = call.path["id"]
    try:
        found = await replay(call.services.pool, message, call.services.append, tenant=call.key.tenant)
    except NotReplayableError as error:
        raise Refused(409, str(error)) from None
    if not found:
        raise unknown("dead letter")
    return PendingMessage(id=message)


async def give_up(call: Call) -> Discarded:
    """Discard one for good."""
    message = call.path["id"]
    if not await discard(call.services.pool, message, actor=f"key:{call.key.id}", tenant=call.key.tenant):
        raise unknown("dead letter")
    return Discarded(id=message)


def _view(found: DeadLetterLine, kind: type[View]) -> View:
    return msgspec.convert({name: getattr(found, name) for name in kind.__struct_fields__}, kind)
