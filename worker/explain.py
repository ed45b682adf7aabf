"""A dry run (P11): what would become of a delivery, and why. The real functions, and nothing written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from channels.contract import Account
from channels.message import Flag, InboundMessage
from routing.changes import Changes
from routing.context import PlanContext
from routing.rows import message_row
from routing.tenancy import token_candidates
from routing.way import work_of
from routing.work import Makers, Origin, Work
from storage.database import Connection, Pool, transaction
from storage.directory import Snapshot
from storage.ids import new_id, new_token
from storage.queries import query
from storage.record import plan_over, planner_of
from storage.shown import Party
from storage.threads import find_tokens
from worker.reading import Reader
from worker.shapes import Explained, StepView
from worker.trial import Trial, deliver


@dataclass(frozen=True, slots=True, kw_only=True)
class Explainer:
    """What a dry run needs to know."""

    pool: Pool
    directory: Snapshot
    reader: Reader
    authserv_ids: frozenset[str] = frozenset()
    loop_keys: tuple[bytes, ...] = ()

    async def explain(self, trial: Trial) -> list[Explained]:
        """What would become of each message of the delivery. Raises ExplainError, DatabaseError."""
        messages, raw = deliver(trial)
        read = [await self._read(message, raw) for message in messages]
        return [await self._explain(message, trial.account) for message in read]

    async def _read(self, message: InboundMessage, raw: bytes) -> InboundMessage:
        """A mail is read where it can be killed: a dry run is often tried on what did harm."""
        if message.mail is None:
            return message
        return (await self.reader.read(message, raw, alone=True)).message

    async def _explain(self, message: InboundMessage, account: Account) -> Explained:
        now = datetime.now(UTC)
        tokens = await find_tokens(self.pool, token_candidates(message))
        origin = Origin(id=new_id(), account=account, received_at=now)
        work = work_of(origin, message, self.directory, tokens)
        context = PlanContext(
            directory=self.directory, authserv_ids=self.authserv_ids, loop_keys=self.loop_keys
        )
        makers = Makers(new_id=new_id, new_token=new_token, now=now)
        planner = planner_of(makers, context)
        async with transaction(self.pool, snapshot=True) as conn:
            held = await conn.fetchrow(query("claim_owners"), [work.claim])
            copies = {origin.id: held["message_id"]} if held else {}
            changes = await plan_over(conn, [work], planner, now, duplicates=copies, lock=False)
            return await _explained(conn, work, changes)


async def _explained(conn: Connection, work: Work, changes: Changes) -> Explained:
    (receipt,) = changes.receipts
    (decision,) = changes.decisions
    ticket = await _ticket(conn, work, changes)
    copy = message_row(work, work.message, work.message.flags)  # of a duplicate nothing is stored
    message = next((row for row in changes.messages if row.id == work.origin.id), copy)
    triage = work.triage
    return Explained(
        state=receipt.outcome,
        tenant=work.tenant.slug if work.tenant else None,
        ticket=ticket if receipt.outcome == "appended" else None,
        reason=receipt.reason,
        duplicate_of=receipt.duplicate_of,
        subject=message.subject,
        sender=Party(**message.sender),
        reply_text=message.reply_text,
        category=triage.category if triage else None,
        priority=triage.priority if triage else None,
        type=triage.type if triage else None,
        tags=sorted({*work.tags, *(triage.tags if triage else ())}),
        language=message.language,
        flags=[Flag(flag) for flag in message.flags],
        notes=list(message.notes),
        steps=steps_of(decision.decision),
        decision=decision.decision,
    )


async def _ticket(conn: Connection, work: Work, changes: Changes) -> str | None:
    """Ref of the ticket that is there already, and that the message would join."""
    ids = [row.ticket_id for row in changes.messages if row.id == work.origin.id and row.ticket_id]
    if not ids or work.tenant is None:
        return None
    ref: str | None = await conn.fetchval(query("ref_of_ticket"), ids[0], work.tenant.id)
    return ref


def steps_of(decision: Mapping[str, Any]) -> list[StepView]:
    """Every rule that was asked, in the order of the parts: tenant, author, thread."""
    found: list[StepView] = []
    for part, said in decision.items():
        if isinstance(said, Mapping):
            found += [StepView(part=part, **step) for step in said.get("steps", ())]
    return found
