"""A program that starts the servers of a folder, says so in one line, and stops them at the end of its input.

Arguments, as one JSON object: `data`, `system`, `tied`, `uid` (give up root for it first), `packages` (a
folder in front of the module path). All is loaded as root: others may not be able to reach the interpreter.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401 - sockets load it late
import json
import os
import sys
from pathlib import Path

from worker.embedded.servers import Folder, Wishes, build, start, stop


def main() -> None:
    wish = json.loads(sys.argv[1])
    if wish.get("packages"):
        sys.path.insert(0, wish["packages"])
    if wish.get("uid"):
        os.setgroups([])
        os.setgid(wish["uid"])
        os.setuid(wish["uid"])
    said: list[str] = []
    with Folder(Path(wish["data"])) as folder:
        wishes = Wishes(system=Path(wish["system"]), tied=wish.get("tied", False))
        servers = build(folder.path, wishes, said.append)
        for server in servers:
            start(server, said.append)
        tell({"pids": [s.pid for s in servers], "urls": [s.url for s in servers], "said": said})
        sys.stdin.read()
        stop(servers, 10.0)
    tell({"stopped": True})


def tell(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


main()
