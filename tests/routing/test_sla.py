"""Clocks: business time with zones, holidays, nights and the days on which the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.facts import BusinessHours, SlaTarget
from routing.sla import check_hours, due_at, stamps
from tests.routing.world import ACME, NOW

OFFICE = ((("09:00", "17:00"),),) * 5 + ((), ())
BERLIN = BusinessHours(time_zone="Europe/Berlin", week=OFFICE)
UTC_OFFICE = BusinessHours(time_zone="UTC", week=OFFICE)
SPLIT = BusinessHours(time_zone="UTC", week=((("13:00", "17:00"), ("08:00", "12:00")),) * 7)
NIGHT = BusinessHours(time_zone="UTC", week=((("22:00", "06:00"),),) * 7)
ALWAYS = BusinessHours(time_zone="Europe/Berlin", week=((("00:00", "24:00"),),) * 7)
NEVER = BusinessHours(time_zone="UTC", week=((),) * 7)
NOWHERE = BusinessHours(time_zone="Moon/Crater", week=OFFICE)
OUTSIDE = BusinessHours(time_zone="../etc/hosts", week=OFFICE)
EASTER = BusinessHours(time_zone="UTC", week=OFFICE, holidays=frozenset({date(2026, 4, 3), date(2026, 4, 6)}))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


DUE = {
    "without hours the clock runs always": (at("2026-03-07T23:30"), 60, None, at("2026-03-08T00:30")),
    "hours that are never open run always": (at("2026-03-07T23:30"), 60, NEVER, at("2026-03-08T00:30")),
    "within a day": (at("2026-03-02T09:00"), 60, UTC_OFFICE, at("2026-03-02T10:00")),
    "before the office opens": (at("2026-03-02T03:00"), 60, UTC_OFFICE, at("2026-03-02T10:00")),
    "after it closes": (at("2026-03-02T18:00"), 60, UTC_OFFICE, at("2026-03-03T10:00")),
    "to the minute of closing": (at("2026-03-02T16:00"), 60, UTC_OFFICE, at("2026-03-02T17:00")),
    "one minute over": (at("2026-03-02T16:00"), 61, UTC_OFFICE, at("2026-03-03T09:01")),
    "over a weekend": (at("2026-03-06T16:30"), 60, UTC_OFFICE, at("2026-03-09T09:30")),
    "on a weekend": (at("2026-03-07T12:00"), 60, UTC_OFFICE, at("2026-03-09T10:00")),
    "over holidays": (at("2026-04-02T16:30"), 60, EASTER, at("2026-04-07T09:30")),
    "several days": (at("2026-03-02T09:00"), 24 * 60, UTC_OFFICE, at("2026-03-04T17:00")),
    "in the tenant's zone, winter": (at("2026-03-02T03:00"), 60, BERLIN, at("2026-03-02T09:00")),
    "in the tenant's zone, summer": (at("2026-07-06T03:00"), 60, BERLIN, at("2026-07-06T08:00")),
    "over the change to summer": (at("2026-03-27T15:30"), 60, BERLIN, at("2026-03-30T07:30")),
    "the short day is an hour shorter": (at("2026-03-28T23:00"), 24 * 60, ALWAYS, at("2026-03-29T23:00")),
    "the long day is an hour longer": (at("2026-10-24T22:00"), 25 * 60, ALWAYS, at("2026-10-25T23:00")),
    "a zone that nobody knows is UTC": (at("2026-03-02T03:00"), 60, NOWHERE, at("2026-03-02T10:00")),
    "a zone that is no name is UTC": (at("2026-03-02T03:00"), 60, OUTSIDE, at("2026-03-02T10:00")),
    "with a break, however it is written": (at("2026-03-02T11:30"), 60, SPLIT, at("2026-03-02T13:30")),
    "through the night": (at("2026-03-02T23:00"), 120, NIGHT, at("2026-03-03T01:00")),
    "in the night that began yesterday": (at("2026-03-02T05:30"), 60, NIGHT, at("2026-03-02T22:30")),
}


@pytest.mark.parametrize(("start", "minutes", "hours", "expected"), DUE.values(), ids=DUE)
def test_due(start: datetime, minutes: int, hours: BusinessHours | None, expected: datetime) -> None:
    assert due_at(start, minutes, hours) == expected


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants naive bounds
    st.integers(0, 6000),
    st.integers(0, 6000),
    st.sampled_from([BERLIN, UTC_OFFICE, SPLIT, NIGHT, EASTER, ALWAYS]),
)
def test_more_minutes_are_never_due_sooner(
    start: datetime, one: int, more: int, hours: BusinessHours
) -> None:
    first = due_at(start, one, hours)
    assert first >= start + timedelta(minutes=one)
    assert due_at(first, more, hours) == due_at(start, one + more, hours) or one == 0


def test_defaults_are_one_four_twentyfour_and_fortyeight_hours() -> None:
    hours = [
        (stamps(ACME, p, NOW)[0] - NOW) / timedelta(hours=1) for p in ("urgent", "high", "normal", "low")
    ]
    assert hours == [1, 4, 24, 48]


def test_a_tenants_own_target_counts() -> None:
    tenant = msgspec.structs.replace(
        ACME, sla={"high": SlaTarget(first_response_minutes=10, resolution_minutes=20)}
    )
    assert stamps(tenant, "high", NOW) == (NOW + timedelta(minutes=10), NOW + timedelta(minutes=20))
    assert stamps(tenant, "low", NOW) == stamps(ACME, "low", NOW)


@pytest.mark.parametrize("hours", [BERLIN, SPLIT, NIGHT, ALWAYS, NEVER, EASTER])
def test_hours_that_can_be_read_have_no_fault(hours: BusinessHours) -> None:
    assert check_hours(hours) == []


def test_all_faults_of_a_week_are_told_at_once() -> None:
    """Each with the time as it was written."""
    faults = check_hours(BusinessHours(time_zone="UTC", week=((("9", "25:00"), ("24:00", "24:00")),)))
    assert ["seven days" in faults[0], *(fault.partition(" ")[0] for fault in faults[1:])] == [
        True, "'9'", "'25:00'", "'24:00'",
    ]  # fmt: skip
