"""Who wrote: a person or a machine, and what a machine wants to say.

Detected widely, judged narrowly: a machine's header decides, words only where the sender is a mail system. A
person whose subject says "automatic" stays a person; wanted machine mail (forms, alarms) is no answer (R33).
"""

from __future__ import annotations

import re

import msgspec

from channels.email.fields import Fields
from channels.email.head import Head
from channels.email.machine_words import (
    ANSWERS,
    DAEMON_NAMES,
    DAEMONS,
    DELAY_TEXTS,
    DELAYS,
    FAILURE_TEXTS,
    FAILURES,
    POSTMASTERS,
    ROBOTS,
)
from channels.email.mime import Tree
from channels.email.patterns import words
from channels.email.reports import judge_status, original_id, read_status, walk
from channels.message import Bounce, Flag

_TEXT = 8000
_DAEMON = words(rf"(?:.*[._+-])?(?:{DAEMONS})(?:[._+=-].*)?")
_DAEMON_NAME = words(rf"(?:the )?(?:{DAEMON_NAMES})(?:\W.*)?")
_POSTMASTER = words(POSTMASTERS)
_FAILURE = words(FAILURES)
_FAILURE_TEXT = words(FAILURE_TEXTS)
_DELAY = words(DELAYS)
_DELAY_TEXT = words(DELAY_TEXTS)
_ANSWER = words(ANSWERS)
_ROBOT = words(rf"(?:{ROBOTS})(?:[+._-].*)?")
_ADDRESS = words(r"[\w.+=-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_TITLED = re.compile(r"\s*[^\s:\[\]][^:\[\]]{4,40}:\s")
_REPLYING = re.compile(r"^\s*(?:re|aw|sv|antw|fwd?|wg|tr)\s*:", re.IGNORECASE)

_ANSWERING_FIELDS = (
    "x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from", "x-autoreply-from",
    "x-mail-autoreply", "x-vacation", "x-fc-machinegenerated-reply",
)  # fmt: skip
_LIST_FIELDS = (
    "list-id",
    "list-post",
    "list-unsubscribe",
    "list-help",
    "x-mailing-list",
    "x-google-group-id",
)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a mail is, as far as a machine wrote it."""

    flags: frozenset[Flag] = frozenset()
    bounce: Bounce | None = None


def judge(raw: bytes, tree: Tree, head: Head, text: str, envelope_from: str | None) -> Verdict:
    """Judge a mail. `envelope_from` is empty for the null sender, None where it is not known."""
    fields = tree.root.fields
    null = envelope_from == "" or (envelope_from is None and fields.raw("return-path") == b"<>")
    reported = _report(raw, tree, system=null or _is_system(head))
    if reported is not None:
        return reported
    told = _failure(raw, tree, head, text, null=null)
    if told is not None:
        return told
    flags = _automatic(fields, head, null=null) | _listed(fields)
    return Verdict(flags=flags)


def _report(raw: bytes, tree: Tree, *, system: bool) -> Verdict | None:
    """What a report in one of the standard forms says. A person may pass one on: that is no report."""
    if not system and tree.root.type != "multipart/report":
        return None
    status = read_status(raw, tree.root)
    if status is not None:
        if status.action in {"delivered", "relayed", "expanded", "delayed"}:
            return Verdict(flags=frozenset({Flag.DELIVERY_REPORT}))
        return Verdict(flags=frozenset({Flag.BOUNCE}), bounce=status.bounce)
    for part in walk(tree.root):
        if part.type == "message/feedback-report":
            about = Bounce(message_id=original_id(raw, tree.root))
            return Verdict(flags=frozenset({Flag.COMPLAINT_REPORT}), bounce=about)
        if part.type == "message/disposition-notification":
            return Verdict(flags=frozenset({Flag.DELIVERY_REPORT}))
    return None


def _failure(raw: bytes, tree: Tree, head: Head, text: str, *, null: bool) -> Verdict | None:
    """What a mail system says in words of its own."""
    fields = tree.root.fields
    failed = fields.plain("x-failed-recipients")
    start = text[:_TEXT]
    if not failed and not _fails(head, start, null=null):
        return None
    if _DELAY.search(head.subject) or _DELAY_TEXT.search(start):
        return Verdict(flags=frozenset({Flag.DELIVERY_REPORT}))
    found = _ADDRESS.search(failed or start)
    status, hard = judge_status(start)
    bounce = Bounce(
        recipient=found.group().lower() if found else "",
        status=status,
        hard=hard,
        message_id=original_id(raw, tree.root),
    )
    return Verdict(flags=frozenset({Flag.BOUNCE}), bounce=bounce)


def _fails(head: Head, text: str, *, null: bool) -> bool:
    """Whether a mail system says that a mail failed. Where people share its address, all must say so."""
    subject = bool(_FAILURE.search(head.subject)) and not _REPLYING.match(head.subject)
    system = _is_system(head)
    shared = null or _POSTMASTER.fullmatch(_local(head)) or _POSTMASTER.fullmatch(head.sender.name)
    if not system and not (subject and shared):
        return False
    return (system and subject) or bool(_FAILURE_TEXT.search(text))


def _is_system(head: Head) -> bool:
    return bool(_DAEMON.fullmatch(_local(head)) or _DAEMON_NAME.fullmatch(head.sender.name))


def _local(head: Head) -> str:
    return head.sender.address.partition("@")[0]


def _automatic(fields: Fields, head: Head, *, null: bool) -> frozenset[Flag]:
    """Whether the mail is an automatic answer, or else written by a machine, or neither."""
    submitted = fields.plain("auto-submitted").lower().split(";")[0].strip()
    precedence = fields.plain("precedence").lower()
    suppress = fields.plain("x-auto-response-suppress").lower()
    answers = submitted.startswith("auto-replied") or precedence in {"auto_reply", "auto-reply"}
    if answers or any(fields.has(name) for name in _ANSWERING_FIELDS):
        return frozenset({Flag.AUTO_REPLY})
    machine = (
        submitted not in {"", "no"} or suppress not in {"", "none"} or precedence in {"bulk", "junk"} or null
    )
    if machine and (_ANSWER.search(head.subject) or _answers(head)):
        return frozenset({Flag.AUTO_REPLY})
    robot = bool(_ROBOT.fullmatch(_local(head)))
    return frozenset({Flag.AUTO_GENERATED}) if machine or robot else frozenset()


def _answers(head: Head) -> bool:
    """Whether a machine's mail answers one of ours under a title of its own, in whatever language."""
    return bool(head.mail.in_reply_to and _TITLED.match(head.subject) and not _REPLYING.match(head.subject))


def _listed(fields: Fields) -> frozenset[Flag]:
    """A list's mail. What a list passes on (Google Groups, Mailman) a person wrote; bulk mail no one did."""
    if not any(fields.has(name) for name in _LIST_FIELDS):
        return frozenset()
    passed_on = fields.has("list-post") or fields.has("x-google-group-id") or fields.has("x-mailing-list")
    return frozenset({Flag.LIST} if passed_on else {Flag.LIST, Flag.AUTO_GENERATED})
