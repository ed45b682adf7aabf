"""One message of a batch with all that is known of it before anything is decided."""

from __future__ import annotations

import msgspec

from channels.message import Flag, InboundMessage
from routing.author import Author, as_meant, who_wrote
from routing.context import PlanContext
from routing.facts import ContactFacts, Tenant, Threads
from routing.threading import ThreadAnswer, find_ticket
from routing.triage.verdict import Triage
from routing.work import Work


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A message, who wrote it, what it continues."""

    work: Work
    tenant: Tenant
    message: InboundMessage
    """As its author wrote it: an agent's forward is unfolded."""
    author: Author
    answer: ThreadAnswer
    contact: ContactFacts | None
    """Whom the tenant already knows the author as."""
    flags: frozenset[Flag]
    triage: Triage | None = None

    @property
    def actor(self) -> str:
        """Who acts, as activities name it."""
        if self.author.agent is not None and not self.author.forwarded:
            return f"agent:{self.author.agent.address}"
        return f"contact:{self.contact.id}" if self.contact else "inlet"


def look(work: Work, tenant: Tenant, threads: Threads, context: PlanContext) -> Case:
    """What is known of a message of a tenant."""
    author = who_wrote(work.message, work.origin.account, tenant, context.directory, context.authserv_ids)
    answer = find_ticket(work, tenant, author, threads, context.directory)
    contact = threads.contact(tenant.id, author.identity) if author.identity else None
    doubted = author.doubted or answer.doubted or author.verdict == "fail" or _unproven_vip(contact, author)
    return Case(
        work=work,
        tenant=tenant,
        message=as_meant(work.message, author),
        author=author,
        answer=answer,
        contact=contact,
        flags=work.message.flags | {Flag.UNVERIFIED} if doubted else work.message.flags,
        triage=work.triage,
    )


def with_flag(case: Case, flag: Flag) -> Case:
    """The case with one more flag."""
    return msgspec.structs.replace(case, flags=case.flags | {flag})


def _unproven_vip(contact: ContactFacts | None, author: Author) -> bool:
    return contact is not None and contact.vip and not author.proven and author.agent is None
