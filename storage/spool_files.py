"""Folders and files of the spool: who owns which, and what has to be synced for them to last."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from storage.durable import make_folder, sync_folder, write_all
from storage.frames import MARKER_BYTES

SUFFIX = ".spool"
_LOCK = "lock"
_UNFINISHED = "."
"""Begins the name of a folder that is being made."""


class Segment:
    """A file that grows frame by frame."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.marker = marker_of(path)
        self.size = 0
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        sync_folder(path.parent)

    def append(self, content: bytes) -> None:
        """Return once the content is on the disk. Raises OSError; what was written is cut off again then."""
        try:
            write_all(self._file, content)
            os.fsync(self._file)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self.size)
            raise
        self.size += len(content)

    def close(self) -> None:
        """Write no more."""
        os.close(self._file)


class Home:
    """The folder of one process, locked as long as this is held."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def make(cls, parent: Path) -> Home:
        """A new folder. It gets its name when it is locked already, so that nobody adopts it in between."""
        make_folder(parent)
        name = uuid.uuid4().hex
        unfinished, path = parent / f"{_UNFINISHED}{name}", parent / name
        unfinished.mkdir(mode=0o700)
        lock = os.open(unfinished / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unfinished.rename(path)
        sync_folder(parent)
        return cls(path, lock)

    @classmethod
    def adopt(cls, path: Path) -> Home | None:
        """The folder, if nobody holds it."""
        try:
            lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return None  # gone meanwhile, or not ours to touch
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(lock).st_ino == (path / _LOCK).stat().st_ino:
                return cls(path, lock)
        os.close(lock)
        return None

    def new_segment(self) -> Segment:
        """A new file. Names sort by the time when they were made."""
        return Segment(self.path / f"{time.time_ns():020d}-{secrets.token_hex(MARKER_BYTES)}{SUFFIX}")

    def files(self) -> list[Path]:
        """Its files, oldest first."""
        return sorted(path for path in self.path.iterdir() if is_segment(path))

    def probe(self) -> None:
        """Raise OSError if nothing can be written here."""
        path = self.path / "probe"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            write_all(file, b"?")
            os.fsync(file)
        finally:
            os.close(file)
            path.unlink(missing_ok=True)

    def leave(self) -> None:
        """Let go of the folder, and remove it where nothing is left in it."""
        with contextlib.suppress(OSError):
            if not self.files():
                (self.path / _LOCK).unlink()
                self.path.rmdir()
        os.close(self._lock)


def adopt_all(parent: Path, *, but: Home | None) -> list[Home]:
    """The folders that nobody holds and that hold files, oldest content first."""
    found = [Home.adopt(path) for path in _folders(parent) if but is None or path != but.path]
    homes = [home for home in found if home is not None]
    return sorted(homes, key=lambda home: [path.name for path in home.files()][:1])


def sizes(parent: Path) -> Iterator[tuple[Path, int]]:
    """All files of the spool with their sizes, whoever writes them."""
    for folder in _folders(parent):
        with contextlib.suppress(OSError):  # drained meanwhile, or another user's
            for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
                if is_segment(Path(entry.name)):
                    yield Path(entry.path), entry.stat().st_size


def age(paths: Iterable[Path]) -> float:
    """Seconds since the oldest of the files was begun; 0 where there is none."""
    begun = [int(path.name.partition("-")[0]) for path in paths]
    return max(0.0, (time.time_ns() - min(begun)) / 1e9) if begun else 0.0


def set_aside(path: Path, damaged: Sequence[tuple[int, bytes]], folder: Path) -> None:
    """Keep the damaged parts of a file in a folder, synced. Raises OSError."""
    if damaged:
        make_folder(folder)
    for at, content in damaged:
        file = os.open(folder / f"{path.stem}-{at}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            write_all(file, content)
            os.fsync(file)
        finally:
            os.close(file)
    if damaged:
        sync_folder(folder)


def remove(path: Path) -> None:
    """Delete a file for good. Raises OSError."""
    path.unlink()
    sync_folder(path.parent)


def count(folder: Path) -> int:
    """How many files a folder holds; 0 where it does not exist."""
    return sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0


def marker_of(path: Path) -> bytes:
    """The marker of a file stands in its name, where damage to the content does not reach it."""
    return bytes.fromhex(path.stem.rpartition("-")[2])


def is_segment(path: Path) -> bool:
    """Whether a file is one of ours, by its name."""
    begun, _, marker = path.stem.partition("-")
    return path.suffix == SUFFIX and begun.isdecimal() and len(marker) == 2 * MARKER_BYTES


def _folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    names = [entry.name for entry in os.scandir(parent) if entry.is_dir(follow_symlinks=False)]
    return [parent / name for name in sorted(names) if _is_home(name)]


def _is_home(name: str) -> bool:
    return len(name) == 32 and all(digit in "0123456789abcdef" for digit in name)
