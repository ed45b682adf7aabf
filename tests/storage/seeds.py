"""Tenants, tickets and messages as a worker leaves them, for tests of what is read and changed afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from routing.changes import (
    ActivityRow,
    AttachmentRow,
    Changes,
    ContactRow,
    DecisionRow,
    EventRow,
    IdentityRow,
    MessageRow,
    Outcome,
    ReceiptRow,
    TicketRow,
    TokenRow,
)
from routing.facts import Tenant
from storage.database import Pool, connect_pool, transaction
from storage.ids import new_id
from storage.write import write

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


@asynccontextmanager
async def pool_of(url: str) -> AsyncIterator[Pool]:
    pool = await connect_pool(url, max_size=8)
    try:
        yield pool
    finally:
        await pool.close()


async def seed_tenant(pool: Pool, slug: str) -> Tenant:
    tenant = Tenant(id=new_id(), slug=slug, name=slug.title())
    async with transaction(pool) as conn:
        await conn.execute(
            "insert into tenants (id, slug, name) values ($1, $2, $3)", tenant.id, slug, tenant.name
        )
        await conn.execute("insert into slugs (slug, tenant_id) values ($1, $2)", slug, tenant.id)
        await conn.execute(
            "insert into accounts (id, provider, tenant_id) values ($1, 'twilio', $2)",
            account_of(tenant),
            tenant.id,
        )
    return tenant


def account_of(tenant: Tenant) -> str:
    return f"acc_{tenant.slug}"


async def apply(pool: Pool, tenant: Tenant, changes: Changes, now: datetime = NOON) -> None:
    async with transaction(pool) as conn:
        await write(conn, changes, now, ref_styles={tenant.id: "sequence"})


async def seed_contact(pool: Pool, tenant: Tenant, address: str, kind: str = "email") -> str:
    contact = ContactRow(id=new_id(), tenant_id=tenant.id, name="Ada Berg", created_at=NOON)
    identity = IdentityRow(tenant_id=tenant.id, kind=kind, value=address, contact_id=contact.id)
    await apply(pool, tenant, Changes(contacts=[contact], identities=[identity]))
    return contact.id


def ticket_row(tenant: Tenant, **fields: Any) -> TicketRow:
    values: dict[str, Any] = {
        "id": new_id(),
        "tenant_id": tenant.id,
        "subject": "Where is my parcel?",
        "priority": "normal",
        "category": "shipping",
        "type": "support_ticket",
        "channel": "email",
        "provider": "cloudflare-email",
        "account_id": None,
        "contact_id": None,
        "reply_token": new_id().replace("-", "").translate(str.maketrans("0189", "wxyz")),
        "first_response_due_at": LATER,
        "resolution_due_at": LATER,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return TicketRow(**values | fields)


async def seed_ticket(pool: Pool, tenant: Tenant, **fields: Any) -> TicketRow:
    ticket = ticket_row(tenant, **fields)
    token = TokenRow(token=ticket.reply_token, tenant_id=tenant.id, ticket_id=ticket.id, created_at=NOON)
    said = ActivityRow(
        id=new_id(), tenant_id=tenant.id, ticket_id=ticket.id, at=NOON, actor="inlet", kind="created"
    )
    event = EventRow(
        id=new_id(), tenant_id=tenant.id, name="ticket.created", ticket_id=ticket.id, may_answer=True, at=NOON
    )
    changes = Changes(tickets=[ticket], reply_tokens=[token], activities=[said], events=[event])
    await apply(pool, tenant, changes)
    return ticket


def message_row(tenant: Tenant | None, ticket: TicketRow | None, **fields: Any) -> MessageRow:
    values: dict[str, Any] = {
        "id": new_id(),
        "tenant_id": tenant.id if tenant else None,
        "ticket_id": ticket.id if ticket else None,
        "account_id": account_of(tenant) if tenant else None,
        "contact_id": None,
        "channel": "email",
        "provider": "cloudflare-email",
        "provider_message_id": "m1@example.org",
        "direction": "inbound",
        "sender": {"name": "Ada Berg", "address": "ada@example.org"},
        "recipients": ({"address": "support+acme@in.example.org", "field": "envelope"},),
        "subject": "Where is my parcel?",
        "text": "Where is it?\n> old",
        "reply_text": "Where is it?",
        "html": "<p>Where is it?</p>",
        "language": "en",
        "sent_at": None,
        "received_at": NOON,
        "flags": ("list",),
        "notes": (),
        "extra": {},
    }
    return MessageRow(**values | fields)


def receipt_row(
    account: str, message: str, tenant: Tenant | None, outcome: Outcome, **fields: Any
) -> ReceiptRow:
    values: dict[str, Any] = {"generation": 0, "entry": f"1-{message}", "at": NOON}
    return ReceiptRow(
        message_id=message,
        account_id=account,
        tenant_id=tenant.id if tenant else None,
        outcome=outcome,
        **values | fields,
    )


async def seed_message(
    pool: Pool, tenant: Tenant, ticket: TicketRow | None, outcome: Outcome = "created", **fields: Any
) -> MessageRow:
    row = message_row(tenant, ticket, **fields)
    file = AttachmentRow(
        message_id=row.id, position=0, filename="label.pdf", content_type="application/pdf", size=3,
        sha256="ab" * 32, inline=False, content_id="", state="stored", url="",
    )  # fmt: skip
    decision = DecisionRow(message_id=row.id, tenant_id=tenant.id, decision={"tenant": []}, at=NOON)
    receipt = receipt_row(account_of(tenant), row.id, tenant, outcome)
    changes = Changes(messages=[row], attachments=[file], decisions=[decision], receipts=[receipt])
    await apply(pool, tenant, changes)
    return row
