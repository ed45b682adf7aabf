"""What is set by environment: the only place that reads it. Faults are collected and reported together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from worker import setting_values as values
from worker.setting_table import SETTINGS, Setting

STATE_FILE = "state.json"
"""Written by a running `inlet up` (0600): how other commands find its servers."""
KEY_FILE = "secret.key"
"""The generated secret key of an embedded set-up (0600)."""
SERVERS = frozenset({"database_url", "redis_url", "secret_keys"})
"""What every process needs but `inlet up`, which makes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of a process. Times are in the unit that the name says, sizes in bytes."""

    data: Path
    database_url: str
    """Empty only where `load` was told that no servers are needed."""
    redis_url: str
    secret_keys: tuple[str, ...]
    """The first seals, all open."""
    host: str
    port: int
    public_url: str
    """Where providers reach us, without a trailing slash; empty: as each request says."""
    mail_domains: tuple[str, ...]
    base_domains: tuple[str, ...]
    blob_url: str
    spool: Path | None
    """None: switched off."""
    spool_bytes: int
    authserv_ids: tuple[str, ...]
    log_level: str
    log_format: str
    batch: int
    batches: int
    append_seconds: float
    hint_ms: int
    poll_ms: int
    read_seconds: float
    metrics_port: int
    origin: str
    """How an operator reaches the receiver: its public URL, else that of `inlet up`, else its own."""


class SettingsError(Exception):
    """The settings cannot be used. `faults`: one line for each fault, with what to do about it."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


def load(
    environ: Mapping[str, str], *, state: Mapping[str, Any] | None = None, needs: frozenset[str] = SERVERS
) -> Settings:
    """The settings that the environment gives; a running `inlet up` (`state`) fills in its servers.

    Reads the key file where no key is set. `needs` names the fields that may not be empty.
    Raises SettingsError with all faults at once.
    """
    found: dict[str, Any] = {}
    faults: list[str] = []
    for setting in SETTINGS:
        _read(setting, environ, found, faults)
    if found["data"]:
        _fill(found, state or {}, faults)
    faults += [
        _missing(setting, found["data"]) for setting in SETTINGS if _lacks(setting, environ, found, needs)
    ]
    if faults:
        raise SettingsError(faults)
    return Settings(**found)


def _read(setting: Setting, environ: Mapping[str, str], found: dict[str, Any], faults: list[str]) -> None:
    text = environ.get(setting.name, "").strip() or setting.default
    found[setting.field] = ""
    if not text and setting.read not in (values.domains, values.words, values.secret_keys):
        return
    try:
        found[setting.field] = setting.read(text)
    except ValueError as error:
        given = "" if setting.secret else f" (it is {text!r})"
        faults.append(f"{setting.name}: {error}{given}.")


def _fill(found: dict[str, Any], state: Mapping[str, Any], faults: list[str]) -> None:
    """Put in what depends on other settings or lies in files."""
    data: Path = found["data"]
    found["database_url"] = found["database_url"] or str(state.get("database_url") or "")
    found["redis_url"] = found["redis_url"] or str(state.get("redis_url") or "")
    found["origin"] = found["public_url"] or state.get("url") or _origin(found["host"], found["port"])
    found["blob_url"] = found["blob_url"] or (data / "blobs").as_uri()
    found["spool"] = _spool(found["spool"], data)
    try:
        found["secret_keys"] = found["secret_keys"] or _key_file(data, state)
    except ValueError as error:
        faults.append(f"{data / KEY_FILE}: {error}. Restore the file, or set INLET_SECRET_KEY.")


def _spool(text: str, data: Path) -> Path | None:
    if text.lower() == "off":
        return None
    return values.folder(text) if text else data / "spool"


def _key_file(data: Path, state: Mapping[str, Any]) -> tuple[str, ...]:
    try:
        text = Path(state.get("secret_key_file") or data / KEY_FILE).read_text(encoding="ascii")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"it cannot be read ({type(error).__name__})") from error
    return values.secret_keys(text.replace("\n", ","))


def _lacks(
    setting: Setting, environ: Mapping[str, str], found: dict[str, Any], needs: frozenset[str]
) -> bool:
    return setting.field in needs and not found[setting.field] and not environ.get(setting.name, "").strip()


def _missing(setting: Setting, data: Path) -> str:
    name = setting.name
    return f"{name} is not set, and no running `inlet up` was found in {data}: start it, or set {name}."


def _origin(host: str, port: int) -> str:
    host = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104 - it is what not to show
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def data_folder(environ: Mapping[str, str]) -> Path:
    """The data folder that the environment names."""
    return values.folder(environ.get("INLET_DATA", "").strip() or ".inlet")


def read_state(data: Path) -> dict[str, Any] | None:
    """What a running `inlet up` left in its state file, or None where there is none that can be read."""
    try:
        state = msgspec.json.decode((data / STATE_FILE).read_bytes())
    except (OSError, msgspec.DecodeError):
        return None
    return state if isinstance(state, dict) else None


def find(environ: Mapping[str, str] = os.environ, *, needs: frozenset[str] = SERVERS) -> Settings:
    """The settings for any command: the environment, helped by the state file of a running `inlet up`."""
    return load(environ, state=read_state(data_folder(environ)), needs=needs)


def unknown_names(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Names that look like settings but are none: most likely misspelt."""
    known = {setting.name for setting in SETTINGS}
    return sorted(name for name in environ if name.startswith("INLET_") and name not in known)
