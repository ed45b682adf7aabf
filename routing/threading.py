"""Which ticket a message continues, always inside its tenant: ordered rules, the first that answers wins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from routing.author import Author
from routing.facts import Directory, Tenant, Threads, TicketFacts
from routing.questions import MACHINES, lines_key, replied_ids
from routing.refs import subject_refs
from routing.tenancy import usable_tokens
from routing.tokens import token_candidates
from routing.work import Step, Work

LINES = timedelta(minutes=5)
"""Top-level lines of one author that are no further apart than this are one ticket."""
REPORTED = "api"
"""Provider of the messages that an operator reports: who wrote them is the operator's word."""
_MAX_MERGES = 20


class ThreadAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The ticket that a message continues, or None, and every rule that was asked."""

    ticket: TicketFacts | None = None
    rule: str = ""
    steps: tuple[Step, ...] = ()
    passed_on_by: str = ""
    """Id of the merged ticket that was found and has passed the message on."""
    takes_part: bool = False
    """Whether the author takes part in the ticket."""
    doubted: bool = False
    """A rule would have answered if the sender were proven."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's answer; without a ticket it ends the search for one."""

    ticket: str = ""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """One message, as the rules see it."""

    work: Work
    tenant: Tenant
    author: Author
    threads: Threads
    directory: Directory

    def takes_part(self, *tickets: TicketFacts) -> bool:
        """Whether the author takes part in one of the tickets.

        An agent takes part in all of its tenant's, and so does whomever an operator reports.
        """
        if self.author.agent is not None or self.work.message.provider == REPORTED:
            return True
        identity = self.author.identity
        if identity is None:
            return False
        contact = self.threads.contact(self.tenant.id, identity)
        return any(
            (contact is not None and one.contact_id == contact.id)
            or self.threads.takes_part(one.id, identity)
            for one in tickets
        )

    def merged(self, ticket: str) -> tuple[TicketFacts, ...]:
        """The ticket and the ones that it was merged into."""
        return merged(self.threads, self.tenant.id, ticket)


def merged(threads: Threads, tenant: str, ticket: str) -> tuple[TicketFacts, ...]:
    """A ticket and the ones that it was merged into, the last one now being the one that counts."""
    chain: list[TicketFacts] = []
    following: str | None = ticket
    while following is not None and len(chain) < _MAX_MERGES:
        known = threads.ticket(tenant, following)
        if known is None:
            break
        chain.append(known)
        following = known.merged_into
    return tuple(chain)


def find_ticket(
    work: Work, tenant: Tenant, author: Author, threads: Threads, directory: Directory
) -> ThreadAnswer:
    """The ticket that a message of a tenant continues, by whoever wrote it."""
    inquiry = Inquiry(work=work, tenant=tenant, author=author, threads=threads, directory=directory)
    rules = MAIL_RULES if work.message.mail is not None else CONVERSATION_RULES
    steps: list[Step] = []
    for name, rule in rules:
        found = rule(inquiry)
        if found is None:
            steps.append(Step(rule=name, answer="no"))
            continue
        steps.append(Step(rule=name, answer="yes" if found.ticket else "no", why=found.why))
        return _answer(inquiry, found, name, tuple(steps))
    return ThreadAnswer(steps=tuple(steps), doubted=_would_join_if_proven(inquiry))


def _answer(inquiry: Inquiry, found: Found, rule: str, steps: tuple[Step, ...]) -> ThreadAnswer:
    chain = inquiry.merged(found.ticket) if found.ticket else ()
    if not chain:
        return ThreadAnswer(steps=steps)
    return ThreadAnswer(
        ticket=chain[-1],
        rule=rule,
        steps=steps,
        passed_on_by=chain[0].id if len(chain) > 1 else "",
        takes_part=inquiry.takes_part(*chain),
    )


def _by_token(inquiry: Inquiry) -> Found | None:
    """A token is a capability: whoever holds it writes to the ticket. A dead one makes a new ticket."""
    message, threads = inquiry.work.message, inquiry.threads
    known = {one: facts for one in token_candidates(message) if (facts := threads.token(one)) is not None}
    usable = usable_tokens(message, inquiry.tenant.id, inquiry.directory, known) if known else ()
    for token in usable:
        if known[token].live and inquiry.merged(known[token].ticket):
            return Found(ticket=known[token].ticket, why="A recipient holds a reply token of the ticket.")
    if usable and not message.flags & MACHINES:
        return Found(why="The reply token is revoked or expired.")
    return None


def _by_references(inquiry: Inquiry) -> Found | None:
    for message_id in replied_ids(inquiry.work.message):
        ticket = _only_ticket(inquiry, message_id)
        if ticket is not None:
            return Found(ticket=ticket.id, why=f"It answers the mail {message_id}.")
    return None


def _by_own_id(inquiry: Inquiry) -> Found | None:
    """The same mail with a new digest: something on its way, such as a list, has changed it."""
    mail = inquiry.work.message.mail
    ticket = _only_ticket(inquiry, mail.message_id) if mail and mail.message_id else None
    if ticket is None or not inquiry.takes_part(ticket):
        return None
    return Found(ticket=ticket.id, why="Its Message-ID is known, and its sender takes part.")


def _by_subject(inquiry: Inquiry) -> Found | None:
    """A number in a subject proves nothing by itself (R26)."""
    if not (inquiry.author.proven or inquiry.author.agent):
        return None
    ref = _joinable_ref(inquiry)
    return (
        Found(ticket=ref[1], why=f"The subject names {ref[0]}, and its sender takes part.") if ref else None
    )


def _by_conversation(inquiry: Inquiry) -> Found | None:
    key = inquiry.work.message.conversation
    account = inquiry.work.origin.account.id
    ticket = inquiry.threads.by_conversation(inquiry.tenant.id, account, key) if key else None
    return Found(ticket=ticket, why="The conversation has a ticket.") if ticket else None


def _by_lines(inquiry: Inquiry) -> Found | None:
    """What somebody says in several lines, one after the other, is one matter."""
    key, origin = lines_key(inquiry.work.message), inquiry.work.origin
    ticket = inquiry.threads.by_conversation(inquiry.tenant.id, origin.account.id, key) if key else None
    known = inquiry.threads.ticket(inquiry.tenant.id, ticket) if ticket else None
    if known is None or known.customer_wrote_at is None:
        return None
    near = abs(origin.received_at - known.customer_wrote_at) <= LINES
    return Found(ticket=known.id, why="The same author wrote a line just before.") if near else None


Rule = Callable[[Inquiry], Found | None]
MAIL_RULES: tuple[tuple[str, Rule], ...] = (
    ("reply_token", _by_token),
    ("references", _by_references),
    ("message_id", _by_own_id),
    ("subject", _by_subject),
)
CONVERSATION_RULES: tuple[tuple[str, Rule], ...] = (
    ("reply_token", _by_token),
    ("conversation", _by_conversation),
    ("lines", _by_lines),
)


def _only_ticket(inquiry: Inquiry, message_id: str) -> TicketFacts | None:
    """The one ticket that a Message-ID leads to, merged ones counted as one. Several: it proves nothing."""
    found = inquiry.threads.by_message_id(inquiry.tenant.id, message_id)
    chains = {chain[-1].id: chain[0] for one in found if (chain := inquiry.merged(one))}
    return next(iter(chains.values())) if len(chains) == 1 else None


def _joinable_ref(inquiry: Inquiry) -> tuple[str, str] | None:
    for ref in subject_refs(inquiry.work.message.subject):
        known = inquiry.threads.by_ref(inquiry.tenant.id, ref)
        if known is not None and inquiry.takes_part(*inquiry.merged(known.id)):
            return ref, known.id
    return None


def _would_join_if_proven(inquiry: Inquiry) -> bool:
    return inquiry.work.message.mail is not None and _joinable_ref(inquiry) is not None
