from __future__ import annotations

import pytest

from channels.consent import consent


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(
            (word, "stop")
            for word in ("STOP", "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT", "STOPALL")
        ),
        ("ARRET", "stop"),
        ("Arrêt", "stop"),
        ("stop", "stop"),
        (" Stop. ", "stop"),
        ('"STOP!!"\n', "stop"),
        ("ＳＴＯＰ", "stop"),  # noqa: RUF001 - the wide letters are the point
        ("START", "start"),
        ("Unstop!", "start"),
    ],
)
def test_a_whole_body_asks(text: str, expected: str) -> None:
    assert consent(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "HELP", "YES", "Stop sending me broken shoes", "please stop", "STOP it", "cancel my order",
     "The end", "S T O P", "stopp", "👍", "?!", "stop" + " " * 10_000 + "x"],
)  # fmt: skip
def test_a_word_in_a_sentence_asks_for_nothing(text: str) -> None:
    assert consent(text) == ""
