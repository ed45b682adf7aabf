"""The operator API under `/api/`, served by every receiver."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import msgspec
from aiohttp import web

from storage.write import code_version
from worker.api.explain import DryRun
from worker.api.keys import KeyRing
from worker.api.openapi import document
from worker.api.operations import Operation, Services
from worker.api.serve import Handler, handler_of, told
from worker.api.table import operations
from worker.reading import Reader

PREFIX = "/api"
READ_MEMORY = 1 << 30
"""Bytes of address space that reading a mail may take in a dry run."""

__all__ = ["Services", "add_routes", "openapi"]


def add_routes(app: web.Application, services: Services) -> None:
    """Add the API to a receiver. What it starts ends with the application."""
    reader = Reader(seconds=services.read_seconds, memory=READ_MEMORY)
    keys = KeyRing(services.pool)
    rows = operations(DryRun(reader))
    api = web.Application(middlewares=[told])
    for row in rows:
        api.router.add_route(row.method, row.path.removeprefix(PREFIX), handler_of(row, services, keys))
    api.router.add_get("/openapi.json", _described(rows))
    api.cleanup_ctx.append(_closing(reader))
    app.add_subapp(PREFIX, api)


def openapi(rows: tuple[Operation, ...]) -> bytes:
    """The OpenAPI document."""
    return msgspec.json.format(msgspec.json.encode(document(rows, version=code_version(), server="/")))


def _described(rows: tuple[Operation, ...]) -> Handler:
    body = openapi(rows)

    async def describe(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    return describe


def _closing(reader: Reader) -> Callable[[web.Application], AsyncIterator[None]]:
    async def closing(_: web.Application) -> AsyncIterator[None]:
        yield
        await reader.close()

    return closing
