"""Whoever could make the same thing waits for the same lock (P3)."""

from __future__ import annotations

import pytest

from channels.message import Bounce, Flag, Forward, InboundMessage, Party
from routing.locks import lock_keys
from routing.questions import MAX_REFERENCES, message_ids, replied_ids
from tests.routing.world import ACME_MAIL, ACME_SMS, GLOBEX_SMS, SHARED, Account, World, mail, sms, token

SHARING = {
    "two first messages of a conversation": (sms("one"), sms("two")),
    "a mail and the reply to it": (
        mail(message_id="a@x"),
        mail("re", sender="b@x.test", in_reply_to=("a@x",)),
    ),
    "two replies to one mail": (
        mail("1", in_reply_to=("a@x",)),
        mail("2", sender="b@x.test", references=("a@x",)),
    ),
    "two first mails of one person": (mail("1"), mail("2", subject="Other")),
    "one person by mail and by form": (mail("1"), sms("2", sender="Ada@customer.test")),
    "two who hold one token": (
        mail("1", to=f"t_{token(1)}@x"),
        mail("2", sender="b@x.test", to=f"t_{token(1)}@x"),
    ),
    "two top-level lines": (sms("1", room="C1", conversation="a"), sms("2", room="C1", conversation="b")),
    "a bounce and the mail that failed": (
        mail(message_id="a@x"),
        mail(sender="mailer-daemon@x.test", flags=[Flag.BOUNCE], bounce=Bounce(message_id="a@x")),
    ),
    "a forward and its author's own mail": (
        mail("1"),
        mail("2", sender="z@x.test", forward=Forward(author=Party(address="ada@customer.test"))),
    ),
}


@pytest.mark.parametrize(("one", "other"), SHARING.values(), ids=SHARING)
def test_p3_who_could_make_the_same_shares_a_lock(one: InboundMessage, other: InboundMessage) -> None:
    world = World()
    by = ACME_SMS if one.mail is None else ACME_MAIL
    first, second = world.work(one, by), world.work(other, by if other.mail is None else ACME_MAIL)
    assert set(lock_keys(first)) & set(lock_keys(second))


@pytest.mark.parametrize("account", [ACME_SMS, GLOBEX_SMS], ids=["acme", "globex"])
def test_p4_every_lock_is_its_tenants(account: Account) -> None:
    work = World().work(sms(), account)
    assert all(key.startswith(f"{account.tenant}/") for key in lock_keys(work))


def test_without_a_tenant_nothing_is_locked() -> None:
    assert lock_keys(World().work(mail(to="x@nobody.test"), SHARED)) == ()


def test_bounces_of_one_system_do_not_wait_for_each_other() -> None:
    world = World()
    one, other = (
        world.work(mail(sender="mailer-daemon@x.test", flags=[Flag.BOUNCE], message_id=f"{n}@x"))
        for n in (1, 2)
    )
    assert not set(lock_keys(one)) & set(lock_keys(other))


def test_the_likeliest_parent_comes_first() -> None:
    message = mail(
        message_id="own@x", in_reply_to=("parent@x",), references=("oldest@x", "older@x", "parent@x")
    )
    assert replied_ids(message) == ("parent@x", "older@x", "oldest@x")
    assert message_ids(message)[0] == "own@x"


def test_a_long_thread_is_asked_about_from_its_end() -> None:
    references = tuple(f"{n}@x" for n in range(100))
    assert replied_ids(mail(references=references)) == tuple(reversed(references))[:MAX_REFERENCES]
