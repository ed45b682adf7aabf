"""How hits add up to a verdict, within one message and over all messages of a ticket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from routing.facts import CATEGORIES, PRIORITIES, Priority
from routing.triage.context import Context
from routing.triage.findings import Finding
from routing.triage.rule import Rule
from routing.triage.verdict import Evidence

SUBJECT_WEIGHT = 1.5
"""A word in the subject says more about the topic than one in the text."""
_REPEATS = 2
"""Different words of one rule that count in one message: whoever goes on about a thing says nothing new."""
_TYPE_OF_CATEGORY = {"feature_request": "feature_request", "sales": "customer_request"}


def weigh(findings: Sequence[Finding], contexts: Sequence[Context] = ()) -> Evidence:
    """Add up what was found in one message and what its context says."""
    categories: dict[str, float] = {}
    types: dict[str, float] = {}
    for rule, weight, over in _counted(findings):
        _add(categories, rule.category, weight)
        _add(types, None if over else rule.type, weight)
    for context in contexts:
        _add(categories, context.category, context.weight)
        _add(types, context.type, context.weight)
    live = [rule for rule, hit in findings if rule.tags and not hit.negated]
    tags = [
        *(tag for context in contexts for tag in context.tags),
        *(tag for rule in live for tag in rule.tags),
    ]
    return Evidence(
        categories=categories, types=types, priority=_priority(findings, contexts), tags=_once(tags)
    )


def combine(old: Evidence, new: Evidence) -> Evidence:
    """Evidence of a ticket with one more message. Priority can only rise."""
    return Evidence(
        categories=_sum(old.categories, new.categories),
        types=_sum(old.types, new.types),
        priority=highest(old.priority, new.priority),
        tags=_once((*old.tags, *new.tags)),
    )


def decide(evidence: Evidence) -> tuple[str, Priority, str]:
    """Category, priority and type that the evidence speaks for; a tie goes to the earlier in `CATEGORIES`."""
    known = [name for name in CATEGORIES if name in evidence.categories]
    category = max(known, key=lambda name: evidence.categories[name], default="general")
    type_ = max(sorted(evidence.types), key=lambda name: evidence.types[name], default="")
    return category, evidence.priority, type_ or _TYPE_OF_CATEGORY.get(category, "support_ticket")


def highest(*priorities: Priority) -> Priority:
    """Return the highest of one or more priorities."""
    return max(priorities, key=PRIORITIES.index)


def raised(priority: Priority) -> Priority:
    """Return the priority one step up, but never `urgent`: that takes words."""
    return {"low": "normal", "normal": "high"}.get(priority, priority)  # type: ignore[return-value]


def _counted(findings: Sequence[Finding]) -> Iterator[tuple[Rule, float, bool]]:
    """Rules with what their hits weigh. What is over still tells the topic."""
    seen: dict[str, set[str]] = {}
    for rule, hit in findings:
        words = seen.setdefault(rule.id, set())
        word = hit.text.lower()
        if (hit.negated and hit.why != "over") or word in words or len(words) >= _REPEATS:
            continue
        words.add(word)
        yield rule, rule.weight * (SUBJECT_WEIGHT if hit.field == "subject" else 1.0), hit.negated


def _priority(findings: Sequence[Finding], contexts: Sequence[Context]) -> Priority:
    """The alarms decide; without one, what calms; then who wrote raises it a step."""
    base: Priority = next((context.priority for context in reversed(contexts) if context.priority), "normal")
    found = [f.rule.priority for f in findings if f.rule.priority and not f.hit.negated]
    alarms = [priority for priority in found if priority != "low"]
    calm = "low" in found or any(f.rule.denied == "low" and f.hit.why == "denied" for f in findings)
    priority: Priority = highest(base, *alarms)
    if calm and not alarms and base == "normal":
        priority = "low"
    return raised(priority) if any(context.raises for context in contexts) else priority


def _add(weights: dict[str, float], name: str | None, weight: float) -> None:
    if name is not None:
        weights[name] = weights.get(name, 0.0) + weight


def _sum(old: Mapping[str, float], new: Mapping[str, float]) -> dict[str, float]:
    total = dict(old)
    for name, weight in new.items():
        total[name] = round(total.get(name, 0.0) + weight, 3)
    return total


def _once(tags: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))
