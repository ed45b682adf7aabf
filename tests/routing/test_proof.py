"""From is proof only with an aligned verdict of somebody whom we believe (R38)."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.message import Flag, InboundMessage
from routing.proof import read_results, sender_proven, verdict
from tests.routing.world import ACME_MAIL, ACME_SMS, SERVER, Account, mail, sms

KNOWN = frozenset({SERVER})
FROM = "ada@customer.test"


def judged(*headers: str, sender: str = FROM) -> InboundMessage:
    return mail(sender=sender, authentication_results=headers)


VERDICTS = {
    "DMARC passed": (judged(f"{SERVER}; dmarc=pass header.from=customer.test"), "pass"),
    "DMARC failed": (judged(f"{SERVER}; dkim=pass header.d=evil.test; dmarc=fail"), "fail"),
    "no policy, aligned DKIM": (judged(f"{SERVER}; dmarc=none; dkim=pass header.d=customer.test"), "pass"),
    "aligned by a parent domain": (
        judged(f"{SERVER}; dkim=pass header.d=customer.test", sender="a@mail.customer.test"),
        "pass",
    ),
    "DKIM identity": (judged(f"{SERVER}; dkim=pass header.i=@customer.test"), "pass"),
    "DKIM of somebody else": (judged(f"{SERVER}; dkim=pass header.d=evil.test"), "none"),
    "DKIM of a name that only ends alike": (judged(f"{SERVER}; dkim=pass header.d=xcustomer.test"), "none"),
    "DKIM of a top-level domain": (judged(f"{SERVER}; dkim=pass header.d=test"), "none"),
    "aligned SPF": (judged(f"{SERVER}; spf=pass smtp.mailfrom=bounce@customer.test"), "pass"),
    "SPF of a mailer": (judged(f"{SERVER}; spf=pass smtp.mailfrom=x@mailer.test"), "none"),
    "DMARC of another From": (judged(f"{SERVER}; dmarc=pass header.from=evil.test"), "none"),
    "a server that nobody configured": (judged("mx.evil.test; dmarc=pass"), "none"),
    "forged below the real one": (judged(f"{SERVER}; dmarc=fail", f"{SERVER}; dmarc=pass"), "fail"),
    "below that of an internal relay": (judged("relay.internal.test; none", f"{SERVER}; dmarc=pass"), "pass"),
    "a pass inside a comment": (judged(f"{SERVER}; dmarc=fail (was; dmarc=pass)"), "fail"),
    "a pass inside quotes": (judged(f'{SERVER}; dkim=fail reason="x; dmarc=pass"'), "none"),
    "with a version": (judged(f"{SERVER} 1; dmarc=pass"), "pass"),
    "in capitals": (judged(f"{SERVER.upper()}; DMARC=PASS"), "pass"),
    "no header": (judged(), "none"),
    "no From": (judged(f"{SERVER}; dmarc=pass", sender=""), "none"),
    "the provider's own field": (msgspec.structs.replace(mail(), extra={"dmarc": "PASS"}), "pass"),
    "the provider's own field says no": (
        msgspec.structs.replace(judged(f"{SERVER}; dmarc=pass"), extra={"dmarc": "fail"}),
        "fail",
    ),
    "a channel's signature": (sms(), "pass"),
    "typed in": (sms(sender_claimed=True), "none"),
    "let through in observe mode": (sms(flags=frozenset({Flag.UNVERIFIED})), "fail"),
}


@pytest.mark.parametrize(("message", "expected"), VERDICTS.values(), ids=VERDICTS)
def test_verdict(message: InboundMessage, expected: str) -> None:
    account = ACME_MAIL if message.mail else ACME_SMS
    assert verdict(message, account, KNOWN) == expected
    assert sender_proven(message, account, KNOWN) is (expected == "pass")


def test_r38_nobody_is_believed_unless_configured() -> None:
    assert not sender_proven(judged(f"{SERVER}; dmarc=pass"), ACME_MAIL, ())


def test_an_account_can_name_its_own_servers() -> None:
    account = Account(id="a", provider="x", settings={"authserv_id": "mx.one.test, mx.two.test"})
    assert sender_proven(judged("mx.two.test; dmarc=pass"), account, ())


@given(st.text(max_size=300))
def test_any_header_can_be_read(text: str) -> None:
    read_results(text)
