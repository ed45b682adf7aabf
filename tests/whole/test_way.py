"""The whole way on real processes: signed, over HTTP, through Redis and a worker, to rows."""

from __future__ import annotations

import asyncio
import secrets

from tests.whole.conftest import Caller, said


def mail(subject: str, text: str, *, to: str, message_id: str = "", head: str = "") -> bytes:
    message_id = message_id or f"{secrets.token_hex(8)}@example.org"
    return (
        f"From: Ada Berg <ada@example.org>\r\nTo: {to}\r\nSubject: {subject}\r\n"
        f"Message-ID: <{message_id}>\r\nDate: Tue, 19 Aug 2025 10:40:00 +0000\r\n{head}\r\n{text}\r\n"
    ).encode()


async def test_a_signed_mail_becomes_a_ticket_with_an_explanation(caller: Caller) -> None:
    """P1, P11: all fields of the message and its ticket, and the decision that led there."""
    found = await caller.mail(
        mail("Order 1042", "Where is my order?", to="support@acme.test"), "support@acme.test"
    )

    assert (found["state"], found["subject"], found["sender"]["address"]) == (
        "created",
        "Order 1042",
        "ada@example.org",
    )
    ticket = await caller.ticket(found["ticket"])
    assert (ticket["tenant"], ticket["category"], ticket["status"]) == ("acme", "order_status", "open")
    assert ticket["messages"][0]["id"] == found["id"]
    assert "custom_domain" in str(found["decision"])


async def test_an_sms_conversation_is_one_ticket(caller: Caller) -> None:
    first = await caller.sms("My parcel has not arrived", "+15005550111")
    second = await caller.sms("It is urgent now, please", "+15005550111")

    assert (first["state"], second["state"]) == ("created", "appended")
    assert first["ticket"] == second["ticket"]
    ticket = await caller.ticket(first["ticket"])
    assert (ticket["priority"], len(ticket["messages"])) == ("high", 2)


async def test_the_same_again_changes_nothing_but_counts(caller: Caller) -> None:
    """P2, R1: retried by the provider, with and without another envelope around it."""
    raw = mail("Twice", "Hello", to="support@acme.test")
    first = await caller.mail(raw, "support@acme.test")
    again = await caller.mail(b"Received: from a.example by b.example\r\n" + raw, "support@acme.test")

    assert (again["state"], again["duplicate_of"]) == ("duplicate", first["id"])
    assert len((await caller.ticket(first["ticket"]))["messages"]) == 1


async def test_p3_32_concurrent_first_messages_of_one_sender_are_one_ticket(caller: Caller) -> None:
    found = await asyncio.gather(*(caller.sms(f"line {n}", "+15005550132") for n in range(32)))

    assert sorted(one["state"] for one in found) == ["appended"] * 31 + ["created"]
    assert len({one["ticket"] for one in found}) == 1


async def test_p2_12_concurrent_copies_of_one_message_are_one_message(caller: Caller) -> None:
    sid = "SM" + secrets.token_hex(16)
    found = await asyncio.gather(*(caller.sms("copy", "+15005550112", sid) for _ in range(12)))

    assert sorted(one["state"] for one in found) == ["created"] + ["duplicate"] * 11
    ticket = next(one["ticket"] for one in found if one["state"] == "created")
    assert len((await caller.ticket(ticket))["messages"]) == 1


async def test_p4_a_token_of_one_tenant_threads_nowhere_in_another(caller: Caller) -> None:
    """A token mailed to the other's address, and put into every other field, reaches no ticket."""
    first = await caller.mail(mail("Mine", "Hello", to="support@acme.test"), "support@acme.test")
    ticket = await caller.ticket(first["ticket"])
    local = ticket["reply_address"].partition("@")[0]

    stolen = mail("Stolen", "Let me in", to=f"{local}@globex.test", head=f"Cc: {ticket['reply_address']}\r\n")
    found = [await caller.mail(stolen, to) for to in (f"{local}@globex.test", "support@globex.test")]

    for one in found:
        if one["ticket"]:
            assert one["state"] in ("created", "duplicate")
            other = await caller.ticket(one["ticket"], tenant="globex")
            assert other["subject"] == "Stolen"
    assert len((await caller.ticket(first["ticket"]))["messages"]) == 1


async def test_r4_the_same_mail_to_two_tenants_is_two_tickets(caller: Caller) -> None:
    raw = mail("Both of you", "Hello", to="support@acme.test, support@globex.test")
    one = await caller.mail(raw, "support@acme.test")
    two = await caller.mail(raw, "support@globex.test")

    assert [one["state"], two["state"]] == ["created", "created"]


async def test_the_same_mail_to_two_addresses_of_a_tenant_is_one_that_lists_both(caller: Caller) -> None:
    raw = mail("Two doors", "Hello", to="sales@acme.test, support@acme.test")
    one = await caller.mail(raw, "sales@acme.test")
    two = await caller.mail(raw, "support@acme.test")

    assert (two["state"], two["duplicate_of"]) == ("duplicate", one["id"])
    shown = (await caller.ticket(one["ticket"]))["messages"][0]
    assert {"sales@acme.test", "support@acme.test"} <= {
        str(to.get("address", to)) for to in shown["recipients"]
    }


async def test_r11_a_certainly_unknown_recipient_is_refused_at_the_door(caller: Caller) -> None:
    raw = mail("Nobody", "Hello", to="x@unknown.test")
    status, ids = await caller.post(caller.whole.signed_mail(raw, "ada@example.org", "x@unknown.test"))

    assert (status, ids) == (422, [])


async def test_p10_the_books_balance(caller: Caller) -> None:
    """Accepted is created + appended + duplicate + suppressed + dead + pending, for each account."""
    await caller.sms("one more", "+15005550140")

    assert said(caller.whole.up, "reconcile")["balanced"] is True
