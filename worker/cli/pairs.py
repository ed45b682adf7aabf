"""`--set NAME=VALUE` of accounts: read, checked against what there is, merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from worker.cli.base import USAGE, Failure

if TYPE_CHECKING:
    from channels.contract import Channel, Need


def new_settings(channel: Channel, pairs: Sequence[str]) -> dict[str, str]:
    """The settings of a new account. Raises Failure."""
    given = _read(pairs)
    _check(channel, given)
    return _complete(channel, given)


def changed_settings(
    channel: Channel, known: Mapping[str, str], pairs: Sequence[str]
) -> dict[str, str] | None:
    """All settings of an account after a change, None for no change; an empty value takes one away.

    What it already has is not checked: it may be of an older version. Raises Failure.
    """
    if not pairs:
        return None
    given = _read(pairs)
    _check(channel, {name: value for name, value in given.items() if value or name not in known})
    return _complete(channel, {**known, **given})


def need_said(need: Need) -> str:
    """A need of a channel in words: the option that it is passed by, and where to find it."""
    way = "--secret" if need.secret else f"--set {need.name}"
    extra = " Made up where none is given." if need.generated else "" if need.required else " Optional."
    return f"{way}: {need.help}{extra}"


def _read(pairs: Sequence[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise Failure(f"A setting is NAME=VALUE, not {pair!r}.", USAGE)
        found[name.strip()] = value.strip()
    return found


def _check(channel: Channel, given: Mapping[str, str]) -> None:
    from worker.account_settings import faults

    found = faults(channel, given)
    if found:
        raise Failure("\n".join(found), USAGE)


def _complete(channel: Channel, settings: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in settings.items() if value}
    missing = [need for need in channel.needs if need.required and not need.secret and need.name not in kept]
    if missing:
        said = "; ".join(f"--set {need.name}=… ({need.help})" for need in missing)
        raise Failure(f"{channel.title} needs {said}.", USAGE)
    return kept
