"""Whether an automatic answer may go out (P9), and what STOP does to it."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from channels.message import Flag, InboundMessage, Party
from routing.answers import BUDGET
from tests.routing.world import (
    ACME,
    ACME_SMS,
    AGENT,
    NOW,
    SERVER,
    World,
    days,
    events,
    kinds,
    mail,
    outcomes,
    sms,
)

FIRST = "first@customer.test"

ANSWERS = {
    "a person": (mail(), ()),
    "generated mail": (mail(flags=[Flag.AUTO_GENERATED]), ("automatic",)),
    "a list": (mail(flags=[Flag.LIST]), ("list",)),
    "the null sender": (mail(envelope_from=""), ("null_sender",)),
    "no sender": (mail(sender=""), ("no_sender", "null_sender")),
    "R38 a forged sender": (mail(authentication_results=(f"{SERVER}; dmarc=fail",)), ("unverified",)),
    "R38 a claim to be an agent": (mail(sender=AGENT), ("unverified",)),
    "an agent": (mail(sender=AGENT, proven=True), ("agent",)),
    "let through in observe mode": (mail(flags=[Flag.UNVERIFIED]), ("unverified",)),
}


@pytest.mark.parametrize(("message", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_p9_who_may_be_answered(message: InboundMessage, expected: tuple[str, ...]) -> None:
    changes = World().say(message)
    assert events(changes) == [("ticket.created", not expected)]
    assert changes.decisions[0].decision["answer"]["objections"] == list(expected)


def test_one_message_is_answered_once() -> None:
    world = World()
    world.say(mail(message_id=FIRST))
    world.change(world.ticket().id, status="resolved")
    changes = world.say(mail("It fails, an outage!", in_reply_to=(FIRST,)))
    assert sum(answer for _, answer in events(changes)) == 1
    assert [name for name, _ in events(changes)] == ["ticket.replied", "ticket.reopened", "ticket.escalated"]


def test_a_widget_tells_twice_and_is_answered_once() -> None:
    message = msgspec.structs.replace(sms("Hello, my invoice"), channel="widget", provider="widget")
    assert events(World().say(message, ACME_SMS)) == [
        ("ticket.created", True),
        ("ticket.created_via_widget", False),
    ]


def test_r32_answers_to_one_ticket_have_a_budget() -> None:
    """Two machines with clean headers: in one batch, message after message."""
    world = World()
    changes = world.run(*(world.work(sms(f"ping {n}"), ACME_SMS) for n in range(BUDGET + 5)))
    answered = [answer for name, answer in events(changes) if name in ("ticket.created", "ticket.replied")]
    assert answered == [True] * BUDGET + [False] * 5


def test_r32_answers_to_one_contact_have_a_budget() -> None:
    """A machine that begins a new ticket each time."""
    world = World()
    works = [world.work(mail(f"ping {n}", subject=f"{n}")) for n in range(BUDGET + 5)]
    assert sum(answer for _, answer in events(world.run(*works))) == BUDGET


def test_r32_what_was_answered_before_counts() -> None:
    world = World()
    world.say(sms("one"), ACME_SMS)
    world.change(world.ticket().id, answers=BUDGET)
    assert events(world.say(sms("two"), ACME_SMS)) == [("ticket.replied", False)]


STOPPED = {
    "a ticket is open": ("open", timedelta(0), "appended"),
    "a ticket waits": ("waiting", timedelta(0), "appended"),
    "the ticket is resolved": ("resolved", timedelta(0), "suppressed"),
    "the conversation is long over": ("open", days(9), "suppressed"),
}


@pytest.mark.parametrize(("status", "later", "outcome"), STOPPED.values(), ids=STOPPED)
def test_stop_is_recorded_and_filed_where_a_ticket_is_open(
    status: str, later: timedelta, outcome: str
) -> None:
    world = World()
    world.say(sms(), ACME_SMS)
    world.change(world.ticket().id, status=status)
    changes = world.say(sms("STOP", consent="stop"), ACME_SMS, at=NOW + later)
    assert [(row.address, row.state) for row in changes.consents] == [("+4915112345678", "stop")]
    assert outcomes(changes) == [outcome]
    assert not any(answer for _, answer in events(changes))
    assert world.ticket().status == status


def test_stop_without_a_ticket_opens_none() -> None:
    changes = World().say(sms("STOP", consent="stop"), ACME_SMS)
    assert (outcomes(changes), changes.receipts[0].reason) == (["suppressed"], "consent")
    assert not any((changes.tickets, changes.contacts, changes.events))
    assert changes.consents


def test_after_stop_nothing_is_answered_until_start() -> None:
    world = World()
    world.say(sms("one"), ACME_SMS)
    texts = [("STOP", "stop"), ("two", ""), ("START", "start"), ("three", "")]
    works = [
        world.work(sms(text, consent=consent), ACME_SMS, at=NOW + timedelta(seconds=n))
        for n, (text, consent) in enumerate(texts)
    ]
    changes = world.run(*works)
    assert [answer for _, answer in events(changes)] == [False, False, False, True]
    assert [row.state for row in changes.consents] == ["start"]


def test_p9_a_contact_who_said_stop_before_is_not_answered() -> None:
    world = World()
    world.say(sms("one"), ACME_SMS)
    key = next(iter(world.known.contacts))
    world.known.contacts[key] = msgspec.structs.replace(world.known.contacts[key], stopped=True)
    assert events(world.say(sms("two"), ACME_SMS)) == [("ticket.replied", False)]


SPAM = {
    "the provider's verdict": (mail(flags=[Flag.SPAM]), False, "Its provider calls it spam."),
    "R39 somebody who is blocked": (mail(), True, "Its sender is blocked."),
}


def spammed(blocked: bool) -> World:
    """A world in which the sender may be known, and blocked."""
    world = World()
    if blocked:
        world.say(mail("before"))
        key = next(iter(world.known.contacts))
        world.known.contacts[key] = msgspec.structs.replace(world.known.contacts[key], blocked=True)
    return world


@pytest.mark.parametrize(("message", "blocked", "why"), SPAM.values(), ids=SPAM)
def test_spam_is_listed_and_nothing_more(message: InboundMessage, blocked: bool, why: str) -> None:
    changes = spammed(blocked).say(message)
    assert (outcomes(changes), changes.receipts[0].reason) == (["suppressed"], "spam")
    assert not any((changes.tickets, changes.contacts, changes.events, changes.activities))
    assert [row.tenant_id for row in changes.messages] == [ACME.id]
    assert [(row.reason, row.tenant_id, row.error) for row in changes.dead_letters] == [
        ("spam", ACME.id, why)
    ]


@pytest.mark.parametrize(("message", "blocked", "_"), SPAM.values(), ids=SPAM)
def test_spam_that_a_person_released_is_none(message: InboundMessage, blocked: bool, _: str) -> None:
    world = spammed(blocked)
    changes = world.run(world.work(message, released=True))
    assert outcomes(changes) == ["created"]
    assert changes.dead_letters == []
    assert [row.decision.get("released") for row in changes.decisions] == [True]


def test_spam_that_an_agent_forwards_is_wanted() -> None:
    """R39: it is not held, and nothing has to be released."""
    changes = World().say(mail(sender=AGENT, flags=[Flag.SPAM], proven=True))
    assert "suppressed" not in outcomes(changes)
    assert changes.dead_letters == []


def test_a_reaction_on_a_ticket_is_kept_and_unanswered() -> None:
    world = World()
    world.say(sms(), ACME_SMS)
    changes = world.say(sms("👍", kind="reaction"), ACME_SMS)
    assert (outcomes(changes), kinds(changes), events(changes)) == (
        ["appended"],
        ["replied"],
        [("ticket.replied", False)],
    )


def test_nobody_is_nobody() -> None:
    changes = World().say(msgspec.structs.replace(sms(conversation="c"), sender=Party(name="Ada")), ACME_SMS)
    assert events(changes) == [("ticket.created", False)]
