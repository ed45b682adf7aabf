"""Whether an automatic answer may go out: never to a machine, a stranger on a thread, or without end (P9)."""

from __future__ import annotations

from datetime import timedelta

from channels.message import Flag
from routing.case import Case
from routing.facts import TicketFacts
from routing.replies import is_automatic, is_reaction

WINDOW = timedelta(hours=3)
BUDGET = 10
"""Events that may be answered, per ticket and per contact within WINDOW: it ends a loop of clean headers."""


def objections(case: Case, ticket: TicketFacts | None) -> tuple[str, ...]:
    """Why no automatic answer may go out for a message on this ticket; empty where one may."""
    message, contact = case.message, case.contact
    mail = message.mail
    asked = (
        ("automatic", is_automatic(message)),
        ("list", Flag.LIST in case.flags),
        ("reaction", is_reaction(message)),
        ("unverified", Flag.UNVERIFIED in case.flags),
        ("unverified_sender", Flag.UNVERIFIED_SENDER in case.flags),
        ("agent", case.author.agent is not None),
        ("no_sender", case.author.identity is None),
        ("null_sender", mail is not None and mail.envelope_from == ""),
        ("consent", bool(message.consent) or (contact is not None and contact.stopped)),
        ("over_budget_contact", contact is not None and contact.answers >= BUDGET),
        ("over_budget_ticket", ticket is not None and ticket.answers >= BUDGET),
    )
    return tuple(name for name, objects in asked if objects)
