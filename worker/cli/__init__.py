"""`inlet`: what an operator types. Exit codes: 0 done, 1 a problem found, 2 wrong usage or settings."""

from __future__ import annotations

import sys

import typer

from worker.cli import (
    accounts,
    addresses,
    contacts,
    deadletters,
    doctor,
    domains,
    explain,
    hours,
    keys,
    ledger,
    processes,
    rules,
    secrets,
    sla,
    tenants,
    tickets,
)
from worker.cli.base import OK, USAGE, Failure
from worker.settings import SettingsError

app = typer.Typer(
    help="Takes in every message that a customer sends, and files it as the right ticket.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (
    processes,
    doctor,
    tenants,
    rules,
    sla,
    hours,
    addresses,
    contacts,
    domains,
    accounts,
    secrets,
    keys,
    tickets,
    explain,
    deadletters,
    ledger,
):
    group.register(app)


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command. What goes wrong is said on stderr, in words, with what to do."""
    try:
        app(arguments, prog_name="inlet")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else OK
    except SettingsError as error:
        return _fail("\n".join(error.faults), USAGE)
    except Failure as error:
        return _fail(str(error), error.code)
    return OK


def _fail(text: str, code: int) -> int:
    sys.stderr.write(text + "\n")
    return code
