"""`inlet up`: starts everything on this machine, and keeps it running until it is asked to stop."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from worker import demo as demonstration
from worker import settings as setting
from worker import up_words
from worker.embedded.cluster import ServerError
from worker.embedded.ports import can_listen
from worker.embedded.programs import MissingProgramError
from worker.embedded.servers import BusyFolderError, Folder, Pause
from worker.up_house import House

OK, PROBLEM = 0, 1
_TEND_SECONDS = 0.2
_TROUBLE = (BusyFolderError, MissingProgramError, ServerError)


class StopAskedError(Exception):
    """We were asked to stop while something was still starting."""


def run(
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    workers: int | None = None,
    demo: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Run until SIGINT, SIGTERM or SIGHUP. Returns the exit code: 0 stopped as asked, 1 it could not run.

    Raises SettingsError where the environment cannot be used.
    """
    environ = {**environ, "INLET_HOST": host, "INLET_PORT": str(port)}
    settings = setting.load(environ, needs=frozenset())
    count = max(1, min(2, (os.cpu_count() or 2) // 2)) if workers is None else workers
    try:
        with Folder(settings.data) as folder, _stop_signal() as stop:
            if not can_listen(host, port):
                return _fail(
                    f"{host}:{port} is in use, or not of this machine: choose another --port or --host."
                )
            house = House(replace(settings, data=folder.path), count, environ, say, _pause(stop))
            _live(house, stop, demo=demo)
    except _TROUBLE as error:
        return _fail(str(error))
    except OSError as error:
        hint = " Was the data folder made by another user?" if isinstance(error, PermissionError) else ""
        return _fail(f"{error.filename or settings.data}: {error.strerror or error}.{hint}")
    return OK


def _live(house: House, stop: threading.Event, *, demo: bool) -> None:
    try:
        house.open()
        data = house.settings.data
        is_usual = data == Path(".inlet").absolute()
        say(up_words.welcome(house.url, house.operator_key, data, is_usual=is_usual))
        if demo:
            demonstration.start(house.stage(), say)
        while not stop.wait(_TEND_SECONDS):
            house.tend(time.monotonic())
    except StopAskedError:
        pass
    finally:
        say("Stopping.")
        house.close()
        say("Stopped.")


def say(text: str) -> None:
    """A line for the operator. Nobody may be reading any more."""
    with suppress(OSError):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def _fail(text: str) -> int:
    sys.stderr.write(text + "\n")
    return PROBLEM


@contextmanager
def _stop_signal() -> Iterator[threading.Event]:
    """An event that is set when we are asked to stop; asking again changes nothing, stopping is under way."""
    event = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, lambda *_: event.set()) for number in numbers]
    try:
        yield event
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _pause(stop: threading.Event) -> Pause:
    def pause(seconds: float) -> None:
        if stop.wait(seconds):
            raise StopAskedError

    return pause
