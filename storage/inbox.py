"""The inbox: the Redis stream that holds each accepted message until its effect is committed in Postgres.

One consumer group hands the entries out. Its delivery count is the number of attempts. Beside the stream
stand two hashes, changed in the same transaction as the stream: `inlet:pending` (message to account) and
`inlet:accepted` (account to count), from which the accounting of P10 is done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from redis.exceptions import ResponseError

from storage.entries import (
    ACCEPTED,
    FIELD,
    GROUP,
    PENDING,
    RETURNED,
    STREAM,
    Entry,
    Found,
    readable,
)
from storage.envelope import Envelope
from storage.frames import Frame, frame
from storage.holders import Holders

SCAN_COUNT = 2000

# A second copy of an accepted message was counted twice. Whoever deletes it takes that back, once.
_DELETE_AND_UNCOUNT = """
if redis.call('XDEL', KEYS[1], ARGV[1]) == 1 then redis.call('HINCRBY', KEYS[2], ARGV[2], -1) end
return 0
"""


class Inbox:
    """The inbox on one Redis. Every method raises one of `storage.redis.Failure` where Redis fails."""

    def __init__(
        self, redis: Any, *, beat_ms: int = 10_000, rest_ms: int = 1_000, idle_ms: int = 300_000
    ) -> None:
        """Times are in milliseconds.

        `beat_ms`: a consumer that has not beaten for so long is dead. `rest_ms`: what a dead one holds, or
        what was given back, rests so long before it is taken over. `idle_ms`: the same for a live one.
        """
        self._redis = redis
        self._holders = Holders(redis, beat_ms=beat_ms, rest_ms=rest_ms, idle_ms=idle_ms)

    async def ping(self) -> None:
        """Return if Redis answers."""
        await self._redis.ping()

    async def append(self, envelopes: Sequence[Envelope]) -> None:
        """Put the messages into the inbox and count them as accepted, all of them or none.

        A message that is replayed is not counted again.
        """
        await self.append_frames([frame(envelope) for envelope in envelopes])

    async def append_frames(self, frames: Sequence[Frame]) -> None:
        """The same for messages that are encoded already."""
        if not frames:
            return
        pipe = self._redis.pipeline(transaction=True)
        for one in frames:
            pipe.xadd(STREAM, {FIELD: one.data})
        for account, count in Counter(one.account for one in frames if one.counted).items():
            pipe.hincrby(ACCEPTED, account, count)
        pipe.hset(PENDING, mapping={one.id: one.account for one in frames})
        await pipe.execute()

    async def read(self, consumer: str, count: int) -> list[Entry]:
        """Up to `count` entries that nobody has begun, now this consumer's. It has to `beat` before.

        May be shorter than what was read: entries of a newer version are parked for a newer worker.
        """
        try:
            answer = await self._redis.xreadgroup(GROUP, consumer, {STREAM: ">"}, count=count)
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            await self._make_group()
            return await self.read(consumer, count)
        rows = [Found(id=key.decode(), fields=fields) for _, found in answer or () for key, fields in found]
        return await readable(self._redis, rows)

    async def done(self, entries: Sequence[Entry], *, second: Collection[str] = ()) -> None:
        """Delete entries whose effect is committed.

        `second`: ids of those that are a second copy of a message that was accepted once (a lost reply, then
        the spool): its second count is taken back.
        """
        if not entries:
            return
        pipe = self._redis.pipeline(transaction=True)
        ids = [entry.id for entry in entries]
        for entry in entries:
            envelope = entry.envelope
            if entry.id in second and envelope is not None and envelope.generation == 0:
                pipe.eval(_DELETE_AND_UNCOUNT, 2, STREAM, ACCEPTED, entry.id, envelope.account.id)
        pipe.xack(STREAM, GROUP, *ids)
        pipe.xdel(STREAM, *ids)
        messages = [entry.envelope.id for entry in entries if entry.envelope is not None]
        if messages:
            pipe.hdel(PENDING, *messages)
        await pipe.execute()

    async def give_back(self, entries: Iterable[Entry]) -> None:
        """Let the entries be begun again later, by whoever claims them. This attempt does not count."""
        by_attempts: dict[int, list[str]] = {}
        for entry in entries:
            by_attempts.setdefault(entry.attempts, []).append(entry.id)
        for attempts, ids in by_attempts.items():
            before = max(attempts - 1, 0)
            await self._redis.xclaim(STREAM, GROUP, RETURNED, 0, ids, retrycount=before, justid=True)

    async def claim_dead(self, consumer: str, count: int) -> list[Entry]:
        """Take over up to `count` entries that one other left; empty where nobody left any.

        These are: a dead consumer's, given back ones, parked ones of a version that we know by now, and those
        that a live consumer has not finished for very long. This counts as an attempt, so an entry that may
        have killed its worker comes alone.
        """
        for holder, rest in await self._holders.overdue():
            entries = await readable(self._redis, await self._holders.take(consumer, holder, rest, count))
            if entries:
                return entries
        return []

    async def claim_strays(self) -> int:
        """Give back what the group handed out and then forgot (a consumer deleted by hand). Says how many."""
        return await self._holders.claim_strays()

    async def beat(self, consumer: str) -> None:
        """Say that the consumer lives. To be called several times within `beat_ms`."""
        await self._holders.beat(consumer)

    async def leave(self, consumer: str) -> None:
        """Say that the consumer stops now: what it still holds may be taken over."""
        await self._holders.leave(consumer)

    async def depth(self) -> int:
        """How many messages wait or are being worked on."""
        return int(await self._redis.xlen(STREAM))

    async def oldest_age(self) -> float:
        """Seconds since the oldest entry came in, by the clock of Redis; 0 where there is none."""
        rows = await self._redis.xrange(STREAM, "-", "+", count=1)
        if not rows:
            return 0.0
        seconds, micros = await self._redis.time()
        milliseconds = int(rows[0][0].partition(b"-")[0])
        return max(0.0, float(seconds + micros / 1e6 - milliseconds / 1e3))

    async def accepted(self) -> dict[str, int]:
        """Messages accepted so far, by account."""
        rows = await self._redis.hgetall(ACCEPTED)
        return {account.decode(): int(count) for account, count in rows.items()}

    async def pending(self) -> dict[str, int]:
        """Messages that have had no effect yet, by account."""
        return dict(Counter((await self.pending_messages()).values()))

    async def pending_messages(self) -> dict[str, str]:
        """Messages that have had no effect yet, each with its account.

        Read in pieces, so that a deep inbox does not stop Redis; one may come twice: hence the dictionary.
        """
        rows = self._redis.hscan_iter(PENDING, count=SCAN_COUNT)
        return {message.decode(): account.decode() async for message, account in rows}

    async def account_of(self, message: str) -> str | None:
        """Account of a message that was accepted and has had no effect yet, or None."""
        account = await self._redis.hget(PENDING, message)
        return account.decode() if account else None

    async def _make_group(self) -> None:
        try:
            await self._redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise
