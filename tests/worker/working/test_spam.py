"""Spam on the whole way of a worker: held, released into the inbox, filed; the books balance at each step."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from channels.message import Flag
from storage.deadletters import discard, open_ids, replay
from storage.envelope import Envelope
from storage.ledger import AccountFigures, reconcile
from tests.worker.working.conftest import Bench
from worker.ingest import ingest

MAIL = (
    b"From: Ada Berg <ada@example.org>\r\nTo: support@in.example.org\r\nSubject: Order %d\r\n"
    b"Message-ID: <order-%d@example.org>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nWhere is order %d?\r\n"
    b"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=order.pdf\r\n\r\n"
    b"%%PDF-1\r\n"
    b"--b--\r\n"
)


def unwanted(envelope: Envelope) -> Envelope:
    """What its provider calls spam."""
    flagged = msgspec.structs.replace(envelope.message, flags=frozenset({Flag.SPAM}))
    return msgspec.structs.replace(envelope, message=flagged)


async def books(bench: Bench) -> AccountFigures:
    """The figures of the one account that was used; everything balances."""
    figures = await reconcile(bench.station.postgres, bench.station.inbox, lambda: asyncio.sleep(0), tries=3)
    assert figures.balanced, figures
    (line,) = figures.accounts
    return line


async def release(bench: Bench, message: str) -> None:
    assert await replay(bench.station.postgres, message, bench.station.inbox.append)


async def test_what_a_provider_calls_spam_is_released(bench: Bench) -> None:
    """P10: suppressed until it is released, then a ticket like any other, and never counted twice."""
    (message,) = await bench.accept(unwanted(bench.sms("Cheap watches")))
    await ingest(bench.station)
    assert await open_ids(bench.station.postgres) == []
    assert ((line := await books(bench)).accepted, line.suppressed, line.dead) == (1, 1, 0)

    await release(bench, message)
    assert ((line := await books(bench)).suppressed, line.pending) == (1, 0)
    await ingest(bench.station)

    line = await books(bench)
    assert (line.accepted, line.created, line.suppressed, line.dead) == (1, 1, 0, 0)
    (row,) = await bench.rows("select ticket_id, contact_id, flags from messages")
    assert row["ticket_id"] is not None
    assert row["contact_id"] is not None
    assert row["flags"] == ["spam"]
    events = await bench.rows("select name from events")
    assert [event["name"] for event in events] == ["ticket.created"]


async def test_the_mail_of_a_blocked_contact_is_released(bench: Bench) -> None:
    """It is read from its original once more and keeps its files; the contact stays blocked."""
    await bench.accept(bench.mail(MAIL % (1, 1, 1)))
    await ingest(bench.station)
    await bench.rows("update contacts set blocked = true returning id")
    message, other = await bench.accept(bench.mail(MAIL % (2, 2, 2)), bench.mail(MAIL % (3, 3, 3)))
    await ingest(bench.station)
    assert await open_ids(bench.station.postgres, reason="spam") == [message, other]

    await release(bench, message)
    await ingest(bench.station)

    line = await books(bench)
    assert (line.accepted, line.created, line.suppressed, line.dead) == (3, 2, 1, 0)
    (row,) = await bench.rows("select subject, text, ticket_id from messages where id = $1", message)
    assert (row["subject"], row["text"].strip()) == ("Order 2", "Where is order 2?")
    (file,) = await bench.rows("select filename, state from attachments where message_id = $1", message)
    assert file == {"filename": "order.pdf", "state": "stored"}
    assert await open_ids(bench.station.postgres, reason="spam") == [other]


async def test_a_copy_of_spam_is_a_duplicate_of_it(bench: Bench) -> None:
    """P2: a provider's retry of what is held is held once, and released once."""
    sid = "SM" + "7" * 32
    message, _ = await bench.accept(unwanted(bench.sms("Buy", sid=sid)), unwanted(bench.sms("Buy", sid=sid)))
    await ingest(bench.station)
    assert await open_ids(bench.station.postgres, reason="spam") == [message]

    await release(bench, message)
    await ingest(bench.station)

    line = await books(bench)
    assert (line.accepted, line.created, line.duplicate, line.suppressed) == (2, 1, 1, 0)


async def test_a_release_of_which_the_answer_was_lost_has_one_effect(bench: Bench) -> None:
    """P2, P10: it stands in the inbox twice, and becomes one ticket."""
    (message,) = await bench.accept(unwanted(bench.sms("Cheap watches")))
    await ingest(bench.station)

    async def twice(envelopes: Sequence[Envelope]) -> None:
        for _ in range(2):
            await bench.station.inbox.append(envelopes)

    assert await replay(bench.station.postgres, message, twice)
    await ingest(bench.station)

    line = await books(bench)
    assert (line.accepted, line.created, line.suppressed) == (1, 1, 0)
    assert len(await bench.rows("select 1 from tickets")) == 1


async def test_discarded_spam_stays_suppressed(bench: Bench) -> None:
    """P10."""
    (message,) = await bench.accept(unwanted(bench.sms("Cheap watches")))
    await ingest(bench.station)
    assert await discard(bench.station.postgres, message)
    line = await books(bench)
    assert (line.accepted, line.suppressed, line.dead) == (1, 1, 0)
