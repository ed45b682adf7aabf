"""Twilio messaging: SMS, MMS and WhatsApp.

https://www.twilio.com/docs/messaging/guides/webhook-request
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Literal

from channels import clean, twilio_request
from channels.consent import Consent, consent
from channels.contract import Account, Answer, Channel, Delivery, Need, Verified
from channels.errors import Malformed
from channels.message import Attachment, InboundMessage, Party, Recipient
from channels.phone import e164
from channels.twilio_request import FORM, JSON, Fields

WHATSAPP = "whatsapp:"
IDS = ("MessageSid", "SmsSid", "SmsMessageSid")
RECEIVED = frozenset(("", "received", "receiving"))
"""Statuses of a message that came in; all others report on one that we sent."""
MEDIA = re.compile(r"MediaUrl(\d{1,2})")
PLACED = re.compile(
    r"MessageSid|SmsSid|SmsMessageSid|SmsStatus|From|To|Body|ProfileName|ButtonText|OptOutType"
    r"|NumMedia|MediaUrl\d{1,2}|MediaContentType\d{1,2}"
)
"""Fields that have a place in the normal form; all others are kept as extra."""
MAX_EXTRA = 100
MAX_EXTRA_VALUE = 4_000
# An SMS of one part has 160 characters at most; only joined ones were seen to come as base64.
LEAST_BASE64 = 60
EXTENSIONS = {
    "image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp",
    "audio/ogg": ".ogg", "audio/mpeg": ".mp3", "audio/amr": ".amr", "audio/mp4": ".m4a",
    "video/mp4": ".mp4", "video/3gpp": ".3gp", "application/pdf": ".pdf",
    "text/vcard": ".vcf", "text/x-vcard": ".vcf", "text/plain": ".txt",
}  # fmt: skip


class TwilioMessaging(Channel):
    """One account is one Twilio account, or one number of it."""

    provider = "twilio"
    title = "Twilio SMS, MMS and WhatsApp"
    docs = "https://www.twilio.com/docs/messaging/guides/webhook-request"
    methods = frozenset({"GET", "POST"})
    content_types = frozenset({FORM, JSON})
    needs: ClassVar[tuple[Need, ...]] = (
        Need(name="auth_token", help="Auth Token of the Twilio account, from the console.", secret=True),
        Need(
            name="number",
            help="The number that customers write to, for deliveries that do not name it.",
            required=False,
        ),
    )

    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> Verified:  # noqa: ARG002 - the scheme has no time
        return twilio_request.verify(delivery, secrets)

    def parse(self, delivery: Delivery, account: Account) -> list[InboundMessage]:
        fields = twilio_request.read_fields(delivery)
        return [_message(fields, account)] if _is_message(fields) else []

    def raw(self, delivery: Delivery) -> bytes:
        return (
            delivery.body
            if delivery.method == "POST"
            else twilio_request.query(delivery).encode("utf-8", "replace")
        )

    def answer(self, ids: Sequence[str]) -> Answer:  # noqa: ARG002 - the form has no place for them
        # An empty answer in text/plain would be sent to the customer as a message; this sends nothing.
        return Answer(content_type="text/xml", body=b"<Response/>")


def _is_message(fields: Fields) -> bool:
    """Not a report on what we sent, not a HELP that Twilio answers by itself, not one of its other events."""
    status = fields.one("MessageStatus") or fields.one("SmsStatus")
    answered = fields.one("OptOutType").lower() == "help"
    return bool(_id(fields)) and status.lower() in RECEIVED and not answered


def _id(fields: Fields) -> str:
    return next(filter(None, map(fields.one, IDS)), "")


def _message(fields: Fields, account: Account) -> InboundMessage:
    channel = _channel(fields)
    sender = Party(name=clean.line(fields.one("ProfileName")), address=_address(fields.one("From")))
    to = _address(fields.one("To") or account.settings.get("number", ""))
    if not sender.address:
        raise Malformed("The field From is missing.")
    text, files = _text(fields), _files(fields)
    return InboundMessage(
        channel=channel,
        provider=account.provider,
        provider_message_id=clean.key(_id(fields)),
        conversation=clean.key(f"{channel}:{fields.one('MessagingServiceSid') or to}|{sender.address}"),
        sender=sender,
        recipients=(Recipient(address=to),) if to else (),
        text=text,
        reply_text=text,
        attachments=files,
        consent=_consent(fields, text),
        notes=_notes(fields, text, files),
        extra=_extra(fields, sender, text),
    )


def _channel(fields: Fields) -> Literal["sms", "whatsapp"]:
    # The prefix is missing sometimes; WaId comes with WhatsApp alone.
    prefixed = any(fields.one(name).startswith(WHATSAPP) for name in ("From", "To"))
    return "whatsapp" if prefixed or fields.one("WaId") else "sms"


def _address(value: str) -> str:
    """E.164 where it is a number; short codes, names and WhatsApp's user ids stay as they are (R3)."""
    return e164(value.strip().removeprefix(WHATSAPP)) or clean.line(value, clean.KEY)


def _text(fields: Fields) -> str:
    said = fields.one("ButtonText") or _decoded(fields.one("Body"))
    parts = (said, _location(fields))
    return clean.storable("\n".join(part for part in parts if part), clean.TEXT)


def _decoded(body: str) -> str:
    """The text of a body that is base64 for certain, else the body: long SMS were seen to come like that.

    Certain means: long, without a space, strictly base64, and inside it readable text of several words.
    """
    if len(body) < LEAST_BASE64 or not body.isascii() or any(c.isspace() for c in body):
        return body
    try:
        text = base64.b64decode(body, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return body
    readable = all(c.isprintable() or c in "\r\n\t" for c in text)
    return text if readable and len(text.split()) > 1 else body


def _location(fields: Fields) -> str:
    latitude, longitude = fields.one("Latitude"), fields.one("Longitude")
    if not latitude or not longitude:
        return ""
    named = [fields.one(name) for name in ("Label", "Address")]
    return "\n".join([*(name for name in named if name), f"{latitude}, {longitude}"])


def _files(fields: Fields) -> tuple[Attachment, ...]:
    numbers = sorted(int(found[1]) for name in fields if (found := MEDIA.fullmatch(name)))
    return tuple(_file(number, fields) for number in dict.fromkeys(numbers) if f"MediaUrl{number}" in fields)


def _file(number: int, fields: Fields) -> Attachment:
    kind = clean.line(fields.one(f"MediaContentType{number}"), 127).lower() or "application/octet-stream"
    url = clean.storable(fields.one(f"MediaUrl{number}"), 4_000)
    return Attachment(
        filename=f"media-{number + 1}{EXTENSIONS.get(kind.partition(';')[0].strip(), '')}",
        content_type=kind,
        state="remote" if url.startswith("https://") else "unavailable",
        url=url,
    )


def _consent(fields: Fields, text: str) -> Consent:
    """Twilio's own word for it where Advanced Opt-Out is on, else the customer's."""
    match fields.one("OptOutType").lower():
        case "stop":
            return "stop"
        case "start":
            return "start"
    return consent(text)


def _notes(fields: Fields, text: str, files: tuple[Attachment, ...]) -> tuple[str, ...]:
    announced = fields.one("NumMedia")
    if announced.isdecimal() and announced != "0" and announced != str(len(files)):
        return (f"Twilio announced {announced[:9]} files; {len(files)} came with the message.",)
    if not text and not files:
        return ("The message came without text and without files.",)
    return ()


def _extra(fields: Fields, sender: Party, text: str) -> dict[str, str]:
    """What has no place above, and the original of what was changed."""
    shown = {"From": sender.address, "Body": text}
    kept = {name: fields.one(name) for name, value in shown.items() if fields.one(name) != value}
    kept |= {name: ", ".join(values) for name, values in fields.items() if not PLACED.fullmatch(name)}
    return {
        clean.line(name, 100): clean.storable(value, MAX_EXTRA_VALUE)
        for name, value in list(kept.items())[:MAX_EXTRA]
        if value
    }
