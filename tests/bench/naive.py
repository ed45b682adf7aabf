"""The naive form to compare with: one arq job and one transaction of single statements per message.

It is made as fast as that form can be: uvloop, MessagePack instead of pickle, a short poll delay, fifty
jobs at a time, one prepared statement per step, no results kept. It writes the same rows into the same
tables, and decides duplicates by the same constraint; it has no spool, no directory, no rules beyond three
words.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import sys
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import asyncpg
import msgspec
import uvloop
from aiohttp import web
from arq import create_pool
from arq.connections import ArqRedis, RedisSettings
from arq.worker import Worker

QUEUE = "naive"
ROWS = {
    "claim": "insert into claims values ($1, $2, $3) on conflict do nothing returning 1",
    "lock": "select pg_advisory_xact_lock(hashtextextended($1, 0))",
    "identity": "select contact_id from identities where tenant_id = $1 and kind = 'phone' and value = $2",
    "contact": "insert into contacts (id, tenant_id, created_at) values ($1, $2, $3)",
    "add identity": "insert into identities values ($1, 'phone', $2, $3)",
    "conversation": "select ticket_id from conversations "
    "where tenant_id = $1 and account_id = $2 and key = $3",
    "number": "insert into ticket_counters values ($1, 1) on conflict (tenant_id) do update "
    "set last = ticket_counters.last + 1 returning last",
    "ticket": "insert into tickets "
    "(id, tenant_id, ref, subject, status, priority, category, type, channel, provider, account_id, "
    "contact_id, reply_token, created_at, updated_at) values "
    "($1, $2, $3, $4, 'open', $5, $6, 'support_ticket', 'sms', 'twilio', $7, $8, $9, $10, $10)",
    "token": "insert into reply_tokens (token, tenant_id, ticket_id, created_at) values ($1, $2, $3, $4)",
    "participant": "insert into participants values ($1, $2, 'phone', $3)",
    "open": "insert into conversations values ($1, $2, $3, $4)",
    "update": "update tickets set status = 'open', updated_at = $2, customer_wrote_at = $2 where id = $1",
    "message": "insert into messages (id, tenant_id, ticket_id, account_id, contact_id, channel, provider, "
    "provider_message_id, direction, sender, recipients, text, reply_text, received_at, raw) values "
    "($1, $2, $3, $4, $5, 'sms', 'twilio', $6, 'inbound', $7, $8, $9, $9, $10, $11)",
    "activity": "insert into activities values ($1, $2, $3, $4, 'inlet', $5, '{}')",
    "decision": "insert into decisions values ($1, $2, $3, $4)",
    "receipt": "insert into receipts (message_id, account_id, tenant_id, outcome, entry, at) "
    "values ($1, $2, $3, $4, '', $5)",
    "event": "insert into events (id, tenant_id, name, ticket_id, message_id, may_answer, at) "
    "values ($1, $2, $3, $4, $5, true, $6)",
}


def redis_settings(url: str) -> RedisSettings:
    """What arq needs of a Redis URL."""
    return RedisSettings.from_dsn(url)


async def pool(redis_url: str) -> ArqRedis:
    """Pool of the queue, MessagePack on the wire."""
    return await create_pool(
        redis_settings(redis_url),
        default_queue_name=QUEUE,
        job_serializer=msgspec.msgpack.encode,
        job_deserializer=msgspec.msgpack.decode,
    )


def app(redis_url: str, token: str, url: str) -> web.Application:
    """The naive receiver: verify, one job per message, answer."""

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        fields = parse_qsl(body.decode(), keep_blank_values=True)
        signed = url + "".join(name + value for name, value in sorted(fields))
        expected = base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()
        if not hmac.compare_digest(expected, request.headers.get("X-Twilio-Signature", "")):
            return web.Response(status=401)
        await request.app["queue"].enqueue_job("file", dict(fields), body)
        return web.Response(text="<Response/>", content_type="text/xml")

    async def start(application: web.Application) -> None:
        application["queue"] = await pool(redis_url)

    application = web.Application()
    application.on_startup.append(start)
    application.router.add_post("/webhooks/twilio/{account}", receive)
    return application


async def file(context: dict[str, Any], fields: dict[str, str], raw: bytes) -> None:
    """File one message, statement by statement."""
    async with context["postgres"].acquire() as connection, connection.transaction():
        await Filing(connection, context["tenant"], context["account"]).file(fields, raw)


class Filing:
    """One message's transaction."""

    def __init__(self, connection: asyncpg.Connection, tenant: str, account: str) -> None:
        self.db, self.tenant, self.account, self.now = connection, tenant, account, datetime.now(UTC)

    async def run(self, name: str, *values: Any) -> Any:
        return await self.db.fetchval(ROWS[name], *values)

    async def file(self, fields: dict[str, str], raw: bytes) -> None:
        message, sender = str(uuid.uuid4()), fields["From"]
        key = hashlib.sha256(f"{self.account}|{fields['MessageSid']}".encode()).digest()
        if not await self.run("claim", key, message, self.now):
            return await self.run("receipt", message, self.account, self.tenant, "duplicate", self.now)
        await self.run("lock", sender)
        contact = await self.contact(sender)
        ticket = await self.run("conversation", self.tenant, self.account, sender)
        outcome = "appended" if ticket else "created"
        ticket = await self.append(ticket) if ticket else await self.create(fields, contact, sender)
        await self.run(
            "message", message, self.tenant, ticket, self.account, contact, fields["MessageSid"],
            {"address": sender}, [{"address": fields["To"]}], fields["Body"], self.now, raw,
        )  # fmt: skip
        await self.run("activity", str(uuid.uuid4()), self.tenant, ticket, self.now, outcome)
        await self.run("decision", message, self.tenant, {"rule": "account"}, self.now)
        await self.run("receipt", message, self.account, self.tenant, outcome, self.now)
        name = "ticket.created" if outcome == "created" else "ticket.replied"
        return await self.run("event", str(uuid.uuid4()), self.tenant, name, ticket, message, self.now)

    async def contact(self, sender: str) -> str:
        known = await self.run("identity", self.tenant, sender)
        if known:
            return str(known)
        contact = str(uuid.uuid4())
        await self.run("contact", contact, self.tenant, self.now)
        await self.run("add identity", self.tenant, sender, contact)
        return contact

    async def create(self, fields: dict[str, str], contact: str, sender: str) -> str:
        ticket, token, text = str(uuid.uuid4()), uuid.uuid4().hex, fields["Body"]
        priority = "high" if "urgent" in text.lower() else "normal"
        category = "order_status" if "order" in text.lower() else "general"
        ref = f"TKT-{await self.run('number', self.tenant):04d}"
        await self.run(
            "ticket",
            ticket,
            self.tenant,
            ref,
            text[:80],
            priority,
            category,
            self.account,
            contact,
            token,
            self.now,
        )
        await self.run("token", token, self.tenant, ticket, self.now)
        await self.run("participant", ticket, self.tenant, sender)
        await self.run("open", self.tenant, self.account, sender, ticket)
        return ticket

    async def append(self, ticket: str) -> str:
        await self.run("update", ticket, self.now)
        return str(ticket)


def worker(redis_url: str, postgres: asyncpg.Pool, tenant: str, account: str) -> Worker:
    """The naive worker: fifty jobs at a time."""
    return Worker(
        functions=[file],
        queue_name=QUEUE,
        redis_settings=redis_settings(redis_url),
        ctx={"postgres": postgres, "tenant": tenant, "account": account},
        max_jobs=50,
        poll_delay=0.01,
        keep_result=0,
        handle_signals=False,
        log_results=False,
        job_serializer=msgspec.msgpack.encode,
        job_deserializer=msgspec.msgpack.decode,
    )


async def receive(settings: Mapping[str, str]) -> None:
    """Run the naive receiver until killed."""
    runner = web.AppRunner(app(settings["redis"], settings["token"], settings["url"]), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(settings["port"])).start()
    await asyncio.Event().wait()


async def work(settings: Mapping[str, str]) -> None:
    """Run the naive worker until killed."""

    async def with_json(connection: asyncpg.Connection) -> None:
        await connection.set_type_codec(
            "jsonb", schema="pg_catalog", encoder=encoded, decoder=msgspec.json.decode, format="text"
        )

    async with asyncpg.create_pool(
        settings["postgres"], min_size=10, max_size=10, init=with_json
    ) as postgres:
        await worker(settings["redis"], postgres, settings["tenant"], settings["account"]).async_run()


def encoded(value: Any) -> str:
    """JSON of a value; what is JSON already stays."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


if __name__ == "__main__":
    uvloop.run({"receive": receive, "work": work}[sys.argv[1]](msgspec.json.decode(sys.argv[2])))
