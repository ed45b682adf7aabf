"""The rules and words that ship, one data file for each language. A further language is a further file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from routing.triage.rule import Rule, read_rule


class LanguageData(msgspec.Struct, frozen=True, kw_only=True):
    """All that triage knows of one language. The keys are explained in docs/triage.md."""

    language: str
    function_words: tuple[str, ...]
    """Small words that tell the language from others."""
    digraphs: dict[str, str] = {}
    """How people write a letter that their keyboard lacks: `ü` as `ue`."""
    negators: tuple[str, ...] = ()
    """What, standing before an alarm, denies it."""
    fillers: tuple[str, ...] = ()
    """What may stand between a negator and the alarm."""
    spent: tuple[str, ...] = ()
    """Words that a negator after them belongs to, not to what follows it."""
    over: tuple[str, ...] = ()
    """Says that what was reported before it is past."""
    over_alone: tuple[str, ...] = ()
    """The same, but only in a subject: "resolved"."""
    doubts: tuple[str, ...] = ()
    """What, standing before such words, makes them no statement: "until it is fixed"."""
    refutals: tuple[str, ...] = ()
    """What, following such words, takes them back: "but it is down again"."""
    signoffs: tuple[str, ...] = ()
    disclaimers: tuple[str, ...] = ()
    """Phrases that legal notices under a mail hold."""
    greetings: tuple[str, ...] = ()
    openers: tuple[str, ...] = ()
    """Whole lines that say nothing yet: "can you help me"."""
    names: tuple[str, ...] = ()
    """Whom a greeting is for, where it is no name: "team", "all"."""
    harmless: tuple[str, ...] = ()
    """Phrases in which no rule of this language matches."""
    rules: tuple[Rule, ...] = ()


@cache
def languages() -> Mapping[str, LanguageData]:
    """Every language that ships, by its code, in the order of the codes."""
    files = sorted(resources.files("routing.triage.data").iterdir(), key=lambda file: file.name)
    found = [_read(tomllib.loads(file.read_text("utf-8"))) for file in files if file.name.endswith(".toml")]
    return {data.language: data for data in found}


def _read(raw: dict[str, Any]) -> LanguageData:
    """One file. Its rules are for its language alone, and their ids begin with its code."""
    code = raw["language"]
    rules = tuple(
        read_rule({**rule, "id": f"{code}.{rule['id']}", "languages": (code,)})
        for rule in raw.pop("rule", ())
    )
    return msgspec.convert({**raw, "rules": rules}, LanguageData)
