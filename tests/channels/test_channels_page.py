"""The page of channels and the registry stay in step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from channels.contract import MIB
from channels.registry import channels

PAGE = (Path(__file__).parents[2] / "docs" / "channels.md").read_text()
SECTIONS = dict(re.findall(r"^## ([^\n]*\(`[a-z0-9-]+`\))\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def test_there_is_one_section_for_each_channel() -> None:
    assert sorted(SECTIONS) == sorted(f"{c.title} (`{c.provider}`)" for c in channels().values())


@pytest.mark.parametrize("provider", list(channels()))
def test_a_section_says_what_an_operator_needs(provider: str) -> None:
    channel = channels()[provider]
    section = SECTIONS[f"{channel.title} (`{channel.provider}`)"]
    facts = {f"`{need.name}`" for need in channel.needs} | {f"`{method}`" for method in channel.methods}
    facts |= {
        channel.docs,
        f"{channel.max_body // MIB} MiB",
        f"inlet account add {provider}",
        "What is verified:",
    }
    assert not [fact for fact in facts if fact not in " ".join(section.split())]
