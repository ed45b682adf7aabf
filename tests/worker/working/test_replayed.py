"""R4, R11: a mail that nobody's rules took is there for each of its recipients once somebody's rules do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from storage.deadletters import open_ids, replay_all
from storage.domains import vouch_for_domain
from tests.storage.seeds import seed_tenant
from tests.worker.working.conftest import Bench
from worker.ingest import ingest

RAW = (
    b"From: ada@example.org\r\nTo: everybody@list.test\r\nSubject: Order\r\n"
    b"Message-ID: <o@example.org>\r\n\r\nWhere is it?\r\n"
)


async def dead_for_both(bench: Bench) -> None:
    """One mail, delivered to two recipients and then to the first once more, none of them known."""
    for recipient in ("a@one.test", "b@two.test", "a@one.test"):
        await bench.accept(bench.mail(RAW, to=recipient))
    await ingest(bench.station)
    assert await bench.outcomes() == {"dead": 2, "duplicate": 1}


async def replayed(bench: Bench, domains: Mapping[str, str]) -> dict[str, list[set[str]]]:
    """For each tenant's slug the envelope addresses of its messages, once the domains are the tenants'."""
    station = bench.station
    for domain, tenant in domains.items():
        await vouch_for_domain(station.postgres, tenant, domain, datetime.now(UTC))
    await replay_all(station.postgres, await open_ids(station.postgres), station.inbox.append)
    await ingest(station)
    assert await open_ids(station.postgres) == []
    rows = await bench.rows(
        "select s.slug, m.recipients from messages m join tenants s on s.id = m.tenant_id order by s.slug"
    )
    found: dict[str, list[set[str]]] = {}
    for row in rows:
        known = {one["address"] for one in row["recipients"] if one["field"] == "envelope"}
        found.setdefault(row["slug"], []).append(known)
    return found


@pytest.mark.parametrize("shared", [False, True], ids=["two tenants", "one tenant"])
async def test_r11_each_recipients_copy_finds_its_tenant(bench: Bench, shared: bool) -> None:
    """Of two tenants each gets the mail; one tenant gets it once, with both addresses (P2)."""
    await dead_for_both(bench)
    other = bench.tenant if shared else await seed_tenant(bench.station.postgres, "globex")

    found = await replayed(bench, {"one.test": bench.tenant.id, "two.test": other.id})

    both = {"acme": [{"a@one.test", "b@two.test"}]}
    assert found == (both if shared else {"acme": [{"a@one.test"}], "globex": [{"b@two.test"}]})


async def test_p2_a_copy_that_comes_after_the_replay_is_a_duplicate(bench: Bench) -> None:
    """The tenant's own key knows it, by whatever recipient it comes."""
    await dead_for_both(bench)
    await replayed(bench, {"one.test": bench.tenant.id, "two.test": bench.tenant.id})
    (before,) = await bench.rows("select count(*) as n from tickets")

    await bench.accept(bench.mail(RAW, to="b@two.test"))
    await ingest(bench.station)

    assert await bench.rows("select count(*) as n from tickets") == [before] == [{"n": 1}]


async def test_r5_a_mail_without_an_id_that_comes_by_another_hop_is_one_message(bench: Bench) -> None:
    """The door names it by its bytes, which each hop changes: what was written decides."""
    raw = b"From: ada@example.org\r\nDate: Tue, 19 Aug 2025 10:40:00 +0000\r\nSubject: Hi\r\n\r\nHello\r\n"
    await bench.accept(bench.mail(raw), bench.mail(b"Received: from a.example by b.example\r\n" + raw))

    await ingest(bench.station)

    assert await bench.outcomes() == {"created": 1, "duplicate": 1}
