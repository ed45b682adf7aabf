"""What happens in the demo: questions, answers, replies, and the noise that every mailbox gets."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from worker.demo import mails
from worker.demo.accounts import AGENT, TENANT
from worker.demo.post import Post

_ADA = "Ada Morgan <ada@example.org>"
_JUERGEN = "Jürgen Weiß <juergen.weiss@example.com>"
_OPS = "Night Shift <ops@example.net>"
_ANSWER = (
    "Hello Ada,\nthe parcel left our warehouse this morning. You will have it on Thursday.\nKind regards, Sam"
)


async def tell(post: Post) -> None:
    """Send everything, waiting for each message to be worked. Raises DemoError, or what aiohttp raises."""
    await asyncio.gather(_parcel(post), _invoice(post), _outage(post), _handle(post), _texts(post))


async def _parcel(post: Post) -> None:
    """A question, delivered twice; our answer; a reply with the history below it; a vacation notice."""
    question = mails.gmail(_ADA, "Order 10482", "Hi,\nwhere is my order? It was due on Monday.\nAda")
    first = await post.mail(question, sender="ada@example.org", to=mails.SUPPORT)
    await post.mail(question, sender="ada@example.org", to=mails.SUPPORT)
    issued = await _answer(post, first["ticket"], _ANSWER, "ada@example.org")
    reply = mails.gmail(
        _ADA, "Re: Order 10482", "Perfect, I will be at home.", quoted=_ANSWER, answers=issued
    )
    await post.mail(reply, sender="ada@example.org", to=mails.SUPPORT)
    away = mails.out_of_office(_ADA, "Order 10482", "I am away until Wednesday.", answers=issued)
    await post.mail(away, sender="", to=mails.SUPPORT)


async def _invoice(post: Post) -> None:
    """A complaint in German; our answer bounces."""
    text = (
        "Sehr geehrte Damen und Herren,\n\nder Betrag der Rechnung 2291 wurde doppelt abgebucht. "
        "Bitte überweisen Sie einen Betrag zurück.\n\nMit freundlichen Grüßen\nJürgen Weiß"
    )
    complaint = mails.outlook(_JUERGEN, "Rechnung doppelt abgebucht", text)
    first = await post.mail(complaint, sender="juergen.weiss@example.com", to=mails.SUPPORT)
    answer = "Guten Tag, wir prüfen das und melden uns."
    issued = await _answer(post, first["ticket"], answer, "juergen.weiss@example.com")
    await post.mail(mails.bounce("juergen.weiss@example.com", issued), sender="", to=mails.SUPPORT)


async def _outage(post: Post) -> None:
    """Something that cannot wait."""
    text = (
        "Since 02:10 all of our shops show error 502 and nobody can order. Production is down, please help."
    )
    alarm = mails.gmail(_OPS, "URGENT: production is down", text)
    await post.mail(alarm, sender="ops@example.net", to=mails.SUPPORT)


async def _handle(post: Post) -> None:
    """A mail with a photograph."""
    text = (
        "Hello,\nthe handle of the kettle broke on the first day, see the photo. Is it under warranty?\nLee"
    )
    claim = mails.mail("Lee Park <lee@example.com>", "Broken handle")
    claim.set_content(text)
    claim.add_attachment(mails.PIXEL, maintype="image", subtype="png", filename="handle.png")
    await post.mail(claim, sender="lee@example.com", to=mails.SUPPORT)


async def _texts(post: Post) -> None:
    """Two lines of one person by SMS, one ticket; and WhatsApp in German."""
    await post.text("+12025550123", "Hi")
    await post.text("+12025550123", "How do I return the shoes from order 5521? I want a refund")
    await post.text(
        "+4915100000000", "Guten Tag, wie lange dauert die Lieferung?", name="Mia Schulz", road="whatsapp:"
    )


async def _answer(post: Post, ref: str, text: str, to: str) -> str:
    """Record what an agent answers; the bare Message-ID that the answer was sent under."""
    body = {
        "text": text,
        "direction": "outbound",
        "sender": {"address": AGENT},
        "recipients": [to],
    }
    issued = await post.ask(f"/api/tickets/{quote(ref)}/messages?tenant={TENANT}", body)
    return str(issued["message_id"])
