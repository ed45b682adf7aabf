"""What `inlet up` tells its operator once everything runs."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

_WELCOME = """
Inlet is running.

  Webhooks       {url}/webhooks/<provider>/<account>
  Operator API   {url}/api/ (described in {url}/api/openapi.json)
  Operator key   {key} (kept in {data}/operator.key)
  Metrics        {url}/metrics
  Data and logs  {data}

Try it: a tenant, what a caller said, the ticket that came of it, and what other programs are told.

  {inlet} tenant add acme
  curl -sS {url}/api/messages -H 'Authorization: Bearer {key}' \\
    -H 'Content-Type: application/json' -d '{message}'
  curl -sS '{url}/api/tickets?tenant=acme' -H 'Authorization: Bearer {key}'
  curl -sS {url}/api/events -H 'Authorization: Bearer {key}'

Ctrl-C stops everything. What was accepted is kept.
"""
_MESSAGE = (
    '{"tenant": "acme", "channel": "phone", "sender": {"name": "Ada", "address": "+15555550100"}, '
    '"text": "My parcel has not arrived."}'
)


def welcome(url: str, key: str, data: Path, *, is_usual: bool) -> str:
    """Where everything is, and how to try it. `is_usual`: other commands find the folder by themselves."""
    inlet = _command() if is_usual else f"INLET_DATA={shlex.quote(str(data))} {_command()}"
    return _WELCOME.format(url=url, key=key, data=data, message=_MESSAGE, inlet=inlet)


def _command() -> str:
    """How `inlet` is called from a shell: by its path where its folder is not on PATH."""
    return "inlet" if shutil.which("inlet") else shlex.quote(str(Path(sys.executable).with_name("inlet")))
