"""Reports for machines: delivery status (RFC 3464), complaints (RFC 5965), receipts (RFC 8098)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from channels import clean
from channels.email.addresses import normal
from channels.email.charsets import decode
from channels.email.fields import Fields, read_fields
from channels.email.head import read_ids
from channels.email.mime import Part
from channels.message import Bounce

_MAX_REPORT = 256 * 1024
_MAX_GROUPS = 50
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_REPLY = re.compile(r"\b([45])(\d)\d\b")
_TYPED = re.compile(r"^[\w-]+\s*;\s*")
_ORIGINALS = (
    "message/rfc822",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global",
    "message/global-headers",
)
_ID_LINE = re.compile(rb"^[ \t>]*message-id:\s*<([^<>\s]{3,900})>", re.IGNORECASE | re.MULTILINE)
# A full mailbox, a mail too big or a policy may end: the address exists (RFC 3463).
_SOFT = ("5.2.2", "5.2.3", "5.3.4", "5.4.5", "5.4.7")


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What a delivery status report says: its action, and the recipient that it failed for."""

    action: str
    bounce: Bounce


def walk(part: Part) -> Iterator[Part]:
    """A part and all below it."""
    yield part
    for child in part.children:
        yield from walk(child)


def read_status(raw: bytes, root: Part) -> Delivery | None:
    """The delivery status report in a mail, or None."""
    for part in walk(root):
        if part.type in {"message/delivery-status", "message/global-delivery-status"}:
            groups = list(_groups(part.content(raw, _MAX_REPORT)))
            if groups:
                return _delivery(groups, original_id(raw, root))
    return None


def original_id(raw: bytes, root: Part) -> str:
    """Message-ID of the mail that a report is about, or nothing."""
    for part in walk(root):
        if part.type in _ORIGINALS and part is not root:
            fields, _ = read_fields(part.content(raw, _MAX_REPORT))
            ids = read_ids(fields.plain("message-id"))
            if ids:
                return ids[0]
    found = _ID_LINE.search(raw, root.start, min(root.end, root.start + _MAX_REPORT))
    return clean.storable(decode(found[1])[0], 998) if found else ""


def judge_status(text: str) -> tuple[str, bool]:
    """The enhanced status code in a text (or nothing), and whether the failure is final."""
    found = _STATUS.search(text)
    if found:
        return found[0], is_hard(found[0])
    reply = _REPLY.search(text)
    return "", reply is not None and reply[1] == "5"


def is_hard(status: str) -> bool:
    """Whether a status code says that another attempt is in vain."""
    return status.startswith("5") and status not in _SOFT


def _groups(content: bytes) -> Iterator[Fields]:
    position = 0
    for _ in range(_MAX_GROUPS):
        while content[position : position + 1] in (b"\r", b"\n"):
            position += 1
        if position >= len(content):
            return
        fields, after = read_fields(content, position)
        if fields.items:
            yield fields
        position = max(after, position + 1)


def _delivery(groups: list[Fields], message_id: str) -> Delivery:
    """The worst that is said of any recipient."""
    about = [
        group
        for group in groups
        if group.has("final-recipient") or group.has("action") or group.has("status")
    ]
    order = ("failed", "", "delayed", "expanded", "relayed", "delivered")
    actions = [(_action(group), group) for group in about or groups]
    actions.sort(key=lambda pair: order.index(pair[0]) if pair[0] in order else 1)
    action, worst = actions[0]
    said = f"{worst.plain('status')} {worst.plain('diagnostic-code')}"
    status, hard = judge_status(said)
    recipient = _TYPED.sub("", worst.plain("original-recipient") or worst.plain("final-recipient"))
    bounce = Bounce(recipient=normal(recipient), status=status, hard=hard, message_id=message_id)
    return Delivery(action=action or _by_status(status), bounce=bounce)


def _action(group: Fields) -> str:
    words = group.plain("action").lower().split()
    return words[0].strip("();,") if words else ""


def _by_status(status: str) -> str:
    return {"2": "delivered", "4": "delayed"}.get(status[:1], "failed")
