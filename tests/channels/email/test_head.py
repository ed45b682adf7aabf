"""The head of a mail: who, to whom, what about, which ids."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.addresses import read_parties
from channels.email.fields import content_type, read_fields
from channels.email.head import read_date, read_head
from channels.message import Party, Recipient


def head(*lines: str | bytes) -> bytes:
    encoded = (line.encode() if isinstance(line, str) else line for line in lines)
    return b"\r\n".join((*encoded, b"", b"Hello"))


@pytest.mark.parametrize(
    ("value", "name", "address"),
    [
        ("ada@example.org", "", "ada@example.org"),
        ("Ada Berg <Ada@Example.ORG>", "Ada Berg", "ada@example.org"),
        ('"Berg, Ada" <ada@example.org>', "Berg, Ada", "ada@example.org"),
        ("=?utf-8?q?Ada_Bj=C3=B6rk?= <ada@example.org>", "Ada Björk", "ada@example.org"),
        ('"=?utf-8?q?Ada_Bj=C3=B6rk?=" <ada@example.org>', "Ada Björk", "ada@example.org"),
        ("ada@example.org (Ada Berg)", "Ada Berg", "ada@example.org"),
        ("'Ada' <ada@example.org>", "Ada", "ada@example.org"),
        ("\"'Ada'\" <ada@example.org>", "Ada", "ada@example.org"),
        ("'Ada <ada@example.org>", "Ada", "ada@example.org"),
        ("'O'Hara' <ada@example.org>", "O'Hara", "ada@example.org"),
        ("O'Hara <ada@example.org>", "O'Hara", "ada@example.org"),
        ("\"''\" <ada@example.org>", "", "ada@example.org"),
        ("'Ada' via Support <ada@example.org>", "'Ada' via Support", "ada@example.org"),
        ("\"'Ada' via Support\" <ada@example.org>", "'Ada' via Support", "ada@example.org"),
        ("\"'Ada' via 'Support'\" <ada@example.org>", "'Ada' via 'Support'", "ada@example.org"),
        ("ada@example.org <ada@example.org>", "", "ada@example.org"),
        ('"boss@acme.test" <ada@example.org>', "boss@acme.test", "ada@example.org"),
        ("<ada@example.org>", "", "ada@example.org"),
        ("Ada <ada@example.org>, Bob <bob@example.org>", "Ada", "ada@example.org"),
        ("Ada Berg", "Ada Berg", ""),
        ("", "", ""),
        ("<>", "", ""),
        ("MAILER-DAEMON <>", "MAILER-DAEMON", ""),
    ],
)
def test_the_sender_is_the_first_address_of_from(value: str, name: str, address: str) -> None:
    """R25: an odd From is read as far as it goes."""
    assert read_head(head(f"From: {value}")).sender == Party(name=name, address=address)


def test_raw_bytes_in_a_name_are_read_as_utf_8_or_windows_1252() -> None:
    assert read_head(head("From: Ada Björk <ada@example.org>")).sender.name == "Ada Björk"
    latin = b"From: Ada Bj\xf6rk <ada@example.org>"
    assert read_head(head(latin)).sender.name == "Ada Björk"


def test_a_mail_without_from_has_the_sender_field_or_nobody() -> None:
    """R25: absent From."""
    assert read_head(head("Sender: ada@example.org")).sender.address == "ada@example.org"
    assert read_head(head("To: support@acme.test")).sender == Party()


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ("a@x.test, b@x.test", ["a@x.test", "b@x.test"]),
        ("Team: a@x.test, b@x.test;", ["a@x.test", "b@x.test"]),
        ("undisclosed-recipients:;", []),
        ("A <a@x.test>,, B <b@x.test>", ["a@x.test", "b@x.test"]),
        ('"a, b" <c@x.test>, d@x.test', ["c@x.test", "d@x.test"]),
        ("a@x.test; b@x.test", ["a@x.test", "b@x.test"]),
        ("mailto:a@x.test", ["a@x.test"]),
        ("A <mailto:a@x.test>", ["a@x.test"]),
        ("A <a@x.test.>", ["a@x.test"]),
    ],
)
def test_lists_of_addresses_are_read_in_order(value: str, addresses: list[str]) -> None:
    assert [party.address for party in read_parties(value) if party.address] == addresses


def test_recipients_come_from_every_field_that_names_one() -> None:
    """R10, R30: routing needs to know which field said so."""
    raw = head(
        "Delivered-To: t_abc@in.acme.test",
        "X-Original-To: support@acme.test",
        "To: Support <support@acme.test>",
        "Cc: bob@example.org, Bob <bob@example.org>",
    )
    assert read_head(raw).recipients == (
        Recipient(address="t_abc@in.acme.test", field="delivered_to"),
        Recipient(address="support@acme.test", field="x_original_to"),
        Recipient(address="support@acme.test", field="to"),
        Recipient(address="bob@example.org", field="cc"),
    )


@pytest.mark.parametrize(
    ("lines", "subject"),
    [
        (["Subject: Plain"], "Plain"),
        (["Subject: =?utf-8?q?Gr=C3=B6=C3=9Fe?="], "Größe"),
        (["Subject: folded", " over two lines"], "folded over two lines"),
        (["Subject: Größe"], "Größe"),
        (["subject:no space"], "no space"),
        (["Subject : space before the colon"], "space before the colon"),
        (["Subject: first", "Subject: second"], "first"),
        (["Subject:"], ""),
        ([], ""),
        (["Subject: nul\0 and \u200bmore"], "nul and \u200bmore"),
    ],
)
def test_the_subject_is_one_line_of_text(lines: list[str], subject: str) -> None:
    """R25: absent and odd subjects."""
    assert read_head(head("From: a@x.test", *lines)).subject == subject


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Tue, 19 Aug 2025 10:40:00 +0200", datetime(2025, 8, 19, 8, 40, tzinfo=UTC)),
        ("19 Aug 2025 10:40 GMT", datetime(2025, 8, 19, 10, 40, tzinfo=UTC)),
        ("Tue, 19 Aug 2025 10:40:00 -0700 (PDT)", datetime(2025, 8, 19, 17, 40, tzinfo=UTC)),
        ("Tue, 19 Aug 25 10:40:00 EST", datetime(2025, 8, 19, 15, 40, tzinfo=UTC)),
        ("Tue, 19 Aug 2025 10:40:00", datetime(2025, 8, 19, 10, 40, tzinfo=UTC)),
        ("Tue, 99 Aug 2025 10:40:00 +0200", None),
        ("yesterday", None),
        ("", None),
        ("Tue, 19 Aug 9999 10:40:00 +0200", None),
    ],
)
def test_dates_are_read_in_utc_or_not_at_all(value: str, expected: datetime | None) -> None:
    """R25: odd dates."""
    assert read_date(value) == expected


@pytest.mark.parametrize(
    ("lines", "message_id", "references"),
    [
        (
            ["Message-ID: <a@x.test>", "References: <b@x.test> <c@x.test>"],
            "a@x.test",
            ("b@x.test", "c@x.test"),
        ),
        (["Message-ID: a@x.test"], "a@x.test", ()),
        (["Message-ID: <[a]@x.test>"], "[a]@x.test", ()),
        (["Message-ID: <no-at-sign>"], "no-at-sign", ()),
        (["Message-ID: not an id"], "notanid", ()),
        (["Message-ID: <a@", " x.test>"], "a@x.test", ()),
        (["References: <b@x.test>", "\t<c@x.test>,<b@x.test>"], "", ("b@x.test", "c@x.test")),
        (["Message-ID: <>"], "", ()),
        ([], "", ()),
    ],
)
def test_ids_are_bare(lines: list[str], message_id: str, references: tuple[str, ...]) -> None:
    """R23: ids on which the standard library's parser raises are read like any other."""
    mail = read_head(head("From: a@x.test", *lines)).mail
    assert (mail.message_id, mail.references) == (message_id, references)


def test_facts_for_routing_are_read() -> None:
    raw = head(
        "In-Reply-To: <b@x.test>",
        "Reply-To: Ada <ada@example.org>",
        "X-Original-From: Real <real@example.org>",
        "X-Original-Sender: real@example.org",
        "X-Inlet-Loop: v1.abc",
        "Authentication-Results: mx.acme.test; dmarc=pass",
        "Authentication-Results: other; spf=pass",
    )
    mail = read_head(raw).mail
    assert mail.in_reply_to == ("b@x.test",)
    assert mail.reply_to == Party(name="Ada", address="ada@example.org")
    assert mail.original_from == Party(name="Real", address="real@example.org")
    assert mail.original_sender == Party(address="real@example.org")
    assert mail.loop == "v1.abc"
    assert mail.authentication_results == ("mx.acme.test; dmarc=pass", "other; spf=pass")


@pytest.mark.parametrize(
    ("raw", "subject", "body"),
    [
        (b"Subject: a\r\n\r\nbody", "a", b"body"),
        (b"Subject: a\n\nbody", "a", b"body"),
        (b"From ada Tue Aug 19\nSubject: a\n\nbody", "a", b"body"),
        (b"Subject: a\r\nnot a field\r\nTo: b\r\n\r\nbody", "a", b"body"),
        (b"Subject: a\r\nbody begins at once\r\n", "a", b"body begins at once\r\n"),
        (b"\r\nbody", "", b"body"),
        (b"From here on there is\nno field at all", "", b"From here on there is\nno field at all"),
        (b"", "", b""),
    ],
)
def test_a_head_ends_where_the_body_begins(raw: bytes, subject: str, body: bytes) -> None:
    fields, start = read_fields(raw)
    assert (fields.text("subject"), raw[start:]) == (subject, body)


def test_a_head_of_too_many_fields_is_cut_and_says_so() -> None:
    fields, _ = read_fields(b"X: y\r\n" * 1500 + b"\r\n")
    assert (len(fields.items), fields.cut) == (1000, True)


@pytest.mark.parametrize(
    ("value", "kind", "name", "expected"),
    [
        ("image/png; name=a.png", "image/png", "name", "a.png"),
        ('IMAGE/PNG; NAME="a b.png"', "image/png", "name", "a b.png"),
        ("image/png; name*=utf-8''Gr%C3%B6%C3%9Fe.png", "image/png", "name", "Größe.png"),
        (
            "image/png; name*0*=utf-8''Gr%C3%B6; name*1*=%C3%9Fe; name*2=.png",
            "image/png",
            "name",
            "Größe.png",
        ),
        ("image/png; name*1=b.png; name*0=a", "image/png", "name", "ab.png"),
        ("image/png; name=a.png; name*=utf-8''b.png", "image/png", "name", "b.png"),
        ('image/png; name="=?utf-8?q?Gr=C3=B6=C3=9Fe=2Epng?="', "image/png", "name", "Größe.png"),
        ('image/png; name="a;b.png"', "image/png", "name", "a;b.png"),
        (r'image/png; name="a\"b.png"', "image/png", "name", 'a"b.png'),
        ("image/png; name=Größe.png", "image/png", "name", "Größe.png"),
        ("text/plain (a comment); charset=utf-8", "text/plain", "charset", "utf-8"),
        ("text", "", "name", ""),
    ],
)
def test_parameters_are_read_in_all_their_forms(value: str, kind: str, name: str, expected: str) -> None:
    fields, _ = read_fields(f"Content-Type: {value}\r\n\r\n".encode())
    found, parameters = content_type(fields)
    assert (found, parameters.get(name, "")) == (kind, expected)


@given(st.binary(max_size=300))
def test_any_bytes_have_a_head(raw: bytes) -> None:
    """R23: no head raises."""
    read_head(raw)


@given(st.text(alphabet='<>@,;:"() \\a.\r\n=?\0ö\udc80', max_size=60))
def test_any_header_value_has_parties(value: str) -> None:
    """R23, R24: no list of addresses raises, and what is read of it is storable."""
    for party in read_parties(value):
        (party.name + party.address).encode()
        assert "\0" not in party.name + party.address


@pytest.mark.parametrize(
    "value",
    [" " * 60000 + "x", "a" * 60000, "<" * 60000, '"' * 60000, "a@" * 30000, "(" * 60000, "\\" * 60000],
    ids=["spaces", "letters", "angles", "quotes", "ats", "comments", "escapes"],
)
def test_hostile_address_lists_are_read_in_bounded_work(value: str) -> None:
    """R12: the reading of an address list ends; what it finds is little."""
    assert len(read_parties(value)) <= 500
