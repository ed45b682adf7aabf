"""When the first response and the resolution of a ticket are due."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from routing.facts import BusinessHours, SlaTarget, Tenant

DEFAULTS = {
    "urgent": SlaTarget(first_response_minutes=60, resolution_minutes=8 * 60),
    "high": SlaTarget(first_response_minutes=4 * 60, resolution_minutes=24 * 60),
    "normal": SlaTarget(first_response_minutes=24 * 60, resolution_minutes=72 * 60),
    "low": SlaTarget(first_response_minutes=48 * 60, resolution_minutes=120 * 60),
}
"""Where a tenant sets nothing. Minutes run always, or in business time where the tenant has such hours."""

_DAY = timedelta(days=1)
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_FAR = 3660
"""Days to look ahead: a target ten years off is a mistake in the hours, and runs always from there."""


def target(tenant: Tenant, priority: str) -> SlaTarget:
    """The tenant's target for a priority, or the default one."""
    return tenant.sla.get(priority) or DEFAULTS[priority]


def stamps(tenant: Tenant, priority: str, created_at: datetime) -> tuple[datetime, datetime]:
    """When the first response and the resolution are due, in UTC."""
    goal = target(tenant, priority)
    return (
        due_at(created_at, goal.first_response_minutes, tenant.hours),
        due_at(created_at, goal.resolution_minutes, tenant.hours),
    )


def check_hours(hours: BusinessHours) -> list[str]:
    """Say in words what of a week cannot be read; an empty list means that all of it can.

    Hours may reach over midnight (22:00 to 06:00); only an end may be 24:00.
    """
    faults = [] if len(hours.week) == 7 else ["A week has seven days, Monday first."]
    for opens, closes in (span for day in hours.week for span in day):
        faults += [] if is_clock(opens) else [f"{opens!r} is no time to open at: write it as 09:00."]
        if closes != "24:00" and not is_clock(closes):
            faults.append(f"{closes!r} is no time to close at: write it as 17:00, at most 24:00.")
    return faults


def is_clock(text: str) -> bool:
    """Whether the text is a time of day as hours have it: two digits, a colon, two digits."""
    return _CLOCK.fullmatch(text) is not None


def due_at(start: datetime, minutes: int, hours: BusinessHours | None) -> datetime:
    """The moment, in UTC, at which so many minutes of business time have passed since `start`.

    Without hours, or with hours that are never open, the clock runs always. Business time is real time: the
    day on which the clocks change has an hour more or less.
    """
    left = timedelta(minutes=minutes)
    moment = start.astimezone(UTC)
    if hours is None or not any(hours.week):
        return moment + left
    for opens, closes in _openings(moment, hours):
        begins = max(opens, moment)
        if closes <= begins:
            continue
        if left <= closes - begins:
            return begins + left
        left -= closes - begins
        moment = closes
    return moment + left


def _openings(moment: datetime, hours: BusinessHours) -> Iterator[tuple[datetime, datetime]]:
    """The opening times from the day before on (it may reach over midnight), in order, in UTC."""
    zone = _zone(hours.time_zone)
    first = moment.astimezone(zone).date() - _DAY
    for ahead in range(_FAR):
        day = first + ahead * _DAY
        if day not in hours.holidays:
            for opens, closes in sorted(hours.week[day.weekday()]):
                yield _instant(day, opens, zone), _instant(_closing_day(day, opens, closes), closes, zone)


def _closing_day(day: date, opens: str, closes: str) -> date:
    """Hours such as 22:00 to 06:00, or to 00:00, end on the next day."""
    return day + _DAY if closes != "24:00" and _clock(closes) <= _clock(opens) else day


def _instant(day: date, clock: str, zone: ZoneInfo) -> datetime:
    if clock == "24:00":
        day, clock = day + _DAY, "00:00"
    return datetime.combine(day, _clock(clock), zone).astimezone(UTC)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    """A zone by its name. An unknown one counts as UTC: no message may wait for a setting to be right."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


@lru_cache(maxsize=2048)
def _clock(text: str) -> time:
    return time.fromisoformat(text)
