"""How the operator API says no: problem details (RFC 9457), which never show a computed value."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from aiohttp import web

from worker.shapes import Problem

MEDIA_TYPE = "application/problem+json"


class Refused(Exception):  # noqa: N818 - an answer, not a fault of ours
    """The call is answered with a problem."""

    def __init__(self, status: int, detail: str = "", *, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}


def unknown(what: str) -> Refused:
    """There is no such thing, or the key may not see it: the answer is the same (P4)."""
    return Refused(404, f"There is no such {what}, or the key may not see it.")


def away(detail: str = "The database cannot be reached. Try again later.") -> Refused:
    """We cannot answer now."""
    return Refused(503, detail, headers={"Retry-After": "5"})


def response(refused: Refused) -> web.Response:
    """The problem as an HTTP answer."""
    problem = Problem(title=HTTPStatus(refused.status).phrase, status=refused.status, detail=refused.detail)
    return web.Response(
        status=refused.status,
        body=msgspec.json.encode(problem),
        content_type=MEDIA_TYPE,
        headers=refused.headers,
    )
