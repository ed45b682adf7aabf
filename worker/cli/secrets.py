"""Secrets of an account: several can be live at once, so that one can be changed without losing a message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.accounts import channel_of, check_secret, group
from worker.cli.base import (
    SECRETS,
    USAGE,
    Failure,
    Json,
    postgres,
    print_json,
    print_table,
    say,
    settings,
    wait,
    when,
)

if TYPE_CHECKING:
    from storage.accounts import SecretLine
    from storage.database import Pool
    from worker.settings import Settings

secret = typer.Typer(
    help="Secrets of an account: add the new one, then expire the old one.", no_args_is_help=True
)
Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Id of the account.")]


def register(_: typer.Typer) -> None:
    """Add the commands, under those of accounts."""
    group.add_typer(secret, name="secret")


@secret.command()
def add(
    account: Account,
    value: Annotated[
        str | None,
        typer.Option("--secret", help="The provider's new secret; made up where that is possible."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Add a secret beside those that are live, and print it this once."""
    made = wait(_add(settings(SECRETS), account, value))
    if as_json:
        print_json(made)
    else:
        say(f"Secret  {made['secret']}\nThe old ones stay live: `inlet account secret expire {account} ID`.")


@secret.command("list")
def index(account: Account, as_json: Json = False) -> None:
    """List the secrets of an account, never what they are."""
    lines = wait(_list(settings(SECRETS), account))
    if as_json:
        print_json({"items": lines, "next": None})
        return
    rows = ((one.id, one.created_at, one.expires_at, "yes" if one.current else "no") for one in lines)
    print_table(
        ("ID", "MADE", "EXPIRES", "SEALED WITH THE FIRST KEY"), rows, empty="The account has no secret."
    )


@secret.command()
def expire(
    account: Account,
    known: Annotated[str, typer.Argument(metavar="ID", help="Id of the secret.")],
    hours: Annotated[float, typer.Option("--in-hours", help="Hours that it stays live.", min=0)] = 0,
) -> None:
    """Let a secret end, now or in some hours."""
    at = datetime.now(UTC) + timedelta(hours=hours)
    wait(_expire(settings(), account, known, at))
    say(f"It ends at {when(at)}.")


@secret.command()
def reseal(as_json: Json = False) -> None:
    """Seal all secrets with the first key of INLET_SECRET_KEY: after that the older keys may go."""
    count = wait(_reseal(settings(SECRETS)))
    if as_json:
        print_json({"resealed": count})
    else:
        say(f"Sealed {count} secrets anew.")


async def _add(found: Settings, account: str, value: str | None) -> dict[str, str]:
    from storage.accounts import add_secret
    from storage.sealing import Sealer

    async with postgres(found.database_url) as pool:
        channel = channel_of(await _provider(pool, account))
        fresh = value or channel.new_secret()
        if not fresh:
            raise Failure(f"{channel.title} gives its own secret: pass it with --secret.", USAGE)
        check_secret(channel, fresh)
        made = await add_secret(pool, Sealer(found.secret_keys), account, fresh)
    return {"account": account, "id": made, "secret": fresh}


async def _provider(pool: Pool, account: str) -> str:
    from storage.accounts import find_account

    known = await find_account(pool, account)
    if known is None:
        raise Failure(f"There is no account {account}: `inlet account list` shows them.")
    return known.provider


async def _list(found: Settings, account: str) -> list[SecretLine]:
    from storage.accounts import list_secrets
    from storage.sealing import Sealer

    async with postgres(found.database_url) as pool:
        await _provider(pool, account)
        return await list_secrets(pool, Sealer(found.secret_keys), account)


async def _expire(found: Settings, account: str, known: str, at: datetime) -> None:
    from storage.accounts import expire_secret
    from storage.database import BadRow

    async with postgres(found.database_url) as pool:
        await _provider(pool, account)
        try:
            done = await expire_secret(pool, account, known, at)
        except BadRow:
            done = False
        if not done:
            raise Failure(
                "The account has no such secret, or no other one that lives longer: add one first "
                f"(`inlet account secret add {account}`)."
            )


async def _reseal(found: Settings) -> int:
    from storage.accounts import reseal as seal_anew
    from storage.sealing import Sealer, SealError

    async with postgres(found.database_url) as pool:
        try:
            return await seal_anew(pool, Sealer(found.secret_keys))
        except SealError as error:
            raise Failure(str(error)) from error
