"""Reply tokens are found in every form a relay leaves them in, and never shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.tokens import BYTES, parse, redact, reply_address, token_candidates, token_from
from tests.routing.world import mail, token

TOKEN = token(7)
FORMS = {
    "as issued": f"t_{TOKEN}@in.example.net",
    "in capitals": f"T_{TOKEN.upper()}@IN.EXAMPLE.NET",
    "with a relay's tag": f"t_{TOKEN}+spam@in.example.net",
    "inside BATV": f"prvs=4123abcdef=t_{TOKEN}@in.example.net",
    "inside SRS": f"srs0=hhhh=tt=in.example.net=t_{TOKEN}@relay.test",
}


@pytest.mark.parametrize("address", FORMS.values(), ids=FORMS)
def test_a_token_is_found_whatever_became_of_its_address(address: str) -> None:
    assert parse(address) == TOKEN


NONE = {
    "too short": "t_abcdefgh@in.example.net",
    "not base32": f"t_{'0' * 32}@in.example.net",
    "another prefix": f"x_{TOKEN}@in.example.net",
    "in the domain": f"a@t_{TOKEN}.test",
    "a person": "t_albot@in.example.net",
}


@pytest.mark.parametrize("address", NONE.values(), ids=NONE)
def test_what_only_looks_like_one_is_none(address: str) -> None:
    assert parse(address) is None


@given(st.binary(min_size=BYTES, max_size=BYTES))
def test_every_token_comes_back_from_its_address_and_is_redacted(chance: bytes) -> None:
    made = token_from(chance)
    address = reply_address(made, "in.example.net")
    assert len(made) * 5 >= 128
    assert len(address.split("@", maxsplit=1)[0]) <= 64
    assert parse(address) == parse(address.upper()) == made
    assert made not in redact(f"to=<{address}> {address.upper()}").lower()


def test_r10_a_token_is_seen_in_every_recipient_field() -> None:
    message = mail(cc=[f"t_{token(1)}@x.test", f"t_{token(2)}@x.test"], to=f"t_{token(3)}@x.test")
    assert set(token_candidates(message)) == {token(1), token(2), token(3)}
