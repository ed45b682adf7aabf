"""A durable Redis of a test's own: to be stopped, killed and started again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from worker.embedded.servers import Server, Wishes, build, start, stop


class OwnRedis:
    """A running server. It keeps its port and its data over a kill."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.url = server.url

    def stall(self) -> None:
        """It goes on listening, and answers nothing."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        pid = self._server.pid
        self._signal(signal.SIGKILL)
        if pid is not None:
            self._server.stop(0.0)

    def start(self) -> None:
        self._server.launch()
        start(self._server, lambda _: None)

    def _signal(self, number: signal.Signals) -> None:
        assert self._server.pid is not None
        os.kill(self._server.pid, number)


@contextmanager
def own_redis(folder: Path) -> Iterator[OwnRedis]:
    """Run one in the folder."""
    folder.mkdir(parents=True)
    servers = build(folder, Wishes(postgres=False, tied=True), lambda _: None)
    try:
        start(servers[0], lambda _: None)
        redis = OwnRedis(servers[0])
        yield redis
    finally:
        if servers[0].pid is not None:
            os.kill(servers[0].pid, signal.SIGCONT)
        stop(servers, 5.0)
