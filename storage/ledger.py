"""The accounting of P10: accepted = created + appended + duplicate + suppressed + dead + pending."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping

import msgspec

from storage.database import Connection, Pool, Record, transaction
from storage.inbox import Inbox
from storage.queries import query

OUTCOMES = ("created", "appended", "duplicate", "suppressed", "dead")
CHUNK = 10_000


class AccountFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one account. `missing` is what `accepted` has more than all else; 0: it balances."""

    account: str
    provider: str
    tenant: str | None
    accepted: int
    created: int
    appended: int
    duplicate: int
    suppressed: int
    dead: int
    pending: int
    missing: int


class TenantFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the messages that were routed to one tenant, by whatever account."""

    tenant: str
    created: int
    appended: int
    duplicate: int
    suppressed: int
    dead: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of everything, read at about one moment."""

    balanced: bool
    accounts: tuple[AccountFigures, ...]
    tenants: tuple[TenantFigures, ...]


async def reconcile(
    pool: Pool, inbox: Inbox, pause: Callable[[], Awaitable[None]], *, tries: int = 20
) -> Figures:
    """Read until it balances, or twice in a row shows the same fault: messages move while they are counted.

    `pause` is awaited between readings. Raises DatabaseError, or one of `storage.redis.Failure`.
    """
    figures = await read(pool, inbox)
    for _ in range(tries):
        if figures.balanced:
            break
        await pause()
        before, figures = figures, await read(pool, inbox)
        if figures == before:
            break
    return figures


async def read(pool: Pool, inbox: Inbox) -> Figures:
    """One reading. What is committed but not yet deleted from the inbox counts once: by its receipt."""
    accepted = await inbox.accepted()
    waiting = await inbox.pending_messages()
    async with transaction(pool, snapshot=True) as conn:
        worked = await _worked(conn, list(waiting))
        outcomes = await conn.fetch(query("outcomes"))
        accounts = {row["id"]: row for row in await conn.fetch(query("account_names"))}
        slugs = {row["id"]: row["slug"] for row in await conn.fetch(query("tenant_slugs"))}
    pending = Counter(account for message, account in waiting.items() if message not in worked)
    lines = _lines(accounts, accepted, pending, _sums("account", outcomes))
    return Figures(
        balanced=all(line.missing == 0 for line in lines),
        accounts=lines,
        tenants=_tenants(slugs, _sums("tenant", outcomes)),
    )


async def _worked(conn: Connection, messages: list[str]) -> set[str]:
    """Those that have a receipt: not deleted yet after the commit, or being replayed."""
    found: set[str] = set()
    for start in range(0, len(messages), CHUNK):
        rows = await conn.fetch(query("with_receipt"), messages[start : start + CHUNK])
        found |= {row["message_id"] for row in rows}
    return found


def _sums(column: str, rows: Iterable[Record]) -> dict[str, Counter[str]]:
    """Messages by account or tenant, and outcome."""
    sums: dict[str, Counter[str]] = {}
    for row in rows:
        if row[column] is not None:
            sums.setdefault(row[column], Counter())[row["outcome"]] += row["messages"]
    return sums


def _lines(
    accounts: Mapping[str, Record],
    accepted: Mapping[str, int],
    pending: Counter[str],
    sums: Mapping[str, Counter[str]],
) -> tuple[AccountFigures, ...]:
    return tuple(
        AccountFigures(
            account=name,
            provider=accounts[name]["provider"] if name in accounts else "",
            tenant=accounts[name]["tenant"] if name in accounts else None,
            accepted=accepted.get(name, 0),
            pending=pending[name],
            missing=accepted.get(name, 0) - pending[name] - sums.get(name, Counter()).total(),
            **_outcomes(sums.get(name, Counter())),
        )
        for name in sorted(accepted.keys() | pending.keys() | sums.keys())
    )


def _tenants(slugs: Mapping[str, str], sums: Mapping[str, Counter[str]]) -> tuple[TenantFigures, ...]:
    known = {slugs[tenant]: counts for tenant, counts in sums.items()}
    return tuple(TenantFigures(tenant=slug, **_outcomes(known[slug])) for slug in sorted(known))


def _outcomes(counts: Counter[str]) -> dict[str, int]:
    return {outcome: counts[outcome] for outcome in OUTCOMES}
