"""Accounts: one for each connection to a provider, with its webhook URL and its secrets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
)
from worker.cli.base import Tenant as TenantOption
from worker.cli.pairs import changed_settings, need_said, new_settings

if TYPE_CHECKING:
    from channels.contract import Channel
    from storage.accounts import AccountLine
    from worker.settings import Settings

group = typer.Typer(help="Accounts: one for each connection to a provider.", no_args_is_help=True)
Provider = Annotated[str, typer.Argument(metavar="PROVIDER", help="`inlet account providers` lists them.")]
Pairs = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting of the account.")
]
Secrets = Annotated[
    list[str] | None,
    typer.Option("--secret", help="A secret of the provider; made up where that is possible."),
]
Observe = Annotated[
    bool, typer.Option("--observe", help="Take in what fails verification too, flagged `unverified`.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The account that is to be made."""

    provider: str
    tenant: str | None
    pairs: Sequence[str]
    secrets: Sequence[str]
    observe: bool


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="account")


@group.command()
def providers(as_json: Json = False) -> None:
    """List the providers, each with what it needs."""
    from channels.registry import channels

    known = channels()
    if as_json:
        print_json({"items": [_provider(channel) for channel in known.values()], "next": None})
        return
    rows = (
        (name, one.title, "\n".join(need_said(need) for need in one.needs)) for name, one in known.items()
    )
    print_table(("PROVIDER", "NAME", "NEEDS"), rows, empty="There is no provider.")


@group.command()
def add(  # noqa: PLR0913, PLR0917 - one for each option
    provider: Provider,
    tenant: TenantOption = None,
    pairs: Pairs = None,
    secret: Secrets = None,
    observe: Observe = False,
    as_json: Json = False,
) -> None:
    """Add an account; prints its webhook URL, and its secret this once."""
    wanted = Wanted(
        provider=provider, tenant=tenant, pairs=pairs or (), secrets=secret or (), observe=observe
    )
    made = wait(_add(settings(SECRETS), wanted))
    if as_json:
        print_json(made)
        return
    say(f"Account  {made['account']}")
    say(f"Webhook  {made['url']}")
    say(f"Secret   {made['secret']}")


@group.command("list")
def index(tenant: TenantOption = None, as_json: Json = False) -> None:
    """List the accounts."""
    lines = wait(_list(settings(), tenant))
    if as_json:
        print_json({"items": lines, "next": None})
        return
    rows = ((one.id, one.provider, one.tenant or "(any)", _state(one), one.secrets) for one in lines)
    print_table(
        ("ACCOUNT", "PROVIDER", "TENANT", "STATE", "SECRETS"),
        rows,
        empty="There is no account yet: `inlet account add PROVIDER`.",
    )


@group.command("set")
def change(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Id of the account.")],
    pairs: Pairs = None,
    mode: Annotated[
        str | None, typer.Option(help="`enforce`, or `observe` to flag instead of refusing.")
    ] = None,
    enable: Annotated[bool | None, typer.Option("--enable/--disable", help="Switch it on or off.")] = None,
    as_json: Json = False,
) -> None:
    """Change an account: settings are added to those that it has; `--set NAME=` takes one away."""
    if mode not in (None, "enforce", "observe"):
        raise Failure("The mode is `enforce` or `observe`.", USAGE)
    line = wait(_set(settings(), account, pairs or (), mode, enable))
    if as_json:
        print_json(line)
    else:
        say(f"Account {line.id}: {_state(line)}.")


async def _add(found: Settings, wanted: Wanted) -> dict[str, str]:
    from storage.accounts import add_account
    from storage.sealing import Sealer, SealError
    from worker.cli.tenants import tenant_id

    channel = channel_of(wanted.provider)
    secrets = _secrets(channel, wanted.secrets)
    pairs = new_settings(channel, wanted.pairs)
    if wanted.tenant is None and not channel.shared:
        raise Failure(f"An account of {channel.title} belongs to a tenant: name it with --tenant.", USAGE)
    try:
        sealer = Sealer(found.secret_keys)
    except SealError as error:
        raise Failure(str(error), USAGE) from error
    async with postgres(found.database_url) as pool:
        account = await add_account(
            pool,
            sealer,
            wanted.provider,
            secrets,
            tenant=await tenant_id(pool, wanted.tenant) if wanted.tenant else None,
            settings=pairs,
            mode="observe" if wanted.observe else "enforce",
        )
    url = f"{found.origin}/webhooks/{wanted.provider}/{account}"
    return {"account": account, "provider": wanted.provider, "url": url, "secret": secrets[0]}


def channel_of(provider: str) -> Channel:
    """The provider's channel. Raises Failure where there is none."""
    from channels.registry import channels

    channel = channels().get(provider)
    if channel is None:
        raise Failure(f"There is no provider {provider}: `inlet account providers` lists them.", USAGE)
    return channel


def _secrets(channel: Channel, given: Sequence[str]) -> list[str]:
    """The secrets, checked, or a fresh one. Raises Failure."""
    secrets = list(given) or [made for made in [channel.new_secret()] if made]
    if not secrets:
        said = "; ".join(need_said(need) for need in channel.needs if need.secret)
        raise Failure(f"{channel.title} gives its own secret: pass it with --secret ({said}).", USAGE)
    for secret in secrets:
        check_secret(channel, secret)
    return secrets


def check_secret(channel: Channel, secret: str) -> None:
    """Raise Failure unless it can be a secret of the provider."""
    try:
        channel.check_secret(secret)
    except ValueError as error:
        raise Failure(f"This is no secret of {channel.title}: {error}", USAGE) from error


async def _list(found: Settings, tenant: str | None) -> list[AccountLine]:
    from storage.accounts import list_accounts
    from worker.cli.tenants import tenant_id

    async with postgres(found.database_url) as pool:
        return await list_accounts(pool, tenant=await tenant_id(pool, tenant) if tenant else None)


async def _set(
    found: Settings, account: str, pairs: Sequence[str], mode: Any, enable: bool | None
) -> AccountLine:
    from storage.accounts import find_account, list_accounts, set_account

    async with postgres(found.database_url) as pool:
        known = await find_account(pool, account)
        if known is None:
            raise Failure(f"There is no account {account}: `inlet account list` shows them.")
        settings = changed_settings(channel_of(known.provider), known.settings, pairs)
        disabled = None if enable is None else not enable
        await set_account(pool, account, mode=mode, settings=settings, disabled=disabled)
        return next(line for line in await list_accounts(pool) if line.id == account)


def _state(line: AccountLine) -> str:
    return "off" if line.disabled_at else line.mode


def _provider(channel: Channel) -> dict[str, Any]:
    return {
        "provider": channel.provider,
        "title": channel.title,
        "docs": channel.docs,
        "shared": channel.shared,
        "needs": channel.needs,
    }
