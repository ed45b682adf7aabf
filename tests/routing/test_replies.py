"""What a reply does to its ticket: reopen it, leave it, or follow it."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from channels.message import Attachment, Flag, InboundMessage, Party
from routing.facts import TenantSettings, TicketFacts
from routing.replies import is_mere_thanks
from tests.routing.world import ACME, ACME_SMS, NOW, World, days, events, kinds, mail, outcomes, sms

FIRST = "first@customer.test"


def reply(text: str = "It still fails.", **more: object) -> InboundMessage:
    return mail(text, in_reply_to=(FIRST,), **more)  # type: ignore[arg-type]


@pytest.fixture
def world() -> World:
    world = World()
    world.say(mail(message_id=FIRST))
    return world


REOPENED = {
    "open stays open": ("open", reply(), "open"),
    "in progress stays in progress": ("in_progress", reply(), "in_progress"),
    "waiting is open again": ("waiting", reply(), "open"),
    "resolved is open again": ("resolved", reply(), "open"),
    "an automatic reply reopens nothing": ("waiting", reply(flags=[Flag.AUTO_REPLY]), "waiting"),
    "generated mail reopens nothing": ("resolved", reply(flags=[Flag.AUTO_GENERATED]), "resolved"),
    "a mere thanks reopens nothing": ("resolved", reply("Thank you so much!\n\nAda"), "resolved"),
    "thanks with a but is more": ("resolved", reply("Thanks, but it still fails."), "open"),
    "a reaction reopens nothing": ("resolved", reply("👍", flags=[Flag.REACTION]), "resolved"),
}


@pytest.mark.parametrize(("status", "message", "expected"), REOPENED.values(), ids=REOPENED)
def test_what_reopens(world: World, status: str, message: InboundMessage, expected: str) -> None:
    ticket = world.change(world.ticket().id, status=status)
    changes = world.say(message)
    assert outcomes(changes) == ["appended"]
    assert changes.ticket_updates[ticket.id].status == expected
    reopened = status != expected
    assert ("reopened" in kinds(changes)) is reopened
    assert (("ticket.reopened", False) in events(changes)) is reopened


THANKS = [
    "Thanks!",
    "Thank you very much for your help",
    "ok great, thanks\nAda",
    "Vielen Dank!",
    "Danke schön, alles klar. Viele Grüße\nAda",
    "Merci beaucoup",
    "Muchas gracias por su ayuda",
    "Obrigada!",
    "Hartelijk bedankt voor de hulp",
    "Grazie mille 🙏",
    "👍🏽",
    "❤️ 🙏!",
]
NO_THANKS = [
    "",
    "No thanks",
    "😡",
    "...",
    "👍?",
    "Thanks, but it still fails",
    "Thanks. Any news?",
    "Thanks, my number is 42",
    "ok",
    "Danke, aber es geht nicht",
    "Thank you thank you thank you thank you thank you thank you thank you",
]


@pytest.mark.parametrize("text", THANKS)
def test_mere_thanks(text: str) -> None:
    assert is_mere_thanks(mail(text))


@pytest.mark.parametrize("text", NO_THANKS)
def test_more_than_thanks(text: str) -> None:
    assert not is_mere_thanks(mail(text))


@pytest.mark.parametrize("inline", [True, False], ids=["the logo of a signature", "a file"])
def test_thanks_with_a_file_is_more(inline: bool) -> None:
    file = Attachment(filename="photo.jpg", content_type="image/jpeg", inline=inline)
    assert is_mere_thanks(msgspec.structs.replace(mail("Thanks!"), attachments=(file,))) is inline


WINDOWS = {
    "mail within 28 days": (True, timedelta(days=27), TenantSettings(), "appended"),
    "mail after 28 days": (True, timedelta(days=29), TenantSettings(), "created"),
    "SMS within 72 hours": (False, timedelta(hours=71), TenantSettings(), "appended"),
    "SMS after 72 hours": (False, timedelta(hours=73), TenantSettings(), "created"),
    "mail after the tenant's own window": (
        True,
        timedelta(days=4),
        TenantSettings(mail_reply_days=3),
        "created",
    ),
    "SMS after the tenant's own window": (
        False,
        timedelta(hours=2),
        TenantSettings(chat_reply_hours=1),
        "created",
    ),
}


@pytest.mark.parametrize(("by_mail", "later", "settings", "expected"), WINDOWS.values(), ids=WINDOWS)
def test_r28_a_late_reply_opens_a_follow_up(
    by_mail: bool, later: timedelta, settings: TenantSettings, expected: str
) -> None:
    world = World()
    world.known.tenants[ACME.id] = msgspec.structs.replace(ACME, settings=settings)
    first, second = (mail(message_id=FIRST), reply()) if by_mail else (sms(), sms("again"))
    world.say(first, ACME_SMS)
    old = world.ticket()
    changes = world.say(second, ACME_SMS, at=NOW + later)
    assert outcomes(changes) == [expected]
    assert [row.follows for row in changes.tickets] == ([old.id] if expected == "created" else [])


def late(world: World, message: InboundMessage) -> TicketFacts:
    world.say(message, at=NOW + days(40))
    return world.ticket()


def test_the_old_ticket_knows_its_follow_up(world: World) -> None:
    old = world.change(world.ticket().id, status="closed")
    changes = world.say(reply(), at=NOW + days(40))
    assert [(row.ticket_id, row.kind) for row in changes.activities] == [
        (changes.tickets[0].id, "created"),
        (old.id, "followed_up"),
    ]
    assert old.id not in changes.ticket_updates  # it stays closed


def test_r27_a_second_late_reply_joins_the_follow_up(world: World) -> None:
    world.change(world.ticket().id, status="closed")
    follow_up = late(world, reply())
    changes = world.say(reply("One more thing"), at=NOW + days(41))
    assert changes.messages[0].ticket_id == follow_up.id


def test_two_late_replies_in_one_batch_make_one_follow_up(world: World) -> None:
    at = NOW + days(40)
    changes = world.run(world.work(reply("one"), at=at), world.work(reply("two"), at=at))
    assert outcomes(changes) == ["created", "appended"]


def test_what_an_agent_did_extends_the_window(world: World) -> None:
    world.change(world.ticket().id, updated_at=NOW + days(20))
    assert outcomes(world.say(reply(), at=NOW + days(40))) == ["appended"]


def test_a_follow_up_takes_nothing_from_an_old_ticket_that_moves_again(world: World) -> None:
    old = world.ticket()
    late(world, reply())
    world.change(old.id, updated_at=NOW + days(41))
    changes = world.say(reply("About the old one"), at=NOW + days(42))
    assert changes.messages[0].ticket_id == old.id


@pytest.mark.parametrize("later", [0, 1, 40], ids=["at once", "within the window", "late"])
def test_a_reply_to_a_closed_ticket_opens_a_follow_up(world: World, later: int) -> None:
    """Closed is final, whatever the age of the ticket: a reply moves `waiting` and `resolved` only."""
    old = world.change(world.ticket().id, status="closed")
    changes = world.say(reply(), at=NOW + days(later))
    assert outcomes(changes) == ["created"]
    assert changes.tickets[0].follows == old.id
    assert events(changes) == [("ticket.created", True)]
    assert world.known.tickets[old.id].status == "closed"
    again = world.say(reply("One more thing"), at=NOW + days(later))
    assert again.messages[0].ticket_id == changes.tickets[0].id


def test_a_text_to_a_closed_ticket_opens_a_follow_up_that_goes_on() -> None:
    world = World()
    world.say(sms(), ACME_SMS)
    old = world.change(world.ticket().id, status="closed")
    assert [row.follows for row in world.say(sms("Again"), ACME_SMS).tickets] == [old.id]
    assert outcomes(world.say(sms("And again"), ACME_SMS)) == ["appended"]


CLOSED = {
    "a mere thanks is filed": (reply("Thank you!"), "appended"),
    "a reaction is filed": (reply("👍", flags=[Flag.REACTION]), "appended"),
    "an out-of-office reply is filed": (reply(flags=[Flag.AUTO_REPLY]), "appended"),
    "a soft bounce is filed": (reply(flags=[Flag.BOUNCE]), "appended"),
    "a complaint is filed": (reply(flags=[Flag.COMPLAINT_REPORT]), "appended"),
    "a notice is filed": (reply(flags=[Flag.DELIVERY_REPORT]), "appended"),
    "R33 generated mail is not lost on it": (reply("Disk full", flags=[Flag.AUTO_GENERATED]), "created"),
}


@pytest.mark.parametrize("later", [1, 40], ids=["closed", "late"])
@pytest.mark.parametrize(("message", "expected"), CLOSED.values(), ids=CLOSED)
def test_what_asks_for_nothing_finds_a_closed_ticket_as_it_finds_a_late_one(
    world: World, message: InboundMessage, expected: str, later: int
) -> None:
    old = world.change(world.ticket().id, status="closed" if later == 1 else "resolved")
    changes = world.say(message, at=NOW + days(later))
    assert outcomes(changes) == [expected]
    assert world.known.tickets[old.id].status == old.status
    assert ("ticket.reopened", False) not in events(changes)


def test_a_follow_up_that_was_merged_passes_late_replies_on(world: World) -> None:
    old = world.change(world.ticket().id, status="closed")
    world.say(reply())
    follow_up = world.ticket()
    world.say(mail("Another matter", subject="Other"))
    target = world.ticket()
    world.change(follow_up.id, status="closed", merged_into=target.id)
    changes = world.say(reply("One more thing"))
    assert changes.messages[0].ticket_id == target.id
    assert world.known.tickets[old.id].status == "closed"


def test_a_follow_up_merged_back_into_its_closed_ticket_goes_round_for_once(world: World) -> None:
    old = world.change(world.ticket().id, status="closed")
    world.say(reply())
    world.change(world.ticket().id, status="closed", merged_into=old.id)
    assert [row.follows for row in world.say(reply("One more thing")).tickets] == [old.id]


def test_a_merged_ticket_is_closed_and_passes_its_replies_on_all_the_same(world: World) -> None:
    first = world.ticket()
    world.say(mail("Another matter", subject="Other"))
    second = world.change(world.ticket().id, status="waiting")
    world.change(first.id, status="closed", merged_into=second.id)
    changes = world.say(reply())
    assert (outcomes(changes), changes.messages[0].ticket_id) == (["appended"], second.id)
    assert world.known.tickets[second.id].status == "open"


def test_late_thanks_open_nothing(world: World) -> None:
    assert outcomes(world.say(reply("Thanks!"), at=NOW + days(40))) == ["appended"]


def test_r33_late_generated_mail_is_not_lost_on_an_old_ticket(world: World) -> None:
    changes = world.say(reply("Disk full", flags=[Flag.AUTO_GENERATED]), at=NOW + days(40))
    assert outcomes(changes) == ["created"]
    assert events(changes) == [("ticket.created", False)]


def test_a_lone_reaction_is_nothing() -> None:
    changes = World().say(sms("👍", kind="reaction"), ACME_SMS)
    assert (outcomes(changes), changes.receipts[0].reason) == (["suppressed"], "reaction")
    assert not changes.contacts
    assert not changes.events


DERIVED = {
    "a chat that begins with Hi gets its subject later": ("Hi", "My router is broken", "My router is broken"),
    "a subject that says something stays": ("My router is broken", "And the modem", "My router is broken"),
}


@pytest.mark.parametrize(("first", "second", "expected"), DERIVED.values(), ids=DERIVED)
def test_the_subject_comes_of_all_that_the_customer_wrote(first: str, second: str, expected: str) -> None:
    world = World()
    world.say(sms(first), ACME_SMS)
    world.say(sms(second), ACME_SMS)
    assert world.ticket().subject == expected


def test_nothing_is_derived_after_an_agent_acted() -> None:
    world = World()
    world.say(sms("Hi"), ACME_SMS)
    before = world.change(world.ticket().id, agent_acted=True)
    world.say(sms("I want a refund for my invoice"), ACME_SMS)
    after = world.ticket()
    assert (after.subject, after.category, after.type) == (before.subject, before.category, before.type)


def test_what_a_person_has_set_is_never_overridden() -> None:
    world = World()
    world.say(sms("Hi"), ACME_SMS)
    hand = frozenset({"priority", "category", "subject"})
    before = world.change(world.ticket().id, set_by_hand=hand, category="sales", priority="low", subject="S")
    changes = world.say(sms("Urgent: the whole system is down, an outage, refund my invoice"), ACME_SMS)
    after = world.ticket()
    assert (after.subject, after.category, after.priority) == ("S", "sales", "low")
    assert after.first_response_due_at == before.first_response_due_at
    assert ("ticket.escalated", False) not in events(changes)


def test_a_reply_raises_the_priority_and_sets_the_clocks_from_the_beginning() -> None:
    world = World()
    world.say(sms("My router"), ACME_SMS)
    changes = world.say(
        sms("There is an outage, all our data is lost!"), ACME_SMS, at=NOW + timedelta(minutes=30)
    )
    after = world.ticket()
    assert after.priority == "urgent"
    assert after.first_response_due_at == NOW + timedelta(hours=1)
    assert ("ticket.escalated", False) in events(changes)
    assert "priority_changed" in kinds(changes)


def test_a_reply_never_lowers_the_priority() -> None:
    world = World()
    world.say(sms("Hi"), ACME_SMS)
    world.change(world.ticket().id, priority="high")
    world.say(sms("Not urgent"), ACME_SMS)
    assert world.ticket().priority == "high"


def test_a_reply_does_not_take_an_alarm_back() -> None:
    world = World()
    world.say(sms("There is an outage, all our data is lost!"), ACME_SMS)
    world.say(sms("Not urgent any more, no rush"), ACME_SMS)
    assert world.ticket().priority == "urgent"


def test_a_proven_vip_weighs_in_and_an_unproven_one_is_flagged() -> None:
    for proven, priority, flags in ((True, "high", ()), (False, "normal", ("unverified",))):
        world = World()
        world.say(mail("Hello, where is my order?", subject="Order"))
        key = next(iter(world.known.contacts))
        world.known.contacts[key] = msgspec.structs.replace(world.known.contacts[key], vip=True)
        changes = world.say(mail("Hello, where is my parcel?", subject="Parcel", proven=proven))
        assert (changes.tickets[0].priority, changes.messages[0].flags) == (priority, flags)


def test_somebody_who_hides_makes_no_contact() -> None:
    changes = World().say(msgspec.structs.replace(sms(conversation="c"), sender=Party()), ACME_SMS)
    assert outcomes(changes) == ["created"]
    assert (changes.contacts, changes.tickets[0].contact_id) == ([], None)


def test_a_typed_in_address_joins_no_contact_that_is_known() -> None:
    world = World()
    world.say(mail())
    form = sms("Hello, my invoice", sender="ada@customer.test", conversation="form 1", sender_claimed=True)
    changes = world.say(form, ACME_SMS)
    assert [row.kind for row in changes.identities] == ["claim:email"]
    assert changes.messages[0].contact_id == changes.contacts[0].id


def test_one_person_by_mail_and_by_sms_are_two_until_somebody_joins_them() -> None:
    world = World()
    world.say(mail())
    assert len(world.say(sms(), ACME_SMS).contacts) == 1
