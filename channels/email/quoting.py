"""Where the mail that is answered begins, in text in which nothing but its words says so."""
# ruff: noqa: RUF001 - people write with more marks than ASCII has

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.email.html import Line
from channels.email.patterns import words
from channels.email.reply_words import FORWARDED, LABELS, MARKERS, ORIGINAL, STARTS, VERBS

_MAX_HEAD = 12
_MAX_ATTRIBUTION = 4
_MAX_CHARACTERS = 500
_MAX_TITLE = 120
_MIN_TITLE = 4


def _label_table() -> dict[str, str]:
    table: dict[str, str] = {}
    for kind, names in LABELS.items():
        single, *phrases = names.split("|")
        table |= dict.fromkeys((*single.split(), *phrases), kind)
    return table


_TABLE = _label_table()
_LABEL = re.compile(r"^[ *_>]*([^ :：*_>][^:：*_]{0,24}?) ?[*_]* ?[:：]")
_DRAWN = "-_=*~—–"
_AROUND = f" \t>:：{_DRAWN}"
_ORIGINAL = re.compile(ORIGINAL, re.IGNORECASE)
_FORWARDED = re.compile(FORWARDED, re.IGNORECASE)
_MARKER = words(MARKERS)
_TITLE = words(f"{MARKERS}|{ORIGINAL}|{FORWARDED}")
_VERB = words(rf"(?:^|[\s>)\]，,\"'])(?:{VERBS})(?:$|[\s:：,.<\"(-])")
_LAST_VERBS = tuple(verb.replace("\\", "") for verb in VERBS.split("|"))
_CJK_VERB = words(rf"(?:^|[\s>)\]，,\"'])(?:{VERBS})(?:$|[\s:：,.<\"(-])")
_START = re.compile(rf"^[\s>*-]*(?:{STARTS})\b", re.IGNORECASE)
_DATE_FIRST = re.compile(r"^[\s>*-]*(?:在?\s*\d|[^\W\d]{2,14}[.,]{0,2}\s+(?:den\s+)?\d)")
_ADDRESS = words(r"[\w.+'-]@[\w-]+\.[\w-]")
_WHEN = re.compile(r"\d{1,2}[:.h]\d{2}|\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\b(?:19|20)\d\d\b")
_CLOCK = re.compile(r"\b\d{1,2}[:.h]\d{2}\b")
_ZOHO = re.compile(r"^-{2,}\s*on .{5,200}\bwrote\s*-{2,}$", re.IGNORECASE)


def label_of(line: str) -> str:
    """Which field of a quoted head a line is (`from`, `sent`, `to`, `cc`, `subject`), or nothing."""
    if ":" not in line and "：" not in line:
        return ""
    found = _LABEL.match(" ".join(line[:120].split()))
    return _TABLE.get(" ".join(found[1].lower().split()), "") if found else ""


def is_rule(line: str) -> bool:
    """Whether a line is only drawn."""
    drawn = line.strip(" \t>")
    return len(drawn) > 1 and not drawn.strip(_DRAWN)


def has_titles(text: str) -> bool:
    """Whether a text holds words that stand in the title above another mail, anywhere."""
    return bool(_TITLE.search(text))


def may_be_border(line: str) -> bool:
    """Whether a line can belong to a border, by its marks alone: most lines cannot, and cost nothing more."""
    return ":" in line or "：" in line or line.lstrip(" \t>")[:1] in _DRAWN or _may_end(line)


def is_marker(text: str) -> bool:
    """Whether a text holds what a help desk asks people to write above."""
    return bool(_MARKER.search(text))


def is_forward(line: str) -> bool:
    """Whether a line is the title above a mail that is passed on."""
    return len(line) < _MAX_TITLE and bool(_FORWARDED.fullmatch(line.strip(_AROUND)))


def head_at(lines: Sequence[Line], start: int) -> int:
    """How many lines the quoted head that begins here has; 0 where none begins."""
    if label_of(lines[start].text) not in {"from", "sent"}:
        return 0
    kinds: set[str] = set()
    last = start
    blanks = 0
    for position in range(start, min(start + _MAX_HEAD, len(lines))):
        text = lines[position].text
        kind = label_of(text)
        blanks = 0 if text.strip() else blanks + 1
        if kind and kind not in kinds:
            kinds.add(kind)
            last = position
        elif blanks > 1 or (not kind and blanks == 0 and not _continues(text, lines, position)):
            break
    enough = len(kinds) >= 3 or (len(kinds) == 2 and _strong(lines, start))
    return last - start + 1 if enough and "from" in kinds else 0


def _continues(text: str, lines: Sequence[Line], position: int) -> bool:
    """Whether a line of a head is the rest of the field above: more addresses, or a wrapped subject."""
    above = lines[position - 1].text
    return (
        text[:1] in " \t"
        or above.rstrip().endswith((",", ";", "<"))
        or bool(_ADDRESS.search(text))
        or (position + 1 < len(lines) and bool(label_of(lines[position + 1].text)))
    )


def _strong(lines: Sequence[Line], start: int) -> bool:
    above = next((line.text for line in reversed(lines[max(0, start - 2) : start]) if line.text.strip()), "")
    return (
        bool(_ADDRESS.search(lines[start].text))
        or is_rule(above)
        or bool(_ORIGINAL.fullmatch(above.strip(_AROUND)))
    )


def title_at(lines: Sequence[Line], position: int) -> bool:
    """Whether this line is the title above the mail that is answered, as `--- Original Message ---`."""
    text = lines[position].text.strip(" \t>")
    title = text.strip(_AROUND)
    if len(text) > _MAX_TITLE or len(title) < _MIN_TITLE:
        return False
    drawn = text[0] in _DRAWN and text[1] in _DRAWN
    if _ORIGINAL.fullmatch(title):
        return drawn or _labelled_below(lines, position)
    return drawn and text[-1] in _DRAWN and _labelled_below(lines, position)


def _labelled_below(lines: Sequence[Line], position: int) -> bool:
    return any(label_of(line.text) in {"from", "sent"} for line in lines[position + 1 : position + 4])


def attribution_at(lines: Sequence[Line], end: int) -> int | None:
    """Where the attribution begins whose last line is `end`, as in `On … wrote:`, or None."""
    text = lines[end].text.rstrip()
    if not text or len(text) > _MAX_CHARACTERS or not _may_end(text):
        return None
    below = next((line for line in lines[end + 1 : end + 4] if line.text.strip()), None)
    answered = below is not None and below.quoted
    joined = ""
    likely: int | None = None
    for start in range(end, max(-1, end - _MAX_ATTRIBUTION), -1):
        joined = f"{lines[start].text.strip()} {joined}".strip()
        if not lines[start].text.strip() or lines[start].quoted or len(joined) > _MAX_CHARACTERS:
            break
        if _says_who_and_when(joined, answered=answered):
            return start
        if likely is None and (_says_enough(joined) or (answered and _says_who(joined))):
            likely = start
    return likely


def _may_end(text: str) -> bool:
    return _ends(text) or text.endswith("--") or text.rstrip(" .*_>").lower().endswith(_LAST_VERBS)


def _ends(text: str) -> bool:
    return text.rstrip(" \t*_").endswith((":", "："))


def _says_who_and_when(joined: str, *, answered: bool) -> bool:
    """Whether a text is all of an attribution. With no quotation below it takes more to believe it."""
    if _ZOHO.match(joined):
        return True
    begins = bool(_DATE_FIRST.match(joined))
    if not _WHEN.search(joined) or not (begins or _START.match(joined)):
        return False
    addressed = bool(_ADDRESS.search(joined))
    if _VERB.search(joined) or _CJK_VERB.search(joined):
        return answered or addressed or bool(_CLOCK.search(joined))
    return begins and addressed and _ends(joined)


def _says_enough(joined: str) -> bool:
    """Whether a text names an address and a time of day, and ends as an attribution in any language does."""
    named = joined.endswith((">:", "):")) or bool(_VERB.search(joined))
    return _ends(joined) and named and bool(_ADDRESS.search(joined)) and bool(_CLOCK.search(joined))


def _says_who(joined: str) -> bool:
    """Whether a text may be an attribution, or its last lines, where a quotation stands below."""
    if not _ends(joined):
        return False
    if _VERB.search(joined) or _CJK_VERB.search(joined):
        return True
    return bool(_ADDRESS.search(joined)) and (joined.endswith(">:") or bool(_WHEN.search(joined)))
