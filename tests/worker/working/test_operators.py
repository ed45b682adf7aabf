"""What an operator sets from the terminal changes what becomes of the next message."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from storage.envelope import Envelope
from tests.worker.test_cli import Shell, environment
from tests.worker.working.conftest import Bench
from worker.ingest import ingest
from worker.settings import Settings

ADA, BO = "+15005550100", "+15005550101"
FRIDAY = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)
"""Half past five in the afternoon in Berlin."""
RULE = {
    "id": "gearbox",
    "words": ["gearbox"],
    "category": "technical",
    "priority": "urgent",
    "tags": ["mill"],
}
MAIL = (
    b"From: Ada <ada@example.org>\r\nTo: %b\r\nSubject: A question\r\nMessage-ID: <%b-1@example.org>\r\n"
    b"\r\nCould you have a look?\r\n"
)
Operator = Callable[..., Awaitable[Any]]


@pytest.fixture
def operator(
    settings: Settings,
    bench: Bench,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Operator:
    """Runs a command, in a thread since it has a loop of its own, until the worker knows what it changed."""
    for name, value in environment(settings.database_url, settings.redis_url, tmp_path).items():
        monkeypatch.setenv(name, value)
    shell = Shell(monkeypatch, capsys)

    async def run(*arguments: str, **more: Any) -> Any:
        said = await asyncio.to_thread(shell.ok, *arguments, **more)
        await bench.station.directories.refresh()
        return said

    return run


async def ticket_of(bench: Bench, envelope: Envelope) -> dict[str, Any]:
    """The ticket of a message, once it is worked."""
    (message,) = await bench.accept(envelope)
    await ingest(bench.station)
    (row,) = await bench.rows(
        "select t.* from messages m join tickets t on t.id = m.ticket_id where m.id = $1", message
    )
    return row


async def test_a_rule_decides_category_and_priority(bench: Bench, operator: Operator) -> None:
    before = await ticket_of(bench, bench.sms("The gearbox hums", ADA))
    await operator("tenant", "rules", "acme", "--file", "-", stdin=json.dumps([RULE]).encode())
    after = await ticket_of(bench, bench.sms("The gearbox hums", BO))
    assert (before["category"], before["priority"], before["tags"]) == ("general", "normal", [])
    assert (after["category"], after["priority"], after["tags"]) == ("technical", "urgent", ["mill"])


async def test_a_target_and_hours_decide_when_a_ticket_is_due(bench: Bench, operator: Operator) -> None:
    """Clocks rest after work, over the weekend and on the holiday."""

    async def due(sender: str) -> tuple[datetime, datetime]:
        late = msgspec.structs.replace(bench.sms("Hello", sender), received_at=FRIDAY)
        ticket = await ticket_of(bench, late)
        return ticket["first_response_due_at"], ticket["resolution_due_at"]

    await operator("tenant", "sla", "acme", "--set", "normal=15/60")
    assert await due(ADA) == (FRIDAY.replace(minute=45), FRIDAY.replace(hour=17))
    week = ("--day", "mon-fri=09:00-17:00", "--time-zone", "Europe/Berlin")
    await operator("tenant", "hours", "acme", *week, "--holiday", "2026-11-23")
    tuesday = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    assert await due(BO) == (tuesday.replace(minute=15), tuesday.replace(hour=9))
    await operator("tenant", "hours", "acme", "--always")
    assert await due("+15005550102") == (FRIDAY.replace(minute=45), FRIDAY.replace(hour=17))


async def test_an_inbox_address_gives_its_defaults(bench: Bench, operator: Operator) -> None:
    await operator("tenant", "set", "acme", "--domain", "acme.example")
    to = "bills@acme.example"
    plain = await ticket_of(bench, bench.mail(MAIL % (to.encode(), b"a"), to))
    await operator("tenant", "address", "add", "acme", to, "--category", "billing", "--tag", "money")
    given = await ticket_of(bench, bench.mail(MAIL % (to.encode(), b"b"), to))
    assert (plain["category"], plain["tags"]) == ("general", [])
    assert (given["category"], given["tags"]) == ("billing", ["money"])
    await operator("tenant", "address", "drop", "acme", to)
    again = await ticket_of(bench, bench.mail(MAIL % (to.encode(), b"c"), to))
    assert again["category"] == "general"


async def test_a_vip_is_heard_first(bench: Bench, operator: Operator) -> None:
    assert (await ticket_of(bench, bench.sms("Hello", ADA)))["priority"] == "normal"
    await operator("contact", "set", "--tenant", "acme", ADA, "--vip")
    assert (await ticket_of(bench, bench.sms("Are you there", ADA)))["priority"] == "high"
    assert (await ticket_of(bench, bench.sms("Hello", BO)))["priority"] == "normal"


async def test_what_a_blocked_contact_writes_is_kept_as_spam(bench: Bench, operator: Operator) -> None:
    """It is counted and in sight (P10), makes nothing, and ends with the block."""
    ticket = await ticket_of(bench, bench.sms("Hello", ADA))
    await operator("contact", "set", "--tenant", "acme", ADA, "--blocked")
    (message,) = await bench.accept(bench.sms("Buy now", ADA))
    await ingest(bench.station)
    (receipt,) = await bench.rows("select outcome, reason from receipts where message_id = $1", message)
    assert receipt == {"outcome": "suppressed", "reason": "spam"}
    (row,) = await bench.rows("select text, ticket_id from messages where id = $1", message)
    assert row == {"text": "Buy now", "ticket_id": None}
    await operator("contact", "set", "--tenant", "acme", ADA, "--not-blocked")
    assert (await ticket_of(bench, bench.sms("Hello again", ADA)))["id"] == ticket["id"]
