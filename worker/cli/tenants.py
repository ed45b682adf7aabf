"""Tenants: the organisations whose customers write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from worker.cli.base import Failure, Json, postgres, print_json, print_table, say, settings, wait

if TYPE_CHECKING:
    from storage.database import Pool
    from storage.tenants import TenantLine
    from worker.settings import Settings

group = typer.Typer(help="Tenants: the organisations whose customers write.", no_args_is_help=True)
Slug = Annotated[str, typer.Argument(metavar="SLUG", help="Short name for addresses: a-z, 0-9 and hyphens.")]
Name = Annotated[str | None, typer.Option("--name", help="Name for people; by default the slug.")]
Domains = Annotated[
    list[str] | None, typer.Option("--domain", help="A mail domain of the tenant; your word counts as proof.")
]
Agents = Annotated[list[str] | None, typer.Option("--agent", help="Mail address of one of its agents.")]
Zone = Annotated[str | None, typer.Option("--time-zone", help="Time zone, such as Europe/Berlin.")]
Languages = Annotated[
    list[str] | None, typer.Option("--language", help="A language of its customers, such as de.")
]


Preferences = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="ref_style=sequence|random (of ticket references), mail_reply_days=28, chat_reply_hours=72: "
        "later answers open a follow-up.",
    ),
]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a tenant is to be like; None and empty leave what is there."""

    slug: str
    name: str | None = None
    time_zone: str | None = None
    languages: Sequence[str] = ()
    domains: Sequence[str] = ()
    agents: Sequence[str] = ()
    settings: Sequence[str] = ()


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="tenant")


@group.command()
def add(  # noqa: PLR0913, PLR0917 - one for each option
    slug: Slug,
    name: Name = None,
    domain: Domains = None,
    agent: Agents = None,
    time_zone: Zone = None,
    language: Languages = None,
    setting: Preferences = None,
    as_json: Json = False,
) -> None:
    """Add a tenant, with its mail domains and its agents."""
    wanted = Wanted(slug, name, time_zone, language or (), domain or (), agent or (), setting or ())
    _show(wait(_save(settings(), wanted, new=True)), as_json=as_json)


@group.command("set")
def change(  # noqa: PLR0913, PLR0917 - one for each option
    slug: Slug,
    name: Name = None,
    domain: Domains = None,
    agent: Agents = None,
    time_zone: Zone = None,
    language: Languages = None,
    setting: Preferences = None,
    as_json: Json = False,
) -> None:
    """Change a tenant; domains and agents are added to those that it has."""
    wanted = Wanted(slug, name, time_zone, language or (), domain or (), agent or (), setting or ())
    _show(wait(_save(settings(), wanted, new=False)), as_json=as_json)


@group.command()
def rename(
    slug: Slug,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The new slug.")],
    as_json: Json = False,
) -> None:
    """Give a tenant another slug. Mail to the old one still arrives."""
    _show(wait(_rename(settings(), slug, new)), as_json=as_json)


@group.command("list")
def index(as_json: Json = False) -> None:
    """List the tenants."""
    lines = wait(_list(settings()))
    if as_json:
        print_json({"items": lines, "next": None})
        return
    rows = ((one.slug, one.name, ", ".join(one.domains), ", ".join(one.agents)) for one in lines)
    print_table(
        ("SLUG", "NAME", "DOMAINS", "AGENTS"), rows, empty="There is no tenant yet: `inlet tenant add SLUG`."
    )


async def tenant_id(pool: Pool, slug: str) -> str:
    """Id of the tenant. Raises Failure where there is none."""
    from storage.tenants import find_tenant_id

    found = await find_tenant_id(pool, slug)
    if found is None:
        raise Failure(f"There is no tenant {slug}: `inlet tenant list` shows them.")
    return found


async def _save(found: Settings, wanted: Wanted, *, new: bool) -> TenantLine:
    from storage.tenants import TenantError, add_tenant
    from storage.together import together

    async with postgres(found.database_url) as pool:
        try:
            # A slug is never given twice: it must not be taken where the rest fails.
            async with together(pool) as one:
                known = await add_tenant(one, wanted.slug) if new else await tenant_id(one, wanted.slug)
                await _change(one, found, known, wanted)
        except TenantError as error:
            raise Failure(str(error)) from error
        return await tenant_line(pool, known)


async def _change(pool: Pool, found: Settings, tenant: str, wanted: Wanted) -> None:
    from storage.tenants import set_address, set_tenant
    from worker.cli.tenant_settings import changed

    await set_tenant(
        pool,
        tenant,
        name=wanted.name,
        time_zone=wanted.time_zone,
        languages=wanted.languages or None,
        settings=changed((await tenant_line(pool, tenant)).settings, wanted.settings),
    )
    await _vouch(pool, found, tenant, wanted.domains)
    for agent in wanted.agents:
        await set_address(pool, tenant, agent, _AGENT)


_AGENT: Literal["agent"] = "agent"


async def _vouch(pool: Pool, found: Settings, tenant: str, domains: Sequence[str]) -> None:
    from storage.domains import vouch_for_domain

    ours = (*found.mail_domains, *found.base_domains)
    for domain in domains:
        await vouch_for_domain(pool, tenant, domain, datetime.now(UTC), ours=ours)


async def _rename(found: Settings, slug: str, new: str) -> TenantLine:
    from storage.tenants import TenantError, rename_tenant

    async with postgres(found.database_url) as pool:
        known = await tenant_id(pool, slug)
        try:
            await rename_tenant(pool, known, new)
        except TenantError as error:
            raise Failure(str(error)) from error
        return await tenant_line(pool, known)


async def _list(found: Settings) -> list[TenantLine]:
    from storage.tenants import list_tenants

    async with postgres(found.database_url) as pool:
        return await list_tenants(pool)


async def tenant_line(pool: Pool, tenant: str) -> TenantLine:
    """The tenant of an id, as lists show it."""
    from storage.tenants import list_tenants

    return next(line for line in await list_tenants(pool) if line.id == tenant)


def _show(line: TenantLine, *, as_json: bool) -> None:
    if as_json:
        print_json(line)
        return
    say(f"Tenant {line.slug} ({line.name}).")
    for domain in settings().mail_domains:
        say(f"Mail to <anything>+{line.slug}@{domain} is theirs.")
    for domain in line.domains:
        say(f"Mail to <anything>@{domain} is theirs.")
