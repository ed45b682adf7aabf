"""P4: no input to one tenant reads or changes a row of another, whatever it names."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.message import Bounce, Flag, InboundMessage, Recipient
from tests.routing.world import (
    ACME,
    ACME_MAIL,
    GLOBEX,
    GLOBEX_SMS,
    PROOF,
    SHARED,
    Account,
    World,
    mail,
    outcomes,
    sms,
)

THEIRS = "theirs@globex.test"
ISSUED = "issued@globex.test"
VICTIM = "victim@customer.test"
PHONE = "+4915199999999"


class Other(World):
    """Globex has a ticket by mail and one by SMS, with everything that could lead to them."""

    def __init__(self) -> None:
        super().__init__()
        self.say(mail("Secret of Globex", sender=VICTIM, to="help+globex@in.example.net", message_id=THEIRS))
        self.theirs = self.ticket(GLOBEX)
        self.issue(self.theirs, ISSUED)
        self.say(sms(sender=PHONE), GLOBEX_SMS)
        self.rows = {self.theirs.id, self.ticket(GLOBEX).id, GLOBEX.id, GLOBEX.slug}
        self.rows |= {contact.id for contact in self.known.contacts.values()}
        self.secret = self.token_of(self.theirs)


def own_words(changes: Any) -> str:
    """All that was planned, without the words of the message itself and of its recipients."""
    kept = [row for row in vars_of(changes) if type(row).__name__ != "MessageRow"]
    return repr(kept)


def vars_of(changes: Any) -> list[Any]:
    lists = (getattr(changes, name) for name in changes.__dataclass_fields__)
    return [row for rows in lists for row in (rows.values() if isinstance(rows, dict) else rows)]


TRIES = {
    "a token": lambda w: mail(to=f"t_{w.secret}@in.example.net"),
    "a token in Cc": lambda w: mail(cc=[f"t_{w.secret}@globex.test"]),
    "In-Reply-To of a received mail": lambda w: mail(in_reply_to=(THEIRS,)),
    "References to an issued mail": lambda w: mail(references=(ISSUED,)),
    "its own Message-ID": lambda w: mail(message_id=THEIRS, sender=VICTIM),
    "an issued Message-ID as its own": lambda w: mail(message_id=ISSUED),
    "a subject reference": lambda w: mail(subject=f"[{w.theirs.ref}]", sender=VICTIM, proven=True),
    "a bounce of their mail": lambda w: mail(
        flags=[Flag.BOUNCE], bounce=Bounce(message_id=ISSUED, hard=True)
    ),
    "their contact's address": lambda w: mail(sender=VICTIM),
}


@pytest.mark.parametrize("make", TRIES.values(), ids=TRIES)
def test_p4_nothing_of_another_tenant_threads(make: Any) -> None:
    world = Other()
    before = dict(world.known.tickets)
    changes = world.say(make(world), ACME_MAIL)
    assert outcomes(changes) in (["created"], ["suppressed"])
    assert {row.tenant_id for row in changes.messages} == {ACME.id}
    assert {one: facts for one, facts in world.known.tickets.items() if one in before} == before
    said = own_words(changes)
    assert not [row for row in world.rows if row in said.replace("globex.test", "")]


def test_p4_the_same_number_in_two_tenants_is_two_conversations() -> None:
    world = Other()
    changes = world.say(sms(sender=PHONE), Account(id="acc_acme_sms", provider="twilio", tenant=ACME.id))
    assert outcomes(changes) == ["created"]
    assert changes.contacts


WORDS = st.sampled_from([THEIRS, ISSUED, "mine@customer.test", "unknown@x"])


@st.composite
def hostile(draw: st.DrawFn, secret: str = "", ref: str = "") -> InboundMessage:
    """A mail to Acme that names whatever an attacker may know of Globex."""
    names = [
        "support@acme.test", f"t_{secret}@in.example.net", f"T_{secret}@acme.test",
        f"t_{secret}+x@globex.test",
        "help@globex.test", "help+globex@in.example.net", f"srs0=aa=bb=globex.test=t_{secret}@relay.test",
    ]  # fmt: skip
    fields = st.sampled_from(["delivered_to", "x_original_to", "to", "cc", "bcc"])
    recipients = draw(
        st.lists(
            st.builds(lambda a, f: Recipient(address=a, field=f), st.sampled_from(names), fields), max_size=4
        )
    )
    message = mail(
        draw(st.text(max_size=20)),
        sender=draw(
            st.sampled_from([VICTIM, "eve@elsewhere.test", "help@globex.test", "anna@acme.test", ""])
        ),
        message_id=draw(WORDS),
        subject=draw(st.sampled_from([f"[{ref}] x", "x", f"Re: [{ref.lower()}]"])),
        flags=draw(st.frozensets(st.sampled_from(list(Flag)), max_size=2)),
        in_reply_to=tuple(draw(st.lists(WORDS, max_size=2))),
        references=tuple(draw(st.lists(WORDS, max_size=3))),
        bounce=draw(st.sampled_from([None, Bounce(message_id=ISSUED, hard=True)])),
        authentication_results=draw(st.sampled_from([(), PROOF])),
    )
    envelope = Recipient(address="support+acme@in.example.net", field="envelope")
    return msgspec.structs.replace(message, recipients=(envelope, *recipients))


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from([ACME_MAIL, SHARED]))
def test_p4_whatever_a_message_to_one_tenant_says_no_row_of_another_is_in_its_plan(
    data: st.DataObject, account: Account
) -> None:
    world = Other()
    message = data.draw(hostile(secret=world.secret, ref=world.theirs.ref))
    changes = world.plan(world.work(message, account))
    for row in vars_of(changes):
        assert getattr(row, "tenant_id", ACME.id) == ACME.id
    said = own_words(changes)
    assert world.secret not in said
    assert not [row for row in world.rows - {GLOBEX.slug} if row in said]
