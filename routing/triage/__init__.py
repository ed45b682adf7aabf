"""Triage: category, priority, type and tags of a message, and the words that decided."""

from __future__ import annotations

from routing.triage.classify import classify, raise_for_context
from routing.triage.evidence import combine, decide
from routing.triage.rule import check_rule, check_rules
from routing.triage.subject import derive_subject

__all__ = [
    "check_rule",
    "check_rules",
    "classify",
    "combine",
    "decide",
    "derive_subject",
    "raise_for_context",
]
