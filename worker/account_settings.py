"""Settings of an account: which there are, what each may be. An unknown one would do nothing, unseen."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from routing.facts import CATEGORIES, PRIORITIES, TYPES

if TYPE_CHECKING:
    from channels.contract import Channel

MOST = 1000
"""Characters of a value."""
_WORDS = re.compile(r"[^\s,]+([\s,]+[^\s,]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSetting:
    """A setting that an account of any provider can have. `fits` says whether it may have this value."""

    name: str
    help: str
    fits: Callable[[str], bool]


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"\s", value)
    except ValueError:
        return False


def _is_count(value: str) -> bool:
    return re.fullmatch("[1-9][0-9]{0,8}", value) is not None


def _are_words(value: str) -> bool:
    return _WORDS.fullmatch(value) is not None


COMMON = (
    AccountSetting(
        name="url",
        help="The URL that the provider calls, or only its https://host, where a proxy changes it.",
        fits=_is_url,
    ),
    AccountSetting(
        name="max_per_minute",
        help="Messages that are taken per minute, at most: a number from 1. Above it the answer is 429.",
        fits=_is_count,
    ),
    AccountSetting(
        name="authserv_id",
        help="Whose Authentication-Results are believed beside `INLET_AUTHSERV_ID`; several by comma.",
        fits=_are_words,
    ),
    AccountSetting(
        name="category",
        help=f"Category where the words of a message decide none: {', '.join(CATEGORIES)}.",
        fits=CATEGORIES.__contains__,
    ),
    AccountSetting(
        name="priority",
        help=f"Priority to begin with: {', '.join(PRIORITIES)}.",
        fits=PRIORITIES.__contains__,
    ),
    AccountSetting(name="type", help=f"Type to begin with: {', '.join(TYPES)}.", fits=TYPES.__contains__),
    AccountSetting(
        name="tags", help="Tags that each ticket gets; several by comma or blank.", fits=_are_words
    ),
)


def faults(channel: Channel, settings: Mapping[str, str]) -> list[str]:
    """In words, what is wrong with settings of an account of this channel. An empty value is none."""
    common = {one.name: one for one in COMMON}
    needs = {need.name: need.help for need in channel.needs if not need.secret}
    found = []
    for name, value in settings.items():
        if name not in common and name not in needs:
            found.append(
                f"{channel.title} has no setting {name!r}; it has {', '.join(sorted(common | needs))}."
            )
        elif name in common and value and not (len(value) <= MOST and common[name].fits(value)):
            found.append(f"{name} cannot be {value[:50]!r}. {common[name].help}")
        elif len(value) > MOST:
            found.append(f"{name} is longer than {MOST} characters.")
    return found
