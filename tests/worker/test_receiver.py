"""The receiver over real HTTP: what is accepted is durable, what is refused leaves no trace."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse

from channels.message import Flag
from storage.accounts import add_secret, list_secrets, set_account
from storage.blobs import open_blobs
from storage.ids import new_token
from storage.sealing import Sealer
from storage.tenants import add_tenant
from tests.storage.waiting import until
from tests.worker.receiver_house import KEY, MAIL, TOKEN, House, house, mail, sms, stale, whsec


@pytest.fixture
async def receiver(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with house(database_url, redis_url, tmp_path) as running:
        yield running


async def test_an_accepted_mail_is_in_the_inbox_with_its_original(receiver: House) -> None:
    """P1 and R8: when the 2xx comes, the message is durable under the id that the answer names."""
    secret = whsec()
    account = await receiver.account("cloudflare-email", secret)

    answer = await receiver.post_mail(account, secret, mail())

    [entry] = await receiver.read()
    assert entry.envelope is not None
    assert answer.status == 202
    assert await answer.json() == {"messages": [entry.envelope.id]}
    assert answer.headers["Inlet-Messages"] == entry.envelope.id
    assert entry.envelope.raw == MAIL
    assert entry.envelope.account.id == account
    assert entry.envelope.message.subject == "Order 1042"
    assert await receiver.inbox.accepted() == {account: 1}


async def test_an_sms_is_answered_in_the_providers_own_form(receiver: House) -> None:
    account = await receiver.account("twilio", TOKEN)

    answer = await receiver.post_sms(account, TOKEN, Body="Hello é 👋")

    [entry] = await receiver.read()
    assert entry.envelope is not None
    assert (answer.status, answer.content_type) == (200, "text/xml")
    assert await answer.text() == "<Response/>"
    assert answer.headers["Inlet-Messages"] == entry.envelope.id
    assert entry.envelope.message.text == "Hello é 👋"


async def test_what_holds_no_message_is_answered_with_success_and_no_id(receiver: House) -> None:
    account = await receiver.account("twilio", TOKEN)

    answer = await receiver.post_sms(account, TOKEN, MessageStatus="delivered", Body="")

    assert (answer.status, answer.headers["Inlet-Messages"]) == (200, "")
    assert await receiver.read() == []


async def test_the_url_that_providers_sign_is_the_public_one(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """R17: behind a proxy the signature covers the public address, of all accounts or of this one."""
    public = {"INLET_PUBLIC_URL": "https://hooks.example.com/inlet/"}
    async with house(database_url, redis_url, tmp_path, **public) as running:
        usual = await running.account("twilio", TOKEN)
        own = await running.account("twilio", TOKEN, settings={"url": "https://sms.example.net"})
        whole = await running.account("twilio", TOKEN, settings={"url": "https://sms.example.net/in/7"})
        signed = {
            usual: f"https://hooks.example.com/inlet/webhooks/twilio/{usual}",
            own: f"https://sms.example.net/webhooks/twilio/{own}",
            whole: "https://sms.example.net/in/7",
        }

        answers = [(await running.post_sms(account, TOKEN, url)).status for account, url in signed.items()]
        wrong = await running.post_sms(usual, TOKEN, signed[own])

        assert answers == [200, 200, 200]
        assert wrong.status == 401


Case = Any


async def unsigned(house: House, account: str, secret: str) -> ClientResponse:
    return await house.http.post(
        f"{house.url}/webhooks/cloudflare-email/{account}",
        data=mail(),
        headers={"Content-Type": "message/rfc822"},
    )


async def wrongly_signed(house: House, account: str, secret: str) -> ClientResponse:
    return await house.post_mail(account, whsec(), mail())


async def changed(house: House, account: str, secret: str) -> ClientResponse:
    signature = {key: value for key, value in stale(secret, b"other").items() if key == "webhook-signature"}
    return await house.post_mail(account, secret, mail(), **signature)


async def stale_one(house: House, account: str, secret: str) -> ClientResponse:
    return await house.post_mail(account, secret, mail(), **stale(secret, mail()))


async def unknown_account(house: House, account: str, secret: str) -> ClientResponse:
    return await house.post_mail("acc_nobody", secret, mail())


async def others_account(house: House, account: str, secret: str) -> ClientResponse:
    other = await house.account("cloudflare-email", whsec())
    return await house.post_mail(other, secret, mail())


async def wrong_provider(house: House, account: str, secret: str) -> ClientResponse:
    return await house.post_sms(account, secret)


async def unknown_provider(house: House, account: str, secret: str) -> ClientResponse:
    return await house.http.post(f"{house.url}/webhooks/carrier-pigeon/{account}", data=b"coo")


async def no_envelope(house: House, account: str, secret: str) -> ClientResponse:
    return await house.post_mail(account, secret, MAIL)


async def too_large(house: House, account: str, secret: str) -> ClientResponse:
    return await house.post_mail(account, secret, mail(raw=bytes(28 * 1024 * 1024)))


async def too_large_in_chunks(house: House, account: str, secret: str) -> ClientResponse:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(28):
            yield bytes(1024 * 1024)

    return await house.http.post(
        f"{house.url}/webhooks/cloudflare-email/{account}",
        data=chunks(),
        headers={"Content-Type": "message/rfc822"},
    )


async def wrong_type(house: House, account: str, secret: str) -> ClientResponse:
    return await house.post_mail(account, secret, mail(), **{"Content-Type": "application/json"})


async def compressed(house: House, account: str, secret: str) -> ClientResponse:
    return await house.post_mail(account, secret, gzip.compress(mail()), **{"Content-Encoding": "gzip"})


async def unknown_recipient(house: House, account: str, secret: str) -> ClientResponse:
    return await house.post_mail(account, secret, mail("support+nobody@in.example.com"))


async def wrong_method(house: House, account: str, secret: str) -> ClientResponse:
    return await house.http.get(f"{house.url}/webhooks/cloudflare-email/{account}")


REFUSALS = [
    (unsigned, 401),
    (wrongly_signed, 401),
    (changed, 401),
    (stale_one, 401),
    (others_account, 401),
    (unknown_account, 404),
    (wrong_provider, 404),
    (unknown_provider, 404),
    (no_envelope, 400),
    (too_large, 413),
    (too_large_in_chunks, 413),
    (wrong_type, 415),
    (compressed, 415),
    (unknown_recipient, 422),
    (wrong_method, 405),
]


@pytest.mark.parametrize(("send", "status"), REFUSALS, ids=[case.__name__ for case, _ in REFUSALS])
async def test_what_is_refused_leaves_no_trace(receiver: House, send: Case, status: int) -> None:
    """P8, R36: nothing unverified or malformed reaches the inbox. R37: no answer holds a computed value."""
    secret = whsec()
    account = await receiver.account("cloudflare-email", secret)

    answer = await send(receiver, account, secret)
    problem = await answer.json()

    assert answer.status == problem["status"] == status
    assert answer.content_type == "application/problem+json"
    assert "Inlet-Messages" not in answer.headers
    assert problem["title"]
    assert not [word for word in (secret[6:], "v1,", account) if word in str(problem)]
    assert await receiver.inbox.depth() == 0
    assert await receiver.inbox.accepted() == {}


async def test_a_doubled_signature_is_refused(receiver: House) -> None:
    """P8: a header that comes twice hides which one was checked."""
    account = await receiver.account("twilio", TOKEN)
    headers = [("X-Twilio-Signature", "a"), ("X-Twilio-Signature", "b")]

    answer = await receiver.http.post(
        f"{receiver.url}/webhooks/twilio/{account}", data=sms(), headers=headers
    )

    assert answer.status == 400
    assert await receiver.read() == []


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("OPTIONS", 204)], ids=["HEAD", "OPTIONS"])
async def test_who_asks_whether_we_are_there_is_told(receiver: House, method: str, status: int) -> None:
    account = await receiver.account("cloudflare-email", whsec())

    answer = await receiver.http.request(method, f"{receiver.url}/webhooks/cloudflare-email/{account}")

    assert answer.status == status
    assert answer.headers["Allow"] == "HEAD, OPTIONS, POST"


async def test_observing_accepts_and_flags_what_it_would_refuse(receiver: House) -> None:
    """P8 and R17: an account in observe mode loses nothing; what would be refused is flagged and counted."""
    secret = whsec()
    account = await receiver.account("cloudflare-email", secret, mode="observe")

    wrong = await receiver.post_mail(account, whsec(), mail())
    right = await receiver.post_mail(account, secret, mail())

    entries = [entry.envelope for entry in await receiver.read()]
    metrics = await (await receiver.http.get(f"{receiver.url}/metrics")).text()
    assert (wrong.status, right.status) == (202, 202)
    assert [Flag.UNVERIFIED in entry.message.flags for entry in entries if entry] == [True, False]
    label = f'account="{account}",outcome="%s",provider="cloudflare-email",secret="%s"'
    assert f"inlet_verifications_total{{{label % ('observed', '')}}} 1.0" in metrics
    used = await secret_ids(receiver, account)
    assert f"inlet_verifications_total{{{label % ('passed', used[0])}}} 1.0" in metrics


async def test_both_secrets_are_good_during_a_rotation_and_each_use_is_counted(receiver: House) -> None:
    """P8: several secrets are live at once, and the counters tell when the old one is used no more."""
    old, new = whsec(), whsec()
    account = await receiver.account("cloudflare-email", old)
    await receiver.post_mail(account, old, mail())
    await add_secret(receiver.pool, Sealer([KEY]), account, new)
    await until_status(receiver, account, new, 202)

    assert (await receiver.post_mail(account, old, mail())).status == 202

    metrics = await (await receiver.http.get(f"{receiver.url}/metrics")).text()
    label = f'account="{account}",outcome="passed",provider="cloudflare-email",secret="%s"'
    newest, oldest = await secret_ids(receiver, account)
    assert f"inlet_verifications_total{{{label % newest}}} 1.0" in metrics
    assert f"inlet_verifications_total{{{label % oldest}}} 2.0" in metrics, (
        "before and after the new one came"
    )


async def secret_ids(receiver: House, account: str) -> list[str]:
    """The newest first."""
    return [one.id for one in await list_secrets(receiver.pool, Sealer([KEY]), account)]


async def test_an_account_that_was_disabled_does_not_exist(receiver: House) -> None:
    """P8: neither does one whose secrets have ended."""
    secret = whsec()
    account = await receiver.account("cloudflare-email", secret)
    assert (await receiver.post_mail(account, secret, mail())).status == 202

    await set_account(receiver.pool, account, disabled=True)

    await until_status(receiver, account, secret, 404)
    assert len(await list_secrets(receiver.pool, Sealer([KEY]), account)) == 1


async def test_a_large_mail_travels_by_reference_and_whole(receiver: House) -> None:
    """R21: 20 MiB are neither cut nor dropped. R20: the blob lies there before the message points to it."""
    secret = whsec()
    account = await receiver.account("cloudflare-email", secret)
    raw = MAIL + b"x" * (20 * 1024 * 1024)

    answer = await receiver.post_mail(account, secret, mail(raw=raw))

    [entry] = await receiver.read()
    assert answer.status == 202
    assert entry.envelope is not None
    assert (entry.envelope.raw, entry.envelope.raw_blob) == (None, hashlib.sha256(raw).hexdigest())
    assert await open_blobs(receiver.settings.blob_url).get(hashlib.sha256(raw).hexdigest()) == raw


async def test_a_recipient_that_is_known_a_moment_ago_is_not_refused(receiver: House) -> None:
    """422 only after a fresh look: the cache may be older than the tenant."""
    secret = whsec()
    account = await receiver.account("cloudflare-email", secret)
    await add_tenant(receiver.pool, "brandnew")

    assert (await receiver.post_mail(account, secret, mail("a+brandnew@in.example.com"))).status == 202


async def test_a_token_is_never_refused_at_the_door(receiver: House) -> None:
    """Whether a token is live is known in Postgres alone: a worker decides."""
    secret = whsec()
    account = await receiver.account("cloudflare-email", secret)

    answer = await receiver.post_mail(account, secret, mail(f"t_{new_token()}@in.example.com"))

    assert answer.status == 202


async def test_an_account_over_its_budget_is_told_when_to_come_again(receiver: House) -> None:
    """R39: the flood of one account stops at its budget; other accounts go on."""
    busy = await receiver.account("twilio", TOKEN, settings={"max_per_minute": "2"})
    other = await receiver.account("twilio", TOKEN)

    answers = [await receiver.post_sms(busy, TOKEN) for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
    assert (await receiver.post_sms(other, TOKEN)).status == 200
    assert await receiver.inbox.depth() == 3


async def test_many_requests_at_once_are_each_accepted_once(receiver: House) -> None:
    """P1: group commit mixes up nothing: every id that was answered is in the inbox, once."""
    account = await receiver.account("twilio", TOKEN)

    answers = await asyncio.gather(*(receiver.post_sms(account, TOKEN, Body=str(n)) for n in range(200)))

    answered = [answer.headers["Inlet-Messages"] for answer in answers]
    found = [entry.envelope.id for entry in await receiver.read() if entry.envelope]
    assert sorted(answered) == sorted(found)
    assert len(set(found)) == 200


async def test_the_workers_are_hinted(receiver: House) -> None:
    """A hint follows an accepted message; R19: the stream holds the message whether or not it arrives."""
    account = await receiver.account("twilio", TOKEN)
    await receiver.post_sms(account, TOKEN)

    await until(lambda: receiver.inbox._redis.zcard("inlet:hints"))
    await receiver.inbox._redis.delete("inlet:hints")

    assert len(await receiver.read()) == 1


async def test_health_readiness_and_figures_are_shown(receiver: House) -> None:
    """R41: the age of the oldest message is shown beside the counts; P10: so is the ledger."""
    account = await receiver.account("twilio", TOKEN)
    await receiver.post_sms(account, TOKEN)

    alive = await receiver.http.get(f"{receiver.url}/healthz")
    ready = await receiver.http.get(f"{receiver.url}/readyz")
    metrics = await (await receiver.http.get(f"{receiver.url}/metrics")).text()

    assert (alive.status, ready.status) == (200, 200)
    assert await ready.json() == {"ready": True, "wrong": {}}
    for line in (
        'inlet_accepted_total{provider="twilio"} 1.0',
        'inlet_inbox{figure="messages"} 1.0',
        'inlet_inbox{figure="oldest_seconds"}',
        'inlet_spool{figure="bytes"} 0.0',
        f'inlet_ledger_messages{{account="{account}",provider="twilio",state="accepted"}} 1.0',
        f'inlet_ledger_messages{{account="{account}",provider="twilio",state="pending"}} 1.0',
        f'inlet_ledger_messages{{account="{account}",provider="twilio",state="missing"}} 0.0',
        'inlet_append_messages_count{place="inbox"} 1.0',
        'inlet_up{part="postgres"} 1.0',
    ):
        assert line in metrics


async def test_an_unknown_path_is_a_problem_too(receiver: House) -> None:
    answer = await receiver.http.get(f"{receiver.url}/nothing")

    assert (answer.status, answer.content_type) == (404, "application/problem+json")


async def until_status(receiver: House, account: str, secret: str, status: int) -> None:
    """A change of an account is heard within moments."""

    async def has_come() -> bool:
        return (await receiver.post_mail(account, secret, mail())).status == status

    await until(has_come)
