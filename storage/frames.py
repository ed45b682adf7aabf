"""An accepted message on its way to the inbox, and the form in which a spool file holds a row of them.

A frame in a file is a marker, the length and the CRC-32 of what follows, and the frame as MessagePack.
The marker belongs to the file and is made by chance: where a file is damaged, reading goes on at the next
marker, and nothing that a stranger wrote into a message can pose as a frame of its own.
"""

from __future__ import annotations

import struct
import zlib

import msgspec

from storage.envelope import Envelope, encode

MARKER_BYTES = 8
_HEAD = struct.Struct(f">{MARKER_BYTES}sII")


class Frame(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An encoded envelope, with what the inbox has to know of it. `data` may be of a newer version."""

    id: str
    """The message."""
    account: str
    data: bytes
    counted: bool = True
    """Whether it counts as accepted. A replay was accepted once already (P10)."""


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """What a spool file holds. `damaged`: the parts that are no frames, with their offsets."""

    frames: tuple[Frame, ...]
    damaged: tuple[tuple[int, bytes], ...] = ()
    torn: int = 0
    """Bytes of an unfinished frame at the end: its append was never acknowledged."""


_decoder = msgspec.msgpack.Decoder(Frame)


def frame(envelope: Envelope) -> Frame:
    """The frame of an envelope."""
    first = envelope.generation == 0
    return Frame(id=envelope.id, account=envelope.account.id, data=encode(envelope), counted=first)


def pack(one: Frame, marker: bytes) -> bytes:
    """The frame as it stands in a spool file with this marker."""
    body = msgspec.msgpack.encode(one)
    return _HEAD.pack(marker, len(body), zlib.crc32(body)) + body


def scan(content: bytes, marker: bytes) -> Scan:
    """Read a spool file. Never raises, whatever the content."""
    frames: list[Frame] = []
    damaged: list[tuple[int, bytes]] = []
    at = 0
    while at < len(content):
        found = _frame_at(content, at, marker)
        if found is not None:
            frames.append(found[0])
            at = found[1]
            continue
        following = content.find(marker, at + 1)
        if following < 0 and _is_torn(content, at, marker):
            return Scan(frames=tuple(frames), damaged=tuple(damaged), torn=len(content) - at)
        end = following if following >= 0 else len(content)
        damaged.append((at, content[at:end]))
        at = end
    return Scan(frames=tuple(frames), damaged=tuple(damaged))


def _frame_at(content: bytes, at: int, marker: bytes) -> tuple[Frame, int] | None:
    """The whole frame that begins here and where it ends, or None."""
    if len(content) - at < _HEAD.size:
        return None
    found, length, crc = _HEAD.unpack_from(content, at)
    body = content[at + _HEAD.size : at + _HEAD.size + length]
    if found != marker or len(body) != length or zlib.crc32(body) != crc:
        return None
    try:
        return _decoder.decode(body), at + _HEAD.size + length
    except msgspec.DecodeError:
        return None


def _is_torn(content: bytes, at: int, marker: bytes) -> bool:
    """Whether what is left is the beginning of a frame that was never finished."""
    rest = content[at:]
    if len(rest) < _HEAD.size:
        return rest.startswith(marker) or marker.startswith(rest)
    found, length, _ = _HEAD.unpack_from(rest)
    return bool(found == marker and length > len(rest) - _HEAD.size)
