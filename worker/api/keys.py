"""Who calls: a bearer key, looked up afresh for each call, remembered for when Postgres is away."""

from __future__ import annotations

import time
from dataclasses import replace

from storage.database import Pool, Transient
from storage.keys import find_key
from worker.api.operations import Key
from worker.api.problems import Refused, away

REMEMBERED_SECONDS = 3600
"""How long a key that was good may be used while Postgres cannot be asked."""
MOST_REMEMBERED = 1000
_SCHEME = "bearer "


class KeyRing:
    """Checks keys. A revoked key ends with its next call, unless Postgres is away."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._seen: dict[str, tuple[Key, float]] = {}

    async def check(self, authorization: str | None) -> Key:
        """The key of an Authorization header. Raises Refused: 401, or 503 where nobody can tell."""
        if authorization is None or not authorization.lower().startswith(_SCHEME):
            raise _not_authorized("The call needs an Authorization header with a bearer key.")
        token = authorization[len(_SCHEME) :].strip()
        try:
            return await self._fresh(token)
        except Transient as error:
            key, until = self._seen.get(token, (None, 0.0))
            if key is None or time.monotonic() > until:
                raise away() from error
            return replace(key, remembered=True)

    async def _fresh(self, token: str) -> Key:
        found = await find_key(self._pool, token)
        self._seen.pop(token, None)
        if found is None:
            raise _not_authorized("The key is unknown or revoked.")
        key = Key(id=found.id, tenant=found.tenant)
        if len(self._seen) >= MOST_REMEMBERED:
            self._seen.pop(next(iter(self._seen)))
        self._seen[token] = (key, time.monotonic() + REMEMBERED_SECONDS)
        return key


def _not_authorized(detail: str) -> Refused:
    return Refused(401, detail, headers={"WWW-Authenticate": "Bearer"})
