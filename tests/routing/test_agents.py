"""Agents by mail: their replies go out, their forwards are their customers' words."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from channels.message import Flag, Forward, Party
from routing.facts import Identity
from tests.routing.world import AGENT, NOW, World, events, kinds, mail, outcomes

FIRST = "first@customer.test"
FORWARD = Forward(
    author=Party(name="Carl", address="carl@customer.test"),
    subject="Refund",
    text="I want a refund for my invoice.",
    note="Please take this one.",
)


@pytest.fixture
def world() -> World:
    world = World()
    world.say(mail(message_id=FIRST))
    world.change(world.ticket().id, status="waiting")
    return world


def test_an_agents_reply_is_outbound_and_reopens_nothing(world: World) -> None:
    ticket = world.ticket()
    message = mail(
        "We are on it.", sender=AGENT, proven=True, in_reply_to=(FIRST,), cc=["dora@customer.test"]
    )
    changes = world.say(message, at=NOW + timedelta(hours=1))
    update = changes.ticket_updates[ticket.id]
    assert (outcomes(changes), changes.messages[0].direction) == (["appended"], "outbound")
    assert (update.status, update.agent_acted) == ("waiting", True)
    assert update.first_responded_at == NOW + timedelta(hours=1)
    assert (kinds(changes), events(changes)) == (["answered"], [("ticket.replied", False)])
    assert changes.activities[0].actor == f"agent:{AGENT}"
    assert [row.value for row in changes.participants] == ["dora@customer.test"]
    assert not changes.contacts


def test_a_reply_to_the_agents_mail_is_on_the_ticket(world: World) -> None:
    world.say(
        mail("We are on it.", sender=AGENT, proven=True, in_reply_to=(FIRST,), message_id="agent@acme.test")
    )
    changes = world.say(mail("re", in_reply_to=("agent@acme.test",)))
    assert (outcomes(changes), world.ticket().status) == (["appended"], "open")


def test_r38_who_only_claims_to_be_an_agent_is_a_stranger(world: World) -> None:
    changes = world.say(mail("Close it.", sender=AGENT, in_reply_to=(FIRST,)))
    assert changes.messages[0].direction == "inbound"
    assert changes.messages[0].flags == (Flag.UNVERIFIED, Flag.UNVERIFIED_SENDER)
    assert world.ticket().agent_acted is False
    assert events(changes)[0] == ("ticket.replied", False)


def test_an_agents_out_of_office_is_no_answer(world: World) -> None:
    message = mail("I am away.", sender=AGENT, proven=True, in_reply_to=(FIRST,), flags=[Flag.AUTO_REPLY])
    world.say(message)
    assert world.ticket().agent_acted is False


def test_an_agent_who_begins_a_ticket_is_its_customer() -> None:
    changes = World().say(mail("My chair is broken.", sender=AGENT, proven=True))
    assert (outcomes(changes), changes.messages[0].direction) == (["created"], "inbound")
    assert changes.identities[0].value == AGENT


def test_an_agents_forward_makes_its_author_the_contact_and_a_note_of_the_rest() -> None:
    world = World()
    message = mail("Please take this one.", subject="Fwd", sender=AGENT, proven=True, forward=FORWARD)
    changes = world.say(msgspec.structs.replace(message, extra={"hop": "1"}))
    mine, note = sorted(changes.messages, key=lambda row: row.direction)
    assert [row.name for row in changes.contacts] == ["Carl"]
    assert world.known.participants == {
        (world.ticket().id, Identity(kind="email", value="carl@customer.test")),
    }
    assert (mine.direction, mine.sender["address"], mine.text) == (
        "inbound",
        "carl@customer.test",
        "I want a refund for my invoice.",
    )
    assert (note.direction, note.sender["address"], note.text) == ("note", AGENT, "Please take this one.")
    assert (note.ticket_id, note.recipients, note.extra) == (mine.ticket_id, (), {})
    assert (world.ticket().subject, world.ticket().category) == ("Refund", "billing")
    assert kinds(changes) == ["created", "forwarded"]
    assert events(changes) == [("ticket.created", False)]


def test_what_an_agent_forwards_is_wanted_whoever_wrote_it() -> None:
    world = World()
    world.say(mail(sender="carl@customer.test"))
    key = next(iter(world.known.contacts))
    world.known.contacts[key] = msgspec.structs.replace(world.known.contacts[key], blocked=True)
    assert outcomes(world.say(mail("fwd", sender=AGENT, proven=True, forward=FORWARD))) == ["created"]


def test_a_forward_without_words_has_no_note() -> None:
    bare = Forward(author=FORWARD.author, subject="Refund", text="I want a refund.")
    changes = World().say(mail("---", sender=AGENT, proven=True, forward=bare))
    assert [row.direction for row in changes.messages] == ["inbound"]


def test_what_an_agent_forwards_onto_a_ticket_is_trusted(world: World) -> None:
    address = f"t_{world.token_of(world.ticket())}@in.example.net"
    changes = world.say(mail("fwd", sender=AGENT, proven=True, to=address, forward=FORWARD))
    assert (outcomes(changes), changes.messages[-1].flags) == (["appended"], ())
    assert [row.value for row in changes.participants] == ["carl@customer.test"]


def test_a_customers_forward_stays_what_it_is() -> None:
    changes = World().say(mail("Look at this.", forward=FORWARD))
    assert changes.messages[0].sender["address"] == "ada@customer.test"
    assert len(changes.messages) == 1


def test_a_reply_and_the_agents_answer_in_one_batch() -> None:
    world = World()
    changes = world.run(
        world.work(mail(message_id=FIRST)),
        world.work(
            mail("Done.", sender=AGENT, proven=True, in_reply_to=(FIRST,)), at=NOW + timedelta(seconds=1)
        ),
        world.work(mail("Thank you, but no.", in_reply_to=(FIRST,)), at=NOW + timedelta(seconds=2)),
    )
    ticket = changes.tickets[0]
    assert ticket.first_responded_at == NOW + timedelta(seconds=1)
    assert ticket.agent_acted
    assert not changes.ticket_updates
