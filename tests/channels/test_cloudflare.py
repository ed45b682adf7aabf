from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest

from channels.contract import MIB, Account, Delivery
from channels.email.cloudflare import CloudflareEmail
from channels.errors import Malformed
from channels.message import Party, Recipient
from tests.channels.contract import NOW, DatedContract, Sample

FRONT = b"Return-Path: <bounce+77@mail.example.org>\r\nDelivered-To: Help+Acme@in.example.com\r\n"
MAIL = (
    b'From: "Ada Berg" <Ada@example.org>\r\nTo: help+acme@in.example.com, Ben <ben@example.net>\r\n'
    b"Cc: c@example.org\r\nSubject: Order 1042 has not arrived\r\nMessage-ID: <1042.a@mail.example.org>\r\n"
    b"In-Reply-To: <b@x.test>\r\nReferences: <a@x.test> <b@x.test>\r\n"
    b"Date: Tue, 19 Aug 2025 12:40:00 +0200\r\n\r\nHello, where is my order?\r\n"
)
ACCOUNT = Account(id="acc_1", provider="cloudflare-email")
CHANNEL = CloudflareEmail()


def post(body: bytes) -> Delivery:
    return Delivery(
        method="POST",
        url="https://hooks.example.org/webhooks/cloudflare-email/acc_1",
        headers=(("content-type", "message/rfc822"),),
        body=body,
    )


class TestCloudflareEmail(DatedContract):
    channel = CHANNEL
    secrets = (
        "whsec_" + base64.b64encode(b"first" * 6).decode(),
        "whsec_" + base64.b64encode(b"second" * 5).decode(),
    )
    proof = ("webhook-id", "webhook-timestamp", "webhook-signature")
    timestamp = "webhook-timestamp"

    def sign(self, delivery: Delivery, secret: str, at: datetime) -> Delivery:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        stamp = str(int(at.timestamp()))
        mac = hmac.new(key, f"cf_5b0c7d1e.{stamp}.".encode() + delivery.body, hashlib.sha256).digest()
        values = ("cf_5b0c7d1e", stamp, "v1," + base64.b64encode(mac).decode())
        return msgspec.structs.replace(
            delivery, headers=(*delivery.headers, *zip(self.proof, values, strict=True))
        )

    def said(self, text: str) -> Delivery:
        return post(FRONT + b"Message-ID: <1@x.test>\r\nSubject: " + text.encode("utf-8", "surrogatepass"))

    def carrying(self, body: bytes) -> Delivery:
        return post(FRONT + body)

    def samples(self) -> Sequence[Sample]:
        digest = hashlib.sha256(b"Subject: no id\r\n\r\nHi").hexdigest()
        return [
            Sample(label="a mail", delivery=post(FRONT + MAIL), ids=("1042.a@mail.example.org",)),
            Sample(
                label="a mail without an id",
                delivery=post(FRONT + b"Subject: no id\r\n\r\nHi"),
                ids=(f"digest:{digest}",),
            ),
            Sample(
                label="a mail with a very long id",
                delivery=post(FRONT + b"Message-ID: <" + b"x" * 400 + b"@x.test>\r\n\r\nHi"),
                ids=("sha256:" + hashlib.sha256(b"x" * 400 + b"@x.test").hexdigest(),),
            ),
        ]


def test_a_mail_becomes_its_head_and_its_envelope() -> None:
    [message] = CHANNEL.parse(post(FRONT + MAIL), ACCOUNT)
    assert (message.channel, message.subject) == ("email", "Order 1042 has not arrived")
    assert message.sender == Party(name="Ada Berg", address="ada@example.org")
    assert message.sent_at == datetime(2025, 8, 19, 10, 40, tzinfo=UTC)
    assert message.mail is not None
    assert message.mail.envelope_from == "bounce+77@mail.example.org"
    assert message.mail.in_reply_to == ("b@x.test",)
    assert message.mail.references == ("a@x.test", "b@x.test")
    assert message.text == ""


def test_the_envelope_recipient_stands_first() -> None:
    """R30, R31: the envelope decides, with its whole local part, before anything that a header claims."""
    [message] = CHANNEL.parse(post(FRONT + MAIL), ACCOUNT)
    assert message.recipients[0] == Recipient(address="help+acme@in.example.com", field="envelope")
    assert message.recipients_in("to") == ("help+acme@in.example.com", "ben@example.net")
    assert message.recipients_in("cc") == ("c@example.org",)


def test_lines_of_the_mail_itself_are_not_the_envelope() -> None:
    """R30: a Delivered-To that came with the mail stays a header of the mail; nobody can name a tenant so."""
    forged = b"Return-Path: <x@evil.test>\r\nDelivered-To: other@in.example.com\r\n"
    [message] = CHANNEL.parse(post(FRONT + forged + MAIL), ACCOUNT)
    assert message.recipients_in("envelope") == ("help+acme@in.example.com",)
    assert message.recipients_in("delivered_to") == ("other@in.example.com",)
    assert message.mail is not None
    assert message.mail.envelope_from == "bounce+77@mail.example.org"


def test_the_null_sender_is_empty_not_unknown() -> None:
    [message] = CHANNEL.parse(post(b"Return-Path: <>\r\nDelivered-To: a@b.test\r\n" + MAIL), ACCOUNT)
    assert message.mail is not None
    assert message.mail.envelope_from == ""


def test_the_original_is_the_mail_without_the_two_lines() -> None:
    """P12: byte for byte what the sender's server handed over, line ends and all."""
    odd = MAIL + bytes(range(256)) + b"\n\r\r\n."
    assert CHANNEL.raw(post(FRONT + odd)) == odd


@pytest.mark.parametrize(
    "body",
    [
        b"",
        MAIL,
        FRONT,
        b"Delivered-To: a@b.test\r\nReturn-Path: <x@b.test>\r\n" + MAIL,
        b"Return-Path: <x@b.test>\r\n" + MAIL,
        FRONT.replace(b"\r\n", b"\n") + MAIL,
        b"\r\n" + FRONT + MAIL,
        b"Return-Path: <x@b.test>\r\nDelivered-To:  \r\n" + MAIL,
        b"Return-Path: x@b.test\r\nDelivered-To: a@b.test\r\n" + MAIL,
        b"Return-Path: <x@b.test>\r\nSubject: x\r\nDelivered-To: a@b.test\r\n" + MAIL,
    ],
    ids=[
        "nothing", "no envelope", "no mail", "other order", "one line", "bare line feeds", "not at the start",
        "empty recipient", "no brackets", "a line between",
    ],
)  # fmt: skip
def test_without_the_two_lines_it_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        CHANNEL.parse(post(body), ACCOUNT)
    with pytest.raises(Malformed):
        CHANNEL.raw(post(body))


def test_the_answer_names_the_messages() -> None:
    answer = CHANNEL.answer(["one", "two"])
    assert (answer.status, answer.content_type) == (202, "application/json")
    assert json.loads(answer.body) == {"messages": ["one", "two"]}


def test_the_largest_mail_that_cloudflare_takes_fits() -> None:
    """R21: a mail of 25 MiB is no reason for a refusal."""
    huge = FRONT + MAIL + b"x" * (25 * MIB - len(MAIL))
    assert len(huge) <= CHANNEL.max_body
    [message] = CHANNEL.parse(post(huge), ACCOUNT)
    assert message.subject == "Order 1042 has not arrived"


def test_the_webhook_id_is_the_nonce() -> None:
    contract = TestCloudflareEmail()
    assert CHANNEL.verify(contract.genuine(), contract.secrets, NOW).nonce == "cf_5b0c7d1e"
