"""The demo's hands: deliveries signed as the Email Worker and Twilio sign them, and the operator API."""

from __future__ import annotations

import asyncio
import secrets
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from types import TracebackType
from typing import Any, Self

import aiohttp
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed
from twilio.request_validator import RequestValidator

from channels import signing
from worker.demo.accounts import DemoAccount, DemoAccounts, DemoError

OUR_NUMBER = "+12025550100"
_SETTLE_SECONDS = 60.0
_AWAY = (aiohttp.ClientConnectionError, TimeoutError)
_until_there = retry(
    retry=retry_if_exception_type(_AWAY), stop=stop_after_delay(30), wait=wait_fixed(0.5), reraise=True
)


class Post:
    """Sends deliveries over HTTP and waits for what becomes of them."""

    def __init__(self, *, url: str, public_url: str, key: str, accounts: DemoAccounts) -> None:
        self.accounts = accounts
        self._url = url
        self._public_url = public_url
        self._headers = {"Authorization": f"Bearer {key}"}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def mail(self, mail: EmailMessage, *, sender: str, to: str) -> dict[str, Any]:
        """Deliver a mail as the Email Worker does; the message once it is worked."""
        envelope = f"Return-Path: <{sender}>\r\nDelivered-To: {to}\r\n".encode()
        body = envelope + mail.as_bytes(policy=SMTP)
        account = self.accounts.mail
        headers = signing.sign(account.secret, f"msg_{secrets.token_hex(12)}", datetime.now(UTC), body)
        headers["Content-Type"] = "message/rfc822"
        return await self._deliver(_path(account), body, headers)

    async def text(self, sender: str, words: str, *, name: str = "", road: str = "") -> dict[str, Any]:
        """Deliver a text as Twilio does (`road` is `whatsapp:` or nothing); the message once it is worked."""
        sid = f"SM{secrets.token_hex(16)}"
        fields = {
            "MessageSid": sid,
            "From": road + sender,
            "To": road + OUR_NUMBER,
            "Body": words,
            "NumMedia": "0",
        }
        if name:
            fields["ProfileName"] = name
        account = self.accounts.text
        path = _path(account)
        signature = RequestValidator(account.secret).compute_signature(self._public_url + path, fields)
        return await self._deliver(path, aiohttp.FormData(fields), {"X-Twilio-Signature": signature})

    def address(self, account: DemoAccount) -> str:
        """Where deliveries to the account go now; the port may be another than when it was made."""
        return self._url + _path(account)

    async def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call the operator API: GET, or POST where there is a body. Raises DemoError."""
        method = "GET" if body is None else "POST"
        async with self._session.request(
            method, self._url + path, json=body, headers=self._headers
        ) as answer:
            if answer.status >= 300:
                raise DemoError(f"{path} answered {answer.status}: {await answer.text()}")
            found: dict[str, Any] = await answer.json()
            return found

    @retry(
        retry=retry_if_exception_type(_AWAY), stop=stop_after_delay(30), wait=wait_fixed(0.5), reraise=True
    )
    async def _deliver(self, path: str, body: Any, headers: dict[str, str]) -> dict[str, Any]:
        async with self._session.post(self._url + path, data=body, headers=headers) as answer:
            if answer.status >= 300:
                raise DemoError(f"{path} answered {answer.status}: {await answer.text()}")
            ids = answer.headers["Inlet-Messages"]
        return await self._settled(ids.split(",")[0].strip())

    async def _settled(self, message_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < deadline:
            message = await self.ask(f"/api/messages/{message_id}")
            if message["state"] != "pending":
                return message
            await asyncio.sleep(0.05)
        raise DemoError(f"no worker took the message {message_id} in {_SETTLE_SECONDS:.0f} seconds")


def _path(account: DemoAccount) -> str:
    return f"/webhooks/{account.provider}/{account.account}"
