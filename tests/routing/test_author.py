"""Who wrote: header From, unless a group or a form has written the tenant's own address over it."""

from __future__ import annotations

import pytest

from channels.message import Forward, InboundMessage, Party
from routing.author import Author, as_meant, who_wrote
from routing.facts import AddressFacts
from tests.routing.world import ACME, ACME_MAIL, AGENT, SERVER, Known, World, mail, sms

ADA, BOB = Party(name="Ada", address="ada@customer.test"), Party(name="Bob", address="bob@customer.test")
GROUP = "support@acme.test"
FORWARD = Forward(author=ADA, subject="Broken", text="It is broken.", note="Please look.")


def wrote(message: InboundMessage) -> Author:
    known = Known()
    listed = AddressFacts(address="acme@mailer.test", tenant=ACME.id, kind="inbox")
    known.addresses[listed.address] = listed
    return who_wrote(message, ACME_MAIL, ACME, known, {SERVER})


AUTHORS = {
    "From": (mail(reply_to=BOB), "ada@customer.test", "from"),
    "a group keeps the author in X-Original-From": (
        mail(sender=GROUP, original_from=ADA, original_sender=BOB, reply_to=BOB),
        "ada@customer.test",
        "x_original_from",
    ),
    "or in X-Original-Sender": (
        mail(sender=GROUP, original_sender=ADA, reply_to=BOB),
        "ada@customer.test",
        "x_original_sender",
    ),
    "a web form puts it in Reply-To": (
        mail(sender="wordpress@acme.test", reply_to=ADA),
        "ada@customer.test",
        "reply_to",
    ),
    "a form that sends from the plus address": (
        mail(sender="support+acme@in.example.net", reply_to=ADA),
        "ada@customer.test",
        "reply_to",
    ),
    "the tenant's own address behind it says nothing": (
        mail(sender=GROUP, original_from=Party(address="boss@acme.test"), reply_to=ADA),
        "ada@customer.test",
        "reply_to",
    ),
    "a listed address on a domain that is not the tenant's": (
        mail(sender="acme@mailer.test", reply_to=ADA),
        "ada@customer.test",
        "reply_to",
    ),
    "nobody behind it": (mail(sender=GROUP), GROUP, "from"),
    "P4 another tenant's address is a customer's": (
        mail(sender="help@globex.test", reply_to=ADA),
        "help@globex.test",
        "from",
    ),
    "a provider's channel": (sms(), "+4915112345678", "sender"),
}


@pytest.mark.parametrize(("message", "address", "rule"), AUTHORS.values(), ids=AUTHORS)
def test_who_wrote(message: InboundMessage, address: str, rule: str) -> None:
    author = wrote(message)
    assert (author.party.address, author.step.rule) == (address, rule)
    assert author.agent is None


@pytest.mark.parametrize(("message", "address", "rule"), AUTHORS.values(), ids=AUTHORS)
def test_who_wrote_is_the_sender_that_is_shown(message: InboundMessage, address: str, rule: str) -> None:
    """The From that a group or a form wrote stays in the original."""
    assert as_meant(message, wrote(message)).sender.address == address, rule


def test_a_rewritten_mail_is_stored_with_its_author_as_sender() -> None:
    world = World()
    changes = world.say(mail(sender=GROUP, name="'Ada' via Support", original_from=ADA, reply_to=BOB))
    assert changes.messages[0].sender == {"name": "Ada", "address": "ada@customer.test"}
    assert changes.messages[0].contact_id == changes.contacts[0].id


NAMES = {
    "a name of their own stays": ("'Gina' via Support", Party(name="Ada", address=ADA.address), "Ada"),
    "a group's form gives one": ("'Gina' via Support", Party(address=ADA.address), "Gina"),
    "a list's form too": ("Gina Berg via Announcements", Party(address=ADA.address), "Gina Berg"),
    "a site's name is nobody's": ("Acme Shop", Party(address=ADA.address), ""),
    "nobody via a group": ("via Support", Party(address=ADA.address), ""),
}


@pytest.mark.parametrize(("rewritten", "behind", "expected"), NAMES.values(), ids=NAMES)
def test_the_name_behind_a_rewritten_from(rewritten: str, behind: Party, expected: str) -> None:
    author = wrote(mail(sender=GROUP, name=rewritten, reply_to=behind))
    assert author.party == Party(name=expected, address=ADA.address)


def test_what_a_form_says_of_its_sender_is_no_proof() -> None:
    assert not wrote(mail(sender="wordpress@acme.test", reply_to=ADA, proven=True)).proven


def test_an_agent_is_one_only_when_proven() -> None:
    assert wrote(mail(sender=AGENT, proven=True)).agent is not None
    doubted = wrote(mail(sender=AGENT))
    assert (doubted.agent, doubted.doubted, doubted.party.address) == (None, True, AGENT)


def test_an_agents_forward_is_its_authors_words() -> None:
    message = mail("Please look.\n---", sender=AGENT, proven=True, subject="Fwd: Broken", forward=FORWARD)
    author = wrote(message)
    meant = as_meant(message, author)
    assert (author.forwarded, author.party, author.proven) == (True, ADA, False)
    assert (meant.sender, meant.subject, meant.text, meant.reply_text) == (
        ADA,
        "Broken",
        "It is broken.",
        "It is broken.",
    )


FORWARDS = {
    "a customer's": mail(forward=FORWARD),
    "one that only claims to be an agent's": mail(sender=AGENT, forward=FORWARD),
    "an agent's, of a mail without an author": mail(
        sender=AGENT, proven=True, forward=Forward(author=Party())
    ),
}


@pytest.mark.parametrize("message", FORWARDS.values(), ids=FORWARDS)
def test_any_other_forward_stays_what_it_is(message: InboundMessage) -> None:
    author = wrote(message)
    assert not author.forwarded
    assert as_meant(message, author) is message
