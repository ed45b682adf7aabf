"""Who holds entries of the inbox, who of them lives, and taking over what the others left."""

from __future__ import annotations

from typing import Any

from redis.exceptions import ResponseError

from storage.entries import ALONE_FROM, GROUP, STREAM, Found, is_too_new
from storage.strays import Strays

BEAT = "inlet:beat:"
"""Begins the key that a living consumer keeps alive."""

# Deleting a consumer drops what it holds: only one that holds nothing, and does not live, may go.
_FORGET = """
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
for _, found in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  if found[2] == ARGV[2] and found[4] == 0 then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
    return 1
  end
end
return 0
"""


class Holders:
    """The consumers of the inbox. Raises what Redis raises."""

    def __init__(self, redis: Any, *, beat_ms: int, rest_ms: int, idle_ms: int) -> None:
        self._redis = redis
        self._strays = Strays(redis)
        self._beat_ms = beat_ms
        self._rest_ms = rest_ms
        self._idle_ms = idle_ms

    async def beat(self, consumer: str) -> None:
        """Say that the consumer lives."""
        await self._redis.set(BEAT + consumer, b"1", px=self._beat_ms)

    async def leave(self, consumer: str) -> None:
        """Say that the consumer stops now: what it still holds may be taken over."""
        await self._redis.delete(BEAT + consumer)
        await self._forget(consumer)

    async def overdue(self) -> list[tuple[str, int]]:
        """Consumers whose entries may be taken over, and how many milliseconds these must have rested."""
        rows = await self._consumers()
        pending = {row["name"].decode(): row["pending"] for row in rows}
        names = [name for name in pending if not is_too_new(name)]
        pipe = self._redis.pipeline(transaction=False)
        for name in names:
            pipe.exists(BEAT + name)
        alive = dict(zip(names, await pipe.execute() if names else (), strict=True))
        for name in names:
            if not pending[name] and not alive[name]:
                await self._forget(name)
        return [(name, self._idle_ms if alive[name] else self._rest_ms) for name in names if pending[name]]

    async def take(self, consumer: str, holder: str, rest: int, count: int) -> list[Found]:
        """Make up to `count` entries of the holder, that rested for so long, the consumer's own.

        Those that may have killed their worker come one at a time: taking over counts as an attempt, and
        those behind a killer must not be counted for what it does.
        """
        rows = await self._redis.xpending_range(
            STREAM, GROUP, "-", "+", count=count, consumername=holder, idle=rest
        )
        attempts = _portion({row["message_id"]: row["times_delivered"] + 1 for row in rows})
        if not attempts:
            return []
        # The idle time is compared again: of two workers that take over at once, one gets the entry.
        claimed = await self._redis.xclaim(STREAM, GROUP, consumer, rest, list(attempts))
        found = {key: fields for key, fields in claimed if key is not None}
        await self._let_go([key for key in attempts if key not in found])
        return [
            Found(id=key.decode(), fields=fields, attempts=attempts[key]) for key, fields in found.items()
        ]

    async def claim_strays(self) -> int:
        """Give back entries that the group handed out and then forgot, and say how many.

        That happens where somebody deletes a consumer by hand: nobody would ever be handed its entries again.
        """
        return await self._strays.give_back()

    async def _consumers(self) -> list[dict[str, Any]]:
        try:
            return list(await self._redis.xinfo_consumers(STREAM, GROUP))
        except ResponseError:
            return []  # no stream or no group yet: the first read makes them

    async def _let_go(self, ids: list[bytes]) -> None:
        """Acknowledge those that were deleted from the stream by hand: there is nothing to hand out."""
        for key in ids:
            if not await self._redis.xrange(STREAM, key, key, count=1):
                await self._redis.xack(STREAM, GROUP, key)

    async def _forget(self, consumer: str) -> None:
        try:
            await self._redis.eval(_FORGET, 2, STREAM, BEAT + consumer, GROUP, consumer)
        except ResponseError as error:
            if "NOGROUP" not in str(error) and "no such key" not in str(error):
                raise


def _portion(attempts: dict[bytes, int]) -> dict[bytes, int]:
    """What is taken over together: all that is not suspicious, else one entry alone."""
    harmless = {key: count for key, count in attempts.items() if count < ALONE_FROM}
    return harmless or dict(list(attempts.items())[:1])
