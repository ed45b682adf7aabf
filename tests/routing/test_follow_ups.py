"""Late replies: whose follow-up is whose, and what a stranger's late mail is (R26, R28, P9)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from channels.message import Flag, InboundMessage
from routing.changes import Changes
from routing.facts import Identity, TicketFacts
from tests.routing.world import ACME_SMS, AGENT, NOW, World, days, events, kinds, mail, outcomes, sms

FIRST = "first@customer.test"
BOB = "bob@customer.test"
EVE = "eve@elsewhere.test"


@pytest.fixture
def world() -> World:
    """A ticket of Ada's, with Bob in Cc."""
    world = World()
    world.say(mail(message_id=FIRST, cc=[BOB]))
    return world


def late(world: World, message: InboundMessage, day: int = 40) -> Changes:
    return world.say(message, at=NOW + days(day))


def reply(text: str, *, to: str = FIRST, **more: object) -> InboundMessage:
    return mail(text, in_reply_to=(to,), **more)  # type: ignore[arg-type]


def holds_token(world: World, old: TicketFacts) -> InboundMessage:
    return mail("Any news?", sender=EVE, to=f"t_{world.token_of(old)}@in.example.net")


def by_merged(world: World, old: TicketFacts) -> InboundMessage:
    """She answers a ticket that was merged into another one, which is as old."""
    world.say(mail("Other", subject="Other", message_id="other@customer.test"))
    world.change(old.id, merged_into=world.ticket().id, status="closed")
    return reply("Any news?", sender=EVE)


STRANGERS: dict[str, Callable[[World, TicketFacts], InboundMessage]] = {
    "an old Message-ID": lambda w, t: reply("Any news?", sender=EVE),
    "an old Message-ID, proven": lambda w, t: reply("Any news?", sender=EVE, proven=True),
    "an old reply token": holds_token,
    "a Message-ID of a merged ticket": by_merged,
    "with the customer in Cc": lambda w, t: reply("Any news?", sender=EVE, cc=["ada@customer.test"]),
}


@pytest.mark.parametrize("make", STRANGERS.values(), ids=STRANGERS)
def test_r26_a_strangers_late_mail_is_a_ticket_of_its_own(
    world: World, make: Callable[[World, TicketFacts], InboundMessage]
) -> None:
    """P9: it follows nothing, says so, and is not answered by a machine."""
    message = make(world, world.ticket())
    changes = late(world, message)
    (row,) = changes.tickets
    assert row.follows is None
    assert changes.messages[0].flags == (Flag.UNVERIFIED_SENDER,)
    assert events(changes) == [("ticket.created", False)]
    assert changes.decisions[0].decision["answer"]["objections"] == ["unverified_sender"]
    assert [(one.kind, one.value) for one in changes.participants] == [("email", EVE)]
    assert kinds(changes) == ["created"]
    assert changes.activities[0].data["unverified_sender"] is True


@pytest.mark.parametrize("make", STRANGERS.values(), ids=STRANGERS)
def test_r26_a_customers_late_reply_goes_to_no_strangers_ticket(
    world: World, make: Callable[[World, TicketFacts], InboundMessage]
) -> None:
    """What a stranger has opened before does not lead the customer astray."""
    old = world.ticket()
    message = make(world, old)
    strange = late(world, message).tickets[0]
    changes = late(world, reply("My new bank account is 12345"), 41)
    (row,) = changes.tickets
    ends = world.known.tickets[old.id].merged_into or old.id
    assert (row.follows, row.id != strange.id) == (ends, True)
    assert changes.messages[0].flags == ()
    assert events(changes) == [("ticket.created", True)]


def test_r26_a_stranger_is_not_led_to_the_customers_follow_up(world: World) -> None:
    follow_up = late(world, reply("It fails again.")).tickets[0]
    changes = late(world, reply("Any news?", sender=EVE), 41)
    assert changes.messages[0].ticket_id != follow_up.id
    assert (outcomes(changes), changes.tickets[0].follows) == (["created"], None)


def test_r26_a_customer_who_answers_a_stranger_is_a_stranger_there(world: World) -> None:
    """By the stranger's own Message-ID, although the stranger put the customer in Cc."""
    strange = late(world, reply("Hello", sender=EVE, cc=["ada@customer.test"], message_id="e@x.test"))
    changes = late(world, reply("What is this?", to="e@x.test"), 41)
    assert changes.messages[0].ticket_id == strange.tickets[0].id
    assert changes.messages[0].flags == (Flag.UNVERIFIED_SENDER,)
    assert events(changes) == [("ticket.replied", False)]


def test_r26_a_follow_up_that_a_stranger_has_got_hold_of_is_not_chosen(world: World) -> None:
    """Whoever opened it, and whatever it follows: the author must take part in it."""
    old = world.ticket()
    strange = late(world, reply("Hello", sender=EVE)).tickets[0]
    world.change(old.id, followed_by=strange.id)
    changes = late(world, reply("It fails again."), 41)
    assert [row.follows for row in changes.tickets] == [old.id]


def test_r27_who_took_part_in_the_old_ticket_takes_part_in_its_follow_up(world: World) -> None:
    """Bob was in Cc of the old one: his late reply finds what Ada's has opened, and nobody makes a third."""
    old = world.ticket()
    follow_up = late(world, reply("It fails again.")).tickets[0]
    changes = late(world, reply("For me too.", sender=BOB), 41)
    assert (outcomes(changes), changes.messages[0].ticket_id) == (["appended"], follow_up.id)
    assert changes.messages[0].flags == ()
    assert world.known.tickets[old.id].followed_by == follow_up.id


def test_r27_two_who_take_part_in_one_batch_make_one_follow_up(world: World) -> None:
    at = NOW + days(40)
    works = [world.work(reply("One"), at=at), world.work(reply("Two", sender=BOB), at=at)]
    changes = world.run(*works)
    assert outcomes(changes) == ["created", "appended"]
    assert [row.flags for row in changes.messages] == [(), ()]


def test_one_who_came_to_take_part_in_the_follow_up_finds_it_by_the_old_ticket(world: World) -> None:
    """Carol is a stranger to the old ticket; what counts is the one that she is led to."""
    carol = "carol@customer.test"
    follow_up = late(world, reply("It fails again.", cc=[carol])).tickets[0]
    changes = late(world, reply("For me too.", sender=carol), 41)
    assert (changes.messages[0].ticket_id, changes.messages[0].flags) == (follow_up.id, ())
    assert changes.decisions[0].decision["thread"]["takes_part"] is True


def test_one_who_joined_the_old_ticket_since_opens_a_follow_up_for_all(world: World) -> None:
    old = world.ticket()
    first = late(world, reply("It fails again.")).tickets[0]
    world.known.participants.add((old.id, Identity(kind="email", value="dan@customer.test")))
    second = late(world, reply("Me too.", sender="dan@customer.test"), 41).tickets[0]
    assert (second.follows, second.id != first.id) == (old.id, True)
    assert late(world, reply("And?"), 42).messages[0].ticket_id == second.id


def test_a_follow_up_that_was_merged_passes_late_replies_on(world: World) -> None:
    follow_up = late(world, reply("It fails again.")).tickets[0]
    late(world, mail("Other", subject="Other"), 41)
    other = world.ticket()
    world.change(follow_up.id, merged_into=other.id, status="closed")
    changes = late(world, reply("One more thing"), 42)
    assert (changes.messages[0].ticket_id, changes.messages[0].flags) == (other.id, ())
    assert "passed_on" in kinds(changes)


def test_a_follow_up_that_was_merged_back_leads_nowhere_else(world: World) -> None:
    old = world.ticket()
    follow_up = late(world, reply("It fails again.")).tickets[0]
    world.change(follow_up.id, merged_into=old.id, status="closed")
    changes = late(world, reply("One more thing"), 41)
    assert [row.follows for row in changes.tickets] == [old.id]


def test_an_agents_forward_may_follow_an_old_ticket(world: World) -> None:
    """An agent takes part in all of them: what an agent vouches for is no stranger's."""
    old = world.ticket()
    changes = late(world, reply("Please look", sender=AGENT, proven=True))
    assert changes.messages[0].direction == "outbound"
    assert changes.messages[0].ticket_id == old.id


def test_a_strangers_late_thanks_stay_on_the_old_ticket(world: World) -> None:
    old = world.ticket()
    late(world, reply("It fails again."))
    changes = late(world, reply("Thanks!", sender=EVE), 41)
    assert changes.messages[0].ticket_id == old.id
    assert changes.messages[0].flags == (Flag.UNVERIFIED_SENDER,)


def test_a_conversation_goes_on_where_a_stranger_woke_it() -> None:
    """A provider decides who writes in a thread: its lines stay together, and a stranger's are flagged."""
    world = World()
    world.say(sms("My parcel?", conversation="room"), ACME_SMS)
    strange = world.say(sms("Any news?", sender="+4930", conversation="room"), ACME_SMS, at=NOW + days(9))
    assert strange.tickets[0].follows is None
    changes = world.say(sms("It is here.", conversation="room"), ACME_SMS, at=NOW + days(9))
    assert changes.messages[0].ticket_id == strange.tickets[0].id
    assert changes.messages[0].flags == (Flag.UNVERIFIED_SENDER,)


def test_a_late_stop_is_no_strangers_on_the_follow_up() -> None:
    world = World()
    world.say(sms(), ACME_SMS)
    world.say(sms("Again"), ACME_SMS, at=NOW + days(9))
    changes = world.say(sms("STOP", consent="stop"), ACME_SMS, at=NOW + days(10))
    assert (outcomes(changes), changes.messages[0].flags) == (["appended"], ())
