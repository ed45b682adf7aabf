"""A batch has its effect once, whole, in its tenant, whoever else works at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from channels.message import InboundMessage
from routing.changes import Changes, TicketUpdate
from storage.batch import record_or_split
from storage.claims import Item
from storage.database import BadRow, Transient, connection, transaction
from storage.envelope import decode
from storage.ids import new_id
from storage.record import PlanError, Planner, record
from tests.storage.desk import NOON, Desk, changed, later, mail, open_desk, sms, until


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with open_desk(database_url) as opened:
        yield opened


async def outcomes(desk: Desk) -> list[str]:
    rows = await desk.rows("select outcome from receipts order by at, message_id")
    return sorted(row["outcome"] for row in rows)


async def test_a_first_message_becomes_a_ticket_with_everything(desk: Desk) -> None:
    """Ticket, contact, message with its original, decision, receipt and event come together."""
    recorded = await desk.say(
        sms("My parcel is lost"), desk.sms_account(desk.acme), entry="1-0", raw=b"original"
    )
    assert recorded.outcomes == {"1-0": "created"}
    (ticket,) = await desk.rows("select * from tickets")
    (message,) = await desk.rows("select * from messages")
    assert (ticket["ref"], ticket["tenant_id"]) == ("TKT-0001", desk.acme.id)
    assert (message["ticket_id"], message["raw"]) == (ticket["id"], b"original")
    for table in (
        "contacts",
        "identities",
        "reply_tokens",
        "participants",
        "decisions",
        "events",
        "activities",
    ):
        assert await desk.value(f"select count(*) from {table}") >= 1, table  # noqa: S608 - names from above


async def test_many_messages_are_one_transaction(desk: Desk) -> None:
    """Messages of several tenants and channels in one batch; what the first makes, the next ones find."""
    acme, globex = desk.sms_account(desk.acme), desk.sms_account(desk.globex)
    first = [await desk.item(sms(f"Question {n}", sender=f"+49151000000{n}"), acme) for n in range(5)]
    second = [await desk.item(sms("And more", sender="+491510000000"), acme, at=later(minutes=1))]
    others = [
        await desk.item(sms("Hello", sender="+491510000000"), globex),
        await desk.item(mail(), desk.shared),
    ]
    recorded = await desk.record(*first, *second, *others)
    assert sorted(recorded.outcomes.values()) == ["appended", *["created"] * 7]
    refs = await desk.rows("select tenant_id, ref from tickets order by tenant_id, ref")
    assert [row["ref"] for row in refs if row["tenant_id"] == desk.globex.id] == ["TKT-0001"]
    assert len([row for row in refs if row["tenant_id"] == desk.acme.id]) == 6


@pytest.mark.parametrize(
    ("make", "tickets"),
    [
        pytest.param(lambda n: sms(f"line {n}"), 1, id="P3: lines of one SMS conversation make one ticket"),
        pytest.param(
            lambda n: mail(
                f"mail {n}", in_reply_to=("thread@customer.test",), references=("thread@customer.test",)
            ),
            32,
            id="mails that answer what nobody stored are strangers to each other",
        ),
    ],
)
async def test_first_messages_at_the_same_moment(desk: Desk, make: object, tickets: int) -> None:
    """P3, R1: 32 first messages of one conversation in 32 concurrent transactions make one ticket."""
    account = desk.sms_account(desk.acme)
    messages: list[InboundMessage] = [make(n) for n in range(32)]  # type: ignore[operator]
    items = [await desk.item(one, desk.shared if one.mail else account) for one in messages]
    await asyncio.gather(*(desk.record(item) for item in items))
    assert await desk.value("select count(*) from tickets") == tickets
    assert await desk.value("select count(*) from contacts") == 1
    assert await desk.value("select count(*) from messages") == 32
    refs = {row["ref"] for row in await desk.rows("select ref from tickets")}
    assert refs == {f"TKT-{n:04d}" for n in range(1, tickets + 1)}


async def test_concurrent_copies_are_one_message(desk: Desk) -> None:
    """P2, R1, R2: of 12 deliveries of one message at once one has the effect, 11 are told as copies."""
    message, account = sms(number="SM1"), desk.sms_account(desk.acme)
    items = [await desk.item(message, account) for _ in range(12)]
    done = await asyncio.gather(*(desk.record(item) for item in items))
    said = sorted(outcome for one in done for outcome in one.outcomes.values())
    assert said == ["created", *["duplicate"] * 11]
    assert await desk.value("select count(*) from messages") == 1
    (first,) = await desk.rows("select message_id from receipts where outcome = 'created'")
    owners = await desk.rows("select distinct duplicate_of from receipts where outcome = 'duplicate'")
    assert [row["duplicate_of"] for row in owners] == [first["message_id"]]


async def test_copies_in_one_batch(desk: Desk) -> None:
    """P2: the earlier entry of a batch has the effect."""
    message, account = sms(number="SM1"), desk.sms_account(desk.acme)
    first, second = [await desk.item(message, account) for _ in range(2)]
    recorded = await desk.record(first, second)
    assert recorded.outcomes == {first.entry: "created", second.entry: "duplicate"}


async def test_a_claim_goes_with_its_effect(desk: Desk) -> None:
    """P2, R2: a failed transaction leaves no mark, so that the next delivery is not taken for a copy."""
    message, account = sms(number="SM1"), desk.sms_account(desk.acme)

    def broken(*_: object) -> Changes:
        raise ConnectionResetError

    async with connection(desk.pool) as conn:
        with pytest.raises(Exception, match="ConnectionResetError"):
            await record(conn, [await desk.item(message, account)], broken, NOON)
    assert await desk.value("select count(*) from claims") == 0
    assert (await desk.say(message, account, entry="2-0")).outcomes == {"2-0": "created"}


async def test_a_rerun_has_no_effect(desk: Desk) -> None:
    """R7: the same entry after a crash between commit and delete changes nothing and counts nothing."""
    item = await desk.item(sms(), desk.sms_account(desk.acme), entry="7-0")
    await desk.record(item)
    async with connection(desk.pool) as conn:
        again = await record(conn, [item], desk.planner(), NOON)
    assert (again.outcomes, again.reruns, again.second_entries) == ({}, ["7-0"], [])
    assert await outcomes(desk) == ["created"]


async def test_a_second_entry_of_an_accepted_message(desk: Desk) -> None:
    """R7: after a lost reply and the spool a message stands in the inbox twice: one effect, told as such."""
    item = await desk.item(sms(), desk.sms_account(desk.acme), entry="7-0")
    origin = msgspec.structs.replace(item.work.origin, entry="8-0")
    twin = Item(work=msgspec.structs.replace(item.work, origin=origin), envelope=item.envelope)
    await desk.record(item)
    later_on = await desk.record(twin)
    assert (later_on.outcomes, later_on.second_entries) == ({}, ["8-0"])
    assert await outcomes(desk) == ["created"]


async def test_both_entries_of_a_message_in_one_batch(desk: Desk) -> None:
    """R7: the same, read together."""
    item = await desk.item(sms(), desk.sms_account(desk.acme), entry="7-0")
    origin = msgspec.structs.replace(item.work.origin, entry="8-0")
    twin = Item(work=msgspec.structs.replace(item.work, origin=origin), envelope=item.envelope)
    recorded = await desk.record(item, twin)
    assert (recorded.outcomes, recorded.second_entries) == ({"7-0": "created"}, ["8-0"])


async def test_one_mail_to_two_addresses_of_a_tenant(desk: Desk) -> None:
    """The copy is no second message; the first one lists both addresses, and none of them twice."""
    both = [
        mail(to=(to,), message_id="one@customer.test")
        for to in ("support+acme@in.example.net", "help+acme@in.example.net")
    ]
    for message in (*both, both[1]):
        await desk.say(message, desk.shared)
    (stored,) = await desk.rows("select recipients from messages")
    assert [one["address"] for one in stored["recipients"]] == [
        "support+acme@in.example.net",
        "help+acme@in.example.net",
    ]


async def test_one_mail_to_two_tenants(desk: Desk) -> None:
    """R4: the same Message-ID at another tenant is another message."""
    for slug in ("acme", "globex"):
        await desk.say(mail(to=(f"a+{slug}@in.example.net",), message_id="one@customer.test"), desk.shared)
    assert await outcomes(desk) == ["created", "created"]


async def test_reply_found_by_references_token_and_subject(desk: Desk) -> None:
    """What was committed is found again: Message-IDs, tokens, references and conversations of the tenant."""
    await desk.say(mail(message_id="first@customer.test"), desk.shared)
    (ticket,) = await desk.rows("select id, reply_token from tickets")
    reply = mail("More", in_reply_to=("first@customer.test",))
    token = mail("Again", to=(f"t_{ticket['reply_token']}@in.example.net",))
    for message in (reply, token):
        recorded = await desk.say(message, desk.shared)
        assert list(recorded.outcomes.values()) == ["appended"]
    assert await desk.value("select count(*) from messages where ticket_id = $1", ticket["id"]) == 3


async def test_nothing_threads_across_tenants(desk: Desk) -> None:
    """P4: a Message-ID, a token and a reference of another tenant lead nowhere."""
    await desk.say(mail(message_id="first@customer.test"), desk.shared)
    (ticket,) = await desk.rows("select reply_token, ref from tickets")
    to = ("a+globex@in.example.net",)
    intruders = [
        mail("by id", to=to, in_reply_to=("first@customer.test",)),
        mail("by subject", to=to, subject=f"Re: [{ticket['ref']}] Invoice"),
        changed(sms("by sms"), text=f"t_{ticket['reply_token']}@in.example.net"),
    ]
    before = await desk.rows("select * from tickets where tenant_id = $1", desk.acme.id)
    for message in intruders:
        await desk.say(message, desk.shared if message.mail else desk.sms_account(desk.globex))
    assert await desk.rows("select * from tickets where tenant_id = $1", desk.acme.id) == before
    assert await desk.value("select count(*) from tickets where tenant_id = $1", desk.globex.id) == 3


async def test_the_database_holds_the_wall_between_tenants(desk: Desk) -> None:
    """P4: a plan that would put a message into another tenant's ticket cannot be stored."""
    await desk.say(sms(), desk.sms_account(desk.acme))
    (foreign,) = await desk.rows("select id from tickets")
    plan = desk.planner()

    def crossing(*args: object) -> Changes:
        changes = plan(*args)  # type: ignore[arg-type]
        changes.messages = [msgspec.structs.replace(changes.messages[0], ticket_id=foreign["id"])]
        return changes

    item = await desk.item(sms(), desk.sms_account(desk.globex))
    async with connection(desk.pool) as conn:
        with pytest.raises(BadRow, match="messages_tenant_id_ticket_id_fkey"):
            await record(conn, [item], crossing, NOON)


async def test_an_update_of_another_tenants_ticket_fails(desk: Desk) -> None:
    """P4: an update names its tenant; where that is not the ticket's, the whole batch is refused."""
    await desk.say(sms(), desk.sms_account(desk.acme))
    plan = desk.planner()
    account = desk.sms_account(desk.acme)
    item = await desk.item(sms("more"), account)

    def crossing(*args: object) -> Changes:
        changes = plan(*args)  # type: ignore[arg-type]
        updates: dict[str, TicketUpdate] = changes.ticket_updates
        changes.ticket_updates = {
            key: msgspec.structs.replace(one, tenant_id=desk.globex.id) for key, one in updates.items()
        }
        return changes

    recorded = await record_or_split(desk.pool, [item], crossing, NOON)
    assert recorded.outcomes == {item.entry: "dead"}
    assert "LostTicketError" in recorded.errors[item.entry]


def poisoned(plan: Planner, how: str) -> Planner:
    """A planner that fails on the message that says "poison", the way named."""

    def planner(works: object, threads: object, duplicates: object) -> Changes:
        bad = [work.origin.id for work in works if work.message.text == "poison"]  # type: ignore[attr-defined]
        if bad and how == "raises":
            raise RecursionError("too deep")
        changes = plan(works, threads, duplicates)  # type: ignore[arg-type]
        if how == "forgets":
            changes.receipts = [row for row in changes.receipts if row.message_id not in bad]
        damage = {"NUL": "a\0b", "surrogate": "\ud83d"}.get(how)
        if damage is not None:
            changes.messages = [
                msgspec.structs.replace(row, subject=damage) if row.id in bad else row
                for row in changes.messages
            ]
        return changes

    return planner


@pytest.mark.parametrize(
    ("how", "error"),
    [
        pytest.param("raises", "RecursionError", id="our own code fails on it"),
        pytest.param("NUL", "BadRow", id="R24: Postgres refuses its NUL"),
        pytest.param("surrogate", "BadRow", id="R24: it holds half a character"),
        pytest.param("forgets", PlanError.__name__, id="P10: the plan forgets it"),
    ],
)
async def test_a_bad_message_costs_itself_alone(desk: Desk, how: str, error: str) -> None:
    """P5, R12: among nine good messages the tenth becomes a dead letter with original, reason and trace."""
    account = desk.sms_account(desk.acme)
    items = [await desk.item(sms(f"good {n}", sender=f"+4915100000{n:02d}"), account) for n in range(9)]
    bad = await desk.item(
        sms("poison", sender="+491510000099"), account, attempts=2, raw=b"poison as it came"
    )
    items.insert(4, bad)
    recorded = await desk.record(*items, planner=poisoned(desk.planner(), how))
    assert recorded.outcomes == {item.entry: "dead" if item is bad else "created" for item in items}
    (letter,) = await desk.rows("select * from dead_letters")
    assert (letter["reason"], letter["attempts"], letter["tenant_id"]) == ("failed", 2, desk.acme.id)
    assert error in letter["error"]
    assert "Traceback" in letter["trace"]
    assert decode(letter["envelope"]) == bad.envelope
    (message,) = await desk.rows("select raw, subject, text from messages where id = $1", bad.id)
    assert (message["raw"], message["text"]) == (b"poison as it came", "poison")


async def test_a_message_that_cannot_be_stored_even_as_a_dead_letter(desk: Desk) -> None:
    """P5, P12: fields that no cleaning helps are left out; the envelope is kept, and nothing waits."""
    message = changed(sms("poison"), flags=frozenset({"\0"}))
    item = await desk.item(message, desk.sms_account(desk.acme))
    recorded = await desk.record(item)
    assert recorded.outcomes == {item.entry: "dead"}
    (stored,) = await desk.rows("select text, notes, raw from messages")
    assert (stored["text"], stored["raw"]) == ("", b"raw")
    assert stored["notes"]


async def test_a_dead_letter_read_again_has_no_effect(desk: Desk) -> None:
    """R7: the entry of a message that was buried is a re-run."""
    item = await desk.item(sms("poison"), desk.sms_account(desk.acme))
    planner = poisoned(desk.planner(), "raises")
    await desk.record(item, planner=planner)
    again = await desk.record(item, planner=planner)
    assert (again.outcomes, again.reruns) == ({}, [item.entry])


async def test_unroutable_is_a_state_that_people_see(desk: Desk) -> None:
    """R11: a mail to nobody is a dead letter with its reason, and keeps everything."""
    item = await desk.item(mail(to=("x+nobody@in.example.net",)), desk.shared)
    recorded = await desk.record(item)
    assert recorded.outcomes == {item.entry: "dead"}
    (letter,) = await desk.rows("select reason, tenant_id, envelope from dead_letters")
    assert (letter["reason"], letter["tenant_id"]) == ("unroutable", None)
    assert decode(letter["envelope"]) == item.envelope
    assert await desk.value("select raw from messages where id = $1", item.id) == b"raw"


async def test_two_batches_that_cross_do_not_block_each_other(desk: Desk) -> None:
    """One order of locks: batches that write to the same tickets in opposite order both come through."""
    account = desk.sms_account(desk.acme)
    people = [f"+4915100000{n:02d}" for n in range(10)]
    await desk.record(*[await desk.item(sms("first", sender=one), account) for one in people])
    there = [await desk.item(sms("second", sender=one), account) for one in people]
    back = [await desk.item(sms("third", sender=one), account) for one in reversed(people)]
    done = await asyncio.gather(desk.record(*there), desk.record(*back))
    assert [set(one.outcomes.values()) for one in done] == [{"appended"}, {"appended"}]
    assert await desk.value("select count(*) from tickets") == 10


async def test_replies_to_a_merged_ticket_go_on(desk: Desk) -> None:
    """What a ticket was merged into is loaded and locked with it."""
    account = desk.sms_account(desk.acme)
    await desk.say(sms("one", sender="+4915100000001"), account)
    await desk.say(sms("two", sender="+4915100000002"), account, at=later(minutes=1))
    old, new = [row["id"] for row in await desk.rows("select id from tickets order by created_at")]
    await desk.rows("update tickets set merged_into = $2 where id = $1", old, new)
    await desk.say(sms("three", sender="+4915100000001"), account, at=later(minutes=2))
    assert await desk.value("select count(*) from messages where ticket_id = $1", new) == 2


WAITS = """
select count(*) > 0
from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock' and query like '%from tickets%'
"""


@pytest.mark.parametrize(
    ("change", "check"),
    [
        pytest.param(
            "priority = 'low', set_by_hand = '{priority}' where id = $1 and $2::uuid is not null",
            "select bool_and(priority = 'low') from tickets where id = $1 and $2::uuid is not null",
            id="what a person sets meanwhile is not overridden",
        ),
        pytest.param(
            "merged_into = $2 where id = $1",
            "select count(*) = 2 from messages where ticket_id = $2 and $1::uuid is not null",
            id="a merge meanwhile passes the reply on",
        ),
    ],
)
async def test_a_person_changes_the_ticket_at_the_same_moment(desk: Desk, change: str, check: str) -> None:
    """A reply waits for whoever is just changing its ticket, and is planned over what they committed."""
    account = desk.sms_account(desk.acme)
    await desk.say(sms("one", sender="+4915100000001"), account)
    await desk.say(sms("two", sender="+4915100000002"), account, at=later(minutes=1))
    old, new = [row["id"] for row in await desk.rows("select id from tickets order by created_at")]
    text = "urgent! our whole site is down, data loss"
    reply = await desk.item(sms(text, sender="+4915100000001"), account, at=later(minutes=2))

    async def is_waiting() -> bool:
        return bool(await desk.value(WAITS))

    async with transaction(desk.pool) as person:
        await person.execute(f"update tickets set {change}", old, new)  # noqa: S608 - from the table above
        done = asyncio.ensure_future(desk.record(reply))
        await until(is_waiting)
    assert (await done).outcomes == {reply.entry: "appended"}
    assert await desk.value(check, old, new)


async def test_random_references(desk: Desk) -> None:
    """A tenant whose references look like chance gets them from the same counter, never one twice."""
    await desk.rows("""update tenants set settings = '{"ref_style": "random"}' where id = $1""", desk.acme.id)
    await desk.directories.refresh()
    account = desk.sms_account(desk.acme)
    await desk.record(*[await desk.item(sms(sender=f"+49151000001{n:02d}"), account) for n in range(50)])
    refs = {row["ref"] for row in await desk.rows("select ref from tickets")}
    assert len(refs) == 50
    assert "TKT-0001" not in refs


async def test_nothing_to_do(desk: Desk) -> None:
    """An empty batch is no error."""
    assert (await desk.record()).outcomes == {}
    assert await desk.value("select count(*) from claims where message_id = $1", new_id()) == 0


RAISE = """
create function refuse() returns trigger language plpgsql as $$
begin
    if (select count(*) from added) > {limit} then
        raise exception 'refused' using errcode = '{state}';
    end if;
    return null;
end
$$;
create trigger refuse after insert on receipts referencing new table as added
for each statement execute function refuse();
"""


async def refuse(desk: Desk, state: str, limit: int) -> None:
    """Let Postgres refuse receipts beyond so many at once."""
    async with connection(desk.pool) as conn:
        await conn.execute(RAISE.format(state=state, limit=limit))


async def test_a_batch_too_large_for_the_server_is_halved(desk: Desk) -> None:
    """P5: out of locks or memory (class 53) is nobody's fault: smaller batches go through."""
    await refuse(desk, "53200", 3)
    account = desk.sms_account(desk.acme)
    items = [await desk.item(sms(sender=f"+49151000000{n}"), account) for n in range(8)]
    recorded = await desk.record(*items)
    assert set(recorded.outcomes.values()) == {"created"}
    assert len(recorded.outcomes) == 8


@pytest.mark.parametrize(
    ("state", "limit"),
    [
        pytest.param("40001", 0, id="a conflict of transactions"),
        pytest.param("57P01", 0, id="a shutdown"),
        pytest.param("53100", 0, id="a full disk, even for one message"),
        pytest.param("42501", 0, id="a right that was taken away"),
    ],
)
async def test_trouble_of_the_server_buries_nobody(desk: Desk, state: str, limit: int) -> None:
    """P6: it is raised, nothing is written, and the same batch goes through once the trouble is over."""
    await refuse(desk, state, limit)
    account = desk.sms_account(desk.acme)
    items = [await desk.item(sms(sender=f"+49151000000{n}"), account) for n in range(4)]
    with pytest.raises(Transient):
        await desk.record(*items)
    for table in ("dead_letters", "receipts", "claims", "tickets", "contacts"):
        assert await desk.value(f"select count(*) from {table}") == 0, table  # noqa: S608 - names from above
    await desk.rows("drop trigger refuse on receipts")
    assert set((await desk.record(*items)).outcomes.values()) == {"created"}
