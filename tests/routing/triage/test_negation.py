"""What takes an alarm back, and what only looks as if it did."""

from __future__ import annotations

import pytest

from tests.routing.triage.say import triage

ROWS = [
    ("low", "en", "This is not urgent."),
    ("low", "en", "It isn't really urgent at all."),
    ("low", "en", "I don't think this is urgent."),
    ("low", "en", "I\u2019d say it isn\u2019t urgent"),
    ("low", "en", "not\nurgent"),
    ("low", "en", "non-urgent request"),
    ("low", "en", "It is no longer urgent."),
    ("low", "en", "While it is not an immediate emergency, please have a look."),
    ("low", "en", "It's not an emergency that needs immediate attention."),
    ("low", "en", "We are not in a hurry."),
    ("low", "en", "I am writing to you about the chairs on the terrace, not really\nurgent."),
    ("high", "en", "This is not only urgent but critically important."),
    ("high", "en", "I can't stress enough how urgent this is."),
    ("high", "en", "Please don't delay, this is urgent."),
    ("high", "en", "No, it IS urgent."),
    ("high", "en", "Not urgent? Of course it is urgent!"),
    ("high", "en", "Nothing works\nURGENT"),
    ("normal", "en", "What happens in case of an outage?"),
    ("normal", "en", "How do you prevent data loss?"),
    ("normal", "en", "The outage we had is over, thank you."),
    ("normal", "en", "The site was down. UPDATE: back online now."),
    ("normal", "en", "The emergency has been resolved."),
    ("urgent", "en", "The outage is not over."),
    ("urgent", "en", "Our site went offline, it was fixed, but it is gone again."),
    ("urgent", "en", "Is the outage over?"),
    ("urgent", "en", "Please reply before the outage is over."),
    ("urgent", "en", "The server is down again although you said it is fixed."),
    ("urgent", "en", "Can you confirm it is fixed? The site is down."),
    ("urgent", "en", "The outage is over, but now all our data was lost."),
    ("normal", "en", "Your emergency contact changed, is that right?"),
    ("low", "de", "Das ist nicht dringend."),
    ("low", "de", "Das ist nicht mehr dringend."),
    ("low", "de", "Es eilt nicht."),
    ("low", "de", "Das ist kein Notfall."),
    ("low", "de", "Das eilt überhaupt nicht."),
    ("high", "de", "Login geht nicht dringend Hilfe"),
    ("high", "de", "Ich bitte um sofortige Hilfe."),
    ("high", "de", "Login klappt leider nicht\nDringend!"),
    ("high", "de", "Es eilt!"),
    ("high", "de", "Wir sind in Not."),
    ("normal", "de", "Wie schützen wir uns vor einem Datenverlust?"),
    ("normal", "de", "Der Ausfall ist behoben."),
    ("normal", "de", "Der Ausfall hat sich erledigt."),
    ("urgent", "de", "Der Ausfall ist noch nicht behoben."),
    ("urgent", "de", "Melden Sie sich, sobald der Ausfall behoben ist, alles steht."),
    ("normal", "de", "Auf der Seite steht nur: Not found"),
]


@pytest.mark.parametrize(("priority", "language", "text"), ROWS, ids=[row[2] for row in ROWS])
def test_denials_and_what_is_over_count_against(priority: str, language: str, text: str) -> None:
    verdict = triage(text, languages=(language,))
    assert verdict.priority == priority, [(hit.rule, hit.text, hit.why) for hit in verdict.hits]


@pytest.mark.parametrize(
    ("why", "text"),
    [
        ("denied", "This is not urgent."),
        ("over", "The outage has been resolved."),
        ("harmless", "My emergency contact is Ann."),
    ],
)
def test_a_hit_that_was_taken_back_is_stored_with_its_reason(why: str, text: str) -> None:
    """P11: what was seen and set aside is part of the explanation."""
    backs = [hit for hit in triage(text).hits if hit.negated]
    assert [hit.why for hit in backs] == [why]
    assert text[backs[0].start : backs[0].end] == backs[0].text


def test_what_is_over_still_tells_the_topic() -> None:
    assert triage("The outage has been resolved.").category == "technical"


def test_not_is_an_alarm_in_german_and_a_denial_in_english() -> None:
    assert triage("Wir sind in großer Not und brauchen Hilfe.", languages=("en",)).priority == "high"
    assert triage("We are not in need of help.", languages=("de",)).priority == "normal"


def test_a_resolved_subject_calms_an_alarm_mail() -> None:
    assert triage("See the history of the event.", "Resolved: server down").priority == "normal"
