"""What `plan` needs beside works and threads: who is who, and whom to believe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from routing.facts import Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanContext:
    """The same for every message of a batch, save `duplicates`."""

    directory: Directory
    authserv_ids: frozenset[str] = frozenset()
    """Whose Authentication-Results are believed."""
    loop_keys: tuple[bytes, ...] = ()
    """Keys of `routing.loop`; several while a key is rotated."""
    duplicates: Mapping[str, str] = field(default_factory=dict)
    """Message id -> id of the message that holds its claim, for each message that is a duplicate."""
