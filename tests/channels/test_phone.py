from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.phone import e164


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("+15005550100", None, "+15005550100"),
        ("+1 (500) 555-0100", None, "+15005550100"),
        ("+49 (0)30 901820", None, "+4930901820"),
        ("＋４９３０９０１８２０", None, "+4930901820"),  # noqa: RUF001 - the wide digits are the point
        ("tel:+1-500-555-0100", None, "+15005550100"),
        ("030 901820", "DE", "+4930901820"),
        ("0049 30 901820", "DE", "+4930901820"),
        ("+5215512345678", None, "+525512345678"),
        ("+525512345678", None, "+525512345678"),
        ("+551187654321", None, "+5511987654321"),
        ("+5511987654321", None, "+5511987654321"),
        ("+551134567890", None, "+551134567890"),
    ],
    ids=[
        "E.164", "punctuation", "national zero", "full width", "tel URI", "national", "double zero",
        "Mexico old", "Mexico new", "Brazil old mobile", "Brazil new mobile", "Brazil landline",
    ],
)  # fmt: skip
def test_spellings_of_one_number_are_one_number(text: str, region: str | None, expected: str) -> None:
    """R3."""
    assert e164(text, region) == expected


@pytest.mark.parametrize(
    "text",
    ["", "12345", "+12345", "ACME", "US.1234", "030 901820", "+1500555010012345678", "+", "anonymous", "\0"],
)
def test_what_is_no_full_number_is_none(text: str) -> None:
    """Short codes, names and user ids must not be bent into somebody's number."""
    assert e164(text) == ""


@given(text=st.text(st.characters(), max_size=40))
def test_no_text_breaks_it(text: str) -> None:
    found = e164(text, "US")
    assert found == "" or (found[0] == "+" and found[1:].isdecimal() and e164(found) == found)
