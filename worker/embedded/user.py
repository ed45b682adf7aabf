"""Postgres refuses to run as root: who it runs as then, and what that user can reach."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user of this machine that a server runs as instead of root."""

    name: str
    uid: int
    gid: int


def we_are_root() -> bool:
    return os.geteuid() == 0


def unprivileged() -> User:
    """`postgres` where the machine has it, else `nobody`."""
    for name in ("postgres", "nobody"):
        try:
            return _user(pwd.getpwnam(name))
        except KeyError:
            continue
    return User(name="nobody", uid=65534, gid=65534)


def owner(path: Path) -> User | None:
    """The owner of a file where we are root and it is not ours; else None, for ourselves."""
    status = path.stat()
    if not we_are_root() or status.st_uid == 0:
        return None
    try:
        return _user(pwd.getpwuid(status.st_uid))
    except KeyError:
        return User(name=str(status.st_uid), uid=status.st_uid, gid=status.st_gid)


def can_enter(user: User, folder: Path) -> bool:
    """Tried, not computed: rights of every parent, access lists and mounts all have a say."""
    return _succeeds(user, ["/bin/sh", "-c", 'cd "$0"', str(folder)])


def can_run(user: User, program: Path) -> bool:
    """True where the user can start this program (it is asked for its version)."""
    return _succeeds(user, [str(program), "--version"])


def run_as(
    user: User | None, command: list[str], env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end as the user (None: as we are).

    It runs in the root folder: ours may be closed to the user.
    Raises PermissionError where the program itself is.
    """
    return subprocess.run(  # noqa: S603 - programs of the wheels and fixed words
        command,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, **env} if env else None,
        start_new_session=True,
        check=False,
    )


def _succeeds(user: User, command: list[str]) -> bool:
    try:
        return run_as(user, command).returncode == 0
    except PermissionError:
        return False


def _user(entry: pwd.struct_passwd) -> User:
    return User(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)
