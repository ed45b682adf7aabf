"""Rows of one message, as they go to their tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from channels.message import Attachment, Flag, InboundMessage, Party, Recipient
from routing.case import Case
from routing.changes import (
    AttachmentRow,
    MessageRow,
    Outcome,
    ReceiptRow,
    TicketRow,
    TicketUpdate,
)
from routing.facts import TicketFacts
from routing.work import Work

Direction = Literal["inbound", "outbound", "note"]


def message_row(work: Work, message: InboundMessage, flags: frozenset[Flag]) -> MessageRow:
    """An inbound message on no ticket. `message` may be the work's own with its words sorted out."""
    return MessageRow(
        id=work.origin.id,
        tenant_id=work.tenant.id if work.tenant else None,
        ticket_id=None,
        account_id=work.origin.account.id,
        contact_id=None,
        channel=message.channel,
        provider=message.provider,
        provider_message_id=message.provider_message_id,
        direction="inbound",
        sender=_party(message.sender),
        recipients=tuple(_recipient(one) for one in message.recipients),
        subject=message.subject,
        text=message.text,
        reply_text=message.reply_text,
        html=message.html,
        language=message.language,
        sent_at=message.sent_at,
        received_at=work.origin.received_at,
        flags=tuple(sorted(flag.value for flag in flags)),
        notes=message.notes,
        extra=message.extra,
    )


def note_row(case: Case, note: str, agent: Party, note_id: str, ticket_id: str) -> MessageRow:
    """An agent's words in front of a mail that the agent forwarded."""
    row = message_row(case.work, case.message, frozenset())
    return msgspec.structs.replace(
        row,
        id=note_id,
        ticket_id=ticket_id,
        direction="note",
        provider_message_id="",
        sender=_party(agent),
        recipients=(),
        subject="",
        text=note,
        reply_text=note,
        html="",
        extra={},
        notes=(),
    )


def attachment_rows(message_id: str, attachments: Sequence[Attachment]) -> list[AttachmentRow]:
    """The files of a message, numbered from 0."""
    return [
        AttachmentRow(message_id=message_id, position=position, **msgspec.structs.asdict(one))
        for position, one in enumerate(attachments)
    ]


def receipt_row(
    work: Work, outcome: Outcome, reason: str, at: datetime, *, duplicate_of: str | None = None
) -> ReceiptRow:
    """The entry of a message in the ledger (P10)."""
    return ReceiptRow(
        message_id=work.origin.id,
        generation=work.origin.generation,
        account_id=work.origin.account.id,
        tenant_id=work.tenant.id if work.tenant else None,
        outcome=outcome,
        reason=reason,
        duplicate_of=duplicate_of,
        entry=work.origin.entry,
        at=at,
    )


def ticket_update(ticket: TicketFacts, *, first_responded_at: datetime | None = None) -> TicketUpdate:
    """The row of an existing ticket as it is now."""
    return TicketUpdate(
        id=ticket.id,
        tenant_id=ticket.tenant_id,
        subject=ticket.subject,
        status=ticket.status,
        priority=ticket.priority,
        category=ticket.category,
        type=ticket.type,
        contact_id=ticket.contact_id,
        tags=ticket.tags,
        evidence=ticket.evidence,
        agent_acted=ticket.agent_acted,
        first_response_due_at=ticket.first_response_due_at,
        resolution_due_at=ticket.resolution_due_at,
        first_responded_at=first_responded_at,
        bounced_at=ticket.bounced_at,
        customer_wrote_at=ticket.customer_wrote_at,
        updated_at=ticket.updated_at,
    )


def ticket_facts(row: TicketRow) -> TicketFacts:
    """What routing knows of a ticket that the batch has just made."""
    return TicketFacts(
        id=row.id,
        tenant_id=row.tenant_id,
        ref=row.ref,
        subject=row.subject,
        status="open",
        priority=row.priority,  # type: ignore[arg-type]
        category=row.category,
        type=row.type,
        channel=row.channel,
        contact_id=row.contact_id,
        tags=row.tags,
        merged_into=None,
        evidence=row.evidence,
        set_by_hand=frozenset(),
        agent_acted=False,
        created_at=row.created_at,
        customer_wrote_at=row.customer_wrote_at,
        updated_at=row.updated_at,
        first_response_due_at=row.first_response_due_at,
        resolution_due_at=row.resolution_due_at,
        bounced_at=None,
    )


def _party(party: Party) -> dict[str, str]:
    return {"name": party.name, "address": party.address}


def _recipient(recipient: Recipient) -> dict[str, str]:
    return {"address": recipient.address, "field": recipient.field}
