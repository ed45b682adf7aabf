"""Checks the set-up, and says in words what to fix. A check that fails hides no other."""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterator, Mapping
from typing import Literal

import msgspec

from storage.account_book import unreadable_accounts
from storage.blobs import BlobError, open_blobs
from storage.database import DatabaseError, Pool, connect_pool, server_of
from storage.directory import read_directory
from storage.health import (
    events_ahead,
    missing_migrations,
    postgres_health,
    redis_health,
    secret_health,
    unproven_domains,
)
from storage.inbox import Inbox
from storage.redis import Failure, connect
from storage.sealing import Sealer, SealError
from storage.spool import Spool
from worker.setting_table import SETTINGS
from worker.settings import Settings, unknown_names

OLDEST_POSTGRES = 140_000
OLDEST_REDIS = (6, 2)
FEWEST_LOCKS = 256
"""A batch may lock some hundred conversations, all in one transaction."""
LATE_SECONDS = 60.0


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, how it is, and what to do about it."""

    name: str
    state: Literal["ok", "warn", "fail"]
    says: str
    fix: str = ""


def ok(name: str, says: str) -> Check:
    """All is well."""
    return Check(name=name, state="ok", says=says)


def warn(name: str, says: str, fix: str) -> Check:
    """It works, but not as well as it could."""
    return Check(name=name, state="warn", says=says, fix=fix)


def fail(name: str, says: str, fix: str) -> Check:
    """It does not work, or loses messages."""
    return Check(name=name, state="fail", says=says, fix=fix)


async def examine(found: Settings, environ: Mapping[str, str]) -> AsyncIterator[Check]:
    """All checks, one after the other."""
    for check in of_settings(found, environ):
        yield check
    async for check in of_postgres(found):
        yield check
    async for check in of_redis(found):
        yield check
    yield await of_spool(found)
    yield await of_blobs(found)


def of_settings(found: Settings, environ: Mapping[str, str]) -> list[Check]:
    """Names that are none, and what is better set."""
    checks = [_misspelt(name) for name in unknown_names(environ)]
    if not found.mail_domains:
        checks.append(
            warn(
                "settings", "There is no shared mail domain.", "Set INLET_MAIL_DOMAIN to take in shared mail."
            )
        )
    if not found.public_url:
        checks.append(
            warn("settings", "The public address is not set.", "Behind a proxy, set INLET_PUBLIC_URL.")
        )
    return checks or [ok("settings", "Complete.")]


def _misspelt(name: str) -> Check:
    close = difflib.get_close_matches(name, [setting.name for setting in SETTINGS], 1)
    hint = f"Did you mean {close[0]}?" if close else "Remove it."
    return warn("settings", f"{name} is no setting.", hint)


async def of_postgres(found: Settings) -> AsyncIterator[Check]:
    """Whether it is there and set up, the schema fits, and the keys open what it keeps."""
    pool = await connect_pool(found.database_url, application="inlet doctor", max_size=1)
    try:
        for check in await _server(pool):
            yield check
        yield await _schema(pool)
        yield await _secrets(pool, found)
        yield await _domains(pool)
        yield await _readable(pool)
        yield await _outbox(pool)
    except DatabaseError as error:
        fix = "Is it running, and is INLET_DATABASE_URL right?"
        yield fail("postgres", f"Postgres at {server_of(found.database_url)}: {error}", fix)
    finally:
        pool.terminate()


async def _server(pool: Pool) -> list[Check]:
    health = await postgres_health(pool)
    checks = []
    if health.version < OLDEST_POSTGRES:
        checks.append(fail("postgres", f"Version {health.version_text} is too old.", "Use 14 or newer."))
    if health.encoding != "UTF8":
        checks.append(
            fail("postgres", f"Its encoding is {health.encoding}.", "Create the database with UTF8.")
        )
    if not (health.fsync and health.synchronous):
        checks.append(
            fail(
                "postgres", "A crash can lose what it has committed.", "Set fsync and synchronous_commit on."
            )
        )
    if health.locks < FEWEST_LOCKS:
        says = f"max_locks_per_transaction is {health.locks}: full batches may have to be split."
        checks.append(warn("postgres", says, f"Set it to {FEWEST_LOCKS} or more."))
    return checks or [ok("postgres", f"Version {health.version_text}.")]


async def _schema(pool: Pool) -> Check:
    missing = await missing_migrations(pool)
    if missing:
        return fail("schema", f"It lacks {', '.join(missing)}.", "Run `inlet migrate`.")
    return ok("schema", "Up to date.")


async def _secrets(pool: Pool, found: Settings) -> Check:
    try:
        health = await secret_health(pool, Sealer(found.secret_keys))
    except SealError as error:
        return fail("secrets", str(error), "Set INLET_SECRET_KEY, or restore secret.key in the data folder.")
    if health.closed:
        says = f"No key opens the secrets of {', '.join(health.closed)}: nothing they send is accepted."
        return fail("secrets", says, "Add the key that sealed them to INLET_SECRET_KEY.")
    if health.older:
        says = f"{health.older} of {health.opened} secrets are sealed with an older key."
        return warn("secrets", says, "Run `inlet account secret reseal` before you remove that key.")
    return ok("secrets", f"{health.opened} secrets open; nothing is sealed with an older key.")


async def _domains(pool: Pool) -> Check:
    waiting = await unproven_domains(pool)
    if waiting:
        return warn("domains", f"Not proven: {', '.join(waiting)}.", "Run `inlet domain check DOMAIN`.")
    return ok("domains", "All claimed domains are proven.")


async def _readable(pool: Pool) -> Check:
    fix = "Set it again with this version, or go back to the one that wrote it."
    closed = await unreadable_accounts(pool)
    if closed:
        says = f"This version cannot read {' '.join(closed)} Nothing they send is accepted."
        return fail("rows", says, fix)
    faults = (await read_directory(pool)).faults
    if faults:
        return warn("rows", f"This version cannot read {' '.join(faults)} The defaults hold.", fix)
    return ok("rows", "All that is set can be read.")


async def _outbox(pool: Pool) -> Check:
    ahead = await events_ahead(pool)
    if ahead:
        says = f"{ahead} events were restored from another server: nobody gets them, nor those that follow."
        return fail("outbox", says, "Run `inlet migrate`: readers go on with the cursors that they have.")
    return ok("outbox", "It goes on where it was.")


async def of_redis(found: Settings) -> AsyncIterator[Check]:
    """Whether it is there, and keeps what it is given."""
    redis = connect(found.redis_url)
    try:
        health = await redis_health(redis)
        if _version(health.version) < OLDEST_REDIS:
            yield fail("redis", f"Version {health.version} is too old.", "Use 6.2 or newer, or Valkey.")
        for name, value, wanted, bad in (
            ("appendonly", health.append_only, "yes", "A restart loses what was accepted."),
            ("appendfsync", health.append_fsync, "always", "A power cut loses what was just accepted."),
            ("maxmemory-policy", health.eviction, "noeviction", "It may throw accepted messages away."),
        ):
            if value is None:
                yield warn("redis", f"It does not tell its {name}.", f"See to it that it is {wanted}.")
            elif value != wanted:
                yield fail("redis", f"Its {name} is {value}. {bad}", f"Set {name} {wanted}.")
        yield await _inbox(Inbox(redis), health.version)
    except Failure as error:
        fix = "Is it running, and is INLET_REDIS_URL right?"
        yield fail("redis", f"Redis does not answer ({type(error).__name__}).", fix)
    finally:
        await redis.aclose()


async def _inbox(inbox: Inbox, version: str) -> Check:
    depth, age = await inbox.depth(), await inbox.oldest_age()
    if age > LATE_SECONDS:
        says = f"{depth} messages wait, the oldest for {age:.0f} s."
        return warn("inbox", says, "Does a worker run (`inlet work`)? Does it reach Postgres?")
    return ok("inbox", f"Redis {version}; {depth} messages wait.")


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())


async def of_spool(found: Settings) -> Check:
    """Whether it can take messages in while Redis is away."""
    if found.spool is None:
        says = "It is off: while Redis is away, providers are told to come again."
        return warn("spool", says, "Set INLET_SPOOL to a folder, unless the machine has no disk.")
    spool = Spool(found.spool, limit=found.spool_bytes)
    try:
        trouble = await spool.trouble()
    finally:
        await spool.close()
    if trouble:
        return fail("spool", trouble, f"See to it that {found.spool} can be written, and has room.")
    return ok("spool", f"{found.spool} can be written.")


async def of_blobs(found: Settings) -> Check:
    """Whether the blob store gives back what it is given."""
    try:
        blobs = open_blobs(found.blob_url)
        await blobs.get(await blobs.put(b"inlet doctor"))
    except (BlobError, ValueError, OSError) as error:
        return fail("blobs", f"It keeps nothing: {error}", "Is INLET_BLOB_URL right, and may we write there?")
    return ok("blobs", "It gives back what it is given.")
