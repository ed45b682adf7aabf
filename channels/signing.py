"""Standard Webhooks 1.0: signing and verifying what our own senders and partners post.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from secrets import token_bytes

from channels.contract import Delivery, Verified
from channels.errors import NotVerified

PREFIX = "whsec_"
VERSION = "v1"
TOLERANCE = timedelta(minutes=5)
LEAST_KEY = 16
"""Bytes. The specification wants 24 to 64; what a partner cannot change is taken down to 128 bits."""


def new_secret() -> str:
    """A fresh secret of 32 random bytes.

    The one place in the pure rooms that uses chance: it makes configuration for an operator. What a delivery
    is worth never depends on it.
    """
    return PREFIX + base64.b64encode(token_bytes(32)).decode()


def check_secret(secret: str) -> None:
    """Raise ValueError, in words for the operator, where the secret is empty, short or not base64."""
    key = _key(secret)
    if key is None:
        raise ValueError(f"The secret must be {PREFIX!r} followed by standard base64.")
    if not key:
        raise ValueError("The secret is empty.")
    if len(key) < LEAST_KEY:
        raise ValueError(f"The secret is too short: it needs {LEAST_KEY} bytes at least, better 32.")


def sign(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a signed post. Raises ValueError for a bad secret or an id with a dot."""
    check_secret(secret)
    if not message_id or "." in message_id:
        raise ValueError("The id of a webhook must not be empty and must not hold a dot.")
    timestamp = str(int(at.timestamp()))
    mac = _signature(_key(secret) or b"", message_id, timestamp, body)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"{VERSION},{mac.decode()}",
    }


def verify(
    delivery: Delivery, secrets: Sequence[str], now: datetime, *, prefix: str = "webhook-"
) -> Verified:
    """Which of the secrets signed the delivery; the nonce is its webhook id. Raises NotVerified.

    A secret that is empty or no base64 never verifies anything (R36). `prefix` is for senders that use the
    scheme under other header names, such as `svix-`.
    """
    message_id = _present(delivery, f"{prefix}id")
    timestamp = _present(delivery, f"{prefix}timestamp")
    given = tuple(_given(_present(delivery, f"{prefix}signature")))
    if "." in message_id:
        raise NotVerified("The webhook id holds a dot.")
    _check_time(timestamp, now)
    for index, secret in enumerate(secrets):
        if (key := _key(secret)) and _matches(_signature(key, message_id, timestamp, delivery.body), given):
            return Verified(secret=index, nonce=message_id)
    raise NotVerified("No signature matches.")


def _present(delivery: Delivery, name: str) -> str:
    value = delivery.header(name)
    if not value:
        raise NotVerified(f"The header {name} is missing.")
    return value


def _check_time(timestamp: str, now: datetime) -> None:
    # int() alone would also take signs, spaces, underscores and the digits of other scripts.
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 15):
        raise NotVerified("The timestamp is not a whole number of seconds.")
    if abs(int(timestamp) - now.timestamp()) > TOLERANCE.total_seconds():
        raise NotVerified("The timestamp is too far from now.")


def _given(header: str) -> Iterator[bytes]:
    """The signatures of our version in the header's list; other versions are skipped."""
    for item in header.split(" "):
        version, _, value = item.partition(",")
        if version == VERSION and value:
            yield _octets(value)


def _matches(expected: bytes, given: Sequence[bytes]) -> bool:
    # A list, not a generator: how long it takes must not tell which one matched.
    return any([hmac.compare_digest(expected, value) for value in given])  # noqa: C419 - see above


def _signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> bytes:
    signed = b".".join((_octets(message_id), timestamp.encode(), body))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())


def _key(secret: str) -> bytes | None:
    """The bytes of a secret, with or without prefix and padding; None where it is no base64."""
    text = secret.strip().removeprefix(PREFIX).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
