"""Machines: they append to what they answer, reopen nothing, and make no tickets of our own mail."""

from __future__ import annotations

import msgspec
import pytest

from channels.message import Bounce, Flag, InboundMessage
from routing.loop import HEADER, loop_value, own_mail
from tests.routing.world import (
    ACME,
    GLOBEX,
    LOOP_KEY,
    NOW,
    World,
    days,
    events,
    kinds,
    mail,
    outcomes,
)

FIRST = "first@customer.test"
ISSUED = "issued@in.example.net"
DAEMON = "mailer-daemon@customer.test"
HARD = Bounce(recipient="ada@customer.test", status="5.1.1", hard=True, message_id=ISSUED)
SOFT = Bounce(recipient="ada@customer.test", status="4.2.2", message_id=ISSUED)


@pytest.fixture
def world() -> World:
    world = World()
    world.say(mail(message_id=FIRST))
    world.issue(world.ticket(), ISSUED)
    world.change(world.ticket().id, status="waiting")
    return world


def bounce(facts: Bounce | None = HARD, *, text: str = "Undeliverable", **more: object) -> InboundMessage:
    return mail(text, sender=DAEMON, flags=[Flag.BOUNCE], envelope_from="", bounce=facts, **more)  # type: ignore[arg-type]


ANSWERING = {
    "R34 a soft bounce": (bounce(SOFT), "bounced"),
    "a bounce that only its headers thread": (bounce(None, in_reply_to=(ISSUED,)), "bounced"),
    "a complaint": (mail(flags=[Flag.COMPLAINT_REPORT], references=(ISSUED,)), "complained"),
    "an out-of-office reply": (mail(flags=[Flag.AUTO_REPLY], in_reply_to=(ISSUED,)), "auto_replied"),
}
LONE = {
    "R34 a bounce": (bounce(None), "bounce"),
    "a bounce of a mail that nobody knows": (bounce(Bounce(hard=True, message_id="unknown@x")), "bounce"),
    "a complaint": (mail(flags=[Flag.COMPLAINT_REPORT]), "complaint_report"),
    "a delay notice": (mail(flags=[Flag.DELIVERY_REPORT]), "delivery_report"),
    "an out-of-office reply": (mail(flags=[Flag.AUTO_REPLY]), "auto_reply"),
}


@pytest.mark.parametrize(("message", "kind"), ANSWERING.values(), ids=ANSWERING)
def test_appends_to_what_it_answers_and_reopens_nothing(
    world: World, message: InboundMessage, kind: str
) -> None:
    changes = world.say(message)
    assert (outcomes(changes), kinds(changes), changes.events) == (["appended"], [kind], [])
    assert world.ticket().status == "waiting"


@pytest.mark.parametrize(("message", "reason"), LONE.values(), ids=LONE)
def test_what_answers_nothing_is_suppressed_with_its_reason(message: InboundMessage, reason: str) -> None:
    changes = World().say(message)
    assert (outcomes(changes), changes.receipts[0].reason) == (["suppressed"], reason)
    assert not any((changes.tickets, changes.contacts, changes.events))
    assert changes.messages[0].ticket_id is None


def test_r34_a_hard_bounce_reopens_once(world: World) -> None:
    changes = world.say(bounce())
    assert events(changes) == [("ticket.delivery_failed", False), ("ticket.reopened", False)]
    assert (world.ticket().status, world.ticket().bounced_at) == ("open", NOW)
    world.change(world.ticket().id, status="waiting")
    again = world.say(bounce(text="Undeliverable again"))
    assert (outcomes(again), again.events, world.ticket().status) == (["appended"], [], "waiting")


@pytest.mark.parametrize("status", ["waiting", "resolved", "closed"])
def test_r34_a_hard_bounce_reopens_whatever_believes_to_be_answered(world: World, status: str) -> None:
    """Closed too: the answer that closed it has not arrived."""
    world.change(world.ticket().id, status=status)
    changes = world.say(bounce())
    assert (outcomes(changes), world.ticket().status) == (["appended"], "open")


def test_a_hard_bounce_of_an_open_ticket_only_tells(world: World) -> None:
    world.change(world.ticket().id, status="open")
    changes = world.say(bounce())
    assert events(changes) == [("ticket.delivery_failed", False)]
    assert changes.events[0].data["recipient"] == "ada@customer.test"


def test_a_bounce_by_a_dead_token_still_finds_the_mail_that_failed(world: World) -> None:
    token = world.token_of(world.ticket())
    world.known.tokens[token] = msgspec.structs.replace(world.known.tokens[token], live=False)
    assert outcomes(world.say(bounce(to=f"t_{token}@in.example.net"))) == ["appended"]


def test_a_bounce_makes_no_contact_and_nobody_takes_part(world: World) -> None:
    changes = world.say(bounce())
    assert not any((changes.contacts, changes.participants))


def test_a_late_bounce_opens_no_follow_up(world: World) -> None:
    assert outcomes(world.say(bounce(SOFT), at=NOW + days(40))) == ["appended"]


def test_a_notice_adds_an_activity_only(world: World) -> None:
    changes = world.say(mail(flags=[Flag.DELIVERY_REPORT], references=(ISSUED,)))
    assert (kinds(changes), changes.ticket_updates, changes.events) == (["delivery_report"], {}, [])


def test_r33_wanted_machine_mail_makes_a_ticket_without_answers() -> None:
    changes = World().say(mail("A new order came in.", flags=[Flag.AUTO_GENERATED, Flag.LIST]))
    assert (outcomes(changes), events(changes)) == (["created"], [("ticket.created", False)])


OWN = {
    "our loop header": mail(loop=loop_value(LOOP_KEY, ACME.id)),
    "a Message-ID that we issued": mail(message_id=ISSUED),
}
NOT_OWN = {
    "the loop header of another tenant": mail(loop=loop_value(LOOP_KEY, GLOBEX.id)),
    "a loop header of another key": mail(loop=loop_value(b"x" * 32, ACME.id)),
    "rubbish in the header": mail(loop="v1.\udcff"),
    "our own address": mail(sender="support@acme.test"),
}


@pytest.mark.parametrize("message", OWN.values(), ids=OWN)
def test_p9_our_own_mail_ends_here(world: World, message: InboundMessage) -> None:
    changes = world.say(message)
    assert (outcomes(changes), changes.receipts[0].reason) == (["suppressed"], "own_mail")
    assert not changes.events


@pytest.mark.parametrize("message", NOT_OWN.values(), ids=NOT_OWN)
def test_p9_what_is_not_ours_goes_on(world: World, message: InboundMessage) -> None:
    assert outcomes(world.say(message)) == ["created"]


def test_a_former_loop_key_is_still_known() -> None:
    message = mail(loop=loop_value(b"old", ACME.id))
    world = World()
    context = world.known
    threads = type("Nothing", (), {"issued": staticmethod(lambda *_: False)})()
    assert own_mail(message, ACME.id, (LOOP_KEY, b"old"), threads) == "loop_header"
    assert own_mail(message, ACME.id, (LOOP_KEY,), threads) == ""
    assert HEADER == "X-Inlet-Loop"
    assert context is world.known
