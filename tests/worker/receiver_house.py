"""A receiver of a test's own, on real servers and a real port, and real providers' signatures."""

from __future__ import annotations

import base64
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from aiohttp import ClientResponse, ClientSession
from twilio.request_validator import RequestValidator

from channels import signing
from storage.accounts import add_account
from storage.database import Pool, connect_pool
from storage.entries import Entry
from storage.inbox import Inbox
from storage.redis import connect
from storage.sealing import Sealer
from storage.tenants import add_tenant
from worker.embedded.ports import free_port
from worker.receive import open_receiver, serving
from worker.settings import Settings, load

KEY = base64.urlsafe_b64encode(bytes(32)).decode()
MAIL = (
    b"From: Ada Berg <ada@example.org>\r\nTo: support+acme@in.example.com\r\nSubject: Order 1042\r\n"
    b"Message-ID: <1@mail.example.org>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nWhere is it?\r\n"
)
TOKEN = "0123456789abcdef0123456789abcdef"


@dataclass(slots=True, kw_only=True)
class House:
    """A running receiver, and what a test wants to know of it."""

    settings: Settings
    pool: Pool
    inbox: Inbox
    http: ClientSession

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    async def account(
        self,
        provider: str,
        secret: str,
        *,
        tenant: str | None = None,
        mode: Literal["enforce", "observe"] = "enforce",
        settings: Mapping[str, str] | None = None,
    ) -> str:
        sealer = Sealer([KEY])
        return await add_account(
            self.pool, sealer, provider, [secret], tenant=tenant, mode=mode, settings=settings
        )

    async def read(self) -> list[Entry]:
        return await self.inbox.read("test", 1000)

    async def post_mail(self, account: str, secret: str, body: bytes, **changed: str) -> ClientResponse:
        headers = {"Content-Type": "message/rfc822", **signing.sign(secret, "cf_1", datetime.now(UTC), body)}
        return await self.http.post(
            f"{self.url}/webhooks/cloudflare-email/{account}",
            data=BytesIO(body),
            headers={**headers, **changed},
        )

    async def post_sms(self, account: str, token: str, url: str = "", **fields: str) -> ClientResponse:
        url = url or f"{self.url}/webhooks/twilio/{account}"
        form = sms(**fields)
        signature = RequestValidator(token).compute_signature(url, form)
        return await self.http.post(
            f"{self.url}/webhooks/twilio/{account}", data=form, headers={"X-Twilio-Signature": signature}
        )


def mail(to: str = "support+acme@in.example.com", raw: bytes = MAIL) -> bytes:
    return b"Return-Path: <bounce+77@mail.example.org>\r\nDelivered-To: " + to.encode() + b"\r\n" + raw


def sms(**fields: str) -> dict[str, str]:
    basic = {
        "MessageSid": "SM" + secrets.token_hex(16),
        "AccountSid": "AC" + "0" * 32,
        "From": "+15005550100",
        "To": "+15005550199",
        "Body": "Where is my order?",
        "NumMedia": "0",
    }
    return {**basic, **fields}


def whsec() -> str:
    return signing.new_secret()


def stale(secret: str, body: bytes) -> dict[str, str]:
    return signing.sign(secret, "cf_1", datetime.now(UTC) - timedelta(minutes=6), body)


def environment(database: str, redis: str, data: Path, **more: str) -> dict[str, str]:
    return {
        "INLET_DATA": str(data),
        "INLET_DATABASE_URL": database,
        "INLET_REDIS_URL": redis,
        "INLET_SECRET_KEY": KEY,
        "INLET_PORT": str(free_port()),
        "INLET_MAIL_DOMAIN": "in.example.com",
        **more,
    }


@asynccontextmanager
async def house(database: str, redis: str, data: Path, **more: str) -> AsyncIterator[House]:
    """A receiver in this process; the tenant acme exists."""
    settings = load(environment(database, redis, data, **more))
    async with AsyncExitStack() as stack:
        pool = await connect_pool(database)
        stack.push_async_callback(pool.close)
        client: Any = connect(redis)
        stack.push_async_callback(client.aclose)
        await add_tenant(pool, "acme")
        http = await stack.enter_async_context(ClientSession())
        app = await stack.enter_async_context(open_receiver(settings))
        await stack.enter_async_context(serving(app, settings))
        yield House(settings=settings, pool=pool, inbox=Inbox(client), http=http)
