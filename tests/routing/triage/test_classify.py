"""One message, one verdict: the defaults that ship, on what the customer wrote now."""

from __future__ import annotations

import msgspec
import pytest

from channels.message import MailFacts
from routing.triage import classify
from tests.routing.triage.say import live, message, tenant, triage

CATEGORIES = [
    ("billing", "en", "You charged me twice on the last invoice."),
    ("technical", "en", "The app keeps crashing with an error message."),
    ("account", "en", "I forgot my password."),
    ("order_status", "en", "Where is my order? I placed it ten days ago."),
    ("warranty", "en", "Is the battery still under warranty?"),
    ("shipping", "en", "The courier left the parcel at the wrong address."),
    ("returns", "en", "I want to return the shoes, they are too small."),
    ("troubleshooting", "en", "How do I pair the headset with my phone?"),
    ("complaint", "en", "Your service is appalling."),
    ("sales", "en", "Could we have a quote for 20 licences?"),
    ("feature_request", "en", "It would be great if you added a dark mode."),
    ("general", "en", "What are your opening hours?"),
    ("billing", "de", "Sie haben die Rechnung doppelt abgebucht."),
    ("technical", "de", "Die App stürzt ständig mit einer Fehlermeldung ab."),
    ("account", "de", "Ich habe mein Passwort vergessen."),
    ("order_status", "de", "Wo bleibt meine Bestellung?"),
    ("warranty", "de", "Ist das noch ein Garantiefall?"),
    ("shipping", "de", "Der Paketdienst hat das Paket falsch zugestellt."),
    ("returns", "de", "Ich möchte die Schuhe zurückschicken, sie sind zu klein."),
    ("troubleshooting", "de", "Wie verbinde ich den Drucker mit dem WLAN?"),
    ("complaint", "de", "Ihr Service ist eine Frechheit."),
    ("sales", "de", "Könnten wir ein Angebot für 20 Lizenzen bekommen?"),
    ("feature_request", "de", "Es wäre toll, wenn es einen dunklen Modus gäbe."),
    ("general", "de", "Wie sind Ihre Öffnungszeiten?"),
]

PRIORITIES = [
    ("a word of urgency alone is high", "high", "en", "This is urgent."),
    ("a complaint alone is high", "high", "en", "I want to make a complaint."),
    ("an outage is urgent", "urgent", "en", "Our website is completely down."),
    ("data loss is urgent", "urgent", "en", "All our files have disappeared."),
    ("a break-in is urgent", "urgent", "en", "My account was hacked."),
    ("danger is urgent", "urgent", "en", "The charger caught fire."),
    ("a question is normal", "normal", "en", "Which sizes do you have?"),
    ("who has time is low", "low", "en", "No rush, answer whenever you get a chance."),
    ("a wish is low", "low", "en", "Feature request: please add a week view."),
    ("upper case is the same word", "high", "en", "URGENT!!!"),
    ("a word inside another is none", "normal", "en", "The insurgents of the novel are well drawn."),
    ("letters around it make another word", "normal", "en", "Xurgentx is my user's nickname."),
    ("a word of urgency alone is high", "high", "de", "Das ist dringend."),
    ("a complaint alone is high", "high", "de", "Ich möchte mich beschweren."),
    ("an outage is urgent", "urgent", "de", "Unser Shop ist komplett offline."),
    ("data loss is urgent", "urgent", "de", "Nach dem Update sind alle Kundendaten weg."),
    ("a break-in is urgent", "urgent", "de", "Mein Konto wurde gehackt."),
    ("danger is urgent", "urgent", "de", "Das Ladegerät hat Feuer gefangen."),
    ("who has time is low", "low", "de", "Keine Eile, antworten Sie bei Gelegenheit."),
    ("umlauts as others type them", "high", "de", "Bitte so schnell wie moeglich, wir sind verzweifelt."),
    ("upper case of sharp s", "urgent", "de", "GROSSSTÖRUNG, NICHTS GEHT MEHR"),
    ("a joined word", "urgent", "de", "Wir haben einen Filialserverausfall."),
]

NOW_ONLY = [
    ("a reply inherits its subject (R40)", "normal", "Re: URGENT outage", "Thanks, see you then.", True),
    ("German prefix too (R40)", "normal", "AW: DRINGEND Ausfall", "Danke, bis dann.", True),
    ("with a reference in the subject (R40)", "normal", "[TKT-0042] URGENT outage", "All good.", False),
    (
        "Re: typed by hand in a first mail counts",
        "high",
        "Re: urgent question",
        "Which sizes do you have?",
        False,
    ),
    ("a new subject counts", "high", "Urgent", "Which sizes do you have?", False),
]

SIGNATURES = [
    (
        "after a sign-off (R40)",
        "Which sizes are there?\n\nBest regards\nJo Field\nEmergency Outage Desk, Billing",
    ),
    ("after the delimiter (R40)", "Which sizes are there?\n-- \nJo Field\nUrgent matters: call 555 0100"),
    ("on the sign-off's line (R40)", "Which sizes are there?\n\nThanks, Jo\nHead of Complaints"),
    (
        "in a German signature (R40)",
        "Welche Größen gibt es?\n\nMit freundlichen Grüßen\nJo Feld\nNotfall und Beschwerden",
    ),
    (
        "in a legal notice (R40)",
        "Which sizes are there?\n\nThis email and any attachments are confidential. Report fraud at once.",
    ),
]


@pytest.mark.parametrize(
    ("category", "language", "text"), CATEGORIES, ids=[f"{c[1]}-{c[0]}" for c in CATEGORIES]
)
def test_each_category_has_its_words(category: str, language: str, text: str) -> None:
    verdict = triage(text, languages=(language,))
    assert (verdict.category, verdict.language) == (category, language)


@pytest.mark.parametrize(
    ("label", "priority", "language", "text"), PRIORITIES, ids=[f"{p[2]}-{p[0]}" for p in PRIORITIES]
)
def test_what_makes_a_priority(label: str, priority: str, language: str, text: str) -> None:
    assert triage(text, languages=(language,)).priority == priority


@pytest.mark.parametrize(
    ("label", "priority", "subject", "text", "answers"), NOW_ONLY, ids=[row[0] for row in NOW_ONLY]
)
def test_a_subject_counts_only_where_it_was_written_now(
    label: str, priority: str, subject: str, text: str, *, answers: bool
) -> None:
    mail = MailFacts(in_reply_to=("a@example.org",)) if answers else MailFacts()
    assert triage(text, subject, mail=mail).priority == priority


@pytest.mark.parametrize(("label", "text"), SIGNATURES, ids=[row[0] for row in SIGNATURES])
def test_signature_and_notice_do_not_count(label: str, text: str) -> None:
    verdict = triage(text)
    assert (verdict.category, verdict.priority, live(verdict)) == ("general", "normal", [])


def test_what_stands_under_a_postscript_counts_again() -> None:
    verdict = triage("Which sizes are there?\n\nBest regards\nJo\n\nP.S. Our website is down!")
    assert verdict.priority == "urgent"


SPELLINGS = [
    ("no apostrophe", "en", "technical", "the lid of it wont open"),
    ("no accents", "fr", "complaint", "je suis tres decue de vous"),
    ("other letters", "de", "technical", "wir haben hier eine stoerung"),
    ("no dots", "de", "technical", "wir haben hier eine storung"),
    ("other letters in a pattern", "de", "technical", "die karte stuerzt beim start immer ab"),
]


@pytest.mark.parametrize(
    ("label", "language", "category", "text"), SPELLINGS, ids=[row[0] for row in SPELLINGS]
)
def test_letters_that_a_keyboard_lacks_are_understood(
    label: str, language: str, category: str, text: str
) -> None:
    assert triage(text, languages=(language,)).category == category


def test_of_a_rules_words_inside_each_other_the_longest_is_the_hit() -> None:
    assert live(triage("Which tracking number is it?")) == ["tracking number"]


def test_thanks_in_the_middle_closes_nothing() -> None:
    assert triage("Hello\nThanks for calling back\nThis is urgent.").priority == "high"
    assert triage("Thanks\nfor the reply, but this is urgent now.").priority == "high"


def test_quoted_history_does_not_count() -> None:
    """Only `reply_text` is read where the reading of mail left one (R40)."""
    quoted = message("Thanks!\n\n> Our website is down, urgent!")
    stripped = msgspec.structs.replace(quoted, reply_text="Thanks!")
    assert classify(quoted, tenant()).priority == "urgent"
    assert classify(stripped, tenant()).priority == "normal"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("bug_report", "The page crashes, steps to reproduce: open it twice."),
        ("feature_request", "Feature request: a week view."),
        ("customer_request", "Please send me the brochure."),
        ("support_ticket", "My lamp is dim."),
    ],
)
def test_each_type_has_its_words(kind: str, text: str) -> None:
    assert triage(text).type == kind


def test_the_tags_say_why_it_is_urgent() -> None:
    assert triage("The site is down and our data was leaked.").tags == ("outage", "security")


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("a wrapped line", "Please answer as soon as\nhumanly possible."),
        ("several spaces", "as  soon \t as humanly   possible"),
        ("Windows line ends", "as soon\r\nas humanly possible"),
        ("no-break spaces", "as soon as\u00a0humanly possible"),
        ("a soft hyphen", "as soon as human\u00adly possible"),
    ],
    ids=lambda value: value if len(value) < 20 else "",
)
def test_phrases_are_found_across_line_breaks(label: str, text: str) -> None:
    """R40: a phrase is a phrase however its white space came."""
    assert triage(text).priority == "high"


def test_a_reaction_says_nothing() -> None:
    verdict = triage("urgent", kind="reaction")
    assert (verdict.priority, verdict.hits) == ("normal", ())
