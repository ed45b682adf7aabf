"""Which tenant: an ordered tuple of rules, the envelope before the head, an account before all."""

from __future__ import annotations

import msgspec
import pytest

from channels.contract import Account
from channels.message import InboundMessage, Recipient
from routing.facts import AddressFacts, DomainFacts, TokenFacts
from routing.tenancy import RULES, certainly_unknown, find_tenant
from tests.routing.world import (
    ACME,
    ACME_SMS,
    GLOBEX,
    GLOBEX_SMS,
    SHARED,
    Known,
    mail,
    sms,
    token,
)

LIVE, DEAD, FOREIGN, UNKNOWN = token(1), token(2), token(3), token(4)
TICKET = "cccccccc-0000-7000-8000-000000000001"
TOKENS = {
    LIVE: TokenFacts(token=LIVE, tenant=ACME.id, ticket=TICKET, live=True),
    DEAD: TokenFacts(token=DEAD, tenant=ACME.id, ticket=TICKET, live=False),
    FOREIGN: TokenFacts(token=FOREIGN, tenant=GLOBEX.id, ticket=TICKET, live=True),
}


def to(address: str, **more: object) -> InboundMessage:
    return mail(to=address, **more)  # type: ignore[arg-type]


def test_the_order_of_the_rules_is_the_policy() -> None:
    assert [name for name, _ in RULES] == ["reply_token", "plus_address", "custom_domain", "legacy_subdomain"]


FOUND = {
    "a reply token": (to(f"t_{LIVE}@in.example.net"), "acme", "reply_token"),
    "a reply token, case folded": (to(f"T_{LIVE.upper()}@IN.example.net"), "acme", "reply_token"),
    "a reply token on a foreign domain of nobody's": (to(f"t_{LIVE}@elsewhere.test"), "acme", "reply_token"),
    "a dead token still finds its tenant": (to(f"t_{DEAD}@in.example.net"), "acme", "reply_token"),
    "P4 a token at another tenant's domain is that tenant's": (
        to(f"t_{LIVE}@globex.test"),
        "globex",
        "custom_domain",
    ),
    "P4 a token at another tenant's subdomain is that tenant's": (
        to(f"t_{LIVE}@globex.help.example.net"),
        "globex",
        "legacy_subdomain",
    ),
    "a token before a plus address": (
        to(f"t_{LIVE}@in.example.net", cc=["help+globex@in.example.net"], envelope=None),
        "acme",
        "reply_token",
    ),
    "a plus address": (to("support+acme@in.example.net"), "acme", "plus_address"),
    "a plus address with a former slug": (to("support+acme-old@in.example.net"), "acme", "plus_address"),
    "a plus address in capitals": (to("Support+ACME@IN.EXAMPLE.NET."), "acme", "plus_address"),
    "a plus address inside SRS": (
        to("srs0=hh=tt=in.example.net=support+acme@relay.test"),
        "acme",
        "plus_address",
    ),
    "a custom domain": (to("anything@acme.test"), "acme", "custom_domain"),
    "a custom domain with a trailing dot": (to("anything@ACME.test."), "acme", "custom_domain"),
    "a listed address without catch-all": (to("sales@strict.test"), "acme", "custom_domain"),
    "a subaddress of a listed address": (to("sales+spring@strict.test"), "acme", "custom_domain"),
    "an international domain": (to("info@bücher.test"), "acme", "custom_domain"),
    "a legacy subdomain": (to("anything@acme.help.example.net"), "acme", "legacy_subdomain"),
    "R30 the envelope, whatever the head says": (
        to("support@globex.test", envelope="support+acme@in.example.net"),
        "acme",
        "plus_address",
    ),
    "Delivered-To before To where no envelope is known": (
        msgspec.structs.replace(
            mail(),
            recipients=(
                Recipient(address="x@globex.test", field="to"),
                Recipient(address="x@acme.test", field="delivered_to"),
            ),
        ),
        "acme",
        "custom_domain",
    ),
}
LOST = {
    "an unknown slug": to("support+nobody@in.example.net"),
    "no slug": to("support@in.example.net"),
    "a plus address on an unshared domain": to("support+acme@elsewhere.test"),
    "an unlisted address without catch-all": to("other@strict.test"),
    "a subdomain of a subdomain": to("a@b.acme.help.example.net"),
    "an unknown token": to(f"t_{UNKNOWN}@in.example.net"),
    "R30 known in To alone": to("support@acme.test", envelope="x@elsewhere.test"),
}


@pytest.fixture
def known() -> Known:
    known = Known()
    known.domains["strict.test"] = DomainFacts(domain="strict.test", tenant=ACME.id, catch_all=False)
    known.domains["xn--bcher-kva.test"] = DomainFacts(domain="xn--bcher-kva.test", tenant=ACME.id)
    known.addresses["sales@strict.test"] = AddressFacts(
        address="sales@strict.test", tenant=ACME.id, kind="inbox", category="sales", tags=("sales",)
    )
    return known


@pytest.mark.parametrize(("message", "slug", "rule"), FOUND.values(), ids=FOUND)
def test_finds_the_tenant(known: Known, message: InboundMessage, slug: str, rule: str) -> None:
    answer = find_tenant(message, SHARED, known, TOKENS)
    assert answer.tenant is not None
    assert (answer.tenant.slug, answer.steps[-1].rule, answer.steps[-1].answer) == (slug, rule, "yes")


@pytest.mark.parametrize("message", LOST.values(), ids=LOST)
def test_r11_says_so_where_there_is_no_route(known: Known, message: InboundMessage) -> None:
    answer = find_tenant(message, SHARED, known, TOKENS)
    assert (answer.tenant, answer.reason) == (None, "unroutable")
    assert [step.answer for step in answer.steps] == ["no"] * len(RULES)


@pytest.mark.parametrize("account", [ACME_SMS, GLOBEX_SMS], ids=["acme", "globex"])
@pytest.mark.parametrize("message", [*(row[0] for row in FOUND.values()), sms()])
def test_p4_an_account_with_a_tenant_never_routes_outside_it(
    known: Known, account: Account, message: InboundMessage
) -> None:
    answer = find_tenant(message, account, known, TOKENS)
    assert answer.tenant is not None
    assert answer.tenant.id == account.tenant
    assert answer.token == "" or TOKENS[answer.token].tenant == account.tenant


def test_r31_what_follows_a_second_plus_is_a_tag(known: Known) -> None:
    assert find_tenant(to("support+acme+vip@in.example.net"), SHARED, known, {}).tags == ("vip",)


def test_the_address_that_was_written_to_comes_with_its_defaults(known: Known) -> None:
    answer = find_tenant(to("sales+spring@strict.test"), SHARED, known, {})
    assert answer.address is not None
    assert answer.address.category == "sales"


def test_a_forwarded_mailbox_keeps_its_defaults(known: Known) -> None:
    """A tenant forwards its own mailbox to its plus address: To names the mailbox."""
    answer = find_tenant(to("support@acme.test", envelope="inbound+acme@in.example.net"), SHARED, known, {})
    assert answer.address is not None
    assert answer.address.address == "support@acme.test"


def test_p4_another_tenants_address_in_to_has_no_say(known: Known) -> None:
    answer = find_tenant(to("sales@strict.test", envelope="x+globex@in.example.net"), SHARED, known, {})
    assert answer.address is None


def test_no_step_shows_a_token(known: Known) -> None:
    answer = find_tenant(to(f"t_{LIVE}@in.example.net"), SHARED, known, TOKENS)
    assert LIVE not in str(answer.steps)


def test_an_srs_form_at_a_tenants_own_domain_is_not_undone(known: Known) -> None:
    """P4: what stands in the local part is the domain owner's business."""
    answer = find_tenant(to("srs0=hh=tt=acme.test=support@globex.test"), SHARED, known, {})
    assert answer.tenant is not None
    assert answer.tenant.slug == "globex"


DOOR = {
    "an unknown slug": (to("support+nobody@in.example.net"), SHARED, True),
    "an unlisted address": (to("other@strict.test"), SHARED, True),
    "a known slug": (to("support+acme@in.example.net"), SHARED, False),
    "R10 a token in Cc": (to("x@elsewhere.test", cc=[f"t_{UNKNOWN}@y.test"]), SHARED, False),
    "no recipient at all": (msgspec.structs.replace(mail(), recipients=()), SHARED, False),
    "an account with a tenant": (to("x@elsewhere.test"), ACME_SMS, False),
}


@pytest.mark.parametrize(("message", "account", "expected"), DOOR.values(), ids=DOOR)
def test_only_what_is_certain_is_refused_at_the_door(
    known: Known, message: InboundMessage, account: Account, expected: bool
) -> None:
    assert certainly_unknown(message, account, known) is expected
