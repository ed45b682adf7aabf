"""`--set NAME=VALUE` of tenants."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from routing.facts import TenantSettings
from worker.cli.base import USAGE, Failure


def changed(settings: TenantSettings, pairs: Sequence[str]) -> TenantSettings:
    """The settings with what is given. Raises Failure where a name or a value is none."""
    values = msgspec.to_builtins(settings)
    for pair in pairs:
        name, mark, value = pair.partition("=")
        if not mark or name not in values:
            raise Failure(f"--set {pair}: there are {', '.join(sorted(values))}, each as NAME=VALUE.", USAGE)
        values[name] = value
    try:
        return msgspec.convert(values, TenantSettings, strict=False)
    except msgspec.ValidationError as error:
        raise Failure(f"--set: {error}.", USAGE) from error
