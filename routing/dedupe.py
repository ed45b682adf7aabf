"""The dedupe key: what makes two deliveries one message (P2). A unique constraint on it decides."""

from __future__ import annotations

from hashlib import blake2b

from routing.work import Work


def claim_key(work: Work) -> bytes:
    """The key under which a message is claimed, 32 bytes.

    Mail: tenant (the account where there is no route), Message-ID and the digest of what was written, so that
    neither a hop's new headers (R5) nor another tenant's copy (R4) changes who is a duplicate of whom.
    Everything else: account and the provider's id. What has neither is nobody's duplicate.
    """
    message, origin = work.message, work.origin
    if message.mail is not None:
        owner = ("tenant", work.tenant.id) if work.tenant else ("account", origin.account.id)
        mail = message.mail
        return _key("mail", *owner, mail.message_id or message.provider_message_id, mail.digest)
    if message.provider_message_id:
        return _key("message", "account", origin.account.id, message.provider_message_id)
    return _key("message", "id", origin.id)


def _key(*parts: str) -> bytes:
    """A digest that no other split of the same characters has."""
    digest = blake2b(digest_size=32)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()
