"""Tickets, for a look from the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, get_args

import typer

from routing.facts import Status as TicketStatus
from worker.cli.base import (
    USAGE,
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
    from storage.shown import Message, Ticket, TicketLine
    from worker.settings import Settings

LIMIT = 50
Limit = Annotated[int, typer.Option("--limit", help="How many.", min=1, max=1000)]
After = Annotated[str | None, typer.Option("--after", help="`next` of the page before.")]
Status = Annotated[str | None, typer.Option("--status", help="Only those of this status.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("tickets")(index)
    app.command("ticket")(show)


def index(
    tenant: Tenant = None,
    status: Status = None,
    limit: Limit = LIMIT,
    after: After = None,
    as_json: Json = False,
) -> None:
    """List tickets, the newest first."""
    if status not in (None, *get_args(TicketStatus)):
        raise Failure(f"A status is one of {', '.join(get_args(TicketStatus))}.", USAGE)
    lines, following = wait(_list(settings(), tenant, status, after, limit))
    if as_json:
        print_json({"items": lines, "next": following})
        return
    rows = (
        (one.ref, one.tenant, one.status, one.priority, one.category, one.channel, one.subject)
        for one in lines
    )
    print_table(
        ("REF", "TENANT", "STATUS", "PRIORITY", "CATEGORY", "CHANNEL", "SUBJECT"),
        rows,
        empty="There is no ticket.",
    )
    if following:
        say(f"There are more: --after {following}")


def show(
    ref: Annotated[str, typer.Argument(metavar="REF", help="The reference, such as TKT-0001.")],
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Show one ticket with everything."""
    ticket = wait(_find(settings(), ref, tenant))
    if as_json:
        print_json(ticket)
    else:
        _print(ticket)


async def _list(
    found: Settings, tenant: str | None, status: str | None, after: str | None, limit: int
) -> tuple[list[TicketLine], str | None]:
    from storage.cursors import BadCursorError
    from storage.tickets import Filter, list_tickets
    from worker.cli.tenants import tenant_id

    async with postgres(found.database_url) as pool:
        owner = await tenant_id(pool, tenant) if tenant else None
        wanted = Filter(tenant=owner, status=status)
        try:
            return await list_tickets(
                pool, wanted, after=after, limit=limit, mail_domain=(*found.mail_domains, None)[0]
            )
        except BadCursorError as error:
            raise Failure(str(error)) from error


async def _find(found: Settings, ref: str, tenant: str | None) -> Ticket:
    """The ticket; without a tenant, that of the only one. Raises Failure."""
    from storage.tenants import list_tenants
    from storage.tickets import find_ticket
    from worker.cli.tenants import tenant_id

    async with postgres(found.database_url) as pool:
        owners = [await tenant_id(pool, tenant)] if tenant else [one.id for one in await list_tenants(pool)]
        domain = (*found.mail_domains, None)[0]
        shown = [
            await find_ticket(pool, tenant=owner, ref=ref.upper(), mail_domain=domain) for owner in owners
        ]
    tickets = [one for one in shown if one is not None]
    if not tickets:
        raise Failure(f"There is no ticket {ref}: `inlet tickets` lists them.")
    if len(tickets) > 1:
        raise Failure(
            f"Several tenants have a {ref}: {', '.join(one.tenant for one in tickets)}. Use --tenant."
        )
    return tickets[0]


def _print(ticket: Ticket) -> None:
    say(f"{ticket.ref}  {ticket.subject}")
    say(f"{ticket.tenant}: {ticket.status}, {ticket.priority}, {ticket.category}, {ticket.type}")
    if ticket.contact:
        known = ", ".join(one.value for one in ticket.contact.identities)
        say(f"from {ticket.contact.name or 'somebody'} ({known}) by {ticket.channel}")
    for message in ticket.messages:
        _print_message(message)
    say("")
    rows = ((one.at, one.actor, one.kind) for one in ticket.activities)
    print_table(("WHEN", "WHO", "WHAT"), rows, empty="")


def _print_message(message: Message) -> None:
    who = message.sender.name or message.sender.address or "somebody"
    flags = f" [{', '.join(message.flags)}]" if message.flags else ""
    say(f"\n--- {when(message.received_at)} {message.direction}, {who}{flags}")
    say(message.reply_text or message.text)
    for file in message.attachments:
        say(f"  + {file.filename} ({file.content_type}, {file.size} bytes, {file.state})")
