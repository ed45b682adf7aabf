"""Finds the channels: each module under `channels/` that defines a finished Channel. Nothing lists them."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType, ModuleType

import channels as room
from channels.contract import Channel

PROVIDER = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class RegistryError(Exception):
    """Two channels claim one provider, or a channel does not say who it is: nothing may start like that."""


@cache
def channels() -> Mapping[str, Channel]:
    """One instance of each channel, by provider, in the order of the names. Raises RegistryError."""
    return collect(found for module in _modules() for found in _defined(module))


def collect(classes: Iterable[type[Channel]]) -> Mapping[str, Channel]:
    """Instances by provider. Raises RegistryError where two share one name or one has no proper name."""
    owners: dict[str, type[Channel]] = {}
    for found in classes:
        provider = _name(found)
        if provider in owners:
            raise RegistryError(f"{_path(found)} and {_path(owners[provider])} are both named {provider!r}.")
        owners[provider] = found
    return MappingProxyType({provider: owners[provider]() for provider in sorted(owners)})


def _name(found: type[Channel]) -> str:
    for field in ("provider", "title", "docs"):
        if not getattr(found, field, ""):
            raise RegistryError(f"{_path(found)} has no {field}.")
    if not PROVIDER.fullmatch(found.provider):
        raise RegistryError(f"{_path(found)} needs a name of lower-case letters, digits and hyphens.")
    return found.provider


def _modules() -> Iterator[ModuleType]:
    for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}.", onerror=_fail):
        yield importlib.import_module(module.name)


def _fail(package: str) -> None:
    raise RegistryError(f"The package {package} cannot be imported.")


def _defined(module: ModuleType) -> Iterator[type[Channel]]:
    """Finished channels of this module: what it imports from elsewhere, or leaves abstract, is none."""
    for found in vars(module).values():
        own = inspect.isclass(found) and issubclass(found, Channel) and found.__module__ == module.__name__
        if own and not inspect.isabstract(found):
            yield found


def _path(found: type[Channel]) -> str:
    return f"{found.__module__}.{found.__qualname__}"
