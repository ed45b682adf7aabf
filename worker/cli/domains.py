"""Mail domains of tenants: claimed, then proven by a TXT record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.base import Failure, Json, Tenant, postgres, print_json, print_table, say, settings, wait

if TYPE_CHECKING:
    from storage.domains import DomainLine, TxtLookup
    from worker.settings import Settings

group = typer.Typer(help="Mail domains of tenants, and their proof.", no_args_is_help=True)
Domain = Annotated[str, typer.Argument(metavar="DOMAIN", help="The mail domain.")]
Owner = Annotated[str, typer.Option("--tenant", metavar="SLUG", help="Slug of the tenant.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="domain")


@group.command()
def claim(domain: Domain, tenant: Owner, as_json: Json = False) -> None:
    """Claim a domain for a tenant, and say which TXT record proves it."""
    line = wait(_claim(settings(), domain, tenant))
    name, value = line.record
    if as_json:
        print_json({"domain": line.domain, "tenant": line.tenant, "name": name, "value": value})
        return
    say(f"Add this TXT record, then run `inlet domain check {line.domain}`:\n\n  {name}  {value}\n")


@group.command()
def check(domain: Domain, as_json: Json = False) -> None:
    """Look for the TXT record of a claimed domain; exit code 1 while it is not there."""
    from worker.dns import look_up_txt

    line, there = wait(prove(settings(), domain, look_up_txt))
    name, value = line.record
    if as_json:
        print_json({"domain": line.domain, "tenant": line.tenant, "proven": there})
    if not there:
        raise Failure(f"There is no TXT record {name} with the value {value} yet. DNS may take a while.")
    if not as_json:
        say(f"{line.domain} is proven to be of {line.tenant}.")


@group.command("list")
def index(tenant: Tenant = None, as_json: Json = False) -> None:
    """List the domains."""
    lines = wait(_list(settings(), tenant))
    if as_json:
        print_json({"items": lines, "next": None})
        return
    rows = ((one.domain, one.tenant, one.proof or "not proven", one.catch_all) for one in lines)
    print_table(
        ("DOMAIN", "TENANT", "PROOF", "CATCH-ALL"),
        rows,
        empty="No tenant has a domain: `inlet domain claim`.",
    )


@group.command("catch-all")
def catch_all(
    domain: Domain,
    tenant: Owner,
    on: Annotated[
        bool, typer.Option("--on/--off", help="Whether every address arrives, or listed ones only.")
    ],
) -> None:
    """Say whether every address of a domain arrives."""
    wait(_catch_all(settings(), domain, tenant, on))
    say("Every address arrives." if on else "Only the tenant's listed addresses arrive.")


async def _claim(found: Settings, domain: str, tenant: str) -> DomainLine:
    from storage.domains import claim_domain
    from storage.tenants import TenantError
    from worker.cli.tenants import tenant_id

    async with postgres(found.database_url) as pool:
        owner = await tenant_id(pool, tenant)
        try:
            return await claim_domain(pool, owner, domain, ours=(*found.mail_domains, *found.base_domains))
        except TenantError as error:
            raise Failure(str(error)) from error


async def prove(found: Settings, domain: str, txt: TxtLookup) -> tuple[DomainLine, bool]:
    """The domain, and whether its proof is there now. Raises Failure."""
    from routing.addresses import normal_domain
    from storage.domains import list_domains, prove_domain
    from storage.tenants import TenantError

    async with postgres(found.database_url) as pool:
        try:
            there = await prove_domain(pool, domain, txt, datetime.now(UTC))
        except TenantError as error:
            raise Failure(f"{error} `inlet domain claim` does.") from error
        except OSError as error:
            raise Failure(f"The name server gives no answer: {error}") from error
        lines = await list_domains(pool)
    return next(line for line in lines if line.domain == normal_domain(domain)), there


async def _list(found: Settings, tenant: str | None) -> list[DomainLine]:
    from storage.domains import list_domains
    from worker.cli.tenants import tenant_id

    async with postgres(found.database_url) as pool:
        return await list_domains(pool, await tenant_id(pool, tenant) if tenant else None)


async def _catch_all(found: Settings, domain: str, tenant: str, on: bool) -> None:
    from storage.domains import set_catch_all
    from worker.cli.tenants import tenant_id

    async with postgres(found.database_url) as pool:
        if not await set_catch_all(pool, await tenant_id(pool, tenant), domain, on):
            raise Failure(f"{tenant} has no domain {domain}: `inlet domain list` shows them.")
