"""The operator API over real HTTP: what it shows and changes, and what it keeps from whom."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from channels.signing import sign
from routing.changes import Changes, DeadLetterRow
from routing.facts import CATEGORIES, TYPES, Tenant
from storage.accounts import add_account
from storage.database import Pool, transaction
from storage.ids import new_id
from storage.inbox import Inbox
from storage.keys import find_key, revoke_key
from storage.redis import connect
from storage.sealing import Sealer
from storage.write import Original, write
from tests.storage.factories import envelope
from tests.storage.seeds import (
    NOON,
    account_of,
    apply,
    message_row,
    receipt_row,
    seed_contact,
    seed_message,
    seed_ticket,
)
from tests.worker.api_house import KEY, House, open_house, settings_of
from worker.api import messages
from worker.api.operations import Call, Key, Services
from worker.shapes import Category, Type

SAID = {
    "channel": "phone",
    "sender": {"name": "Ada Berg", "address": "+1 (500) 555-0100"},
    "subject": "A call",
    "text": "My parcel has not arrived.",
}
SECRET = "whsec_" + "A" * 43 + "="


@pytest.fixture
async def house(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(settings_of(database_url, redis_url, tmp_path)) as opened:
        yield opened


async def test_a_reported_message_becomes_a_ticket(house: House) -> None:
    """P1: what is answered with 202 is one stored message afterwards."""
    accepted = await house.call("POST", "/api/messages", SAID)
    assert accepted.status == 202
    (message,) = accepted.json["messages"]
    assert accepted.headers["Inlet-Messages"] == message
    pending = await house.call("GET", f"/api/messages/{message}")
    assert pending.json == {"id": message, "state": "pending"}
    await house.work()
    shown = (await house.call("GET", f"/api/messages/{message}")).json
    assert (shown["state"], shown["ticket"], shown["tenant"]) == ("created", "TKT-0001", "acme")
    assert (shown["channel"], shown["provider"], shown["text"]) == ("phone", "api", SAID["text"])
    assert shown["sender"] == {"name": "Ada Berg", "address": "+15005550100"}
    assert shown["received_at"].endswith("Z")
    assert shown["decision"]
    ticket = (await house.call("GET", "/api/tickets/TKT-0001")).json
    assert (ticket["subject"], ticket["status"], ticket["channel"]) == ("A call", "open", "phone")
    assert ticket["reply_address"].endswith("@in.example.org")
    assert [one["id"] for one in ticket["messages"]] == [message]


async def test_the_same_report_twice_has_one_effect(house: House) -> None:
    """P2."""
    body = SAID | {"provider_message_id": "call-77"}
    ids = [(await house.call("POST", "/api/messages", body)).json["messages"][0] for _ in range(2)]
    await house.work()
    states = [(await house.call("GET", f"/api/messages/{one}")).json for one in ids]
    assert [one["state"] for one in states] == ["created", "duplicate"]
    assert states[1]["duplicate_of"] == ids[0]
    assert len((await house.call("GET", "/api/tickets")).json["items"]) == 1


async def test_reports_of_one_conversation_join_one_ticket(house: House) -> None:
    for _ in range(2):
        await house.call("POST", "/api/messages", SAID | {"conversation": "case-1"})
    await house.work()
    (ticket,) = (await house.call("GET", "/api/tickets")).json["items"]
    assert ticket["ref"] == "TKT-0001"


async def test_a_large_report_goes_by_way_of_the_blobs(house: House) -> None:
    accepted = await house.call("POST", "/api/messages", SAID | {"text": "long " * 40_000})
    await house.work()
    shown = (await house.call("GET", f"/api/messages/{accepted.json['messages'][0]}")).json
    assert (shown["state"], len(shown["text"])) == ("created", 200_000)


async def test_a_report_is_storable_whatever_it_holds(house: House) -> None:
    """P12, R24."""
    odd = {"text": "a\x00b", "subject": "\x00\x01", "sender": {"name": "\x00", "address": "x\x00y"},
           "sent_at": "0001-01-01T00:00:00+14:00", "conversation": "\x00"}  # fmt: skip
    accepted = await house.call("POST", "/api/messages", odd)
    await house.work()
    shown = (await house.call("GET", f"/api/messages/{accepted.json['messages'][0]}")).json
    assert (shown["state"], shown["text"], shown["sent_at"]) == ("created", "ab", None)


async def test_a_ticket_is_changed_and_says_by_whom(house: House) -> None:
    contact = await seed_contact(house.pool, house.acme, "ada@example.org")
    await seed_ticket(house.pool, house.acme)
    wish = {"status": "resolved", "priority": "urgent", "category": "billing", "type": "bug_report",
            "labels": ["a", "a", "b"], "assignee": "bo@example.org", "contact": contact}  # fmt: skip
    changed = await house.call("PATCH", "/api/tickets/TKT-0001", wish)
    assert changed.status == 200
    ticket = changed.json
    assert {name: ticket[name] for name in ("status", "priority", "category", "type", "assignee")} == {
        name: wish[name] for name in ("status", "priority", "category", "type", "assignee")
    }
    assert ticket["labels"] == ["a", "b"]
    assert ticket["contact"]["id"] == contact
    known = await find_key(house.pool, house.acme_key)
    assert known is not None
    by_hand = [one for one in ticket["activities"] if one["actor"] == f"key:{known.id}"]
    assert {one["kind"] for one in by_hand} >= {"status_changed", "priority_changed", "contact_changed"}
    nobody = await house.call("PATCH", "/api/tickets/TKT-0001", {"assignee": None})
    assert nobody.json["assignee"] is None


async def test_a_ticket_is_merged(house: House) -> None:
    for _ in range(2):
        await seed_ticket(house.pool, house.acme)
    merged = await house.call("PATCH", "/api/tickets/TKT-0001", {"merged_into": "TKT-0002"})
    assert (merged.json["status"], merged.json["merged_into"]) == ("closed", "TKT-0002")
    circle = await house.call("PATCH", "/api/tickets/TKT-0002", {"merged_into": "TKT-0001"})
    assert circle.status == 409


async def test_an_answer_brings_its_reply_back(house: House) -> None:
    """A mail that answers under the issued address joins the ticket."""
    await seed_ticket(house.pool, house.acme)
    sent = await house.call("POST", "/api/tickets/TKT-0001/messages", {"text": "On its way."})
    assert sent.status == 201
    account = await add_account(house.pool, Sealer([KEY]), "cloudflare-email", [SECRET])
    to = sent.json["reply_address"]
    mail = f"From: ada@example.org\r\nTo: {to}\r\nSubject: Re: x\r\n\r\nThanks, when?\r\n"
    trial = {"payload": mail, "account": account}
    explained = await house.call("POST", "/api/explain", trial, key=house.root)
    assert explained.status == 200, explained.json
    (one,) = explained.json["messages"]
    assert (one["state"], one["ticket"]) == ("appended", "TKT-0001")
    by_id = mail.replace(to, "help+acme@in.example.org").replace(
        "Subject", f"In-Reply-To: <{sent.json['message_id']}>\r\nSubject"
    )
    (two,) = (await house.call("POST", "/api/explain", {"payload": by_id}, key=house.root)).json["messages"]
    assert (two["state"], two["ticket"]) == ("appended", "TKT-0001")


async def test_an_answer_that_comes_back_ends_here(house: House) -> None:
    """P9: the header fields that an answer is given prove that it is ours, even under another Message-ID."""
    await seed_ticket(house.pool, house.acme)
    sent = await house.call("POST", "/api/tickets/TKT-0001/messages", {"text": "On its way."})
    assert list(sent.json["headers"]) == ["X-Inlet-Loop"]
    account = await add_account(house.pool, Sealer([KEY]), "cloudflare-email", [SECRET])
    fields = "".join(f"{name}: {value}\r\n" for name, value in sent.json["headers"].items())
    states = {}
    for name, more in (("marked", fields), ("plain", "")):
        mail = (
            "Return-Path: <ada@example.org>\r\nDelivered-To: help+acme@in.example.org\r\n"
            f"From: ada@example.org\r\nSubject: Fwd\r\nMessage-ID: <{name}@list.test>\r\n{more}\r\nHi\r\n"
        ).encode()
        signed = sign(SECRET, name, datetime.now(UTC), mail) | {"Content-Type": "message/rfc822"}
        url = f"{house.url}/webhooks/cloudflare-email/{account}"
        async with house.client.post(url, data=mail, headers=signed) as accepted:
            (message,) = (await accepted.json())["messages"]
        await house.work()
        states[name] = (await house.call("GET", f"/api/messages/{message}")).json
    assert (states["marked"]["state"], states["marked"]["reason"]) == ("suppressed", "own_mail")
    assert states["plain"]["state"] == "created"


async def test_the_mark_of_an_answer_is_its_tenants(house: House) -> None:
    """P4, P9: what one tenant sent is no mail of another."""
    marks = []
    for tenant, key in ((house.acme, house.acme_key), (house.other, house.other_key)):
        await seed_ticket(house.pool, tenant)
        sent = await house.call("POST", "/api/tickets/TKT-0001/messages", {"text": "Hi"}, key=key)
        marks.append(sent.json["headers"]["X-Inlet-Loop"])
    assert marks[0] != marks[1]


async def test_a_note_has_no_message_id(house: House) -> None:
    await seed_ticket(house.pool, house.acme)
    note = {
        "direction": "note",
        "text": "He is cross.",
        "sender": {"name": "Bo", "address": "bo@example.org"},
    }
    noted = (await house.call("POST", "/api/tickets/TKT-0001/messages", note)).json
    assert (noted["message_id"], noted["headers"]) == (None, {})
    (shown,) = (await house.call("GET", "/api/tickets/TKT-0001")).json["messages"]
    assert (shown["direction"], shown["sender"]["name"]) == ("note", "Bo")


async def test_events_are_followed_by_cursor(house: House) -> None:
    for _ in range(3):
        await seed_ticket(house.pool, house.acme)
    first = (await house.call("GET", "/api/events?limit=2")).json
    assert [one["ticket"] for one in first["items"]] == ["TKT-0001", "TKT-0002"]
    assert [one["may_answer"] for one in first["items"]] == [True, True]
    rest = (await house.call("GET", f"/api/events?after={first['next']}")).json
    assert [one["ticket"] for one in rest["items"]] == ["TKT-0003"]
    end = (await house.call("GET", f"/api/events?after={rest['next']}")).json
    assert end == {"items": [], "next": None}


async def test_tickets_are_paged(house: House) -> None:
    for _ in range(3):
        await seed_ticket(house.pool, house.acme)
    first = (await house.call("GET", "/api/tickets?limit=2")).json
    rest = (await house.call("GET", f"/api/tickets?limit=2&after={first['next']}")).json
    assert [one["ref"] for one in first["items"] + rest["items"]] == ["TKT-0003", "TKT-0002", "TKT-0001"]
    assert rest["next"] is None


async def dead_letter(house: House) -> str:
    """A message of a shared account that routes nowhere: accepted, worked, and dead."""
    lost = envelope(of=await add_account(house.pool, Sealer([KEY]), "cloudflare-email", [SECRET]))
    redis = connect(house.settings.redis_url)
    await Inbox(redis).append([lost])
    await redis.aclose()
    await house.work()
    return lost.id


async def test_a_dead_letter_is_listed_shown_replayed_and_discarded(house: House) -> None:
    """P5, P10."""
    message = await dead_letter(house)
    listed = (await house.call("GET", "/api/deadletters", key=house.root)).json
    assert [(one["id"], one["reason"]) for one in listed["items"]] == [(message, "unroutable")]
    shown = (await house.call("GET", f"/api/deadletters/{message}", key=house.root)).json
    assert base64.b64decode(shown["raw"]) == b"{}"
    again = await house.call("POST", f"/api/deadletters/{message}/replay", key=house.root)
    assert (again.status, again.json) == (202, {"id": message, "state": "pending"})
    assert (await house.call("GET", f"/api/messages/{message}", key=house.root)).json == again.json
    await house.work()
    dead = (await house.call("GET", f"/api/messages/{message}", key=house.root)).json
    assert (dead["state"], dead["reason"]) == ("dead", "unroutable")
    gone = await house.call("POST", f"/api/deadletters/{message}/discard", key=house.root)
    assert (gone.status, gone.json) == (200, {"id": message, "state": "suppressed"})
    state = (await house.call("GET", f"/api/messages/{message}", key=house.root)).json["state"]
    assert state == "suppressed"
    assert (await house.call("POST", f"/api/deadletters/{message}/replay", key=house.root)).status == 404


async def test_spam_is_listed_where_it_is_asked_for_and_released(house: House) -> None:
    """P10: suppressed, not dead; its release is pending, then what it becomes. A tenant's key may do it."""
    await house.call("POST", "/api/messages", SAID)
    await house.work()
    async with transaction(house.pool) as conn:
        await conn.execute("update contacts set blocked = true")
    (message,) = (await house.call("POST", "/api/messages", SAID | {"text": "Again!"})).json["messages"]
    await house.work()
    held = (await house.call("GET", f"/api/messages/{message}")).json
    assert (held["state"], held["reason"], held["ticket"]) == ("suppressed", "spam", None)
    assert (await house.call("GET", "/api/deadletters")).json["items"] == []
    (line,) = (await house.call("GET", "/api/deadletters?reason=spam")).json["items"]
    assert (line["id"], line["reason"], line["tenant"]) == (message, "spam", "acme")
    assert (await house.call("GET", "/api/deadletters?reason=spam", key=house.other_key)).json["items"] == []
    path = f"/api/deadletters/{message}/replay"
    assert (await house.call("POST", path, key=house.other_key)).status == 404
    again = await house.call("POST", path)
    assert (again.status, again.json) == (202, {"id": message, "state": "pending"})
    assert (await house.call("GET", f"/api/messages/{message}")).json == again.json
    await house.work()
    assert (await house.call("GET", f"/api/messages/{message}")).json["state"] == "created"
    assert (await house.call("GET", "/api/deadletters?reason=spam")).json["items"] == []


async def dead_of(pool: Pool, tenant: Tenant) -> str:
    """A dead letter that was routed to the tenant."""
    lost = envelope(of=account_of(tenant))
    letter = DeadLetterRow(
        message_id=lost.id,
        account_id=lost.account.id,
        tenant_id=tenant.id,
        reason="failed",
        attempts=1,
        at=NOON,
    )
    receipt = receipt_row(lost.account.id, lost.id, tenant, "dead", reason="failed")
    changes = Changes(dead_letters=[letter], receipts=[receipt])
    original = Original(raw=lost.raw, raw_blob=None, envelope=lost)
    async with transaction(pool) as conn:
        await write(conn, changes, NOON, originals={lost.id: original})
    return lost.id


@pytest.mark.parametrize("what", ["", "/replay", "/discard"])
async def test_a_key_of_a_tenant_settles_its_own_dead_letters(house: House, what: str) -> None:
    dead = await dead_of(house.pool, house.acme)
    answer = await house.call("POST" if what else "GET", f"/api/deadletters/{dead}{what}")
    assert answer.status in {200, 202}


@dataclass(frozen=True, kw_only=True)
class Walled:
    label: str
    method: str
    path: str
    body: Any = None
    status: int = 404


WALLED = (
    Walled(label="a message", method="GET", path="/api/messages/{message}"),
    Walled(label="a pending message", method="GET", path="/api/messages/{pending}"),
    Walled(label="a ticket", method="GET", path="/api/tickets/TKT-0001"),
    Walled(label="a ticket with its tenant named", method="GET", path="/api/tickets/TKT-0001?tenant=other"),
    Walled(label="a list of tickets", method="GET", path="/api/tickets?tenant=other"),
    Walled(label="a change", method="PATCH", path="/api/tickets/TKT-0001", body={"status": "closed"}),
    Walled(
        label="a change with the tenant named",
        method="PATCH",
        path="/api/tickets/TKT-0001?tenant=other",
        body={"status": "closed"},
    ),
    Walled(label="an answer", method="POST", path="/api/tickets/TKT-0001/messages", body={"text": "x"}),
    Walled(label="a report", method="POST", path="/api/messages", body=SAID | {"tenant": "other"}),
    Walled(label="events", method="GET", path="/api/events?tenant=other"),
    Walled(label="dead letters", method="GET", path="/api/deadletters?tenant=other"),
    Walled(label="a dead letter", method="GET", path="/api/deadletters/{dead}"),
    Walled(label="a replay", method="POST", path="/api/deadletters/{dead}/replay"),
    Walled(label="a discard", method="POST", path="/api/deadletters/{dead}/discard"),
    Walled(
        label="a dry run by another's account",
        method="POST",
        path="/api/explain",
        status=422,
        body={"provider": "twilio", "payload": "Body=x", "account": "acc_other"},
    ),
)


@pytest.mark.parametrize("case", WALLED, ids=lambda case: case.label)
async def test_nothing_of_another_tenant_exists_for_a_key(house: House, case: Walled) -> None:
    """P4."""
    ticket = await seed_ticket(house.pool, house.other)
    row = await seed_message(house.pool, house.other, ticket)
    accepted = await house.call("POST", "/api/messages", SAID, key=house.other_key)
    dead = await dead_of(house.pool, house.other)
    path = case.path.format(message=row.id, pending=accepted.json["messages"][0], dead=dead)
    answer = await house.call(case.method, path, case.body)
    assert answer.status == case.status
    assert row.text not in answer.body.decode()
    for path in ("/api/events", "/api/tickets", "/api/deadletters"):
        assert (await house.call("GET", path)).json["items"] == []
        assert (await house.call("GET", path, key=house.other_key)).json["items"]


async def test_a_key_of_a_tenant_lists_that_tenant_alone(house: House) -> None:
    """P4."""
    await seed_ticket(house.pool, house.acme)
    await seed_ticket(house.pool, house.other)
    own = (await house.call("GET", "/api/tickets")).json["items"]
    assert [one["tenant"] for one in own] == ["acme"]
    every = (await house.call("GET", "/api/tickets", key=house.root)).json["items"]
    assert {one["tenant"] for one in every} == {"acme", "other"}


async def test_a_message_that_nobody_routes_is_for_keys_of_all_alone(house: House) -> None:
    """P4."""
    message = new_id()
    receipt = receipt_row(account_of(house.acme), message, None, "dead", reason="unroutable")
    await apply(house.pool, house.acme, Changes(receipts=[receipt]))
    assert (await house.call("GET", f"/api/messages/{message}")).status == 404
    assert (await house.call("GET", f"/api/messages/{message}", key=house.root)).status == 200


async def test_a_key_of_a_tenant_tries_mail_as_that_tenants_own(house: House) -> None:
    """P4: a dry run tells nothing of another tenant."""
    mail = "From: a@example.org\r\nTo: x+other@in.example.org\r\nSubject: Hi\r\n\r\nHello there\r\n"
    (one,) = (await house.call("POST", "/api/explain", {"payload": mail})).json["messages"]
    assert one["tenant"] == "acme"
    (one,) = (await house.call("POST", "/api/explain", {"payload": mail}, key=house.root)).json["messages"]
    assert one["tenant"] == "other"


@dataclass(frozen=True, kw_only=True)
class Refused:
    label: str
    method: str = "GET"
    path: str = "/api/tickets"
    body: Any = None
    status: int
    headers: dict[str, str] = field(default_factory=dict)


NOBODY = "00000000-0000-7000-8000-000000000000"
REFUSED = (
    Refused(label="a word that is no status", path="/api/tickets?status=lost", status=400),
    Refused(label="a parameter that does not exist", path="/api/tickets?statsu=open", status=400),
    Refused(label="a parameter twice", path="/api/tickets?status=open&status=closed", status=400),
    Refused(label="a page of nothing", path="/api/tickets?limit=0", status=400),
    Refused(label="a cursor of somebody's own", path="/api/tickets?after=abc", status=400),
    Refused(label="a place in the outbox that is none", path="/api/events?after=abc", status=400),
    Refused(label="a cursor of dead letters that is none", path="/api/deadletters?after=abc", status=400),
    Refused(label="NUL in a filter", path="/api/tickets?label=%00", status=422),
    Refused(label="no such tenant", path="/api/tickets?tenant=nobody", status=404),
    Refused(label="no such ticket", path="/api/tickets/TKT-0099", status=404),
    Refused(label="what is no ref", path="/api/tickets/42", status=404),
    Refused(label="no such message", path=f"/api/messages/{NOBODY}", status=404),
    Refused(label="what is no message id", path="/api/messages/42", status=404),
    Refused(label="no such way", path="/api/nothing", status=404),
    Refused(label="no such method", method="DELETE", status=405),
    Refused(
        label="no JSON",
        method="POST",
        path="/api/messages",
        status=415,
        headers={"Content-Type": "text/plain"},
    ),
    Refused(
        label="an empty body",
        method="POST",
        path="/api/messages",
        status=400,
        headers={"Content-Type": "application/json"},
    ),
    Refused(
        label="a message that says nothing",
        method="POST",
        path="/api/messages",
        body={"text": ""},
        status=422,
    ),
    Refused(
        label="a field that does not exist",
        method="POST",
        path="/api/messages",
        body={"text": "x", "sneder": {}},
        status=422,
    ),
    Refused(
        label="a category that does not exist",
        method="PATCH",
        path="/api/tickets/TKT-0001",
        body={"category": "weather"},
        status=422,
    ),
    Refused(
        label="a time without a zone",
        method="POST",
        path="/api/messages",
        body={"text": "x", "sent_at": "2026-11-20T12:00:00"},
        status=422,
    ),
    Refused(
        label="a body that is too large",
        method="POST",
        path="/api/messages",
        body={"text": "x" * (5 << 20)},
        status=413,
    ),
    Refused(
        label="a payload that is no base64",
        method="POST",
        path="/api/explain",
        body={"payload": "%", "encoding": "base64"},
        status=422,
    ),
    Refused(
        label="a provider that does not exist",
        method="POST",
        path="/api/explain",
        body={"payload": "x", "provider": "pigeon"},
        status=422,
    ),
    Refused(
        label="an address with a line break",
        method="POST",
        path="/api/explain",
        body={"payload": "x", "recipient": "a@example.org\r\nX: y"},
        status=422,
    ),
)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.label)
async def test_what_cannot_be_is_answered_with_a_problem(house: House, case: Refused) -> None:
    answer = await house.call(case.method, case.path, case.body, headers=case.headers)
    assert answer.status == case.status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["status"] == case.status
    assert answer.json["title"]


async def test_a_key_that_sees_several_tenants_has_to_name_one(house: House) -> None:
    for method, path, body in (
        ("GET", "/api/tickets/TKT-0001", None),
        ("POST", "/api/messages", SAID),
    ):
        assert (await house.call(method, path, body, key=house.root)).status == 400
    accepted = await house.call("POST", "/api/messages", SAID | {"tenant": "other"}, key=house.root)
    assert accepted.status == 202


@pytest.mark.parametrize("header", [None, "Basic x", "Bearer", "Bearer ik_nobody"], ids=str)
async def test_nothing_is_told_without_a_key(house: House, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = await house.call("GET", "/api/tickets", key=None, headers=headers)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_revoked_key_ends_with_its_next_call(house: House) -> None:
    assert (await house.call("GET", "/api/tickets")).status == 200
    known = await find_key(house.pool, house.acme_key)
    assert known is not None
    await revoke_key(house.pool, known.id)
    assert (await house.call("GET", "/api/tickets")).status == 401


async def test_a_message_that_is_worked_just_while_it_is_looked_for_is_found(house: House) -> None:
    """It leaves Postgres' sight and the inbox's at no moment: whoever looks twice finds it."""
    row = message_row(house.acme, None)

    async def worked_meanwhile(_: str) -> None:
        receipt = receipt_row(account_of(house.acme), row.id, house.acme, "suppressed")
        await apply(house.pool, house.acme, Changes(messages=[row], receipts=[receipt]))

    services = Services(
        pool=house.pool,
        directories=cast(Any, None),
        append=cast(Any, None),
        pending_account=worked_meanwhile,
        blobs=cast(Any, None),
    )
    call = Call(
        services=services, key=Key(id="k", tenant=house.acme.id), path={"id": row.id}, query=None, body=None
    )
    shown = await messages.show(call)
    assert shown.state == "suppressed"


def test_categories_and_types_of_the_api_are_those_of_triage() -> None:
    assert Category.__args__ == CATEGORIES  # type: ignore[attr-defined]
    assert Type.__args__ == TYPES  # type: ignore[attr-defined]
