"""Dead letters: messages that cannot become tickets now. Spam lies among them, for those who ask for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from worker.cli.base import (
    Failure,
    Json,
    Tenant,
    postgres,
    print_json,
    print_table,
    say,
    settings,
    wait,
    when,
)

if TYPE_CHECKING:
    from storage.database import Pool
    from storage.deadletters import DeadLetter, DeadLetterLine
    from storage.envelope import Envelope
    from worker.settings import Settings

group = typer.Typer(help="Messages that cannot become tickets now.", no_args_is_help=True)
BOTH = frozenset({"database_url", "redis_url"})
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Ids of messages.")]
Reason = Annotated[
    str | None,
    typer.Option("--reason", help="Only those of this reason, such as unroutable; spam only with `spam`."),
]
All = Annotated[bool, typer.Option("--all", help="All that are open, but spam.")]
Limit = Annotated[int, typer.Option("--limit", help="How many.", min=1, max=10_000)]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="deadletters")


@group.command("list")
def index(tenant: Tenant = None, reason: Reason = None, limit: Limit = 100, as_json: Json = False) -> None:
    """List open dead letters, the oldest first; spam only with `--reason spam`."""
    lines = wait(_list(settings(), tenant, reason, limit))
    if as_json:
        print_json({"items": lines, "next": None})
        return
    rows = (
        (
            one.id,
            one.at,
            one.tenant or "(none)",
            one.reason,
            one.sender.get("address"),
            one.subject,
        )
        for one in lines
    )
    print_table(
        ("ID", "SINCE", "TENANT", "REASON", "FROM", "SUBJECT"), rows, empty="There is no dead letter."
    )


@group.command()
def show(
    known: Annotated[str, typer.Argument(metavar="ID", help="Id of the message.")], as_json: Json = False
) -> None:
    """Show one with its reason, its trace and its original."""
    found = wait(_show(settings(), known))
    if as_json:
        print_json(_view(found))
        return
    say(f"{found.id}\n{found.reason}: {found.error}")
    say(f"begun {found.attempts} times, at {when(found.at)}")
    if found.settled_at:
        say(f"{found.settled_as} at {when(found.settled_at)}")
    say(f"\n{found.trace}\n")
    say((found.raw or b"").decode("utf-8", "replace") if found.raw_blob is None else f"blob {found.raw_blob}")


@group.command()
def replay(
    ids: Ids = None,
    everything: All = False,
    tenant: Tenant = None,
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Put dead letters back into the inbox: those named, of a tenant or reason, or all. Releases spam."""
    count, failed = wait(_replay(settings(BOTH), ids or [], tenant, reason, everything))
    _report("replayed", count, failed, as_json=as_json)


@group.command()
def discard(
    ids: Ids = None,
    everything: All = False,
    tenant: Tenant = None,
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Give dead letters up for good: those named, those of a tenant or reason, or all; spam as in replay."""
    count, failed = wait(_discard(settings(), ids or [], tenant, reason, everything))
    _report("discarded", count, failed, as_json=as_json)


def _report(what: str, count: int, failed: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        print_json({what: count, "failed": failed})
    elif count or not failed:
        say(f"{count} {what}.")
    if failed:
        raise Failure("\n".join(failed))


async def _list(found: Settings, tenant: str | None, reason: str | None, limit: int) -> list[DeadLetterLine]:
    from storage.deadletters import list_dead

    async with postgres(found.database_url) as pool:
        return await list_dead(pool, tenant=await _owner(pool, tenant), reason=reason, limit=limit)


async def _show(found: Settings, known: str) -> DeadLetter:
    from storage.database import BadRow
    from storage.deadletters import show_dead

    async with postgres(found.database_url) as pool:
        try:
            letter = await show_dead(pool, known)
        except BadRow:
            letter = None
    if letter is None:
        raise Failure(f"There is no dead letter {known}: `inlet deadletters list` shows them.")
    return letter


async def _replay(
    found: Settings, ids: Sequence[str], tenant: str | None, reason: str | None, everything: bool
) -> tuple[int, list[str]]:
    from storage.deadletters import NotReplayableError
    from storage.deadletters import replay as put_back

    async with postgres(found.database_url) as pool, _inbox(found) as append:
        wanted = await _wanted(pool, ids, tenant, reason, everything)

        async def one(known: str) -> str:
            try:
                return "" if await put_back(pool, known, append) else "it is not an open dead letter"
            except NotReplayableError as error:
                return str(error)

        return await _each(wanted, one)


async def _discard(
    found: Settings, ids: Sequence[str], tenant: str | None, reason: str | None, everything: bool
) -> tuple[int, list[str]]:
    from storage.deadletters import discard as give_up

    async with postgres(found.database_url) as pool:
        wanted = await _wanted(pool, ids, tenant, reason, everything)

        async def one(known: str) -> str:
            return "" if await give_up(pool, known, actor="cli") else "it is not an open dead letter"

        return await _each(wanted, one)


async def _each(ids: Sequence[str], act: Callable[[str], Awaitable[str]]) -> tuple[int, list[str]]:
    """How many were done, and what was said of the others."""
    from storage.database import BadRow

    failed = []
    for known in ids:
        try:
            fault = await act(known)
        except BadRow:
            fault = "it is no message id"
        if fault:
            failed.append(f"{known}: {fault}.")
    return len(ids) - len(failed), failed


async def _wanted(
    pool: Pool, ids: Sequence[str], tenant: str | None, reason: str | None, everything: bool
) -> Sequence[str]:
    from storage.deadletters import open_ids

    if ids:
        return ids
    if not (tenant or reason or everything):
        raise Failure("Name the messages, or choose with --tenant, --reason or --all.", 2)
    return await open_ids(pool, tenant=await _owner(pool, tenant), reason=reason)


async def _owner(pool: Pool, tenant: str | None) -> str | None:
    from worker.cli.tenants import tenant_id

    return await tenant_id(pool, tenant) if tenant else None


@asynccontextmanager
async def _inbox(found: Settings) -> AsyncIterator[Callable[[Sequence[Envelope]], Awaitable[None]]]:
    """A way into the inbox; the workers are told at the end."""
    from storage.inbox import Inbox
    from storage.redis import Failure as RedisFailure
    from storage.redis import connect
    from worker.hints import Hinter, connect_arq

    redis = connect(found.redis_url)
    hinter = Hinter(connect_arq(found.redis_url), every_ms=0)
    try:
        yield Inbox(redis).append
        hinter.hint()
    except RedisFailure as error:
        raise Failure(f"Redis does not do it ({error}): `inlet doctor` says more.") from error
    finally:
        await hinter.close()
        await redis.aclose()


def _view(letter: DeadLetter) -> dict[str, Any]:
    """All but the envelope, which is for programs of this version only."""
    return {name: getattr(letter, name) for name in letter.__struct_fields__ if name != "envelope"}
