"""What an operator sets for a tenant from the terminal: rules, targets, hours, addresses, contacts."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from routing.changes import Changes, ContactRow, IdentityRow
from routing.facts import Tenant
from storage.database import Pool
from storage.ids import new_id
from storage.tenants import find_tenant_id
from tests.storage.seeds import NOON, apply, pool_of, seed_contact
from tests.worker.test_cli import Shell, environment

RULES = """
[[rule]]
id = "line-down"
words = ["line 4 stopped", "c++"]
category = "technical"
priority = "urgent"
tags = ["factory"]

[[rule]]
id = "en.urgency"
disabled = true
"""
FAULTY = """
[[rule]]
id = "one"
patterns = ["("]
category = "boats"

[[rule]]
id = "two"
wrods = ["x"]
"""
OPEN = [["09:00", "17:00"]]


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
    made = Shell(monkeypatch, capsys)
    made.ok("tenant", "add", "acme", "--time-zone", "Europe/Berlin")
    return made


def test_rules_are_set_from_a_file_and_shown(shell: Shell, tmp_path: Path) -> None:
    """A file replaces all; what is shown as JSON can be edited and given back."""
    file = tmp_path / "rules.toml"
    file.write_text(RULES)
    made = shell.ok("tenant", "rules", "acme", "--file", str(file))
    assert [rule["id"] for rule in made["items"]] == ["line-down", "en.urgency"]
    shown = shell.ok("tenant", "rules", "acme")
    assert shown == made
    table = shell("tenant", "rules", "acme").out
    assert "line 4 stopped, c++" in table
    assert "technical, urgent, tag factory" in table
    assert "(switches the default off)" in table
    shown["items"].pop()
    again = shell.ok("tenant", "rules", "acme", "--file", "-", stdin=json.dumps(shown).encode())
    assert [rule["id"] for rule in again["items"]] == ["line-down"]
    assert shell.ok("tenant", "rules", "acme", "--file", "-", stdin=b"[]")["items"] == []
    assert "There is no rule of acme's own" in shell("tenant", "rules", "acme").out


def test_faulty_rules_change_nothing_and_are_all_named(shell: Shell, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(RULES)
    bad.write_text(FAULTY)
    before = shell.ok("tenant", "rules", "acme", "--file", str(good))
    ended = shell("tenant", "rules", "acme", "--file", str(bad))
    assert (ended.code, ended.out) == (1, "")
    for fault in ("rule one: category", "rule one: pattern '('", "rule two: 'wrods'"):
        assert fault in ended.err
    assert shell.ok("tenant", "rules", "acme") == before


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        pytest.param(b"{", "is not JSON", id="no JSON"),
        pytest.param(b'{"rulez": []}', "under the one name", id="a misspelt name would drop all rules"),
        pytest.param(b'{"rules": [], "rule": []}', "under the one name", id="two lists"),
        pytest.param(b"{}", "under the one name", id="nothing"),
        pytest.param(b"7", "holds no list", id="a number"),
        pytest.param(b'[{"id": "a"}, "b", 3]', "rule number 3 is no table", id="not tables"),
    ],
)
def test_what_is_no_list_of_rules_is_refused(shell: Shell, payload: bytes, says: str) -> None:
    ended = shell("tenant", "rules", "acme", "--file", "-", stdin=payload)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err


def test_what_postgres_cannot_hold_is_refused_in_words(shell: Shell) -> None:
    """P12: nothing of it is stored."""
    rules = b'[{"id": "nul", "words": ["a\\u0000b"], "category": "sales"}]'
    ended = shell("tenant", "rules", "acme", "--file", "-", stdin=rules)
    assert (ended.code, ended.out) == (1, "")
    assert "Traceback" not in ended.err
    assert shell.ok("tenant", "rules", "acme")["items"] == []


def test_targets_are_shown_with_the_defaults_and_set_one_by_one(shell: Shell) -> None:
    def targets(*arguments: str) -> dict[str, tuple[int, int, bool]]:
        items = shell.ok("tenant", "sla", "acme", *arguments)["items"]
        fields = ("first_response_minutes", "resolution_minutes", "set")
        return {one["priority"]: tuple(one[field] for field in fields) for one in items}

    defaults = targets()
    assert list(defaults) == ["urgent", "high", "normal", "low"]
    assert defaults["urgent"] == (60, 480, False)
    changed = targets("--set", "urgent=15/240", "--set", "low=100/100")
    assert (changed["urgent"], changed["low"]) == ((15, 240, True), (100, 100, True))
    assert changed["normal"] == defaults["normal"]
    assert targets("--default", "urgent")["urgent"] == defaults["urgent"]
    assert targets()["low"] == (100, 100, True)
    assert "this tenant" in shell("tenant", "sla", "acme").out


def test_hours_are_set_day_by_day_and_dropped(shell: Shell) -> None:
    def hours(*arguments: str) -> Any:
        return shell.ok("tenant", "hours", "acme", *arguments)

    assert hours()["always"]
    made = hours("--day", "mon-fri=09:00-17:00", "--holiday", "2026-12-25", "--holiday", "2026-12-26")
    assert (made["always"], made["time_zone"]) == (False, "Europe/Berlin")
    assert made["week"] == dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), OPEN) | {"sat": [], "sun": []}
    assert made["holidays"] == ["2026-12-25", "2026-12-26"]
    changed = hours(
        "--day", "wed=closed", "--day", "sun=13:00-24:00,08:00-12:00", "--time-zone", "UTC",
        "--holiday", "2027-01-01", "--no-holiday", "2026-12-26",
    )  # fmt: skip
    assert changed["week"]["wed"] == []
    assert changed["week"]["sun"] == [["08:00", "12:00"], ["13:00", "24:00"]]
    assert changed["week"]["mon"] == OPEN
    assert (changed["time_zone"], changed["holidays"]) == ("UTC", ["2026-12-25", "2027-01-01"])
    assert hours() == changed
    table = shell("tenant", "hours", "acme").out
    assert "08:00-12:00, 13:00-24:00" in table
    assert "Holidays: 2026-12-25, 2027-01-01." in table
    assert hours("--always")["always"]
    assert shell("tenant", "hours", "acme").out == "The clocks of acme run always.\n"


def test_addresses_are_added_listed_and_dropped(shell: Shell) -> None:
    defaults = ("--category", "billing", "--priority", "high", "--type", "customer_request", "--tag", "money")
    made = shell.ok(
        "tenant", "address", "add", "acme", "<Billing@Acme.Example>", "--name", "Bills", *defaults
    )
    assert made == {
        "address": "billing@acme.example",
        "kind": "inbox",
        "name": "Bills",
        "category": "billing",
        "priority": "high",
        "type": "customer_request",
        "tags": ["money"],
    }
    agent = shell.ok("tenant", "address", "add", "acme", "ada@acme.example", "--agent")
    assert agent["kind"] == "agent"
    assert shell.ok("tenant", "address", "list", "acme")["items"] == [agent, made]
    assert "Bills" in shell("tenant", "address", "list", "acme").out
    assert shell("tenant", "address", "drop", "acme", "Billing@acme.example").code == 0
    assert shell("tenant", "address", "drop", "acme", "billing@acme.example").code == 1
    assert shell.ok("tenant", "address", "list", "acme")["items"] == [agent]


def test_an_address_of_another_tenant_is_refused(shell: Shell) -> None:
    """P4."""
    shell.ok("tenant", "add", "globex")
    shell.ok("tenant", "address", "add", "globex", "help@globex.example")
    ended = shell("tenant", "address", "add", "acme", "help@globex.example")
    assert (ended.code, "another tenant" in ended.err) == (1, True)


def seed(database_url: str, slug: str, contacts: dict[str, str]) -> None:
    """Contacts of the tenant, by address, with the kind of their identity."""

    async def work() -> None:
        async with pool_of(database_url) as pool:
            tenant = await pool_tenant(pool, slug)
            for address, kind in contacts.items():
                await seed_contact(pool, tenant, address, kind)

    asyncio.run(work())


async def pool_tenant(pool: Pool, slug: str) -> Tenant:
    found = await find_tenant_id(pool, slug)
    assert found is not None
    return Tenant(id=found, slug=slug, name=slug)


def test_contacts_are_listed_and_searched(shell: Shell, database_url: str) -> None:
    """Newest first, page by page; only those of the tenant (P4)."""
    shell.ok("tenant", "add", "globex")
    seed(
        database_url,
        "acme",
        {"one@example.org": "email", "+15005550100": "phone", "two%@example.org": "email"},
    )
    seed(database_url, "globex", {"one@example.org": "email"})

    def found(*arguments: str) -> list[str]:
        items = shell.ok("contact", "list", "--tenant", "acme", *arguments)["items"]
        assert {one["tenant"] for one in items} <= {"acme"}
        return [one["identities"][0]["value"] for one in items]

    assert found() == ["two%@example.org", "+15005550100", "one@example.org"]
    assert found("--search", "ONE@") == ["one@example.org"]
    assert found("--search", "%") == ["two%@example.org"]
    assert len(found("--search", "ada berg")) == 3
    assert found("--search", "nobody") == []
    page = shell.ok("contact", "list", "--tenant", "acme", "--limit", "2")
    assert found("--after", page["next"]) == ["one@example.org"]
    assert shell("contact", "list", "--tenant", "acme", "--after", "x").code == 1
    assert "+15005550100" in shell("contact", "list", "--tenant", "acme").out


def test_a_contact_is_marked_and_unmarked(shell: Shell, database_url: str) -> None:
    """What is not named stays; the same address of another tenant is another contact (P4)."""
    shell.ok("tenant", "add", "globex")
    seed(database_url, "acme", {"one@example.org": "email"})
    seed(database_url, "globex", {"one@example.org": "email"})
    vip = shell.ok("contact", "set", "--tenant", "acme", "One@Example.org", "--vip")
    assert (vip["vip"], vip["blocked"]) == (True, False)
    both = shell.ok("contact", "set", "--tenant", "acme", "one@example.org", "--blocked")
    assert (both["vip"], both["blocked"]) == (True, True)
    assert "VIP, blocked" in shell("contact", "list", "--tenant", "acme").out
    assert len(shell.ok("contact", "list", "--tenant", "acme", "--vip", "--blocked")["items"]) == 1
    assert shell.ok("contact", "list", "--tenant", "acme", "--not-blocked")["items"] == []
    (other,) = shell.ok("contact", "list", "--tenant", "globex")["items"]
    assert (other["vip"], other["blocked"]) == (False, False)
    said = shell("contact", "set", "--tenant", "acme", "one@example.org", "--no-vip", "--not-blocked")
    assert said.out == "Ada Berg (email one@example.org): not marked.\n"


def test_contacts_with_one_address_are_told_apart_by_its_kind(shell: Shell, database_url: str) -> None:
    """Who only typed an address into a form is not the one whose it is."""
    seed(database_url, "acme", {"one@example.org": "email"})
    seed(database_url, "acme", {"one@example.org": "claim:email"})
    ended = shell("contact", "set", "--tenant", "acme", "one@example.org", "--blocked")
    assert (ended.code, "name one with --kind" in ended.err) == (2, True)
    assert "claim:email one@example.org" in ended.err
    kind = ("--kind", "claim:email")
    marked = shell.ok("contact", "set", "--tenant", "acme", "one@example.org", "--blocked", *kind)
    assert marked["identities"] == [{"kind": "claim:email", "value": "one@example.org"}]
    blocked = shell.ok("contact", "list", "--tenant", "acme", "--blocked")["items"]
    assert [one["id"] for one in blocked] == [marked["id"]]


def test_a_contact_is_found_by_any_of_its_identities(shell: Shell, database_url: str) -> None:
    async def work() -> None:
        async with pool_of(database_url) as pool:
            tenant = await pool_tenant(pool, "acme")
            row = ContactRow(id=new_id(), tenant_id=tenant.id, name="Bo", created_at=NOON)
            ways = (("email", "bo@example.org"), ("slack", "U024BE7LH"))
            identities = [
                IdentityRow(tenant_id=tenant.id, kind=kind, value=value, contact_id=row.id)
                for kind, value in ways
            ]
            await apply(pool, tenant, Changes(contacts=[row], identities=identities))

    asyncio.run(work())
    assert shell.ok("contact", "set", "--tenant", "acme", "U024BE7LH", "--vip")["name"] == "Bo"
    assert shell.ok("contact", "set", "--tenant", "acme", "bo@example.org", "--blocked")["vip"]


@dataclass(frozen=True, kw_only=True)
class Wrong:
    label: str
    arguments: tuple[str, ...]
    code: int = 2
    says: tuple[str, ...]


SLA, HOURS, ADD = ("tenant", "sla", "acme"), ("tenant", "hours", "acme"), ("tenant", "address", "add", "acme")
MARK = ("contact", "set", "--tenant", "acme", "ada@example.org")
WRONG = (
    Wrong(
        label="several faults of targets at once",
        arguments=(*SLA, "--set", "soon=1/2", "--set", "low=1", "--default", "never"),
        says=("not 'soon'", "PRIORITY=FIRST/RESOLUTION, not 'low=1'", "not 'never'"),
    ),
    Wrong(
        label="a priority set twice",
        arguments=(*SLA, "--set", "low=1/2", "--default", "low"),
        says=("low is named twice",),
    ),
    Wrong(
        label="no time at all", arguments=(*SLA, "--set", "low=0/5"), code=1, says=("one minute at least",)
    ),
    Wrong(
        label="resolved before answered",
        arguments=(*SLA, "--set", "low=10/5"),
        code=1,
        says=("no later than the resolution: not 10/5",),
    ),
    Wrong(label="in a thousand years", arguments=(*SLA, "--set", "low=1/600000"), code=1, says=("a year",)),
    Wrong(
        label="several faults of hours at once",
        arguments=(*HOURS, "--day", "mon=9-17", "--day", "moon=09:00-10:00", "--holiday", "25.12.2026"),
        says=("not '9-17'", "not 'moon'", "not '25.12.2026'"),
    ),
    Wrong(label="no hour 25", arguments=(*HOURS, "--day", "mon=09:00-25:00"), says=("at most to 24:00",)),
    Wrong(label="opening at 24:00", arguments=(*HOURS, "--day", "mon=24:00-24:00"), says=("09:00-17:00",)),
    Wrong(label="the end first", arguments=(*HOURS, "--day", "mon=17:00-09:00"), says=("after they begin",)),
    Wrong(label="no hours", arguments=(*HOURS, "--day", "mon="), says=("written as 09:00-17:00",)),
    Wrong(
        label="a range that goes backwards",
        arguments=(*HOURS, "--day", "fri-mon=closed"),
        says=("'fri-mon'",),
    ),
    Wrong(
        label="hours that overlap",
        arguments=(*HOURS, "--day", "mon=09:00-12:00", "--day", "mon=11:00-13:00"),
        says=("The hours of mon overlap",),
    ),
    Wrong(label="no day open", arguments=(*HOURS, "--holiday", "2026-12-25"), says=("No day would be open",)),
    Wrong(
        label="no such time zone",
        arguments=(*HOURS, "--day", "mon=09:00-17:00", "--time-zone", "Europe"),
        code=1,
        says=("no time zone Europe",),
    ),
    Wrong(
        label="always and not always",
        arguments=(*HOURS, "--always", "--day", "mon=09:00-17:00"),
        says=("give it alone",),
    ),
    Wrong(
        label="several faults of an address at once",
        arguments=(*ADD, "a@acme.example", "--category", "boats", "--priority", "soon", "--type", "x"),
        code=1,
        says=("category is one of", "not soon", "type is one of"),
    ),
    Wrong(label="no address", arguments=(*ADD, "acme"), code=1, says=("no mail address",)),
    Wrong(
        label="an agent with defaults",
        arguments=(*ADD, "a@acme.example", "--agent", "--tag", "x"),
        says=("leave --agent",),
    ),
    Wrong(label="nothing to change", arguments=MARK, says=("--not-blocked",)),
    Wrong(label="nobody", arguments=(*MARK, "--vip"), code=1, says=("Nobody wrote to acme",)),
    Wrong(
        label="no such tenant", arguments=("tenant", "hours", "nobody"), code=1, says=("no tenant nobody",)
    ),
    Wrong(
        label="rules of nobody", arguments=("tenant", "rules", "nobody"), code=1, says=("no tenant nobody",)
    ),
    Wrong(
        label="a file that is not there",
        arguments=("tenant", "rules", "acme", "--file", "/nowhere.toml"),
        says=("/nowhere.toml cannot be read",),
    ),
)


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.label)
def test_what_cannot_be_is_said_in_words_and_changes_nothing(shell: Shell, case: Wrong) -> None:
    before = [shell.ok(*one) for one in (SLA, HOURS, ("tenant", "address", "list", "acme"))]
    ended = shell(*case.arguments)
    assert (ended.code, ended.out) == (case.code, "")
    assert [text for text in case.says if text not in ended.err] == []
    assert "Traceback" not in ended.err
    assert [shell.ok(*one) for one in (SLA, HOURS, ("tenant", "address", "list", "acme"))] == before
