"""Rules made ready to match: the defaults of a language, and over them what a tenant added or switched off.

The defaults are built once for each language and shared. A tenant's own rules are a second, small matcher,
because one automaton for each tenant and language would hold the defaults thousands of times over.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from routing.triage.defaults import LanguageData, languages
from routing.triage.fold import fold
from routing.triage.guards import Guards
from routing.triage.patterns import Literal, Mark, Matcher
from routing.triage.rule import MAX_PATTERNS, MAX_RULES, Rule, check_rule, read_rule

_KEPT = 1024
_INNER_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")
_ROLES = ("harmless", "over", "over_alone", "signoffs", "disclaimers")


class Owner(NamedTuple):
    """What a mark stands for: a rule, or words that act on others."""

    role: str
    """`rule`, or the key of `LanguageData` that the words stand under."""
    rule: Rule | None = None
    version: str = ""
    only: str = ""
    """The rule that a harmless phrase is for; empty: every rule."""


class Ruleset(NamedTuple):
    """Rules of one tenant for one language, or for several where it cannot be told. Immutable."""

    defaults: Matcher[Owner]
    guards: Guards
    version: str
    own: Matcher[Owner] | None = None
    """The tenant's rules."""
    replaced: frozenset[str] = frozenset()
    """Ids of defaults that the tenant replaced or switched off."""
    faults: tuple[str, ...] = ()
    """What is wrong with rules that were left out."""

    def find(self, folded: str) -> list[Mark[Owner]]:
        """Return what stands in folded text, in the order of the places."""
        found = self.defaults.find(folded)
        if self.replaced:
            found = [m for m in found if m.owner.rule is None or m.owner.rule.id not in self.replaced]
        if self.own is None:
            return found
        return sorted((*found, *self.own.find(folded)), key=lambda mark: (mark.start, -mark.end))


def compile_rules(tenant_rules: Sequence[Mapping[str, Any]], languages: Sequence[str]) -> Ruleset:
    """Return the defaults of the languages with the tenant's rules over them; cached by content.

    A faulty rule is left out and named in `faults`: what a tenant wrote wrongly must not stop its messages.
    """
    codes = tuple(languages)
    if not tenant_rules:
        return _defaults(codes)
    return _with_tenant(_content(tenant_rules), codes)


# The records of the directory are frozen: the same tuple has the same content for as long as it lives. It is
# kept beside its bytes, or its address could be given to another one.
_contents: dict[int, tuple[Sequence[Mapping[str, Any]], bytes]] = {}


def _content(rules: Sequence[Mapping[str, Any]]) -> bytes:
    if not isinstance(rules, tuple):
        return msgspec.json.encode(rules, order="deterministic")
    kept = _contents.get(id(rules))
    if kept is None:
        if len(_contents) >= _KEPT:
            _contents.clear()
        kept = _contents[id(rules)] = (rules, msgspec.json.encode(rules, order="deterministic"))
    return kept[1]


@lru_cache(maxsize=64)
def _defaults(codes: tuple[str, ...]) -> Ruleset:
    data = [known for code in codes if (known := languages().get(code))]
    rules = [rule for one in data for rule in one.rules]
    literals = [literal for one in data for literal in _literals(one)]
    patterns = [pattern for one in data for pattern in _patterns(one)]
    return Ruleset(Matcher(literals, patterns), Guards(data), _digest(rules))


@lru_cache(maxsize=_KEPT)
def _with_tenant(content: bytes, codes: tuple[str, ...]) -> Ruleset:
    base = _defaults(codes)
    sound, faults = _sound(msgspec.json.decode(content))
    rules = [rule for rule in sound if not rule.languages or set(rule.languages) & set(codes)]
    live = [rule for rule in rules if not rule.disabled]
    owners = [(rule, Owner("rule", rule, rule.version)) for rule in live]
    literals = [literal for rule, owner in owners for literal in _rule_literals(rule, owner, {})]
    patterns = [(text, owner) for rule, owner in owners for text in rule.patterns]
    return base._replace(
        own=Matcher(literals, patterns),
        version=_digest([*rules], base.version),
        replaced=frozenset(rule.id for rule in rules),
        faults=faults,
    )


def _sound(raw: Sequence[Mapping[str, Any]]) -> tuple[list[Rule], tuple[str, ...]]:
    """The rules that can be used, and what is wrong with the others."""
    rules: list[Rule] = []
    faults: list[str] = []
    left = MAX_PATTERNS
    for number, one in enumerate(raw[:MAX_RULES], 1):
        found = check_rule(one)
        if not found and (left := left - len(one.get("patterns", ()))) < 0:
            found = [f"more than {MAX_PATTERNS} patterns in all rules together"]
        faults += [f"rule {one.get('id') or number}: {fault}" for fault in found]
        if not found:
            rules.append(read_rule(one))
    return rules, tuple(faults)


def _literals(data: LanguageData) -> Iterator[Literal[Owner]]:
    for role in _ROLES:
        for entry in getattr(data, role):
            yield from (Literal(form, Owner(role)) for form in _forms(entry, data.digraphs))
    for rule in data.rules:
        yield from _rule_literals(rule, Owner("rule", rule, rule.version), data.digraphs)


def _rule_literals(rule: Rule, owner: Owner, digraphs: Mapping[str, str]) -> Iterator[Literal[Owner]]:
    for word in rule.words:
        yield from (Literal(form, owner) for form in _forms(word, digraphs))
    for stem in rule.stems:
        yield from (Literal(form, owner, ends=False) for form in _forms(stem, digraphs))
    for tail in rule.tails:
        yield from (Literal(form, owner, begins=False) for form in _forms(tail, digraphs))
    for phrase in rule.unless:
        yield from (Literal(form, Owner("harmless", only=rule.id)) for form in _forms(phrase, digraphs))


def _patterns(data: LanguageData) -> Iterator[tuple[str, Owner]]:
    """The patterns of a language's rules, with other spellings of its letters let in."""
    for rule in data.rules:
        owner = Owner("rule", rule, rule.version)
        for pattern in rule.patterns:
            yield "".join(_spellings(letter, data.digraphs) for letter in pattern), owner


def _spellings(letter: str, digraphs: Mapping[str, str]) -> str:
    other = digraphs.get(letter) or _unaccented(letter)
    return letter if other == letter else f"(?:{letter}|{other})"


def _forms(entry: str, digraphs: Mapping[str, str]) -> set[str]:
    """A literal as it is, and as people write it who lack its letters."""
    form = fold(entry)
    joined = "".join(digraphs.get(letter, letter) for letter in form)
    forms = {form, joined, _unaccented(form)}
    forms |= {_INNER_APOSTROPHE.sub("", form) for form in forms}
    return {form for form in forms if form}


def _unaccented(text: str) -> str:
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def _digest(rules: Sequence[Rule], base: str = "") -> str:
    content = base + "".join(f"{rule.id}={rule.version};" for rule in rules)
    return hashlib.blake2b(content.encode(), digest_size=6).hexdigest()
