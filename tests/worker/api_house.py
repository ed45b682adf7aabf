"""A receiver with its operator API on a real port, keys to call it with, and a way to work the inbox."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from routing.facts import Tenant
from storage.database import Pool
from storage.keys import add_key
from tests.storage.seeds import pool_of, seed_tenant
from worker.ingest import work
from worker.receive import LINE_BYTES, open_receiver
from worker.settings import Settings, load
from worker.station import open_station

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: Any
    body: bytes
    json: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """`root` sees all tenants, `acme_key` and `other_key` one each."""

    settings: Settings
    url: str
    pool: Pool
    acme: Tenant
    other: Tenant
    root: str
    acme_key: str
    other_key: str
    client: aiohttp.ClientSession

    async def call(
        self, method: str, path: str, json: Any = None, *, key: str | None = "", **more: Any
    ) -> Answer:
        """Call the API; `key` "" is that of acme, None sends none."""
        token = self.acme_key if key == "" else key
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        data = None
        if json is not None:
            headers["Content-Type"] = "application/json"
            data = io.BytesIO(msgspec.json.encode(json))
        headers |= more.pop("headers", {})
        url = f"{self.url}{path}"
        async with self.client.request(method, url, data=data, headers=headers, **more) as got:
            body = await got.read()
            parsed = await got.json(content_type=None) if body else None
            return Answer(status=got.status, headers=got.headers, body=body, json=parsed)

    async def work(self) -> None:
        """Give everything in the inbox its effect, as a worker does."""
        async with open_station(self.settings) as station:
            await station.inbox.beat(station.consumer)
            while entries := await station.inbox.read(station.consumer, 100):
                await work(station, entries)


def settings_of(database_url: str, redis_url: str, data: Path, **more: str) -> Settings:
    return load(
        {
            "INLET_DATA": str(data),
            "INLET_DATABASE_URL": database_url,
            "INLET_REDIS_URL": redis_url,
            "INLET_SECRET_KEY": KEY,
            "INLET_MAIL_DOMAIN": "in.example.org",
            **more,
        }
    )


@asynccontextmanager
async def serve(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, handle_signals=False, max_line_size=LINE_BYTES)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[House]:
    async with pool_of(settings.database_url) as pool:
        acme, other = await seed_tenant(pool, "acme"), await seed_tenant(pool, "other")
        keys = [await add_key(pool, tenant=one) for one in (None, acme.id, other.id)]
        async with (
            open_receiver(settings) as app,
            serve(app) as url,
            aiohttp.ClientSession() as client,
        ):
            yield House(
                settings=settings,
                url=url,
                pool=pool,
                acme=acme,
                other=other,
                root=keys[0],
                acme_key=keys[1],
                other_key=keys[2],
                client=client,
            )
