"""The demo's tenant and accounts, made once for each data folder by the commands that an operator types."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from worker.embedded.private import read_private, write_private

TENANT = "demo"
AGENT = "agent@demo.test"
_FILE = "demo.json"


class DemoError(Exception):
    """The demo cannot go on; the text says why."""


class DemoAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What `inlet account add` prints."""

    account: str
    provider: str
    url: str
    secret: str


class DemoAccounts(msgspec.Struct, frozen=True, kw_only=True):
    mail: DemoAccount
    text: DemoAccount


async def find_or_make(data: Path, environ: Mapping[str, str]) -> tuple[DemoAccounts, bool]:
    """The accounts of the demo, and whether they were made just now. Raises DemoError."""
    known = read_private(data / _FILE)
    if known:
        return msgspec.json.decode(known, type=DemoAccounts), False
    env = {**environ, "INLET_DATA": str(data)}
    await _inlet(env, "tenant", "add", TENANT, "--agent", AGENT)
    token = secrets.token_hex(16)
    accounts = DemoAccounts(
        mail=await _account(env, "cloudflare-email"), text=await _account(env, "twilio", "--secret", token)
    )
    write_private(data / _FILE, msgspec.json.encode(accounts).decode())
    return accounts, True


async def _account(env: Mapping[str, str], provider: str, *options: str) -> DemoAccount:
    printed = await _inlet(env, "account", "add", provider, "--tenant", TENANT, *options)
    return msgspec.json.decode(printed, type=DemoAccount)


async def _inlet(env: Mapping[str, str], *words: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "worker.cli", *words, "--json"),
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    if process.returncode:
        raise DemoError(f"`inlet {' '.join(words[:3])}` said: {errors.decode(errors='replace').strip()}")
    return output
