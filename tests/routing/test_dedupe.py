"""One provider message has one key, whatever it came by; two messages have two."""

from __future__ import annotations

import pytest

from channels.message import InboundMessage
from tests.routing.world import ACME_MAIL, ACME_SMS, GLOBEX_SMS, SHARED, Account, World, mail, sms

ID = "one@customer.test"
GLOBEX_PLUS = "help+globex@in.example.net"
OTHER_ROUTE = Account(id="acc_other", provider="cloudflare-email")

SAME = {
    "R5 the same mail by another hop": (mail(message_id=ID), SHARED, mail(message_id=ID), SHARED),
    "the same mail to two addresses of one tenant": (
        mail(message_id=ID),
        SHARED,
        mail(message_id=ID, envelope="support@acme.test"),
        SHARED,
    ),
    "the same mail by two routes to one tenant": (
        mail(message_id=ID),
        SHARED,
        mail(message_id=ID),
        ACME_MAIL,
    ),
    "R6 the same message under another event": (
        sms(number="SM1"),
        ACME_SMS,
        sms("edited", number="SM1"),
        ACME_SMS,
    ),
    "without a route: the same mail again": (
        mail(message_id=ID, envelope="x@nobody.test"),
        SHARED,
        mail(message_id=ID, envelope="X@Nobody.test."),
        SHARED,
    ),
}
OTHER = {
    "R4 the same mail to two tenants": (
        mail(message_id=ID),
        SHARED,
        mail(message_id=ID, envelope=GLOBEX_PLUS),
        SHARED,
    ),
    "R5 a Message-ID used again": (
        mail(message_id=ID),
        SHARED,
        mail("Something else", message_id=ID),
        SHARED,
    ),
    "the same text under two ids": (mail(message_id=ID), SHARED, mail(message_id="two@x.test"), SHARED),
    "one id in two accounts": (sms(number="SM1"), ACME_SMS, sms(number="SM1"), GLOBEX_SMS),
    "a provider without ids": (sms(number="SM1"), ACME_SMS, sms(number="SM2"), ACME_SMS),
    "R4, R11 no route for two recipients: each may be another tenant's yet": (
        mail(message_id=ID, envelope="x@nobody.test"),
        SHARED,
        mail(message_id=ID, envelope="x@else.test"),
        SHARED,
    ),
    "R11 no route, no envelope: delivered to two": (
        mail(message_id=ID, to="x@nobody.test", envelope=None),
        SHARED,
        mail(message_id=ID, to="x@else.test", envelope=None),
        SHARED,
    ),
    "no route at two accounts": (
        mail(message_id=ID, envelope="x@nobody.test"),
        SHARED,
        mail(message_id=ID, envelope="x@nobody.test"),
        OTHER_ROUTE,
    ),
}


@pytest.mark.parametrize(("one", "by", "other", "other_by"), SAME.values(), ids=SAME)
def test_p2_one_message_has_one_key(
    one: InboundMessage, by: Account, other: InboundMessage, other_by: Account
) -> None:
    world = World()
    assert world.work(one, by).claim == world.work(other, other_by).claim


@pytest.mark.parametrize(("one", "by", "other", "other_by"), OTHER.values(), ids=OTHER)
def test_two_messages_have_two_keys(
    one: InboundMessage, by: Account, other: InboundMessage, other_by: Account
) -> None:
    world = World()
    assert world.work(one, by).claim != world.work(other, other_by).claim


def test_what_has_no_id_is_nobodys_duplicate() -> None:
    world = World()
    nameless = InboundMessage(channel="form", provider="form", provider_message_id="")
    assert world.work(nameless, ACME_SMS).claim != world.work(nameless, ACME_SMS).claim
