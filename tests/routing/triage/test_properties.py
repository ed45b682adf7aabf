"""What holds for every text."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from routing.facts import CATEGORIES, PRIORITIES, TYPES
from routing.triage import classify, combine, decide, derive_subject
from routing.triage.fold import Folded, fold
from tests.routing.triage.say import message, tenant

WORDS = [
    "urgent",
    "not",
    "nicht",
    "dringend",
    "outage",
    "é",
    "e\u0301",
    "İ",
    "ß",
    "\u00ad",
    "\u200b",
    "\u2019",
    "\ud800",
    "-- ",
    "Best regards",
    "P.S.",
    "\n",
    "\n\n",
    "\r\n",
    "  ",
    "\u00a0",
    "\x00",
    "is over",
    "Re:",
    ".",
    "data loss",
    "👍🏽",
    "ไทย",
    "緊急",
]
TEXTS = st.one_of(
    st.text(st.characters(), max_size=120),
    st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=30).map("".join),
)
LANGUAGES = st.sampled_from([("en",), ("de",), ("en", "de"), (), ("xx",)])


@given(text=TEXTS, subject=TEXTS, languages=LANGUAGES)
def test_any_text_has_a_verdict_and_the_same_twice(
    text: str, subject: str, languages: tuple[str, ...]
) -> None:
    first = classify(message(text, subject), tenant(*languages))
    assert first == classify(message(text, subject), tenant(*languages))
    assert first.category in CATEGORIES
    assert first.priority in PRIORITIES
    assert first.type in TYPES


@given(text=TEXTS, subject=TEXTS, languages=LANGUAGES)
def test_spans_point_at_what_matched(text: str, subject: str, languages: tuple[str, ...]) -> None:
    fields = {"text": text, "subject": subject}
    for hit in classify(message(text, subject), tenant(*languages)).hits:
        assert hit.text == fields[hit.field][hit.start : hit.end]
        assert fold(hit.text)


@given(text=TEXTS)
def test_every_place_of_folded_text_maps_back(text: str) -> None:
    folded = Folded(text)
    for place, character in enumerate(folded.text):
        start, end = folded.span(place, place + 1)
        assert 0 <= start < end <= len(text)
        if character.isalnum() and unicodedata.is_normalized("NFC", text):
            assert character in fold(text[start:end])


@given(word=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20))
def test_any_keyword_finds_itself(word: str) -> None:
    """R40: whatever characters a keyword holds, they are meant literally."""
    rule = {"id": "mine", "words": [word], "tags": ["hit"]}
    if fold(word):
        assert classify(message(f"before {word} after"), tenant("en", rules=[rule])).tags == ("hit",)


@given(texts=st.lists(TEXTS, min_size=2, max_size=5))
def test_a_further_message_never_lowers_the_priority(texts: list[str]) -> None:
    verdicts = [classify(message(text), tenant()) for text in texts]
    total = verdicts[0].evidence
    for verdict in verdicts[1:]:
        after = combine(total, verdict.evidence)
        assert PRIORITIES.index(decide(after)[1]) >= PRIORITIES.index(decide(total)[1])
        total = after


@given(old=TEXTS, text=TEXTS, subject=TEXTS)
def test_a_subject_is_never_empty_and_settles(old: str, text: str, subject: str) -> None:
    derived = derive_subject(old, message(text, subject))
    assert derived
    assert derive_subject(derived, message(text, subject))
