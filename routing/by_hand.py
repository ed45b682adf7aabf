"""What a person changes on a ticket: the ticket afterwards, and what its audit trail says of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from routing.facts import Priority, Status, Tenant
from routing.sla import stamps

DERIVED = ("priority", "category", "type")
"""Fields that triage derives until a person sets them."""
FINISHED = ("resolved", "closed")


class ByHandError(ValueError):
    """It cannot be done. The text says why, for the person who asked."""


class Handled(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket as a person may change it. Field names are those of its columns."""

    id: str
    tenant_id: str
    ref: str
    status: Status
    priority: Priority
    category: str
    type: str
    labels: tuple[str, ...]
    contact_id: str | None
    assignee: str | None
    merged_into: str | None
    set_by_hand: tuple[str, ...]
    agent_acted: bool
    first_response_due_at: datetime | None
    resolution_due_at: datetime | None
    first_responded_at: datetime | None
    resolved_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be changed; what is UNSET stays."""

    status: Status | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    category: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    labels: tuple[str, ...] | UnsetType = UNSET
    contact_id: str | UnsetType = UNSET
    assignee: str | UnsetType | None = UNSET

    def asked(self) -> dict[str, Any]:
        """The fields that are asked for, with their values."""
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in values.items() if value is not UNSET}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the audit trail."""

    kind: str
    data: dict[str, Any]


def change(ticket: Handled, wish: Wish, tenant: Tenant, now: datetime) -> tuple[Handled, list[Change]]:
    """The ticket as wished, and what changed. What a person sets is never derived again, even if it stays."""
    asked = wish.asked()
    if not asked:
        return ticket, []
    after = msgspec.structs.replace(ticket, **asked, agent_acted=True, updated_at=now)
    by_hand = dict.fromkeys((*ticket.set_by_hand, *(name for name in DERIVED if name in asked)))
    after = msgspec.structs.replace(after, set_by_hand=tuple(by_hand))
    if after.priority != ticket.priority:
        after = _due_anew(after, tenant)
    if after.status != ticket.status:
        after = msgspec.structs.replace(after, resolved_at=_resolved_at(ticket, after, now))
    return after, [_said(name, ticket, after) for name in asked if _differs(name, ticket, after)]


def merge(ticket: Handled, into: Handled, now: datetime) -> tuple[Handled, list[Change]]:
    """The ticket once it is merged into the other, and what changed: it is closed, its replies go there.

    Raises ByHandError.
    """
    if ticket.id == into.id:
        raise ByHandError("A ticket cannot be merged into itself, nor into one that was merged into it.")
    after = msgspec.structs.replace(
        ticket,
        merged_into=into.id,
        status="closed",
        agent_acted=True,
        resolved_at=ticket.resolved_at or now,
        updated_at=now,
    )
    closed = [_said("status", ticket, after)] if _differs("status", ticket, after) else []
    return after, [Change(kind="merged", data={"into": into.ref}), *closed]


def settled(ref: str) -> ByHandError:
    """Why nothing can be changed on a ticket that was merged into the one with this reference."""
    return ByHandError(f"The ticket was merged into {ref}, for good. Change that one.")


def end_of_chain(ticket: str, merged: dict[str, str | None]) -> str:
    """The ticket that one leads to, by who was merged into whom. `merged` holds all of the chain."""
    seen: set[str] = set()
    while (following := merged[ticket]) is not None and ticket not in seen:
        seen.add(ticket)
        ticket = following
    return ticket


def answered(ticket: Handled, now: datetime) -> Handled:
    """The ticket once an agent has answered: the first answer stops the first clock of the SLA."""
    first = ticket.first_responded_at or now
    return msgspec.structs.replace(ticket, first_responded_at=first, agent_acted=True, updated_at=now)


def noted(ticket: Handled, now: datetime) -> Handled:
    """The ticket once an agent has left a note."""
    return msgspec.structs.replace(ticket, agent_acted=True, updated_at=now)


def _due_anew(ticket: Handled, tenant: Tenant) -> Handled:
    first, resolution = stamps(tenant, ticket.priority, ticket.created_at)
    return msgspec.structs.replace(ticket, first_response_due_at=first, resolution_due_at=resolution)


def _resolved_at(before: Handled, after: Handled, now: datetime) -> datetime | None:
    if after.status not in FINISHED:
        return None
    return before.resolved_at or now


def _differs(name: str, before: Handled, after: Handled) -> bool:
    return bool(getattr(before, name) != getattr(after, name))


def _said(name: str, before: Handled, after: Handled) -> Change:
    data = {"from": _plain(getattr(before, name)), "to": _plain(getattr(after, name))}
    return Change(kind=f"{name.removesuffix('_id')}_changed", data=data)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
