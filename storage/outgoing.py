"""Records what goes out: an answer with ids that bring replies back to its ticket, or a note."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from routing.by_hand import Change, answered, noted
from routing.changes import Changes, MessageIdRow, MessageRow, ParticipantRow
from routing.identities import identity_of
from routing.tokens import reply_address
from storage.database import Pool, transaction
from storage.handling import Hand, find_id, lock, save
from storage.ids import new_id
from storage.queries import query
from storage.shown import Party
from storage.write import write

NO_DOMAIN = "inlet.invalid"
"""Right of the @ in a Message-ID where nobody has set a mail domain (RFC 2606): it is never delivered to."""


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent wrote. Without recipients an answer goes to the ticket's contact."""

    note: bool
    text: str
    html: str = ""
    subject: str = ""
    sender: Party = Party()
    recipients: tuple[str, ...] = ()
    sent_at: datetime | None = None


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded, and the ids to send it under. A note is never sent, and has no Message-ID."""

    id: str
    reply_address: str | None
    message_id: str | None


async def add_outgoing(
    pool: Pool, hand: Hand, ref: str, out: Outgoing, *, mail_domain: str | None
) -> Sent | None:
    """Record an answer or a note on a ticket of the hand's tenant; None: it has no such ticket.

    `mail_domain`: that of reply addresses; None: the tenant's own. Raises DatabaseError.
    """
    async with transaction(pool) as conn:
        ticket = await find_id(conn, hand, ref)
        if ticket is None:
            return None
        (before,) = await lock(conn, hand, [ticket])
        facts = dict(await conn.fetchrow(query("answer_facts"), ticket) or {})
        domain = mail_domain or facts["own_domain"]
        row = _message(hand, ticket, facts, out, domain)
        sent = Sent(
            id=row.id,
            reply_address=reply_address(facts["reply_token"], domain) if domain else None,
            message_id=row.provider_message_id or None,
        )
        await write(conn, _changes(hand, ticket, row), hand.now)
        after = noted(before, hand.now) if out.note else answered(before, hand.now)
        said = Change(kind="noted" if out.note else "answered", data={"message": row.id})
        await save(conn, hand, after, [said], f"ticket.{said.kind}")
    return sent


def _message(hand: Hand, ticket: str, facts: dict[str, Any], out: Outgoing, domain: str | None) -> MessageRow:
    to = () if out.note else out.recipients or tuple(facts["addresses"][:1])
    message = new_id()
    return MessageRow(
        id=message,
        tenant_id=hand.tenant.id,
        ticket_id=ticket,
        account_id=facts["account_id"],
        contact_id=None,
        channel=facts["channel"],
        provider=facts["provider"],
        provider_message_id="" if out.note else f"{message}@{domain or NO_DOMAIN}",
        direction="note" if out.note else "outbound",
        sender=msgspec.to_builtins(out.sender),
        recipients=tuple({"address": address, "field": "to"} for address in to),
        subject=out.subject or ("" if out.note else facts["subject"]),
        text=out.text,
        reply_text=out.text,
        html=out.html,
        language="",
        sent_at=out.sent_at or (None if out.note else hand.now),
        received_at=hand.now,
        flags=(),
        notes=(),
        extra={},
    )


def _changes(hand: Hand, ticket: str, row: MessageRow) -> Changes:
    """Whoever is written to takes part from then on; the issued Message-ID finds the ticket."""
    if row.direction == "note":
        return Changes(messages=[row])
    issued = MessageIdRow(
        tenant_id=hand.tenant.id, message_id=row.provider_message_id, ticket_id=ticket, issued=True
    )
    addresses = (one["address"] for one in row.recipients)
    return Changes(
        messages=[row],
        message_ids=[issued],
        participants=list(_participants(hand, ticket, row.provider, addresses)),
    )


def _participants(
    hand: Hand, ticket: str, provider: str, addresses: Iterable[str]
) -> Iterable[ParticipantRow]:
    for address in addresses:
        known = identity_of(provider, address)
        if known is not None:
            yield ParticipantRow(
                ticket_id=ticket, tenant_id=hand.tenant.id, kind=known.kind, value=known.value
            )
