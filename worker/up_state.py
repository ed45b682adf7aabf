"""What `inlet up` leaves in its data folder for the other commands, and for its own next run."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from storage.sealing import new_key
from worker.embedded.private import read_or_make, write_private
from worker.settings import KEY_FILE, STATE_FILE


class State(msgspec.Struct, frozen=True, kw_only=True):
    """How to find a running `inlet up` and its servers."""

    pid: int
    url: str
    database_url: str
    redis_url: str
    secret_key_file: str
    started_at: datetime


def write_state(data: Path, *, url: str, database_url: str, redis_url: str) -> None:
    """Write the state file (0600: the URLs hold passwords)."""
    state = State(
        pid=os.getpid(),
        url=url,
        database_url=database_url,
        redis_url=redis_url,
        secret_key_file=str(data / KEY_FILE),
        started_at=datetime.now(UTC),
    )
    write_private(data / STATE_FILE, msgspec.json.encode(state).decode())


def forget_state(data: Path) -> None:
    (data / STATE_FILE).unlink(missing_ok=True)


def make_secret_key(data: Path) -> None:
    """Make the key that seals secrets, where there is none yet."""
    read_or_make(data / KEY_FILE, new_key)
