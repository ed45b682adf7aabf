"""The files of a mail: their names, kinds, sizes and hashes, and their contents in the same order."""

from __future__ import annotations

import hashlib
import re

import msgspec

from channels import clean
from channels.email.fields import read_fields
from channels.email.limits import Limits
from channels.email.mime import Part
from channels.message import Attachment

_PATH = re.compile(r"[\\/]+")
_MAX_NAME = 255


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """`contents[i]` belongs to the i-th attachment whose state is `stored`."""

    attachments: tuple[Attachment, ...] = ()
    contents: tuple[bytes, ...] = ()
    over: tuple[str, ...] = ()
    """Names of the files that were left out, over a limit."""
    more: int = 0
    """How many further files were not even named."""


def read_files(raw: bytes, parts: tuple[Part, ...], html: str, limits: Limits) -> Files:
    """Read the files. Never raises; what is over a limit is named without its content (R21)."""
    attachments: list[Attachment] = []
    contents: list[bytes] = []
    left = limits.attachment
    for part in parts[: limits.attachments]:
        content = part.content(raw) if part.end - part.start <= 2 * limits.attachment else None
        if content is None or len(content) > left:
            attachments.append(_attachment(part, raw, html, None))
            continue
        left -= len(content)
        contents.append(content)
        attachments.append(_attachment(part, raw, html, content))
    over = tuple(one.filename or one.content_type for one in attachments if one.state == "oversize")
    more = max(0, len(parts) - limits.attachments)
    return Files(attachments=tuple(attachments), contents=tuple(contents), over=over, more=more)


def _attachment(part: Part, raw: bytes, html: str, content: bytes | None) -> Attachment:
    cid = clean.line(part.content_id)
    return Attachment(
        filename=_name(part, raw),
        content_type=clean.line(part.type, 127),
        size=part.end - part.start if content is None else len(content),
        sha256="" if content is None else hashlib.sha256(content).hexdigest(),
        inline=part.disposition != "attachment" and bool(cid) and f"cid:{cid}" in html,
        content_id=cid,
        state="oversize" if content is None else "stored",
    )


def _name(part: Part, raw: bytes) -> str:
    """The last step of the path that the sender gave; a mail without a name has its subject."""
    steps = [step for step in _PATH.split(clean.line(part.filename)) if step.strip(" .")]
    if steps:
        return steps[-1].strip()[:_MAX_NAME]
    if part.type == "message/rfc822":
        fields, _ = read_fields(raw, part.start, part.end)
        return _PATH.sub("-", clean.line(fields.text("subject"), 200) or "message") + ".eml"
    return ""
