"""The processes: everything on this machine, one receiver, one worker; and the schema that they need."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from worker.cli.base import POSTGRES, Json, postgres, print_json, say, settings, wait
from worker.settings import SERVERS, Settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(up)
    app.command()(receive)
    app.command()(work)
    app.command()(migrate)


def up(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on (INLET_HOST, else 127.0.0.1).")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port (INLET_PORT, else 8080).", min=1, max=65535)] = None,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes; by default by the cores.", min=0)
    ] = None,
    demo: Annotated[bool, typer.Option(help="Add a demo tenant and send it signed messages.")] = False,
) -> None:
    """Run everything on this machine: servers, migrations, a receiver, workers. Ctrl-C stops it."""
    from worker import up as whole

    found = settings(frozenset())
    code = whole.run(host=host or found.host, port=port or found.port, workers=workers, demo=demo)
    raise typer.Exit(code)


def receive() -> None:
    """Run one receiver: it takes the webhooks in and serves the operator API."""
    from worker import receive as receiver

    _serve(receiver.run(settings(SERVERS)))


def work() -> None:
    """Run one worker: it routes, classifies and writes what was received."""
    from worker import work as worker

    _serve(worker.run(settings(SERVERS)))


def _serve(process: Coroutine[Any, Any, None]) -> None:
    """Run a process on the fast loop where there is one."""
    try:
        import uvloop
    except ImportError:
        wait(process)
    else:
        uvloop.run(process)


def migrate(as_json: Json = False) -> None:
    """Bring the database to the schema of this version."""
    applied = wait(_migrate(settings(POSTGRES)))
    if as_json:
        print_json({"applied": applied})
    elif applied:
        say(f"Applied: {', '.join(applied)}.")
    else:
        say("The schema is up to date.")


async def _migrate(found: Settings) -> list[str]:
    from storage.database import connection
    from storage.migrate import migrate as apply

    async with postgres(found.database_url) as pool, connection(pool) as acquired:
        return await apply(acquired)
