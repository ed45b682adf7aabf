"""RE2 behind types: regular expressions in linear time, whoever wrote them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import re2

# A match must begin and end where a word does. RE2's own \b knows ASCII only.
_BOUNDED = r"(?:^|[^\pL\pN_])((?:{}))(?:$|[^\pL\pN_])"
_MEMORY = 16 << 20
_SET_MEMORY = 64 << 20


class Expressions:
    """Patterns that are looked for together: one pass tells which of them occur."""

    def __init__(self, patterns: Sequence[str]) -> None:
        """Build from patterns in which `pattern_fault` found nothing."""
        self._bounded: list[Any] = [_compile(_BOUNDED.format(pattern)) for pattern in patterns]
        self._set = _build_set(patterns) if patterns else None

    def find(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Yield number of the pattern, start and end of each match that stands between word edges."""
        if not self._bounded:
            return
        numbers = range(len(self._bounded)) if self._set is None else self._set.Match(text) or ()
        for number in numbers:
            for match in self._bounded[number].finditer(text):
                yield (number, *match.span(1))


def pattern_fault(pattern: str) -> str | None:
    """Why a pattern cannot be used, or None."""
    try:
        compiled = _compile(pattern)
    except re2.error as error:
        reason = error.args[0] if error.args else "not a regular expression"
        return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    except UnicodeEncodeError:
        return "it holds a lone surrogate"
    return "it matches the empty text" if compiled.search("") else None


def _compile(pattern: str) -> Any:
    return re2.compile(pattern, _options(_MEMORY))  # type: ignore[no-untyped-call]


def _build_set(patterns: Sequence[str]) -> Any:
    """All patterns as one automaton, or None where that grows too large: then each is asked alone."""
    built = re2.Set.SearchSet(_options(_SET_MEMORY))  # type: ignore[no-untyped-call]
    for pattern in patterns:
        built.Add(pattern)
    try:
        built.Compile()
    except re2.error:
        return None
    return built


def _options(memory: int) -> re2.Options:
    """Errors come back as exceptions, not on standard error as well."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.max_mem = memory
    return options
