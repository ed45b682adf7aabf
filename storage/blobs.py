"""Originals and attachments, named by their SHA-256: the same content lies once, whoever sends it.

A blob is put before whatever points to it is appended or written, so nothing ever points to a blob that
does not exist (R20). A blob that nothing points to, because the rest failed, is used by the next try.
"""

from __future__ import annotations

import asyncio
import hashlib
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import obstore.store
from obstore.exceptions import BaseError, NotFoundError

from storage.durable import make_folder, sync_folder, write_file


class BlobError(Exception):
    """The blob store cannot do it now."""


class BlobMissingError(BlobError):
    """There is no such blob, or what lies under its name is not what was put there."""


class Blobs(ABC):
    """A store of blobs. Names are hex SHA-256 digests of the content."""

    async def put(self, content: bytes) -> str:
        """Store the content, to last, and return its name. Raises BlobError."""
        name = await asyncio.to_thread(_name_of, content)
        await self._put(name, content)
        return name

    async def get(self, name: str) -> bytes:
        """The content. Raises BlobMissingError, or BlobError where the store cannot answer now."""
        content = await self._get(name)
        if await asyncio.to_thread(_name_of, content) != name:
            raise BlobMissingError(f"The blob {name} is damaged.")
        return content

    @abstractmethod
    async def _put(self, name: str, content: bytes) -> None: ...

    @abstractmethod
    async def _get(self, name: str) -> bytes: ...


def open_blobs(url: str) -> Blobs:
    """The store at a URL: `file:///folder`, `s3://…`, `gs://…`, `az://…`. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FolderBlobs(Path(unquote(parts.path)))
    try:
        return CloudBlobs(obstore.store.from_url(url))
    except BaseError as error:
        raise ValueError(f"{parts.scheme}:// cannot be used for blobs: {error}") from error


class FolderBlobs(Blobs):
    """Blobs in a folder. obstore's own put does not wait for the disk, so this one writes itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, name: str) -> Path:
        if len(name) != 64 or not name.isalnum():
            raise BlobMissingError("That is no name of a blob.")
        return self._folder / name[:2] / name

    async def _put(self, name: str, content: bytes) -> None:
        try:
            await asyncio.to_thread(self._write, self._path(name), content)
        except OSError as error:
            raise BlobError(f"The blob cannot be written: {error.strerror}.") from error

    async def _get(self, name: str) -> bytes:
        try:
            return await asyncio.to_thread(self._path(name).read_bytes)
        except FileNotFoundError as error:
            raise BlobMissingError(f"There is no blob {name}.") from error
        except OSError as error:
            raise BlobError(f"The blob {name} cannot be read: {error.strerror}.") from error

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        make_folder(path.parent)
        if not (path.exists() and path.stat().st_size == len(content)):
            write_file(path, content)
        # Another process may have made what we found, and not have come as far as to sync it.
        sync_folder(path.parent)
        sync_folder(path.parent.parent)


class CloudBlobs(Blobs):
    """Blobs in any store that obstore knows."""

    def __init__(self, store: Any) -> None:
        self._store = store

    async def _put(self, name: str, content: bytes) -> None:
        try:
            await obstore.put_async(self._store, _key(name), content)
        except BaseError as error:
            raise BlobError(f"The blob cannot be written: {type(error).__name__}.") from error

    async def _get(self, name: str) -> bytes:
        try:
            found = await obstore.get_async(self._store, _key(name))
            return bytes(await found.bytes_async())
        except (NotFoundError, FileNotFoundError) as error:
            raise BlobMissingError(f"There is no blob {name}.") from error
        except BaseError as error:
            raise BlobError(f"The blob {name} cannot be read: {type(error).__name__}.") from error


def _name_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _key(name: str) -> str:
    return f"{name[:2]}/{name}"
