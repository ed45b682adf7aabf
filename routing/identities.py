"""Which identity an address is: the same person by mail, SMS or WhatsApp is found by the same one (R3)."""

from __future__ import annotations

import re

from channels.message import InboundMessage
from routing.addresses import normal
from routing.facts import Identity

_EMAIL = re.compile(r"[^\s@:<>]+@[^\s@:<>]+")
_PHONE = re.compile(r"\+[1-9][0-9]{5,14}")


def identity_of(provider: str, address: str) -> Identity | None:
    """The identity of an address: `email`, `phone` (E.164), or the provider's user id. None for none."""
    address = address.strip()
    if not address:
        return None
    if _EMAIL.fullmatch(address):
        return Identity(kind="email", value=normal(address))
    if _PHONE.fullmatch(address):
        return Identity(kind="phone", value=address)
    return Identity(kind=provider, value=address)


def sender_identity(message: InboundMessage) -> Identity | None:
    """The identity of a message's sender; one that was only typed in is a claim."""
    known = identity_of(message.provider, message.sender.address)
    if known is None or not message.sender_claimed:
        return known
    return Identity(kind=f"claim:{known.kind}", value=known.value)
