"""Who wrote a message: a customer, an agent, or somebody whose address a group or a form has rewritten."""

from __future__ import annotations

import re
from collections.abc import Collection

import msgspec

from channels.contract import Account
from channels.message import InboundMessage, Party
from routing.addresses import normal
from routing.facts import Directory, Identity, Tenant
from routing.identities import identity_of, sender_identity
from routing.proof import Verdict, verdict
from routing.tenancy import owner_of
from routing.work import Step


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """Whose words a message holds, and how sure that is.

    `agent` is the proven agent that sent it; where `forwarded`, the words are those of `party` all the same.
    """

    party: Party
    identity: Identity | None = None
    verdict: Verdict = "none"
    """On `party`, not on whoever passed the message on."""
    agent: Party | None = None
    forwarded: bool = False
    doubted: bool = False
    """From names an agent, but that is not proven: a stranger's message (R38)."""
    step: Step

    @property
    def proven(self) -> bool:
        """Whether the author's address counts as proof."""
        return self.verdict == "pass"


def who_wrote(
    message: InboundMessage,
    account: Account,
    tenant: Tenant,
    directory: Directory,
    authserv_ids: Collection[str] = (),
) -> Author:
    """The author of a message to a tenant."""
    said = verdict(message, account, authserv_ids)
    if message.mail is None:
        step = Step(rule="sender", answer="yes" if said == "pass" else "no", why="As the channel says.")
        return _author(message, message.sender, said, step, identity=sender_identity(message))
    if _is_agent(message.sender.address, tenant, directory):
        return _agent(message, said)
    original = _rewritten(message, tenant, directory)
    if original is not None:
        field, party = original
        step = Step(rule=field, answer="yes", why="From is an address of the tenant.")
        return _author(message, party, "none", step)
    return _author(message, message.sender, said, Step(rule="from", answer="yes", why=_WHY[said]))


def as_meant(message: InboundMessage, author: Author) -> InboundMessage:
    """The message as its author wrote it: an agent's forward without the agent's own words.

    Where a group or a form has rewritten From, its sender is the author; what stood there is in the original.
    """
    if message.mail is None or author.party == message.sender:
        return message
    if not author.forwarded or message.mail.forward is None:
        return msgspec.structs.replace(message, sender=author.party)
    forward = message.mail.forward
    return msgspec.structs.replace(
        message,
        sender=author.party,
        subject=forward.subject or message.subject,
        text=forward.text,
        reply_text=forward.text,
        html="",  # holds the agent's words as well; the original is kept beside it
    )


_VIA = re.compile(r"'?(\S.*?)'? via \S.*")
"""How groups and lists rewrite a name: `'Gina' via Support`."""
_WHY: dict[Verdict, str] = {
    "pass": "From is proven by an aligned verdict.",
    "fail": "From failed its check.",
    "none": "From is not proven.",
}


def _author(
    message: InboundMessage, party: Party, said: Verdict, step: Step, *, identity: Identity | None = None
) -> Author:
    known = identity or identity_of(message.provider, party.address)
    return Author(party=party, identity=known, verdict=said, step=step)


def _agent(message: InboundMessage, said: Verdict) -> Author:
    if said != "pass":
        step = Step(rule="agent", answer="no", why="From names an agent, but that is not proven.")
        author = _author(message, message.sender, said, step)
        return msgspec.structs.replace(author, doubted=True)
    forward = message.mail.forward if message.mail else None
    if forward is not None and forward.author.address:
        step = Step(rule="agent", answer="yes", why="An agent forwards somebody's mail.")
        author = _author(message, forward.author, "none", step)
        return msgspec.structs.replace(author, agent=message.sender, forwarded=True)
    step = Step(rule="agent", answer="yes", why="From is an agent, proven by an aligned verdict.")
    return msgspec.structs.replace(_author(message, message.sender, said, step), agent=message.sender)


def _rewritten(message: InboundMessage, tenant: Tenant, directory: Directory) -> tuple[str, Party] | None:
    """Who stands behind a From that is the tenant's own: groups and web forms write theirs over it."""
    mail = message.mail
    if mail is None or not _of_tenant(message.sender.address, tenant, directory):
        return None
    listed = (
        ("x_original_from", mail.original_from),
        ("x_original_sender", mail.original_sender),
        ("reply_to", mail.reply_to),
    )
    for field, party in listed:
        if party is not None and party.address and not _of_tenant(party.address, tenant, directory):
            return field, _named(party, message.sender)
    return None


def _named(party: Party, rewritten: Party) -> Party:
    """The party, with the name that a group left in front of its own where nothing else names it."""
    known = _VIA.fullmatch(rewritten.name)
    return msgspec.structs.replace(party, name=known[1]) if known and not party.name else party


def _is_agent(address: str, tenant: Tenant, directory: Directory) -> bool:
    known = directory.address(normal(address)) if address else None
    return known is not None and known.tenant == tenant.id and known.kind == "agent"


def _of_tenant(address: str, tenant: Tenant, directory: Directory) -> bool:
    address = normal(address)
    known = directory.address(address)
    return (known is not None and known.tenant == tenant.id) or owner_of(address, directory) == tenant.id
