"""The door: what happens to one delivery between its arrival and its answer.

Nothing is done for a delivery before it is verified, and it is answered with success only once its messages
are durable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

import msgspec

from channels.contract import Account, Answer, Channel, Delivery
from channels.errors import Refusal, Unavailable, Undeliverable
from channels.message import Flag, InboundMessage
from routing.facts import Directory
from routing.tenancy import certainly_unknown
from storage.account_book import OpenAccount
from storage.blobs import BlobError, Blobs
from storage.database import DatabaseError
from storage.envelope import Envelope
from worker.admission import Budgets
from worker.metrics import Metrics

INLINE_BYTES = 64 * 1024
"""Originals up to this size travel with the message, larger ones by reference."""
LARGE_BYTES = 512 * 1024
BLOB_SECONDS = 20.0
LOOKUP_SECONDS = 2.0
RETRY_AFTER = 10
Result = TypeVar("Result")


class Accounts(Protocol):
    """Who may deliver."""

    async def get(self, provider: str, account: str) -> OpenAccount:
        """The account with its live secrets. Raises NotFound, or Unavailable where nobody can tell."""


class DirectoryBook(Protocol):
    """The directory of tenants, as it is known and as it is."""

    def current(self) -> Directory:
        """As last read. Raises DatabaseError where it never was."""

    async def refresh(self) -> Directory:
        """As it is after this call. Raises DatabaseError."""


class Durable(Protocol):
    """Makes messages durable."""

    async def append(self, envelopes: Sequence[Envelope]) -> None:
        """Return once all of them are. Raises Unavailable where none is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a delivery: the answer, and the ids of the messages that were accepted."""

    answer: Answer
    ids: tuple[str, ...] = ()
    flagged: bool = False
    """It was accepted only because its account observes."""


class Door:
    """Takes deliveries in."""

    def __init__(  # noqa: PLR0913 - the parts of a process, by name
        self,
        *,
        directories: DirectoryBook,
        durable: Durable,
        blobs: Blobs,
        metrics: Metrics,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._directories = directories
        self._durable = durable
        self._blobs = blobs
        self._metrics = metrics
        self._budgets = Budgets()
        self._now = now
        self._new_id = new_id

    async def receive(self, channel: Channel, known: OpenAccount, delivery: Delivery) -> Receipt:
        """Take in one delivery. Raises Refusal: nothing of it is accepted then."""
        greeting = channel.handshake(delivery, known.secrets)
        if greeting is not None:
            return Receipt(answer=greeting)
        flags = await self._verify(channel, known, delivery)
        messages = await _beside(delivery, partial(channel.parse, delivery, known.account))
        await self._check_recipients(messages, known.account)
        self._budgets.spend(known.account, len(messages))
        envelopes = await self._envelopes(
            channel, known.account, delivery, [_with(m, flags) for m in messages]
        )
        await self._durable.append(envelopes)
        ids = tuple(envelope.id for envelope in envelopes)
        return Receipt(answer=channel.answer(ids), ids=ids, flagged=bool(flags))

    async def _verify(self, channel: Channel, known: OpenAccount, delivery: Delivery) -> frozenset[Flag]:
        """Flags for the messages. Raises Refusal, but for an account that only observes (P8, R17)."""
        provider, account = channel.provider, known.account.id
        try:
            prove = partial(channel.verify, delivery, known.secrets, self._now())
            verified = await _beside(delivery, prove)
        except Refusal:
            observes = known.account.mode == "observe"
            self._metrics.verified(provider, account, "observed" if observes else "refused")
            if not observes:
                raise
            return frozenset({Flag.UNVERIFIED})
        self._metrics.verified(provider, account, "passed", known.secret_ids[verified.secret])
        return frozenset()

    async def _check_recipients(self, messages: Sequence[InboundMessage], account: Account) -> None:
        """Raise Undeliverable where a fresh look also says that nobody of ours is meant. In doubt, accept."""
        mails = [message for message in messages if message.mail is not None]
        if not mails or len(mails) < len(messages):
            return
        try:
            if _is_for_nobody(mails, account, self._directories.current()):
                async with asyncio.timeout(LOOKUP_SECONDS):
                    fresh = await self._directories.refresh()
                if _is_for_nobody(mails, account, fresh):
                    raise Undeliverable
        except (DatabaseError, TimeoutError):
            return  # Postgres is away: the worker decides later

    async def _envelopes(
        self, channel: Channel, account: Account, delivery: Delivery, messages: Sequence[InboundMessage]
    ) -> list[Envelope]:
        if not messages:
            return []
        raw = channel.raw(delivery)
        # Every message of a delivery carries the original: together they may not be large either.
        inline = len(raw) * len(messages) <= INLINE_BYTES
        blob = None if inline else await self._put(raw)
        received_at = self._now()
        return [
            Envelope(
                id=self._new_id(),
                account=account,
                received_at=received_at,
                message=message,
                raw=raw if inline else None,
                raw_blob=blob,
            )
            for message in messages
        ]

    async def _put(self, raw: bytes) -> str:
        """Name of the blob, on the disk before any message points to it (R20). Raises Unavailable."""
        try:
            async with asyncio.timeout(BLOB_SECONDS):
                return await self._blobs.put(raw)
        except (BlobError, TimeoutError) as error:
            raise Unavailable("The original cannot be kept now.", retry_after=RETRY_AFTER) from error


async def _beside(delivery: Delivery, work: Callable[[], Result]) -> Result:
    """Do the work of a large delivery beside the others: hashing it takes longer than their answers may."""
    return await asyncio.to_thread(work) if len(delivery.body) > LARGE_BYTES else work()


def _with(message: InboundMessage, flags: frozenset[Flag]) -> InboundMessage:
    return msgspec.structs.replace(message, flags=message.flags | flags) if flags else message


def _is_for_nobody(mails: Sequence[InboundMessage], account: Account, directory: Directory) -> bool:
    return all(certainly_unknown(mail, account, directory) for mail in mails)
