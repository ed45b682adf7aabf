from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

import channels as room
from channels.contract import Account, Channel, Delivery, Verified
from channels.message import InboundMessage
from channels.registry import RegistryError, channels, collect


class Acme(Channel):
    provider = "acme"
    title = "Acme"
    docs = "https://example.org/docs"

    def verify(self, delivery: Delivery, secrets: object, now: datetime) -> Verified:
        return Verified()

    def parse(self, delivery: Delivery, account: Account) -> list[InboundMessage]:
        return []


class Twin(Acme):
    title = "Another one"


class Upper(Acme):
    provider = "Acme"


class Nameless(Acme):
    provider = ""


class Undocumented(Acme):
    docs = ""


def test_the_channels_of_the_house_are_found() -> None:
    assert {"cloudflare-email", "twilio"} <= set(channels())
    assert list(channels()) == sorted(channels())
    assert all(channel.provider == provider for provider, channel in channels().items())


def test_it_is_the_same_instance_each_time() -> None:
    assert channels()["twilio"] is channels()["twilio"]


def test_two_of_one_name_fail_and_both_are_told() -> None:
    with pytest.raises(RegistryError, match=r"Twin .*Acme .*'acme'"):
        collect([Acme, Twin])


@pytest.mark.parametrize("found", [Upper, Nameless, Undocumented])
def test_a_channel_that_does_not_say_who_it_is_fails(found: type[Channel]) -> None:
    with pytest.raises(RegistryError, match=found.__name__):
        collect([found])


def test_nobody_can_change_the_registry() -> None:
    with pytest.raises(TypeError):
        channels()["acme"] = Acme()  # type: ignore[index]


def test_no_folder_is_overlooked() -> None:
    """A folder without __init__.py is not scanned: its channels would be missing without a word."""
    folders = {path.parent for path in Path(room.__path__[0]).rglob("*.py")}
    assert not [str(folder) for folder in folders if not (folder / "__init__.py").exists()]


@pytest.mark.parametrize("provider", list(channels()))
def test_every_channel_says_what_it_needs(provider: str) -> None:
    """R36: no channel works without a secret."""
    channel = channels()[provider]
    assert any(need.secret for need in channel.needs)
    assert all(need.name and need.help.endswith(".") for need in channel.needs)
    assert channel.docs.startswith("https://")
