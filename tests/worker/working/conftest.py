"""A worker's parts on real servers, and messages to put into its inbox."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from channels.contract import Account, Delivery
from channels.registry import channels
from routing.facts import Tenant
from storage.database import connection
from storage.envelope import Envelope
from storage.ids import new_id
from tests.storage.seeds import seed_tenant
from worker.settings import Settings, load
from worker.station import Station, open_station

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    return load(
        {
            "INLET_DATA": str(tmp_path),
            "INLET_DATABASE_URL": database_url,
            "INLET_REDIS_URL": redis_url,
            "INLET_SECRET_KEY": KEY,
            "INLET_MAIL_DOMAIN": "in.example.org",
            "INLET_READ_SECONDS": "20",
        }
    )


@dataclass(slots=True, kw_only=True)
class Bench:
    """A station with one tenant, and what a receiver would have put into its inbox."""

    station: Station
    tenant: Tenant

    async def accept(self, *envelopes: Envelope) -> list[str]:
        """Put the envelopes into the inbox; returns the messages' ids."""
        await self.station.inbox.append(envelopes)
        return [envelope.id for envelope in envelopes]

    def sms(self, text: str, sender: str = "+15005550100", sid: str = "") -> Envelope:
        """An SMS to the tenant, through the channel's own parse."""
        sid = sid or f"SM{new_id().replace('-', '')}"
        fields = {
            "MessageSid": sid,
            "From": sender,
            "To": "+15005550199",
            "Body": text,
            "SmsStatus": "received",
        }
        body = "&".join(
            f"{name}={value.replace('+', '%2B').replace(' ', '+')}" for name, value in fields.items()
        )
        account = Account(id=f"acc_{self.tenant.slug}", provider="twilio", tenant=self.tenant.id)
        return self._envelope(account, body.encode(), "application/x-www-form-urlencoded")

    def mail(self, raw: bytes, to: str = "") -> Envelope:
        """A mail to the shared route, as the Cloudflare Email Worker posts it."""
        to = to or f"support+{self.tenant.slug}@in.example.org"
        body = f"Return-Path: <ada@example.org>\r\nDelivered-To: {to}\r\n".encode() + raw
        account = Account(id="acc_mail", provider="cloudflare-email")
        return self._envelope(account, body, "message/rfc822")

    def _envelope(self, account: Account, body: bytes, kind: str) -> Envelope:
        channel = channels()[account.provider]
        delivery = Delivery(
            method="POST", url="https://x.example.org/", headers=(("content-type", kind),), body=body
        )
        (message,) = channel.parse(delivery, account)
        return Envelope(
            id=new_id(),
            account=account,
            received_at=datetime.now(UTC),
            message=message,
            raw=channel.raw(delivery),
        )

    async def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of Postgres."""
        async with connection(self.station.postgres) as acquired:
            return [dict(row) for row in await acquired.fetch(query, *values)]

    async def outcomes(self) -> dict[str, int]:
        """Receipts by outcome."""
        rows = await self.rows("select outcome, count(*) as n from receipts group by outcome")
        return {row["outcome"]: row["n"] for row in rows}


@pytest.fixture
async def bench(settings: Settings) -> AsyncIterator[Bench]:
    async with open_station(settings) as station:
        tenant = await seed_tenant(station.postgres, "acme")
        async with connection(station.postgres) as acquired:
            await acquired.execute(
                "insert into accounts (id, provider) values ('acc_mail', 'cloudflare-email')"
            )
        await station.directories.refresh()
        yield Bench(station=station, tenant=tenant)
