"""The end of every message: its own row with its files, its decision, its receipt."""

from __future__ import annotations

from datetime import datetime

import msgspec

from routing.batch import Batch
from routing.case import Case
from routing.changes import DeadLetterRow, MessageRow, Outcome, RecipientUpdate
from routing.decisions import decision_row, of_case
from routing.facts import TicketFacts
from routing.rows import Direction, attachment_rows, message_row, receipt_row
from routing.tenancy import UNROUTABLE
from routing.work import Work

SPAM = "spam"
"""Reason of what was suppressed as unwanted, in its receipt and in its dead letter."""
_DELIVERED = frozenset({"envelope", "delivered_to", "x_original_to"})
"""Fields in which two copies of one mail differ: by which address each of them came."""


class Filing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a message of a tenant ends. `objections`: why it may not be answered automatically."""

    outcome: Outcome
    ticket: TicketFacts | None = None
    reason: str = ""
    direction: Direction = "inbound"
    objections: tuple[str, ...] = ()


def file(batch: Batch, case: Case, filing: Filing) -> None:
    """The row of a message of a tenant, with all that was decided on it."""
    work, ticket, at = case.work, filing.ticket, batch.makers.now
    inbound = filing.direction == "inbound"
    row = msgspec.structs.replace(
        message_row(work, case.message, case.flags),
        direction=filing.direction,
        ticket_id=ticket.id if ticket else None,
        contact_id=case.contact.id if case.contact and ticket and inbound else None,
        language=case.message.language or (case.triage.language if case.triage else ""),
    )
    _store(batch, work, row)
    decided = of_case(case, ticket, filing.objections)
    batch.changes.decisions.append(decision_row(work, filing.outcome, filing.reason, at, **decided))
    batch.changes.receipts.append(receipt_row(work, filing.outcome, filing.reason, at))


def suppress(batch: Batch, case: Case, reason: str) -> None:
    """Keep a message in sight, without ticket, contact or event."""
    file(batch, case, Filing(outcome="suppressed", reason=reason, objections=(reason,)))


def spam(batch: Batch, case: Case, why: str) -> None:
    """Suppress what is unwanted, and keep its envelope: whoever finds that it was wanted can release it."""
    suppress(batch, case, SPAM)
    batch.changes.dead_letters.append(_letter(case.work, SPAM, why, batch.makers.now))


def unroutable(batch: Batch, work: Work) -> None:
    """Nobody's message: a dead letter until somebody is (R11)."""
    at, reason = batch.makers.now, work.reason or UNROUTABLE
    _store(batch, work, message_row(work, work.message, work.message.flags))
    batch.changes.decisions.append(decision_row(work, "dead", reason, at))
    batch.changes.receipts.append(receipt_row(work, "dead", reason, at))
    batch.changes.dead_letters.append(_letter(work, reason, "No rule found a tenant.", at))


def duplicate(batch: Batch, work: Work, of: str) -> None:
    """A copy of a message that is here already: counted, and its recipients listed with the first one's."""
    at = batch.makers.now
    batch.changes.receipts.append(receipt_row(work, "duplicate", "", at, duplicate_of=of))
    batch.changes.decisions.append(decision_row(work, "duplicate", "", at, claim={"held_by": of}))
    batch.changes.recipients.extend(
        RecipientUpdate(message_id=of, address=one.address, field=one.field)
        for one in work.message.recipients
        if one.field in _DELIVERED
    )


def _letter(work: Work, reason: str, error: str, at: datetime) -> DeadLetterRow:
    return DeadLetterRow(
        message_id=work.origin.id,
        account_id=work.origin.account.id,
        tenant_id=work.tenant.id if work.tenant else None,
        reason=reason,
        error=error,
        attempts=work.origin.attempts,
        at=at,
    )


def _store(batch: Batch, work: Work, row: MessageRow) -> None:
    batch.changes.messages.append(row)
    batch.changes.attachments.extend(attachment_rows(work.origin.id, work.message.attachments))
