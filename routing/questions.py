"""What has to be known of the threads before a batch is planned: `storage` asks exactly this, set-based."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from channels.message import Flag, InboundMessage, Party
from routing.facts import Identity
from routing.identities import identity_of, sender_identity
from routing.refs import subject_refs
from routing.tokens import token_candidates
from routing.work import Work

MAX_REFERENCES = 20
"""How many References count, from the right: what stands further left is an old ticket's."""
MACHINES = frozenset({Flag.BOUNCE, Flag.COMPLAINT_REPORT, Flag.DELIVERY_REPORT, Flag.AUTO_REPLY})
"""Messages that answer, but that nobody wrote: they never make a contact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """All that `plan` may ask of `Threads` for a batch, the tenant in front of each.

    Whatever ticket an answer names is needed as well, with the tickets that it was merged into
    (`merged_into`) and that follow it (`followed_by`), and for each whether one of `identities` takes part.
    """

    tokens: set[str] = field(default_factory=set)
    refs: set[tuple[str, str]] = field(default_factory=set)
    message_ids: set[tuple[str, str]] = field(default_factory=set)
    conversations: set[tuple[str, str, str]] = field(default_factory=set)
    """(tenant, account, key)"""
    identities: set[tuple[str, Identity]] = field(default_factory=set)


def questions(works: Iterable[Work]) -> Questions:
    """What is to be asked for a batch. Works without a tenant ask nothing."""
    asked = Questions()
    for work in works:
        if work.tenant is not None:
            _ask(asked, work, work.tenant.id)
    return asked


def _ask(asked: Questions, work: Work, tenant: str) -> None:
    message, account = work.message, work.origin.account.id
    asked.tokens.update(token_candidates(message))
    asked.refs.update((tenant, one) for one in subject_refs(message.subject))
    asked.message_ids.update((tenant, one) for one in message_ids(message))
    asked.conversations.update((tenant, account, one) for one in conversation_keys(message))
    asked.identities.update((tenant, one) for one in identities(message))


def replied_ids(message: InboundMessage) -> tuple[str, ...]:
    """The Message-IDs that a mail answers, likeliest first: In-Reply-To, then References right to left."""
    mail = message.mail
    if mail is None:
        return ()
    failed = (mail.bounce.message_id,) if mail.bounce and mail.bounce.message_id else ()
    references = mail.references[: -MAX_REFERENCES - 1 : -1]
    return tuple(dict.fromkeys((*failed, *mail.in_reply_to[:MAX_REFERENCES], *references)))


def message_ids(message: InboundMessage) -> tuple[str, ...]:
    """All Message-IDs of a mail that may be known: its own first."""
    own = (message.mail.message_id,) if message.mail and message.mail.message_id else ()
    return tuple(dict.fromkeys((*own, *replied_ids(message))))


def conversation_keys(message: InboundMessage) -> tuple[str, ...]:
    """The keys under which the open end of a message's conversation may be found."""
    return tuple(key for key in (message.conversation, lines_key(message)) if key)


def lines_key(message: InboundMessage) -> str:
    """The key under which one author's top-level lines in a channel join; empty for anything else."""
    author = message.sender.address
    return f"lines:{message.room}:{author}" if message.room and author else ""


def identities(message: InboundMessage) -> tuple[Identity, ...]:
    """Everybody who may turn out to have written a message. Each once."""
    found = [sender_identity(message)]
    found += [identity_of(message.provider, one.address) for one in other_authors(message)]
    return tuple(dict.fromkeys(one for one in found if one is not None))


def other_authors(message: InboundMessage) -> tuple[Party, ...]:
    """Who may have written a mail whose From is not its author, likeliest first, a forward's author last."""
    mail = message.mail
    if mail is None:
        return ()
    forwarded = mail.forward.author if mail.forward else None
    listed = (mail.original_from, mail.original_sender, mail.reply_to, forwarded)
    return tuple(one for one in listed if one is not None and one.address)
