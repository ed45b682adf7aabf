"""Settings are read by one table, all faults are told at once, and no secret is ever shown."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from worker.setting_table import SETTINGS
from worker.settings import SettingsError, find, load, unknown_names

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
OTHER = base64.urlsafe_b64encode(b"\xff" * 32).decode()
BASE = {
    "INLET_DATABASE_URL": "postgresql://inlet:hush@db.example.org/inlet",
    "INLET_REDIS_URL": "redis://:hush@redis.example.org/0",
    "INLET_SECRET_KEY": KEY,
}


@dataclass(frozen=True, kw_only=True)
class Good:
    label: str
    env: dict[str, str]
    field: str
    value: Any


GOOD = (
    Good(label="the default port is 8080", env={}, field="port", value=8080),
    Good(label="a blank value is as good as none", env={"INLET_PORT": "  "}, field="port", value=8080),
    Good(
        label="several keys: the first seals",
        env={"INLET_SECRET_KEY": f"{OTHER}, {KEY}"},
        field="secret_keys",
        value=(OTHER, KEY),
    ),
    Good(
        label="mail domains are lower-case ASCII",
        env={"INLET_MAIL_DOMAIN": "In.Example.org, bücher.example.,"},
        field="mail_domains",
        value=("in.example.org", "xn--bcher-kva.example"),
    ),
    Good(label="no base domain is no fault", env={}, field="base_domains", value=()),
    Good(
        label="a spool size takes a unit",
        env={"INLET_SPOOL_BYTES": "64 MiB"},
        field="spool_bytes",
        value=64 << 20,
    ),
    Good(label="the spool can be switched off", env={"INLET_SPOOL": "OFF"}, field="spool", value=None),
    Good(
        label="the spool lies in the data folder",
        env={"INLET_DATA": "/var/i"},
        field="spool",
        value=Path("/var/i/spool"),
    ),
    Good(
        label="blobs lie in the data folder",
        env={"INLET_DATA": "/var/i"},
        field="blob_url",
        value="file:///var/i/blobs",
    ),
    Good(
        label="the public URL loses its slash",
        env={"INLET_PUBLIC_URL": "https://in.example.org/"},
        field="public_url",
        value="https://in.example.org",
    ),
    Good(
        label="operators are shown the public URL",
        env={"INLET_PUBLIC_URL": "https://in.example.org"},
        field="origin",
        value="https://in.example.org",
    ),
    Good(
        label="operators are never shown a wildcard",
        env={"INLET_HOST": "::", "INLET_PORT": "81"},
        field="origin",
        value="http://127.0.0.1:81",
    ),
    Good(
        label="an append waits a fraction of a second",
        env={"INLET_APPEND_SECONDS": "0.25"},
        field="append_seconds",
        value=0.25,
    ),
    Good(
        label="authserv-ids are compared in lower case",
        env={"INLET_AUTHSERV_ID": "MX.Example.org"},
        field="authserv_ids",
        value=("mx.example.org",),
    ),
    Good(label="the metrics of a worker are off", env={}, field="metrics_port", value=0),
)


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.label)
def test_a_setting_is_read(case: Good) -> None:
    assert getattr(load(BASE | case.env), case.field) == case.value


BAD = {
    "INLET_DATABASE_URL": "mysql://inlet:hush@db/inlet",
    "INLET_REDIS_URL": "http://:hush@redis",
    "INLET_SECRET_KEY": "hush",
    "INLET_PORT": "eighty",
    "INLET_PUBLIC_URL": "inlet.example.org",
    "INLET_MAIL_DOMAIN": "a..b",
    "INLET_BASE_DOMAIN": "localhost",
    "INLET_BLOB_URL": "ftp://x",
    "INLET_SPOOL_BYTES": "1 furlong",
    "INLET_LOG_LEVEL": "loud",
    "INLET_LOG_FORMAT": "xml",
    "INLET_BATCH": "0",
    "INLET_BATCHES": "-1",
    "INLET_APPEND_SECONDS": "nan",
    "INLET_HINT_MS": "²",
    "INLET_POLL_MS": "0",
    "INLET_READ_SECONDS": "soon",
    "INLET_METRICS_PORT": "65536",
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_is_named_with_what_was_expected(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(BASE | {name: BAD[name]})
    (fault,) = caught.value.faults
    assert fault.startswith(f"{name}: expected ")
    assert "hush" not in fault


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load(BAD)
    assert sorted(fault.split(":")[0] for fault in caught.value.faults) == sorted(BAD)


def test_what_is_missing_is_told_beside_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load({"INLET_DATA": str(tmp_path), "INLET_PORT": "eighty"})
    names = {fault.split(":")[0].split(" ")[0] for fault in caught.value.faults}
    assert names == {"INLET_PORT", "INLET_DATABASE_URL", "INLET_REDIS_URL", "INLET_SECRET_KEY"}
    assert any(f"no running `inlet up` was found in {tmp_path}" in fault for fault in caught.value.faults)


def test_inlet_up_needs_no_servers(tmp_path: Path) -> None:
    settings = load({"INLET_DATA": str(tmp_path)}, needs=frozenset())
    assert (settings.database_url, settings.redis_url, settings.secret_keys) == ("", "", ())


def write_state(folder: Path, **state: str) -> dict[str, str]:
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "secret.key").write_text(KEY + "\n")
    return {"INLET_DATA": str(folder)}


STATE = {
    "database_url": "postgresql://embedded/x",
    "redis_url": "redis://embedded",
    "url": "http://127.0.0.1:9999",
}


def test_a_running_inlet_up_is_found_by_its_state_file(tmp_path: Path) -> None:
    settings = find(write_state(tmp_path, **STATE))
    assert (settings.database_url, settings.redis_url) == (STATE["database_url"], STATE["redis_url"])
    assert settings.secret_keys == (KEY,)
    assert settings.origin == STATE["url"]


def test_the_environment_is_stronger_than_the_state_file(tmp_path: Path) -> None:
    settings = find(write_state(tmp_path, **STATE) | BASE | {"INLET_SECRET_KEY": OTHER})
    assert settings.database_url == BASE["INLET_DATABASE_URL"]
    assert settings.secret_keys == (OTHER,)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"], ids=["empty", "torn", "a list", "no text"])
def test_an_unreadable_state_file_is_no_running_inlet_up(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state.json").write_bytes(content)
    with pytest.raises(SettingsError, match="no running `inlet up`"):
        find({"INLET_DATA": str(tmp_path)})


@pytest.mark.parametrize("content", [b"hush\n", b"\xff\xfehush"], ids=["it holds no key", "it is no text"])
def test_a_broken_key_file_is_told_and_not_shown(tmp_path: Path, content: bytes) -> None:
    write_state(tmp_path, **STATE)
    (tmp_path / "secret.key").write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        find({"INLET_DATA": str(tmp_path)})
    assert "secret.key" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_misspelt_setting_is_noticed() -> None:
    assert unknown_names({"INLET_DATABSE_URL": "x", "INLET_PORT": "1", "PATH": "/"}) == ["INLET_DATABSE_URL"]


def test_names_and_fields_of_the_table_are_unique() -> None:
    assert len({setting.name for setting in SETTINGS}) == len({s.field for s in SETTINGS}) == len(SETTINGS)
    assert all(setting.help.endswith(".") for setting in SETTINGS)
