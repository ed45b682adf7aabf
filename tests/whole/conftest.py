"""A whole Inlet: `inlet up` as a process of its own, two tenants, and providers that sign what they post."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from tests.running import PATIENCE, Up
from worker.embedded import processes
from worker.embedded.ports import free_port

NUMBER = "+15005550199"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    id: str
    url: str
    secret: str


@dataclass(slots=True, kw_only=True)
class Whole:
    """A running Inlet and the accounts that providers call."""

    up: Up
    mail: Account
    sms: dict[str, Account] = field(default_factory=dict)

    @classmethod
    def build(cls, up: Up) -> Whole:
        """Two tenants, each with a domain and a number, and one shared mail route."""
        for slug in ("acme", "globex"):
            said(up, "tenant", "add", slug, "--domain", f"{slug}.test")
        whole = cls(up=up, mail=account(up, "cloudflare-email"))
        for slug in ("acme", "globex"):
            token = secrets.token_hex(16)
            whole.sms[slug] = account(up, "twilio", "--tenant", slug, "--secret", token)
        return whole

    def signed_sms(
        self, sender: str, text: str, sid: str, to: str = "acme"
    ) -> tuple[str, bytes, dict[str, str]]:
        """A request as Twilio makes it."""
        one = self.sms[to]
        fields = {
            "MessageSid": sid,
            "AccountSid": "AC" + "0" * 32,
            "From": sender,
            "To": NUMBER,
            "Body": text,
            "NumMedia": "0",
            "SmsStatus": "received",
        }
        signed = one.url + "".join(name + fields[name] for name in sorted(fields))
        digest = hmac.new(one.secret.encode(), signed.encode(), hashlib.sha1).digest()
        headers = {
            "X-Twilio-Signature": base64.b64encode(digest).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return one.url, urlencode(fields).encode(), headers

    def signed_mail(self, raw: bytes, sender: str, to: str) -> tuple[str, bytes, dict[str, str]]:
        """A request as the Cloudflare Email Worker makes it."""
        body = f"Return-Path: <{sender}>\r\nDelivered-To: {to}\r\n".encode() + raw
        known, stamp = "cf_" + secrets.token_hex(8), str(int(time.time()))
        key = base64.b64decode(self.mail.secret.removeprefix("whsec_"))
        digest = hmac.new(key, f"{known}.{stamp}.".encode() + body, hashlib.sha256).digest()
        headers = {
            "content-type": "message/rfc822",
            "webhook-id": known,
            "webhook-timestamp": stamp,
            "webhook-signature": "v1," + base64.b64encode(digest).decode(),
        }
        return self.mail.url, body, headers


def said(up: Up, *words: str) -> dict[str, Any]:
    """What a command answers as JSON."""
    done = up.inlet(*words, "--json")
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def account(up: Up, provider: str, *words: str) -> Account:
    made = said(up, "account", "add", provider, *words)
    return Account(id=made["account"], url=made["url"], secret=made["secret"])


@dataclass(slots=True, kw_only=True)
class Caller:
    """Posts signed requests, and asks the operator API."""

    whole: Whole
    http: aiohttp.ClientSession

    async def post(self, request: tuple[str, bytes, dict[str, str]]) -> tuple[int, list[str]]:
        """Status and ids of the messages."""
        url, body, headers = request
        async with self.http.post(url, data=body, headers=headers) as answer:
            return answer.status, answer.headers.get("Inlet-Messages", "").replace(",", " ").split()

    async def deliver(self, request: tuple[str, bytes, dict[str, str]]) -> str:
        """Post until it is accepted, as a provider does; the message's id."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    status, ids = await self.post(request)
                except (aiohttp.ClientError, TimeoutError):
                    status, ids = 0, []
                if 200 <= status < 300:
                    return ids[0]
                assert status in (0, 500, 503), status
                await asyncio.sleep(0.1)

    async def sms(
        self, text: str, sender: str = "+15005550100", sid: str = "", to: str = "acme"
    ) -> dict[str, Any]:
        """Deliver an SMS; the settled message."""
        sid = sid or "SM" + secrets.token_hex(16)
        return await self.settled(await self.deliver(self.whole.signed_sms(sender, text, sid, to)))

    async def mail(self, raw: bytes, to: str, sender: str = "ada@example.org") -> dict[str, Any]:
        """Deliver a mail; the settled message."""
        return await self.settled(await self.deliver(self.whole.signed_mail(raw, sender, to)))

    async def settled(self, message: str) -> dict[str, Any]:
        """The message, as soon as it is no longer pending."""
        async with asyncio.timeout(PATIENCE):
            while True:
                status, found = await self.ask(f"/api/messages/{message}")
                if status == 200 and found["state"] != "pending":
                    return found
                await asyncio.sleep(0.02)

    async def ask(self, path: str) -> tuple[int, dict[str, Any]]:
        """What the operator API answers."""
        key = (self.whole.up.data / "operator.key").read_text().strip()
        try:
            async with self.http.get(
                self.whole.up.url + path, headers={"Authorization": f"Bearer {key}"}
            ) as answer:
                return answer.status, await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError):
            return 0, {}

    async def ticket(self, ref: str, tenant: str = "acme") -> dict[str, Any]:
        status, found = await self.ask(f"/api/tickets/{ref}?tenant={tenant}")
        assert status == 200, found
        return found


@pytest.fixture(scope="module")
def whole(open_folder: Path) -> Iterator[Whole]:
    """A running Inlet of this module's tests."""
    home = open_folder / f"whole{time.monotonic_ns()}"
    home.mkdir()
    home.chmod(0o755)
    up = Up(data=home / "data", port=free_port()).run("--workers", "2")
    yield Whole.build(up)
    up.stop()
    assert not up.parts(), "nothing is left running"
    shutil.rmtree(home)


@pytest.fixture
async def caller(whole: Whole) -> AsyncIterator[Caller]:
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=64)) as http:
        yield Caller(whole=whole, http=http)


def kill(up: Up, part: str) -> None:
    """SIGKILL a part with all its processes, and wait until it is gone."""
    pid = up.parts().get(part)
    if pid is not None:
        processes.kill_group(pid)
        assert processes.gone(pid, PATIENCE)
