"""Reply tokens: `t_<token>@any.domain`. Whoever holds one may write to its ticket, so no log may show one."""

from __future__ import annotations

import base64
import re

from channels.message import InboundMessage
from routing.addresses import all_recipients, split, undone

BYTES = 20
"""160 bits of chance, 32 characters: over the 128 bits promised, and far under the 64 of a local part."""

# What follows a plus is a relay's or a client's own mark, and no part of the token.
_LOCAL = re.compile(r"t_(?P<token>[a-z2-7]{26,52})(?:\+.*)?")
_ANYWHERE = re.compile(r"(?<![a-z0-9])t_[a-z2-7]{16,64}", re.IGNORECASE)


def token_from(chance: bytes) -> str:
    """The token that so much chance makes: lower-case base32, since mail systems fold case."""
    return base64.b32encode(chance).decode("ascii").rstrip("=").lower()


def reply_address(token: str, domain: str) -> str:
    """The address that threads onto the token's ticket."""
    return f"t_{token}@{domain}"


def parse(address: str) -> str | None:
    """The token that an address holds, or None."""
    if "t_" not in address and "T_" not in address:
        return None
    known = _LOCAL.fullmatch(split(undone(address.lower()))[0])
    return known["token"] if known else None


def addressed_tokens(message: InboundMessage) -> tuple[tuple[str, str], ...]:
    """(token, domain that it was written to) of every recipient field, the envelope's first (R10)."""
    found = ((parse(address), split(address)[1]) for address in all_recipients(message))
    return tuple((token, domain) for token, domain in found if token is not None)


def token_candidates(message: InboundMessage) -> tuple[str, ...]:
    """What has to be looked up before the tenant of a message is decided. Each once."""
    return tuple(dict.fromkeys(token for token, _ in addressed_tokens(message)))


def redact(text: str) -> str:
    """The text with every reply token blanked."""
    return _ANYWHERE.sub("t_…", text)
