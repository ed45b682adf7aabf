"""Whether the sender of a message is proven to be who it says: by a signature or an aligned verdict."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Literal

import msgspec

from channels.contract import Account
from channels.message import Flag, InboundMessage
from routing.addresses import normal_domain, split

Verdict = Literal["pass", "fail", "none"]

_COMMENT = re.compile(r"\([^()]*\)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_RESULT = re.compile(r"\s*([a-z0-9-]+)(?:/[0-9]+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"(?<=\s)([a-z]+\.[a-z0-9_.-]+)\s*=\s*([^\s;]+)", re.IGNORECASE)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One method of an Authentication-Results header (RFC 8601): its result and properties, lower-case."""

    method: str
    result: str
    properties: dict[str, str] = {}


def sender_proven(message: InboundMessage, account: Account, authserv_ids: Collection[str]) -> bool:
    """Whether the sender's address counts as proof. See `verdict`."""
    return verdict(message, account, authserv_ids) == "pass"


def verdict(message: InboundMessage, account: Account, authserv_ids: Collection[str]) -> Verdict:
    """What is known of the sender's claim.

    The sender of a provider's channel is proven by the channel's signature, unless it was let through
    unverified or typed in by whoever wrote. A mail's From is judged by the provider's own field (`dmarc` in
    `extra`), else by the topmost Authentication-Results of a configured authserv-id: any other one could be
    the sender's own.
    """
    if Flag.UNVERIFIED in message.flags:
        return "fail"
    if message.mail is None:
        return "none" if message.sender_claimed else "pass"
    own = message.extra.get("dmarc", "").lower()
    if own:
        return _of_dmarc(own) or "none"
    known = {*authserv_ids, *account.settings.get("authserv_id", "").replace(",", " ").split()}
    results = _trusted(message.mail.authentication_results, {one.lower() for one in known})
    return _judge(results, normal_domain(split(message.sender.address)[1]))


def _trusted(headers: tuple[str, ...], known: Collection[str]) -> tuple[Result, ...]:
    for header in headers:
        server, results = read_results(header)
        if server in known:
            return results
    return ()


def _judge(results: tuple[Result, ...], domain: str) -> Verdict:
    if not domain:
        return "none"
    for one in results:
        if one.method == "dmarc" and _aligned(one.properties.get("header.from", domain), domain):
            said = _of_dmarc(one.result)
            if said is not None:
                return said
    return "pass" if any(_vouches(one, domain) for one in results) else "none"


def _of_dmarc(result: str) -> Verdict | None:
    """None where it does not decide: `none` (no policy), `temperror` and the like."""
    return "pass" if result == "pass" else "fail" if result in ("fail", "reject", "quarantine") else None


def _vouches(one: Result, domain: str) -> bool:
    """Whether a DKIM or SPF pass is for the domain of From."""
    if one.result != "pass" or one.method not in ("dkim", "spf"):
        return False
    names = ("header.d", "header.i") if one.method == "dkim" else ("smtp.mailfrom",)
    said = next((one.properties[name] for name in names if name in one.properties), "")
    return bool(said) and _aligned(said.rpartition("@")[2], domain)


def _aligned(one: str, other: str) -> bool:
    """Relaxed alignment (RFC 7489, 3.1), without public suffixes: the same, or one under the other."""
    one = normal_domain(one.rpartition("@")[2])
    return (
        bool(one) and "." in one and (one == other or one.endswith(f".{other}") or other.endswith(f".{one}"))
    )


def read_results(header: str) -> tuple[str, tuple[Result, ...]]:
    """The authserv-id of an Authentication-Results header, lower-case, and its results. Never raises."""
    parts = _bare(header).split(";")
    server = (parts[0].split() or [""])[0].strip('"').lower()
    return server, tuple(_results(parts[1:]))


def _results(parts: list[str]) -> Iterator[Result]:
    for part in parts:
        known = _RESULT.match(part)
        if known:
            properties = {name.lower(): value.lower() for name, value in _PROPERTY.findall(part)}
            yield Result(method=known[1].lower(), result=known[2].lower(), properties=properties)


def _bare(header: str) -> str:
    """Without comments, and with nothing in quotes that could end a part or open a property."""
    for _ in range(5):
        header, changed = _COMMENT.subn(" ", header)
        if not changed:
            break
    return _QUOTED.sub(lambda found: re.sub(r"[\s;=]", "_", found[1]), header)
