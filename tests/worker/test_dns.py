"""TXT records are looked up, and "there is none" is told apart from "nobody can tell"."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from storage.domains import claim_domain, list_domains
from tests.storage.seeds import pool_of, seed_tenant
from worker.cli.domains import prove
from worker.dns import look_up_txt
from worker.settings import load

RECORDS = {
    "_inlet.acme.example.": '"inlet-" "verify=1" ',
    "two.acme.example.": '"a"\n"b"',
}


class NameServer(asyncio.DatagramProtocol):
    """Answers on the loopback as name servers do."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        asked = dns.message.from_wire(data)
        name = str(asked.question[0].name)
        answer = dns.message.make_response(asked)
        if name in RECORDS:
            texts = RECORDS[name].split("\n")
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *texts))
        elif name.startswith("broken."):
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name.startswith("nothing."):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(answer.to_wire(), addr)


@pytest.fixture
async def resolver() -> AsyncIterator[Any]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    found = dns.asyncresolver.Resolver(configure=False)
    found.nameservers = ["127.0.0.1"]
    found.port = transport.get_extra_info("sockname")[1]
    yield found
    transport.close()


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("_inlet.acme.example", ["inlet-verify=1"]),
        ("two.acme.example", ["a", "b"]),
        ("nothing.acme.example", []),
        ("empty.acme.example", []),
    ],
    ids=["in parts", "several", "no such name", "no such record"],
)
async def test_records_are_read_as_they_are(resolver: Any, name: str, texts: list[str]) -> None:
    assert sorted(await look_up_txt(name, resolver=resolver)) == texts


async def test_a_name_server_in_trouble_proves_nothing_and_disproves_nothing(resolver: Any) -> None:
    with pytest.raises(OSError, match="broken"):
        await look_up_txt("broken.acme.example", resolver=resolver)


async def test_a_claimed_domain_is_proven_by_its_record(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    settings = load(
        {"INLET_DATA": str(tmp_path), "INLET_DATABASE_URL": database_url, "INLET_REDIS_URL": redis_url},
        needs=frozenset(),
    )
    records: dict[str, list[str]] = {}

    async def txt(name: str) -> list[str]:
        return records.get(name, [])

    async with pool_of(database_url) as pool:
        acme = await seed_tenant(pool, "acme")
        line = await claim_domain(pool, acme.id, "Acme.Example")
        assert (await prove(settings, "acme.example.", txt))[1] is False
        name, value = line.record
        records[name] = ["v=spf1 -all", value]
        proven, there = await prove(settings, "ACME.example", txt)
        assert (proven.domain, proven.proof, there) == ("acme.example", "txt", True)
        assert [one.proof for one in await list_domains(pool)] == ["txt"]
