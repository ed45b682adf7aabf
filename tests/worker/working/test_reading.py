"""P5, R12: a mail that is too much for its reader costs the reading process, never the worker."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from channels.email.head import read_head
from channels.message import Flag, InboundMessage
from tests.worker.working.conftest import Bench
from worker.ingest import ingest
from worker.reading import IN_PLACE, Reader

GIB = 1 << 30


def accepted(raw: bytes) -> InboundMessage:
    """The message as the door knows it."""
    head = read_head(raw)
    return InboundMessage(
        channel="email",
        provider="cloudflare-email",
        provider_message_id="1",
        sender=head.sender,
        mail=head.mail,
    )


def mail(size: int) -> bytes:
    return (
        b"From: ada@example.org\r\nSubject: Long\r\nMessage-ID: <1@example.org>\r\n\r\n"
        + b"Where is it?\r\n" * (size // 14)
    )


@asynccontextmanager
async def reader(*, seconds: float = 60.0, memory: int = GIB) -> AsyncIterator[Reader]:
    one = Reader(seconds=seconds, memory=memory)
    try:
        yield one
    finally:
        await one.close()


@pytest.mark.parametrize(
    ("size", "alone", "own_process"),
    [
        pytest.param(100, False, False, id="a small mail is read in place"),
        pytest.param(100, True, True, id="a small one that was begun before is read in the reading process"),
        pytest.param(IN_PLACE + 1000, False, True, id="a large one too"),
    ],
)
async def test_a_mail_is_read_alike_wherever_it_is_read(size: int, alone: bool, own_process: bool) -> None:
    raw = mail(size)
    async with reader() as one:
        found = await one.read(accepted(raw), raw, alone=alone)

        assert (one.pid is not None) == own_process
    assert found.message.subject == "Long"
    assert found.message.text.startswith("Where is it?")
    assert Flag.DEGRADED not in found.message.flags


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param({"seconds": 0.001}, id="too slow"),
        pytest.param({"memory": 64 << 20}, id="too much memory"),
    ],
)
async def test_what_is_over_the_limits_is_read_by_its_head(limits: dict[str, float]) -> None:
    """The mail is not lost: its head and first text are there, it is flagged, and it says why."""
    raw = mail(30 << 20)
    async with reader(**limits) as one:  # type: ignore[arg-type]
        found = await one.read(accepted(raw), raw)

    assert found.message.subject == "Long"
    assert Flag.DEGRADED in found.message.flags
    assert "too long or too much memory" in found.message.notes[-1]


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param({"seconds": 0.001}, id="too slow"),
        pytest.param({"memory": 64 << 20}, id="too much memory"),
    ],
)
async def test_p2_a_mail_that_was_too_much_once_is_the_same_mail_when_read_whole(
    limits: dict[str, float],
) -> None:
    """What its dedupe key is made of does not depend on how much of it could be read."""
    raw = mail(30 << 20)
    async with reader(**limits) as one:  # type: ignore[arg-type]
        by_head = await one.read(accepted(raw), raw)
    async with reader() as one:
        whole = await one.read(accepted(raw), raw)

    assert (Flag.DEGRADED in by_head.message.flags, Flag.DEGRADED in whole.message.flags) == (True, False)
    assert by_head.message.mail is not None
    assert whole.message.mail is not None
    assert by_head.message.mail.digest == whole.message.mail.digest


async def test_p2_a_mail_read_by_its_head_and_then_whole_is_stored_once(bench: Bench) -> None:
    raw = mail(IN_PLACE + 1000)
    station = bench.station
    station.reader = Reader(seconds=0.001, memory=GIB)
    await bench.accept(bench.mail(raw))
    await ingest(station)
    station.reader = Reader(seconds=60.0, memory=GIB)
    await bench.accept(bench.mail(raw))
    await ingest(station)

    assert await bench.outcomes() == {"created": 1, "duplicate": 1}
    (stored,) = await bench.rows("select flags from messages")
    assert Flag.DEGRADED in stored["flags"]


async def test_a_killed_reading_process_is_started_again() -> None:
    """One mail is read by its head; the next one is read whole."""
    raw = mail(IN_PLACE + 1000)
    async with reader() as one:
        await one.read(accepted(raw), raw)
        before = one.pid
        assert before is not None
        os.kill(before, signal.SIGKILL)
        await one.read(accepted(raw), raw)
        after = await one.read(accepted(raw), raw)

        assert one.pid not in (None, before)
    assert Flag.DEGRADED not in after.message.flags
