"""The receiver while Redis or Postgres are away, and when it is killed: what got its 2xx is never lost."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession

from storage.database import connect_pool
from storage.inbox import Inbox
from storage.redis import connect
from storage.spool import Spool
from storage.tenants import add_tenant
from tests.storage.own_redis import OwnRedis, own_redis
from tests.storage.waiting import until
from tests.worker.cut import Wire, wire
from tests.worker.receiver_house import TOKEN, House, environment, house, mail, whsec
from worker.settings import load

PROGRAM = """
import asyncio
from worker.receive import run
from worker.settings import find

asyncio.run(run(find()))
"""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[OwnRedis]:
    with own_redis(tmp_path / "redis") as running:
        yield running


@pytest.fixture
async def postgres(database_url: str) -> AsyncIterator[Wire]:
    async with wire(database_url) as whole:
        yield whole


async def known_account(running: House) -> str:
    """An account that the receiver has in its cache, and in its snapshot, with one message."""
    account = await running.account("twilio", TOKEN)
    await until_in_snapshot(running, account)
    assert (await running.post_sms(account, TOKEN)).status == 200
    return account


async def until_in_snapshot(running: House, account: str) -> None:
    """The snapshot is written just before the cache takes over: a later account's shows that it has."""
    snapshot = running.settings.data / "accounts.snapshot"
    await until(lambda: snapshot.exists() and account.encode() in snapshot.read_bytes())
    later = await running.account("twilio", TOKEN)
    await until(lambda: later.encode() in snapshot.read_bytes())


@pytest.mark.parametrize("how", ["killed", "stalled"])
async def test_redis_away_costs_no_message(
    database_url: str, redis: OwnRedis, tmp_path: Path, how: str
) -> None:
    """P7: messages go to the spool while Redis is away, and to the inbox when it is back, without anybody."""
    async with house(database_url, redis.url, tmp_path / "data", INLET_APPEND_SECONDS="0.5") as running:
        account = await known_account(running)
        redis.kill() if how == "killed" else redis.stall()

        during = [await running.post_sms(account, TOKEN) for _ in range(5)]
        ready = await running.http.get(f"{running.url}/readyz")
        said = await ready.json()
        figures = await (await running.http.get(f"{running.url}/metrics")).text()
        redis.start() if how == "killed" else redis.go_on()
        await until(lambda: arrived(running, 6))
        after = await running.post_sms(account, TOKEN)

        assert [answer.status for answer in during] == [200] * 5
        assert (ready.status, said["ready"], list(said["wrong"])) == (200, True, ["redis"])
        assert 'inlet_up{part="redis"} 0.0' in figures
        assert 'inlet_append_messages_count{place="spool"}' in figures
        found = {entry.envelope.id for entry in await running.read() if entry.envelope}
        assert {answer.headers["Inlet-Messages"] for answer in (*during, after)} <= found


async def arrived(running: House, count: int) -> bool:
    return await running.inbox.depth() >= count


async def test_redis_away_and_no_spool_is_503_with_a_time_to_come_back(
    database_url: str, redis: OwnRedis, tmp_path: Path
) -> None:
    """P7: never a 2xx for what is not durable, never a 4xx for our own trouble."""
    more = {"INLET_SPOOL": "off", "INLET_APPEND_SECONDS": "0.5"}
    async with house(database_url, redis.url, tmp_path / "data", **more) as running:
        account = await known_account(running)
        redis.kill()

        answer = await running.post_sms(account, TOKEN)
        ready = await running.http.get(f"{running.url}/readyz")
        said = await ready.json()

        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert (ready.status, said["ready"], sorted(said["wrong"])) == (503, False, ["redis", "spool"])


async def test_a_full_spool_is_503(database_url: str, redis: OwnRedis, tmp_path: Path) -> None:
    """P7: the spool is bounded, and what it has taken stays."""
    more = {"INLET_SPOOL_BYTES": "3000", "INLET_APPEND_SECONDS": "0.5"}
    async with house(database_url, redis.url, tmp_path / "data", **more) as running:
        account = await known_account(running)
        redis.kill()

        statuses = [(await running.post_sms(account, TOKEN)).status for _ in range(5)]
        redis.start()
        await until(lambda: arrived(running, 1 + statuses.count(200)))

        assert set(statuses) == {200, 503}
        assert statuses == sorted(statuses)


async def test_postgres_away_costs_no_message(postgres: Wire, redis_url: str, tmp_path: Path) -> None:
    """P6: known accounts are accepted; of an unknown one nobody can say that it does not exist."""
    async with house(postgres.url, redis_url, tmp_path) as running:
        account = await known_account(running)
        await postgres.cut()

        known = await running.post_sms(account, TOKEN)
        unknown = await running.post_sms("acc_nobody", TOKEN)
        ready = await running.http.get(f"{running.url}/readyz")
        figures = await (await running.http.get(f"{running.url}/metrics")).text()

        assert known.status == 200
        assert (unknown.status, int(unknown.headers["Retry-After"]) > 0) == (503, True)
        assert ready.status == 200
        assert 'inlet_up{part="postgres"} 0.0' in figures
        assert f'inlet_ledger_messages{{account="{account}",provider="",state="accepted"}} 2.0' in figures
        await postgres.mend()


async def test_postgres_away_refuses_no_recipient(postgres: Wire, redis_url: str, tmp_path: Path) -> None:
    """P6: 422 takes a fresh look; where there can be none, the mail is accepted, and a worker decides."""
    async with house(postgres.url, redis_url, tmp_path) as running:
        secret = whsec()
        account = await running.account("cloudflare-email", secret)
        nobody = mail("support+nobody@in.example.com")
        await until_in_snapshot(running, account)
        before = await running.post_mail(account, secret, nobody)
        await postgres.cut()

        during = await running.post_mail(account, secret, nobody)

        assert (before.status, during.status) == (422, 202)
        await postgres.mend()


async def test_a_frozen_postgres_holds_up_no_delivery_for_long(
    postgres: Wire, redis_url: str, tmp_path: Path
) -> None:
    """P6: it answers nothing, and closes nothing either. A provider waits 15 seconds at most."""
    async with house(postgres.url, redis_url, tmp_path) as running:
        secret = whsec()
        account = await running.account("cloudflare-email", secret)
        nobody = mail("support+nobody@in.example.com")
        await until_in_snapshot(running, account)
        assert (await running.post_mail(account, secret, nobody)).status == 422
        assert (await running.post_sms("acc_nobody", TOKEN)).status == 404
        postgres.freeze()

        async with asyncio.timeout(10):
            recipient, stranger = await asyncio.gather(
                running.post_mail(account, secret, nobody), running.post_sms("acc_other", TOKEN)
            )
        figures = await until_shown(running, 'inlet_up{part="postgres"} 0.0')

        assert (recipient.status, stranger.status) == (202, 503)
        assert int(stranger.headers["Retry-After"]) > 0
        assert f'inlet_ledger_messages{{account="{account}",provider="",state="accepted"}} 1.0' in figures
        postgres.thaw()
        assert (await running.post_sms("acc_third", TOKEN)).status == 404


async def until_shown(running: House, line: str) -> str:
    """The figures, once they hold the line: they are read in the background."""
    shown = ""

    async def there() -> bool:
        nonlocal shown
        shown = await (await running.http.get(f"{running.url}/metrics")).text()
        return line in shown

    await until(there)
    return shown


@asynccontextmanager
async def receiver_process(environ: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """A receiver in a process of its own, which listens."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, env={**os.environ, **environ}, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            while b'"receiving"' not in (line := await process.stdout.readline()):
                assert line, "it ended before it listened"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@asynccontextmanager
async def outside(environ: dict[str, str]) -> AsyncIterator[House]:
    """What a test needs to talk to a receiver in another process."""
    pool = await connect_pool(environ["INLET_DATABASE_URL"])
    client = connect(environ["INLET_REDIS_URL"])
    async with ClientSession() as http:
        yield House(settings=load(environ), pool=pool, inbox=Inbox(client), http=http)
    await client.aclose()
    await pool.close()


@pytest.mark.parametrize("redis_is", ["there", "away"])
async def test_a_receiver_killed_right_after_its_answer_loses_nothing(
    database_url: str, redis: OwnRedis, tmp_path: Path, redis_is: str
) -> None:
    """P1: SIGKILL after the 2xx; the message is in Redis, or in the spool, and the next receiver brings it.

    P6: the next one starts from the snapshot of the accounts, while Postgres is away.
    """
    environ = environment(database_url, redis.url, tmp_path / "data", INLET_APPEND_SECONDS="0.5")
    async with outside(environ) as running:
        await add_tenant(running.pool, "acme")
        async with receiver_process(environ) as process:
            account = await known_account(running)
            if redis_is == "away":
                redis.kill()
            answers = [await running.post_sms(account, TOKEN) for _ in range(3)]
            process.send_signal(signal.SIGKILL)
            assert await process.wait() == -signal.SIGKILL
        if redis_is == "away":
            redis.start()

        unreachable = {**environ, "INLET_DATABASE_URL": "postgresql://u:p@127.0.0.1:1/none"}
        async with receiver_process(unreachable):
            later = await running.post_sms(account, TOKEN)
            await until(lambda: arrived(running, 5))

        assert [answer.status for answer in (*answers, later)] == [200] * 4
        found = {entry.envelope.id for entry in await running.read() if entry.envelope}
        assert {answer.headers["Inlet-Messages"] for answer in (*answers, later)} <= found
        assert (await Spool(tmp_path / "data" / "spool", limit=1).figures()).files == 0


async def test_a_receiver_told_to_stop_answers_what_it_has_begun(
    database_url: str, redis: OwnRedis, tmp_path: Path
) -> None:
    """P1: SIGTERM while an append hangs in a stalled Redis; the request is answered, and the answer holds."""
    environ = environment(database_url, redis.url, tmp_path / "data", INLET_APPEND_SECONDS="2")
    async with outside(environ) as running:
        async with receiver_process(environ) as process:
            account = await known_account(running)
            redis.stall()
            begun = [asyncio.create_task(running.post_sms(account, TOKEN)) for _ in range(3)]
            await asyncio.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            answers = await asyncio.gather(*begun)
            assert await process.wait() == 0
        redis.go_on()

        assert [answer.status for answer in answers] == [200] * 3
        spool = Spool(tmp_path / "data" / "spool", limit=10**9)
        ids = [answer.headers["Inlet-Messages"] for answer in answers]
        assert [await spool.account_of(message) for message in ids] == [account] * 3


async def test_two_receivers_share_a_port(database_url: str, redis: OwnRedis, tmp_path: Path) -> None:
    """One is replaced by another: the second listens before the first ends."""
    environ = environment(database_url, redis.url, tmp_path / "data")
    async with outside(environ) as running, receiver_process(environ) as old:
        account = await known_account(running)
        async with receiver_process(environ):
            old.send_signal(signal.SIGTERM)
            assert await old.wait() == 0
            assert (await running.post_sms(account, TOKEN)).status == 200
