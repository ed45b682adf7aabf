"""Waiting for a condition instead of for a time."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable


async def until(condition: Callable[[], object]) -> None:
    """Return once the condition, plain or awaitable, holds. A minute is far beyond what anything may take."""
    async with asyncio.timeout(60):
        while not await _holds(condition):  # noqa: ASYNC110 - it is often another process
            await asyncio.sleep(0.01)


async def _holds(condition: Callable[[], object]) -> bool:
    found = condition()
    return bool(await found if inspect.isawaitable(found) else found)
