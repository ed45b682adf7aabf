"""`inlet up --demo`: a tenant, two accounts, and a story told in signed deliveries of both providers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from worker.demo.accounts import DemoError, find_or_make
from worker.demo.post import Post
from worker.demo.story import tell
from worker.demo.table import show

_TROUBLE = (DemoError, aiohttp.ClientError, TimeoutError, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the demo is played: a running receiver, and its operator's key for all tenants."""

    data: Path
    url: str
    public_url: str
    """What the receiver takes itself for: signatures of Twilio cover it."""
    key: str
    environ: Mapping[str, str]


def start(stage: Stage, say: Callable[[str], None]) -> None:
    """Tell the story in the background, so that what is running is looked after meanwhile."""
    threading.Thread(target=_run, args=(stage, say), daemon=True, name="demo").start()


def _run(stage: Stage, say: Callable[[str], None]) -> None:
    try:
        asyncio.run(_demo(stage, say))
    except _TROUBLE as error:
        say(f"The demo stopped: {error or type(error).__name__}")


async def _demo(stage: Stage, say: Callable[[str], None]) -> None:
    accounts, is_new = await find_or_make(stage.data, stage.environ)
    async with Post(url=stage.url, public_url=stage.public_url, key=stage.key, accounts=accounts) as post:
        if is_new:
            say("The demo sends signed mails and text messages ...")
            await tell(post)
        else:
            say("The demo was told in an earlier run; nothing is sent again.")
        say(await show(post))
