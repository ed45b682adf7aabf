"""The verdict on one message: category, priority, type, tags, and the words that decided."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from channels.message import InboundMessage
from routing.facts import AddressFacts, Tenant
from routing.triage.context import RAISING, VIP, contexts_of
from routing.triage.defaults import languages
from routing.triage.evidence import decide, raised, weigh
from routing.triage.findings import find
from routing.triage.language import tell_language
from routing.triage.ruleset import compile_rules
from routing.triage.verdict import Triage
from routing.triage.written import Written, written_now

_NO_SETTINGS: Mapping[str, str] = {}


def classify(
    message: InboundMessage,
    tenant: Tenant,
    *,
    vip: bool = False,
    address: AddressFacts | None = None,
    account_settings: Mapping[str, str] = _NO_SETTINGS,
) -> Triage:
    """Classify one message by itself. Never raises, whatever the text; the same input gives the same verdict.

    `address` is the recipient that decided the route; of `account_settings` the keys `category`, `priority`,
    `type` and `tags` are defaults. Where the contact is only known later, see `raise_for_context`.
    """
    written = written_now(message)
    language = _language(written, message, tenant)
    known = (language,) if language in languages() else tuple(tenant.languages)
    rules = compile_rules(tenant.rules, known)
    findings = find(written, rules) if message.kind != "reaction" else []
    contexts = contexts_of(message, vip=vip, address=address, settings=account_settings)
    evidence = weigh(findings, contexts)
    category, priority, type_ = decide(evidence)
    return Triage(
        category=category,
        priority=priority,
        type=type_,
        tags=evidence.tags,
        language=language or next(iter(tenant.languages), ""),
        hits=(*(finding.hit for finding in findings), *(context.hit for context in contexts)),
        evidence=evidence,
        version=rules.version,
    )


def raise_for_context(triage: Triage, *, vip: bool) -> Triage:
    """Return the verdict with the contact's standing weighed in, as `classify(vip=True)` would say it."""
    if not vip or any(hit.rule == VIP.rule for hit in triage.hits):
        return triage
    already = any(hit.field == "context" and hit.rule in RAISING for hit in triage.hits)
    priority = triage.priority if already else raised(triage.priority)
    return msgspec.structs.replace(
        triage,
        priority=priority,
        hits=(*triage.hits, VIP.hit),
        evidence=msgspec.structs.replace(triage.evidence, priority=priority),
    )


def _language(written: Written, message: InboundMessage, tenant: Tenant) -> str:
    """What the words say; where they do not, what the channel says."""
    told = tell_language(f"{written.text.text} {written.subject.text}", tenant.languages)
    return told or message.language.lower()[:2]
