"""The data that ships: sound, complete in every language, and quick to say what it means."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from routing.facts import CATEGORIES
from routing.triage import check_rule
from routing.triage.defaults import languages
from tests.routing.triage.say import triage

CODES = sorted(languages())
NEEDED_TAGS = {"outage", "data-loss", "security", "safety"}


def test_seven_languages_ship() -> None:
    assert CODES == ["de", "en", "es", "fr", "it", "nl", "pt"]


@pytest.mark.parametrize("code", CODES)
def test_every_rule_that_ships_is_sound(code: str) -> None:
    """The same check that tenants' rules must pass, so that its limits are no theory."""
    faults = {rule.id: check_rule(plain(rule)) for rule in languages()[code].rules}
    assert not {name: fault for name, fault in faults.items() if fault}


@pytest.mark.parametrize("code", CODES)
def test_every_language_is_complete(code: str) -> None:
    rules = languages()[code].rules
    assert len({rule.id for rule in rules}) == len(rules)
    assert set(CATEGORIES) == {rule.category for rule in rules if rule.category}
    assert {rule.type for rule in rules if rule.type} == {"bug_report", "feature_request", "customer_request"}
    assert {tag for rule in rules if rule.priority == "urgent" for tag in rule.tags} >= NEEDED_TAGS
    assert {"low", "high", "urgent"} == {rule.priority for rule in rules if rule.priority}


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("de", "Das ist nicht dringend."),
        ("en", "This is not urgent."),
        ("es", "Esto no es nada urgente, gracias."),
        ("fr", "Ce n'est vraiment pas urgent."),
        ("it", "Non è affatto urgente."),
        ("nl", "Het is niet zo dringend."),
        ("pt", "Não é nada urgente, obrigado."),
    ],
)
def test_a_denial_is_understood_in_every_language(code: str, text: str) -> None:
    verdict = triage(text, languages=(code,))
    assert (verdict.language, verdict.priority) == (code, "low")


@pytest.mark.parametrize(
    "text",
    [
        "not urgent " * 1800,
        "thanks " * 2800,
        "outage is over " * 1300,
        "urgent\n" * 2800,
        "a" * 20_000,
        "\u0301" * 20_000,
    ],
    ids=["denials", "sign-offs", "overs", "alarms", "one word", "marks alone"],
)
def test_a_text_made_to_be_slow_keeps_its_hits_bounded(text: str) -> None:
    """P5: a hostile text costs its reader little and stores little."""
    assert len(triage(text).hits) <= 100


def plain(rule: Any) -> dict[str, Any]:
    """A rule as a tenant would write it."""
    return {name: value for name, value in msgspec.to_builtins(rule).items() if value is not None}
