"""Addresses of a tenant: those of its agents, and those that it receives at, with their defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from routing.facts import CATEGORIES, PRIORITIES, TYPES
from worker.cli.base import USAGE, Failure, Json, postgres, print_json, print_table, say, settings, wait
from worker.cli.tenants import Slug, group

if TYPE_CHECKING:
    from routing.facts import AddressFacts
    from worker.settings import Settings

address = typer.Typer(
    help="Addresses of a tenant: its agents' own, and those that it receives at.", no_args_is_help=True
)
Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The mail address.")]
Agent = Annotated[
    bool, typer.Option("--agent/--inbox", help="One of its agents' own, or one that it receives at.")
]
Name = Annotated[str, typer.Option("--name", help="Name for people.")]
Category = Annotated[
    str | None, typer.Option("--category", help=f"What mail to it counts as: {', '.join(CATEGORIES)}.")
]
Priority = Annotated[
    str | None,
    typer.Option("--priority", help=f"Priority of mail without an alarm: {', '.join(PRIORITIES)}."),
]
Type = Annotated[str | None, typer.Option("--type", help=f"Type of mail to it: {', '.join(TYPES)}.")]
Tags = Annotated[
    list[str] | None, typer.Option("--tag", help="A tag of the tickets that begin with mail to it.")
]


def register(_: typer.Typer) -> None:
    """Add the commands, under those of tenants."""
    group.add_typer(address, name="address")


@address.command()
def add(  # noqa: PLR0913, PLR0917 - one for each option
    slug: Slug,
    known: Address,
    agent: Agent = False,
    name: Name = "",
    category: Category = None,
    priority: Priority = None,
    type_: Type = None,
    tag: Tags = None,
    as_json: Json = False,
) -> None:
    """Add an address to a tenant, or say anew what one is.

    An agent's proven mail to a ticket is an answer, not a customer's. An inbox address arrives even where
    its domain is no catch-all, and gives its defaults to what is written to it: they weigh in beside the
    words. It proves no domain: `inlet domain claim` does.
    """
    defaults = {"category": category, "priority": priority, "type": type_, "tags": tuple(tag or ())}
    if agent and any(defaults.values()):
        raise Failure("Only an inbox address gives category, priority, type and tags: leave --agent.", USAGE)
    kind: Literal["agent", "inbox"] = "agent" if agent else "inbox"
    line = wait(_add(settings(), slug, known, kind, {"name": name, **defaults}))
    if as_json:
        print_json(_view(line))
        return
    say(f"{line.address} is {'an agent' if agent else 'an inbox address'} of {slug}.")


@address.command("list")
def index(slug: Slug, as_json: Json = False) -> None:
    """List the addresses of a tenant, with what they give to mail."""
    lines = wait(_list(settings(), slug))
    if as_json:
        print_json({"items": [_view(line) for line in lines], "next": None})
        return
    rows = (
        (one.address, one.kind, one.name, one.category, one.priority, one.type, ", ".join(one.tags))
        for one in lines
    )
    print_table(
        ("ADDRESS", "KIND", "NAME", "CATEGORY", "PRIORITY", "TYPE", "TAGS"),
        rows,
        empty=f"There is no address of {slug}: `inlet tenant address add`.",
    )


@address.command()
def drop(slug: Slug, known: Address, as_json: Json = False) -> None:
    """Take an address from a tenant. What came to it stays."""
    wait(_drop(settings(), slug, known))
    if as_json:
        print_json({"dropped": known})
    else:
        say(f"{known} is no longer an address of {slug}.")


async def _add(
    found: Settings, slug: str, known: str, kind: Literal["agent", "inbox"], fields: dict[str, Any]
) -> AddressFacts:
    from storage.tenants import TenantError, list_addresses, set_address
    from worker.cli.tenants import tenant_id

    async with postgres(found.database_url) as pool:
        tenant = await tenant_id(pool, slug)
        try:
            kept = await set_address(pool, tenant, known, kind, **fields)
        except TenantError as error:
            raise Failure(str(error)) from error
        return next(line for line in await list_addresses(pool, tenant) if line.address == kept)


async def _list(found: Settings, slug: str) -> list[AddressFacts]:
    from storage.tenants import list_addresses
    from worker.cli.tenants import tenant_id

    async with postgres(found.database_url) as pool:
        return await list_addresses(pool, await tenant_id(pool, slug))


async def _drop(found: Settings, slug: str, known: str) -> None:
    from storage.tenants import drop_address
    from worker.cli.tenants import tenant_id

    async with postgres(found.database_url) as pool:
        if not await drop_address(pool, await tenant_id(pool, slug), known):
            raise Failure(f"{slug} has no address {known}: `inlet tenant address list {slug}` shows them.")


def _view(line: AddressFacts) -> dict[str, Any]:
    """Everything but the tenant's id: who asks has named the tenant."""
    import msgspec

    return {name: value for name, value in msgspec.structs.asdict(line).items() if name != "tenant"}
