"""Starting, finding and ending processes that outlive, or must not outlive, the one that started them."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from worker.embedded.user import User

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_STEP = 0.05
_children: dict[int, subprocess.Popen[bytes]] = {}
"""What we started ourselves: the system keeps a child's entry until its starter has asked for its end."""


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path | None = None,
    user: User | None = None,
    env: Mapping[str, str] | None = None,
    tied: bool = False,
) -> int:
    """Start a program in a session of its own, which no Ctrl-C in the terminal reaches. Returns its pid.

    Its output goes to the end of `log`, or to our own. A `tied` program is killed when we die (on Linux).
    """
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) if log else None
    try:
        child = subprocess.Popen(  # noqa: S603 - programs of the wheels and of this package
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            env=env,
            start_new_session=True,
            umask=0o077,
            preexec_fn=_die_with(os.getpid()) if tied else None,  # noqa: PLW1509 - one async-safe system call
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
            cwd="/" if user else None,
        )
    finally:
        if output is not None:
            os.close(output)
    _children[child.pid] = child
    return child.pid


def _die_with(parent: int) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask


def alive(pid: int) -> bool:
    """Is the process running? One that ended and was not waited for yet is not."""
    if pid in _children:
        return _children[pid].poll() is None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _ps("stat=", pid).startswith("Z")
    return stat.rpartition(")")[2].split()[0] in ("Z", "X")


def find(programs: Sequence[str], argument: str) -> int | None:
    """The process of one of the programs that was given exactly this argument, or None."""
    found = (pid for pid, command in commands() if is_of(command, programs, argument) and alive(pid))
    return next(found, None)


def is_of(command: Sequence[str], programs: Sequence[str], argument: str) -> bool:
    """Is it the command of one of the programs with this argument? `ps` gives all of it as one text."""
    if len(command) > 1:
        return Path(command[0]).name in programs and argument in command[1:]
    names = "|".join(re.escape(name) for name in programs)
    return re.search(rf"(^|/)({names}) (.* )?{re.escape(argument)}( |$)", "".join(command)) is not None


def commands() -> list[tuple[int, list[str]]]:
    """Command lines of all processes that we may see: their words, or one text where only `ps` tells."""
    folder = Path("/proc")
    if not (folder / "self").exists():
        return _commands_of_ps()
    pids = [int(entry.name) for entry in folder.iterdir() if entry.name.isdigit()]
    return [(pid, command) for pid in pids if (command := _command(pid))]


def _command(pid: int) -> list[str]:
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return line.decode(errors="replace").rstrip("\0").split("\0") if line else []


def _commands_of_ps() -> list[tuple[int, list[str]]]:
    rows = (line.split(maxsplit=1) for line in _ps("pid=,command=").splitlines())
    return [(int(row[0]), row[1:]) for row in rows if len(row) > 1]


def _ps(columns: str, pid: int | None = None) -> str:
    which = ["-p", str(pid)] if pid else ["-ax"]
    command = ["/bin/ps", *which, "-o", columns]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - fixed words


def end(pid: int, steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send each signal in turn and wait so many seconds after each for the end; then kill the group."""
    for number, seconds in steps:
        send(pid, number)
        if gone(pid, seconds):
            return
    kill_group(pid)
    gone(pid, 1.0)


def gone(pid: int, seconds: float) -> bool:
    """Wait until the process has ended, at most so long; False where it has not."""
    deadline = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_STEP)
    return True


def kill_group(pid: int) -> None:
    """Kill a process that `spawn` started, and all that it started in its session."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        send(pid, signal.SIGKILL)


def send(pid: int, number: signal.Signals) -> None:
    """Send the signal, unless the process is gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
