"""Where large mails are read: `python -m worker.reading_process BYTES SECONDS`, frames in, frames out."""

from __future__ import annotations

import resource
import signal
import struct
import sys
from typing import BinaryIO

import msgspec

from channels.email.read import read_mail
from worker.reading import Task, framed

_LENGTH = struct.Struct(">Q")


def serve(source: BinaryIO, sink: BinaryIO, seconds: int) -> None:
    """Read one mail after the other until the source ends, which it does when the worker dies.

    A mail that takes longer than so many seconds ends this process: the worker may be gone by then.
    """
    while len(head := source.read(_LENGTH.size)) == _LENGTH.size:
        task = msgspec.msgpack.decode(source.read(_LENGTH.unpack(head)[0]), type=Task)
        signal.alarm(seconds)
        answer = msgspec.msgpack.encode(read_mail(task.message, task.raw))
        signal.alarm(0)
        sink.write(framed(answer))
        sink.flush()


def main() -> None:
    """Bound the memory, leave Ctrl-C to the worker, and serve."""
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(sys.stdin.buffer, sys.stdout.buffer, seconds)


if __name__ == "__main__":
    main()
