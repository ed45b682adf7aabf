"""Which tenant a message belongs to: an ordered tuple of rules, the first one that answers wins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from channels.contract import Account
from channels.message import InboundMessage
from routing.addresses import all_recipients, deciding_recipients, split, undone
from routing.facts import AddressFacts, Directory, Tenant, TokenFacts
from routing.tokens import addressed_tokens, parse, token_candidates
from routing.work import Step

__all__ = [
    "TenantAnswer",
    "certainly_unknown",
    "find_tenant",
    "owner_of",
    "token_candidates",
    "usable_tokens",
]

UNROUTABLE = "unroutable"
_MAX_TAG = 64


class TenantAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whose a message is, and every rule that was asked. Without a tenant, `reason` is set."""

    tenant: Tenant | None = None
    steps: tuple[Step, ...] = ()
    reason: str = ""
    token: str = ""
    address: AddressFacts | None = None
    tags: tuple[str, ...] = ()


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's answer: the tenant's id, and the tags that the address carries."""

    tenant: str
    why: str
    tags: tuple[str, ...] = ()


class Rule(Protocol):
    """Whose is this address? None: not mine to say."""

    def __call__(
        self, address: str, directory: Directory, tokens: Mapping[str, TokenFacts], /
    ) -> Found | None: ...


def find_tenant(
    message: InboundMessage, account: Account, directory: Directory, tokens: Mapping[str, TokenFacts]
) -> TenantAnswer:
    """The tenant of a message. `tokens`: what is known of its `token_candidates`, dead ones among them.

    An account with a tenant never routes outside it (P4). Otherwise the recipients of the envelope decide,
    or those of the head where no envelope is known (R30). In the answer, `address` is the tenant's own
    address that the message was written to, and `token` the reply token of this tenant that it holds, if any.
    """
    found, steps = _by_account(account) if account.tenant else _by_rules(message, directory, tokens)
    tenant = directory.tenant(found.tenant) if found else None
    if found is None or tenant is None:
        return TenantAnswer(steps=steps, reason=UNROUTABLE)
    usable = usable_tokens(message, tenant.id, directory, tokens)
    return TenantAnswer(
        tenant=tenant,
        steps=steps,
        token=usable[0] if usable else "",
        address=_own_address(message, tenant.id, directory),
        tags=found.tags,
    )


def certainly_unknown(message: InboundMessage, account: Account, directory: Directory) -> bool:
    """Whether no rule could ever find a tenant, so that the sender may be told at once. In doubt: no."""
    if account.tenant or token_candidates(message) or not deciding_recipients(message):
        return False
    return _by_rules(message, directory, {})[0] is None


def owner_of(address: str, directory: Directory) -> str | None:
    """Id of the tenant to whom mail to this address would go, tokens left aside."""
    for _, rule in RULES[1:]:
        found = rule(address, directory, {})
        if found is not None:
            return found.tenant
    return None


def usable_tokens(
    message: InboundMessage, tenant: str, directory: Directory, tokens: Mapping[str, TokenFacts]
) -> tuple[str, ...]:
    """The tokens of this tenant in whatever recipient field, dead ones among them, the envelope's first."""
    return tuple(
        token
        for token, domain in dict.fromkeys(addressed_tokens(message))
        if (known := tokens.get(token)) is not None
        and known.tenant == tenant
        and _domain_owner(domain, directory) in (None, tenant)
    )


def _by_account(account: Account) -> tuple[Found, tuple[Step, ...]]:
    step = Step(rule="account", answer="yes", why="The account has a tenant.")
    return Found(tenant=account.tenant or "", why=step.why), (step,)


def _by_rules(
    message: InboundMessage, directory: Directory, tokens: Mapping[str, TokenFacts]
) -> tuple[Found | None, tuple[Step, ...]]:
    addresses = [_meant(one, directory) for one in deciding_recipients(message)]
    steps: list[Step] = []
    for name, rule in RULES:
        for address in addresses:
            found = rule(address, directory, tokens)
            if found is not None:
                return found, (*steps, Step(rule=name, answer="yes", why=found.why))
        steps.append(Step(rule=name, answer="no"))
    return None, tuple(steps)


def _meant(address: str, directory: Directory) -> str:
    """The address inside a relay's form, unless the outer domain is a tenant's: then it is theirs to read."""
    inner = undone(address)
    outer = _domain_owner(split(address)[1], directory)
    return inner if outer is None or _domain_owner(split(inner)[1], directory) == outer else address


def _by_token(address: str, directory: Directory, tokens: Mapping[str, TokenFacts]) -> Found | None:
    token = parse(address)
    known = tokens.get(token) if token else None
    if known is None or _domain_owner(split(address)[1], directory) not in (None, known.tenant):
        return None
    return Found(tenant=known.tenant, why="The recipient holds a reply token.")


def _by_plus(address: str, directory: Directory, _: Mapping[str, TokenFacts]) -> Found | None:
    local, domain = split(address)
    base, plus, rest = local.partition("+")
    if not (base and plus) or domain not in directory.mail_domains:
        return None
    slug, _plus, tag = rest.partition("+")
    tenant = directory.by_slug(slug)
    why = f"The plus address names the slug {slug}."
    return Found(tenant=tenant, why=why, tags=(tag[:_MAX_TAG],) if tag else ()) if tenant else None


def _by_custom_domain(address: str, directory: Directory, _: Mapping[str, TokenFacts]) -> Found | None:
    domain = split(address)[1]
    known = directory.domain(domain)
    if known is None:
        return None
    if known.catch_all or _listed(address, known.tenant, directory) is not None:
        return Found(tenant=known.tenant, why=f"The domain {domain} is proven.")
    return None


def _by_subdomain(address: str, directory: Directory, _: Mapping[str, TokenFacts]) -> Found | None:
    slug, _dot, base = split(address)[1].partition(".")
    tenant = directory.by_slug(slug) if slug and base in directory.base_domains else None
    return Found(tenant=tenant, why=f"The subdomain names the slug {slug}.") if tenant else None


RULES: tuple[tuple[str, Rule], ...] = (
    ("reply_token", _by_token),
    ("plus_address", _by_plus),
    ("custom_domain", _by_custom_domain),
    ("legacy_subdomain", _by_subdomain),
)


def _domain_owner(domain: str, directory: Directory) -> str | None:
    """Id of the tenant that a domain belongs to, as its own or as its subdomain. Shared ones are nobody's."""
    known = directory.domain(domain)
    if known is not None:
        return known.tenant
    slug, _, base = domain.partition(".")
    return directory.by_slug(slug) if base in directory.base_domains else None


def _own_address(message: InboundMessage, tenant: str, directory: Directory) -> AddressFacts | None:
    """The first of a tenant's inbox addresses that the message was sent to: its defaults weigh in."""
    for address in all_recipients(message):
        known = _listed(_meant(address, directory), tenant, directory)
        if known is not None and known.kind == "inbox":
            return known
    return None


def _listed(address: str, tenant: str, directory: Directory) -> AddressFacts | None:
    """A tenant's address, a subaddress (`support+x@`) counting as the one that it extends."""
    local, domain = split(address)
    bare = f"{local.partition('+')[0]}@{domain}"
    for one in dict.fromkeys((address, bare)):
        known = directory.address(one)
        if known is not None and known.tenant == tenant:
            return known
    return None
