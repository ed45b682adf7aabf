"""The accounting: whether everything that was accepted is somewhere."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from worker.cli.base import OK, PROBLEM, Failure, Json, postgres, print_json, print_table, say, settings, wait

if TYPE_CHECKING:
    from storage.ledger import Figures
    from worker.settings import Settings

PAUSE_SECONDS = 0.25
COLUMNS = ("accepted", "created", "appended", "duplicate", "suppressed", "dead", "pending", "missing")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(reconcile)


def reconcile(as_json: Json = False) -> None:
    """Check accepted = created + appended + duplicate + suppressed + dead + pending; exit 1 if not."""
    figures = wait(_read(settings(frozenset({"database_url", "redis_url"}))))
    if as_json:
        print_json(figures)
    else:
        _print(figures)
    raise typer.Exit(OK if figures.balanced else PROBLEM)


async def _read(found: Settings) -> Figures:
    from storage.inbox import Inbox
    from storage.ledger import reconcile as read_until_stable
    from storage.redis import Failure as RedisFailure
    from storage.redis import connect

    redis = connect(found.redis_url)
    try:
        async with postgres(found.database_url) as pool:
            return await read_until_stable(pool, Inbox(redis), lambda: asyncio.sleep(PAUSE_SECONDS))
    except RedisFailure as error:
        raise Failure(f"Redis does not do it ({error}): `inlet doctor` says more.") from error
    finally:
        await redis.aclose()


def _print(figures: Figures) -> None:
    rows = (
        (one.account, one.provider, one.tenant or "(any)", *(getattr(one, name) for name in COLUMNS))
        for one in figures.accounts
    )
    titles = ("ACCOUNT", "PROVIDER", "TENANT", *(name.upper() for name in COLUMNS))
    print_table(titles, rows, empty="Nothing was accepted yet.")
    say("It balances." if figures.balanced else "It does not balance.")
