"""What a triage rule is, and what makes one faulty. Defaults and tenants' own rules have the same form."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from routing.facts import CATEGORIES, PRIORITIES, TYPES, Priority
from routing.triage.expressions import pattern_fault
from routing.triage.fold import fold

MAX_RULES = 500
"""Rules that one tenant may have."""
MAX_PATTERNS = 100
"""Patterns in all rules of a tenant together: building each can take some milliseconds."""
_MAX_ENTRIES = 500
_MAX_ALL_ENTRIES = 5000

_MAX_LENGTH = 200
_MAX_PATTERN_LENGTH = 1000
_LISTS = ("words", "stems", "tails", "patterns", "unless", "tags", "fields", "languages")
_MATCHERS = ("words", "stems", "tails", "patterns")
_EFFECTS = ("category", "priority", "type", "tags")
_CHOICES: Mapping[str, Sequence[str]] = {
    "category": CATEGORIES, "priority": PRIORITIES, "type": TYPES, "denied": PRIORITIES,
}  # fmt: skip
_FIELDS = ("subject", "text")
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Words and patterns, and what they speak for. The form is explained in docs/triage.md."""

    id: str
    words: tuple[str, ...] = ()
    """Whole words and phrases, taken literally."""
    stems: tuple[str, ...] = ()
    """Beginnings of words: `refund` also finds "refunded"."""
    tails: tuple[str, ...] = ()
    """Ends of words, for languages that join them: `ausfall` also finds "Serverausfall"."""
    patterns: tuple[str, ...] = ()
    """Regular expressions in RE2 syntax; matched on folded text, between word boundaries."""
    unless: tuple[str, ...] = ()
    """Phrases that a hit of this rule does not count in."""
    category: str | None = None
    priority: Priority | None = None
    type: str | None = None
    tags: tuple[str, ...] = ()
    weight: float = 1.0
    fields: tuple[str, ...] = _FIELDS
    languages: tuple[str, ...] = ()
    """Languages of messages that the rule is for; empty: all."""
    negatable: bool | None = None
    """Whether "not …" takes a hit back. Unless set: when the rule gives a priority."""
    denied: Priority | None = None
    """Priority that a denial gives instead: "not urgent" says low."""
    disabled: bool = False
    """Switches the default of the same id off."""

    @property
    def can_be_denied(self) -> bool:
        """Whether what stands around a hit can take it back."""
        return self.priority in ("high", "urgent") if self.negatable is None else self.negatable

    @property
    def version(self) -> str:
        """Digest of the rule's content: it changes when the rule does, and only then."""
        return hashlib.blake2b(msgspec.json.encode(self, order="deterministic"), digest_size=4).hexdigest()


def check_rule(rule: Mapping[str, Any]) -> list[str]:
    """Say in words what is wrong with a rule as a tenant wrote it; an empty list means that it is sound."""
    faults = list(_shape_faults(rule))
    # The content is only worth a look where the shape is right.
    return faults or [*_content_faults(rule), *_pattern_faults(rule)]


def check_rules(rules: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what is wrong with a tenant's rules as a whole, each fault with the id or number of its rule."""
    faults = [f"{len(rules)} rules are too many, at most {MAX_RULES}"] if len(rules) > MAX_RULES else []
    if (entries := sum(_entries(rule, *_MATCHERS) for rule in rules)) > _MAX_ALL_ENTRIES:
        faults.append(f"{entries} entries in all rules together are too many, at most {_MAX_ALL_ENTRIES}")
    if (patterns := sum(_entries(rule, "patterns") for rule in rules)) > MAX_PATTERNS:
        faults.append(f"{patterns} patterns in all rules together are too many, at most {MAX_PATTERNS}")
    seen: set[str] = set()
    for number, rule in enumerate(rules, 1):
        name = str(rule.get("id") or f"number {number}")
        faults += [f"rule {name}: {fault}" for fault in check_rule(rule)]
        if name in seen:
            faults.append(f"rule {name}: the id is used twice")
        seen.add(name)
    return faults


def read_rule(rule: Mapping[str, Any]) -> Rule:
    """Turn a sound rule into a record. Raises msgspec.ValidationError where `check_rule` was not asked."""
    return msgspec.convert(rule, Rule)


def _entries(rule: Mapping[str, Any], *keys: str) -> int:
    return sum(len(rule[key]) for key in keys if isinstance(rule.get(key), Sequence))


def _shape_faults(rule: Mapping[str, Any]) -> Iterator[str]:
    known = Rule.__struct_fields__
    yield from (f"{key!r} is not a key of a rule" for key in rule if key not in known)
    if not isinstance(rule.get("id"), str) or not _ID.fullmatch(rule["id"]):
        yield "id must be 1 to 64 of a-z, 0-9, dot, hyphen and underscore"
    for key in _LISTS:
        value = rule.get(key, [])
        if isinstance(value, str) or not isinstance(value, Sequence):
            yield f"{key} must be a list"
        elif not all(isinstance(entry, str) for entry in value):
            yield f"{key} must hold texts only"
    for key in ("negatable", "disabled"):
        if not isinstance(rule.get(key), bool | None):
            yield f"{key} must be true or false"


def _content_faults(rule: Mapping[str, Any]) -> Iterator[str]:
    for key, allowed in _CHOICES.items():
        if rule.get(key) is not None and rule[key] not in allowed:
            yield f"{key} must be one of {', '.join(allowed)}"
    yield from (
        f"{field!r} is no field; use {' or '.join(_FIELDS)}"
        for field in rule.get("fields", ())
        if field not in _FIELDS
    )
    yield from (
        f"{code!r} is no language code" for code in rule.get("languages", ()) if not _LANGUAGE.fullmatch(code)
    )
    weight = rule.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= 10:
        yield "weight must be a number above 0, at most 10"
    if not rule.get("disabled"):
        yield from _purpose_faults(rule)


def _purpose_faults(rule: Mapping[str, Any]) -> Iterator[str]:
    if not any(rule.get(key) for key in _MATCHERS):
        yield f"it matches nothing: give one of {', '.join(_MATCHERS)}"
    if not any(rule.get(key) for key in _EFFECTS):
        yield f"it has no effect: give one of {', '.join(_EFFECTS)}"


def _pattern_faults(rule: Mapping[str, Any]) -> Iterator[str]:
    for key in (*_MATCHERS, "unless"):
        longest = _MAX_PATTERN_LENGTH if key == "patterns" else _MAX_LENGTH
        entries: Sequence[str] = rule.get(key, ())
        if len(entries) > _MAX_ENTRIES:
            yield f"{key} has {len(entries)} entries, at most {_MAX_ENTRIES}"
        for entry in entries:
            if not fold(entry):
                yield f"{key} holds an empty entry"
            elif len(entry) > longest:
                yield f"{key}: {entry[:20]!r}… is longer than {longest} characters"
            elif key == "patterns" and (fault := pattern_fault(entry)):
                yield f"pattern {entry!r}: {fault}"
