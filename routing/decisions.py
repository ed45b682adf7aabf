"""The stored explanation of one message (P11): every rule that was asked, what it answered, what matched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from routing.case import Case
from routing.changes import DecisionRow, Outcome
from routing.facts import TicketFacts
from routing.work import Step, Work


def decision_row(
    work: Work, outcome: Outcome, reason: str, at: datetime, **more: dict[str, Any]
) -> DecisionRow:
    """What every message has: which tenant, why, and what came of it. `more` is what else was decided.

    `released` stands in it where a person has said that it is no spam.
    """
    decision: dict[str, Any] = {
        "outcome": outcome,
        "reason": reason,
        "tenant": {
            "slug": work.tenant.slug if work.tenant else None,
            "address": work.address.address if work.address else None,
            "steps": steps(work.tenant_steps),
        },
        **more,
    }
    if work.origin.released:
        decision["released"] = True
    tenant_id = work.tenant.id if work.tenant else None
    return DecisionRow(message_id=work.origin.id, tenant_id=tenant_id, decision=decision, at=at)


def of_case(case: Case, ticket: TicketFacts | None, objections: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What was decided on a message of a tenant: author, thread, triage, and whether it may be answered."""
    answer = case.answer
    return {
        "author": {
            "role": "agent" if case.author.agent else "customer",
            "verdict": case.author.verdict,
            "steps": steps((case.author.step,)),
        },
        "thread": {
            "rule": answer.rule,
            "ticket": ticket.id if ticket else None,
            "takes_part": answer.takes_part,
            "passed_on_by": answer.passed_on_by or None,
            "steps": steps(answer.steps),
        },
        "triage": msgspec.to_builtins(case.triage) if case.triage else {},
        "answer": {"may_answer": not objections, "objections": list(objections)},
    }


def steps(asked: Sequence[Step]) -> list[dict[str, str]]:
    """Rules that were asked, as they are stored."""
    return [{"rule": one.rule, "answer": one.answer, "why": one.why} for one in asked]
