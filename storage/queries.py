"""The named queries of `storage/sql/queries/*.sql`: a name line, one sentence, the statement."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_PARAMETER = re.compile(r"\$(\d+)")
_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


def split(text: str) -> dict[str, str]:
    """The statements of one file by name. Raises ValueError where a name comes twice."""
    _, *parts = _NAME.split(text)
    names, statements = parts[::2], parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError("A query name comes twice in one file.")
    return dict(zip(names, (s.strip() for s in statements), strict=True))


@cache
def load() -> dict[str, str]:
    """All queries by name. Raises ValueError where two files use one name."""
    found: dict[str, str] = {}
    for file in sorted(files("storage").joinpath("sql", "queries").iterdir(), key=lambda f: f.name):
        queries = split(file.read_text(encoding="utf-8"))
        if twice := found.keys() & queries.keys():
            raise ValueError(f"Two files name a query {', '.join(sorted(twice))}.")
        found |= queries
    return found


def query(name: str) -> str:
    """The statement of a named query. Raises KeyError where there is none."""
    return load()[name]


@cache
def together(names: tuple[str, ...]) -> str:
    """One statement out of several writes: one round trip, with their arguments one after the other.

    They do not see each other's rows; what refers from one to another is checked when all are done.
    """
    parts, taken = [], 0
    for name in names:
        text = query(name)
        parts.append(f"{name} as (\n{_shifted(text, taken)}\n)")
        taken += max(int(number) for number in _PARAMETER.findall(text))
    return "with " + ",\n".join(parts) + "\nselect"


def _shifted(text: str, by: int) -> str:
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + by}", text)
