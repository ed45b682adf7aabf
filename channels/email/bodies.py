"""The text of the body parts: charsets, `format=flowed`, and HTML where there is no other form."""

from __future__ import annotations

import msgspec

from channels.clean import storable
from channels.email.charsets import decode
from channels.email.html import Html, Line, read_html, squeeze
from channels.email.limits import Limits
from channels.email.mime import Part
from channels.email.parts import Bodies
from channels.email.patterns import words

_STUB = 300
_GUESSES = 5
_VIEWER = words(
    r"html|(?:mail|e-?mail|message|nachricht|courriel|correo)[^.]{0,60}(?:client|program|viewer|reader|browser|format)"
)


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What a mail says: as text, as clean HTML, and as lines of which the quoted ones are known."""

    text: str = ""
    html: str = ""
    lines: tuple[Line, ...] = ()
    """Lines of the HTML form where a mail program marked its quotations, else of the text form."""
    exact: bool = True
    """False where a charset or the HTML could not be read as declared."""
    cut: bool = False


def read_bodies(raw: bytes, bodies: Bodies, limits: Limits) -> Body:
    """Read the bodies that were chosen. Never raises."""
    reader = _Reader(raw, limits)
    plain = "\n".join(reader.plain(part) for part in bodies.text if part.type == "text/plain")
    pages = [reader.page(part) for part in bodies.html if part.type == "text/html"]
    lines = tuple(line for page in pages for line in page.lines)
    shown = "\n".join(page.clean for page in pages if page.clean)
    kinds = {part.type for part in bodies.text}
    if "text/html" in kinds:
        plain = "\n".join(text for part in bodies.text if (text := reader.either(part)))
    if lines and (not plain.strip() or _is_stub(plain, lines)):
        plain = text_of(lines)
    marked = any(page.marked for page in pages) and len(kinds) == 1
    return Body(
        text=storable(plain, limits.text),
        html=storable(shown, 2 * limits.html),
        lines=lines if marked else lines_of(plain),
        exact=reader.exact,
        cut=reader.cut or len(plain) > limits.text,
    )


def _is_stub(plain: str, lines: tuple[Line, ...]) -> bool:
    """Whether a text form only says that there is another one, which holds far more."""
    if len(plain) > _STUB or not _VIEWER.search(plain):
        return False
    return sum(len(line.text) for line in lines) > 4 * len(plain)


def lines_of(text: str) -> tuple[Line, ...]:
    """The lines of plain text: those that begin with `>` are quoted."""
    stripped = (line.rstrip() for line in text.replace("\u00a0", " ").split("\n"))
    return squeeze(tuple(Line(text=line, quoted=_is_quoted(line)) for line in stripped))


def _is_quoted(line: str) -> bool:
    # `>:` alone is the end of an attribution that was wrapped inside the address.
    return line.lstrip().startswith(">") and line.strip() != ">:"


def text_of(lines: tuple[Line, ...]) -> str:
    """The lines as text; what an HTML mail quotes begins with `> ` as it does in plain text."""
    return "\n".join(quoted(line) for line in lines)


def quoted(line: Line) -> str:
    """One line as plain text."""
    return f"> {line.text}" if line.quoted and not line.text.lstrip().startswith(">") else line.text


def unquoted(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines without a mail program's marks: it marks what is passed on as it marks what is answered."""
    return tuple(line if line.text.lstrip().startswith(">") else Line(text=line.text) for line in lines)


class _Reader:
    """Reads each part once, all within the limits, and remembers what was not exact."""

    def __init__(self, raw: bytes, limits: Limits) -> None:
        self.raw = raw
        self.exact, self.cut = True, False
        self.left = {"text/plain": limits.text, "text/html": limits.html}
        self.guesses = _GUESSES
        self.pages: dict[int, Html] = {}

    def text(self, part: Part) -> str:
        limit = self.left[part.type]
        # Four encoded bytes hold at most one character of most charsets, so the limit is never met too early.
        data = part.content(self.raw, 4 * limit)
        html = part.type == "text/html"
        text, exact = decode(data, part.parameters.get("charset"), html=html, guess=self.guesses > 0)
        self.guesses -= not exact
        self.left[part.type] = max(0, limit - len(text))
        self.exact = self.exact and exact
        self.cut = self.cut or part.end - part.start > 4 * limit or len(text) > limit
        return storable(text.replace("\r\n", "\n").replace("\r", "\n"), limit)

    def plain(self, part: Part) -> str:
        text = self.text(part)
        if part.parameters.get("format", "").lower() == "flowed":
            return unflow(text, drop_space=part.parameters.get("delsp", "").lower() == "yes")
        return text.strip("\n")

    def page(self, part: Part) -> Html:
        if part.start not in self.pages:
            page = read_html(self.text(part))
            self.exact = self.exact and page.tamed
            self.pages[part.start] = page
        return self.pages[part.start]

    def either(self, part: Part) -> str:
        return self.plain(part) if part.type == "text/plain" else text_of(self.page(part).lines)


def unflow(text: str, *, drop_space: bool) -> str:
    """Paragraphs of `format=flowed` text as one line each (RFC 3676)."""
    out: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:].removeprefix(" ")
        soft = content.endswith(" ") and content != "-- "
        content = content[:-1] if soft and drop_space else content
        if open_depth == depth and content != "-- ":
            out[-1] += content
        else:
            out.append(">" * depth + " " * bool(depth) + content)
        open_depth = depth if soft else -1
    return "\n".join(out).strip("\n")
