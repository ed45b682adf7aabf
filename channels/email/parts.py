"""Which parts of a mail are its text, its HTML and its files.

The choice follows RFC 8621, section 4.1.4: alternatives are one body in two forms, further inline texts
belong to the body, everything else is a file.
"""

from __future__ import annotations

import msgspec

from channels.email.mime import Part

_PLUMBING = ("message/delivery-status", "message/feedback-report", "message/disposition-notification")
"""Reports for machines: `channels.email.reports` reads them, nobody opens them."""


class Bodies(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a mail by what they are for. A part that has no other form is in `text` and in `html`."""

    text: tuple[Part, ...] = ()
    html: tuple[Part, ...] = ()
    files: tuple[Part, ...] = ()


def choose(root: Part) -> Bodies:
    """Sort the parts of a mail."""
    text: list[Part] = []
    html: list[Part] = []
    files: list[Part] = []
    _Sorter(files).sort((root,), "mixed", text, html, alternative=False)
    return Bodies(text=tuple(text), html=tuple(html), files=tuple(files))


class _Sorter:
    def __init__(self, files: list[Part]) -> None:
        self.files = files

    def sort(
        self,
        parts: tuple[Part, ...],
        container: str,
        text: list[Part] | None,
        html: list[Part] | None,
        *,
        alternative: bool,
    ) -> None:
        """Sort parts of one container. A form is None where this branch is not that form."""
        before = len(text or ()), len(html or ())
        for position, part in enumerate(parts):
            if part.children:
                inner = part.type.removeprefix("multipart/")
                self.sort(part.children, inner, text, html, alternative=alternative or inner == "alternative")
                continue
            shown = _is_body(part, position, container)
            if not shown or (part.filename and part.disposition == "inline"):
                self.file(part)
            if shown and container == "alternative":
                _append(text if part.type == "text/plain" else html, part)
            elif shown:
                if alternative and text is not None and html is not None:
                    text, html = (text, None) if part.type == "text/plain" else (None, html)
                _append(text, part)
                _append(html, part)
        if container == "alternative" and text is not None and html is not None:
            _complete(text, html, before)

    def file(self, part: Part) -> None:
        if part.type not in _PLUMBING:
            self.files.append(part)


def _is_body(part: Part, position: int, container: str) -> bool:
    if part.type not in {"text/plain", "text/html"} or part.disposition == "attachment":
        return False
    return position == 0 or (container != "related" and not part.filename)


def _append(form: list[Part] | None, part: Part) -> None:
    if form is not None:
        form.append(part)


def _complete(text: list[Part], html: list[Part], before: tuple[int, int]) -> None:
    """An alternative that came in one form only is that form for both."""
    new_text, new_html = text[before[0] :], html[before[1] :]
    if not new_text:
        text.extend(new_html)
    elif not new_html:
        html.extend(new_text)
