"""Which ticket: capabilities first, then what proves kinship, never a number alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest

from channels.message import Flag, InboundMessage, Party
from routing.facts import Identity, TicketFacts
from routing.overlay import Overlay
from tests.routing.world import (
    ACME,
    ACME_SMS,
    AGENT,
    GLOBEX,
    NOW,
    Account,
    Asked,
    World,
    days,
    events,
    kinds,
    mail,
    outcomes,
    sms,
)

FIRST = "first@customer.test"
ISSUED = "issued@in.example.net"
STRANGER = "eve@elsewhere.test"

Make = Callable[[World, TicketFacts], InboundMessage]


def at_token(world: World, ticket: TicketFacts, domain: str = "in.example.net") -> str:
    return f"t_{world.token_of(ticket)}@{domain}"


@pytest.fixture
def world() -> World:
    """One open ticket of Ada, with Bob in Cc, on which we have answered."""
    world = World()
    world.say(mail(message_id=FIRST, cc=["bob@customer.test"]))
    world.issue(world.ticket(), ISSUED)
    return world


JOINS: dict[str, tuple[Make, str]] = {
    "a token in the envelope": (lambda w, t: mail("re", to=at_token(w, t)), "reply_token"),
    "R10 a token in Cc": (lambda w, t: mail("re", cc=[at_token(w, t)]), "reply_token"),
    "R10 a token in To while the envelope says otherwise": (
        lambda w, t: mail("re", to=at_token(w, t), envelope="support+acme@in.example.net"),
        "reply_token",
    ),
    "a token with its case folded": (lambda w, t: mail("re", cc=[at_token(w, t).upper()]), "reply_token"),
    "a token on any domain": (lambda w, t: mail("re", cc=[at_token(w, t, "relay.test")]), "reply_token"),
    "R29 a token although our Message-ID was rewritten": (
        lambda w, t: mail("re", cc=[at_token(w, t)], in_reply_to=("rewritten@ses.test",)),
        "reply_token",
    ),
    "In-Reply-To of a mail we issued": (lambda w, t: mail("re", in_reply_to=(ISSUED,)), "references"),
    "In-Reply-To of a mail we received": (lambda w, t: mail("re", in_reply_to=(FIRST,)), "references"),
    "References, the rightmost known one": (
        lambda w, t: mail("re", references=("unknown@x", FIRST, "later@x")),
        "references",
    ),
    "the same Message-ID with other words, by who takes part": (
        lambda w, t: mail("with a list's footer", message_id=FIRST),
        "message_id",
    ),
    "the subject's reference, by who takes part and is proven": (
        lambda w, t: mail("re", subject=f"Re: [{t.ref}] Invoice", proven=True),
        "subject",
    ),
    "the subject's reference, by somebody in Cc": (
        lambda w, t: mail("re", sender="bob@customer.test", subject=f"[{t.ref}]", proven=True),
        "subject",
    ),
    "the subject's reference, by an agent": (
        lambda w, t: mail("re", sender=AGENT, subject=f"[{t.ref}]", proven=True),
        "subject",
    ),
}
NEW: dict[str, Make] = {
    "R27 a new matter of the same customer": lambda w, t: mail("Something else", subject="Other"),
    "R26 a number in a subject, by a stranger": lambda w, t: mail(
        sender=STRANGER, subject=f"[{t.ref}]", proven=True
    ),
    "R26 a number in a subject, not proven": lambda w, t: mail("re", subject=f"[{t.ref}]"),
    "a number without brackets": lambda w, t: mail("re", subject=f"about {t.ref}", proven=True),
    "the same Message-ID, by a stranger": lambda w, t: mail("re", sender=STRANGER, message_id=FIRST),
    "an id that nobody knows": lambda w, t: mail("re", in_reply_to=("unknown@x",)),
    "P4 a token at another tenant's domain": lambda w, t: mail(
        "re", to=at_token(w, t, "globex.test"), envelope="support+acme@in.example.net"
    ),
}


@pytest.mark.parametrize(("make", "rule"), JOINS.values(), ids=JOINS)
def test_joins_its_ticket(world: World, make: Make, rule: str) -> None:
    ticket = world.ticket()
    changes = world.say(make(world, ticket))
    assert outcomes(changes) == ["appended"]
    assert changes.messages[0].ticket_id == ticket.id
    assert changes.decisions[0].decision["thread"]["rule"] == rule


@pytest.mark.parametrize("make", NEW.values(), ids=NEW)
def test_opens_its_own(world: World, make: Make) -> None:
    changes = world.say(make(world, world.ticket()))
    assert outcomes(changes) == ["created"]


def test_an_unproven_reference_is_flagged(world: World) -> None:
    """R26: Ada takes part, but anybody can write her name into From."""
    changes = world.say(mail("re", subject=f"[{world.ticket().ref}]"))
    assert changes.messages[0].flags == (Flag.UNVERIFIED,)
    assert events(changes) == [("ticket.created", False)]


def test_a_dead_token_finds_its_tenant_and_makes_a_new_ticket(world: World) -> None:
    known = world.known.tokens
    token = world.token_of(world.ticket())
    known[token] = msgspec.structs.replace(known[token], live=False)
    changes = world.say(mail("re", to=f"t_{token}@in.example.net", in_reply_to=(ISSUED,)))
    assert outcomes(changes) == ["created"]
    assert changes.receipts[0].tenant_id == world.ticket().tenant_id


def test_a_stranger_with_a_token_is_attached_and_flagged(world: World) -> None:
    ticket = world.ticket()
    changes = world.say(mail("re", sender=STRANGER, to=at_token(world, ticket)))
    assert outcomes(changes) == ["appended"]
    assert changes.messages[0].flags == (Flag.UNVERIFIED_SENDER,)
    assert events(changes) == [("ticket.replied", False)]
    assert not changes.participants


def test_a_stranger_stays_one(world: World) -> None:
    address = at_token(world, world.ticket())
    world.say(mail("one", sender=STRANGER, to=address))
    changes = world.say(mail("two", sender=STRANGER, to=address))
    assert changes.messages[0].flags == (Flag.UNVERIFIED_SENDER,)


def test_a_stranger_has_no_say_in_what_a_ticket_is_about(world: World) -> None:
    before = world.ticket()
    changes = world.say(
        mail("URGENT! We have an outage, all data is lost.", sender=STRANGER, to=at_token(world, before))
    )
    after = changes.ticket_updates[before.id]
    assert (after.priority, after.category, after.subject) == (
        before.priority,
        before.category,
        before.subject,
    )


def test_somebody_in_cc_takes_part(world: World) -> None:
    changes = world.say(mail("re", sender="bob@customer.test", in_reply_to=(ISSUED,)))
    assert changes.messages[0].flags == ()


def test_somebody_in_cc_takes_part_within_the_batch() -> None:
    world = World()
    changes = world.run(
        world.work(mail(message_id=FIRST, cc=["bob@customer.test"])),
        world.work(mail("re", sender="bob@customer.test", in_reply_to=(FIRST,))),
    )
    assert [row.flags for row in changes.messages] == [(), ()]


def test_only_people_take_part() -> None:
    """Neither the tenant, its agents, nor what lies on the domains that all tenants share."""
    ours = ["support@acme.test", AGENT, "help+globex@in.example.net", "support+acme@in.example.net"]
    changes = World().say(mail(cc=[*ours, "t_" + "a" * 32 + "@relay.test", "bob@customer.test"]))
    assert [row.value for row in changes.participants] == ["ada@customer.test", "bob@customer.test"]


def test_p4_a_ticket_of_the_batch_is_its_tenants() -> None:
    world = World()
    world.say(mail())
    overlay = Overlay(Asked(world.known, []))
    overlay.put_ticket(world.ticket())
    assert overlay.ticket(ACME.id, world.ticket().id) == world.ticket()
    assert overlay.ticket(GLOBEX.id, world.ticket().id) is None


def test_who_a_contact_is_by_another_identity_takes_part(world: World) -> None:
    known = world.known.contacts
    tenant = world.ticket().tenant_id
    known[tenant, Identity(kind="email", value="ada@home.test")] = known[
        tenant, Identity(kind="email", value="ada@customer.test")
    ]
    changes = world.say(mail("re", sender="ada@home.test", in_reply_to=(ISSUED,)))
    assert changes.messages[0].flags == ()


def test_an_id_issued_to_several_contacts_threads_nobody(world: World) -> None:
    world.say(mail("Other", sender="eve@customer.test", subject="Other"))
    world.issue(world.ticket(), ISSUED)
    assert outcomes(world.say(mail("re", in_reply_to=(ISSUED,)))) == ["created"]


def test_ids_of_merged_tickets_are_those_of_one(world: World) -> None:
    first = world.ticket()
    world.say(mail("Other", subject="Other"))
    second = world.ticket()
    world.issue(second, ISSUED)
    world.change(first.id, merged_into=second.id)
    changes = world.say(mail("re", in_reply_to=(ISSUED,)))
    assert changes.messages[0].ticket_id == second.id


def test_a_merged_ticket_passes_its_replies_on(world: World) -> None:
    first = world.ticket()
    world.say(mail("Other", sender="eve@customer.test", subject="Other"))
    second = world.ticket()
    world.change(first.id, merged_into=second.id)
    changes = world.say(mail("re", to=at_token(world, first)))
    assert changes.messages[0].ticket_id == second.id
    assert changes.messages[0].flags == ()
    assert kinds(changes)[0] == "passed_on"


def test_tickets_merged_in_a_circle_end(world: World) -> None:
    first = world.ticket()
    world.say(mail("Other", subject="Other"))
    second = world.ticket()
    world.change(first.id, merged_into=second.id)
    world.change(second.id, merged_into=first.id)
    assert outcomes(world.say(mail("re", to=at_token(world, first)))) == ["appended"]


@pytest.mark.parametrize("sender", ["", "+4915100000000"], ids=["nobody named", "somebody else"])
def test_what_an_operator_reports_in_a_conversation_is_no_strangers(sender: str) -> None:
    """The operator has said that it belongs there; nobody else's word counts so much."""
    flags = {}
    for provider in ("api", "twilio"):
        world, account = World(), Account(id="acc", provider=provider, tenant=ACME.id)
        for text in ("one", "two"):
            said = sms(text, sender=sender if text == "two" else "", conversation="case-1")
            changes = world.say(msgspec.structs.replace(said, provider=provider), account)
        flags[provider] = (outcomes(changes), changes.messages[0].flags)
    assert flags == {
        "api": (["appended"], ()),
        "twilio": (["appended"], (Flag.UNVERIFIED_SENDER,)),
    }


SMS_JOINS = {
    "the same sender and account": (sms("again"), ["appended"]),
    "another sender": (sms(sender="+4915100000000"), ["created"]),
}


@pytest.mark.parametrize(("message", "expected"), SMS_JOINS.values(), ids=SMS_JOINS)
def test_a_conversation_is_sender_and_account(message: InboundMessage, expected: list[str]) -> None:
    world = World()
    world.say(sms(), ACME_SMS)
    assert outcomes(world.say(message, ACME_SMS)) == expected


def test_another_account_is_another_conversation() -> None:
    world = World()
    world.say(sms(), ACME_SMS)
    other = Account(id="acc_second", provider="twilio", tenant=ACME_SMS.tenant)
    changes = world.say(sms("again"), other)
    assert outcomes(changes) == ["created"]
    assert not changes.contacts  # the same number is the same contact (R3)


def line(text: str, *, thread: str, author: str = "U1", room: str = "C1") -> InboundMessage:
    return InboundMessage(
        channel="chat",
        provider="slack",
        provider_message_id=text,
        conversation=thread,
        room=room,
        sender=Party(address=author),
        text=text,
        reply_text=text,
    )


LINES = {
    "a line just after": (line("two", thread="t2"), timedelta(minutes=4), ["appended"]),
    "a line long after": (line("two", thread="t2"), timedelta(minutes=6), ["created"]),
    "somebody else's line": (line("two", thread="t2", author="U2"), timedelta(minutes=1), ["created"]),
    "a line in another channel": (line("two", thread="t2", room="C2"), timedelta(minutes=1), ["created"]),
    "a reply in the thread, whenever": (line("two", thread="t1", room=""), timedelta(hours=9), ["appended"]),
}


@pytest.mark.parametrize(("message", "later", "expected"), LINES.values(), ids=LINES)
def test_lines_of_one_author_within_five_minutes_are_one_ticket(
    message: InboundMessage, later: timedelta, expected: list[str]
) -> None:
    world = World()
    world.say(line("one", thread="t1"), ACME_SMS)
    assert outcomes(world.say(message, ACME_SMS, at=NOW + later)) == expected


def test_lines_join_as_long_as_none_is_five_minutes_after_the_one_before() -> None:
    world = World()
    for number in range(4):
        world.say(line(f"{number}", thread=f"t{number}"), ACME_SMS, at=NOW + number * timedelta(minutes=4))
    assert len(world.known.tickets) == 1


def test_an_id_that_is_known_is_not_written_again(world: World) -> None:
    assert world.say(mail("with a list's footer", message_id=FIRST)).message_ids == []


def test_a_reply_to_the_second_line_finds_the_ticket_of_both() -> None:
    world = World()
    world.say(line("one", thread="t1"), ACME_SMS)
    world.say(line("two", thread="t2"), ACME_SMS)
    assert outcomes(world.say(line("re", thread="t2", author="U2", room=""), ACME_SMS)) == ["appended"]


def test_r27_every_reply_of_a_long_thread_is_on_one_ticket() -> None:
    world = World()
    world.say(mail(message_id="0@x"))
    for number in range(1, 30):
        reply = mail(
            f"re {number}",
            message_id=f"{number}@x",
            in_reply_to=(f"{number - 1}@x",),
            references=tuple(f"{n}@x" for n in range(number)),
        )
        assert outcomes(world.say(reply, at=NOW + days(number))) == ["appended"]
