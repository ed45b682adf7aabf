"""Proofs of domains are looked for again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from storage.database import connection
from storage.domains import PREFIX
from tests.worker.working.conftest import Bench
from worker.upkeep import check_domains


@pytest.mark.parametrize(
    ("records", "days", "lost"),
    [
        pytest.param([PREFIX + "the-challenge"], 30, 0, id="a proof that is still there stays"),
        pytest.param([], 2, 0, id="one missed look is not believed"),
        pytest.param([], 30, 1, id="one that stays away is lost, and routes no more"),
    ],
)
async def test_a_proof_is_looked_for_each_day(
    bench: Bench, records: Sequence[str], days: int, lost: int
) -> None:
    async with connection(bench.station.postgres) as acquired:
        await acquired.execute(
            "insert into domains (domain, tenant_id, challenge, proof, proven_at, checked_at) "
            "select 'acme.test', $1, 'the-challenge', 'txt', at, at "
            "from (select now() - $2 * interval '1 day' as at)",
            bench.tenant.id,
            days,
        )
    asked: list[str] = []

    async def txt(name: str) -> Sequence[str]:
        asked.append(name)
        return records

    assert await check_domains(bench.station, txt) == lost
    assert asked == ["_inlet.acme.test"]
    (row,) = await bench.rows("select proven_at is null as gone from domains")
    assert row["gone"] == bool(lost)
