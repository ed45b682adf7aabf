"""Contacts of a tenant: who is a VIP, and who is blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.base import USAGE, Failure, Json, postgres, print_json, print_table, say, settings, wait

if TYPE_CHECKING:
    from storage.contacts import ContactLine, Wanted
    from storage.database import Pool
    from worker.settings import Settings

group = typer.Typer(help="Contacts: who wrote, who is a VIP, who is blocked.", no_args_is_help=True)
Owner = Annotated[str, typer.Option("--tenant", metavar="SLUG", help="Slug of the tenant.")]
Search = Annotated[
    str | None, typer.Option("--search", metavar="S", help="A part of a name, an address or a number.")
]
OnlyVip = Annotated[bool | None, typer.Option("--vip/--no-vip", help="Only VIPs, or only others.")]
OnlyBlocked = Annotated[
    bool | None, typer.Option("--blocked/--not-blocked", help="Only blocked ones, or only others.")
]
Limit = Annotated[int, typer.Option("--limit", help="How many.", min=1, max=1000)]
After = Annotated[str | None, typer.Option("--after", help="`next` of the page before.")]
Address = Annotated[
    str,
    typer.Argument(
        metavar="ADDRESS", help="A mail address, a number such as +15005550100, or a provider's user id."
    ),
]
Kind = Annotated[
    str | None,
    typer.Option(
        "--kind", help="Which one is meant where several contacts have it: email, claim:email, slack, …."
    ),
]
Vip = Annotated[
    bool | None,
    typer.Option("--vip/--no-vip", help="Its messages rise by one priority, where the sender is proven."),
]
Blocked = Annotated[
    bool | None, typer.Option("--blocked/--not-blocked", help="What it writes is suppressed as spam.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="contact")


@group.command("list")
def index(  # noqa: PLR0913, PLR0917 - one for each option
    tenant: Owner,
    search: Search = None,
    vip: OnlyVip = None,
    blocked: OnlyBlocked = None,
    limit: Limit = 50,
    after: After = None,
    as_json: Json = False,
) -> None:
    """List the contacts of a tenant, the newest first."""
    from storage.contacts import Wanted

    wanted = Wanted(search=search, vip=vip, blocked=blocked)
    lines, following = wait(_list(settings(), tenant, wanted, after, limit))
    if as_json:
        print_json({"items": lines, "next": following})
        return
    rows = ((one.name, _identities(one), _marks(one), one.created_at) for one in lines)
    print_table(("NAME", "IDENTITIES", "MARKED", "SINCE"), rows, empty="There is no such contact.")
    if following:
        say(f"There are more: --after {following}")


@group.command("set")
def change(  # noqa: PLR0913, PLR0917 - one for each option
    known: Address,
    tenant: Owner,
    vip: Vip = None,
    blocked: Blocked = None,
    kind: Kind = None,
    as_json: Json = False,
) -> None:
    """Mark a contact as VIP or blocked, or take the mark back. It holds for what it writes from now on.

    A VIP's messages rise by one priority, to high at most, where the sender is proven. A blocked contact's
    messages are kept in sight, suppressed with the reason spam, without ticket and without answer. Tickets
    that are there stay as they are.
    """
    if vip is None and blocked is None:
        raise Failure("Say what to change: --vip, --no-vip, --blocked or --not-blocked.", USAGE)
    line = wait(_set(settings(), tenant, known, kind, vip, blocked))
    if as_json:
        print_json(line)
    else:
        say(f"{line.name or 'The contact'} ({_identities(line)}): {_marks(line) or 'not marked'}.")


async def _list(
    found: Settings, tenant: str, wanted: Wanted, after: str | None, limit: int
) -> tuple[list[ContactLine], str | None]:
    from storage.contacts import list_contacts
    from storage.cursors import BadCursorError
    from worker.cli.tenants import tenant_id

    async with postgres(found.database_url) as pool:
        owner = await tenant_id(pool, tenant)
        try:
            return await list_contacts(pool, owner, wanted, after=after, limit=limit)
        except BadCursorError as error:
            raise Failure(str(error)) from error


async def _set(  # noqa: PLR0913, PLR0917 - what a wish is made of
    found: Settings, tenant: str, known: str, kind: str | None, vip: bool | None, blocked: bool | None
) -> ContactLine:
    from storage.contacts import set_contact
    from worker.cli.tenants import tenant_id

    async with postgres(found.database_url) as pool:
        owner = await tenant_id(pool, tenant)
        contact = await _one(pool, owner, tenant, known, kind)
        await set_contact(pool, owner, contact.id, vip=vip, blocked=blocked)
        return await _one(pool, owner, tenant, known, kind)


async def _one(pool: Pool, owner: str, tenant: str, known: str, kind: str | None) -> ContactLine:
    """The one contact that is meant. Raises Failure where there is none, or more than one."""
    from storage.contacts import find_contacts

    lines = await find_contacts(pool, owner, known, kind=kind)
    if not lines:
        raise Failure(
            f"Nobody wrote to {tenant} as {known}{f' ({kind})' if kind else ''}: "
            f"`inlet contact list --tenant {tenant} --search …` finds contacts."
        )
    if len(lines) > 1:
        kinds = ", ".join(_identities(line) for line in lines)
        raise Failure(f"Several contacts are {known} ({kinds}): name one with --kind.", USAGE)
    return lines[0]


def _identities(line: ContactLine) -> str:
    return ", ".join(f"{one.kind} {one.value}" for one in line.identities)


def _marks(line: ContactLine) -> str:
    return ", ".join(name for name, on in (("VIP", line.vip), ("blocked", line.blocked)) if on)
