from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import clean

ANY = st.text(st.characters())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Grüße 👩‍💻", "Grüße 👩‍💻"),
        ("a\0b\0", "ab"),
        ("\ud83d\ude00", "😀"),
        ("a\ud800b", "a\ufffdb"),
        ("\udfff\ud800", "\ufffd\ufffd"),
        ("x" * 20, "x" * 10),
        ("a\tb\nc", "a\tb\nc"),
    ],
    ids=[
        "ordinary",
        "NUL",
        "a pair",
        "a lone surrogate",
        "a pair the wrong way",
        "too long",
        "tab and line feed",
    ],
)
def test_storable(text: str, expected: str) -> None:
    """P12, R24."""
    assert clean.storable(text, 10) == expected


@given(text=ANY, limit=st.integers(0, 50))
def test_whatever_comes_is_storable(text: str, limit: int) -> None:
    """P12, R24: it can be encoded, holds no NUL, keeps the bound, and stays the same the second time."""
    found = clean.storable(text, limit)
    assert "\0" not in found
    assert found.encode().decode() == found
    assert len(found) <= limit
    assert clean.storable(found, limit) == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Ada \r\n Berg\t", "Ada Berg"),
        ("a\x00b\x1b[1m\u2028c\x85d", "a b [1m c d"),
        ("👩‍💻", "👩‍💻"),
        ("\u3000Ada\u00a0Berg", "Ada Berg"),
    ],
    ids=["white space", "controls", "joined emoji", "wide spaces"],
)
def test_a_line_is_one_line(text: str, expected: str) -> None:
    assert clean.line(text) == expected


def test_spaces_do_not_use_up_a_line() -> None:
    assert clean.line(" " * 30 + "Ada Berg", 10) == "Ada Berg"


def test_an_id_stays_as_it_is_where_it_can() -> None:
    assert clean.key("SM0123") == "SM0123"


@pytest.mark.parametrize(
    ("one", "other"),
    [("x" * 300 + "a", "x" * 300 + "b"), ("a\0b", "ab"), ("a\ud800", "a\ud801"), ("\ud800x", "\ufffdx")],
    ids=["long", "NUL", "surrogates", "surrogate and replacement"],
)
def test_two_ids_never_become_one(one: str, other: str) -> None:
    """R5: what is cut or cleaned away must not make a message the duplicate of another."""
    assert clean.key(one) != clean.key(other)
    assert len(clean.key(one)) <= clean.KEY
    assert clean.storable(clean.key(one), 1000) == clean.key(one)
