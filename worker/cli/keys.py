"""Keys of the operator API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.base import Failure, Json, Tenant, postgres, print_json, print_table, say, settings, wait

if TYPE_CHECKING:
    from storage.keys import KeyLine
    from worker.settings import Settings

group = typer.Typer(help="Keys of the operator API.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="key")


@group.command()
def add(
    tenant: Tenant = None,
    label: Annotated[str, typer.Option(help="What the key is for.")] = "",
    as_json: Json = False,
) -> None:
    """Add a key, for one tenant or for all, and print it this once."""
    key = wait(_add(settings(), tenant, label))
    if as_json:
        print_json({"key": key})
    else:
        say(key)


@group.command("list")
def index(as_json: Json = False) -> None:
    """List the keys, never what they are."""
    lines = wait(_list(settings()))
    if as_json:
        print_json({"items": lines, "next": None})
        return
    rows = ((one.id, one.tenant or "(all)", one.label, one.created_at, one.revoked_at) for one in lines)
    print_table(("ID", "TENANT", "LABEL", "MADE", "REVOKED"), rows, empty="There is no key: `inlet key add`.")


@group.command()
def revoke(known: Annotated[str, typer.Argument(metavar="ID", help="Id of the key.")]) -> None:
    """Revoke a key: its next call is refused."""
    wait(_revoke(settings(), known))
    say("Revoked.")


async def _add(found: Settings, tenant: str | None, label: str) -> str:
    from storage.keys import add_key
    from worker.cli.tenants import tenant_id

    async with postgres(found.database_url) as pool:
        return await add_key(pool, tenant=await tenant_id(pool, tenant) if tenant else None, label=label)


async def _list(found: Settings) -> list[KeyLine]:
    from storage.keys import list_keys

    async with postgres(found.database_url) as pool:
        return await list_keys(pool)


async def _revoke(found: Settings, known: str) -> None:
    from storage.database import BadRow
    from storage.keys import revoke_key

    async with postgres(found.database_url) as pool:
        try:
            done = await revoke_key(pool, known)
        except BadRow:
            done = False
        if not done:
            raise Failure(f"There is no live key {known}: `inlet key list` shows them.")
