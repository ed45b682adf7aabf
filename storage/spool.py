"""The spool: accepted messages on the disk of this machine, while Redis cannot take them (P7).

Each process writes into a folder of its own, which it holds locked. Its files only grow; a frame counts once
the file and its folder are synced. What a dead process left behind is adopted by whoever gets its lock.

    spool/<process>/lock
    spool/<process>/<time>-<marker>.spool     frames, see `storage.frames`
    spool/damaged/                            parts of files that are no frames, for people to look at
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from storage import spool_files as files
from storage.frames import Frame, pack, scan
from storage.spool_files import Home, Segment

ROLL_AT = 8 * 1024 * 1024
"""A file that has grown so large is closed: it is read as a whole, and deleted as a whole."""
CHUNK = 200
DAMAGED = "damaged"


class SpoolError(Exception):
    """The spool cannot take the messages: it is full, or the disk does not do what it should."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What lies in the spool of this machine. `oldest`: seconds since its oldest file was begun, or 0."""

    bytes: int = 0
    files: int = 0
    oldest: float = 0.0
    damaged: int = 0
    """Parts that were set aside since somebody last emptied the folder."""


class Spool:
    """The spool of one process. Safe to be used by several tasks at a time."""

    def __init__(self, folder: Path, *, limit: int, roll_at: int = ROLL_AT) -> None:
        """`limit`: the most bytes that the whole folder may hold, other processes' share included."""
        self._folder = folder
        self._limit = limit
        self._roll_at = roll_at
        self._home: Home | None = None
        self._segment: Segment | None = None
        self._accounts: dict[str, str] = {}
        self._drained: dict[Path, int] = {}
        self._elsewhere: dict[Path, tuple[int, dict[str, str]]] = {}
        self._draining = asyncio.Lock()
        # Held in threads: a task that is cancelled leaves its thread at work.
        self._writing = threading.Lock()
        # Of its own: an append must not wait for whatever else keeps the threads of the process busy.
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")

    async def append(self, frames: Sequence[Frame]) -> None:
        """Return once all frames are synced to the disk, all of them or none. Raises SpoolError."""
        await asyncio.get_running_loop().run_in_executor(self._writer, self._write, frames)

    async def drain(self, hand_over: Callable[[Sequence[Frame]], Awaitable[None]]) -> int:
        """Hand over all that is spooled, oldest first, and delete what was taken; says how many messages.

        Takes in what dead processes of this machine left. Raises what `hand_over` raises: what it had taken
        by then is not handed over again by this process.
        """
        async with self._draining:
            adopted = await asyncio.to_thread(self._adopt)
            try:
                count = 0
                for path in await asyncio.to_thread(self._finished, adopted):
                    count += await self._drain_file(path, hand_over)
                return count
            finally:
                for home in adopted:
                    home.leave()

    async def account_of(self, message: str) -> str | None:
        """Account of a message that waits in the spool of this machine, or None."""
        return self._accounts.get(message) or await asyncio.to_thread(self._look_elsewhere, message)

    async def figures(self) -> Figures:
        """What lies in the spool. Raises SpoolError where it cannot be read."""
        with _as_spool_error():
            return await asyncio.to_thread(self._figures)

    async def trouble(self) -> str:
        """In words why the spool could not take a message now; empty where it could."""
        try:
            await asyncio.to_thread(self._probe)
        except SpoolError as error:
            return str(error)
        return ""

    async def close(self) -> None:
        """Let others adopt what is left."""
        async with self._draining:
            await asyncio.to_thread(self._leave)
        self._writer.shutdown(wait=False)

    def _write(self, frames: Sequence[Frame]) -> None:
        with self._writing, self._own_folder():
            segment = self._open_segment()
            content = b"".join(pack(one, segment.marker) for one in frames)
            self._check_room(len(content))
            segment.append(content)
            self._accounts.update((one.id, one.account) for one in frames)
            if segment.size >= self._roll_at:
                self._close_segment()

    @contextlib.contextmanager
    def _own_folder(self) -> Iterator[None]:
        """Whatever fails in our folder, it is left for a new one: what is in it now is uncertain."""
        with _as_spool_error():
            try:
                yield
            except OSError:
                self._leave_folder()
                raise

    def _check_room(self, more: int) -> None:
        if sum(size for _, size in files.sizes(self._folder)) + more > self._limit:
            raise SpoolError("The spool is full.")

    def _open_segment(self) -> Segment:
        if self._home is None:
            self._home = Home.make(self._folder)
        if self._segment is None:
            self._segment = self._home.new_segment()
        return self._segment

    def _close_segment(self) -> None:
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.close()

    def _adopt(self) -> list[Home]:
        with _as_spool_error():
            return files.adopt_all(self._folder, but=self._home)

    def _finished(self, adopted: Sequence[Home]) -> list[Path]:
        """All files that nobody writes any more, oldest first."""
        with self._writing, self._own_folder():
            self._close_segment()
            own = [self._home] if self._home else []
            found = [path for home in (*own, *adopted) for path in home.files()]
        return sorted(found, key=lambda path: path.name)

    async def _drain_file(self, path: Path, hand_over: Callable[[Sequence[Frame]], Awaitable[None]]) -> int:
        found = scan(await asyncio.to_thread(path.read_bytes), files.marker_of(path))
        start = self._drained.get(path, 0)
        for at in range(start, len(found.frames), CHUNK):
            chunk = found.frames[at : at + CHUNK]
            await hand_over(chunk)
            self._drained[path] = at + len(chunk)
            for one in chunk:
                self._accounts.pop(one.id, None)
        with _as_spool_error():
            aside = self._folder / DAMAGED
            await asyncio.to_thread(files.set_aside, path, found.damaged, aside)
            await asyncio.to_thread(files.remove, path)
        self._drained.pop(path, None)
        return len(found.frames) - start

    def _look_elsewhere(self, message: str) -> str | None:
        """Look into the files of other processes; each is read once for every time that it has grown."""
        found: dict[Path, tuple[int, dict[str, str]]] = {}
        own = self._home.path if self._home else None
        for path, size in files.sizes(self._folder):
            if path.parent == own:
                continue
            known = self._elsewhere.get(path)
            if known is None or known[0] != size:
                known = (size, _accounts_in(path))
            found[path] = known
        self._elsewhere = found
        return next((accounts[message] for _, accounts in found.values() if message in accounts), None)

    def _figures(self) -> Figures:
        found = list(files.sizes(self._folder))
        return Figures(
            bytes=sum(size for _, size in found),
            files=len(found),
            oldest=files.age([path for path, _ in found]),
            damaged=files.count(self._folder / DAMAGED),
        )

    def _probe(self) -> None:
        with self._writing, self._own_folder():
            self._check_room(1)
            if self._home is None:
                self._home = Home.make(self._folder)
            self._home.probe()

    def _leave(self) -> None:
        with self._writing:
            self._leave_folder()

    def _leave_folder(self) -> None:
        self._close_segment()
        home, self._home = self._home, None
        if home is not None:
            home.leave()


def _accounts_in(path: Path) -> dict[str, str]:
    try:
        found = scan(path.read_bytes(), files.marker_of(path))
    except OSError:
        return {}  # drained meanwhile, or another user's
    return {one.id: one.account for one in found.frames}


@contextlib.contextmanager
def _as_spool_error() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "unknown error")
        raise SpoolError(f"The spool cannot be used: {os.strerror(error.errno or 0)} ({name}).") from error
