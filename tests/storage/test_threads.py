"""What Postgres says of threads: asked set-based, within one tenant, and never guessed where nobody asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from routing.facts import Identity
from routing.questions import Questions, questions
from storage.database import transaction
from storage.ids import new_id
from storage.record import plan_over
from storage.threads import LoadedThreads, Unasked, find_tokens, load, load_for_dry_run
from tests.storage.desk import NOON, Desk, later, mail, open_desk, sms

ADA = "+4915112345678"
PHONE = Identity(kind="phone", value=ADA)


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with open_desk(database_url) as opened:
        yield opened


async def asked(desk: Desk, **wanted: Any) -> LoadedThreads:
    """The answers to questions, without a lock."""
    return await load_for_dry_run(desk.pool, Questions(**wanted), NOON)


async def ticket_of(desk: Desk) -> dict[str, Any]:
    (row,) = await desk.rows("select * from tickets order by created_at desc limit 1")
    return row


@pytest.mark.parametrize(
    ("change", "live"),
    [
        pytest.param("token = token", True, id="a fresh token"),
        pytest.param("revoked_at = now()", False, id="a revoked one"),
        pytest.param("expires_at = now() - interval '1 day'", False, id="an expired one"),
        pytest.param("expires_at = now() + interval '1 day'", True, id="one that will expire"),
    ],
)
async def test_a_dead_token_still_finds_its_tenant(desk: Desk, change: str, live: bool) -> None:
    """P4: it is found, and said to be dead."""
    await desk.say(sms(), desk.sms_account(desk.acme))
    ticket = await ticket_of(desk)
    await desk.rows(f"update reply_tokens set {change}")  # noqa: S608 - from the table above
    token = ticket["reply_token"]
    found = (await find_tokens(desk.pool, [token, "unknown"]))[token]
    assert (found.tenant, found.ticket, found.live) == (desk.acme.id, ticket["id"], live)
    assert (await asked(desk, tokens={token, "unknown"})).token("unknown") is None
    assert await find_tokens(desk.pool, []) == {}


async def test_every_answer_is_the_tenants_own(desk: Desk) -> None:
    """P4: the same Message-ID, reference, conversation and number at another tenant are other ones."""
    for slug in ("acme", "globex"):
        await desk.say(mail(to=(f"a+{slug}@in.example.net",), message_id="one@customer.test"), desk.shared)
    for tenant in (desk.acme, desk.globex):
        await desk.say(sms(sender=ADA), desk.sms_account(tenant))
    key = f"+15550001111|{ADA}"
    both = (desk.acme.id, desk.globex.id)
    threads = await asked(
        desk,
        message_ids={(one, "one@customer.test") for one in both},
        refs={(one, "TKT-0002") for one in both},
        conversations={(one, desk.sms_account(desk.acme).id, key) for one in both},
        identities={(one, PHONE) for one in both},
    )
    acme, globex = both
    for one in both:
        (ticket,) = threads.by_message_id(one, "one@customer.test")
        facts = threads.ticket(one, ticket)
        assert facts is not None
        assert facts.tenant_id == one
        ref = threads.by_ref(one, "TKT-0002")
        assert ref is not None
        assert ref.tenant_id == one
    assert threads.ticket(globex, threads.by_message_id(acme, "one@customer.test")[0]) is None
    assert threads.by_conversation(acme, desk.sms_account(desk.acme).id, key) is not None
    assert threads.by_conversation(globex, desk.sms_account(desk.acme).id, key) is None
    ours, theirs = threads.contact(acme, PHONE), threads.contact(globex, PHONE)
    assert ours is not None
    assert theirs is not None
    assert ours.id != theirs.id


@pytest.mark.parametrize(
    "question",
    [
        pytest.param(lambda t: t.token("x"), id="a token"),
        pytest.param(lambda t: t.ticket("t", new_id()), id="a ticket"),
        pytest.param(lambda t: t.by_ref("t", "TKT-0001"), id="a reference"),
        pytest.param(lambda t: t.by_message_id("t", "a@b"), id="a Message-ID"),
        pytest.param(lambda t: t.issued("t", "a@b"), id="an issued Message-ID"),
        pytest.param(lambda t: t.by_conversation("t", "a", "k"), id="a conversation"),
        pytest.param(lambda t: t.contact("t", PHONE), id="a contact"),
    ],
)
def test_what_was_not_looked_up_is_not_guessed(question: Any) -> None:
    """P3: "not there" is only said where Postgres said it; else there would be a second ticket."""
    with pytest.raises(Unasked):
        question(LoadedThreads(asked=Questions()))


async def test_a_plan_may_ask_further(desk: Desk) -> None:
    """P3: what a plan asks beyond the expected is looked up, and it plans again over the answer."""
    await desk.say(sms(), desk.sms_account(desk.acme))
    ticket = await ticket_of(desk)
    item = await desk.item(sms(sender="+491510000001"), desk.sms_account(desk.acme))
    plan, seen = desk.planner(), []

    def curious(works: Any, threads: Any, duplicates: Any) -> Any:
        found = threads.by_ref(desk.acme.id, ticket["ref"])
        seen.append(found.id)
        seen.append(threads.ticket(desk.acme.id, ticket["id"]).id)
        assert threads.ticket(desk.acme.id, "00000000-0000-7000-8000-000000000000") is None
        return plan(works, threads, duplicates)

    async with transaction(desk.pool) as conn:
        changes = await plan_over(conn, [item.work], curious, NOON, lock=True)
    assert set(seen) == {ticket["id"]}
    assert [row.outcome for row in changes.receipts] == ["created"]


async def test_the_facts_of_a_ticket_are_its_row(desk: Desk) -> None:
    """Every field that routing decides by is read."""
    await desk.say(sms("urgent: the site is down"), desk.sms_account(desk.acme))
    row = await ticket_of(desk)
    threads = await asked(desk, refs={(desk.acme.id, "TKT-0001")})
    facts = threads.by_ref(desk.acme.id, "TKT-0001")
    assert facts is not None
    for field in ("id", "tenant_id", "subject", "status", "priority", "category", "contact_id", "evidence"):
        assert getattr(facts, field) == row[field]
    assert facts.tags == tuple(row["tags"])
    assert facts.first_response_due_at == row["first_response_due_at"]


async def test_who_takes_part(desk: Desk) -> None:
    """The participants, and the ticket's contact by any of its identities; nobody else."""
    await desk.say(sms(sender=ADA), desk.sms_account(desk.acme))
    ticket = await ticket_of(desk)
    await desk.rows(
        "insert into identities values ($1, 'email', 'ada@customer.test', $2)",
        desk.acme.id,
        ticket["contact_id"],
    )
    threads = await asked(desk, refs={(desk.acme.id, "TKT-0001")})
    people = [
        PHONE,
        Identity(kind="email", value="ada@customer.test"),
        Identity(kind="email", value="bob@customer.test"),
    ]
    assert [threads.takes_part(ticket["id"], one) for one in people] == [True, True, False]


async def test_the_chain_of_a_ticket(desk: Desk) -> None:
    """R28: a ticket comes with those it was merged into, and with the newest that follows it."""
    account = desk.sms_account(desk.acme)
    for number in range(4):
        await desk.say(sms(sender=f"+49151000000{number}"), account, at=later(minutes=number))
    first, merged, old, new = [
        row["id"] for row in await desk.rows("select id from tickets order by created_at")
    ]
    await desk.rows("update tickets set merged_into = $2 where id = $1", first, merged)
    await desk.rows("update tickets set follows = $2 where id in ($1, $3)", old, merged, new)
    threads = await asked(desk, refs={(desk.acme.id, "TKT-0001")})
    tickets = {one.id: one for one in threads.tickets.values()}
    assert set(tickets) == {first, merged, new}
    assert tickets[first].merged_into == merged
    assert tickets[merged].followed_by == new


async def test_late_replies_go_on_in_the_follow_up(desk: Desk) -> None:
    """R27, R28: long after, a reply opens one follow-up; the next late reply joins that."""
    account = desk.sms_account(desk.acme)
    await desk.say(sms("one"), account)
    for days in (30, 31):
        await desk.say(sms(f"after {days} days"), account, at=later(days=days))
    rows = await desk.rows("select id, follows from tickets order by created_at")
    assert [row["follows"] for row in rows] == [None, rows[0]["id"]]
    assert await desk.value("select count(*) from messages where ticket_id = $1", rows[1]["id"]) == 2


async def test_r26_a_follow_up_is_for_those_who_took_part(desk: Desk) -> None:
    """A stranger's late mail is a ticket of its own; every address of the contact takes part in hers."""
    await desk.say(mail("one", message_id="one@customer.test"), desk.shared)
    old = await ticket_of(desk)
    await desk.rows(
        "insert into identities (tenant_id, kind, value, contact_id) "
        "values ($1, 'email', 'ada@home.test', $2)",
        desk.acme.id,
        old["contact_id"],
    )
    for days, sender in enumerate(("eve@elsewhere.test", "ada@customer.test", "ada@home.test"), start=40):
        late = mail(f"after {days} days", sender=sender, in_reply_to=("one@customer.test",))
        await desk.say(late, desk.shared, at=later(days=days))
    rows = await desk.rows(
        "select t.id, t.follows, m.sender->>'address' as sender, m.flags "
        "from messages m join tickets t on t.id = m.ticket_id order by m.received_at"
    )
    assert [(row["sender"], row["follows"], list(row["flags"])) for row in rows] == [
        ("ada@customer.test", None, []),
        ("eve@elsewhere.test", None, ["unverified_sender"]),
        ("ada@customer.test", old["id"], []),
        ("ada@home.test", old["id"], []),
    ]
    assert len({row["id"] for row in rows}) == 3


async def test_consent_and_answers_of_a_contact(desk: Desk) -> None:
    """P9: whether they told us to stop, and how often they may have been answered in the last hours."""
    account = desk.sms_account(desk.acme)
    for number in range(3):
        await desk.say(sms(f"line {number}", sender=ADA), account, at=later(minutes=number))
    await desk.rows("update events set at = $1 where may_answer", later(minutes=1))

    async def facts(**delta: float) -> tuple[bool, int, int]:
        wanted = Questions(identities={(desk.acme.id, PHONE)}, refs={(desk.acme.id, "TKT-0001")})
        async with transaction(desk.pool) as conn:
            threads = await load(conn, wanted, later(**delta), lock=False)
        contact, ticket = threads.contact(desk.acme.id, PHONE), threads.by_ref(desk.acme.id, "TKT-0001")
        assert contact is not None
        assert ticket is not None
        return contact.stopped, contact.answers, ticket.answers

    answerable = await desk.value("select count(*) from events where may_answer")
    assert answerable > 0
    assert await facts(hours=1) == (False, answerable, answerable)
    assert await facts(hours=9) == (False, 0, 0)
    insert = "insert into consents values ($1, $2, $3, 'stop', now())"
    await desk.rows(insert, desk.globex.id, desk.sms_account(desk.globex).id, ADA)
    assert not (await facts())[0], "told to another tenant"
    await desk.rows(insert, desk.acme.id, account.id, ADA)
    assert (await facts())[0]


async def test_nobody_asks_for_a_message_without_a_tenant(desk: Desk) -> None:
    """R11: what is unroutable asks nothing of anybody's threads."""
    item = await desk.item(mail(to=("x+nobody@in.example.net",)), desk.shared)
    assert questions([item.work]) == Questions()
