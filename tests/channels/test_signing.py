from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from channels import signing
from channels.contract import Delivery
from channels.errors import NotVerified

# Test vectors of the reference library of Standard Webhooks.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, TIMESTAMP = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OTHER = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
NOW = datetime.fromtimestamp(TIMESTAMP, UTC)


def delivery(
    signature: str, *, body: bytes = BODY, message_id: str = ID, prefix: str = "webhook-"
) -> Delivery:
    values = {"id": message_id, "timestamp": str(TIMESTAMP), "signature": signature}
    return Delivery(
        method="POST",
        url="https://x.test/",
        headers=tuple((prefix + name, value) for name, value in values.items()),
        body=body,
    )


@pytest.mark.parametrize(
    "signature",
    [
        SIGNATURE,
        f"{OTHER} {SIGNATURE}",
        f"{OTHER} {OTHER.replace('v1', 'v2')} {SIGNATURE}",
        f"v1a,AAAA {SIGNATURE}",
    ],
    ids=["alone", "second of two", "behind another version", "behind an asymmetric one"],
)
def test_one_valid_signature_of_the_list_is_enough(signature: str) -> None:
    verified = signing.verify(delivery(signature), [SECRET], NOW)
    assert (verified.secret, verified.nonce) == (0, ID)


@pytest.mark.parametrize(
    "signature",
    [
        "", " ", ",", "v1", "v1,", OTHER, SIGNATURE.replace("v1", "v2"), SIGNATURE.replace("v1", "v1a"),
        SIGNATURE.removeprefix("v1,"), SIGNATURE.lower(), f"{SIGNATURE},{OTHER}", SIGNATURE + "é",
    ],
)  # fmt: skip
def test_no_valid_signature_is_refused(signature: str) -> None:
    """R36: an unknown version is not a reason to let pass."""
    with pytest.raises(NotVerified):
        signing.verify(delivery(signature), [SECRET], NOW)


def test_a_second_vector() -> None:
    at = datetime.fromtimestamp(1755600000, UTC)
    assert signing.sign(SECRET, "cf_5b0c7d1e", at, b"hello") == {
        "webhook-id": "cf_5b0c7d1e",
        "webhook-timestamp": "1755600000",
        "webhook-signature": "v1,yOHz0HRtFJbW4eb0RFBhhf6TI5sDRxZrLmtSXfAwkbE=",
    }


def test_what_is_signed_here_is_what_the_vector_says() -> None:
    assert signing.sign(SECRET, ID, NOW, BODY)["webhook-signature"] == SIGNATURE


def test_an_id_with_a_dot_is_refused() -> None:
    """The id and the timestamp are joined by a dot: with one in the id the two could be cut elsewhere."""
    with pytest.raises(ValueError, match="dot"):
        signing.sign(SECRET, "a.1", NOW, BODY)
    later = str(TIMESTAMP + 1)
    genuine = signing.sign(SECRET, ID, NOW, f"{later}.pay me".encode())
    moved = genuine | {"webhook-id": f"{ID}.{TIMESTAMP}", "webhook-timestamp": later}
    cut = Delivery(method="POST", url="https://x.test/", headers=tuple(moved.items()), body=b"pay me")
    with pytest.raises(NotVerified, match="dot"):
        signing.verify(cut, [SECRET], NOW)


@pytest.mark.parametrize("live", [[SECRET], ["whsec_AAAA", SECRET], ["no base64!", "", SECRET]])
def test_several_secrets_can_live(live: list[str]) -> None:
    """R36: a broken secret beside a good one neither verifies nor breaks anything."""
    assert signing.verify(delivery(SIGNATURE), live, NOW).secret == len(live) - 1


def test_other_header_names_are_known_by_their_prefix() -> None:
    assert signing.verify(delivery(SIGNATURE, prefix="svix-"), [SECRET], NOW, prefix="svix-").nonce == ID


@pytest.mark.parametrize(
    "secret",
    [SECRET, SECRET.removeprefix("whsec_"), "whsec_" + base64.b64encode(b"x" * 32).decode(),
     "whsec_" + base64.b64encode(b"x" * 32).decode().rstrip("="), f" {SECRET}\n"],
    ids=["as issued", "without prefix", "padded", "without padding", "pasted with spaces"],
)  # fmt: skip
def test_a_good_secret_can_be_set(secret: str) -> None:
    signing.check_secret(secret)
    headers = tuple(signing.sign(secret, ID, NOW, BODY).items())
    signed = Delivery(method="POST", url="https://x.test/", headers=headers, body=BODY)
    assert signing.verify(signed, [secret], NOW).secret == 0


@pytest.mark.parametrize(
    "secret", ["", "whsec_", " ", "whsec_ ", "whsec_===", "whsec_AAAA", "hunter2!", "é" * 40]
)
def test_a_bad_secret_cannot_be_set(secret: str) -> None:
    """R36: an account without a secret does not exist."""
    with pytest.raises(ValueError, match="secret"):
        signing.check_secret(secret)


def test_a_generated_secret_has_32_bytes_and_padding() -> None:
    made = signing.new_secret()
    assert made.startswith("whsec_")
    assert len(base64.b64decode(made.removeprefix("whsec_"), validate=True)) == 32
    assert made != signing.new_secret()
