"""What stands in the inbox: an accepted message with its original, as MessagePack under a version number."""

from __future__ import annotations

from datetime import datetime

import msgspec

from channels.contract import Account
from channels.message import InboundMessage

VERSION = 1
"""Raise it when an older worker could not read, or would misread, what a newer receiver writes."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted message. Its original is `raw` where that is small, else the blob named `raw_blob`."""

    v: int = VERSION
    id: str
    account: Account
    received_at: datetime
    message: InboundMessage
    raw: bytes | None = None
    raw_blob: str | None = None
    generation: int = 0
    """0 on a message's first way; one more for each replay as a dead letter."""
    released: bool = False
    """A person has said that it is no spam: from then on it is none, however often it is replayed."""


class NewerEnvelopeError(Exception):
    """The envelope was written by a newer version: it waits for a newer worker."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the envelope has version {version}, this program knows up to {VERSION}")
        self.version = version


class _Version(msgspec.Struct):
    v: int


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Envelope)
_version = msgspec.msgpack.Decoder(_Version)


def encode(envelope: Envelope) -> bytes:
    """The envelope as MessagePack."""
    return _encoder.encode(envelope)


def decode(data: bytes) -> Envelope:
    """The envelope back. Raises NewerEnvelopeError, or msgspec.DecodeError where it is no envelope at all."""
    version = _version.decode(data).v
    if version > VERSION:
        raise NewerEnvelopeError(version)
    return _decoder.decode(data)
