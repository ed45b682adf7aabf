"""Mail addresses as routing compares them, and the forms that relays wrap around them undone."""

from __future__ import annotations

import re
from functools import lru_cache

import idna

from channels.message import InboundMessage

# Where no envelope is known, these say to whom a mail was delivered, the most trustworthy first.
_DELIVERY_FIELDS = ("delivered_to", "x_original_to", "to", "cc")
_ALL_FIELDS = ("envelope", *_DELIVERY_FIELDS, "bcc")

# BATV (draft-levine-smtp-batv): prvs=<key and stamp>=<local>; Barracuda's own: btv1==<stamp>==<local>.
_BATV = re.compile(r"(?:prvs=[0-9a-z]{5,20}|btv1==[0-9a-z]{1,20}=)=(?P<local>.+)")
_BATV_SWAPPED = re.compile(r"prvs=(?P<local>[^=]+)=[0-9a-f]{10}")
# Sender Rewriting Scheme: SRS0=hash=stamp=domain=local, SRS1=hash=relay==hash=stamp=domain=local.
_SRS = re.compile(r"(?:srs0[=+-]|srs1[=+-][^=]*=[^=]*=[=+-])[^=]*=[^=]{1,4}=(?P<domain>[^=]+)=(?P<local>.+)")


def split(address: str) -> tuple[str, str]:
    """Local part and domain; the domain is empty where there is no `@`."""
    local, _, domain = address.rpartition("@")
    return (local, domain) if local else (domain, "")


def normal_domain(domain: str) -> str:
    """A domain as it is compared: lower-case, ASCII (IDNA), no trailing dot. Never raises."""
    domain = domain.strip().rstrip(".").lower()
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return domain


@lru_cache(maxsize=8192)
def normal(address: str) -> str:
    """An address as it is compared: bare, lower-case, domain as in `normal_domain`. Never raises."""
    local, domain = split(address.strip().strip("<>").strip())
    return f"{local.lower()}@{normal_domain(domain)}" if domain else local.lower()


def undone(address: str) -> str:
    """A normal address with its BATV and SRS forms undone: the one that a person would have written."""
    for _ in range(3):  # a relay may wrap what another one wrapped; more is a joke
        inner = _unwrapped(address)
        if inner == address:
            break
        address = inner
    return address


def _unwrapped(address: str) -> str:
    if "=" not in address:  # nearly every address: no relay's form is without one
        return address
    local, domain = split(address)
    srs = _SRS.fullmatch(local)
    if srs:
        return normal(f"{srs['local']}@{srs['domain']}")
    batv = _BATV_SWAPPED.fullmatch(local) or _BATV.fullmatch(local)
    return f"{batv['local']}@{domain}" if batv else address


def all_recipients(message: InboundMessage) -> tuple[str, ...]:
    """Every recipient of whatever field, normal, the envelope's first. Each once."""
    return _unique(message.recipients_in(*_ALL_FIELDS))


def deciding_recipients(message: InboundMessage) -> tuple[str, ...]:
    """The recipients that may decide the tenant: the envelope's where it is known, else the head's (R30)."""
    return _unique(message.recipients_in("envelope") or message.recipients_in(*_DELIVERY_FIELDS))


def _unique(addresses: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(normal(address) for address in addresses))
