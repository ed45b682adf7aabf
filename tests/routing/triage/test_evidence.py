"""How messages of a ticket add up, and what weighs in besides the words."""

from __future__ import annotations

import msgspec
import pytest

from routing.facts import AddressFacts
from routing.triage import classify, combine, decide, raise_for_context
from routing.triage.verdict import Evidence
from tests.routing.triage.say import message, tenant, triage


def of_all(*texts: str) -> tuple[str, str, str]:
    evidence = triage(texts[0]).evidence
    for text in texts[1:]:
        evidence = combine(evidence, triage(text).evidence)
    return decide(evidence)


@pytest.mark.parametrize(
    ("label", "texts", "category", "priority"),
    [
        ("a chat that begins with Hi", ["Hi", "where is my order?"], "order_status", "normal"),
        ("a reply raises", ["Where is my order?", "This is urgent!"], "order_status", "high"),
        ("a reply never lowers", ["Where is my order? Urgent!", "No rush."], "order_status", "high"),
        (
            "what comes up more often",
            ["my invoice", "the parcel", "the parcel label", "delivery"],
            "shipping",
            "normal",
        ),
        ("thanks add nothing", ["My invoice is wrong.", "Thanks!"], "billing", "normal"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_a_ticket_is_what_all_of_its_messages_say(
    label: str, texts: list[str], category: str, priority: str
) -> None:
    assert of_all(*texts)[:2] == (category, priority)


def test_evidence_survives_the_ticket_row() -> None:
    evidence = triage("My invoice is wrong, urgent!").evidence
    assert msgspec.convert(msgspec.to_builtins(evidence), Evidence) == evidence


def test_repeating_a_word_says_nothing_new() -> None:
    once, often = triage("the invoice").evidence, triage("invoice invoice Invoice invoice").evidence
    assert once.categories == often.categories
    two, many = triage("invoice, receipt").evidence, triage("invoice, receipt, iban, vat, paypal").evidence
    assert two.categories == many.categories


def test_the_subject_weighs_more() -> None:
    assert triage("the parcel", subject="Your invoice").category == "billing"
    assert triage("the invoice", subject="Your parcel").category == "shipping"


def test_without_evidence_it_is_a_general_support_ticket() -> None:
    assert decide(Evidence()) == ("general", "normal", "support_ticket")


@pytest.mark.parametrize(
    ("label", "text", "fields", "priority", "rule"),
    [
        ("a missed call", "", {"kind": "missed_call"}, "high", "context.missed_call"),
        ("a voicemail", "please call me", {"kind": "voicemail"}, "high", "context.voicemail"),
        ("a voicemail that can wait", "no rush", {"kind": "voicemail"}, "normal", "context.voicemail"),
        ("an urgent voicemail", "the site is down", {"kind": "voicemail"}, "urgent", "context.voicemail"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_how_it_came_weighs_in(
    label: str, text: str, fields: dict[str, str], priority: str, rule: str
) -> None:
    verdict = triage(text, **fields)
    assert verdict.priority == priority
    assert rule in [hit.rule for hit in verdict.hits if hit.field == "context"]


@pytest.mark.parametrize(
    ("text", "priority"),
    [("Hello", "high"), ("no rush", "normal"), ("urgent", "high"), ("the site is down", "urgent")],
)
def test_a_vip_is_heard_one_step_sooner(text: str, priority: str) -> None:
    """The contact is often known only later: both ways must say the same."""
    at_once = classify(message(text), tenant(), vip=True)
    later = raise_for_context(triage(text), vip=True)
    assert at_once == later
    assert later.priority == later.evidence.priority == priority
    assert raise_for_context(later, vip=True) is later
    assert raise_for_context(triage(text), vip=False) == triage(text)


def test_vip_and_missed_call_raise_once() -> None:
    verdict = triage("no rush", kind="missed_call")
    assert raise_for_context(verdict, vip=True).priority == "normal"


ADDRESS = AddressFacts(address="a@acme.test", tenant="t1", kind="inbox")


@pytest.mark.parametrize(
    ("label", "text", "defaults", "expected"),
    [
        (
            "decides where words say nothing",
            "Hello",
            {"category": "sales", "type": "customer_request"},
            ("sales", "normal", "customer_request"),
        ),
        (
            "clear words win",
            "my parcel was not delivered, tracking is wrong",
            {"category": "sales"},
            ("shipping", "normal", "support_ticket"),
        ),
        ("a priority is the least", "Hello", {"priority": "high"}, ("general", "high", "support_ticket")),
        (
            "an alarm goes above",
            "the site is down",
            {"priority": "low"},
            ("technical", "urgent", "support_ticket"),
        ),
        ("a low default is low", "Hello", {"priority": "low"}, ("general", "low", "support_ticket")),
        (
            "what is none of ours is passed over",
            "Hello",
            {"category": "x", "priority": "y"},
            ("general", "normal", "support_ticket"),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_defaults_of_address_and_account_weigh_in(
    label: str, text: str, defaults: dict[str, str], expected: tuple[str, str, str]
) -> None:
    address = msgspec.structs.replace(ADDRESS, **defaults)
    by_address = classify(message(text), tenant(), address=address)
    by_account = classify(message(text), tenant(), account_settings=defaults)
    assert (by_address.category, by_address.priority, by_address.type) == expected
    assert (by_account.category, by_account.priority, by_account.type) == expected


def test_the_address_goes_before_the_account() -> None:
    address = msgspec.structs.replace(ADDRESS, category="billing", priority="low", tags=("shop",))
    settings = {"category": "sales", "priority": "high", "tags": "web, shop"}
    verdict = classify(message("Hello"), tenant(), address=address, account_settings=settings)
    assert (verdict.category, verdict.priority, verdict.tags) == ("billing", "low", ("web", "shop"))
    assert [hit.text for hit in verdict.hits] == ["sales, high, web, shop", "billing, low, shop"]
