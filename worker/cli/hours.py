"""A tenant's business hours: when the clocks of its targets run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import typer

from worker.cli.base import USAGE, Failure, Json, postgres, print_json, print_table, say, settings, wait
from worker.cli.tenants import Slug, group

if TYPE_CHECKING:
    from routing.facts import BusinessHours
    from worker.settings import Settings

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Zone = Annotated[
    str | None, typer.Option("--time-zone", metavar="Z", help="Time zone; at first that of the tenant.")
]
Day = Annotated[
    list[str] | None,
    typer.Option(
        "--day",
        metavar="DAY=HOURS",
        help="Hours of a day or of days: mon=09:00-17:00, tue-fri=09:00-12:00,13:00-17:00, sat=closed.",
    ),
]
Holiday = Annotated[
    list[str] | None, typer.Option("--holiday", metavar="DATE", help="A day off, such as 2026-12-25.")
]
NoHoliday = Annotated[
    list[str] | None, typer.Option("--no-holiday", metavar="DATE", help="A day that is no day off after all.")
]
Always = Annotated[bool, typer.Option("--always", help="Drop the hours: the clocks run day and night.")]
Span = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to change; what is None or not named stays."""

    zone: str | None
    days: dict[int, tuple[Span, ...]]
    on: frozenset[date]
    off: frozenset[date]
    always: bool

    @property
    def anything(self) -> bool:
        return bool(self.zone is not None or self.days or self.on or self.off)


def register(_: typer.Typer) -> None:
    """Add the command, under those of tenants."""
    group.command("hours")(hours)


def hours(  # noqa: PLR0913, PLR0917 - one for each option
    slug: Slug,
    time_zone: Zone = None,
    day: Day = None,
    holiday: Holiday = None,
    no_holiday: NoHoliday = None,
    always: Always = False,
    as_json: Json = False,
) -> None:
    """Show when the clocks of a tenant's targets run; change the days and holidays that are named.

    A tenant without hours has clocks that run always. Once a day is given, days without hours are closed.
    Times are written as 09:00, an end at midnight as 24:00; a night is the end of one day and the beginning
    of the next: mon=22:00-24:00, tue=00:00-06:00.
    """
    faults: list[str] = []
    wanted = Wanted(
        zone=time_zone,
        days=_days(day or (), faults),
        off=_dates(holiday or (), faults),
        on=_dates(no_holiday or (), faults),
        always=always,
    )
    if always and wanted.anything:
        faults.append("--always drops the hours: give it alone.")
    if faults:
        raise Failure("\n".join(faults), USAGE)
    _show(slug, wait(_hours(settings(), slug, wanted)), as_json=as_json)


def _days(given: Sequence[str], faults: list[str]) -> dict[int, tuple[Span, ...]]:
    """Hours by the number of the day; a day that is named twice has both."""
    found: dict[int, tuple[Span, ...]] = {}
    for text in given:
        name, _, said = text.strip().lower().partition("=")
        days, spans = _named(name), _spans(said, faults)
        if not days:
            faults.append(f"A day is one of {', '.join(DAYS)}, or two of them as mon-fri, not {name!r}.")
        for number in days:
            found[number] = _without_overlap(DAYS[number], (*found.get(number, ()), *spans), faults)
    return found


def _named(name: str) -> range:
    first, dash, last = name.partition("-")
    if first not in DAYS or (dash and last not in DAYS):
        return range(0)
    return range(DAYS.index(first), DAYS.index(last if dash else first) + 1)


def _spans(said: str, faults: list[str]) -> tuple[Span, ...]:
    if said == "closed":
        return ()
    found = []
    for text in said.split(","):
        opens, _, closes = text.strip().partition("-")
        if fault := _fault(opens, closes):
            faults.append(f"{fault}, not {text!r}.")
        found.append((opens, closes))
    return tuple(found)


def _fault(opens: str, closes: str) -> str:
    from routing.sla import is_clock

    if not is_clock(opens) or not (is_clock(closes) or closes == "24:00"):
        return "Hours are written as 09:00-17:00, at most to 24:00"
    return "" if opens < closes else "Hours end after they begin, and at midnight (24:00) at the latest"


def _without_overlap(name: str, spans: tuple[Span, ...], faults: list[str]) -> tuple[Span, ...]:
    ordered = tuple(sorted(spans))
    if any(later[0] < earlier[1] for earlier, later in pairwise(ordered)):
        faults.append(f"The hours of {name} overlap.")
    return ordered


def _dates(given: Sequence[str], faults: list[str]) -> frozenset[date]:
    found = set()
    for text in given:
        try:
            found.add(date.fromisoformat(text))
        except ValueError:
            faults.append(f"A date is written as 2026-12-25, not {text!r}.")
    return frozenset(found)


async def _hours(found: Settings, slug: str, wanted: Wanted) -> BusinessHours | None:
    from storage.policies import read_hours
    from storage.tenants import TenantError, set_hours
    from worker.cli.tenants import tenant_id, tenant_line

    async with postgres(found.database_url) as pool:
        tenant = await tenant_line(pool, await tenant_id(pool, slug))
        try:
            known = None if wanted.always else await read_hours(pool, tenant.id)
            if not (wanted.always or wanted.anything):
                return known
            changed = None if wanted.always else _changed(known, tenant.time_zone, wanted)
            await set_hours(pool, tenant.id, changed)
        except TenantError as error:
            raise Failure(str(error)) from error
        return changed


def _changed(stored: BusinessHours | None, zone: str, wanted: Wanted) -> BusinessHours:
    from routing.facts import BusinessHours

    known = stored or BusinessHours(time_zone=zone, week=((),) * len(DAYS))
    week = tuple(wanted.days.get(number, spans) for number, spans in enumerate(known.week))
    if not any(week):
        raise Failure(
            "No day would be open: give hours (--day mon-fri=09:00-17:00), or --always to drop them.", USAGE
        )
    return BusinessHours(
        time_zone=wanted.zone or known.time_zone,
        week=week,
        holidays=(known.holidays | wanted.off) - wanted.on,
    )


def _show(slug: str, found: BusinessHours | None, *, as_json: bool) -> None:
    if as_json:
        print_json(_view(slug, found))
    elif found is None:
        say(f"The clocks of {slug} run always.")
    else:
        say(f"The clocks of {slug} run in the time zone {found.time_zone}.\n")
        rows = zip(DAYS, (", ".join("-".join(span) for span in day) for day in found.week), strict=True)
        print_table(("DAY", "HOURS"), ((name, open_ or "closed") for name, open_ in rows), empty="")
        if found.holidays:
            say(f"\nHolidays: {', '.join(f'{one}' for one in sorted(found.holidays))}.")


def _view(slug: str, found: BusinessHours | None) -> dict[str, Any]:
    return {
        "tenant": slug,
        "always": found is None,
        "time_zone": found.time_zone if found else None,
        "week": dict(zip(DAYS, found.week, strict=True)) if found else None,
        "holidays": sorted(found.holidays) if found else [],
    }
