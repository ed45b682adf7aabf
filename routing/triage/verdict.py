"""What triage says of a message, and how several messages of one ticket add up."""

from __future__ import annotations

from typing import Literal

import msgspec

from routing.facts import Priority


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that matched, and where: `start` and `end` are offsets into the field's text."""

    rule: str
    version: str
    field: Literal["subject", "text", "context"]
    start: int = 0
    end: int = 0
    text: str = ""
    negated: bool = False
    """It matched, but what stands around it takes it back: it gives no priority, no type and no tags."""
    why: str = ""
    """What took it back: `denied`, `over` (what is over still tells the category) or `harmless`."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks for what, addable: the evidence of a ticket is that of all of its customer's messages."""

    categories: dict[str, float] = {}
    types: dict[str, float] = {}
    priority: Priority = "normal"
    """The highest that any message gave."""
    tags: tuple[str, ...] = ()


class Triage(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one message, with everything that led to it."""

    category: str
    priority: Priority
    type: str
    tags: tuple[str, ...] = ()
    language: str = ""
    hits: tuple[Hit, ...] = ()
    evidence: Evidence = Evidence()
    version: str = ""
    """Of the rule set as a whole."""
