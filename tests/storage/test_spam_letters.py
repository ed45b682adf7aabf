"""What is suppressed as spam is kept, left out of the dead letters unless asked for, and can be released."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest

from channels.message import Flag, InboundMessage
from routing.changes import Changes
from routing.facts import Threads
from routing.work import Work
from storage.claims import Item
from storage.deadletters import discard, list_dead, open_ids, replay, replay_all, show_dead
from storage.envelope import Envelope, decode
from storage.messages import FoundMessage, find_message
from storage.tenants import add_tenant
from tests.storage.desk import Desk, changed, later, mail, open_desk, sms


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with open_desk(database_url) as opened:
        yield opened


class Tray:
    """Stands for the inbox: keeps what was appended."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def append(self, envelopes: Sequence[Envelope]) -> None:
        self.envelopes += envelopes

    async def item(self, desk: Desk) -> Item:
        """The newest of them, as a worker prepares it."""
        last = self.envelopes[-1]
        return await desk.item(
            last.message,
            last.account,
            id=last.id,
            generation=last.generation,
            released=last.released,
        )


def unwanted(message: InboundMessage) -> InboundMessage:
    return changed(message, flags=frozenset({Flag.SPAM}))


async def spam(desk: Desk, text: str = "Cheap watches") -> Item:
    item = await desk.item(unwanted(sms(text)), desk.sms_account(desk.acme))
    await desk.record(item)
    return item


async def blocked(desk: Desk) -> Item:
    """A second message of somebody who was blocked after the first."""
    account = desk.sms_account(desk.acme)
    await desk.say(sms("first"), account)
    await desk.rows("update contacts set blocked = true")
    item = await desk.item(sms("second"), account)
    await desk.record(item)
    return item


async def ledger(desk: Desk, message: str) -> list[tuple[int, str, str]]:
    rows = await desk.rows(
        "select generation, outcome, reason from receipts where message_id = $1 order by generation", message
    )
    return [(row["generation"], row["outcome"], row["reason"]) for row in rows]


async def found(desk: Desk, item: Item) -> FoundMessage:
    shown = await find_message(desk.pool, item.id)
    assert shown is not None
    return shown


async def test_spam_is_suppressed_and_its_envelope_kept(desk: Desk) -> None:
    """P10: its receipt says suppressed and nothing else comes of it; what a release starts from is there."""
    item = await spam(desk)
    assert await ledger(desk, item.id) == [(0, "suppressed", "spam")]
    letter = await show_dead(desk.pool, item.id)
    assert letter is not None
    assert decode(letter.envelope) == item.envelope
    assert (letter.reason, letter.tenant, letter.error) == ("spam", "acme", "Its provider calls it spam.")
    for table in ("tickets", "contacts", "events", "activities"):
        assert await desk.value(f"select count(*) from {table}") == 0  # noqa: S608 - names of our own


async def test_spam_is_no_dead_message(desk: Desk) -> None:
    """Whoever looks for the message is told that it is suppressed, and why."""
    shown = await found(desk, await spam(desk))
    assert (shown.message.state, shown.message.reason, shown.replayed) == ("suppressed", "spam", False)


async def test_spam_is_left_out_unless_it_is_asked_for(desk: Desk) -> None:
    """Lists and whoever replays all see the dead letters alone; the reason `spam` sees spam alone."""
    item, lost = await spam(desk), await desk.item(mail(to=("x+initech@in.example.net",)), desk.shared)
    await desk.record(lost)
    assert [one.id for one in await list_dead(desk.pool)] == [lost.id]
    assert await open_ids(desk.pool) == [lost.id]
    assert await open_ids(desk.pool, reason="unroutable") == [lost.id]
    assert [one.id for one in await list_dead(desk.pool, reason="spam")] == [item.id]
    assert await open_ids(desk.pool, reason="spam") == [item.id]


async def test_spam_of_a_tenant(desk: Desk) -> None:
    """P4: it is listed for its tenant and nobody else; the tenant alone does not ask for spam."""
    item = await spam(desk)
    assert await open_ids(desk.pool, tenant=desk.acme.id) == []
    assert await open_ids(desk.pool, tenant=desk.acme.id, reason="spam") == [item.id]
    assert await list_dead(desk.pool, tenant=desk.globex.id, reason="spam") == []
    assert not await replay(desk.pool, item.id, Tray().append, tenant=desk.globex.id)


@pytest.mark.parametrize(
    ("make", "outcome"),
    [
        pytest.param(spam, "created", id="what a provider calls spam makes its ticket"),
        pytest.param(blocked, "appended", id="a blocked contact's message joins its ticket"),
    ],
)
async def test_a_released_message_goes_its_way(
    desk: Desk, make: Callable[[Desk], Awaitable[Item]], outcome: str
) -> None:
    """P10: pending while it is on its way, then what it has become; its newest receipt counts."""
    item, tray = await make(desk), Tray()
    assert await replay(desk.pool, item.id, tray.append)
    (envelope,) = tray.envelopes
    assert (envelope.generation, envelope.released) == (1, True)
    assert (await found(desk, item)).replayed
    assert await open_ids(desk.pool, reason="spam") == []
    assert list((await desk.record(await tray.item(desk))).outcomes.values()) == [outcome]
    assert await ledger(desk, item.id) == [(0, "suppressed", "spam"), (1, outcome, "")]
    shown = await found(desk, item)
    assert (shown.message.state, shown.replayed) == (outcome, False)
    assert shown.message.decision is not None
    assert shown.message.decision["released"]
    assert await open_ids(desk.pool, reason="spam") == []


async def test_a_release_in_bulk(desk: Desk) -> None:
    """Many at once."""
    items, tray = [await spam(desk, f"watch {n}") for n in range(3)], Tray()
    assert await replay_all(desk.pool, await open_ids(desk.pool, reason="spam"), tray.append) == 3
    assert {one.id for one in tray.envelopes} == {item.id for item in items}


async def test_a_dead_letter_that_turns_out_to_be_spam(desk: Desk) -> None:
    """To replay what had no tenant says nothing of spam: it is held then, until that is released too."""
    item, tray = await desk.item(unwanted(mail(to=("x+initech@in.example.net",))), desk.shared), Tray()
    await desk.record(item)
    await add_tenant(desk.pool, "initech")
    await desk.directories.refresh()
    assert await replay(desk.pool, item.id, tray.append)
    assert not tray.envelopes[0].released
    await desk.record(await tray.item(desk), now=later(hours=1))
    assert await open_ids(desk.pool) == []
    assert await open_ids(desk.pool, reason="spam") == [item.id]
    assert not (await found(desk, item)).replayed
    assert await replay(desk.pool, item.id, tray.append)
    await desk.record(await tray.item(desk), now=later(hours=2))
    assert await ledger(desk, item.id) == [
        (0, "dead", "unroutable"),
        (1, "suppressed", "spam"),
        (2, "created", ""),
    ]


async def test_a_released_message_that_fails_stays_released(desk: Desk) -> None:
    """P5: it is a dead letter then, and when that is replayed it is still no spam."""
    item, tray = await spam(desk), Tray()
    assert await replay(desk.pool, item.id, tray.append)

    def broken(works: Sequence[Work], threads: Threads, duplicates: object) -> Changes:
        raise ValueError("boom")

    failing = await tray.item(desk)
    assert list((await desk.record(failing, planner=broken)).outcomes.values()) == ["dead"]
    assert await open_ids(desk.pool) == [item.id]
    assert await replay(desk.pool, item.id, tray.append)
    await desk.record(await tray.item(desk), now=later(hours=1))
    assert await ledger(desk, item.id) == [
        (0, "suppressed", "spam"),
        (1, "dead", "failed"),
        (2, "created", ""),
    ]


async def test_a_release_that_was_interrupted_settles_itself(desk: Desk) -> None:
    """A crash between append and commit leaves it listed; the effect of the release settles it."""
    item = await spam(desk)
    released = await desk.item(
        item.work.message, item.envelope.account, id=item.id, generation=1, released=True
    )
    await desk.record(released)
    assert await open_ids(desk.pool, reason="spam") == []


async def test_spam_read_again_is_laid_down_once(desk: Desk) -> None:
    """P2, R7: a crash between commit and delete does not open again what was settled meanwhile."""
    item = await spam(desk)
    assert await discard(desk.pool, item.id)
    assert (await desk.record(item)).reruns == [item.entry]
    assert await open_ids(desk.pool, reason="spam") == []


async def test_spam_that_is_discarded(desk: Desk) -> None:
    """P10: it stays suppressed, is listed no more and cannot be released."""
    item = await spam(desk)
    assert await discard(desk.pool, item.id, actor="cli")
    assert await ledger(desk, item.id) == [(0, "suppressed", "spam"), (1, "suppressed", "discarded")]
    assert await list_dead(desk.pool, reason="spam") == []
    assert not await replay(desk.pool, item.id, Tray().append)
