"""The table of settings: each name, what it is for, its default and how it is read.

`docs/configuration.md` is checked against it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from worker import setting_values as values


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One row of the table. `read` raises ValueError with what is wrong; `fault` says what to do."""

    name: str
    field: str
    default: str
    help: str
    read: Callable[[str], Any]
    secret: bool = False
    """The value is never shown, not even in a fault."""


SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="INLET_DATA",
        field="data",
        default=".inlet",
        help="Folder for everything that this machine keeps: embedded servers, spool, blobs, state file.",
        read=values.folder,
    ),
    Setting(
        name="INLET_DATABASE_URL",
        field="database_url",
        default="",
        help="Postgres, as `postgresql://user:password@host:port/database`. "
        "Unset: that of a running `inlet up`.",
        read=values.postgres_url,
        secret=True,
    ),
    Setting(
        name="INLET_REDIS_URL",
        field="redis_url",
        default="",
        help="Redis or Valkey, as `redis://:password@host:port/0`. Unset: that of a running `inlet up`.",
        read=values.redis_url,
        secret=True,
    ),
    Setting(
        name="INLET_SECRET_KEY",
        field="secret_keys",
        default="",
        help="Keys that encrypt secrets at rest, comma separated: the first seals, all open. Each is "
        "URL-safe base64 of 32 random bytes. Unset: the file `secret.key` in the data folder.",
        read=values.secret_keys,
        secret=True,
    ),
    Setting(
        name="INLET_HOST",
        field="host",
        default="127.0.0.1",
        help="Address that the receiver listens on; `0.0.0.0` for all.",
        read=values.word,
    ),
    Setting(
        name="INLET_PORT",
        field="port",
        default="8080",
        help="Port of the receiver.",
        read=values.port,
    ),
    Setting(
        name="INLET_PUBLIC_URL",
        field="public_url",
        default="",
        help="Address at which providers reach the receiver. Needed behind a proxy: "
        "signatures cover the URL.",
        read=values.http_url,
    ),
    Setting(
        name="INLET_MAIL_DOMAIN",
        field="mail_domains",
        default="",
        help="Shared mail domains of plus addresses (`support+<slug>@…`), comma separated. The first one is "
        "used in reply addresses.",
        read=values.domains,
    ),
    Setting(
        name="INLET_BASE_DOMAIN",
        field="base_domains",
        default="",
        help="Domains whose subdomains are tenants' slugs (`<anything>@<slug>.…`), comma separated.",
        read=values.domains,
    ),
    Setting(
        name="INLET_BLOB_URL",
        field="blob_url",
        default="",
        help="Where originals and attachments are kept: `file:///…`, `s3://…`, `gs://…` or `az://…`. "
        "Unset: the folder `blobs` in the data folder.",
        read=values.blob_url,
    ),
    Setting(
        name="INLET_SPOOL",
        field="spool",
        default="",
        help="Folder that takes accepted messages while Redis is away, or `off`. "
        "Unset: the folder `spool` in the data folder.",
        read=values.word,
    ),
    Setting(
        name="INLET_SPOOL_BYTES",
        field="spool_bytes",
        default="1GiB",
        help="The most that the spool may hold; a receiver answers 503 above it.",
        read=values.size,
    ),
    Setting(
        name="INLET_AUTHSERV_ID",
        field="authserv_ids",
        default="",
        help="Names in Authentication-Results that are believed, comma separated: "
        "those of your own mail servers.",
        read=values.words,
    ),
    Setting(
        name="INLET_LOG_LEVEL",
        field="log_level",
        default="info",
        help="`debug`, `info`, `warning` or `error`.",
        read=values.one_of("debug", "info", "warning", "error"),
    ),
    Setting(
        name="INLET_LOG_FORMAT",
        field="log_format",
        default="json",
        help="`json` for machines, `console` for people.",
        read=values.one_of("json", "console"),
    ),
    Setting(
        name="INLET_BATCH",
        field="batch",
        default="200",
        help="The most messages that a worker writes in one transaction.",
        read=values.count(1, 2000),
    ),
    Setting(
        name="INLET_BATCHES",
        field="batches",
        default="3",
        help="Batches that one worker has in flight.",
        read=values.count(1, 32),
    ),
    Setting(
        name="INLET_APPEND_SECONDS",
        field="append_seconds",
        default="1",
        help="How long an append to Redis may take before the spool takes the messages.",
        read=values.seconds(0.05, 60),
    ),
    Setting(
        name="INLET_HINT_MS",
        field="hint_ms",
        default="5",
        help="A receiver tells the workers of new messages at most once in so many milliseconds.",
        read=values.count(0, 60_000),
    ),
    Setting(
        name="INLET_POLL_MS",
        field="poll_ms",
        default="10",
        help="How often an idle worker looks for such a hint, in milliseconds.",
        read=values.count(1, 60_000),
    ),
    Setting(
        name="INLET_READ_SECONDS",
        field="read_seconds",
        default="20",
        help="How long a large or suspicious mail may take to read, in a process of its own, before only its "
        "head is read.",
        read=values.seconds(0.1, 600),
    ),
    Setting(
        name="INLET_METRICS_PORT",
        field="metrics_port",
        default="0",
        help="Port on which a worker shows its metrics; 0 switches it off.",
        read=values.port_or_off,
    ),
)
