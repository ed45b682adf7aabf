"""What a ticket's own fields are after one more message: derived from all of its customer's messages."""

from __future__ import annotations

from typing import Any

import msgspec

from channels.message import InboundMessage
from routing.case import Case
from routing.facts import PRIORITIES, Priority, Tenant, TicketFacts
from routing.sla import stamps
from routing.triage import classify, combine, decide, derive_subject, raise_for_context
from routing.triage.verdict import Evidence, Triage

_MAX_TAGS = 50


def triage_of(case: Case) -> Triage:
    """The verdict on the words of the message's author, with the standing of a proven contact weighed in."""
    triage = case.triage
    if triage is None or case.author.forwarded:  # the agent's words around it are not the customer's
        settings = case.work.origin.account.settings
        address = case.work.address
        triage = classify(case.message, case.tenant, address=address, account_settings=settings)
    vip = case.contact is not None and case.contact.vip and (case.author.proven or case.author.forwarded)
    return raise_for_context(triage, vip=vip)


def stored(evidence: Evidence) -> dict[str, Any]:
    """Evidence as it lies in the ticket's row."""
    kept: dict[str, Any] = msgspec.to_builtins(evidence)
    return kept


def tags_of(*groups: tuple[str, ...]) -> tuple[str, ...]:
    """Tags of several sources, each once, in order."""
    return tuple(dict.fromkeys(tag for group in groups for tag in group if tag))[:_MAX_TAGS]


def with_words(ticket: TicketFacts, message: InboundMessage, triage: Triage, tenant: Tenant) -> TicketFacts:
    """The ticket with one more of its customer's messages weighed in.

    What a person has set stays. Once an agent has acted, subject, category and type stay too. A reply raises
    the priority, never lowers it, and with it the clocks, which run from the beginning of the ticket.
    """
    evidence = combine(msgspec.convert(ticket.evidence, Evidence), triage.evidence)
    category, priority, kind = decide(evidence)
    fields: dict[str, Any] = {"priority": _higher(ticket.priority, priority)}
    fields["tags"] = tags_of(ticket.tags, triage.tags)
    if not ticket.agent_acted:
        fields |= {"category": category, "type": kind, "subject": derive_subject(ticket.subject, message)}
    free = {name: value for name, value in fields.items() if name not in ticket.set_by_hand}
    return on_time(msgspec.structs.replace(ticket, evidence=stored(evidence), **free), ticket, tenant)


def on_time(ticket: TicketFacts, before: TicketFacts, tenant: Tenant) -> TicketFacts:
    """The ticket with its clocks set anew where its priority has changed."""
    if ticket.priority == before.priority:
        return ticket
    first, resolution = stamps(tenant, ticket.priority, ticket.created_at)
    return msgspec.structs.replace(ticket, first_response_due_at=first, resolution_due_at=resolution)


def _higher(one: Priority, other: Priority) -> Priority:
    return max(one, other, key=PRIORITIES.index)
