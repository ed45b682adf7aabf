"""A tenant's targets: how soon a first response and a resolution are due."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from routing.facts import PRIORITIES, Priority, SlaTarget
from worker.cli.base import USAGE, Failure, Json, postgres, print_json, print_table, settings, wait
from worker.cli.tenants import Slug, group

if TYPE_CHECKING:
    from worker.settings import Settings

Pairs = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PRIORITY=FIRST/RESOLUTION",
        help="Minutes until the first response and until the resolution, such as urgent=60/480.",
    ),
]
Defaults = Annotated[
    list[str] | None,
    typer.Option("--default", metavar="PRIORITY", help="Give a priority the default targets again."),
]
_PAIR = re.compile(r"(?P<priority>[^=]*)=(?P<first>[0-9]{1,9})/(?P<resolution>[0-9]{1,9})")


def register(_: typer.Typer) -> None:
    """Add the command, under those of tenants."""
    group.command("sla")(sla)


def sla(slug: Slug, pairs: Pairs = None, default: Defaults = None, as_json: Json = False) -> None:
    """Show a tenant's targets, the defaults among them; change those of the priorities that are named.

    Minutes are of business time where the tenant has hours (`inlet tenant hours`). Tickets keep what they
    are due at until their priority changes.
    """
    wanted = _targets(pairs or (), default or ())
    lines = _lines(wait(_sla(settings(), slug, wanted)))
    if as_json:
        print_json({"items": lines, "next": None})
        return
    rows = (
        (
            line["priority"],
            line["first_response_minutes"],
            line["resolution_minutes"],
            "this tenant" if line["set"] else "default",
        )
        for line in lines
    )
    print_table(("PRIORITY", "FIRST RESPONSE (MIN)", "RESOLUTION (MIN)", "SET BY"), rows, empty="")


def _targets(pairs: Sequence[str], defaults: Sequence[str]) -> Mapping[Priority, SlaTarget | None]:
    """The target of each priority that is to change; None: the default. Raises Failure with all faults."""
    wanted: dict[Priority, SlaTarget | None] = {}
    faults = []
    named = [(_PAIR.fullmatch(pair), pair) for pair in pairs]
    faults += [f"A target is PRIORITY=FIRST/RESOLUTION, not {pair!r}." for found, pair in named if not found]
    asked = [(found["priority"], found) for found, _ in named if found]
    for name, found in [*asked, *((name, None) for name in defaults)]:
        priority = next((one for one in PRIORITIES if one == name), None)
        if priority is None:
            faults.append(f"A priority is one of {', '.join(PRIORITIES)}, not {name!r}.")
        elif priority in wanted:
            faults.append(f"The priority {priority} is named twice.")
        else:
            wanted[priority] = found and SlaTarget(
                first_response_minutes=int(found["first"]), resolution_minutes=int(found["resolution"])
            )
    if faults:
        raise Failure("\n".join(faults), USAGE)
    return wanted


async def _sla(
    found: Settings, slug: str, wanted: Mapping[Priority, SlaTarget | None]
) -> Mapping[str, SlaTarget]:
    from storage.policies import read_sla
    from storage.tenants import TenantError, check_target, drop_sla, set_sla
    from worker.cli.tenants import tenant_id

    async with postgres(found.database_url) as pool:
        owner = await tenant_id(pool, slug)
        try:
            for target in wanted.values():
                if target is not None:
                    check_target(target)
        except TenantError as error:
            raise Failure(str(error)) from error
        for priority, target in wanted.items():
            if target is None:
                await drop_sla(pool, owner, priority)
            else:
                await set_sla(pool, owner, priority, target)
        return await read_sla(pool, owner)


def _lines(known: Mapping[str, SlaTarget]) -> list[dict[str, Any]]:
    """The targets in force, the most urgent first."""
    from routing.sla import DEFAULTS

    targets = {**DEFAULTS, **known}
    return [
        {
            "priority": priority,
            "first_response_minutes": targets[priority].first_response_minutes,
            "resolution_minutes": targets[priority].resolution_minutes,
            "set": priority in known,
        }
        for priority in reversed(PRIORITIES)
    ]
