"""A delivery to try, made from a file or a payload: what a provider would have sent, unsigned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from channels.contract import Account, Channel, Delivery
from channels.email.head import read_head
from channels.errors import Refusal
from channels.message import InboundMessage
from channels.registry import channels
from storage.accounts import find_account, list_accounts
from storage.database import Pool

NOBODY = "dry-run"
"""Id of the account that stands in where a shared channel has none, or several."""


class TrialError(ValueError):
    """The trial makes no sense. The text says why, and what would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A delivery to try. `sender` and `recipient`: the envelope of a mail; None: as the payload says."""

    account: Account
    payload: bytes
    sender: str | None = None
    recipient: str | None = None
    content_type: str = ""


async def account_for(
    pool: Pool, provider: str, account: str | None, *, tenant: str | None = None
) -> Account:
    """The one named, else the only one of the provider, else a stand-in for shared mail.

    `tenant`: id of the only tenant whose accounts may be used, and that the stand-in belongs to.
    Raises TrialError, DatabaseError.
    """
    channel = _channel(provider)
    if account is not None:
        return await _named(pool, provider, account, tenant)
    lines = await list_accounts(pool, tenant=tenant)
    own = [line.id for line in lines if line.provider == provider and line.disabled_at is None]
    if len(own) == 1:
        return await _named(pool, provider, own[0], tenant)
    if channel.shared:
        return Account(id=NOBODY, provider=provider, tenant=tenant)
    said = f"one of {', '.join(own)}" if own else "it has none yet"
    raise TrialError(f"{channel.title} needs an account, which says whose message it is: {said}.")


async def _named(pool: Pool, provider: str, account: str, tenant: str | None) -> Account:
    found = await find_account(pool, account)
    if found is None or tenant not in (None, found.tenant):
        raise TrialError(f"There is no account {account}.")
    if found.provider != provider:
        raise TrialError(f"The account {account} is one of {found.provider}, not of {provider}.")
    return found


def deliver(trial: Trial) -> tuple[Sequence[InboundMessage], bytes]:
    """The messages that the channel finds in the delivery, and their original. Raises TrialError."""
    channel = _channel(trial.account.provider)
    delivery = _delivery(channel, trial)
    try:
        return channel.parse(delivery, trial.account), channel.raw(delivery)
    except Refusal as refusal:
        raise TrialError(f"The payload would be refused with {refusal.status}: {refusal}") from refusal


def _channel(provider: str) -> Channel:
    channel = channels().get(provider)
    if channel is None:
        raise TrialError(f"There is no provider {provider}; there are {', '.join(channels())}.")
    return channel


def _delivery(channel: Channel, trial: Trial) -> Delivery:
    mail = "message/rfc822" in channel.content_types
    kind = trial.content_type or ("message/rfc822" if mail else _guess(trial.payload))
    return Delivery(
        method="POST",
        url="https://inlet.example.org/",
        headers=(("content-type", kind),),
        body=_enveloped(trial) if mail else trial.payload,
    )


def _guess(payload: bytes) -> str:
    json = payload.lstrip()[:1] in (b"{", b"[")
    return "application/json" if json else "application/x-www-form-urlencoded"


def _enveloped(trial: Trial) -> bytes:
    """The mail with the two envelope lines in front, as the Cloudflare Email Worker posts it."""
    if trial.sender is None and trial.recipient is None and trial.payload.startswith(b"Return-Path: <"):
        return trial.payload
    head = read_head(trial.payload)
    sender = head.sender.address if trial.sender is None else trial.sender
    recipient = trial.recipient or next((one.address for one in head.recipients), "")
    if not recipient:
        raise TrialError("The mail names no recipient: say whom it was sent to.")
    if any(sign in sender + recipient for sign in "\r\n\0"):
        raise TrialError("An address is one line.")
    return f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n".encode() + trial.payload
