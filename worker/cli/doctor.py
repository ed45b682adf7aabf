"""Checks the set-up."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer

from worker.cli.base import OK, PROBLEM, Json, print_json, print_table, say, settings, wait
from worker.settings import SERVERS

if TYPE_CHECKING:
    from worker.doctor import Check
    from worker.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(as_json: Json = False) -> None:
    """Check settings, Postgres, Redis, spool, blobs, secrets and domains; say in words what to fix."""
    checks = wait(_checks(settings(SERVERS - {"secret_keys"})))
    well = all(check.state != "fail" for check in checks)
    if as_json:
        print_json({"ok": well, "checks": checks})
    else:
        rows = ((one.state, one.name, one.says, one.fix) for one in checks)
        print_table(("", "WHAT", "HOW IT IS", "WHAT TO DO"), rows, empty="")
        say("All is well." if well else "Something has to be fixed.")
    raise typer.Exit(OK if well else PROBLEM)


async def _checks(found: Settings) -> list[Check]:
    from worker.doctor import examine

    return [check async for check in examine(found, os.environ)]
