"""The dedupe key: what makes two deliveries one message (P2). A unique constraint on it decides."""

from __future__ import annotations

from hashlib import blake2b

from routing.addresses import deciding_recipients
from routing.work import Work


def claim_key(work: Work) -> bytes:
    """The key under which a message is claimed, 32 bytes.

    Mail: tenant, Message-ID and the digest of what was written, so that neither a hop's new headers (R5) nor
    another tenant's copy (R4) changes who is a duplicate of whom. Without a route: the account and the
    recipients in the tenant's place, since copies to two of them may yet turn out to be two tenants' (R11).
    Everything else: account and the provider's id. What has neither is nobody's duplicate.
    """
    message, origin = work.message, work.origin
    if message.mail is not None:
        mail = message.mail
        # The door names a mail without a Message-ID by all of its bytes, which each hop changes.
        known = mail.message_id or ("" if mail.digest else message.provider_message_id)
        return _key("mail", *_owner(work), known, mail.digest)
    if message.provider_message_id:
        return _key("message", "account", origin.account.id, message.provider_message_id)
    return _key("message", "id", origin.id)


def _owner(work: Work) -> tuple[str, ...]:
    if work.tenant is not None:
        return "tenant", work.tenant.id
    return "account", work.origin.account.id, *sorted(deciding_recipients(work.message))


def _key(*parts: str) -> bytes:
    """A digest that no other split of the same characters has."""
    digest = blake2b(digest_size=32)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()
