"""Messages and tenants in one line, for the tables of these tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from channels.message import InboundMessage
from routing.facts import Tenant
from routing.triage import classify
from routing.triage.verdict import Triage

PLAIN = InboundMessage(channel="email", provider="generic", provider_message_id="m1")


def message(text: str, subject: str = "", **fields: Any) -> InboundMessage:
    return msgspec.structs.replace(PLAIN, text=text, reply_text=text, subject=subject, **fields)


def tenant(*languages: str, rules: Sequence[Mapping[str, Any]] = ()) -> Tenant:
    return Tenant(id="t1", slug="acme", name="Acme", languages=languages or ("en",), rules=tuple(rules))


def triage(text: str, subject: str = "", languages: Sequence[str] = ("en",), **fields: Any) -> Triage:
    return classify(message(text, subject, **fields), tenant(*languages))


def live(verdict: Triage) -> list[str]:
    """Texts of the hits that count."""
    return [hit.text for hit in verdict.hits if not hit.negated]
