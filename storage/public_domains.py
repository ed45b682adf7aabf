"""Domains at which anybody gets a mail address: no tenant can own one."""

from __future__ import annotations

from importlib.resources import files


def _read() -> frozenset[str]:
    lines = files("storage").joinpath("public_domains.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(name for line in lines if not line.startswith("#") for name in line.split())


PUBLIC = _read()
