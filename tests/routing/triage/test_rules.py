"""A tenant's own rules over the defaults: taken literally, checked with clear words, never able to harm."""

from __future__ import annotations

from typing import Any

import pytest

from routing.triage import check_rule, check_rules, classify
from routing.triage.expressions import Expressions
from routing.triage.ruleset import compile_rules
from routing.triage.verdict import Triage
from tests.routing.triage.say import message, tenant


def with_rules(text: str, *rules: dict[str, Any], subject: str = "") -> Triage:
    return classify(message(text, subject), tenant("en", rules=rules))


LITERALS = [
    ("a plus", "c++", "Do you know C++ well?", "I got a c in maths"),
    ("a dot", "v2.0", "We run V2.0 here", "we run v2x0 here"),
    ("a star", "5*", "a 5* hotel", "a 55 hotel"),
    ("brackets", "[vip]", "order [VIP] today", "order v today"),
    ("a bar", "a|b", "plan a|b please", "plan a please"),
    ("a dollar", "$100", "it cost $100", "it cost 100"),
    ("a backslash", r"c:\temp", r"look at C:\temp please", "look at c temp please"),
    ("a question mark", "why?", "Why? Because.", "wh"),
    ("an apostrophe", "'t", "say 't now", "say t now"),
    ("an accent alone", "\u0301", "see \u0301 here", "see here"),
    ("a caret", "^up", "type ^up now", "up"),
]

FAULTS = [
    ("no id", {"words": ["a"], "category": "sales"}, "id must be"),
    ("an id with spaces", {"id": "My rule", "words": ["a"], "category": "sales"}, "id must be"),
    ("words as one text", {"id": "r", "words": "a", "category": "sales"}, "words must be a list"),
    ("numbers for words", {"id": "r", "words": [7], "category": "sales"}, "words must hold texts only"),
    ("an unknown key", {"id": "r", "word": ["a"], "category": "sales"}, "'word' is not a key"),
    ("nothing to match", {"id": "r", "category": "sales"}, "it matches nothing"),
    ("no effect", {"id": "r", "words": ["a"]}, "it has no effect"),
    (
        "an unknown category",
        {"id": "r", "words": ["a"], "category": "money"},
        "category must be one of billing",
    ),
    ("an unknown priority", {"id": "r", "words": ["a"], "priority": "max"}, "priority must be one of low"),
    ("an unknown type", {"id": "r", "words": ["a"], "type": "task"}, "type must be one of"),
    (
        "an unknown field",
        {"id": "r", "words": ["a"], "category": "sales", "fields": ["html"]},
        "'html' is no field",
    ),
    ("a weight of zero", {"id": "r", "words": ["a"], "category": "sales", "weight": 0}, "weight must be"),
    (
        "a weight in words",
        {"id": "r", "words": ["a"], "category": "sales", "weight": "much"},
        "weight must be",
    ),
    (
        "a language by name",
        {"id": "r", "words": ["a"], "category": "sales", "languages": ["German"]},
        "no language code",
    ),
    ("an empty word", {"id": "r", "words": [" "], "category": "sales"}, "words holds an empty entry"),
    ("a broken pattern", {"id": "r", "patterns": ["a("], "category": "sales"}, "pattern 'a(': missing )"),
    ("a back reference", {"id": "r", "patterns": [r"(a)\1"], "category": "sales"}, "invalid escape sequence"),
    (
        "a pattern for nothing",
        {"id": "r", "patterns": ["a*"], "category": "sales"},
        "it matches the empty text",
    ),
    ("a very long word", {"id": "r", "words": ["a" * 201], "category": "sales"}, "longer than 200"),
    ("too many words", {"id": "r", "words": ["a"] * 501, "category": "sales"}, "at most 500"),
    ("yes for true", {"id": "r", "disabled": "yes"}, "disabled must be true or false"),
    ("a lone surrogate", {"id": "r", "patterns": ["\ud800"], "category": "sales"}, "lone surrogate"),
]


@pytest.mark.parametrize(("label", "word", "found", "other"), LITERALS, ids=[row[0] for row in LITERALS])
def test_a_word_is_taken_literally(label: str, word: str, found: str, other: str) -> None:
    """R40: a metacharacter in a keyword is a character."""
    rule = {"id": "mine", "words": [word], "tags": ["hit"]}
    assert check_rule(rule) == []
    assert with_rules(found, rule).tags == ("hit",)
    assert with_rules(other, rule).tags == ()


@pytest.mark.parametrize(("label", "rule", "fault"), FAULTS, ids=[row[0] for row in FAULTS])
def test_a_faulty_rule_is_told_in_words(label: str, rule: dict[str, Any], fault: str) -> None:
    assert any(fault in found for found in check_rule(rule)), check_rule(rule)


def test_a_faulty_rule_costs_itself_alone() -> None:
    """P5: what a tenant wrote wrongly must not stop its messages, nor its other rules."""
    broken = {"id": "broken", "patterns": ["a("], "category": "sales"}
    sound = {"id": "sound", "words": ["zebra"], "category": "sales"}
    verdict = with_rules("a zebra", broken, sound)
    assert verdict.category == "sales"
    assert compile_rules([broken, sound], ["en"]).faults == ("rule broken: pattern 'a(': missing ): a(",)


def test_rules_are_checked_together() -> None:
    rule = {"id": "twice", "words": ["a"], "category": "sales"}
    assert check_rules([rule, rule]) == ["rule twice: the id is used twice"]
    assert "at most 500" in check_rules([{**rule, "id": f"r{n}"} for n in range(501)])[0]


def test_a_tenants_rule_can_make_it_urgent() -> None:
    rule = {
        "id": "stop-line",
        "words": ["line 4 stopped"],
        "priority": "urgent",
        "category": "technical",
        "weight": 5,
    }
    verdict = with_rules("Good morning, line 4 stopped.", rule)
    assert (verdict.priority, verdict.category) == ("urgent", "technical")
    assert [hit.rule for hit in verdict.hits] == ["stop-line"]


def test_a_tenants_rule_can_be_denied_too() -> None:
    rule = {"id": "r", "words": ["red alert"], "priority": "urgent"}
    assert with_rules("This is not a red alert.", rule).priority == "normal"
    assert with_rules("This is not a red alert.", {**rule, "negatable": False}).priority == "urgent"


def test_a_default_can_be_switched_off_and_replaced() -> None:
    assert with_rules("It is urgent.").priority == "high"
    assert with_rules("It is urgent.", {"id": "en.urgency", "disabled": True}).priority == "normal"
    other = {"id": "en.urgency", "words": ["pronto"], "priority": "high"}
    assert with_rules("It is urgent.", other).priority == "normal"
    assert with_rules("I need it pronto.", other).priority == "high"


def test_a_rule_can_be_for_one_language_or_field() -> None:
    german = {"id": "r", "words": ["zebra"], "tags": ["hit"], "languages": ["de"]}
    assert with_rules("the zebra is here", german).tags == ()
    assert with_rules("das zebra ist hier", german).tags == ("hit",)
    subject = {"id": "r", "words": ["zebra"], "tags": ["hit"], "fields": ["subject"]}
    assert with_rules("the zebra is here", subject).tags == ()
    assert with_rules("it is here", subject, subject="Zebra").tags == ("hit",)


def test_stems_and_tails_find_the_word_around_them() -> None:
    verdict = with_rules(
        "the zebras and a megazebra", {"id": "r", "stems": ["zebr"], "tails": ["zebra"], "tags": ["x"]}
    )
    assert [hit.text for hit in verdict.hits] == ["zebras", "megazebra"]


def test_unless_is_for_its_own_rule() -> None:
    rule = {"id": "r", "words": ["zebra"], "unless": ["zebra crossing"], "tags": ["animal"]}
    other = {"id": "s", "words": ["zebra"], "tags": ["stripes"]}
    assert with_rules("at the zebra crossing", rule, other).tags == ("stripes",)


@pytest.mark.parametrize(
    ("label", "text", "matches"),
    [
        ("whole", "Ticket inv-1234, please", True),
        ("inside a word", "xinv-1234", False),
        ("next to an umlaut", "üinv-1234", False),
        ("at the end", "see INV-1234", True),
    ],
)
def test_a_pattern_matches_whole_words_in_any_case(label: str, text: str, *, matches: bool) -> None:
    rule = {"id": "r", "patterns": [r"inv-\d{4}"], "tags": ["hit"]}
    assert (with_rules(text, rule).tags == ("hit",)) is matches


def test_a_pattern_that_kills_others_is_harmless_here() -> None:
    """RE2 has no backtracking: nested repeats over a long text end at once (P5)."""
    rule = {"id": "r", "patterns": ["(a+)+b"], "tags": ["hit"]}
    assert check_rule(rule) == []
    assert with_rules("a" * 20_000, rule).tags == ()


def test_a_pattern_that_is_dear_to_build_is_refused() -> None:
    rule = {"id": "r", "patterns": [r"(?:\w{1,40} ){1,20}x"], "tags": ["hit"]}
    assert any("too large" in fault for fault in check_rule(rule))
    many = [{"id": f"r{n}", "patterns": [f"x{n}y"], "tags": ["hit"]} for n in range(101)]
    assert any("patterns" in fault for fault in check_rules(many))


def test_patterns_too_many_for_one_automaton_still_match() -> None:
    patterns = [rf"x{n}(?:\w{{1,12}} ){{1,8}}y{n}" for n in range(100)]
    assert list(Expressions(patterns).find("look: x7abc def y7")) == [(7, 6, 18)]


def test_the_version_follows_the_content() -> None:
    rule = {"id": "r", "words": ["zebra"], "tags": ["a"]}
    same, changed = with_rules("zebra", dict(rule)), with_rules("zebra", {**rule, "tags": ["b"]})
    assert with_rules("zebra", rule).hits[0].version == same.hits[0].version
    assert changed.hits[0].version != same.hits[0].version
    assert changed.version != same.version != with_rules("zebra").version


def test_the_same_rules_are_compiled_once() -> None:
    rules = [{"id": "r", "words": ["zebra"], "tags": ["a"]}]
    assert compile_rules(rules, ["en"]).own is compile_rules([dict(rules[0])], ["en"]).own
