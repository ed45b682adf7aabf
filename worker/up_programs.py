"""What `inlet up` keeps running: its own programs, and whatever else can be launched and stopped."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from worker.embedded import processes
from worker.embedded.log import trim

_GRACE = 30.0
"""A part that ran this long was all right: its next death is its first."""
_LONGEST_WAIT = 15.0


class Part(Protocol):
    """A server or a program of ours."""

    name: str
    log: Path
    pid: int | None

    def launch(self) -> None: ...
    def stop(self, seconds: float) -> None: ...


class Program:
    """A process of this package. It dies with us, so that no receiver and no worker is left behind."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self.pid: int | None = None
        self._command = command
        self._env = env

    def launch(self) -> None:
        """Start it; its output goes to its log."""
        self.pid = processes.spawn(self._command, log=self.log, env=self._env, tied=True)

    def ask_to_stop(self) -> None:
        """Ask it to finish what it has begun, without waiting for it."""
        if self.pid is not None:
            processes.send(self.pid, signal.SIGTERM)

    def stop(self, seconds: float) -> None:
        """Ask it to finish; after so many seconds it is killed, which loses nothing either."""
        if self.pid is not None:
            processes.end(self.pid, [(signal.SIGTERM, seconds)])
        self.pid = None


class Keeper:
    """Starts a part again when it has died: at once the first time, later and later if it keeps dying."""

    def __init__(self, part: Part, say: Callable[[str], None]) -> None:
        self.part = part
        self.deaths = 0
        """In a row, each soon after its start."""
        self._say = say
        self._started = 0.0
        self._due: float | None = None

    def tend(self, now: float) -> None:
        """Look after the part once. `now` is in seconds of any clock that only goes on."""
        if self.part.pid is not None and processes.alive(self.part.pid):
            trim(self.part.log)
            return
        if self._due is None:
            self._due = now + self._mourn(now)
        if now >= self._due:
            self._due, self._started = None, now
            self.part.launch()

    def _mourn(self, now: float) -> float:
        """Seconds to wait before the next start."""
        if self.part.pid is None:
            return 0.0
        self.deaths = 1 if now - self._started > _GRACE else self.deaths + 1
        wait = min(2.0 ** (self.deaths - 2), _LONGEST_WAIT) if self.deaths > 1 else 0.0
        self._say(f"{self.part.name.capitalize()} died and is started again. Its log: {self.part.log}")
        return wait
