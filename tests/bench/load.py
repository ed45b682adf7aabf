"""Load for the benchmarks: signed requests made beforehand, sent over plain sockets: a cheap client."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus, urlsplit

TEXT = "Hello, my order %d has not arrived yet. Could you please have a look? Thank you, Ada"


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """What a run of requests took: answers per second, and percentiles of the answer in milliseconds."""

    count: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.count / self.seconds


def sms(number: int, senders: int) -> list[tuple[str, str]]:
    """Fields of one SMS, by one of so many senders."""
    return [
        ("AccountSid", "AC" + "0" * 32),
        ("Body", TEXT % number),
        ("From", f"+1500555{number % senders:04d}"),
        ("MessageSid", f"SM{number:032x}"),
        ("NumMedia", "0"),
        ("SmsStatus", "received"),
        ("To", "+15005550199"),
    ]


def signed_sms(url: str, token: str, number: int, senders: int) -> bytes:
    """One whole HTTP request with an SMS, signed as Twilio signs."""
    fields = sms(number, senders)
    signed = url + "".join(name + value for name, value in sorted(fields))
    signature = base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    body = "&".join(f"{name}={quote_plus(value)}" for name, value in fields).encode()
    where = urlsplit(url)
    head = (
        f"POST {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nX-Twilio-Signature: {signature}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def send(url: str, requests: Sequence[bytes], connections: int) -> Burst:
    """Send all requests over so many connections, each its next one as soon as the last was accepted."""
    where = urlsplit(url)
    waiting = iter(requests)
    took: list[float] = []

    async def one() -> None:
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        for request in waiting:
            start = time.perf_counter()
            writer.write(request)
            await answered(reader)
            took.append(time.perf_counter() - start)
        writer.close()
        await writer.wait_closed()

    start = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    seconds = time.perf_counter() - start
    took.sort()
    middle, last = took[len(took) // 2], took[min(len(took) - 1, int(len(took) * 0.99))]
    return Burst(count=len(took), seconds=seconds, p50=middle * 1000, p99=last * 1000)


async def answered(reader: asyncio.StreamReader) -> None:
    """Read one answer; raise ValueError where it is no success."""
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 2"):
        raise ValueError(head.split(b"\r\n", 1)[0].decode())
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            await reader.readexactly(int(line.split(b":", 1)[1]))
