"""The spool on a real disk: what it acknowledged is handed over, whatever happened in between (P7)."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.frames import Frame, frame, pack, scan
from storage.spool import Spool, SpoolError
from tests.storage.factories import envelopes

ROOMY = 64 * 1024 * 1024
MARKER = b"\x00\x01\x02\x03\x04\x05\x06\x07"


def frames(count: int) -> list[Frame]:
    return [frame(one) for one in envelopes(count)]


class Taker:
    """Takes what is handed over, until it is told to fail."""

    def __init__(self, *, fail_after: int = 10**9) -> None:
        self.taken: list[Frame] = []
        self.fail_after = fail_after

    async def __call__(self, found: Sequence[Frame]) -> None:
        if len(self.taken) + len(found) > self.fail_after:
            raise ConnectionError("away")
        self.taken += found


PROGRAM = """
import asyncio, os, sys, signal
from pathlib import Path
from storage.spool import Spool
from tests.storage.test_spool import frames

sent = frames(5)
asyncio.run(Spool(Path(sys.argv[1]), limit=10**8).append(sent))
print(*[one.id for one in sent], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def spool_and_die(folder: Path) -> list[str]:
    """Ids of the messages that a process spooled before it was killed."""
    killed = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)], capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    return killed.stdout.split()


def spool_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*.spool"))


async def test_what_was_spooled_is_handed_over_once_and_deleted(tmp_path: Path) -> None:
    spool, taker, sent = Spool(tmp_path / "s", limit=ROOMY), Taker(), frames(7)
    await spool.append(sent[:3])
    await spool.append(sent[3:])

    assert await spool.drain(taker) == 7
    assert await spool.drain(taker) == 0
    assert taker.taken == sent
    assert (await spool.figures()).bytes == 0


async def test_a_killed_process_leaves_its_messages_to_the_next(tmp_path: Path) -> None:
    """P1 and P7: SIGKILL right after the acknowledgement; another process adopts the folder."""
    folder = tmp_path / "s"
    acknowledged = spool_and_die(folder)

    spool, taker = Spool(folder, limit=ROOMY), Taker()
    assert await spool.account_of(acknowledged[0])
    assert await spool.drain(taker) == 5
    assert [one.id for one in taker.taken] == acknowledged
    assert list(folder.iterdir()) == []


async def test_two_processes_do_not_take_each_others_files(tmp_path: Path) -> None:
    """A folder that its process still holds is left alone."""
    ours, theirs, taker = Spool(tmp_path, limit=ROOMY), Spool(tmp_path, limit=ROOMY), Taker()
    mine, others = frames(2), frames(3)
    await ours.append(mine)
    await theirs.append(others)

    assert await ours.drain(taker) == 2
    await theirs.close()
    assert await ours.drain(taker) == 3
    assert taker.taken == mine + others


async def test_a_drain_that_fails_half_way_goes_on_where_it_stopped(tmp_path: Path) -> None:
    spool, sent = Spool(tmp_path, limit=ROOMY), frames(500)
    await spool.append(sent)
    taker = Taker(fail_after=250)
    with pytest.raises(ConnectionError):
        await spool.drain(taker)
    assert not await spool.account_of(sent[0].id)
    assert await spool.account_of(sent[-1].id)

    taker.fail_after = 10**9
    await spool.drain(taker)

    assert taker.taken == sent


async def test_messages_spooled_during_a_drain_are_not_lost(tmp_path: Path) -> None:
    spool, early, late = Spool(tmp_path, limit=ROOMY), frames(2), frames(2)
    await spool.append(early)
    taken: list[Frame] = []

    async def take(found: Sequence[Frame]) -> None:
        if not taken:
            await spool.append(late)
        taken.extend(found)

    await spool.drain(take)
    await spool.drain(take)

    assert taken == early + late


async def test_a_full_spool_takes_nothing_and_keeps_what_it_has(tmp_path: Path) -> None:
    """P7: the spool is bounded; the bound counts every process of the machine."""
    sent = frames(4)
    first, second = Spool(tmp_path, limit=1200), Spool(tmp_path, limit=1200)
    await first.append(sent[:1])
    await second.append(sent[1:2])

    with pytest.raises(SpoolError, match="full"):
        await first.append(sent[2:])

    taker = Taker()
    await first.drain(taker)
    await second.drain(taker)
    assert taker.taken == sent[:2]
    await first.append(sent[2:3])


async def test_files_are_rolled_so_that_a_drain_frees_room_as_it_goes(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit=ROOMY, roll_at=100)
    for one in frames(3):
        await spool.append([one])

    assert len(spool_files(tmp_path)) == 3


@pytest.mark.parametrize(
    ("spoil", "kept", "damaged"),
    [
        (lambda content: content[:-5], [0, 1], 0),
        (lambda content: content + b"\x00" * 4, [0, 1, 2], 1),
        (lambda content: content[:60] + b"\xff" + content[61:], [1, 2], 1),
        (lambda content: b"garbage" + content, [0, 1, 2], 1),
        (lambda content: content[: len(content) // 2 + 20] + content[len(content) // 2 + 60 :], [0, 2], 1),
        (lambda _: b"", [], 0),
        (lambda content: b"\x00" * len(content), [], 1),
    ],
    ids=[
        "the torn end of an append that was never acknowledged is no damage",
        "zeros after the end are set aside",
        "a flipped byte costs its own message alone",
        "garbage in front costs nothing",
        "a hole costs the message it is in",
        "an empty file is nothing",
        "a file of zeros is set aside whole",
    ],
)
async def test_damage(tmp_path: Path, spoil, kept: list[int], damaged: int) -> None:
    """P5 and P7: a damaged part is set aside and counted, and the rest is handed over."""
    sent = frames(3)
    writer = Spool(tmp_path, limit=ROOMY)
    await writer.append(sent)
    await writer.close()
    [file] = spool_files(tmp_path)
    file.write_bytes(spoil(file.read_bytes()))

    spool, taker = Spool(tmp_path, limit=ROOMY), Taker()
    await spool.drain(taker)

    assert taker.taken == [sent[n] for n in kept]
    assert (await spool.figures()).damaged == damaged
    assert spool_files(tmp_path) == []


def test_a_message_cannot_pose_as_a_frame() -> None:
    """P8: a frame written into a message is not read as one, even where the frame around it is damaged."""
    forged = pack(Frame(id="forged", account="acc_other", data=b"x"), bytes(8))
    honest = Frame(id="honest", account="acc_one", data=forged)
    content = bytearray(pack(honest, MARKER))
    content[9] ^= 0xFF

    assert scan(bytes(content), MARKER).frames == ()


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_reading_a_spool_file_never_raises(before: bytes, after: bytes) -> None:
    one = Frame(id="m", account="a", data=b"d")

    found = scan(before + pack(one, MARKER) + after, MARKER)

    assert one in found.frames
    assert scan(before, MARKER).frames == ()


async def test_an_unwritable_folder_is_said_in_words(tmp_path: Path) -> None:
    """P7: a spool that cannot be written raises; it never pretends."""
    (tmp_path / "file").write_text("")
    spool = Spool(tmp_path / "file" / "spool", limit=ROOMY)

    with pytest.raises(SpoolError, match="cannot be used"):
        await spool.append(frames(1))
    assert "cannot be used" in await spool.trouble()


async def test_a_sync_that_fails_is_no_success_and_nothing_is_written_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R8: what was not synced is not acknowledged; and after a failed sync the file is not trusted again."""
    spool, sent = Spool(tmp_path, limit=ROOMY), frames(2)
    await spool.append(sent[:1])

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "broken disk")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(SpoolError, match="EIO"):
            await spool.append(sent[1:])
    await spool.append(sent[1:])

    taker = Taker()
    await spool.drain(taker)
    assert sorted(one.id for one in taker.taken) == sorted(one.id for one in sent)


async def test_file_and_folder_are_synced_before_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P7: the acknowledgement comes after the sync of the frames, of the file's name and of the folder's."""
    synced: list[str] = []
    real = os.fsync

    def spy(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", spy)
    await Spool(tmp_path / "s", limit=ROOMY).append(frames(1))

    [file] = spool_files(tmp_path / "s")
    assert synced.index(str(file.parent)) < synced.index(str(file))
    assert {str(tmp_path), str(tmp_path / "s")} <= set(synced)


async def test_a_folder_deleted_by_hand_is_made_again(tmp_path: Path) -> None:
    spool, sent = Spool(tmp_path / "s", limit=ROOMY, roll_at=1), frames(2)
    await spool.append(sent[:1])
    for path in sorted((tmp_path / "s").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()

    with pytest.raises(SpoolError):
        await spool.append(sent[1:])
    await spool.append(sent[1:])

    assert await spool.account_of(sent[1].id)


async def test_the_age_and_size_of_what_waits_are_known(tmp_path: Path) -> None:
    """R41: the spool says how much waits in it, and for how long."""
    spool = Spool(tmp_path, limit=ROOMY)
    assert (await spool.figures()).files == 0
    await spool.append(frames(1))
    await asyncio.sleep(0)

    figures = await spool.figures()
    assert (figures.files, figures.bytes > 0, 0 < figures.oldest < 600) == (1, True, True)
    assert await spool.trouble() == ""
