"""What a reply does to its ticket: whether it comes too late, and whether it reopens."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from channels.message import Flag, InboundMessage
from routing.facts import Tenant, TicketFacts

AUTOMATIC = frozenset({
    Flag.AUTO_REPLY, Flag.AUTO_GENERATED, Flag.BOUNCE, Flag.COMPLAINT_REPORT, Flag.DELIVERY_REPORT,
})  # fmt: skip
"""Nobody sat down to write these."""
_REOPENED = frozenset({"waiting", "resolved"})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that thank, and words that may stand around them, in the languages that triage knows.
_THANKS = _words("""
    thanks thank thx ty cheers danke dank dankeschön merci gracias obrigado obrigada bedankt grazie
""")
_AROUND = _words("""
    you so very much a lot many again ok okay great perfect super all the for help your and quick reply answer
    best kind warm regards
    vielen herzlichen besten schön sehr nochmal ihre für die hilfe alles klar prima und schnelle antwort
    mit freundlichen viele liebe schöne grüße grüßen gruß mfg lg
    beaucoup bien mille pour votre aide parfait encore cordialement
    muchas muchísimas mil por su ayuda perfecto muy amable la saludos
    muito muita pela sua ajuda perfeito atenciosamente
    hartelijk je u wel voor de hulp heel erg met vriendelijke groet groeten
    tante infinite per il suo aiuto perfetto molte cordiali saluti
""")
_SIGNS = "👍👌🙏👏💯❤✅🙂😊"
_SIGN = re.compile(rf"[\s!.]*[{_SIGNS}][{_SIGNS}\U0001f3fb-\U0001f3ff\ufe0f\s!.]*")
_WORD = re.compile(r"[^\W\d_]+")
_MAX_THANKS = 12


def window(tenant: Tenant, channel: str) -> timedelta:
    """How long after the last movement of a ticket a reply on this channel still belongs to it."""
    settings = tenant.settings
    if channel == "email":
        return timedelta(days=settings.mail_reply_days)
    return timedelta(hours=settings.chat_reply_hours)


def is_late(ticket: TicketFacts, channel: str, received_at: datetime, tenant: Tenant) -> bool:
    """Whether a reply belongs to a follow-up rather than to the ticket (R28): always, once it is closed."""
    return ticket.status == "closed" or received_at - ticket.updated_at > window(tenant, channel)


def is_automatic(message: InboundMessage) -> bool:
    """Whether a machine wrote the message."""
    return bool(message.flags & AUTOMATIC)


def is_quiet(message: InboundMessage) -> bool:
    """Whether the message asks for nothing: it neither reopens a ticket nor opens a follow-up."""
    return says_nothing(message) or is_mere_thanks(message)


def says_nothing(message: InboundMessage) -> bool:
    """Whether the message has no words for people: a reaction, a consent."""
    return is_reaction(message) or bool(message.consent)


def is_reaction(message: InboundMessage) -> bool:
    """Whether somebody only put a sign on another message."""
    return message.kind == "reaction" or Flag.REACTION in message.flags


def reopened(ticket: TicketFacts, message: InboundMessage) -> bool:
    """Whether a customer's message moves the ticket back to `open`."""
    return ticket.status in _REOPENED and not (is_automatic(message) or is_quiet(message))


def is_mere_thanks(message: InboundMessage) -> bool:
    """Whether somebody says thanks and nothing else. A question mark, a number or a file is more."""
    text = message.reply_text or message.text
    files = any(not one.inline for one in message.attachments)  # a signature's logo is no file
    if not text or len(text) > 200 or files or re.search(r"[?\d]", text):
        return False
    if _SIGN.fullmatch(text):
        return True
    names = {word.lower() for word in _WORD.findall(message.sender.name)}
    words = [word.lower() for word in _WORD.findall(text)]
    if len(words) > _MAX_THANKS or not any(word in _THANKS for word in words):
        return False
    return all(word in _THANKS or word in _AROUND or word in names for word in words)
