"""Between aiohttp and the channels: from a request to a Delivery, from an Answer or Refusal to a response."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

import msgspec
from aiohttp import ClientError, web

from channels.contract import Account, Answer, Channel, Delivery
from channels.errors import Malformed, Refusal, TooLarge, WrongType
from worker.admission import Hold
from worker.shapes import Problem

IDS = "Inlet-Messages"
PROBLEM = "application/problem+json"
BODY_SECONDS = 60.0
"""How long a body may take to come."""


async def read_delivery(
    request: web.Request, channel: Channel, account: Account, base: str, hold: Hold
) -> Delivery:
    """The request, its body read once, never more of it than the channel's limit. Raises Refusal."""
    _check_type(request, channel)
    return Delivery(
        method=request.method,
        url=public_url(request, account, base),
        headers=_headers(request),
        body=await _read(request, channel.max_body, hold),
    )


def public_url(request: web.Request, account: Account, base: str) -> str:
    """The URL as the provider called it: signatures cover it, and a proxy may have changed it (R17).

    An account's setting `url` is either the whole URL of its webhook or an address to be put in front, and so
    is `base`, for all accounts. The query is always the request's own, to the letter.
    """
    target = request.raw_path if request.raw_path.startswith("/") else "/" + _after_host(request.raw_path)
    path, mark, query = target.partition("?")
    own = account.settings.get("url", "")
    if own and urlsplit(own).path.strip("/"):
        return own.partition("?")[0] + mark + query
    return f"{(own or base or _own(request)).rstrip('/')}{path}{mark}{query}"


def answered(answer: Answer, ids: Sequence[str]) -> web.Response:
    """The provider's own form, with the ids of the messages beside it."""
    headers = {IDS: ", ".join(ids)} if 200 <= answer.status < 300 else {}
    if answer.content_type:
        headers["Content-Type"] = answer.content_type
    return web.Response(status=answer.status, body=answer.body, headers=headers)


def refused(refusal: Refusal) -> web.Response:
    """Problem details (RFC 9457). A refusal's words never hold a computed value (P8)."""
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else {}
    return problem(refusal.status, refusal.detail or f"{refusal.title()}.", headers)


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> web.Response:
    """Problem details of any status."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return web.Response(
        status=status, body=msgspec.json.encode(body), headers={**(headers or {}), "Content-Type": PROBLEM}
    )


def _check_type(request: web.Request, channel: Channel) -> None:
    # What was packed would have to be unpacked before it is verified; no provider does that.
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise WrongType("The body must not be compressed.")
    given = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if request.body_exists and channel.content_types and given not in channel.content_types:
        raise WrongType(f"The body must be {' or '.join(sorted(channel.content_types))}.")


def _headers(request: web.Request) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.decode("ascii", "replace").lower(), value.decode("utf-8", "replace"))
        for name, value in request.raw_headers
    )


async def _read(request: web.Request, limit: int, hold: Hold) -> bytes:
    if request.content_length is not None and request.content_length > limit:
        raise TooLarge
    try:
        if request.content.is_eof():  # most bodies came together with their head
            return _within(request.content.read_nowait(), limit, hold)
        async with asyncio.timeout(BODY_SECONDS):
            return await _read_slowly(request, limit, hold)
    except TimeoutError as error:
        raise Malformed("The body did not come in time.") from error
    except (ClientError, ConnectionError, ValueError) as error:
        raise Malformed("The body ended before it was complete.") from error


async def _read_slowly(request: web.Request, limit: int, hold: Hold) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += _within(chunk, limit - len(body), hold)
    return bytes(body)


def _within(chunk: bytes, limit: int, hold: Hold) -> bytes:
    """The bytes, now held, if there are no more of them."""
    if len(chunk) > limit:
        raise TooLarge
    hold.take(len(chunk))
    return chunk


def _own(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"


def _after_host(target: str) -> str:
    """The path of a request that named its whole URL, as proxies may."""
    return target.partition("://")[2].partition("/")[2]
