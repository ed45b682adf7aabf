"""Logs: one JSON line on standard output for each unit of work, of our own code and of the libraries.

`configure` is called once by each process. All else asks structlog for a logger and binds what it knows.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import msgspec
import structlog

from worker.redaction import redact

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_encoder = msgspec.json.Encoder(enc_hook=repr)


class _Forward(logging.Handler):
    """Lets what libraries log come out as our lines do."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger(record.name)
        logger.log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def configure(level: str = "info", style: str = "json") -> None:
    """Set up the logs of this process. `style`: `json` for machines, `console` for people."""
    structlog.configure(
        processors=processors(style),
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )
    # Libraries tell of their own working at `info`; what they warn of concerns us.
    logging.basicConfig(handlers=[_Forward()], level=max(LEVELS[level], logging.WARNING), force=True)


def processors(style: str) -> list[Any]:
    """The steps that an event goes through. Redaction comes after everything that adds text."""
    steps: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
        redact_event,
    ]
    if style == "console":
        return [*steps, structlog.dev.ConsoleRenderer(timestamp_key="at", colors=sys.stdout.isatty())]
    return [*steps, _one_line]


def redact_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take out of an event what no log may hold."""
    cleaned: dict[str, Any] = redact(event)
    return cleaned


def _one_line(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    return _encoder.encode(event).decode()
