"""`inlet receive` and `inlet work` as real processes, and the whole way of a message by the command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests

from channels import signing
from storage.database import connect
from tests.storage.waiting import until
from tests.worker.test_cli import environment, start
from worker.embedded.ports import free_port

# The token in Cc is nobody's, but only a worker can say so: at the door such a mail is let in.
MAIL = (
    b"Return-Path: <ada@example.org>\r\nDelivered-To: support+globex@in.example.org\r\n"
    b"From: ada@example.org\r\nTo: support+globex@in.example.org\r\n"
    b"Cc: t_abcdefghijklmnopqrstuvwxyz234567@in.example.org\r\nMessage-ID: <1@example.org>\r\n"
    b"Subject: Parcel\r\n\r\nWhere is it?\r\n"
)
Env = dict[str, str]
SAID = {"tenant": "acme", "channel": "phone", "text": "My parcel has not arrived."}


@contextmanager
def running(command: str, env: Env, folder: Path) -> Iterator[None]:
    """A process that is told to stop at the end, and has to end well."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("INLET_")}
    log = folder / f"{command}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker.cli", command], env=clean | env, stdout=output, stderr=output
        )
    try:
        yield
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def env(database_url: str, redis_url: str, tmp_path: Path) -> Env:
    return environment(database_url, redis_url, tmp_path) | {"INLET_PORT": str(free_port())}


def ask(env: Env, *arguments: str) -> Any:
    ended = start(*arguments, "--json", env=env)
    assert ended.code == 0, ended.err
    return ended.json


async def receiver(env: Env) -> str:
    """URL of the receiver, once it is ready."""
    url = f"http://127.0.0.1:{env['INLET_PORT']}"

    def is_ready() -> bool:
        try:
            return requests.get(f"{url}/readyz", timeout=5).ok
        except requests.ConnectionError:
            return False

    await until(is_ready)
    return url


def post(url: str, body: bytes, kind: str, *, key: str = "", **headers: str) -> str:
    """Id of the message that was accepted."""
    said = {**headers, "Content-Type": kind, "Authorization": f"Bearer {key}"}
    accepted = requests.post(url, data=body, headers=said, timeout=30)
    assert accepted.status_code == 202, accepted.text
    (message,) = accepted.json()["messages"]
    return str(message)


def state(url: str, message: str, key: str) -> str:
    headers = {"Authorization": f"Bearer {key}"}
    shown = requests.get(f"{url}/api/messages/{message}", headers=headers, timeout=30)
    return str(shown.json()["state"])


async def test_a_message_goes_all_the_way(env: Env, tmp_path: Path) -> None:
    """P1, P10: accepted by one process, filed by another, shown and balanced by a third."""
    ask(env, "tenant", "add", "acme")
    key = ask(env, "key", "add")["key"]
    with running("receive", env, tmp_path), running("work", env, tmp_path):
        url = await receiver(env)
        message = post(f"{url}/api/messages", msgspec.json.encode(SAID), "application/json", key=key)
        await until(lambda: state(url, message, key) == "created")
        (line,) = ask(env, "tickets", "--tenant", "acme")["items"]
        assert [one["id"] for one in ask(env, "ticket", line["ref"])["messages"]] == [message]
        assert SAID["text"] in start("ticket", line["ref"], env=env).out
        balance = ask(env, "reconcile")
    assert balance["balanced"]
    assert [(one["accepted"], one["created"]) for one in balance["accounts"]] == [(1, 1)]


async def test_dead_letters_are_replayed_once_their_tenant_is_there(env: Env, tmp_path: Path) -> None:
    """P5, P10, R11: mail to a slug that nobody has waits in sight, and is filed when somebody has it."""
    account = ask(env, "account", "add", "cloudflare-email")
    key = ask(env, "key", "add")["key"]
    signed = signing.sign(account["secret"], "msg_1", datetime.now(UTC), MAIL)
    with running("receive", env, tmp_path), running("work", env, tmp_path):
        url = await receiver(env)
        message = post(account["url"], MAIL, "message/rfc822", **signed)
        await until(lambda: state(url, message, key) == "dead")
        (line,) = ask(env, "deadletters", "list", "--reason", "unroutable")["items"]
        shown = start("deadletters", "show", line["id"], env=env)
        assert "Where is it?" in shown.out
        ask(env, "tenant", "add", "globex")
        assert ask(env, "deadletters", "replay", "--all") == {"replayed": 1, "failed": []}
        await until(lambda: state(url, message, key) == "created")
        assert ask(env, "deadletters", "list")["items"] == []
        file = tmp_path / "mail.eml"
        file.write_bytes(MAIL)
        (again,) = ask(env, "explain", str(file), "--provider", "cloudflare-email")["messages"]
        assert (again["state"], again["duplicate_of"]) == ("duplicate", message)
        balance = ask(env, "reconcile")
    assert balance["balanced"], balance


async def test_spam_is_released_in_bulk(env: Env, tmp_path: Path, database_url: str) -> None:
    """P10: who replays all leaves spam where it is; who asks for spam releases it, and the books balance."""
    ask(env, "tenant", "add", "acme")
    key = ask(env, "key", "add")["key"]
    said = SAID | {"sender": {"name": "Ada", "address": "ada@example.org"}}
    with running("receive", env, tmp_path), running("work", env, tmp_path):
        url = await receiver(env)

        def report(text: str) -> str:
            body = msgspec.json.encode(said | {"text": text})
            return post(f"{url}/api/messages", body, "application/json", key=key)

        first = report("My parcel has not arrived.")
        await until(lambda: state(url, first, key) == "created")
        await block_everybody(database_url)
        held = [report(f"Buy watch {n}") for n in range(2)]
        await until(lambda: all(state(url, one, key) == "suppressed" for one in held))
        assert ask(env, "deadletters", "list")["items"] == []
        assert {one["id"] for one in ask(env, "deadletters", "list", "--reason", "spam")["items"]} == set(
            held
        )
        assert "Buy watch 0" in start("deadletters", "show", held[0], env=env).out
        assert ask(env, "deadletters", "replay", "--all") == {"replayed": 0, "failed": []}
        assert ask(env, "deadletters", "discard", "--all", "--tenant", "acme") == {
            "discarded": 0,
            "failed": [],
        }
        released = ask(env, "deadletters", "replay", "--reason", "spam", "--tenant", "acme")
        assert released == {"replayed": 2, "failed": []}
        await until(lambda: all(state(url, one, key) == "created" for one in held))
        assert ask(env, "deadletters", "list", "--reason", "spam")["items"] == []
        balance = ask(env, "reconcile")
    assert balance["balanced"], balance
    assert [(one["created"], one["suppressed"], one["dead"]) for one in balance["accounts"]] == [(3, 0, 0)]


async def block_everybody(database_url: str) -> None:
    connection = await connect(database_url)
    try:
        assert await connection.execute("update contacts set blocked = true") == "UPDATE 1"
    finally:
        await connection.close()
