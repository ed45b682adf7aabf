"""The command line as an operator meets it: real processes, real servers, what is printed and how it ends."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from worker.cli import app, run
from worker.cli.base import print_table, say

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
OTHER = base64.urlsafe_b64encode(b"o" * 32).decode()
MAIL = b"From: Ada <ada@example.org>\r\nTo: help@example.com\r\nSubject: Parcel\r\n\r\nWhere is it?\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Runs commands in this process: each would take a second to start. Some tests start real ones."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str, stdin: bytes = b"", **env: str) -> Ended:
        with self._monkeypatch.context() as patch:
            for name, value in env.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            self._capsys.readouterr()
            code = run(list(arguments))
        out, err = self._capsys.readouterr()
        return Ended(code=code, out=out, err=err)

    def ok(self, *arguments: str, **more: Any) -> Any:
        ended = self(*arguments, "--json", **more)
        assert ended.code == 0, ended.err
        return ended.json


@pytest.fixture
def shell(
    database_url: str,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    for name, value in environment(database_url, redis_url, tmp_path).items():
        monkeypatch.setenv(name, value)
    return Shell(monkeypatch, capsys)


def environment(database_url: str, redis_url: str, data: Path) -> dict[str, str]:
    return {
        "INLET_DATA": str(data),
        "INLET_DATABASE_URL": database_url,
        "INLET_REDIS_URL": redis_url,
        "INLET_SECRET_KEY": KEY,
        "INLET_MAIL_DOMAIN": "in.example.org",
        "COLUMNS": "200",
    }


def start(*arguments: str, env: dict[str, str]) -> Ended:
    """A real process."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("INLET_")}
    done = subprocess.run(
        [sys.executable, "-m", "worker.cli", *arguments],
        env=clean | env,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Ended(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())


def test_a_tenant_is_added_with_domains_and_agents(shell: Shell) -> None:
    made = shell.ok(
        "tenant", "add", "acme", "--name", "Acme", "--domain", "Acme.example.", "--agent", "bo@acme.example"
    )
    assert (made["slug"], made["name"]) == ("acme", "Acme")
    assert made["domains"] == ["acme.example"]
    assert made["agents"] == ["bo@acme.example"]
    (listed,) = shell.ok("tenant", "list")["items"]
    assert listed == made


def test_a_tenant_sets_its_own_references_and_windows(shell: Shell) -> None:
    shell.ok("tenant", "add", "acme", "--set", "ref_style=random")
    made = shell.ok("tenant", "set", "acme", "--set", "mail_reply_days=7")
    assert made["settings"] == {"ref_style": "random", "mail_reply_days": 7, "chat_reply_hours": 72}


@pytest.mark.parametrize("wrong", ["ref_style=odd", "mail_reply_days=soon", "colour=red", "ref_style"])
def test_a_setting_that_is_none_is_refused(shell: Shell, wrong: str) -> None:
    ended = shell("tenant", "add", "acme", "--set", wrong)
    assert (ended.code, "--set" in ended.err) == (2, True)
    assert shell.ok("tenant", "list")["items"] == []


@pytest.mark.parametrize(
    "wrong", [("--agent", "nonsense"), ("--domain", "acme.example"), ("--time-zone", "Mars")]
)
def test_a_tenant_that_cannot_be_added_whole_does_not_take_its_slug(
    shell: Shell, wrong: tuple[str, str]
) -> None:
    shell.ok("tenant", "add", "other", "--domain", "acme.example")
    assert shell("tenant", "add", "acme", *wrong).code == 1
    assert [line["slug"] for line in shell.ok("tenant", "list")["items"]] == ["other"]
    shell.ok("tenant", "add", "acme")


def test_an_account_is_added_with_a_secret_that_is_made_up(shell: Shell) -> None:
    made = shell.ok("account", "add", "cloudflare-email", INLET_PUBLIC_URL="https://inlet.example.org")
    assert set(made) == {"account", "provider", "url", "secret"}
    assert made["url"] == f"https://inlet.example.org/webhooks/cloudflare-email/{made['account']}"
    assert made["secret"].startswith("whsec_")
    (listed,) = shell.ok("account", "list")["items"]
    assert (listed["id"], listed["tenant"], listed["secrets"]) == (made["account"], None, 1)


def test_an_account_of_a_tenant_takes_the_providers_own_secret(shell: Shell) -> None:
    shell.ok("tenant", "add", "acme")
    secret = "0123456789abcdef0123456789abcdef"
    made = shell.ok(
        "account", "add", "twilio", "--tenant", "acme", "--secret", secret, "--set", "number=+15005550006"
    )
    assert made["secret"] == secret
    (listed,) = shell.ok("account", "list", "--tenant", "acme")["items"]
    assert listed["settings"] == {"number": "+15005550006"}


def test_a_secret_is_changed_without_a_gap(shell: Shell) -> None:
    account = shell.ok("account", "add", "cloudflare-email")["account"]
    (old,) = shell.ok("account", "secret", "list", account)["items"]
    assert shell("account", "secret", "expire", account, old["id"]).code == 1
    assert shell.ok("account", "secret", "add", account)["secret"].startswith("whsec_")
    assert shell("account", "secret", "expire", account, old["id"]).code == 0
    ends = {one["id"]: one["expires_at"] for one in shell.ok("account", "secret", "list", account)["items"]}
    assert ends.pop(old["id"]) is not None
    assert list(ends.values()) == [None]


def test_the_secret_key_is_changed_in_three_steps(shell: Shell) -> None:
    account = shell.ok("account", "add", "cloudflare-email")["account"]
    both = f"{OTHER},{KEY}"
    found = {
        one["name"]: one for one in json.loads(shell("doctor", "--json", INLET_SECRET_KEY=both).out)["checks"]
    }
    assert "older key" in found["secrets"]["says"]
    assert found["secrets"]["state"] == "warn"
    assert shell.ok("account", "secret", "reseal", INLET_SECRET_KEY=both) == {"resealed": 1}
    (secret,) = shell.ok("account", "secret", "list", account, INLET_SECRET_KEY=OTHER)["items"]
    assert secret["current"]


def test_providers_are_listed_with_what_they_need(shell: Shell) -> None:
    items = {one["provider"]: one for one in shell.ok("account", "providers")["items"]}
    assert items["cloudflare-email"]["shared"]
    assert any(need["secret"] for need in items["twilio"]["needs"])
    assert all(need["help"] for one in items.values() for need in one["needs"])


def test_a_key_is_printed_once(shell: Shell) -> None:
    shell.ok("tenant", "add", "acme")
    key = shell.ok("key", "add", "--tenant", "acme", "--label", "dashboard")["key"]
    assert key.startswith("ik_")
    listed = shell("key", "list", "--json")
    assert key not in listed.out
    (line,) = listed.json["items"]
    assert (line["tenant"], line["label"]) == ("acme", "dashboard")
    assert shell("key", "revoke", line["id"]).code == 0
    assert shell("key", "revoke", line["id"]).code == 1


def test_a_domain_is_claimed_by_a_record_that_proves_it(shell: Shell) -> None:
    shell.ok("tenant", "add", "acme")
    claimed = shell.ok("domain", "claim", "acme.example", "--tenant", "acme")
    assert claimed["name"] == "_inlet.acme.example"
    assert claimed["value"].startswith("inlet-verify=")
    (line,) = shell.ok("domain", "list")["items"]
    assert (line["domain"], line["proven_at"]) == ("acme.example", None)


def test_an_empty_house_balances(shell: Shell) -> None:
    assert shell.ok("reconcile") == {"balanced": True, "accounts": [], "tenants": []}


def test_lists_are_empty_in_words_too(shell: Shell) -> None:
    for command in (
        ("tickets",),
        ("tenant", "list"),
        ("account", "list"),
        ("deadletters", "list"),
        ("key", "list"),
    ):
        ended = shell(*command)
        assert ended.code == 0
        assert ended.out.startswith(("There is no", "No tenant")), command


def test_the_doctor_finds_a_sound_house_sound(
    shell: Shell, make_servers: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = make_servers()
    monkeypatch.setenv("INLET_DATABASE_URL", own.new_database("template0"))
    monkeypatch.setenv("INLET_REDIS_URL", own.redis_url)
    shell.ok("migrate")
    found = shell.ok("doctor")
    assert found["ok"]
    assert {one["name"] for one in found["checks"]} >= {
        "postgres",
        "schema",
        "secrets",
        "inbox",
        "spool",
        "blobs",
    }
    assert all(one["fix"] for one in found["checks"] if one["state"] != "ok")


def test_the_doctor_names_each_ill(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    shell.ok("account", "add", "cloudflare-email")
    ended = shell(
        "doctor",
        "--json",
        INLET_SECRET_KEY=OTHER,
        INLET_SPOOL=str(tmp_path / "file" / "spool"),
        INLET_BLOB_URL=(tmp_path / "file" / "blobs").as_uri(),
        INLET_REDIS_URL="redis://127.0.0.1:1/0",
        INLET_DATABASE_UR="x",
    )
    states = {one["name"]: one["state"] for one in ended.json["checks"]}
    assert ended.code == 1
    ills = {name for name, state in states.items() if state == "fail"}
    assert ills >= {"secrets", "redis", "spool", "blobs"}
    assert "Did you mean INLET_DATABASE_URL?" in [one["fix"] for one in ended.json["checks"]]


@pytest.mark.parametrize("text", ["\x1b[31mred", "\x9b31mred", "a\rb", "\u202ered"], ids=ascii)
def test_what_a_customer_wrote_never_commands_the_terminal(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    say(text)
    print_table(("A",), [(text,)], empty="")
    assert not set(capsys.readouterr().out) & set("\x1b\x9b\r\u202e")


@dataclass(frozen=True, kw_only=True)
class Wrong:
    label: str
    arguments: tuple[str, ...]
    code: int
    says: str
    env: dict[str, str] = field(default_factory=dict)


WRONG = (
    Wrong(label="no such command", arguments=("fly",), code=2, says="No such command"),
    Wrong(
        label="no servers",
        arguments=("tickets",),
        code=2,
        says="no running `inlet up` was found",
        env={"INLET_DATABASE_URL": ""},
    ),
    Wrong(
        label="a bad setting",
        arguments=("tickets",),
        code=2,
        says="INLET_PORT: expected",
        env={"INLET_PORT": "x"},
    ),
    Wrong(
        label="Postgres is away",
        arguments=("tickets",),
        code=1,
        says="Postgres at 127.0.0.1:1",
        env={"INLET_DATABASE_URL": "postgresql://u:hush@127.0.0.1:1/x"},
    ),
    Wrong(
        label="Redis is away",
        arguments=("reconcile",),
        code=1,
        says="Redis does not do it",
        env={"INLET_REDIS_URL": "redis://:hush@127.0.0.1:1/0"},
    ),
    Wrong(label="a status that is none", arguments=("tickets", "--status", "lost"), code=2, says="waiting"),
    Wrong(
        label="no such tenant",
        arguments=("tickets", "--tenant", "nobody"),
        code=1,
        says="There is no tenant nobody",
    ),
    Wrong(label="a bad slug", arguments=("tenant", "add", "Not Good"), code=1, says="A slug is"),
    Wrong(
        label="a public mail domain",
        arguments=("tenant", "add", "acme", "--domain", "gmail.com"),
        code=1,
        says="gmail.com",
    ),
    Wrong(
        label="no such provider",
        arguments=("account", "add", "pigeon"),
        code=2,
        says="There is no provider pigeon",
    ),
    Wrong(
        label="a secret that is none",
        arguments=("account", "add", "cloudflare-email", "--secret", "whsec_!"),
        code=2,
        says="This is no secret",
    ),
    Wrong(
        label="a provider that gives its own secret",
        arguments=("account", "add", "twilio"),
        code=2,
        says="--secret",
    ),
    Wrong(
        label="no such ticket", arguments=("ticket", "TKT-0001"), code=1, says="There is no ticket TKT-0001"
    ),
    Wrong(
        label="no such dead letter",
        arguments=("deadletters", "show", "x"),
        code=1,
        says="There is no dead letter x",
    ),
    Wrong(label="replay of nothing in particular", arguments=("deadletters", "replay"), code=2, says="--all"),
    Wrong(
        label="replay of no dead letter", arguments=("deadletters", "replay", "x"), code=1, says="x: it is no"
    ),
    Wrong(
        label="no such file",
        arguments=("explain", "/nowhere", "--provider", "twilio"),
        code=2,
        says="/nowhere",
    ),
    Wrong(
        label="a domain that nobody claimed",
        arguments=("domain", "check", "acme.example"),
        code=1,
        says="Nobody has claimed",
    ),
)


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.label)
def test_what_goes_wrong_is_said_in_words_on_stderr(shell: Shell, case: Wrong) -> None:
    ended = shell(*case.arguments, **case.env)
    assert (ended.code, ended.out) == (case.code, "")
    assert case.says in ended.err
    assert "Traceback" not in ended.err
    assert "hush" not in ended.err


def test_a_mail_is_explained(shell: Shell, tmp_path: Path) -> None:
    """P11."""
    shell.ok("tenant", "add", "acme")
    file = tmp_path / "mail.eml"
    file.write_bytes(MAIL)
    (one,) = shell.ok(
        "explain", str(file), "--provider", "cloudflare-email", "--to", "support+acme@in.example.org"
    )["messages"]
    assert (one["state"], one["tenant"], one["ticket"]) == ("created", "acme", None)
    assert one["sender"]["address"] == "ada@example.org"
    assert any(step["rule"] and step["answer"] == "yes" for step in one["steps"])
    assert shell.ok("tickets")["items"] == []


def test_a_payload_is_explained_by_the_only_account_of_its_provider(shell: Shell) -> None:
    """P11."""
    shell.ok("tenant", "add", "acme")
    payload = (
        b"MessageSid=SM1&From=%2B15005550100&To=%2B15005550199&Body=My+parcel+is+lost&SmsStatus=received"
    )
    explain = ("explain", "-", "--provider", "twilio")
    nameless = shell(*explain, stdin=payload)
    assert (nameless.code, "needs an account" in nameless.err) == (2, True)
    shell.ok("account", "add", "twilio", "--tenant", "acme", "--secret", "0123456789abcdef0123456789abcdef")
    (one,) = shell.ok(*explain, stdin=payload)["messages"]
    assert (one["state"], one["tenant"], one["sender"]["address"]) == ("created", "acme", "+15005550100")
    status = b"MessageSid=SM1&MessageStatus=delivered&To=%2B15005550199&From=%2B15005550100"
    assert "nothing for us" in shell(*explain, stdin=status).out


def test_a_mail_to_nobody_is_explained_too(shell: Shell) -> None:
    """P11, R11."""
    ended = shell("explain", "-", "--provider", "cloudflare-email", stdin=MAIL)
    assert ended.code == 0, ended.err
    assert "It would become a dead letter: unroutable." in ended.out


def commands(group: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Callable[..., Any]]]:
    found = [
        ((*path, one.name or one.callback.__name__.replace("_", "-")), one.callback)
        for one in group.registered_commands
    ]
    for one in group.registered_groups:
        found += commands(one.typer_instance, (*path, one.name))
    return found


@pytest.mark.parametrize(
    ("path", "callback"), commands(app), ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_each_command_says_what_it_does(path: tuple[str, ...], callback: Callable[..., Any]) -> None:
    assert callback.__doc__
    assert callback.__doc__.rstrip().endswith(".")


def test_help_is_told_without_any_server() -> None:
    ended = start("deadletters", "replay", "--help", env={})
    assert ended.code == 0
    assert "--reason" in ended.out


def test_a_running_inlet_up_is_found_by_a_real_process(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    env = environment(database_url, redis_url, tmp_path)
    state = {"database_url": env.pop("INLET_DATABASE_URL"), "redis_url": env.pop("INLET_REDIS_URL")}
    (tmp_path / "state.json").write_text(json.dumps(state | {"url": "http://127.0.0.1:9999"}))
    (tmp_path / "secret.key").write_text(env.pop("INLET_SECRET_KEY"))
    made = start("account", "add", "cloudflare-email", "--json", env=env).json
    assert made["url"] == f"http://127.0.0.1:9999/webhooks/cloudflare-email/{made['account']}"


def test_a_real_process_ends_with_the_code_of_what_it_found(tmp_path: Path) -> None:
    ended = start("reconcile", env={"INLET_DATA": str(tmp_path)})
    assert (ended.code, ended.out) == (2, "")
    assert "INLET_REDIS_URL is not set" in ended.err


def test_migrating_an_empty_database_and_again(
    shell: Shell, servers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = servers.new_database("template0")
    monkeypatch.setenv("INLET_DATABASE_URL", url)
    unready = shell("tickets")
    assert (unready.code, "Run `inlet migrate`." in unready.err) == (1, True)
    assert shell.ok("migrate")["applied"]
    assert shell.ok("migrate") == {"applied": []}
    servers.drop(url)
