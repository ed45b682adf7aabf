"""One message on its way through a worker, as each step leaves it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from channels.contract import Account
from channels.message import InboundMessage
from routing.facts import AddressFacts, Tenant
from routing.triage.verdict import Triage


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that was asked, and what it answered. Rules that were not reached have no step."""

    rule: str
    answer: str
    """`yes`, `no`, or `skipped`."""
    why: str = ""
    """In words for people; never a token, never a secret."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a message was accepted: what the receiver knew, and how often it was begun."""

    id: str
    account: Account
    received_at: datetime
    entry: str = ""
    """Inbox entry."""
    generation: int = 0
    """0 for a message's first way, one more for each replay."""
    released: bool = False
    """A person has said that it is no spam, whatever others say."""
    attempts: int = 1


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """A message whose tenant has been looked for, read and triaged: what `plan` starts from.

    `tenant` is None where no rule found one; `reason` then says why. `claim` is the dedupe key.
    """

    origin: Origin
    message: InboundMessage
    tenant: Tenant | None
    tenant_steps: tuple[Step, ...] = ()
    reason: str = ""
    token: str = ""
    """The reply token that led to the tenant or that a recipient field holds, if any."""
    address: AddressFacts | None = None
    """The recipient that decided, with its defaults, or None."""
    tags: tuple[str, ...] = ()
    triage: Triage | None = None
    """Of this message alone; None where it has no tenant."""
    claim: bytes = b""


class Makers(msgspec.Struct, frozen=True, kw_only=True):
    """The only sources of chance and time that `plan` may use; tests pass their own."""

    new_id: Callable[[], str]
    new_token: Callable[[], str]
    now: datetime
