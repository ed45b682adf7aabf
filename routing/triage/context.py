"""What weighs in besides the words: how a message came, where it came to, who wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from channels.message import InboundMessage
from routing.facts import CATEGORIES, PRIORITIES, TYPES, AddressFacts, Priority
from routing.triage.verdict import Hit

VERSION = "1"
"""Of the rules in this module: goes up when one of them changes."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that weighs in."""

    rule: str
    why: str
    weight: float = 1.0
    category: str | None = None
    priority: Priority | None = None
    type: str | None = None
    tags: tuple[str, ...] = ()
    raises: bool = False
    """One step up, to `high` at most."""

    @property
    def hit(self) -> Hit:
        """The hit that is stored for it."""
        return Hit(rule=self.rule, version=VERSION, field="context", text=self.why)


VIP = Context(rule="context.vip", why="VIP contact", raises=True)
# Somebody who rang wanted to be heard at once.
_KINDS = {
    "missed_call": Context(
        rule="context.missed_call", why="missed call", type="customer_request", weight=0.5, raises=True
    ),
    "voicemail": Context(
        rule="context.voicemail", why="voicemail", type="customer_request", weight=0.5, raises=True
    ),
}

RAISING = frozenset({VIP.rule, *(context.rule for context in _KINDS.values())})
"""Rules that raise the priority: together they raise it once."""


def contexts_of(
    message: InboundMessage, *, vip: bool, address: AddressFacts | None, settings: Mapping[str, str]
) -> list[Context]:
    """Return what weighs in, the weakest default first: that of the account, then that of the address."""
    return [
        *_account(settings),
        *_address(address),
        *([_KINDS[message.kind]] if message.kind in _KINDS else []),
        *([VIP] if vip else []),
    ]


def _account(settings: Mapping[str, str]) -> Iterator[Context]:
    if not settings:
        return
    tags = tuple(settings.get("tags", "").replace(",", " ").split())
    yield from _defaults("context.account", 0.75, settings, tags)


def _address(address: AddressFacts | None) -> Iterator[Context]:
    if address is not None:
        values = {"category": address.category, "priority": address.priority, "type": address.type}
        yield from _defaults("context.address", 1.5, values, address.tags)


def _defaults(
    rule: str, weight: float, values: Mapping[str, str | None], tags: Sequence[str]
) -> Iterator[Context]:
    """Defaults as they were configured; a value that is none of ours is passed over."""
    category = _known(values.get("category"), CATEGORIES)
    type_ = _known(values.get("type"), TYPES)
    priority = next((known for known in PRIORITIES if known == values.get("priority")), None)
    why = ", ".join(value for value in (category, priority, type_, *tags) if value)
    if why:
        yield Context(
            rule=rule,
            why=why,
            weight=weight,
            category=category,
            priority=priority,
            type=type_,
            tags=tuple(tags),
        )


def _known(value: str | None, allowed: Sequence[str]) -> str | None:
    return value if value in allowed else None
