"""Messages and envelopes of the tests of this folder."""

from __future__ import annotations

from datetime import UTC, datetime

from channels.contract import Account
from channels.message import InboundMessage, Party
from storage.envelope import Envelope
from storage.ids import new_id

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def account(name: str = "acc_one", provider: str = "generic") -> Account:
    return Account(id=name, provider=provider)


def envelope(text: str = "Where is my order?", *, of: str = "acc_one", raw: bytes = b"{}") -> Envelope:
    message = InboundMessage(
        channel="chat",
        provider="generic",
        provider_message_id=text,
        conversation="c1",
        sender=Party(name="Ada Berg", address="ada@example.org"),
        text=text,
    )
    return Envelope(id=new_id(), account=account(of), received_at=NOON, message=message, raw=raw)


def envelopes(count: int, *, of: str = "acc_one") -> list[Envelope]:
    return [envelope(f"message {number}", of=of) for number in range(count)]
