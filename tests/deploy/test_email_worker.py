"""The Email Worker in Node, against a running Inlet: each answer has its consequence for the sender."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import Up
from tests.whole.conftest import Account, account, said
from worker.embedded.ports import free_port

HERE = Path(__file__).parent
WORKER = HERE.parents[1] / "deploy" / "cloudflare-email-worker" / "worker.js"
HEAD = b"From: Ada <ada@example.org>\r\nSubject: Hello\r\nMessage-ID: <1@example.org>\r\n\r\n"
MAIL = HEAD + b"Where is my order? \xc3\xa9\r\n"

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None, reason="Node is not installed: apt-get install nodejs"
)


@pytest.fixture(scope="module")
def inlet(open_folder: Path) -> Iterator[tuple[Up, Account]]:
    """A running Inlet with one tenant and the shared mail route."""
    home = open_folder / "email-worker"
    home.mkdir()
    home.chmod(0o755)
    up = Up(data=home / "data", port=free_port()).run()
    said(up, "tenant", "add", "acme", "--domain", "acme.test")
    yield up, account(up, "cloudflare-email")
    up.stop()
    shutil.rmtree(home)


def run(
    tmp_path: Path, one: Account, *, to: str = "support@acme.test", url: str = "", mail: bytes = MAIL
) -> dict[str, str]:
    module = tmp_path / "worker.mjs"
    module.write_text(WORKER.read_text())
    command = [
        "node",
        str(HERE / "email_worker.mjs"),
        str(module),
        url or one.url,
        one.secret,
        "ada@example.org",
        to,
    ]
    done = subprocess.run(command, input=mail, capture_output=True, check=True, timeout=60)
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


def test_a_mail_is_accepted_and_becomes_a_ticket(inlet: tuple[Up, Account], tmp_path: Path) -> None:
    up, one = inlet

    assert run(tmp_path, one)["outcome"] == "accepted"

    up.wait_for(lambda: said(up, "tickets")["items"])


@pytest.mark.parametrize(
    ("to", "path", "mail"),
    [
        pytest.param("x@nobody.test", "", MAIL, id="422: an unknown recipient is told so"),
        pytest.param("support@acme.test", "/webhooks/cloudflare-email/acc_gone", MAIL, id="404: rejected"),
        pytest.param("support@acme.test", "", MAIL + b"x" * (28 << 20), id="413: too large"),
        pytest.param("support@acme.test", "/webhooks/twilio/acc_x", b"", id="404: of another provider"),
    ],
)
def test_a_permanent_refusal_is_a_rejection(
    inlet: tuple[Up, Account], tmp_path: Path, to: str, path: str, mail: bytes
) -> None:
    up, one = inlet

    assert run(tmp_path, one, to=to, url=up.url + path if path else "", mail=mail)["outcome"] == "rejected"


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        pytest.param("http://127.0.0.1:1/", "", id="nobody answers"),
        pytest.param("", "whsec_" + "QUFB" * 8, id="401: the secret is wrong"),
    ],
)
def test_p1_whatever_may_pass_is_thrown_so_that_the_sender_tries_again(
    inlet: tuple[Up, Account], tmp_path: Path, url: str, secret: str
) -> None:
    _, one = inlet
    other = Account(id=one.id, url=one.url, secret=secret or one.secret)

    assert run(tmp_path, other, url=url)["outcome"] == "thrown"
