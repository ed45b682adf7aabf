"""A running `inlet up` for tests: started, asked, killed and found by its data folder."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from worker.embedded import processes

PATIENCE = 90.0


@dataclass(slots=True, kw_only=True)
class Up:
    """One `inlet up` of a data folder."""

    data: Path
    port: int
    child: subprocess.Popen[str] | None = None
    out: Path = field(init=False)

    def __post_init__(self) -> None:
        self.out = self.data.with_name("up.out")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environ(self) -> dict[str, str]:
        mine = {name: value for name, value in os.environ.items() if not name.startswith("INLET_")}
        return {**mine, "INLET_DATA": str(self.data)}

    def run(self, *options: str) -> Up:
        """Start it, in a process group of its own as a shell would, and wait until it says that it runs."""
        with self.out.open("w") as out:
            self.child = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "worker.cli",
                    "up",
                    "--port",
                    str(self.port),
                    "--workers",
                    "1",
                    *options,
                ],
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
                env=self.environ,
                process_group=0,
            )
        self.wait_for(lambda: "Inlet is running" in self.said())
        return self

    def said(self) -> str:
        return self.out.read_text()

    def wait_for(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert self.child is None or self.child.poll() is None, f"it ended: {self.said()}"
            assert time.monotonic() < deadline, f"it said: {self.said()}"
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGINT, *, group: bool = False) -> int:
        """Ask it to stop; its exit code."""
        assert self.child
        (os.killpg if group else os.kill)(self.child.pid, number)
        return self.child.wait(timeout=PATIENCE)

    def kill(self) -> None:
        assert self.child
        self.child.kill()
        self.child.wait(timeout=PATIENCE)

    def inlet(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "worker.cli", *words]
        return subprocess.run(command, env=self.environ, capture_output=True, text=True, check=False)

    def parts(self) -> dict[str, int]:
        """Pids of all that runs for this data folder, by what it is."""
        found: dict[str, int] = {}
        for pid, command in processes.commands():
            name = Path(command[0]).name
            if name in ("redis-server", "valkey-server") and str(self.data) in command[-1]:
                found["Redis"] = pid
            if name == "postgres" and any(str(self.data) in word for word in command):
                found["Postgres"] = pid
            if command[-2:-1] == ["worker.cli"] and f"INLET_DATA={self.data}" in environment(pid):
                found[command[-1]] = pid
        return found

    def ask(self, path: str) -> Any:
        key = (self.data / "operator.key").read_text().strip()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
            return json.loads(connection.getresponse().read())


def environment(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []
