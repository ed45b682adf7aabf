"""RE2 behind types: regular expressions in linear time, whoever wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import re2

# Letters by blocks of Unicode. The exact classes (\pL) cost RE2 hundreds of states wherever they stand.
_WORD = (
    r"0-9A-Za-z_\x{aa}\x{b5}\x{ba}\x{c0}-\x{2af}\x{300}-\x{1fff}"
    r"\x{2c00}-\x{2dff}\x{3040}-\x{d7ff}\x{f900}-\x{feff}\x{ff10}-\x{ffdc}\x{10000}-\x{1efff}\x{20000}-\x{3ffff}"
)
# A match must begin and end where a word does. RE2's own \b knows ASCII only.
_EDGE = f"[^{_WORD}]"
_PIECE = re.compile(r"\\.|.|\\", re.DOTALL)
_IN_CLASS = {r"\w": _WORD}
_OUTSIDE = {r"\w": f"[{_WORD}]", r"\W": f"[^{_WORD}]"}
_PATTERN_MEMORY = 128 << 10
"""What a pattern may cost to be accepted: building one takes at most some milliseconds."""
_MEMORY = 2 << 20
_SET_MEMORY = 16 << 20


class Expressions:
    """Patterns that are looked for together: one pass tells which of them occur."""

    def __init__(self, patterns: Sequence[str]) -> None:
        """Build from patterns in which `pattern_fault` found nothing."""
        self._bounded: list[Any] = [
            _compile(f"(?:^|{_EDGE})((?:{pattern}))(?:$|{_EDGE})", _MEMORY) for pattern in patterns
        ]
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
        compiled = _compile(pattern, _PATTERN_MEMORY)
    except re2.error as error:
        reason = error.args[0] if error.args else "not a regular expression"
        return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    except UnicodeEncodeError:
        return "it holds a lone surrogate"
    return "it matches the empty text" if compiled.search("") else None


def _compile(pattern: str, memory: int) -> Any:
    return re2.compile(_unicode(pattern), _options(memory))  # type: ignore[no-untyped-call]


def _unicode(pattern: str) -> str:
    r"""Let `\w` and `\W` know all letters: RE2's own know ASCII only."""
    in_class = False
    parts: list[str] = []
    for piece in _PIECE.findall(pattern):
        if piece in ("[", "]"):
            in_class = piece == "["
        parts.append(_IN_CLASS.get(piece, piece) if in_class else _OUTSIDE.get(piece, piece))
    return "".join(parts)


def _build_set(patterns: Sequence[str]) -> Any:
    """All patterns as one automaton, or None where that grows too large: then each is asked alone."""
    built = re2.Set.SearchSet(_options(_SET_MEMORY))  # type: ignore[no-untyped-call]
    for pattern in patterns:
        built.Add(_unicode(pattern))
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
