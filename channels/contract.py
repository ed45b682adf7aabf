"""The channel contract: what one module per provider has to say, and nothing that needs a socket or a clock.

The receiver calls, in this order: `handshake` (does this delivery want its own answer?), `verify`, `parse`,
then, once the messages are durable, `answer`. A channel is found by `channels.registry`: a module that
defines a subclass of `Channel` with a `provider` is all there is to register.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from channels.errors import Malformed
from channels.message import InboundMessage

MIB = 1024 * 1024


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request of a provider.

    `url` is the public URL as the provider called it (the receiver rebuilds it where a proxy changed it),
    `headers` are (lower-case name, value) in the order in which they came, `body` is the raw body.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The one value of a header, or None. Raises Malformed where it came twice: that hides an attack."""
        values = [value for key, value in self.headers if key == name]
        if len(values) > 1:
            raise Malformed(f"The header {name} came more than once.")
        return values[0] if values else None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One provider connection, as `parse` and routing see it, without secrets; shared mail has no tenant."""

    id: str
    provider: str
    tenant: str | None = None
    mode: Literal["enforce", "observe"] = "enforce"
    settings: Mapping[str, str] = {}


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """Proof of a verification: which live secret matched, and the delivery's nonce where it has one."""

    secret: int = 0
    nonce: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider is told."""

    status: int = 200
    content_type: str = ""
    body: bytes = b""


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that an account of a channel needs: where an operator finds it, and how to pass it."""

    name: str
    help: str
    secret: bool = False
    required: bool = True
    generated: bool = False
    """Inlet makes it up where none is given."""


class Channel(ABC):
    """One provider's way of calling us. Subclasses are stateless: one instance serves all accounts."""

    provider: ClassVar[str]
    """Name in the URL, the CLI and the JSON: lower-case, with hyphens."""
    title: ClassVar[str]
    docs: ClassVar[str]
    """The vendor's page that the module was written from."""
    methods: ClassVar[frozenset[str]] = frozenset({"POST"})
    content_types: ClassVar[frozenset[str]] = frozenset()
    """Accepted types of a body, without parameters; empty accepts all."""
    max_body: ClassVar[int] = 1 * MIB
    shared: ClassVar[bool] = False
    """An account may have no tenant: routing finds it for each message."""
    needs: ClassVar[tuple[Need, ...]] = ()

    def new_secret(self) -> str | None:
        """A fresh secret for a new account, or None where only the provider can give one."""
        return None

    def check_secret(self, secret: str) -> None:
        """Raise ValueError, with words for the operator, if this cannot be a secret of the provider."""
        if not secret.strip():
            raise ValueError("The secret is empty.")

    def handshake(self, delivery: Delivery, secrets: Sequence[str]) -> Answer | None:  # noqa: ARG002
        """The answer to a delivery that only asks whether we are there, or None. Raises NotVerified."""
        return None

    @abstractmethod
    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> Verified:
        """Prove that the provider sent this, from the raw bytes, in constant time. Raises NotVerified."""

    @abstractmethod
    def parse(self, delivery: Delivery, account: Account) -> list[InboundMessage]:
        """The messages of a delivery; empty for "understood, nothing for us". Raises Malformed."""

    def raw(self, delivery: Delivery) -> bytes:
        """The original that is kept beside the messages of a delivery: all of the body, unless overridden."""
        return delivery.body

    def answer(self, ids: Sequence[str]) -> Answer:  # noqa: ARG002
        """The provider's own success form, once the messages with these ids are durable."""
        return Answer()
