"""From entries of the inbox to items that can be recorded: mails read, files stored, tenants found, triaged.

What fails for one message costs that message alone; trouble with a store fails the batch, to be tried again.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from channels.message import InboundMessage
from routing.facts import Directory, TokenFacts
from routing.tenancy import token_candidates
from routing.way import work_of
from routing.work import Origin, Work
from storage.blobs import BlobError, BlobMissingError
from storage.burial import burial_of, bury, describe
from storage.claims import Item
from storage.entries import Entry
from storage.envelope import Envelope
from storage.record import Recorded
from storage.threads import find_tokens
from worker.station import Station

ISOLATED_FROM = 2
"""An entry begun so often may have killed its worker: its mail is read in the reading process."""
HOPELESS_FROM = 5
"""An entry begun more often, the last times alone, kills its worker: it is a dead letter, unread."""


class Crashed(Exception):  # noqa: N818 - names what happened
    """It was begun again and again, and never finished: it may have killed its workers."""


PORTION_CHARACTERS = 16 * 1024 * 1024
"""What is read of a batch before it is written: large mails share no transaction with many others."""


@dataclass(slots=True, kw_only=True)
class Portion:
    """As much of a batch as is read, planned and written together."""

    entries: list[Entry] = field(default_factory=list)
    """All of it that is settled once `items` are recorded."""
    items: list[Item] = field(default_factory=list)
    recorded: Recorded = field(default_factory=Recorded)
    """What was given up on the way."""
    put_off: list[Entry] = field(default_factory=list)
    """Entries whose content cannot be had now: the others do not wait for them."""
    begun: float = field(default_factory=time.perf_counter)
    """By the clock that `Report` reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """An entry, with its message as read."""

    entry: Entry
    envelope: Envelope
    message: InboundMessage


async def portions(station: Station, entries: Sequence[Entry]) -> AsyncIterator[Portion]:
    """The entries as items, in their order, in portions of a bounded size. Raises DatabaseError."""
    portion, found, size = Portion(), list[Read](), 0
    for entry in entries:
        one = await read(station, entry, portion)
        if one is not None:
            found.append(one)
            size += weight(one)
        if size > PORTION_CHARACTERS:
            yield await routed(station, portion, found)
            portion, found, size = Portion(), [], 0
    if found or portion.entries or portion.put_off:
        yield await routed(station, portion, found)


def weight(one: Read) -> int:
    """About how many characters the message takes in a statement."""
    message = one.message
    return len(message.text) + len(message.reply_text) + len(message.html) + len(one.envelope.raw or b"")


async def routed(station: Station, portion: Portion, found: Sequence[Read]) -> Portion:
    """The portion with the items of what was read: tenants found, triaged."""
    tokens = await find_tokens(
        station.postgres, {token for one in found for token in token_candidates(one.message)}
    )
    directory = station.directories.current()
    works = [await work(station, one, directory, tokens, portion) for one in found]
    if any(one is not None and one.tenant is None for one in works):
        # A tenant or domain may be newer than what is cached: look once more before anything is unroutable.
        directory = await station.directories.refresh()
        works = [
            one if one is None or one.tenant else await work(station, source, directory, tokens, portion)
            for one, source in zip(works, found, strict=True)
        ]
    portion.items += [
        Item(work=one, envelope=source.envelope) for one, source in zip(works, found, strict=True) if one
    ]
    return portion


async def read(station: Station, entry: Entry, portion: Portion) -> Read | None:
    """The entry's message, complete. None where it cannot be read: then it has been buried, or put off."""
    portion.entries.append(entry)
    envelope = entry.envelope
    if envelope is None or entry.attempts > HOPELESS_FROM:
        await give_up(station, entry, hopeless(entry), portion)
        return None
    try:
        message = await complete(station, envelope, alone=entry.attempts >= ISOLATED_FROM)
    except Exception as error:  # noqa: BLE001 - one message's trouble, whatever it is, is its own (P5)
        if isinstance(error, BlobError) and not isinstance(error, BlobMissingError):
            portion.put_off.append(portion.entries.pop())
        else:
            await give_up(station, entry, error, portion)
        return None
    return Read(entry=entry, envelope=envelope, message=message)


async def complete(station: Station, envelope: Envelope, *, alone: bool) -> InboundMessage:
    """The message of an envelope; a mail is read and its files are stored first (R20)."""
    if envelope.message.mail is None:
        return envelope.message
    raw = envelope.raw
    if raw is None:
        raw = await station.blobs.get(envelope.raw_blob or "")
    reading = await station.reader.read(envelope.message, raw, alone=alone)
    for content in reading.files:
        await station.blobs.put(content)
    return reading.message


async def work(
    station: Station, one: Read, directory: Directory, tokens: dict[str, TokenFacts], portion: Portion
) -> Work | None:
    """The message with tenant, triage and claim. None where our own code failed: then it has been buried."""
    try:
        return work_of(origin(one), one.message, directory, tokens)
    except Exception as error:  # noqa: BLE001 - as above
        await give_up(station, one.entry, error, portion)
        return None


def origin(one: Read) -> Origin:
    """Where the message was accepted."""
    envelope = one.envelope
    return Origin(
        id=envelope.id,
        account=envelope.account,
        received_at=envelope.received_at,
        entry=one.entry.id,
        generation=envelope.generation,
        released=envelope.released,
        attempts=one.entry.attempts,
    )


def hopeless(entry: Entry) -> Exception:
    """Why the entry is not even begun."""
    if entry.envelope is None:
        return ValueError("The entry is no envelope.")
    return Crashed(f"It was begun {entry.attempts - 1} times, and never finished.")


async def give_up(station: Station, entry: Entry, error: Exception, portion: Portion) -> None:
    """Make the entry a dead letter that says why."""
    now = datetime.now(UTC)
    text, trace = describe(error)
    reason = "crashed" if isinstance(error, Crashed) else "failed"
    burial = burial_of(entry, now, reason=reason, error=text, trace=trace)
    portion.recorded.add(await bury(station.postgres, burial, now))
