"""How a message that cannot become a ticket now is laid down, with all that is known of it (P5)."""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from channels import clean
from channels.message import InboundMessage
from routing.changes import (
    Changes,
    DeadLetterRow,
    DecisionRow,
    EventRow,
    MessageRow,
    ReceiptRow,
)
from storage.database import Connection, Pool, Transient, transaction
from storage.entries import Entry
from storage.envelope import Envelope
from storage.ids import new_id
from storage.queries import query
from storage.record import Recorded
from storage.write import Original, write

TRACE = 20_000
"""Characters of a trace that are kept, from its end: there stands what happened."""
_UNREADABLE = uuid.UUID("6a1c9a52-6f0e-4b6a-9d39-0f2f6f1f4c11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Burial:
    """A message to be laid down. `data` is what a replay starts from: the envelope, or what stood for one."""

    id: str
    account: str
    data: Envelope | bytes
    received_at: datetime
    message: InboundMessage | None = None
    entry: str
    generation: int = 0
    attempts: int
    tenant: str | None = None
    claim: bytes = b""
    reason: str
    """`failed`: our code or its data; `crashed`: it was begun too often; `unreadable`: no envelope."""
    error: str = ""
    trace: str = ""


def describe(error: BaseException) -> tuple[str, str]:
    """(error in a line, trace) of an exception, storable and bounded."""
    trace = "".join(traceback.format_exception(error))
    return clean.line(f"{type(error).__name__}: {error}"), clean.storable(trace[-TRACE:], TRACE)


def burial_of(entry: Entry, now: datetime, *, reason: str, error: str = "", trace: str = "") -> Burial:
    """How to lay down an entry as it stands in the inbox, whatever it is."""
    envelope = entry.envelope
    if envelope is None:
        return _unreadable(entry, now, error)
    return Burial(
        id=envelope.id,
        account=envelope.account.id,
        data=envelope,
        received_at=envelope.received_at,
        message=envelope.message,
        entry=entry.id,
        generation=envelope.generation,
        attempts=entry.attempts,
        tenant=envelope.account.tenant,
        reason=reason,
        error=error,
        trace=trace,
    )


class _Account(msgspec.Struct):
    id: str


class _Salvage(msgspec.Struct):
    id: str
    account: _Account


def _unreadable(entry: Entry, now: datetime, error: str) -> Burial:
    """Id and account where these at least can be read: then the accounts balance (P10)."""
    try:
        salvage = msgspec.msgpack.decode(entry.data, type=_Salvage)
        known, account = str(uuid.UUID(salvage.id)), clean.key(salvage.account.id)
    except (msgspec.DecodeError, ValueError, UnicodeError):
        known, account = str(uuid.uuid5(_UNREADABLE, entry.id)), "unknown"
    return Burial(
        id=known, account=account, data=entry.data, received_at=now, entry=entry.id, attempts=entry.attempts,
        reason="unreadable", error=error,
    )  # fmt: skip


async def bury(pool: Pool, burial: Burial, now: datetime) -> Recorded:
    """Lay a message down in a transaction of its own. What had its effect, or was laid down, stays as it is.

    Raises Transient only: where its fields cannot be stored even when cleaned, it is laid down without them.
    """
    try:
        return await _bury(pool, burial, now, _message)
    except Transient:
        raise
    except Exception:  # noqa: BLE001 - the original is what must be kept; its fields are derived
        return await _bury(pool, burial, now, _bare)


_Maker = Callable[[Burial, str | None, str | None], MessageRow]


async def _bury(pool: Pool, burial: Burial, now: datetime, make: _Maker) -> Recorded:
    async with transaction(pool) as connection:
        await connection.execute(query("take_claims"), [_claim(burial)], [burial.id], now)
        for row in await connection.fetch(query("receipts_of"), [burial.id]):
            if row["generation"] == burial.generation:
                return _rerun(burial, row["entry"])
        tenant, account = await _standing(connection, burial)
        changes = _changes(burial, make(burial, tenant, account), tenant, now)
        await write(connection, changes, now, originals={burial.id: _original(burial)})
    return Recorded(outcomes={burial.entry: "dead"}, errors={burial.entry: burial.error or burial.reason})


def _claim(burial: Burial) -> bytes:
    return burial.claim or burial.id.encode()


def _rerun(burial: Burial, entry: str) -> Recorded:
    second = [] if entry == burial.entry else [burial.entry]
    return Recorded(reruns=[burial.entry], second_entries=second)


async def _standing(connection: Connection, burial: Burial) -> tuple[str | None, str | None]:
    """Tenant and account, as far as they (still) exist: nothing may keep a dead letter from being stored."""
    row = await connection.fetchrow(query("existing"), burial.tenant, burial.account)
    return (None, None) if row is None else (row["tenant"], row["account"])


def _original(burial: Burial) -> Original:
    if isinstance(burial.data, bytes):
        return Original(raw=burial.data, raw_blob=None, envelope=burial.data)
    return Original(raw=burial.data.raw, raw_blob=burial.data.raw_blob, envelope=burial.data)


def _changes(burial: Burial, message: MessageRow, tenant: str | None, now: datetime) -> Changes:
    changes = Changes(messages=[message])
    changes.receipts.append(
        ReceiptRow(
            message_id=burial.id, generation=burial.generation, account_id=burial.account, tenant_id=tenant,
            outcome="dead", reason=burial.reason, entry=burial.entry, at=now,
        )
    )  # fmt: skip
    changes.dead_letters.append(
        DeadLetterRow(
            message_id=burial.id, account_id=burial.account, tenant_id=tenant, reason=burial.reason,
            error=burial.error, trace=burial.trace, attempts=burial.attempts, at=now,
        )
    )  # fmt: skip
    decision: dict[str, Any] = {"dead": {"reason": burial.reason, "error": burial.error}}
    changes.decisions.append(DecisionRow(message_id=burial.id, tenant_id=tenant, decision=decision, at=now))
    if tenant is not None:
        event = EventRow(id=new_id(), tenant_id=tenant, name="message.dead", message_id=burial.id, at=now)
        changes.events.append(event)
    return changes


def _bare(burial: Burial, tenant: str | None, account: str | None) -> MessageRow:
    """Only what we know ourselves."""
    return MessageRow(
        id=burial.id, tenant_id=tenant, ticket_id=None, account_id=account, contact_id=None,
        channel="", provider="", provider_message_id="", direction="inbound", sender={}, recipients=(),
        subject="", text="", reply_text="", html="", language="", sent_at=None,
        received_at=burial.received_at, flags=(),
        notes=("It could not be read; the original is kept.",), extra={},
    )  # fmt: skip


def _message(burial: Burial, tenant: str | None, account: str | None) -> MessageRow:
    """What the message says, as far as it was read, made storable once more."""
    bare, message = _bare(burial, tenant, account), burial.message
    if message is None:
        return bare
    recipients = tuple({"address": clean.line(r.address), "field": r.field} for r in message.recipients)
    return msgspec.structs.replace(
        bare,
        channel=clean.key(message.channel),
        provider=clean.key(message.provider),
        provider_message_id=clean.key(message.provider_message_id),
        sender={"name": clean.line(message.sender.name), "address": clean.line(message.sender.address)},
        recipients=recipients,
        subject=clean.line(message.subject),
        text=clean.storable(message.text, clean.TEXT),
        reply_text=clean.storable(message.reply_text, clean.TEXT),
        html=clean.storable(message.html, clean.TEXT),
        sent_at=message.sent_at,
        flags=tuple(sorted(message.flags)),
        notes=tuple(clean.line(note) for note in message.notes),
    )
