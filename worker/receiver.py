"""The receiver's HTTP side: `/webhooks/…` and what tells how the receiver is.

`build_app` is given all its parts, so that a test builds it as a process does.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from aiohttp import web

from channels.contract import Channel
from channels.errors import NotFound, Refusal, Unavailable
from storage.blobs import Blobs
from storage.ids import new_id
from worker.admission import Memory
from worker.door import Accounts, DirectoryBook, Door, Durable, Receipt
from worker.exchange import answered, problem, read_delivery, refused
from worker.metrics import Metrics
from worker.status import Status, add_status_routes

WEBHOOK = "/webhooks/{provider}/{account}"
RETRY_AFTER = 30
UNKNOWN = "unknown"
"""Stands in metrics for whatever provider a stranger makes up."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = structlog.get_logger("inlet.receiver")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a receiver is made of."""

    channels: Mapping[str, Channel]
    accounts: Accounts
    directories: DirectoryBook
    durable: Durable
    blobs: Blobs
    metrics: Metrics
    status: Status
    public_url: str = ""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    new_id: Callable[[], str] = new_id
    memory: Memory = field(default_factory=Memory)


def build_app(parts: Parts) -> web.Application:
    """The application. It opens and closes none of its parts."""
    app = web.Application(middlewares=[_problems])
    app.on_response_prepare.append(_hide_versions)
    app.router.add_route("*", WEBHOOK, Webhooks(parts).handle)
    add_status_routes(app, parts.status)
    return app


class Webhooks:
    """Answers `/webhooks/{provider}/{account}`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._door = Door(
            directories=parts.directories,
            durable=parts.durable,
            blobs=parts.blobs,
            metrics=parts.metrics,
            now=parts.now,
            new_id=parts.new_id,
        )

    async def handle(self, request: web.Request) -> web.Response:
        """One delivery: 2xx only once it is durable, and a reason for everything else."""
        begun = time.monotonic()
        provider = request.match_info["provider"]
        provider = provider if provider in self._parts.channels else UNKNOWN
        try:
            return await self._answer(request)
        except Refusal as refusal:
            return self._refuse(request, provider, refusal, begun)
        except Exception:  # noqa: BLE001 - a fault of ours: the provider shall come again
            _log.exception("delivery_failed", provider=provider, account=request.match_info["account"])
            return self._refuse(request, provider, Unavailable(retry_after=RETRY_AFTER), begun)
        finally:
            self._parts.metrics.answered(provider, time.monotonic() - begun)

    async def _answer(self, request: web.Request) -> web.Response:
        provider, account = request.match_info["provider"], request.match_info["account"]
        channel = self._parts.channels.get(provider)
        if channel is None:
            raise NotFound
        known = await self._parts.accounts.get(provider, account)
        if request.method not in channel.methods:
            return _greet(request.method, channel)
        with self._parts.memory.hold() as hold:
            delivery = await read_delivery(request, channel, known.account, self._parts.public_url, hold)
            receipt = await self._door.receive(channel, known, delivery)
        self._note(provider, account, receipt)
        return answered(receipt.answer, receipt.ids)

    def _note(self, provider: str, account: str, receipt: Receipt) -> None:
        self._parts.metrics.accepted(provider, len(receipt.ids))
        if receipt.flagged:
            _log.warning("accepted_unverified", provider=provider, account=account, messages=receipt.ids)

    def _refuse(self, request: web.Request, provider: str, refusal: Refusal, begun: float) -> web.Response:
        self._parts.metrics.refused(provider, refusal.reason)
        _log.warning(
            "refused",
            provider=provider,
            account=request.match_info["account"],
            status=refusal.status,
            reason=refusal.reason,
            detail=refusal.detail,
            remote=request.remote,
            ms=round((time.monotonic() - begun) * 1000, 1),
        )
        return refused(refusal)


def _greet(method: str, channel: Channel) -> web.Response:
    """What asks only whether we are there is told so; what no provider would send is not."""
    allowed = {"Allow": ", ".join(sorted({*channel.methods, "HEAD", "OPTIONS"})), "Inlet-Messages": ""}
    if method == "HEAD":
        return web.Response(headers=allowed)
    if method == "OPTIONS":
        return web.Response(status=204, headers=allowed)
    return problem(405, "This webhook is not called by that method.", {"Allow": allowed["Allow"]})


async def _hide_versions(_: web.Request, response: web.StreamResponse) -> None:
    """Nobody has to know what this runs on."""
    response.headers["Server"] = "inlet"


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What the router itself says is said as problem details too."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return problem(error.status, f"{error.reason}.", headers)
