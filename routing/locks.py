"""What a message must hold before its thread is read: whoever wants the same waits for its commit (P3)."""

from __future__ import annotations

from routing.questions import MACHINES, conversation_keys, identities, message_ids
from routing.tokens import token_candidates
from routing.work import Work

_IDS = 6
"""Its own Message-ID and the five that it most likely answers: a twin shares one of these."""


def lock_keys(work: Work) -> tuple[str, ...]:
    """The names to lock for a message, each with its tenant in front. Without a tenant: none."""
    if work.tenant is None:
        return ()
    message, tenant = work.message, work.tenant.id
    account = work.origin.account.id
    names = [f"conversation/{account}/{key}" for key in conversation_keys(message)]
    names += [f"mail/{one}" for one in message_ids(message)[:_IDS]]
    names += [f"token/{one}" for one in token_candidates(message)]
    if not message.flags & MACHINES:  # all bounces of a system come from one sender, and make no contact
        names += [f"identity/{one.kind}/{one.value}" for one in identities(message)]
    return tuple(f"{tenant}/{name}" for name in names)
