"""What a ticket is called, as its customer's messages come in."""

from __future__ import annotations

import pytest

from channels.message import Attachment, InboundMessage, Party
from routing.triage import derive_subject
from tests.routing.triage.say import message

FIRST = [
    ("the mail's own", "Broken lamp", "Hello", "Broken lamp"),
    ("without prefixes", "Re: AW: Fwd: Broken lamp", "", "Broken lamp"),
    ("the first line", "", "My lamp is broken\nIt was new", "My lamp is broken"),
    ("after a greeting line", "", "Hello Support Team,\n\nmy lamp is broken", "my lamp is broken"),
    ("after a greeting on the line", "", "Hi Anna, my lamp is broken", "my lamp is broken"),
    ("a capital that is no name", "", "Hi Twilio is down", "Twilio is down"),
    ("after a courtesy", "", "Dear all,\nI hope you are well.\nThe lamp is broken.", "The lamp is broken."),
    (
        "after a German greeting",
        "",
        "Sehr geehrte Damen und Herren,\ndie Lampe ist kaputt",
        "die Lampe ist kaputt",
    ),
    ("a greeting alone", "", "Hi", "Hi"),
    ("a subject that greets", "Hello", "My lamp is broken", "My lamp is broken"),
    ("signs alone", "", "???", "???"),
    ("no line is too long", "", "lamp " * 60, "lamp " * 22 + "lamp…"),
]
LATER = [
    ("a greeting gives way", "Hi", "my lamp is broken", "my lamp is broken"),
    ("so does an opener", "Can you help me?", "my lamp is broken", "my lamp is broken"),
    ("to nothing that says no more", "Hi", "thanks", "Hi"),
    ("what says something stays", "my lamp is broken", "and the table too", "my lamp is broken"),
    ("a stand-in gives way", "Message from Jo", "my lamp is broken", "my lamp is broken"),
]


@pytest.mark.parametrize(("label", "subject", "text", "expected"), FIRST, ids=[row[0] for row in FIRST])
def test_a_new_ticket_is_called_by_what_says_something(
    label: str, subject: str, text: str, expected: str
) -> None:
    assert derive_subject("", message(text, subject)) == expected


@pytest.mark.parametrize(("label", "old", "text", "expected"), LATER, ids=[row[0] for row in LATER])
def test_a_greeting_gives_way_to_what_follows(label: str, old: str, text: str, expected: str) -> None:
    assert derive_subject(old, message(text)) == expected


@pytest.mark.parametrize(
    ("label", "wordless", "expected"),
    [
        (
            "a call",
            message("", kind="missed_call", sender=Party(address="+4915155501")),
            "Missed call from +4915155501",
        ),
        ("a recording", message("", kind="voicemail", sender=Party(name="Jo")), "Voicemail from Jo"),
        (
            "a picture",
            message("", attachments=(Attachment(filename="a.jpg", content_type="image/jpeg"),)),
            "Attachment: a.jpg",
        ),
        ("nothing at all", message("", sender=Party(name="Jo")), "Message from Jo"),
        ("from nobody", message(""), "Message from somebody"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_subject_is_never_empty(label: str, wordless: InboundMessage, expected: str) -> None:
    assert derive_subject("", wordless) == expected
