"""Patterns out of long word lists, searched in linear time.

Python's own `re` tries each word of an alternation at each place, which takes a hundred times as long and, on
hostile text, without bound (R12).
"""

from __future__ import annotations

from typing import Any, Protocol, cast

import re2

_LETTERS = r"\pL\pN_"
_compile: Any = re2.compile
_MEMORY = 64 * 1024 * 1024


class Searched(Protocol):
    """What a search finds, as `re.Match` has it."""

    def group(self, number: int = 0) -> str: ...


class Pattern(Protocol):
    """As much of `re.Pattern` as is used here. The text must be storable: lone surrogates raise."""

    def search(self, text: str) -> Searched | None: ...

    def fullmatch(self, text: str) -> Searched | None: ...


def words(pattern: str) -> Pattern:
    """A pattern that ignores case, for which a word character is one of any script; it has no lookaround."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _MEMORY
    return cast("Pattern", _compile(_any_script(pattern), options=options))


def _any_script(pattern: str) -> str:
    return pattern.replace(r"[\w", f"[{_LETTERS}").replace(r"\w", f"[{_LETTERS}]")
