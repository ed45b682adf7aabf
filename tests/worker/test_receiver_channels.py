"""What the receiver owes to any channel: handshakes, batches, slow and broken clients, faults of our own."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from channels import signing
from channels.contract import MIB, Account, Answer, Channel, Delivery, Verified
from channels.errors import NotVerified
from channels.message import InboundMessage
from channels.registry import channels
from storage.blobs import open_blobs
from tests.worker.receiver_house import MAIL, TOKEN, House, house, mail, sms, whsec


class Probe(Channel):
    """A channel that greets, sends batches, and has faults."""

    provider = "probe"
    title = "Probe"
    docs = "https://example.org"
    methods = frozenset({"GET", "POST"})
    max_body = 4 * MIB
    verified_beside = False

    def handshake(self, delivery: Delivery, secrets: Sequence[str]) -> Answer | None:
        _, _, challenge = delivery.url.partition("?challenge=")
        return Answer(content_type="text/plain", body=challenge.encode()) if challenge else None

    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> Verified:
        if delivery.header("x-secret") not in secrets:
            raise NotVerified
        if delivery.body == b"fault in verify":
            raise RuntimeError("a fault of ours")
        self.verified_beside = threading.current_thread() is not threading.main_thread()
        return Verified()

    def parse(self, delivery: Delivery, account: Account) -> list[InboundMessage]:
        texts = json.loads(delivery.body)
        return [
            InboundMessage(channel="chat", provider="probe", provider_message_id=text, text=text)
            for text in texts
        ]


PROBE = Probe()


@pytest.fixture
async def receiver(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    every = MappingProxyType({**channels(), "probe": PROBE})
    monkeypatch.setattr("worker.receive.channels", lambda: every)
    async with house(database_url, redis_url, tmp_path) as running:
        yield running


async def test_a_handshake_has_the_channels_own_answer_and_leaves_no_message(receiver: House) -> None:
    account = await receiver.account("probe", "s")

    answer = await receiver.http.get(f"{receiver.url}/webhooks/probe/{account}?challenge=1158201444")

    assert (answer.status, await answer.text()) == (200, "1158201444")
    assert answer.headers["Inlet-Messages"] == ""
    assert await receiver.read() == []


async def test_every_message_of_a_delivery_is_accepted_under_its_own_id(receiver: House) -> None:
    """R15: a batch is not its first item."""
    account = await receiver.account("probe", "s")
    texts = [f"message {number}" for number in range(30)]

    answer = await receiver.http.post(
        f"{receiver.url}/webhooks/probe/{account}", json=texts, headers={"X-Secret": "s"}
    )

    found = [entry.envelope for entry in await receiver.read() if entry.envelope]
    assert [one.message.text for one in found] == texts
    assert answer.headers["Inlet-Messages"].split(", ") == [one.id for one in found]
    assert len({one.id for one in found}) == 30
    assert await receiver.inbox.accepted() == {account: 30}


async def test_the_original_of_a_large_batch_lies_once(receiver: House) -> None:
    """Each message carries its original; where that would be much, all of them point to one blob."""
    account = await receiver.account("probe", "s")
    texts = ["x" * 1000 + str(number) for number in range(30)]

    await receiver.http.post(
        f"{receiver.url}/webhooks/probe/{account}", json=texts, headers={"X-Secret": "s"}
    )

    found = [entry.envelope for entry in await receiver.read() if entry.envelope]
    [name] = {one.raw_blob for one in found}
    assert {one.raw for one in found} == {None}
    assert name is not None
    assert json.loads(await open_blobs(receiver.settings.blob_url).get(name)) == texts


@pytest.mark.parametrize("body", [b"fault in verify", b"no json"], ids=["in verify", "in parse"])
async def test_a_fault_of_ours_is_never_told_to_the_provider_as_its_own(receiver: House, body: bytes) -> None:
    """P7: never a 4xx for our own trouble. R37: nor does the answer tell what went wrong inside."""
    account = await receiver.account("probe", "s")

    answer = await receiver.http.post(
        f"{receiver.url}/webhooks/probe/{account}", data=body, headers={"X-Secret": "s"}
    )

    assert (answer.status, int(answer.headers["Retry-After"]) > 0) == (503, True)
    assert "fault" not in await answer.text()
    assert await receiver.read() == []


@pytest.mark.parametrize("text", ["Where is it?", "é👋" * 1600], ids=["short", "as long as it gets"])
async def test_a_signed_get_is_a_delivery_where_the_provider_sends_such(receiver: House, text: str) -> None:
    account = await receiver.account("twilio", TOKEN)
    url = f"{receiver.url}/webhooks/twilio/{account}?{urlencode(sms(Body=text))}"
    signature = RequestValidator(TOKEN).compute_signature(url, {})

    reader, writer = await asyncio.open_connection("127.0.0.1", receiver.settings.port)
    writer.write(
        f"GET {url.removeprefix(receiver.url)} HTTP/1.1\r\nHost: 127.0.0.1:{receiver.settings.port}\r\n"
        f"X-Twilio-Signature: {signature}\r\nConnection: close\r\n\r\n".encode()
    )
    answer = await reader.read()
    writer.close()

    [entry] = await receiver.read()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"Server: inlet\r\n" in answer
    assert entry.envelope is not None
    assert entry.envelope.message.text == text


async def test_a_body_in_slow_chunks_is_the_same_body(receiver: House) -> None:
    secret = whsec()
    account = await receiver.account("cloudflare-email", secret)
    body = mail(raw=MAIL + b"y" * 100_000)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 30_000):
            yield body[start : start + 30_000]
            await asyncio.sleep(0.01)

    answer = await receiver.http.post(
        f"{receiver.url}/webhooks/cloudflare-email/{account}",
        data=chunks(),
        headers={"Content-Type": "message/rfc822", **signing.sign(secret, "cf_1", datetime.now(UTC), body)},
    )

    [entry] = await receiver.read()
    assert answer.status == 202
    assert entry.envelope is not None
    assert entry.envelope.raw_blob


@pytest.mark.parametrize(("size", "beside"), [(100, False), (2 * MIB, True)], ids=["small", "large"])
async def test_a_large_delivery_is_verified_beside_the_others(
    receiver: House, size: int, beside: bool
) -> None:
    """R12: hashing a large body takes longer than the answers to small ones may."""
    account = await receiver.account("probe", "s")

    answer = await receiver.http.post(
        f"{receiver.url}/webhooks/probe/{account}",
        data=BytesIO(json.dumps(["x" * size]).encode()),
        headers={"X-Secret": "s"},
    )

    assert (answer.status, PROBE.verified_beside) == (200, beside)


async def test_a_client_that_goes_away_half_way_leaves_nothing(receiver: House) -> None:
    account = await receiver.account("probe", "s")
    _, writer = await asyncio.open_connection("127.0.0.1", receiver.settings.port)
    head = f"POST /webhooks/probe/{account} HTTP/1.1\r\nHost: x\r\nX-Secret: s\r\nContent-Length: 100\r\n\r\n"
    writer.write(head.encode() + b'["half')
    await writer.drain()
    writer.close()

    answer = await receiver.http.post(
        f"{receiver.url}/webhooks/probe/{account}", json=["whole"], headers={"X-Secret": "s"}
    )

    found = [entry.envelope.message.text for entry in await receiver.read() if entry.envelope]
    assert (answer.status, found) == (200, ["whole"])


async def test_a_blob_store_that_fails_refuses_what_needs_it_and_nothing_else(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """R20 and P7: no message points to a blob that is not there; what cannot be kept is 503."""
    (tmp_path / "file").write_text("")
    blobs = {"INLET_BLOB_URL": f"file://{tmp_path}/file/blobs"}
    async with house(database_url, redis_url, tmp_path / "data", **blobs) as running:
        secret = whsec()
        account = await running.account("cloudflare-email", secret)

        large = await running.post_mail(account, secret, mail(raw=MAIL + b"z" * 100_000))
        small = await running.post_mail(account, secret, mail())

        assert (large.status, small.status) == (503, 202)
        assert int(large.headers["Retry-After"]) > 0
        assert len(await running.read()) == 1
