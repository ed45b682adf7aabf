"""Tickets are listed, shown, changed by hand, merged and answered; never across tenants (P4)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from routing.by_hand import ByHandError, Wish
from routing.facts import SlaTarget, Tenant
from storage.cursors import BadCursorError
from storage.database import Pool, connection
from storage.handling import Hand, patch_ticket
from storage.ids import new_id
from storage.messages import find_message
from storage.outgoing import Outgoing, add_outgoing
from storage.shown import Ticket
from storage.tickets import Filter, find_ticket, list_tickets
from tests.storage.seeds import (
    LATER,
    NOON,
    pool_of,
    seed_contact,
    seed_message,
    seed_tenant,
    seed_ticket,
)

DOMAIN = "in.example.org"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    pool: Pool
    acme: Tenant
    other: Tenant

    def hand(self, tenant: Tenant | None = None) -> Hand:
        return Hand(tenant=tenant or self.acme, actor="key:k1", now=LATER)

    async def show(self, ref: str, tenant: Tenant | None = None) -> Ticket:
        found = await find_ticket(self.pool, tenant=(tenant or self.acme).id, ref=ref, mail_domain=DOMAIN)
        assert found is not None
        return found


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with pool_of(database_url) as pool:
        yield House(pool=pool, acme=await seed_tenant(pool, "acme"), other=await seed_tenant(pool, "other"))


async def test_a_ticket_is_shown_with_everything(house: House) -> None:
    contact = await seed_contact(house.pool, house.acme, "ada@example.org")
    ticket = await seed_ticket(house.pool, house.acme, contact_id=contact, tags=("vip",))
    message = await seed_message(house.pool, house.acme, ticket)
    shown = await house.show("TKT-0001")
    assert (shown.ref, shown.tenant, shown.status, shown.tags) == ("TKT-0001", "acme", "open", ["vip"])
    assert shown.reply_address == f"t_{ticket.reply_token}@{DOMAIN}"
    assert shown.contact is not None
    assert shown.contact.identities[0].value == "ada@example.org"
    assert [one.id for one in shown.messages] == [message.id]
    assert shown.messages[0].sender.address == "ada@example.org"
    assert shown.messages[0].attachments[0].filename == "label.pdf"
    assert [one.kind for one in shown.activities] == ["created"]


async def test_messages_are_shown_in_the_order_of_their_acceptance(house: House) -> None:
    """R18: whatever the order of the commits; at one moment, by their ids."""
    ticket = await seed_ticket(house.pool, house.acme)
    ids = sorted(new_id() for _ in range(3))
    for message, at in ((ids[2], NOON), (ids[0], LATER), (ids[1], NOON)):
        await seed_message(house.pool, house.acme, ticket, id=message, received_at=at)
    assert [one.id for one in (await house.show("TKT-0001")).messages] == [ids[1], ids[2], ids[0]]


SHOWN = {
    "a delay notice or a receipt is an activity only": (("delivery_report",), False),
    "a bounce that is a report too": (("bounce", "delivery_report"), True),
    "a complaint that is a report too": (("complaint_report", "delivery_report"), True),
    "an automatic reply": (("auto_reply",), True),
}


@pytest.mark.parametrize(("flags", "shown"), SHOWN.values(), ids=SHOWN)
async def test_which_messages_of_machines_a_ticket_shows(
    house: House, flags: tuple[str, ...], shown: bool
) -> None:
    """R34. Each is found by its id all the same, with its ticket."""
    ticket = await seed_ticket(house.pool, house.acme)
    row = await seed_message(house.pool, house.acme, ticket, "appended", flags=flags)
    assert [one.id for one in (await house.show("TKT-0001")).messages] == [row.id] * shown
    found = await find_message(house.pool, row.id)
    assert found is not None
    assert (found.message.state, found.message.ticket, found.message.text) == (
        "appended",
        "TKT-0001",
        row.text,
    )


async def test_a_ticket_of_another_tenant_does_not_exist(house: House) -> None:
    """P4."""
    await seed_ticket(house.pool, house.other)
    assert await find_ticket(house.pool, tenant=house.acme.id, ref="TKT-0001", mail_domain=None) is None


async def test_the_own_domain_of_a_tenant_serves_where_there_is_no_shared_one(house: House) -> None:
    ticket = await seed_ticket(house.pool, house.acme)
    async with connection(house.pool) as conn:
        await conn.execute(
            "insert into domains (domain, tenant_id, challenge, proof, proven_at)"
            " values ('acme.example', $1, 'x', 'operator', now()), ('b.example', $1, 'x', null, null)",
            house.acme.id,
        )
    found = await find_ticket(house.pool, tenant=house.acme.id, ref="TKT-0001", mail_domain=None)
    assert found is not None
    assert found.reply_address == f"t_{ticket.reply_token}@acme.example"


@dataclass(frozen=True, kw_only=True)
class Listed:
    label: str
    wanted: dict[str, str]
    refs: list[str]


LISTED = (
    Listed(label="everything, the newest first", wanted={}, refs=["TKT-0003", "TKT-0002", "TKT-0001"]),
    Listed(label="by status", wanted={"status": "resolved"}, refs=["TKT-0002"]),
    Listed(label="by priority", wanted={"priority": "urgent"}, refs=["TKT-0003"]),
    Listed(label="by category", wanted={"category": "billing"}, refs=["TKT-0001"]),
    Listed(label="by type", wanted={"type": "bug_report"}, refs=["TKT-0002"]),
    Listed(label="by channel", wanted={"channel": "sms"}, refs=["TKT-0003"]),
    Listed(label="by label", wanted={"label": "blue"}, refs=["TKT-0001"]),
    Listed(label="by tag", wanted={"tag": "shop"}, refs=["TKT-0002"]),
    Listed(label="by a contact's address", wanted={"contact": "ada@example.org"}, refs=["TKT-0003"]),
    Listed(label="by assignee: nobody has one", wanted={"assignee": "bo@example.org"}, refs=[]),
    Listed(label="two conditions together", wanted={"status": "open", "channel": "email"}, refs=["TKT-0001"]),
)


@pytest.mark.parametrize("case", LISTED, ids=lambda case: case.label)
@pytest.mark.parametrize("scope", ["tenant", "all"])
async def test_tickets_are_listed_by_what_is_asked(house: House, case: Listed, scope: str) -> None:
    contact = await seed_contact(house.pool, house.acme, "ada@example.org")
    await seed_ticket(house.pool, house.acme, category="billing", labels=("blue",))
    await seed_ticket(house.pool, house.acme, status="resolved", type="bug_report", tags=("shop",))
    await seed_ticket(house.pool, house.acme, priority="urgent", channel="sms", contact_id=contact)
    wanted = Filter(tenant=house.acme.id if scope == "tenant" else None, **case.wanted)
    lines, following = await list_tickets(house.pool, wanted, after=None, limit=10, mail_domain=None)
    assert [line.ref for line in lines] == case.refs
    assert following is None


@pytest.mark.parametrize("scope", ["tenant", "all"])
async def test_tickets_are_listed_by_the_id_of_their_contact(house: House, scope: str) -> None:
    """P4: an id of another tenant's contact finds nothing of this one."""
    ada, bo = [await seed_contact(house.pool, house.acme, f"{name}@example.org") for name in ("ada", "bo")]
    eve = await seed_contact(house.pool, house.other, "eve@example.org")
    for contact in (ada, bo):
        await seed_ticket(house.pool, house.acme, contact_id=contact)
    for contact, refs in ((ada, ["TKT-0001"]), (bo.upper(), ["TKT-0002"]), (eve, []), (new_id(), [])):
        wanted = Filter(tenant=house.acme.id if scope == "tenant" else None, contact=contact)
        lines, _ = await list_tickets(house.pool, wanted, after=None, limit=10, mail_domain=None)
        assert [line.ref for line in lines] == refs


@pytest.mark.parametrize("scope", ["tenant", "all"])
async def test_pages_join_without_gap_or_repetition(house: House, scope: str) -> None:
    for _ in range(5):
        await seed_ticket(house.pool, house.acme)
    wanted = Filter(tenant=house.acme.id if scope == "tenant" else None)
    seen: list[str] = []
    after: str | None = None
    for _ in range(3):
        lines, after = await list_tickets(house.pool, wanted, after=after, limit=2, mail_domain=None)
        seen += [line.ref for line in lines]
    assert after is None
    assert seen == [f"TKT-000{number}" for number in (5, 4, 3, 2, 1)]


@pytest.mark.parametrize(
    "cursor", ["x", "", "gqNh", "%%%", "kqFh"], ids=["short", "empty", "other", "no", "text"]
)
async def test_a_foreign_cursor_is_refused(house: House, cursor: str) -> None:
    with pytest.raises(BadCursorError):
        await list_tickets(house.pool, Filter(), after=cursor or "=", limit=1, mail_domain=None)


async def test_a_list_of_one_tenant_holds_nothing_of_another(house: House) -> None:
    """P4."""
    await seed_ticket(house.pool, house.other)
    lines, _ = await list_tickets(
        house.pool, Filter(tenant=house.acme.id), after=None, limit=10, mail_domain=None
    )
    assert lines == []


@dataclass(frozen=True, kw_only=True)
class Patched:
    label: str
    wish: dict[str, Any]
    after: dict[str, Any]
    kinds: list[str]
    start: dict[str, Any] = field(default_factory=dict)


PATCHED = (
    Patched(
        label="status", wish={"status": "waiting"}, after={"status": "waiting"}, kinds=["status_changed"]
    ),
    Patched(
        label="category",
        wish={"category": "billing"},
        after={"category": "billing"},
        kinds=["category_changed"],
    ),
    Patched(
        label="labels", wish={"labels": ("a", "b")}, after={"labels": ["a", "b"]}, kinds=["labels_changed"]
    ),
    Patched(
        label="an assignee",
        wish={"assignee": "bo@example.org"},
        after={"assignee": "bo@example.org"},
        kinds=["assignee_changed"],
    ),
    Patched(label="nobody as assignee", wish={"assignee": None}, after={"assignee": None}, kinds=[]),
    Patched(
        label="what it is already leaves no trace",
        wish={"status": "open"},
        after={"status": "open"},
        kinds=[],
    ),
    Patched(
        label="several at once",
        wish={"status": "resolved", "type": "bug_report"},
        after={"status": "resolved", "type": "bug_report"},
        kinds=["status_changed", "type_changed"],
    ),
)


@pytest.mark.parametrize("case", PATCHED, ids=lambda case: case.label)
async def test_a_person_changes_a_ticket_and_leaves_a_trace(house: House, case: Patched) -> None:
    await seed_ticket(house.pool, house.acme)
    assert await patch_ticket(house.pool, house.hand(), "TKT-0001", Wish(**case.wish))
    shown = await house.show("TKT-0001")
    assert {name: getattr(shown, name) for name in case.after} == case.after
    said = [one for one in shown.activities if one.actor == "key:k1"]
    assert sorted(one.kind for one in said) == sorted(case.kinds)


async def test_what_a_person_set_is_marked_even_where_it_stays(house: House) -> None:
    await seed_ticket(house.pool, house.acme, category="billing")
    await patch_ticket(house.pool, house.hand(), "TKT-0001", Wish(category="billing"))
    async with connection(house.pool) as conn:
        row = await conn.fetchrow("select set_by_hand, agent_acted from tickets")
    assert (row["set_by_hand"], row["agent_acted"]) == (["category"], True)


async def test_a_new_priority_moves_the_clocks_from_the_beginning(house: House) -> None:
    target = SlaTarget(first_response_minutes=10, resolution_minutes=20)
    tenant = Tenant(id=house.acme.id, slug="acme", name="Acme", sla={"urgent": target})
    await seed_ticket(house.pool, house.acme)
    await patch_ticket(house.pool, house.hand(tenant), "TKT-0001", Wish(priority="urgent"))
    shown = await house.show("TKT-0001")
    assert shown.first_response_due_at is not None
    assert shown.resolution_due_at is not None
    assert (shown.first_response_due_at - NOON).total_seconds() == 600
    assert (shown.resolution_due_at - NOON).total_seconds() == 1200


async def test_resolving_stamps_and_reopening_clears(house: House) -> None:
    await seed_ticket(house.pool, house.acme)
    for status, stamp in (("resolved", LATER), ("open", None)):
        await patch_ticket(house.pool, house.hand(), "TKT-0001", Wish(status=status))  # type: ignore[arg-type]
        async with connection(house.pool) as conn:
            assert await conn.fetchval("select resolved_at from tickets") == stamp


async def test_a_contact_of_another_tenant_cannot_be_put_on_a_ticket(house: House) -> None:
    """P4."""
    stranger = await seed_contact(house.pool, house.other, "eve@example.org")
    await seed_ticket(house.pool, house.acme)
    with pytest.raises(ByHandError):
        await patch_ticket(house.pool, house.hand(), "TKT-0001", Wish(contact_id=stranger))


async def test_no_hand_reaches_into_another_tenant(house: House) -> None:
    """P4."""
    await seed_ticket(house.pool, house.other)
    assert not await patch_ticket(house.pool, house.hand(), "TKT-0001", Wish(status="closed"))
    out = Outgoing(note=True, text="hello")
    assert await add_outgoing(house.pool, house.hand(), "TKT-0001", out, mail_domain=DOMAIN) is None
    assert (await house.show("TKT-0001", house.other)).status == "open"


async def test_a_merged_ticket_is_closed_and_leads_to_the_end_of_the_chain(house: House) -> None:
    for _ in range(3):
        await seed_ticket(house.pool, house.acme)
    await patch_ticket(house.pool, house.hand(), "TKT-0002", Wish(), into="TKT-0003")
    await patch_ticket(house.pool, house.hand(), "TKT-0001", Wish(), into="TKT-0002")
    first = await house.show("TKT-0001")
    assert (first.status, first.merged_into) == ("closed", "TKT-0003")
    assert [one.kind for one in (await house.show("TKT-0003")).activities][1:] == ["merged_from"] * 2


@pytest.mark.parametrize("into", ["TKT-0001", "TKT-0002", "TKT-0099"], ids=["itself", "a circle", "nothing"])
async def test_a_merge_that_leads_nowhere_is_refused(house: House, into: str) -> None:
    for _ in range(2):
        await seed_ticket(house.pool, house.acme)
    await patch_ticket(house.pool, house.hand(), "TKT-0002", Wish(), into="TKT-0001")
    with pytest.raises(ByHandError):
        await patch_ticket(house.pool, house.hand(), "TKT-0001", Wish(), into=into)


async def test_a_merge_says_in_the_audit_trail_that_it_closed_the_ticket(house: House) -> None:
    for _ in range(2):
        await seed_ticket(house.pool, house.acme)
    await patch_ticket(house.pool, house.hand(), "TKT-0001", Wish(), into="TKT-0002")
    said = {one.kind: one.data for one in (await house.show("TKT-0001")).activities}
    assert said["merged"] == {"into": "TKT-0002"}
    assert said["status_changed"] == {"from": "open", "to": "closed"}


async def test_a_merge_of_a_closed_ticket_changes_no_status(house: House) -> None:
    for status in ("closed", "open"):
        await seed_ticket(house.pool, house.acme, status=status)
    await patch_ticket(house.pool, house.hand(), "TKT-0001", Wish(), into="TKT-0002")
    assert [one.kind for one in (await house.show("TKT-0001")).activities] == ["created", "merged"]


REFUSED: dict[str, tuple[Wish, dict[str, str | None]]] = {
    "a status": (Wish(status="open"), {}),
    "the status that it has": (Wish(status="closed"), {}),
    "a priority": (Wish(priority="urgent"), {}),
    "nobody as assignee": (Wish(assignee=None), {}),
    "another merge": (Wish(), {"into": "TKT-0003"}),
    "the same merge with a change": (Wish(priority="low"), {"into": "TKT-0002"}),
    "the end of the merge": (Wish(), {"into": None}),
}


@pytest.mark.parametrize(("wish", "more"), REFUSED.values(), ids=REFUSED)
async def test_a_merged_ticket_stays_as_it_is_and_says_where_it_went(
    house: House, wish: Wish, more: dict[str, str | None]
) -> None:
    for _ in range(3):
        await seed_ticket(house.pool, house.acme)
    await patch_ticket(house.pool, house.hand(), "TKT-0001", Wish(), into="TKT-0002")
    before = await house.show("TKT-0001")
    with pytest.raises(ByHandError, match="TKT-0002"):
        await patch_ticket(house.pool, house.hand(), "TKT-0001", wish, **more)
    assert await house.show("TKT-0001") == before


async def test_the_same_merge_again_changes_nothing(house: House) -> None:
    """The answer to the first one may have been lost. Where its target went since does not matter."""
    for _ in range(3):
        await seed_ticket(house.pool, house.acme)
    await patch_ticket(house.pool, house.hand(), "TKT-0001", Wish(), into="TKT-0002")
    await patch_ticket(house.pool, house.hand(), "TKT-0002", Wish(), into="TKT-0003")
    before = await house.show("TKT-0001"), await house.show("TKT-0003")
    assert await patch_ticket(house.pool, house.hand(), "TKT-0001", Wish(), into="TKT-0002")
    assert await patch_ticket(house.pool, house.hand(), "TKT-0001", Wish())
    assert (await house.show("TKT-0001"), await house.show("TKT-0003")) == before


async def test_a_ticket_that_is_not_merged_may_be_told_to_be_merged_into_none(house: House) -> None:
    await seed_ticket(house.pool, house.acme)
    assert await patch_ticket(house.pool, house.hand(), "TKT-0001", Wish(status="waiting"), into=None)
    assert (await house.show("TKT-0001")).status == "waiting"


async def test_merges_across_one_another_at_the_same_moment_make_no_circle(house: House) -> None:
    for _ in range(2):
        await seed_ticket(house.pool, house.acme)
    outcomes = await asyncio.gather(
        patch_ticket(house.pool, house.hand(), "TKT-0001", Wish(), into="TKT-0002"),
        patch_ticket(house.pool, house.hand(), "TKT-0002", Wish(), into="TKT-0001"),
        return_exceptions=True,
    )
    assert sum(outcome is True for outcome in outcomes) == 1
    async with connection(house.pool) as conn:
        assert await conn.fetchval("select count(*) from tickets where merged_into is not null") == 1


async def test_an_answer_is_issued_what_brings_its_reply_back(house: House) -> None:
    contact = await seed_contact(house.pool, house.acme, "ada@example.org")
    ticket = await seed_ticket(house.pool, house.acme, contact_id=contact)
    out = Outgoing(note=False, text="On its way.")
    sent = await add_outgoing(house.pool, house.hand(), "TKT-0001", out, mail_domain=DOMAIN)
    assert sent is not None
    assert sent.reply_address == f"t_{ticket.reply_token}@{DOMAIN}"
    assert sent.message_id is not None
    assert sent.message_id.endswith(f"@{DOMAIN}")
    async with connection(house.pool) as conn:
        issued = await conn.fetchrow(
            "select ticket_id, issued from message_ids where message_id = $1", sent.message_id
        )
        assert await conn.fetchval("select first_responded_at from tickets") == LATER
        assert await conn.fetchval("select value from participants") == "ada@example.org"
    assert dict(issued) == {"ticket_id": ticket.id, "issued": True}
    shown = await house.show("TKT-0001")
    assert [one.direction for one in shown.messages] == ["outbound"]
    assert shown.messages[0].recipients[0].address == "ada@example.org"
    assert shown.activities[-1].kind == "answered"


async def test_a_note_is_never_sent(house: House) -> None:
    await seed_ticket(house.pool, house.acme)
    sent = await add_outgoing(
        house.pool, house.hand(), "TKT-0001", Outgoing(note=True, text="He is cross."), mail_domain=DOMAIN
    )
    assert sent is not None
    assert sent.message_id is None
    async with connection(house.pool) as conn:
        assert await conn.fetchval("select first_responded_at from tickets") is None
    assert [one.direction for one in (await house.show("TKT-0001")).messages] == ["note"]
