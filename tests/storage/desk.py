"""Two tenants on a real database, and the way of a batch from messages to rows."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from channels.contract import Account
from channels.message import InboundMessage, MailFacts, Party, Recipient
from routing.context import PlanContext
from routing.facts import Tenant
from routing.tenancy import token_candidates
from routing.way import work_of
from routing.work import Makers, Origin
from storage.batch import record_or_split
from storage.claims import Item
from storage.database import Pool, connect_pool, connection
from storage.directory import Directories
from storage.envelope import Envelope
from storage.ids import new_id, new_token
from storage.record import Planner, Recorded, planner_of
from storage.tenants import add_tenant
from storage.threads import find_tokens

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)


@dataclass(slots=True, kw_only=True)
class Desk:
    """A database with two tenants, ACME and Globex, each with an SMS account, and shared mail."""

    url: str
    pool: Pool
    directories: Directories
    acme: Tenant
    globex: Tenant
    shared: Account
    accounts: dict[str, Account] = field(default_factory=dict)

    def sms_account(self, tenant: Tenant) -> Account:
        return self.accounts[tenant.id]

    async def item(  # a message as prepared by a worker
        self,
        message: InboundMessage,
        account: Account,
        *,
        at: datetime = NOON,
        raw: bytes = b"raw",
        **origin: Any,
    ) -> Item:
        known = origin.pop("id", None) or new_id()
        entry = origin.pop("entry", f"{next(_numbers)}-0")
        again = {name: origin[name] for name in ("generation", "released") if name in origin}
        where = Origin(id=known, account=account, received_at=at, entry=entry, **origin)
        tokens = await find_tokens(self.pool, token_candidates(message))
        envelope = Envelope(id=known, account=account, received_at=at, message=message, raw=raw, **again)
        return Item(work=work_of(where, message, self.directories.current(), tokens), envelope=envelope)

    def planner(self, now: datetime = NOON) -> Planner:
        makers = Makers(new_id=new_id, new_token=new_token, now=now)
        return planner_of(makers, PlanContext(directory=self.directories.current()))

    async def record(self, *items: Item, planner: Planner | None = None, now: datetime = NOON) -> Recorded:
        return await record_or_split(self.pool, items, planner or self.planner(now), now)

    async def say(self, message: InboundMessage, account: Account, **options: Any) -> Recorded:
        return await self.record(await self.item(message, account, **options))

    async def rows(self, sql: str, *args: Any) -> list[dict[str, Any]]:
        async with connection(self.pool) as conn:
            found: list[Any] = await conn.fetch(sql, *args)
        return [dict(row) for row in found]

    async def value(self, sql: str, *args: Any) -> Any:
        async with connection(self.pool) as conn:
            return await conn.fetchval(sql, *args)


@asynccontextmanager
async def open_desk(url: str, *, connections: int = 8) -> AsyncIterator[Desk]:
    pool = await connect_pool(url, max_size=connections)
    acme_id, globex_id = await add_tenant(pool, "acme"), await add_tenant(pool, "globex")
    accounts = [
        Account(id="acc_acme", provider="twilio", tenant=acme_id),
        Account(id="acc_globex", provider="twilio", tenant=globex_id),
        Account(id="acc_shared", provider="cloudflare-email"),
    ]
    async with connection(pool) as conn:
        for one in accounts:
            await conn.execute(
                "insert into accounts (id, provider, tenant_id) values ($1, $2, $3)",
                one.id,
                one.provider,
                one.tenant,
            )
    async with Directories(url, pool, mail_domains={"in.example.net"}) as directories:
        directory = directories.current()
        acme, globex = directory.tenant(acme_id), directory.tenant(globex_id)
        assert acme is not None
        assert globex is not None
        yield Desk(
            url=url,
            pool=pool,
            directories=directories,
            acme=acme,
            globex=globex,
            shared=accounts[2],
            accounts={acme_id: accounts[0], globex_id: accounts[1]},
        )
    await pool.close()


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Return once the condition holds; generous, since machines are busy."""
    async with asyncio.timeout(30):
        while not (answer if isinstance(answer := condition(), bool) else await answer):  # noqa: ASYNC110 - it is elsewhere
            await asyncio.sleep(0.01)


def sms(
    text: str = "Where is my parcel?", *, sender: str = "+4915112345678", number: str = ""
) -> InboundMessage:
    return InboundMessage(
        channel="sms",
        provider="twilio",
        provider_message_id=number or f"SM{next(_numbers)}",
        conversation=f"+15550001111|{sender}",
        sender=Party(address=sender),
        recipients=(Recipient(address="+15550001111"),),
        text=text,
        reply_text=text,
    )


def mail(
    text: str = "My invoice 42 is wrong.",
    *,
    to: Sequence[str] = ("support+acme@in.example.net",),
    sender: str = "ada@customer.test",
    subject: str = "Invoice",
    message_id: str = "",
    **facts: Any,
) -> InboundMessage:
    known = message_id or f"m{next(_numbers)}@customer.test"
    return InboundMessage(
        channel="email",
        provider="cloudflare-email",
        provider_message_id=known,
        sender=Party(name="Ada", address=sender),
        recipients=tuple(Recipient(address=one, field="envelope") for one in to),
        subject=subject,
        text=text,
        reply_text=text,
        mail=MailFacts(message_id=known, envelope_from=sender, digest=f"digest of {text}", **facts),
    )


def changed(message: InboundMessage, **fields: Any) -> InboundMessage:
    return msgspec.structs.replace(message, **fields)


def later(**delta: float) -> datetime:
    return NOON + timedelta(**delta)
