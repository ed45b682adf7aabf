"""Messages: one as it stands, and one that somebody reports."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from channels import clean
from channels.contract import Account
from channels.message import InboundMessage, Party
from channels.phone import e164
from routing.threading import REPORTED
from storage.accounts import find_account, internal_account
from storage.database import Transient
from storage.envelope import Envelope
from storage.ids import new_id
from storage.messages import FoundMessage, find_message
from storage.redis import Failure
from storage.shown import OneMessage
from worker.api.operations import Call, Done
from worker.api.problems import away, unknown
from worker.api.scope import one_tenant
from worker.shapes import Accepted, NewMessage, PendingMessage

PROVIDER = REPORTED
INLINE_RAW = 64 * 1024
"""Bytes up to which an original travels with its message; above, it goes to the blob store first."""
FIRST_YEAR, LAST_YEAR = 1970, 9998


async def show(call: Call) -> OneMessage | PendingMessage:
    """A message from the moment of its 2xx. Postgres first: what has an effect there is no longer pending."""
    message = call.path["id"]
    if call.key.remembered:
        return await _pending(call, message)
    try:
        found = await find_message(call.services.pool, message)
    except Transient:
        return await _pending(call, message)
    if found is None:
        pending = await _pending_or_none(call, message)
        if pending is not None:
            return pending
        found = await find_message(call.services.pool, message)  # it may have been worked in between
    if found is None or not _may_see(call, found):
        raise unknown("message")
    return PendingMessage(id=message) if found.replayed else found.message


def _may_see(call: Call, found: FoundMessage) -> bool:
    return call.key.tenant in (None, found.tenant_id)


async def _pending(call: Call, message: str) -> PendingMessage:
    """While Postgres is away. Raises Refused: what is not pending may well be there."""
    pending = await _pending_or_none(call, message)
    if pending is None:
        raise away()
    return pending


async def _pending_or_none(call: Call, message: str) -> PendingMessage | None:
    try:
        account = await call.services.pending_account(message)
    except Failure as error:
        raise away("The inbox cannot be reached. Try again later.") from error
    if account is None or not await _is_of_key(call, account):
        return None
    return PendingMessage(id=message)


async def _is_of_key(call: Call, account: str) -> bool:
    """A message of an account without a tenant is nobody's until it is routed."""
    own = call.key.tenant
    if own is None or account == account_id(own):
        return True
    try:
        found = await find_account(call.services.pool, account)
    except Transient:
        return False
    return found is not None and found.tenant == own


def account_id(tenant: str) -> str:
    """Id of the account that a tenant's reported messages belong to."""
    return f"{PROVIDER}_{tenant}"


class Reporter:
    """Takes in what callers report. Knows which tenants have their account: Postgres may be away (P6)."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    async def report(self, call: Call) -> Done:
        """Accept a reported message: the same way, the same promises as any other."""
        body: NewMessage = call.body
        tenant = await one_tenant(call, body.tenant)
        envelope = await _envelope(call, body, await self._account(call, tenant.id))
        await call.services.append([envelope])
        headers = {"Inlet-Messages": envelope.id, "Location": f"/api/messages/{envelope.id}"}
        return Done(body=Accepted(messages=[envelope.id]), headers=headers)

    async def _account(self, call: Call, tenant: str) -> Account:
        if tenant not in self._known:
            await internal_account(call.services.pool, PROVIDER, tenant)
            self._known.add(tenant)
        return Account(id=account_id(tenant), provider=PROVIDER, tenant=tenant)


async def _envelope(call: Call, body: NewMessage, account: Account) -> Envelope:
    message = new_id()
    raw = msgspec.json.encode(body)
    small = len(raw) <= INLINE_RAW
    return Envelope(
        id=message,
        account=account,
        received_at=datetime.now(UTC),
        message=_message(body, body.provider_message_id or message),
        raw=raw if small else None,
        raw_blob=None if small else await call.services.blobs.put(raw),
    )


def _message(body: NewMessage, provider_message_id: str) -> InboundMessage:
    text = clean.storable(body.text, clean.TEXT)
    return InboundMessage(
        channel=body.channel,
        provider=PROVIDER,
        provider_message_id=clean.key(provider_message_id),
        conversation=clean.key(body.conversation),
        sender=Party(name=clean.line(body.sender.name), address=address_of(body.sender.address)),
        subject=clean.line(body.subject),
        text=text,
        reply_text=text,
        sent_at=sensible(body.sent_at),
    )


def address_of(text: str) -> str:
    """One spelling for one address (R3): E.164 for a phone number, lower-case for an email address."""
    address = clean.line(text, clean.ADDRESS)
    if "@" in address:
        return address.lower()
    return e164(address) or address


def sensible(at: datetime | None) -> datetime | None:
    """A caller's time in UTC; None for one that no message was ever sent at."""
    return at.astimezone(UTC) if at is not None and FIRST_YEAR <= at.year <= LAST_YEAR else None
