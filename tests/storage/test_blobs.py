"""Blobs by content: there once, there for good, and never under a wrong name."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from storage.blobs import BlobError, BlobMissingError, Blobs, CloudBlobs, FolderBlobs, open_blobs

CONTENT = bytes(range(256)) * 1000
NAME = hashlib.sha256(CONTENT).hexdigest()


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(params=["folder", "bucket"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    return open_blobs((tmp_path / "blobs with space").as_uri() if request.param == "folder" else "memory:///")


async def test_what_was_put_is_got_by_its_digest(blobs: Blobs) -> None:
    """R20: the blob is there before anything points to it."""
    assert await blobs.put(CONTENT) == NAME
    assert await blobs.put(CONTENT) == NAME
    assert await blobs.get(NAME) == CONTENT
    assert await blobs.get(await blobs.put(b"")) == b""


async def test_a_blob_that_was_never_put_is_missing(blobs: Blobs) -> None:
    with pytest.raises(BlobMissingError):
        await blobs.get(NAME)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 63, "/" * 64])
async def test_only_digests_are_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(BlobMissingError):
        await FolderBlobs(tmp_path).get(name)


async def test_the_same_content_lies_once(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    await blobs.put(CONTENT)
    before = (tmp_path / NAME[:2] / NAME).stat().st_ino
    await blobs.put(CONTENT)

    assert (tmp_path / NAME[:2] / NAME).stat().st_ino == before
    assert [p.name for p in (tmp_path / NAME[:2]).iterdir()] == [NAME]


async def test_a_damaged_blob_is_never_handed_out_and_is_put_again(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    await blobs.put(CONTENT)
    (tmp_path / NAME[:2] / NAME).write_bytes(CONTENT[:-1])

    with pytest.raises(BlobMissingError):
        await blobs.get(NAME)
    await blobs.put(CONTENT)
    assert await blobs.get(NAME) == CONTENT


async def test_content_and_name_are_synced_before_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R8: obstore's own put does not sync; ours does, the file before its name."""
    synced: list[str] = []
    real = os.fsync

    def spy(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", spy)
    await FolderBlobs(tmp_path).put(CONTENT)

    content = next(n for n, path in enumerate(synced) if Path(path).name.startswith(f".{NAME}"))
    assert str(tmp_path / NAME[:2]) in synced[content + 1 :]
    assert str(tmp_path) in synced


async def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(BlobError, match="No space"):
        await FolderBlobs(tmp_path).put(CONTENT)
    assert files_in(tmp_path) == []


def test_a_url_that_cannot_be_used_is_said_at_once() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        open_blobs("nonsense://bucket")
    assert isinstance(open_blobs("s3://bucket/prefix?region=eu-west-1"), CloudBlobs)
