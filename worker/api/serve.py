"""From an HTTP request to an operation and back. Nothing here knows what any operation does."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog
from aiohttp import web
from msgspec import Struct

from channels.errors import Refusal
from storage.database import BadRow, DatabaseError
from worker.api.keys import KeyRing
from worker.api.openapi import PATH_TYPES
from worker.api.operations import Call, Done, Operation, Services
from worker.api.problems import Refused, away, response, unknown

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
NUMBERS = frozenset({"limit"})
"""Query parameters that are numbers."""
_log = structlog.get_logger("inlet.api")


def handler_of(operation: Operation, services: Services, keys: KeyRing) -> Handler:
    """The aiohttp handler of an operation: who calls, what they ask, the answer."""

    async def handle(request: web.Request) -> web.Response:
        key = await keys.check(request.headers.get("Authorization"))
        structlog.contextvars.bind_contextvars(key=key.id)
        path = _path(request)
        query = _query(request, operation.query)
        body = await _body(request, operation)
        call = Call(services=services, key=key, path=path, query=query, body=body)
        return _answer(await operation.run(call), operation.status)

    return handle


@web.middleware
async def told(request: web.Request, handler: Handler) -> web.StreamResponse:
    """One line in the log for each call."""
    structlog.contextvars.clear_contextvars()  # the calls of one connection share a context
    begun = time.monotonic()
    answer = await _answered(request, handler)
    _log.info(
        "api_called",
        method=request.method,
        path=request.path,
        status=answer.status,
        ms=round((time.monotonic() - begun) * 1000, 1),
    )
    return answer


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every way of saying no becomes problem details."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return response(_of_http(error))
    except (Refused, Refusal, DatabaseError) as error:
        return response(_refused(error))
    except Exception:  # noqa: BLE001 - the caller learns nothing of it, the log everything
        _log.exception("api_failed", method=request.method, path=request.path)
        return response(Refused(500))


def _refused(error: Refused | Refusal | DatabaseError) -> Refused:
    if isinstance(error, Refused):
        return error
    if isinstance(error, BadRow):
        return Refused(422, "A value cannot be stored.")
    if isinstance(error, DatabaseError):
        return away()
    after = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    return Refused(error.status, error.detail, headers=after)


def _of_http(error: web.HTTPException) -> Refused:
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return Refused(error.status, headers=headers)


def _answer(result: Struct | Done, status: int) -> web.Response:
    done = result if isinstance(result, Done) else Done(body=result)
    body = msgspec.json.encode(done.body)
    return web.Response(status=status, body=body, content_type="application/json", headers=done.headers)


def _path(request: web.Request) -> dict[str, str]:
    """The path parameters. What cannot be an id or a ref is as unknown as one that is not there."""
    for name, value in request.match_info.items():
        try:
            msgspec.convert(value, PATH_TYPES[name])
        except msgspec.ValidationError:
            raise unknown("thing") from None
    return dict(request.match_info)


def _query(request: web.Request, kind: type[Struct]) -> Struct:
    if len(set(request.query)) != len(request.query):
        raise Refused(400, "A query parameter came more than once.")
    values = {name: _plain(name, text) for name, text in request.query.items()}
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise Refused(400, f"{error}") from None


def _plain(name: str, text: str) -> str | int:
    """A number where one belongs; msgspec could read it too, but then takes `null` for nothing."""
    return int(text) if name in NUMBERS and re.fullmatch("[0-9]{1,9}", text) else text


async def _body(request: web.Request, operation: Operation) -> Any:
    if operation.body is None:
        return None
    if request.content_type != "application/json":
        raise Refused(415, "The body has to be application/json.")
    data = await _read(request, operation.max_body)
    try:
        return msgspec.json.decode(data, type=operation.body)
    except msgspec.ValidationError as error:
        raise Refused(422, f"{error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused(400, "The body is not JSON.") from None


async def _read(request: web.Request, limit: int) -> bytes:
    """The body, never more of it than the limit, whatever its length is said to be."""
    parts = bytearray()
    async for part in request.content.iter_any():
        parts += part
        if len(parts) > limit:
            raise Refused(413, "The body is too large.")
    return bytes(parts)
