"""Logs are lines that machines read, and hold nothing that opens a door (R37)."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys

import pytest
import structlog

from storage.group import Append
from storage.ids import new_token
from worker import logs
from worker.journal import Journal
from worker.redaction import redact

TOKEN = new_token()
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

REDACTED = [
    ("a reply token", f"to t_{TOKEN}@in.example.com", "to t_…@in.example.com"),
    ("a reply token in capitals", f"T_{TOKEN.upper()}@in.example.com", "t_…@in.example.com"),
    ("a webhook secret", f"the secret {SECRET}", "the secret whsec_…"),
    ("an operator key", "ik_0123456789abcdef0123", "ik_…"),
    ("a bearer key", "Bearer abc.def-0123456789", "Bearer …"),
    ("a basic login", "basic dXNlcjpwYXNzd29yZA==", "basic …"),
    ("a signature", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN", "v1,…"),
    ("a password in a URL", "postgresql://inlet:p@ss/w@db.example.net/x", "postgresql://…@db.example.net/x"),
    ("a query", "GET /webhooks/x/acc_1?token=abc&b=c HTTP", "GET /webhooks/x/acc_1?… HTTP"),
    ("a secret by its name", {"client_secret": "abc"}, {"client_secret": "…"}),
    ("a header by its name", {"headers": [{"Authorization": "abc"}]}, {"headers": [{"Authorization": "…"}]}),
    ("a place among secrets is none", {"secret": 1}, {"secret": 1}),
    ("bytes", {"raw": b"abc"}, {"raw": "3 bytes"}),
    ("a question", "Where is it? I wait = long", "Where is it? I wait = long"),
    ("an address", "support+acme@in.example.com", "support+acme@in.example.com"),
    ("an account", "acc_0123456789abcdef", "acc_0123456789abcdef"),
]


@pytest.mark.parametrize(("given", "shown"), [row[1:] for row in REDACTED], ids=[row[0] for row in REDACTED])
def test_what_opens_a_door_is_blanked_and_the_rest_is_kept(given: object, shown: object) -> None:
    """R37: reply tokens, secrets, keys, signatures, passwords and queries reach no log."""
    assert redact(given) == shown


PROGRAM = f"""
import logging, structlog
from worker import logs

logs.configure("info", "json")
log = structlog.get_logger("x")
log.info("first", to="t_{TOKEN}@in.example.com", n=1)
log.debug("unseen")
logging.getLogger("library").warning("went %s", "wrong")
logging.getLogger("library").info("unseen")
try:
    raise ValueError("{SECRET}")
except ValueError:
    log.exception("failed")
"""


def test_each_event_is_one_line_of_json_of_libraries_too() -> None:
    out = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout

    first, second, third = (json.loads(line) for line in out.splitlines())

    assert (first["event"], first["to"], first["n"], first["level"]) == (
        "first",
        "t_…@in.example.com",
        1,
        "info",
    )
    assert (second["event"], second["level"]) == ("went wrong", "warning")
    assert "ValueError: whsec_…" in third["exception"]
    assert not [word for word in (TOKEN, SECRET, "unseen") if word in out]


def test_people_get_lines_for_people() -> None:
    [*_, last] = logs.processors("console")

    assert isinstance(last, structlog.dev.ConsoleRenderer)
    assert logging.getLevelName(logs.LEVELS["warning"]) == "WARNING"


async def test_appends_of_a_moment_share_one_line_for_each_place() -> None:
    """A line for each append would cost more than the append; what failed says why."""
    journal = Journal(seconds=3600)
    with structlog.testing.capture_logs() as lines:
        for seconds in (0.001, 0.004):
            journal.add(Append(place="inbox", requests=1, messages=2, seconds=seconds))
        journal.add(Append(place="nowhere", requests=1, messages=1, seconds=1.0, error="The spool is full."))
        journal.write()
        journal.write()

    assert [(line["event"], line["log_level"], line["messages"]) for line in lines] == [
        ("appended", "info", 4), ("not_appended", "warning", 1)
    ]  # fmt: skip
    assert (lines[0]["appends"], lines[0]["slowest_ms"], lines[1]["error"]) == (2, 4.0, "The spool is full.")


async def test_the_line_comes_by_itself() -> None:
    journal = Journal(seconds=0.01)
    with structlog.testing.capture_logs() as lines:
        journal.add(Append(place="inbox", requests=1, messages=1, seconds=0.001))
        async with asyncio.timeout(30):
            while not lines:  # noqa: ASYNC110 - the journal has nobody to tell but the log
                await asyncio.sleep(0.01)
