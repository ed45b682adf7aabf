"""Who takes part in a ticket beside the one who wrote: whom a mail's writer put in To and Cc."""

from __future__ import annotations

from routing.addresses import normal, split
from routing.case import Case
from routing.facts import Directory, Identity
from routing.tenancy import owner_of
from routing.tokens import parse

_MAX = 50
"""A mail to hundreds is a mailing, not a conversation."""


def outsiders(case: Case, directory: Directory) -> list[Identity]:
    """Everybody in To and Cc who is neither the tenant nor one of its agents."""
    if case.message.mail is None:
        return []
    found = dict.fromkeys(normal(one) for one in case.message.recipients_in("to", "cc"))
    outside = [one for one in found if not _is_ours(one, directory, case.tenant.id)]
    return [Identity(kind="email", value=one) for one in outside[:_MAX]]


def _is_ours(address: str, directory: Directory, tenant: str) -> bool:
    """A reply address, one of the tenant or of its agents, or one of the domains that all tenants share."""
    domain = split(address)[1]
    if not domain or parse(address) is not None or domain in directory.mail_domains:
        return True
    known = directory.address(address)
    return (known is not None and known.tenant == tenant) or owner_of(address, directory) == tenant
