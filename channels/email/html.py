"""HTML mail: a clean version to show, and its lines as text, with what the mail programs marked as quoted."""

from __future__ import annotations

import re
from html import unescape

import msgspec
import nh3

from channels.email.patterns import words
from channels.email.tame import tame

_URLS = {"http", "https", "mailto", "tel", "cid"}
_GONE = {"script", "style", "title", "textarea"}
_SHOWN: dict[str, set[str]] = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "align", "valign"},
    "th": {"colspan", "rowspan", "align", "valign"},
    "table": {"border", "cellpadding", "cellspacing", "width"},
    "ol": {"start", "type"},
    "*": {"dir", "lang", "title"},
}
_MARKING = {tag: names | {"class", "id", "type", "name", "style"} for tag, names in _SHOWN.items()}

_TOKEN = re.compile(r"<(/?)([a-z][a-z0-9]*)((?:[^>\"]|\"[^\"]*\")*)>|([^<]+)|<")
_ATTRIBUTE = re.compile(r"([a-z]+)=\"([^\"]*)\"")
_SPACES = re.compile(r"[ \t\r\n\f\u00a0]+")
# Newsletters fill the preview of a mailbox with characters that nobody sees.
_FILLER = re.compile(r"(?:[\u200b\u200c\u2007\u034f\u00ad\ufeff][ \u00a0]*){3,}")
_ANY_TAG = re.compile(r"<[^>]*>?")
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "pre", "dl"})
_BLOCKS = _PARAGRAPHS | frozenset({
    "div", "tr", "table", "blockquote", "li", "dt", "dd", "section", "article", "header", "footer", "center",
    "address", "hr", "thead", "tbody", "figure", "nav", "aside", "main", "caption", "details", "summary",
})  # fmt: skip
_VOID = frozenset({"br", "hr", "img", "wbr", "col", "area"})

# What mail programs write around the mail that is answered. `quote`: the element is a quotation. `cut`: all
# that follows is. `attribution`: the line that says who wrote what is quoted.
_QUOTE_CLASSES = re.compile(
    r"\b(?:yahoo_quoted|protonmail_quote|tutanota_quote|zmail_extra|missive_quote"
    r"|front-blockquote|quoted-text|sh-quoted-content|ms-outlook-mobile-reference-message|mail-quote-collapse"
    r"|OLK_SRC_BODY_SECTION|isReplyContent|messageReplySection|history_container)\b"
)
_CUT_IDS = re.compile(
    r"\b(?:divRplyFwdMsg|mail-editor-reference-message-container|OutlookMessageHeader|zwchr|reply-intro"
    r"|ms-outlook-mobile-body-separator-line|appendonsend|stopSpelling)\b"
)
_ATTRIBUTIONS = re.compile(r"\b(?:moz-cite-prefix|gmail_attr|airmail_on|yahoo_quoted_header|cite-prefix)\b")
_QUOTE_NAMES = frozenset({"quote", "messageReplySection"})
_HINT = words(
    r"gmail_attr|yahoo_quoted|protonmail_quote|tutanota_quote|zmail_extra|missive_quote|front-blockquote"
    r"|sh-quoted|reference-message|mail-quote|OLK_SRC_BODY|isReplyContent|messageReplySection|divRplyFwdMsg"
    r"|OutlookMessageHeader|zwchr|appendonsend|moz-cite-prefix|airmail_on|reply-intro|history_container"
    r"|quoted-text|name=.?quote|separator-line|stopSpelling|<blockquote"
)
_SHOWING = nh3.Cleaner(attributes=_SHOWN, clean_content_tags=_GONE, url_schemes=_URLS)
_MARKED = nh3.Cleaner(attributes=_MARKING, clean_content_tags=_GONE, url_schemes=_URLS)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of text. `quoted`: of the mail that is answered. `attribution`: it names who wrote that."""

    text: str
    quoted: bool = False
    attribution: bool = False


class Html(msgspec.Struct, frozen=True, kw_only=True):
    """An HTML body: what may be shown, and what it says. `marked`: a mail program marked its quotations."""

    clean: str
    lines: tuple[Line, ...]
    marked: bool = False
    tamed: bool = True
    """False where it could not be read as HTML, and only its words are here."""


def read_html(html: str) -> Html:
    """The HTML without anything that acts, and its text. Never raises."""
    tamed = tame(html)
    if tamed is None:
        words = unescape(_ANY_TAG.sub(" ", html))
        lines = tuple(Line(text=_SPACES.sub(" ", line).strip()) for line in words.split("\n"))
        return Html(clean="", lines=squeeze(lines), tamed=False)
    clean = _SHOWING.clean(tamed)
    source = _MARKED.clean(tamed) if _HINT.search(tamed) else clean
    writer = _Writer(outlook="MsoNormal" in tamed)
    for closing, tag, attributes, text in _TOKEN.findall(source):
        if tag:
            writer.tag(tag, attributes, closing=bool(closing))
        else:
            writer.text(text)
    return Html(clean=clean, lines=squeeze(writer.finish()), marked=writer.marked)


def harmless(html: str) -> str:
    """The HTML without anything that acts; empty where it could not be read as HTML. Never raises."""
    tamed = tame(html)
    return "" if tamed is None else _SHOWING.clean(tamed)


def squeeze(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines without those at both ends that are empty, and with at most one such between two others."""
    kept: list[Line] = []
    for line in lines:
        if line.text or (kept and kept[-1].text):
            kept.append(line)
    while kept and not kept[-1].text:
        kept.pop()
    return tuple(kept)


class _Writer:
    """Turns the tokens of clean HTML into lines."""

    def __init__(self, *, outlook: bool) -> None:
        # Outlook writes each line as a paragraph of its own, and an empty line as an empty one.
        self.paragraphs = _PARAGRAPHS - {"p"} if outlook else _PARAGRAPHS
        self.outlook = outlook
        self.lines: list[Line] = []
        self.now: list[str] = []
        self.stack: list[tuple[str, str]] = []
        self.quotes = self.attributions = self.pre = 0
        self.cut = self.marked = self.gap = False

    def text(self, text: str) -> None:
        text = _FILLER.sub(" ", unescape(text))
        if self.pre:
            *whole, rest = text.split("\n")
            for line in whole:
                self.now.append(line)
                self.newline(force=True)
            self.now.append(rest)
            return
        self.now.append(_SPACES.sub(" ", text))

    def tag(self, tag: str, attributes: str, *, closing: bool) -> None:
        if tag == "br":
            self.newline(force=True)
            return
        if tag in _BLOCKS:
            self.newline(force=self.outlook and tag == "p" and closing)
            self.gap = self.gap or tag in self.paragraphs
        elif tag in {"td", "th"} and self.now:
            self.now.append(" ")
        if closing:
            self.close(tag)
        else:
            self.open(tag, attributes)
        if tag == "li" and not closing:
            self.now.append("- ")

    def open(self, tag: str, attributes: str) -> None:
        mark = _mark(tag, attributes) if attributes else ""
        if mark == "cut":
            self.newline(force=False)
            self.cut = True
        self.marked = self.marked or mark in {"cut", "quote"}
        if tag not in _VOID:
            self.count(tag, mark, 1)
            self.stack.append((tag, mark))

    def close(self, tag: str) -> None:
        while self.stack:
            opened, mark = self.stack.pop()
            self.count(opened, mark, -1)
            if opened == tag:
                return

    def count(self, tag: str, mark: str, step: int) -> None:
        self.quotes += step * (mark == "quote")
        self.attributions += step * (mark == "attribution")
        self.pre += step * (tag == "pre")

    def newline(self, *, force: bool) -> None:
        text = "".join(self.now)
        text = text.rstrip() if self.pre else _SPACES.sub(" ", text).strip()
        self.now.clear()
        if not text and not force:
            return
        if self.gap and text and self.lines:
            self.lines.append(Line(text="", quoted=self.lines[-1].quoted and self.quoted))
        self.gap = self.gap and not text
        self.lines.append(Line(text=text, quoted=self.quoted, attribution=self.attributions > 0))

    @property
    def quoted(self) -> bool:
        return self.cut or self.quotes > 0

    def finish(self) -> tuple[Line, ...]:
        self.newline(force=False)
        return tuple(self.lines)


def _mark(tag: str, attributes: str) -> str:
    """What a mail program means by an element: `quote`, `cut`, `attribution`, or nothing."""
    found = dict(_ATTRIBUTE.findall(attributes))
    names = f"{found.get('class', '')} {found.get('id', '')}"
    if _CUT_IDS.search(names):
        return "cut"
    if _ATTRIBUTIONS.search(names):
        return "attribution"
    if tag == "blockquote" and (
        found.get("type") == "cite" or "gmail_quote" in names or "border-left" in found.get("style", "")
    ):
        return "quote"
    if _QUOTE_CLASSES.search(names) or found.get("name") in _QUOTE_NAMES:
        return "quote"
    return ""
