"""Addresses are compared in one form, whatever relays and people made of them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.message import Recipient
from routing.addresses import deciding_recipients, normal, normal_domain, undone
from routing.identities import identity_of, sender_identity
from tests.routing.world import mail, sms

NORMAL = {
    "case is folded": ("Support@ACME.Test", "support@acme.test"),
    "a trailing dot says nothing": ("support@acme.test.", "support@acme.test"),
    "brackets go": (" <support@acme.test> ", "support@acme.test"),
    "an international domain becomes ascii": ("info@Bücher.example", "info@xn--bcher-kva.example"),
    "ascii form stays": ("info@xn--bcher-kva.example", "info@xn--bcher-kva.example"),
    "tags are kept (R31)": ("Support+Acme+VIP@in.example.net", "support+acme+vip@in.example.net"),
    "no domain is no fault": ("Undisclosed", "undisclosed"),
    "a domain that IDNA refuses stays as it is": ("a@\u2603\u0300-.x", "a@\u2603\u0300-.x"),
}


@pytest.mark.parametrize(("written", "expected"), NORMAL.values(), ids=NORMAL)
def test_normal(written: str, expected: str) -> None:
    assert normal(written) == expected


UNDONE = {
    "BATV": ("prvs=4123abcdef=support@acme.test", "support@acme.test"),
    "BATV with the parts swapped": ("prvs=support=0123456789@acme.test", "support@acme.test"),
    "Barracuda's form": ("btv1==123==support@acme.test", "support@acme.test"),
    "SRS0": ("srs0=hhhh=tt=acme.test=support@relay.test", "support@acme.test"),
    "SRS0 with plus signs": ("srs0+hhhh=tt=acme.test=support@relay.test", "support@acme.test"),
    "SRS1": ("srs1=hhhh=first.test==aaaa=tt=acme.test=support@second.test", "support@acme.test"),
    "BATV inside SRS": ("srs0=hhhh=tt=acme.test=prvs=4123abcdef=a@relay.test", "a@acme.test"),
    "an equals sign proves nothing": ("a=b@acme.test", "a=b@acme.test"),
    "an ordinary address stays": ("support@acme.test", "support@acme.test"),
}


@pytest.mark.parametrize(("written", "expected"), UNDONE.values(), ids=UNDONE)
def test_forms_of_relays_are_undone(written: str, expected: str) -> None:
    assert undone(written) == expected


@given(st.text(max_size=80))
def test_any_text_has_one_normal_form(text: str) -> None:
    assert normal(normal(text)) == normal(text) or not text.isascii()
    undone(normal(text))
    normal_domain(text)


def test_r30_the_head_decides_nothing_where_the_envelope_is_known() -> None:
    message = mail(to="support@globex.test", envelope="support+acme@in.example.net")
    assert deciding_recipients(message) == ("support+acme@in.example.net",)


def test_without_an_envelope_the_fields_count_in_the_order_of_trust() -> None:
    fields = (
        ("cc", "d@x.test"),
        ("to", "c@x.test"),
        ("x_original_to", "b@x.test"),
        ("delivered_to", "a@x.test"),
    )
    recipients = tuple(Recipient(address=address, field=field) for field, address in fields)  # type: ignore[arg-type]
    message = msgspec.structs.replace(mail(), recipients=recipients)
    assert deciding_recipients(message) == ("a@x.test", "b@x.test", "c@x.test", "d@x.test")


IDENTITIES = {
    "a mail address": ("twilio", "Ada@Customer.test", ("email", "ada@customer.test")),
    "a phone number, whatever the channel (R3)": ("twilio", "+4915112345678", ("phone", "+4915112345678")),
    "a user id of the provider": ("twilio", "whatsapp:US.1234", ("twilio", "whatsapp:US.1234")),
    "a short code": ("twilio", "32665", ("twilio", "32665")),
    "a Matrix user is no mail address": ("matrix", "@ada:example.org", ("matrix", "@ada:example.org")),
}


@pytest.mark.parametrize(("provider", "address", "expected"), IDENTITIES.values(), ids=IDENTITIES)
def test_identity(provider: str, address: str, expected: tuple[str, str]) -> None:
    known = identity_of(provider, address)
    assert known is not None
    assert (known.kind, known.value) == expected


def test_no_address_is_nobody() -> None:
    assert identity_of("twilio", " ") is None


def test_what_was_typed_in_is_a_claim() -> None:
    known = sender_identity(sms(sender="ada@customer.test", sender_claimed=True))
    assert known is not None
    assert known.kind == "claim:email"
