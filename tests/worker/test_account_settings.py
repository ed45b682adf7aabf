"""Settings of accounts: all that the code reads are known, and nothing else is taken."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from channels.registry import channels
from tests.worker.test_cli import Shell, shell  # noqa: F401 - a fixture
from worker.account_settings import COMMON, faults

HOUSE = Path(__file__).parents[2]
READ = re.compile(r'settings\.get\(\s*"(\w+)"|values\.get\("(\w+)"\)|^SETTING = "(\w+)"', re.MULTILINE)
"""How the code asks an account for a setting."""
READERS = ("routing/proof.py", "routing/triage/context.py", "worker/admission.py", "worker/exchange.py")
SOURCES = ("channels", "routing", "storage", "worker")


def names_in(*files: Path) -> set[str]:
    return {next(filter(None, found)) for file in files for found in READ.findall(file.read_text())}


def test_the_common_settings_are_those_that_the_code_reads() -> None:
    """One that is read and not known could not be set; one that is known and not read would do nothing."""
    assert names_in(*(HOUSE / reader for reader in READERS)) == {one.name for one in COMMON}


def test_no_other_module_reads_settings_of_an_account() -> None:
    asks = re.compile(r"account\.settings\b|account_settings\b|_?settings\.get\(")
    known = {HOUSE / reader for reader in READERS}
    channel_needs = {need.name for channel in channels().values() for need in channel.needs}
    others = [path for room in SOURCES for path in (HOUSE / room).rglob("*.py") if path not in known]
    strangers = names_in(*(path for path in others if asks.search(path.read_text()))) - channel_needs
    assert strangers <= {one.name for one in COMMON}


def test_each_setting_is_documented_as_the_table_has_it() -> None:
    page = (HOUSE / "docs" / "channels.md").read_text()
    table = page.split("| setting | does |\n|---|---|\n")[1].split("\n\n")[0]
    assert table.splitlines() == [f"| `{one.name}` | {one.help} |" for one in COMMON]


GOOD = {
    "url": ["https://help.example.org", "http://127.0.0.1:8080/webhooks/twilio/acc_x", ""],
    "max_per_minute": ["1", "600", ""],
    "authserv_id": ["mx.example.org", "mx1.example.org, mx2.example.org"],
    "category": ["billing"],
    "priority": ["urgent"],
    "type": ["bug_report"],
    "tags": ["one", "one, two three"],
    "number": ["+15005550006"],
}
BAD = {
    "url": [
        "help.example.org",
        "ftp://help.example.org",
        "https://",
        "https://help. example.org",
        "http://[x",
    ],
    "max_per_minute": ["abc", "0", "-1", "1.5", "1e3", "٣"],
    "authserv_id": [",", "x" * 1001],
    "category": ["nonsense", "Billing"],
    "priority": ["asap"],
    "type": ["ticket"],
    "tags": [","],
    "number": ["1" * 1001],
    "foo": ["bar", ""],
    "auth_token": ["a secret is no setting"],
}


@pytest.mark.parametrize(("name", "value"), [(name, one) for name, many in GOOD.items() for one in many])
def test_what_a_setting_may_be(name: str, value: str) -> None:
    assert faults(channels()["twilio"], {name: value}) == []


@pytest.mark.parametrize(("name", "value"), [(name, one) for name, many in BAD.items() for one in many])
def test_what_a_setting_may_not_be(name: str, value: str) -> None:
    assert len(faults(channels()["twilio"], {name: value})) == 1


@pytest.mark.parametrize("pair", ["foo=bar", "max_per_minute=abc", "number=+15005550006"])
def test_a_wrong_setting_is_refused_and_changes_nothing(shell: Shell, pair: str) -> None:  # noqa: F811
    """A mail account has no number either: the needs of its own channel count."""
    refused = shell("account", "add", "cloudflare-email", "--set", pair)
    assert refused.code == 2
    assert "max_per_minute" in refused.err, "it names what there is"
    assert shell.ok("account", "list")["items"] == []

    account = shell.ok("account", "add", "cloudflare-email", "--set", "tags=mail")["account"]
    assert shell("account", "set", account, "--set", pair).code == 2
    (listed,) = shell.ok("account", "list")["items"]
    assert listed["settings"] == {"tags": "mail"}


def test_settings_are_added_changed_and_taken_away(shell: Shell) -> None:  # noqa: F811
    add = ("account", "add", "cloudflare-email", "--set", "tags=mail", "--set", "priority=high")
    account = shell.ok(*add)["account"]
    shell.ok(
        "account", "set", account, "--set", "max_per_minute=60", "--set", "priority=", "--set", "tags=a, b"
    )
    (listed,) = shell.ok("account", "list")["items"]
    assert listed["settings"] == {"tags": "a, b", "max_per_minute": "60"}
    shell.ok("account", "set", account, "--mode", "observe")
    assert shell.ok("account", "list")["items"][0]["settings"] == listed["settings"]
