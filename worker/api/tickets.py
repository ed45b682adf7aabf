"""Tickets: listed, shown, changed, answered."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import msgspec
from msgspec import UNSET

from channels import clean
from channels.email.html import harmless
from routing import loop
from routing.by_hand import ByHandError, Wish
from routing.facts import Priority, Status, Tenant
from storage.cursors import BadCursorError
from storage.handling import Hand, patch_ticket
from storage.outgoing import Outgoing, add_outgoing
from storage.shown import Party, Ticket, TicketLine
from storage.tickets import Filter, find_ticket, list_tickets
from worker.api.messages import address_of, sensible
from worker.api.operations import Call, Paged
from worker.api.problems import Refused, unknown
from worker.api.scope import any_tenant, one_tenant
from worker.shapes import Category, Issued, NewTicketMessage, Page, TicketPatch, Type, Word


class TicketQuery(Paged, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`contact`: the contact's id, or its email address, phone number or user id at a provider."""

    status: Status | None = None
    priority: Priority | None = None
    category: Category | None = None
    type: Type | None = None
    channel: Word | None = None
    assignee: Word | None = None
    label: Word | None = None
    tag: Word | None = None
    contact: Word | None = None


async def index(call: Call) -> Page[TicketLine]:
    """A page of tickets, the newest first."""
    asked: TicketQuery = call.query
    conditions = {name: getattr(asked, name) for name in Filter.__struct_fields__ if name != "tenant"}
    wanted = Filter(tenant=await any_tenant(call, asked.tenant), **conditions)
    try:
        items, following = await list_tickets(
            call.services.pool,
            wanted,
            after=asked.after,
            limit=asked.limit,
            mail_domain=call.services.mail_domain,
        )
    except BadCursorError as error:
        raise Refused(400, str(error)) from None
    return Page(items=items, next=following)


async def show(call: Call) -> Ticket:
    """One ticket with everything."""
    return await _shown(call, await one_tenant(call, call.query.tenant))


async def patch(call: Call) -> Ticket:
    """Change a ticket; answers with the ticket as it is then."""
    tenant = await one_tenant(call, call.query.tenant)
    asked: TicketPatch = call.body
    hand, wish = _hand(call, tenant), _wish(asked)
    try:
        found = await patch_ticket(call.services.pool, hand, call.path["ref"], wish, into=asked.merged_into)
    except ByHandError as error:
        raise Refused(409, str(error)) from None
    if not found:
        raise unknown("ticket")
    return await _shown(call, tenant)


async def answer(call: Call) -> Issued:
    """Record an answer or a note."""
    tenant = await one_tenant(call, call.query.tenant)
    out = await asyncio.to_thread(_outgoing, call.body)  # a large page takes a third of a second to clean
    sent = await add_outgoing(
        call.services.pool,
        _hand(call, tenant),
        call.path["ref"],
        out,
        mail_domain=call.services.mail_domain,
    )
    if sent is None:
        raise unknown("ticket")
    return Issued(
        id=sent.id,
        reply_address=sent.reply_address,
        message_id=sent.message_id,
        headers=_marks(call, tenant) if sent.message_id else {},
    )


def _marks(call: Call, tenant: Tenant) -> dict[str, str]:
    """Header fields that say of a mail that this tenant sent it (P9); none where there is no secret key."""
    keys = call.services.loop_keys
    return {loop.HEADER: loop.loop_value(keys[0], tenant.id)} if keys else {}


async def _shown(call: Call, tenant: Tenant) -> Ticket:
    found = await find_ticket(
        call.services.pool, tenant=tenant.id, ref=call.path["ref"], mail_domain=call.services.mail_domain
    )
    if found is None:
        raise unknown("ticket")
    return found


def _hand(call: Call, tenant: Tenant) -> Hand:
    return Hand(tenant=tenant, actor=f"key:{call.key.id}", now=datetime.now(UTC))


def _wish(asked: TicketPatch) -> Wish:
    values = {name: getattr(asked, name) for name in asked.__struct_fields__ if name != "merged_into"}
    given = {name: value for name, value in values.items() if value is not UNSET}
    if "contact" in given:
        given["contact_id"] = given.pop("contact")
    if "labels" in given:
        given["labels"] = tuple(dict.fromkeys(clean.line(label) for label in given["labels"]))
    if given.get("assignee") is not None:
        given["assignee"] = clean.line(given["assignee"])
    return msgspec.convert(given, Wish)


def _outgoing(body: NewTicketMessage) -> Outgoing:
    return Outgoing(
        note=body.direction == "note",
        text=clean.storable(body.text, clean.TEXT),
        html=clean.storable(harmless(clean.storable(body.html, clean.TEXT)), 2 * clean.TEXT),
        subject=clean.line(body.subject),
        sender=Party(name=clean.line(body.sender.name), address=address_of(body.sender.address)),
        recipients=tuple(address_of(address) for address in body.recipients if address.strip()),
        sent_at=sensible(body.sent_at),
    )
