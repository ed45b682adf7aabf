"""A tenant's own triage rules: words and patterns beside those that ship."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from worker.cli.base import USAGE, Failure, Json, content, postgres, print_json, print_table, settings, wait
from worker.cli.tenants import Slug, group

if TYPE_CHECKING:
    from worker.settings import Settings

File = Annotated[
    str | None,
    typer.Option(
        "--file",
        metavar="FILE",
        help="The new rules, all of them: TOML (.toml) or else JSON; `-` reads JSON from standard input.",
    ),
]
_NAMES = ("rule", "rules", "items")
"""Under which name a file may hold its rules; `items` is what `--json` prints."""
_SHOWN = 5


def register(_: typer.Typer) -> None:
    """Add the command, under those of tenants."""
    group.command("rules")(rules)


def rules(slug: Slug, file: File = None, as_json: Json = False) -> None:
    """Show the triage rules that a tenant has beside the defaults; with --file, replace them as a whole.

    What --json prints can be edited and given back with --file; an empty list drops all. A file with any
    fault changes nothing, and every fault is named. A TOML file holds `rule` tables: docs/triage.md has the
    keys. `inlet explain` tries them on a mail. They hold for messages that come from now on.
    """
    wanted = None if file is None else _read(file, content(file))
    found = wait(_rules(settings(), slug, wanted))
    if as_json:
        print_json({"items": found, "next": None})
        return
    rows = ((rule["id"], _matches(rule), _gives(rule)) for rule in found)
    print_table(
        ("RULE", "FINDS", "GIVES"), rows, empty=f"There is no rule of {slug}'s own: --file sets them."
    )


async def _rules(
    found: Settings, slug: str, wanted: Sequence[Mapping[str, Any]] | None
) -> Sequence[Mapping[str, Any]]:
    from storage.policies import read_rules
    from storage.tenants import TenantError, set_rules
    from worker.cli.tenants import tenant_id

    async with postgres(found.database_url) as pool:
        tenant = await tenant_id(pool, slug)
        if wanted is not None:
            try:
                await set_rules(pool, tenant, wanted)
            except TenantError as error:
                raise Failure(str(error)) from error
        return await read_rules(pool, tenant)


def _read(file: str, payload: bytes) -> list[dict[str, Any]]:
    """The rules of a file, not checked yet. Raises Failure where it holds no list of tables."""
    listed = _listed(file, _decoded(file, payload))
    faults = [
        f"{file}: rule number {number} is no table of keys."
        for number, rule in enumerate(listed, 1)
        if not isinstance(rule, dict)
    ]
    if faults:
        raise Failure("\n".join(faults), USAGE)
    return listed


def _decoded(file: str, payload: bytes) -> Any:
    import msgspec

    try:
        return tomllib.loads(payload.decode()) if file.endswith(".toml") else msgspec.json.decode(payload)
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        form = "TOML" if file.endswith(".toml") else "JSON"
        raise Failure(f"{file} is not {form}: {error}.", USAGE) from error


def _listed(file: str, held: Any) -> list[Any]:
    """Whatever else stands beside the list is refused: a misspelt name would drop all rules in silence."""
    if isinstance(held, dict) and len(names := held.keys() - {"next"}) == 1 and names <= set(_NAMES):
        held = held[names.pop()]
    if not isinstance(held, list):
        raise Failure(
            f"{file} holds no list of rules: give a JSON list, or tables under the one name `rule`.", USAGE
        )
    return held


def _matches(rule: Mapping[str, Any]) -> str:
    entries = [entry for key in ("words", "stems", "tails", "patterns") for entry in rule.get(key, ())]
    more = f" and {len(entries) - _SHOWN} more" if len(entries) > _SHOWN else ""
    return ", ".join(entries[:_SHOWN]) + more


def _gives(rule: Mapping[str, Any]) -> str:
    if rule.get("disabled"):
        return "(switches the default off)"
    named = [rule[key] for key in ("category", "priority", "type") if rule.get(key)]
    return ", ".join([*named, *(f"tag {tag}" for tag in rule.get("tags", ()))])
