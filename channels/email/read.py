"""Reads a whole mail: from the raw bytes to the normal form. Never raises, whatever the bytes (R23).

mail-parser judges the addresses and dates. Its reading of whole mails takes several times as long, since it
works on every header, and it keeps no limits: parts, charsets and bodies are read here.
"""

from __future__ import annotations

import re

import msgspec

from channels.clean import storable
from channels.email.bodies import Body, read_bodies, unquoted
from channels.email.charsets import decode
from channels.email.digest import digest
from channels.email.fields import read_fields
from channels.email.files import Files, read_files
from channels.email.forward import is_forward_subject, read_forward
from channels.email.head import Head, head_of
from channels.email.limits import Limits
from channels.email.machines import judge
from channels.email.mime import Tree, read_tree
from channels.email.parts import choose
from channels.email.replies import border_of, reply_of
from channels.email.reports import walk
from channels.message import Flag, InboundMessage, Recipient

_LIMITS = Limits()
_REPORTS = frozenset({Flag.BOUNCE, Flag.COMPLAINT_REPORT, Flag.DELIVERY_REPORT, Flag.AUTO_REPLY})
"""What machines write about a mail, which they may well hold: they pass nothing on."""
_SEALED = re.compile(r"enveloped|authenveloped|encrypted", re.IGNORECASE)


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A mail in the normal form; `files[i]` is the content of the i-th attachment that is `stored`."""

    message: InboundMessage
    files: tuple[bytes, ...] = ()


def read_mail(message: InboundMessage, raw: bytes, limits: Limits = _LIMITS) -> Reading:
    """The message that the door accepted, completed from its raw mail.

    Never raises: a mail that cannot be read keeps its head and as much text as there is, is flagged
    `degraded`, and says so in its notes. What is over a limit is left out, flagged `oversize` and noted.
    """
    kept = raw[: limits.raw]
    try:
        reading = _read(message, kept, limits)
    except Exception as error:  # noqa: BLE001 - one hostile mail must cost itself alone (R12, R23)
        reading = read_degraded(
            message, kept, f"The mail could not be read ({type(error).__name__}).", limits
        )
    if len(raw) > limits.raw:
        note = f"The mail has {len(raw)} bytes; the first {limits.raw} were read."
        return Reading(message=noted(reading.message, {Flag.OVERSIZE}, note), files=reading.files)
    return reading


def _read(message: InboundMessage, raw: bytes, limits: Limits) -> Reading:
    tree = read_tree(raw, parts=limits.parts, depth=limits.depth)
    bodies = choose(tree.root)
    body = read_bodies(raw, bodies, limits)
    files = read_files(raw, bodies.files, body.html, limits)
    head = head_of(tree.root.fields)
    envelope_from = message.mail.envelope_from if message.mail else None
    verdict = judge(raw, tree, head, body.text, envelope_from)
    forwarded = is_forward_subject(head.subject, body.lines)
    lines = unquoted(body.lines) if forwarded else body.lines
    border = border_of(lines, forwarded=forwarded)
    read = msgspec.structs.replace(
        completed(message, head),
        text=body.text,
        reply_text=reply_of(lines, body.text, border),
        html=body.html,
        attachments=files.attachments,
        flags=message.flags | verdict.flags | _protection(tree),
        mail=msgspec.structs.replace(
            head.mail,
            envelope_from=envelope_from,
            digest=digest(raw, tree.root.fields, tree.root.start),
            bounce=verdict.bounce,
            forward=None if verdict.flags & _REPORTS else read_forward(lines, border),
        ),
    )
    return Reading(message=_stated(read, tree, body, files), files=files.contents)


def completed(message: InboundMessage, head: Head) -> InboundMessage:
    """The message with what its head says. What the channel knows of the envelope stays."""
    envelope = tuple(one for one in message.recipients if one.field == "envelope")
    written = tuple(one for one in head.recipients if one not in envelope)
    recipients: tuple[Recipient, ...] = (*envelope, *written)
    return msgspec.structs.replace(
        message,
        sender=head.sender,
        recipients=recipients,
        subject=head.subject,
        sent_at=head.sent_at,
    )


def _protection(tree: Tree) -> frozenset[Flag]:
    """Whether the mail is encrypted (then nobody here can read it) or signed."""
    flags: set[Flag] = set()
    for part in walk(tree.root):
        if part.type == "multipart/encrypted" or (
            part.type.endswith("pkcs7-mime")
            and _SEALED.search(part.parameters.get("smime-type", "enveloped"))
        ):
            flags.add(Flag.ENCRYPTED)
        elif part.type == "multipart/signed" or part.type.endswith("pkcs7-mime"):
            flags.add(Flag.SIGNED)
    return frozenset(flags)


def _stated(message: InboundMessage, tree: Tree, body: Body, files: Files) -> InboundMessage:
    """The message with its state in flags and in words (R21)."""
    states = (
        (tree.cut, Flag.OVERSIZE, "The mail has more parts, or deeper ones, than are read."),
        (
            tree.root.fields.cut,
            Flag.OVERSIZE,
            "The head of the mail is over the limit; the rest was left out.",
        ),
        (body.cut, Flag.OVERSIZE, "The text is over the limit and was cut."),
        (bool(files.over), Flag.OVERSIZE, f"Left out, over the limit: {', '.join(files.over[:20])}."),
        (files.more > 0, Flag.OVERSIZE, f"{files.more} more attachments were left out."),
        (tree.broken, Flag.DEGRADED, "The parts of the mail are not separated as it says."),
        (not body.exact, Flag.DEGRADED, "The text could not be read as it says it is written."),
    )
    for holds, flag, note in states:
        if holds:
            message = noted(message, {flag}, note)
    return message


def noted(message: InboundMessage, flags: set[Flag], note: str) -> InboundMessage:
    """The message with more flags and one more note."""
    return msgspec.structs.replace(message, flags=message.flags | flags, notes=(*message.notes, note))


def read_degraded(message: InboundMessage, raw: bytes, note: str, limits: Limits = _LIMITS) -> Reading:
    """The head and the first text of a mail that the careful way failed on. `note`: why, for people.

    It has the digest that the careful way would have given it: another delivery may be read whole (P2).
    """
    raw = raw[: limits.raw]
    fields, start = read_fields(raw)
    head = head_of(fields)
    text = storable(decode(raw[start : start + limits.text])[0], limits.text)
    read = msgspec.structs.replace(
        completed(message, head),
        text=text,
        reply_text=text,
        mail=msgspec.structs.replace(
            head.mail,
            envelope_from=message.mail.envelope_from if message.mail else None,
            digest=digest(raw, fields, start),
        ),
    )
    return Reading(message=noted(read, {Flag.DEGRADED}, note))
