"""A batch is planned one message after the other, as if each had come alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.message import Attachment, Flag, InboundMessage
from routing.facts import AddressFacts, TicketFacts
from routing.replies import AUTOMATIC
from routing.work import Work
from tests.routing.world import (
    ACME,
    ACME_SMS,
    GLOBEX,
    NOW,
    SHARED,
    World,
    events,
    kinds,
    mail,
    outcomes,
    sms,
    token,
)

SECOND = timedelta(seconds=1)
FIRST = "first@customer.test"

TWINS = {
    "two texts of one sender": (sms("one"), sms("two")),
    "a mail and the reply to it": (
        mail(message_id=FIRST),
        mail("re", sender="b@x.test", in_reply_to=(FIRST,)),
    ),
    "one mail with and without a list's footer": (mail(message_id=FIRST), mail("footer", message_id=FIRST)),
    "two top-level lines": (sms("one", room="C", conversation="1"), sms("two", room="C", conversation="2")),
}


@pytest.mark.parametrize(("one", "other"), TWINS.values(), ids=TWINS)
def test_p3_two_first_messages_in_one_batch_make_one_ticket(
    one: InboundMessage, other: InboundMessage
) -> None:
    world = World()
    changes = world.run(world.work(one, ACME_SMS), world.work(other, ACME_SMS))
    assert outcomes(changes) == ["created", "appended"]
    assert len(changes.tickets) == 1
    assert {row.ticket_id for row in changes.messages} == {changes.tickets[0].id}
    assert not changes.ticket_updates  # what the second one changed is in the new row


def test_r3_two_first_mails_of_one_person_make_one_contact() -> None:
    world = World()
    changes = world.run(
        world.work(mail("one", sender="Ada@Customer.test")),
        world.work(mail("two", sender="ada@customer.TEST.", subject="Other")),
    )
    assert (len(changes.tickets), len(changes.contacts)) == (2, 1)


def test_r18_a_batch_is_worked_in_the_order_of_acceptance() -> None:
    world = World()
    late = world.work(sms("two"), ACME_SMS, at=NOW + SECOND)
    early = world.work(sms("one"), ACME_SMS)
    assert [row.text for row in world.run(late, early).messages] == ["one", "two"]


def test_p2_a_duplicate_is_counted_and_lists_its_recipient() -> None:
    """The same mail to two addresses of one tenant is one message that lists both."""
    world = World()
    first = world.work(mail(message_id=FIRST))
    copy = world.work(mail(message_id=FIRST, envelope="sales@acme.test"))
    changes = world.plan(first, copy, duplicates={copy.origin.id: first.origin.id})
    assert [(row.message_id, row.address, row.field) for row in changes.recipients] == [
        (first.origin.id, "sales@acme.test", "envelope")
    ]
    assert sorted(outcomes(changes)) == ["created", "duplicate"]
    receipt = next(row for row in changes.receipts if row.outcome == "duplicate")
    assert (receipt.duplicate_of, receipt.tenant_id) == (first.origin.id, ACME.id)
    assert len(changes.messages) == 1


def test_r11_a_message_without_a_route_is_a_dead_letter_in_sight() -> None:
    world = World()
    changes = world.run(world.work(mail(to="x@elsewhere.test"), attempts=2))
    assert outcomes(changes) == ["dead"]
    assert [(row.reason, row.tenant_id, row.attempts) for row in changes.dead_letters] == [
        ("unroutable", None, 2)
    ]
    assert [(row.tenant_id, row.ticket_id) for row in changes.messages] == [(None, None)]
    assert not any((changes.tickets, changes.contacts, changes.events))


def test_a_replay_is_of_its_generation() -> None:
    world = World()
    work = world.work(sms(), ACME_SMS)
    work = msgspec.structs.replace(
        work, origin=msgspec.structs.replace(work.origin, generation=2, entry="9-9")
    )
    receipt = world.run(work).receipts[0]
    assert (receipt.generation, receipt.entry, receipt.outcome) == (2, "9-9", "created")


def test_p11_the_decision_tells_all_rules_and_all_words() -> None:
    decision = World().say(mail("I want a refund of my invoice.")).decisions[0].decision
    assert decision["outcome"] == "created"
    assert [step["rule"] for step in decision["tenant"]["steps"]] == ["reply_token", "plus_address"]
    assert [step["rule"] for step in decision["thread"]["steps"]] == [
        "reply_token", "references", "message_id", "subject",
    ]  # fmt: skip
    assert decision["author"]["verdict"] == "none"
    assert decision["answer"] == {"may_answer": True, "objections": []}
    assert any(hit["text"].lower() == "refund" for hit in decision["triage"]["hits"])


def test_r37_no_decision_activity_or_event_shows_a_reply_token() -> None:
    world = World()
    world.say(mail())
    held = world.token_of(world.ticket())
    changes = world.say(mail("re", to=f"t_{held}@in.example.net", cc=[f"t_{token(99)}@x.test"]))
    shown = str((changes.decisions, changes.activities, changes.events, changes.participants))
    assert "t_" + held not in shown
    assert held not in shown


def test_a_new_ticket_has_all_that_it_needs() -> None:
    world = World()
    world.known.addresses["billing@acme.test"] = AddressFacts(
        address="billing@acme.test", tenant=ACME.id, kind="inbox", category="billing", tags=("money",)
    )
    changes = world.say(
        mail("Hello", to="billing@acme.test", envelope="in+acme+vip@in.example.net"), at=NOW - SECOND
    )
    ticket = changes.tickets[0]
    assert (ticket.tenant_id, ticket.contact_id) == (ACME.id, changes.contacts[0].id)
    assert (ticket.category, set(ticket.tags)) == ("billing", {"vip", "money"})
    assert (ticket.created_at, ticket.customer_wrote_at) == (NOW - SECOND, NOW - SECOND)
    assert ticket.first_response_due_at == NOW - SECOND + timedelta(hours=24)
    assert [(row.token, row.ticket_id) for row in changes.reply_tokens] == [(ticket.reply_token, ticket.id)]
    assert kinds(changes) == ["created"]


def test_files_are_numbered_in_their_order() -> None:
    files = tuple(Attachment(filename=f"{n}.txt", content_type="text/plain", size=n) for n in range(3))
    changes = World().say(msgspec.structs.replace(mail(), attachments=files))
    assert [(row.position, row.filename, row.size) for row in changes.attachments] == [
        (0, "0.txt", 0), (1, "1.txt", 1), (2, "2.txt", 2),
    ]  # fmt: skip
    assert {row.message_id for row in changes.attachments} == {changes.messages[0].id}


def test_two_tenants_in_one_batch_do_not_meet() -> None:
    world = World()
    changes = world.run(
        world.work(mail(message_id=FIRST)),
        world.work(mail(message_id=FIRST, to="help+globex@in.example.net")),
    )
    assert {row.tenant_id for row in changes.tickets} == {ACME.id, GLOBEX.id}
    assert len(changes.contacts) == 2


MESSAGES = st.one_of(
    st.builds(
        lambda text, number: (sms(text, sender=f"+49151000000{number}"), ACME_SMS),
        st.sampled_from(["Hi", "Thanks!", "an outage, all data is lost", "my invoice", "STOP"]),
        st.integers(1, 2),
    ),
    st.builds(
        lambda own, parents: (
            mail(message_id=f"{own}@x", in_reply_to=tuple(f"{p}@x" for p in parents)),
            SHARED,
        ),
        st.integers(1, 4),
        st.lists(st.integers(1, 4), max_size=2),
    ),
)


@given(st.lists(MESSAGES, min_size=1, max_size=12), st.data())
def test_however_messages_are_cut_into_batches_the_same_comes_of_them(
    messages: list, data: st.DataObject
) -> None:  # type: ignore[type-arg]
    whole, parts = World(), World()
    whole.run(*works(whole, messages))
    ordered = works(parts, messages)
    while ordered:
        size = data.draw(st.integers(1, len(ordered)))
        parts.run(*ordered[:size])
        ordered = ordered[size:]
    assert shape(whole) == shape(parts)


@given(
    st.frozensets(st.sampled_from(list(Flag)), max_size=3),
    st.sampled_from(["message", "missed_call", "voicemail", "reaction"]),
    st.sampled_from(["", "stop", "start"]),
    st.sampled_from(["open", "in_progress", "waiting", "resolved", "closed"]),
    st.integers(0, 60),
    st.booleans(),
    st.text(max_size=30),
)
def test_p10_every_message_has_one_outcome_and_only_people_reopen(  # noqa: PLR0917 - all that one can be
    flags: frozenset[Flag], kind: Any, consent: Any, status: Any, later: int, by_mail: bool, text: str
) -> None:
    world = World()
    first, second = (
        (mail(message_id=FIRST), mail(text, in_reply_to=(FIRST,))) if by_mail else (sms(), sms(text))
    )
    world.say(first, ACME_SMS)
    before = world.change(world.ticket().id, status=status)
    message = msgspec.structs.replace(second, flags=flags, kind=kind, consent=consent)
    changes = world.say(message, ACME_SMS, at=NOW + timedelta(days=later))
    assert outcomes(changes)[0] in {"created", "appended", "suppressed"}
    after = world.known.tickets[before.id]
    assert after.status in {status, "open"}
    if flags & AUTOMATIC or kind == "reaction" or consent:
        assert after.status == status
        assert not any(answer for _, answer in events(changes))
    if outcomes(changes) == ["created"]:
        assert after == msgspec.structs.replace(before, followed_by=changes.tickets[0].id)


def works(world: World, messages: list) -> list[Work]:  # type: ignore[type-arg]
    return [world.work(message, by, at=NOW + n * SECOND) for n, (message, by) in enumerate(messages)]


def shape(world: World) -> list[tuple[object, ...]]:
    """The tickets of a world without their ids and tokens."""
    return sorted(map(facts, world.known.tickets.values()), key=repr)


def facts(ticket: TicketFacts) -> tuple[object, ...]:
    return (
        ticket.subject, ticket.status, ticket.priority, ticket.category, ticket.type, ticket.tags,
        ticket.evidence, ticket.created_at, ticket.customer_wrote_at, ticket.updated_at,
        ticket.first_response_due_at,
    )  # fmt: skip


def test_the_same_arguments_give_the_same_rows() -> None:
    one, other = World(), World()
    assert one.say(mail()) == other.say(mail())


def test_events_carry_what_a_consumer_sorts_by() -> None:
    changes = World().say(sms("an outage, all data is lost"), ACME_SMS)
    event = changes.events[0]
    assert events(changes) == [("ticket.created", True)]
    assert (event.data["channel"], event.data["provider"], event.data["priority"]) == (
        "sms",
        "twilio",
        "urgent",
    )
    assert (event.ticket_id, event.message_id) == (changes.tickets[0].id, changes.messages[0].id)
