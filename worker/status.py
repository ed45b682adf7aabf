"""`/healthz`, `/readyz` and `/metrics`: how a receiver is, for machines and for people."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from storage.inbox import Inbox
from storage.spool import Spool
from worker.figures import Figures

PING_SECONDS = 1.0
KEEP_SECONDS = 1.0


@dataclass(slots=True, kw_only=True)
class Status:
    """What is looked at to tell how a receiver is."""

    inbox: Inbox
    spool: Spool | None
    figures: Figures
    registry: CollectorRegistry
    _wrong: dict[str, str] = field(default_factory=dict)
    _until: float = 0.0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def wrong(self) -> dict[str, str]:
        """In words what is wrong, by part; empty where all is well.

        Looked at once in a second at most: looking writes to the disk, and anybody may ask.
        """
        async with self._lock:
            if time.monotonic() >= self._until:
                found = {"redis": await self._redis_trouble(), "spool": await self._spool_trouble()}
                self._wrong = {part: words for part, words in found.items() if words}
                self._until = time.monotonic() + KEEP_SECONDS
            return self._wrong

    async def _redis_trouble(self) -> str:
        try:
            async with asyncio.timeout(PING_SECONDS):
                await self.inbox.ping()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is wrong
            return f"Redis does not answer ({type(error).__name__})."
        return ""

    async def _spool_trouble(self) -> str:
        return await self.spool.trouble() if self.spool else "The spool is switched off."


def add_status_routes(app: web.Application, status: Status) -> None:
    """Add the three routes."""

    async def healthz(_: web.Request) -> web.Response:
        """The process answers."""
        return _json({"alive": True})

    async def readyz(_: web.Request) -> web.Response:
        """Messages can be made durable, in Redis or in the spool."""
        wrong = await status.wrong()
        ready = not {"redis", "spool"} <= wrong.keys()
        return _json({"ready": ready, "wrong": wrong}, 200 if ready else 503)

    async def metrics(_: web.Request) -> web.Response:
        """Prometheus text. What cannot be read now is left out."""
        await status.figures.update()
        headers = {"Content-Type": CONTENT_TYPE_LATEST}
        return web.Response(body=generate_latest(status.registry), headers=headers)

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(value), content_type="application/json")
