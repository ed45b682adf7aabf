"""What holds for every channel. A channel's test subclasses `ChannelContract` and gives samples; it gets for
free what nobody likes to write: forged, stale, doubled, garbled, repeated and hostile deliveries.

    class TestAcme(ChannelContract):          # or DatedContract, UrlContract, or both of them
        channel = Acme()
        secrets = ("first", "second")         # two that check_secret takes
        proof = ("x-acme-signature",)         # headers without which nothing is proven

        def sign(self, delivery, secret, at): ...   # written out here, never with the code under test
        def said(self, text): ...                   # an unsigned delivery of a customer who wrote `text`
        def carrying(self, body): ...               # an unsigned delivery with any body at all
        def samples(self): ...                      # what the provider posts, and what is to come of it
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels import clean
from channels.contract import Account, Channel, Delivery
from channels.errors import NotVerified, Refusal
from channels.message import InboundMessage

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Change = Callable[[str], str | None]
# No deadline: the machine may be busy. Each channel's class runs the same inherited test, which Hypothesis
# would take for a mistake.
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.differing_executors])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One delivery as the provider sends it, unsigned, and the provider's ids of all its messages."""

    label: str
    delivery: Delivery
    ids: tuple[str, ...]


HEADER_CHANGES: dict[str, Change] = {
    "missing": lambda value: None,
    "empty": lambda value: "",
    "one character changed": lambda value: ("b" if value[0] == "a" else "a") + value[1:],
    "cut short": lambda value: value[:-1],
    "continued": lambda value: value + "0",
    "not ASCII": lambda value: value + "é",
    "another language's digits": lambda value: "٣" * len(value),
    "a lone surrogate": lambda value: value + "\udcff",
}
BODY_CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "a byte changed": lambda body: body[:-1] + bytes([body[-1] ^ 1]),
    "something behind it": lambda body: body + b"&x=1",
    "something in front of it": lambda body: b"x=1&" + body,
    "cut short": lambda body: body[:-1],
    "gone": lambda body: b"",
}
GARBAGE = {
    "nothing": b"",
    "one byte": b"\x00",
    "all byte values": bytes(range(256)),
    "JSON that is no object": b"[1, 2, 3]",
    "JSON cut short": b'{"a": {"b": ',
    "JSON of empty things": b'{"message": null, "data": [], "events": [{}], "From": null}',
    "deep JSON": b"[" * 20_000,
    "deep objects": b'{"a":' * 20_000,
    "huge number": b'{"id": ' + b"9" * 5_000 + b"}",
    "lone surrogate": b'{"text": "\\ud800", "From": "\\udfff"}',
    "many fields": b"&".join(b"a%d=1" % n for n in range(5_000)),
    "broken percent signs": b"From=%&Body=%zz&MessageSid=%ff%fe%00",
    "only separators": b"&&&===&&\r\n\r\n",
    "broken UTF-8": b'{"text": "\xff\xfe\xc3("}',
}
TEXTS = {
    "NUL": "before\x00after",
    "lone surrogates": "a\ud800b\udfffc",
    "a pair of surrogates": "\ud83d\ude00",
    "beyond the first plane": "\U0001f469\u200d\U0001f4bb \U0001d518\U0010ffff",
    "right to left and controls": "\u202eabc\u0007\u001b[31m",
    "JSON escapes": '\\u0000 \\ud800 "quoted" \\',
    "line ends": "a\r\nb\rc\nd\u2028e\x85f",
    "very long": "long " * 60_000,
    "a long word": "ä" * 300_000,
}


class ChannelContract(ABC):
    channel: ClassVar[Channel]
    secrets: ClassVar[tuple[str, str]]
    proof: ClassVar[tuple[str, ...]]
    account_settings: ClassVar[dict[str, str]] = {}

    @abstractmethod
    def sign(self, delivery: Delivery, secret: str, at: datetime) -> Delivery: ...

    @abstractmethod
    def said(self, text: str) -> Delivery: ...

    @abstractmethod
    def carrying(self, body: bytes) -> Delivery: ...

    @abstractmethod
    def samples(self) -> Sequence[Sample]: ...

    def unknown(self) -> Sequence[Sample]:
        """Deliveries that are understood and are nothing for us."""
        return ()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        given_samples = [*self.samples(), *self.unknown()]
        if "sample" in metafunc.fixturenames:
            metafunc.parametrize("sample", given_samples, ids=[s.label for s in given_samples])
        if "proven_by" in metafunc.fixturenames:
            metafunc.parametrize("proven_by", self.proof)

    @property
    def account(self) -> Account:
        return Account(
            id="acc_1", provider=self.channel.provider, tenant="acme", settings=self.account_settings
        )

    def genuine(self, at: datetime = NOW, secret: str | None = None) -> Delivery:
        return self.sign(self.said("Where is my order?"), secret or self.secrets[0], at)

    def refused(self, delivery: Delivery, secrets: Sequence[str] | None = None) -> Refusal:
        live = self.secrets[:1] if secrets is None else secrets
        with pytest.raises(Refusal) as caught:
            self.channel.verify(delivery, live, NOW)
        self.assert_tells_nothing(caught.value)
        return caught.value

    def assert_tells_nothing(self, refusal: Refusal) -> None:
        """R37: what is shown to a caller holds no secret and no computed value."""
        genuine = dict(self.genuine().headers)
        hidden = [*self.secrets, *(genuine[name] for name in self.proof)]
        shown = f"{refusal} {refusal.detail} {refusal.args}"
        assert not [value for value in hidden if value in shown or value[-8:] in shown]

    # What is genuine passes.

    def test_a_sample_passes_and_becomes_its_messages(self, sample: Sample) -> None:
        """R15: every item of a delivery becomes a message of its own, each with its own id."""
        signed = self.sign(sample.delivery, self.secrets[0], NOW)
        assert self.channel.handshake(signed, self.secrets) is None
        assert self.channel.verify(signed, self.secrets, NOW).secret == 0
        messages = self.channel.parse(signed, self.account)
        assert tuple(m.provider_message_id for m in messages) == sample.ids
        assert len(set(sample.ids)) == len(sample.ids)
        assert {m.provider for m in messages} <= {self.channel.provider}
        assert all(m.channel and (m.conversation or m.mail) for m in messages)

    def test_a_sample_is_let_in_at_the_door(self, sample: Sample) -> None:
        kind = sample.delivery.header("content-type")
        assert sample.delivery.method in self.channel.methods
        if kind and self.channel.content_types:
            assert kind.partition(";")[0].lower() in self.channel.content_types
        assert len(sample.delivery.body) <= self.channel.max_body

    def test_a_replay_has_the_same_ids(self, sample: Sample) -> None:
        """P2, R1: what is sent again, signed anew or not, is known again by its ids."""
        first, again = (self.sign(sample.delivery, self.secrets[0], at) for at in (NOW, NOW + MINUTE))
        assert self.channel.parse(first, self.account) == self.channel.parse(again, self.account)

    def test_further_headers_do_not_matter(self) -> None:
        """R13: a header that marks a retry changes nothing."""
        signed = self.genuine()
        more = (("x-retry-num", "2"), ("i-twilio-idempotency-token", "abc"), ("user-agent", "x"))
        busy = msgspec.structs.replace(signed, headers=(*more, *reversed(signed.headers)))
        assert self.channel.verify(busy, self.secrets, NOW) == self.channel.verify(signed, self.secrets, NOW)

    def test_the_original_is_kept(self) -> None:
        """P12: what a message came from can be kept beside it."""
        assert self.channel.raw(self.genuine())

    @pytest.mark.parametrize("ids", [(), ("one",), ("one", "two")], ids=["none", "one", "two"])
    def test_the_answer_is_a_success(self, ids: tuple[str, ...]) -> None:
        assert 200 <= self.channel.answer(ids).status < 300

    # What is forged does not.

    @pytest.mark.parametrize("change", HEADER_CHANGES.values(), ids=HEADER_CHANGES)
    def test_a_damaged_proof_is_refused(self, proven_by: str, change: Change) -> None:
        """P8, R36."""
        signed = self.genuine()
        self.refused(with_header(signed, proven_by, change(signed.header(proven_by) or "")))

    def test_a_doubled_proof_is_refused(self, proven_by: str) -> None:
        """Two proofs in one delivery are two readers who may each look at another one."""
        signed = self.genuine()
        twice = (*signed.headers, (proven_by, signed.header(proven_by) or ""))
        self.refused(msgspec.structs.replace(signed, headers=twice))

    @pytest.mark.parametrize("change", BODY_CHANGES.values(), ids=BODY_CHANGES)
    def test_a_changed_body_is_refused(self, change: Callable[[bytes], bytes]) -> None:
        signed = self.genuine()
        self.refused(msgspec.structs.replace(signed, body=change(signed.body)))

    def test_another_accounts_secret_is_refused(self) -> None:
        """P4, P8."""
        assert isinstance(self.refused(self.genuine(secret=self.secrets[1])), NotVerified)

    @pytest.mark.parametrize("live", [(), ("",), (" ",), ("whsec_",), ("", "")], ids=repr)
    def test_a_missing_secret_never_verifies(self, live: tuple[str, ...]) -> None:
        """R36: neither a genuine delivery, nor one that was signed with nothing."""
        assert isinstance(self.refused(self.genuine(), live), NotVerified)
        assert isinstance(self.refused(self.sign(self.said("Hello"), "", NOW), live), NotVerified)

    def test_an_empty_secret_is_refused_at_the_set_up(self) -> None:
        for secret in self.secrets:
            self.channel.check_secret(secret)
        with pytest.raises(ValueError, match="secret"):
            self.channel.check_secret("")

    # Secrets change.

    def test_an_old_secret_passes_while_it_lives(self) -> None:
        """Rotation: two are live; the proof says which one matched, so people see when the old may go."""
        new, old = self.secrets
        assert self.channel.verify(self.genuine(secret=old), (new, old), NOW).secret == 1
        assert self.channel.verify(self.genuine(secret=new), (new, old), NOW).secret == 0

    def test_a_removed_secret_is_refused(self) -> None:
        new, old = self.secrets
        self.refused(self.genuine(secret=old), (new,))

    def test_a_generated_secret_is_a_secret(self) -> None:
        made = self.channel.new_secret()
        if any(need.generated for need in self.channel.needs):
            assert made
            self.channel.check_secret(made)
            assert self.channel.verify(self.genuine(secret=made), (made,), NOW).secret == 0
            assert made != self.channel.new_secret()
        else:
            assert made is None

    # Nothing that is inside breaks us.

    @pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
    def test_garbage_is_read_or_refused(self, body: bytes) -> None:
        """P5, P12: signed garbage is messages that can be stored, or a Refusal, and nothing else."""
        self.read_or_refused(body)

    @FUZZ
    @given(body=st.one_of(st.binary(max_size=2_000), st.text(max_size=500).map(str.encode)))
    def test_no_body_breaks_it(self, body: bytes) -> None:
        """P5, P12, R23, R24."""
        self.read_or_refused(body)

    @FUZZ
    @given(text=st.text(st.characters(), max_size=300))
    def test_whatever_is_said_can_be_stored(self, text: str) -> None:
        """P12, R24."""
        self.assert_storable(self.channel.parse(self.said(text), self.account))

    @pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
    def test_hostile_text_can_be_stored(self, text: str) -> None:
        """P12, R24: no NUL, no lone surrogate and no absurd length leaves a channel."""
        messages = self.channel.parse(self.said(text), self.account)
        assert messages
        self.assert_storable(messages)

    def read_or_refused(self, body: bytes) -> None:
        signed = self.sign(self.carrying(body), self.secrets[0], NOW)
        try:
            self.channel.verify(signed, self.secrets, NOW)
            messages = self.channel.parse(signed, self.account)
            assert isinstance(self.channel.raw(signed), bytes)
        except Refusal as refusal:
            self.assert_tells_nothing(refusal)
        else:
            self.assert_storable(messages)

    def assert_storable(self, messages: list[InboundMessage]) -> None:
        decoder = msgspec.msgpack.Decoder(InboundMessage)
        for message in messages:
            assert decoder.decode(msgspec.msgpack.encode(message)) == message
            assert message.provider_message_id
            for path, text in texts(msgspec.to_builtins(message)):
                assert "\0" not in text, path
                assert text.encode().decode() == text, path
                assert len(text) <= (clean.TEXT if path in {"text", "reply_text", "html"} else 4_096), path
            assert len(message.provider_message_id) <= clean.KEY
            assert max(len(message.conversation), len(message.room)) <= clean.KEY


class DatedContract(ChannelContract):
    """For schemes that sign the time: what is too old or too far ahead is refused, whoever signed it."""

    timestamp: ClassVar[str]
    """The header that holds it."""

    @pytest.mark.parametrize("minutes", [-6, 6, -60 * 24, 60 * 24], ids="{} min".format)
    def test_a_stale_or_future_delivery_is_refused(self, minutes: int) -> None:
        assert isinstance(self.refused(self.genuine(at=NOW + minutes * MINUTE)), NotVerified)

    @pytest.mark.parametrize("minutes", [-4, 4], ids="{} min".format)
    def test_clocks_may_differ_a_little(self, minutes: int) -> None:
        self.channel.verify(self.genuine(at=NOW + minutes * MINUTE), self.secrets, NOW)

    def test_an_old_delivery_cannot_be_made_young(self) -> None:
        old = self.genuine(at=NOW - 10 * MINUTE)
        young = self.genuine().header(self.timestamp)
        self.refused(with_header(old, self.timestamp, young))

    @pytest.mark.parametrize(
        "value", ["", "soon", "1e9", "-1", "0x10", "1_000", "9" * 400, "+1", " 1", "1.5", "²"]
    )
    def test_odd_times_are_refused(self, value: str) -> None:
        self.refused(with_header(self.genuine(), self.timestamp, value))


class UrlContract(ChannelContract):
    """For schemes that sign the URL."""

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("https://", "http://"),
            ("hooks.example.org", "hooks.example.net"),
            ("acc_1", "acc_2"),
            ("acc_1", "acc_1/"),
            ("acc_1", "acc_1?x=1"),
            ("acc_1", "acc_1?"),
        ],
        ids=["scheme", "host", "path", "slash", "query", "empty query"],
    )
    def test_a_changed_url_is_refused(self, old: str, new: str) -> None:
        signed = self.genuine()
        assert old in signed.url
        self.refused(msgspec.structs.replace(signed, url=signed.url.replace(old, new)))


def with_header(delivery: Delivery, name: str, value: str | None) -> Delivery:
    """The delivery with another value of one header, or without it."""
    kept = tuple(pair for pair in delivery.headers if pair[0] != name)
    added = () if value is None else ((name, value),)
    return msgspec.structs.replace(delivery, headers=kept + added)


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string in a tree of builtins, with the name of the field at its root."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield path, key
            yield from texts(inner, path or key)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from texts(inner, path)
