"""Small files that only their owner may read, written so that a crash leaves the old one or the new one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Replace the file at once and durably; mode 0600."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def read_or_make(path: Path, make: Callable[[], str]) -> str:
    """The text of the file without its line end; made once where there is none."""
    if not path.exists():
        write_private(path, make() + "\n")
    return read_private(path)


def read_private(path: Path) -> str:
    """The text of the file without its line end; empty where there is none."""
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


def sync_folder(folder: Path) -> None:
    """Make the names in the folder durable: without it, a renamed file can be gone after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
