"""Reads rows so that what this version cannot read costs itself alone: a newer one may have written it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from storage.database import Record

S = TypeVar("S", bound=msgspec.Struct)


def read_rows(rows: Iterable[Record], kind: type[S], key: str, faults: list[str], name: str) -> dict[str, S]:
    """Records of the rows by their `key`. `faults` is told in words of what could not be read.

    A field, or a setting inside of one, that cannot be read has its default. A row that lacks a field without
    a default is left out.
    """
    found = {}
    for row in rows:
        values = {column: row[column] for column in row.keys()}  # noqa: SIM118 - rows iterate values
        one = _read(values, kind, faults, f"{name} {row[key]}")
        if one is not msgspec.UNSET:
            found[row[key]] = one
    return found


def _read(value: Any, kind: Any, faults: list[str], name: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        if isinstance(value, Mapping) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return _by_field(value, kind, faults, name)
        faults.append(f"{name}: {error}.")
        return msgspec.UNSET


def _by_field(values: Mapping[str, Any], kind: type[msgspec.Struct], faults: list[str], name: str) -> Any:
    kept = {}
    for field in msgspec.structs.fields(kind):
        if field.name in values:
            kept[field.name] = _read(values[field.name], field.type, faults, f"{name}, {field.name}")
        elif field.required:
            faults.append(f"{name}: {field.name} is missing.")
            return msgspec.UNSET
    lost = {key for key, value in kept.items() if value is msgspec.UNSET}
    if any(field.required and field.name in lost for field in msgspec.structs.fields(kind)):
        return msgspec.UNSET
    return kind(**{key: value for key, value in kept.items() if key not in lost})
