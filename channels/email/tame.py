"""HTML made harmless for the parser that follows: what nesting costs, not what it says, is judged here.

The parser of browsers walks the stack of open elements for many a tag: one megabyte of open `<div>` holds it
for minutes (R12). What a sender nests so deeply is not worth reading as HTML.
"""

from __future__ import annotations

import re

_MAX_DEPTH = 400
_MAX_WORK = 4_000_000
_PLAIN_TAGS = 400
_LONG_TAG = re.compile(r"<[^>]{4000}")

# A tag whose end this expression and every HTML parser see at the same place; others lose their attributes.
_TAG = re.compile(
    r"<(/?)([a-z][a-z0-9:]{0,30})"
    r"((?:\s+[\w:.-]{1,60}(?:\s*=\s*(?:\"[^\"<>]{0,4000}\"|'[^'<>]{0,4000}'|[^\s\"'<>=`]{1,4000}))?){0,40})\s*/?>"
    r"|<(/?)([a-z][a-z0-9:]{0,30})[^<>]*>?|<",
    re.IGNORECASE,
)
# Elements whose content is no text for people, or is not parsed as HTML: gone before anything counts tags.
_UNREAD = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|title|textarea|xmp)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL
)
_RAW_TEXT = re.compile(
    r"<(/?)(?=(?:script|style|title|textarea|xmp|iframe|noembed|noframes|noscript|plaintext|svg|math|template|select)\b)",
    re.IGNORECASE,
)
_DECLARATION = re.compile(r"<[!?][^>]*>?")
_VOID = frozenset(
    {"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "wbr"}
)
# A parser closes these by itself where the next one begins.
_CLOSED = frozenset(
    {"p", "li", "td", "th", "tr", "dd", "dt", "option", "tbody", "thead", "tfoot", "html", "body", "head"}
)


def tame(html: str) -> str | None:
    """The same HTML, cheap to parse; None where no honest mail nests like that."""
    html = _RAW_TEXT.sub(r"<\1x-", _DECLARATION.sub("", _UNREAD.sub("", html)))
    if html.count("<") <= _PLAIN_TAGS and not _LONG_TAG.search(html):
        return html
    counter = _Depth()
    tamed = _TAG.sub(counter.rewrite, html)
    cheap = counter.deepest <= _MAX_DEPTH and counter.deepest * counter.tags <= _MAX_WORK
    return tamed if cheap else None


class _Depth:
    """How deep the elements of one HTML text stand in each other, never less than a parser would say."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.deepest = self.tags = 0

    def rewrite(self, found: re.Match[str]) -> str:
        self.tags += 1
        if found[2] is not None:
            self.count(found[2].lower(), closing=bool(found[1]))
            return found[0]
        if found[5] is not None:
            self.count(found[5].lower(), closing=bool(found[4]))
            return f"<{found[4]}{found[5]}>"
        return "&lt;"

    def count(self, name: str, *, closing: bool) -> None:
        if name in _VOID or name in _CLOSED:
            return
        if not closing:
            self.open.append(name)
            self.deepest = max(self.deepest, len(self.open))
        elif self.open and self.open[-1] == name:
            self.open.pop()
