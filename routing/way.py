"""A read message on its way to `plan`: tenant, triage, dedupe key. The same for a dry run (P11)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from channels.message import InboundMessage
from routing.dedupe import claim_key
from routing.facts import Directory, TokenFacts
from routing.tenancy import TenantAnswer, find_tenant
from routing.triage import classify
from routing.triage.verdict import Triage
from routing.work import Origin, Work


def work_of(
    origin: Origin, message: InboundMessage, directory: Directory, tokens: Mapping[str, TokenFacts]
) -> Work:
    """The message with its tenant and triage. `tokens`: what is known of its `token_candidates`."""
    answer = find_tenant(message, origin.account, directory, tokens)
    triage = _triage(origin, message, answer)
    work = Work(
        origin=origin,
        message=msgspec.structs.replace(message, language=triage.language) if triage else message,
        tenant=answer.tenant,
        tenant_steps=answer.steps,
        reason=answer.reason,
        token=answer.token,
        address=answer.address,
        tags=answer.tags,
        triage=triage,
    )
    return msgspec.structs.replace(work, claim=claim_key(work))


def _triage(origin: Origin, message: InboundMessage, answer: TenantAnswer) -> Triage | None:
    if answer.tenant is None:
        return None
    return classify(message, answer.tenant, address=answer.address, account_settings=origin.account.settings)
