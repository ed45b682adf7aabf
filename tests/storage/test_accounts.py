"""Accounts: made with a secret, rotated without a gap, known to receivers while Postgres is away."""

from __future__ import annotations

import asyncio
import contextlib
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from channels.errors import NotFound, Refusal, Unavailable
from storage import account_book, cache
from storage.account_book import AccountBook, unreadable_accounts
from storage.accounts import (
    add_account,
    add_secret,
    expire_secret,
    find_account,
    internal_account,
    list_accounts,
    list_secrets,
    reseal,
    set_account,
)
from storage.database import BadRow, Pool, connect_pool, connection, transaction
from storage.queries import query
from storage.sealing import Sealer, SealError, new_key
from storage.tenants import add_tenant
from tests.storage.desk import until

KEY = new_key()
SEALER = Sealer([KEY])


@dataclass(slots=True, kw_only=True)
class Shop:
    url: str
    pool: Pool
    account: str
    snapshot: Path

    def book(self, *, url: str = "", pool: Pool | None = None, sealer: Sealer = SEALER) -> AccountBook:
        return AccountBook(url or self.url, pool or self.pool, sealer, snapshot=self.snapshot)


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    pool = await connect_pool(database_url, max_size=4)
    account = await add_account(pool, SEALER, "twilio", ["first"], settings={"url": "https://a.example.org"})
    yield Shop(url=database_url, pool=pool, account=account, snapshot=tmp_path / "own" / "accounts")
    await pool.close()


@pytest.fixture
async def away(unused_tcp_port: int) -> AsyncIterator[tuple[str, Pool]]:
    """URL and pool of a Postgres that is away."""
    url = f"postgresql://inlet@127.0.0.1:{unused_tcp_port}/inlet"
    pool = await connect_pool(url)
    yield url, pool
    await pool.close()


async def refusal(book: AccountBook, account: str, provider: str = "twilio") -> type[Refusal]:
    with pytest.raises(Refusal) as caught:
        await book.get(provider, account)
    return type(caught.value)


async def test_an_account_is_found_with_its_secrets(shop: Shop) -> None:
    """As `parse` and `verify` need it; at rest its secret cannot be read."""
    async with shop.book() as book:
        found = await book.get("twilio", shop.account)
    assert (found.account.id, found.account.provider, found.secrets) == (shop.account, "twilio", ("first",))
    assert found.account.settings == {"url": "https://a.example.org"}
    async with connection(shop.pool) as conn:
        assert b"first" not in await conn.fetchval("select sealed from secrets")


@pytest.mark.parametrize(
    ("provider", "account"),
    [
        pytest.param("twilio", "acc_nobody", id="no such account"),
        pytest.param("cloudflare-email", None, id="an account of another provider"),
        pytest.param("twilio", "acc_\0", id="R24: an id that no database can hold"),
        pytest.param("twilio", "acc_\ud83d", id="R24: an id with half a character"),
    ],
)
async def test_who_does_not_exist(shop: Shop, provider: str, account: str | None) -> None:
    """P8: 404, on Postgres' own word."""
    async with shop.book() as book:
        assert await refusal(book, account or shop.account, provider) is NotFound


async def test_an_account_without_a_secret_does_not_exist(shop: Shop) -> None:
    """P8, R36: it cannot be made, and once its secrets have ended it is not found."""
    with pytest.raises(ValueError, match="needs a secret"):
        await add_account(shop.pool, SEALER, "twilio", [])
    async with connection(shop.pool) as conn:
        await conn.execute("update secrets set expires_at = now() - interval '1 second'")
    async with shop.book() as book:
        assert await refusal(book, shop.account) is NotFound


async def test_a_disabled_account_does_not_exist(shop: Shop) -> None:
    """It can be switched off and on again."""
    assert await set_account(shop.pool, shop.account, disabled=True)
    async with shop.book() as book:
        assert await refusal(book, shop.account) is NotFound
        assert await set_account(shop.pool, shop.account, disabled=False, mode="observe")
        await book.refresh()
        assert (await book.get("twilio", shop.account)).account.mode == "observe"
    assert not await set_account(shop.pool, "acc_nobody", disabled=True)


async def test_a_new_account_is_known_at_once(shop: Shop) -> None:
    """A look-up finds what the cache has not heard of yet, even right after a miss was told."""
    async with shop.book() as book:
        account = await add_account(shop.pool, SEALER, "twilio", ["x"])
        assert (await book.get("twilio", account)).secrets == ("x",)


async def test_a_miss_is_remembered_for_moments_only(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of one made-up id costs one look-up in a while; the id may come to exist."""
    monkeypatch.setattr(account_book, "MISS_SECONDS", 3600.0)
    async with shop.book() as book:
        assert await refusal(book, "acc_late") is NotFound
        async with connection(shop.pool) as conn:
            await conn.execute("alter table accounts rename to hidden")
        assert await refusal(book, "acc_late") is NotFound, "remembered: nobody asked Postgres"
        assert await refusal(book, "acc_other") is Unavailable
        async with connection(shop.pool) as conn:
            await conn.execute("alter table hidden rename to accounts")
            await conn.execute("insert into accounts (id, provider) values ('acc_late', 'twilio')")
        await add_secret(shop.pool, SEALER, "acc_late", "s")
        await until(
            lambda: "acc_late" in (known := book._cached.current()) and bool(known["acc_late"].secrets)
        )
        assert (await book.get("twilio", "acc_late")).secrets == ("s",)


async def test_rotation_of_a_secret(shop: Shop) -> None:
    """R36: a second secret is live beside the first, then the first one ends; the last one cannot."""
    second = await add_secret(shop.pool, SEALER, shop.account, "second")
    async with shop.book() as book:
        assert set((await book.get("twilio", shop.account)).secrets) == {"first", "second"}
        (first,) = [one.id for one in await list_secrets(shop.pool, SEALER, shop.account) if one.id != second]
        assert await expire_secret(shop.pool, shop.account, first)
        await book.refresh()
        assert (await book.get("twilio", shop.account)).secrets == ("second",)
        assert not await expire_secret(shop.pool, shop.account, second), "it is the last one"
        assert not await expire_secret(shop.pool, "acc_other", first), "it is another account's"


async def test_a_secret_ends_by_the_clock(shop: Shop) -> None:
    """A secret with an end stops being live without anybody telling the receiver."""
    second = await add_secret(shop.pool, SEALER, shop.account, "second")
    soon = datetime.now(UTC) + timedelta(seconds=1)
    assert await expire_secret(shop.pool, shop.account, second, soon)
    async with shop.book() as book:

        async def is_over() -> bool:
            return "second" not in (await book.get("twilio", shop.account)).secrets

        await until(is_over)
        assert datetime.now(UTC) >= soon


WAITS = """
select count(*) > 0 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
"""


async def test_of_two_ends_at_once_one_secret_stays(shop: Shop) -> None:
    """P8: whoever ends the second of two secrets waits for whoever ends the first, and is told no."""
    await add_secret(shop.pool, SEALER, shop.account, "second")
    first, second = [one.id for one in await list_secrets(shop.pool, SEALER, shop.account)]

    async def is_waiting() -> bool:
        async with connection(shop.pool) as conn:
            return bool(await conn.fetchval(WAITS))

    async with transaction(shop.pool) as other:
        await other.execute(query("lock_account"), shop.account)
        await other.execute(query("expire_secret"), first, shop.account, datetime.now(UTC))
        done = asyncio.ensure_future(expire_secret(shop.pool, shop.account, second))
        await until(is_waiting)
    assert await done is False


async def test_rotation_of_the_key(shop: Shop) -> None:
    """P8: everything is sealed with the new key, after which the old one may go."""
    new = new_key()
    both = Sealer([new, KEY])
    assert [one.current for one in await list_secrets(shop.pool, both, shop.account)] == [False]
    assert await reseal(shop.pool, both) == 1
    assert await reseal(shop.pool, both) == 0
    async with shop.book(sealer=Sealer([new])) as book:
        assert (await book.get("twilio", shop.account)).secrets == ("first",)


async def test_a_secret_that_does_not_open_is_our_trouble(shop: Shop) -> None:
    """P7: 503 and words for the operator, never 4xx; other accounts go on, nothing is resealed halfway."""
    wrong = Sealer([new_key()])
    other = await add_account(shop.pool, wrong, "twilio", ["x"])
    async with shop.book(sealer=wrong) as book:
        assert await refusal(book, shop.account) is Unavailable
        assert (await book.get("twilio", other)).secrets == ("x",)
        (fault,) = book.faults()
    assert "INLET_SECRET_KEY" in fault
    assert shop.account in fault
    with pytest.raises(SealError):
        await reseal(shop.pool, wrong)


async def test_an_account_that_cannot_be_read_costs_itself_alone(shop: Shop, away: tuple[str, Pool]) -> None:
    """P7: 503 and words for the operator; others go on, and a secret that is taken away there ends."""
    other = await add_account(shop.pool, SEALER, "twilio", ["x"])
    async with shop.book() as book:
        async with connection(shop.pool) as conn:
            await conn.execute("update accounts set settings = '{\"url\": 1}' where id = $1", shop.account)
        await until(lambda: bool(book.faults()))
        assert book.faults() == tuple(await unreadable_accounts(shop.pool))
        assert shop.account in book.faults()[0]
        assert await refusal(book, shop.account) is Unavailable
        assert (await book.get("twilio", other)).secrets == ("x",)
        async with connection(shop.pool) as conn:
            await conn.execute("delete from secrets where account_id = $1", other)
        await until(lambda: not book._cached.current()[other].secrets)
        assert await refusal(book, other) is NotFound
    url, pool = away
    async with shop.book(url=url, pool=pool) as book:
        assert await refusal(book, shop.account) is Unavailable


async def test_a_start_without_postgres(shop: Shop, away: tuple[str, Pool]) -> None:
    """P6: what a receiver knew before a restart it knows from the snapshot; the unknown is 503, never 404."""
    async with shop.book():
        pass
    url, pool = away
    async with shop.book(url=url, pool=pool) as book:
        assert (await book.get("twilio", shop.account)).secrets == ("first",)
        assert await refusal(book, "acc_unknown") is Unavailable
        assert await refusal(book, shop.account, "cloudflare-email") is NotFound


async def test_a_postgres_that_hangs(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """P6: an unknown account is not waited for without end; known ones do not notice."""
    monkeypatch.setattr(account_book, "LOOKUP_SECONDS", 0.2)
    async with shop.book() as book, transaction(shop.pool) as other:
        await other.execute("lock table accounts in access exclusive mode")
        assert await refusal(book, "acc_unknown") is Unavailable
        assert (await book.get("twilio", shop.account)).secrets == ("first",)


async def test_a_start_while_postgres_hangs(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """P6: a receiver that starts does not wait for it: the snapshot serves, and the rest is read later."""
    monkeypatch.setattr(cache, "START_SECONDS", 0.2)
    async with shop.book():
        pass
    async with contextlib.AsyncExitStack() as stack:
        async with transaction(shop.pool) as other:
            await other.execute("lock table accounts in access exclusive mode")
            book = await stack.enter_async_context(shop.book())
            assert (await book.get("twilio", shop.account)).secrets == ("first",)
        await add_secret(shop.pool, SEALER, shop.account, "second")

        async def is_live() -> bool:
            return "second" in (await book.get("twilio", shop.account)).secrets

        await until(is_live)


@pytest.mark.parametrize(
    "content", [pytest.param(None, id="there is none"), pytest.param(b"\xc1garbage", id="it is damaged")]
)
async def test_a_start_without_postgres_or_snapshot(
    shop: Shop, away: tuple[str, Pool], content: bytes | None
) -> None:
    """P6: then every account is 503."""
    if content is not None:
        shop.snapshot.parent.mkdir()
        shop.snapshot.write_bytes(content)
    url, pool = away
    async with shop.book(url=url, pool=pool) as book:
        assert await refusal(book, shop.account) is Unavailable


async def test_a_snapshot_of_a_version_that_knew_no_ids_of_secrets_serves(
    shop: Shop, away: tuple[str, Pool]
) -> None:
    """P6: an upgrade while Postgres is away loses no account."""
    async with shop.book() as book:
        (known,) = await list_secrets(shop.pool, SEALER, shop.account)
        assert (await book.get("twilio", shop.account)).secret_ids == (known.id,)
    accounts = msgspec.msgpack.decode(shop.snapshot.read_bytes())
    shop.snapshot.write_bytes(msgspec.msgpack.encode([{**one, "secret_ids": []} for one in accounts]))
    url, pool = away
    async with shop.book(url=url, pool=pool) as book:
        found = await book.get("twilio", shop.account)
        assert (found.secrets, found.secret_ids) == (("first",), ("",))


async def test_the_snapshot_shows_no_secret(shop: Shop) -> None:
    """R37: readable by its owner alone, and sealed even for them."""
    async with shop.book():
        pass
    assert stat.S_IMODE(shop.snapshot.stat().st_mode) == 0o600
    assert b"first" not in shop.snapshot.read_bytes()


async def test_a_snapshot_that_cannot_be_written_stops_nobody(shop: Shop) -> None:
    """It is an aid for a bad day, not a condition of a good one."""
    shop.snapshot.parent.write_bytes(b"a file in the place of the folder")
    async with shop.book() as book:
        assert (await book.get("twilio", shop.account)).secrets == ("first",)


async def test_a_change_is_heard(shop: Shop) -> None:
    """A secret that an operator adds is live in every receiver within moments."""
    async with shop.book() as book:
        await add_secret(shop.pool, SEALER, shop.account, "second")

        async def is_live() -> bool:
            return "second" in (await book.get("twilio", shop.account)).secrets

        await until(is_live)


async def test_accounts_are_listed(shop: Shop) -> None:
    """With slug and number of live secrets, never the secrets."""
    tenant = await add_tenant(shop.pool, "acme")
    second = await add_account(shop.pool, SEALER, "cloudflare-email", ["a", "b"], tenant=tenant)
    lines = await list_accounts(shop.pool)
    assert [(one.id, one.tenant, one.secrets) for one in lines] == [
        (shop.account, None, 1),
        (second, "acme", 2),
    ]
    assert [one.id for one in await list_accounts(shop.pool, tenant=tenant)] == [second]
    found = await find_account(shop.pool, second)
    assert found is not None
    assert found.tenant == tenant
    assert await find_account(shop.pool, "acc_nobody") is None


async def test_the_internal_account_of_a_tenant_is_one(shop: Shop) -> None:
    """However many ask for it at once; no webhook reaches it (P8)."""
    tenant = await add_tenant(shop.pool, "acme")
    found = await asyncio.gather(*(internal_account(shop.pool, "api", tenant) for _ in range(4)))
    assert {one.id for one in found} == {f"api_{tenant}"}
    async with shop.book() as book:
        assert await refusal(book, found[0].id, "api") is NotFound


async def test_a_secret_of_nobody(shop: Shop) -> None:
    """A secret belongs to an account that is there."""
    with pytest.raises(BadRow):
        await add_secret(shop.pool, SEALER, "acc_nobody", "x")


async def test_ids_are_opaque(shop: Shop) -> None:
    """An account's id says nothing and cannot be guessed: 125 bits, lower-case."""
    other = await add_account(shop.pool, SEALER, "twilio", ["x"])
    assert other != shop.account
    assert len(other) == len("acc_") + 25
    assert other == other.lower()
