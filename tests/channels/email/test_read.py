"""Whole mails: what ordinary mail programs send, and what nobody should (R12, R22 to R25, R5)."""
# ruff: noqa: E501 - rows of a table, in many scripts, read worse when wrapped

from __future__ import annotations

import base64
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.mime import read_tree
from channels.email.read import read_mail
from channels.message import Attachment, InboundMessage, MailFacts, Party, Recipient
from tests.channels.email.mails import HEAD, accepted, multipart, part, parts, read, text

GMAIL = (
    b"MIME-Version: 1.0\r\nReferences: <ours-1@acme.test>\r\nIn-Reply-To: <ours-1@acme.test>\r\n"
    b"From: =?UTF-8?Q?J=C3=BCrgen_M=C3=BCller?= <juergen@example.org>\r\n"
    b"Date: Tue, 19 Aug 2025 10:40:00 +0200\r\nMessage-ID: <CAxyz@mail.gmail.com>\r\n"
    b"Subject: =?UTF-8?Q?Re=3A_Ihre_Anfrage_=5BTKT=2D0042=5D?=\r\n"
    b"To: Acme Support <support+acme@in.acme.test>\r\n"
    b'Content-Type: multipart/alternative; boundary="000000000000aa"\r\n\r\n'
    b'--000000000000aa\r\nContent-Type: text/plain; charset="UTF-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n'
    b"\r\nDanke, das Ger=C3=A4t l=C3=A4uft wieder.\r\n\r\nGr=C3=BC=C3=9Fe\r\nJ=C3=BCrgen\r\n\r\n"
    b"Am Di., 19. Aug. 2025 um 09:00 Uhr schrieb Acme Support <support@acme.test>:\r\n\r\n> Bitte neu starten.\r\n"
    b'--000000000000aa\r\nContent-Type: text/html; charset="UTF-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n'
    b'\r\n<div dir=3D"ltr">Danke, das Ger=C3=A4t l=C3=A4uft wieder.<div><br></div><div>Gr=C3=BC=C3=9Fe</div>'
    b'<div>J=C3=BCrgen</div></div><br><div class=3D"gmail_quote"><div dir=3D"ltr" class=3D"gmail_attr">Am Di., 19. '
    b"Aug. 2025 um 09:00=C2=A0Uhr schrieb Acme Support &lt;support@acme.test&gt;:<br></div><blockquote "
    b'class=3D"gmail_quote">Bitte neu starten.</blockquote></div>\r\n--000000000000aa--\r\n'
)


def test_a_reply_from_gmail_is_read_whole() -> None:
    message = read(GMAIL).message
    assert message.sender == Party(name="Jürgen Müller", address="juergen@example.org")
    assert message.subject == "Re: Ihre Anfrage [TKT-0042]"
    assert message.sent_at == datetime(2025, 8, 19, 8, 40, tzinfo=UTC)
    assert message.text.startswith("Danke, das Gerät läuft wieder.")
    assert "Bitte neu starten." in message.text
    assert message.reply_text == "Danke, das Gerät läuft wieder.\n\nGrüße\nJürgen"
    assert "gmail_quote" not in message.html
    assert message.recipients == (
        Recipient(address="support@acme.test", field="envelope"),
        Recipient(address="support+acme@in.acme.test", field="to"),
    )
    assert message.mail is not None
    assert message.mail.message_id == "CAxyz@mail.gmail.com"
    assert message.mail.in_reply_to == ("ours-1@acme.test",)
    assert message.flags == frozenset()
    assert message.notes == ()


def test_a_mail_with_a_signed_invoice_from_outlook_is_read_whole() -> None:
    pdf = b"%PDF-1.7 invoice"
    raw = multipart(
        parts(
            part("Please find the invoice.\r\n\r\nAda", 'Content-Type: text/plain; charset="iso-8859-1"'),
            part(
                "<p class=MsoNormal>Please find the invoice.</p><p class=MsoNormal>&nbsp;</p><p class=MsoNormal>Ada</p>",
                'Content-Type: text/html; charset="iso-8859-1"',
            ),
            kind="alternative",
            boundary="in",
        ),
        part(
            base64.encodebytes(pdf),
            'Content-Type: application/pdf; name="=?iso-8859-1?Q?Rechnung_M=E4rz.pdf?="',
            "Content-Transfer-Encoding: base64",
            'Content-Disposition: attachment; filename="=?iso-8859-1?Q?Rechnung_M=E4rz.pdf?="; size=16',
        ),
    )
    reading = read(raw)
    assert reading.message.text.split() == ["Please", "find", "the", "invoice.", "Ada"]
    assert reading.files == (pdf,)
    attachment = reading.message.attachments[0]
    assert (attachment.filename, attachment.content_type, attachment.state) == (
        "Rechnung März.pdf",
        "application/pdf",
        "stored",
    )


def test_what_the_channel_knows_of_the_envelope_stays() -> None:
    """R30: the header cannot change who the mail was delivered to."""
    message = accepted(text("Hello"), envelope_from="bounce@example.org")
    read_whole = read_mail(message, text("Hello")).message
    assert read_whole.recipients_in("envelope") == ("support@acme.test",)
    assert read_whole.mail is not None
    assert read_whole.mail.envelope_from == "bounce@example.org"
    assert read_whole.provider_message_id == message.provider_message_id


def strings(value: object) -> list[str]:
    """Every string in what a message becomes outside of Python."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in strings(one)]
    if isinstance(value, (list, tuple)):
        return [text for one in value for text in strings(one)]
    return []


def assert_storable(message: InboundMessage) -> None:
    for found in strings(msgspec.to_builtins(message)):
        assert "\0" not in found
        found.encode()
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=InboundMessage) == message


PIECES = st.sampled_from([
    b"From: Ada <ada@example.org>\r\n", b"From: \xff\xfe\0\r\n", b"Subject: =?utf-7?q?+2AA-?=\r\n", b"Subject: \0x\r\n",
    b"Content-Type: multipart/mixed; boundary=a\r\n", b"Content-Type: text/html; charset=utf-7\r\n", b"--a\r\n",
    b"Content-Type: message/delivery-status\r\n", b"Content-Type: message/rfc822\r\n", b"--a--\r\n", b"\r\n", b"\r\n\r\n",
    b"Content-Transfer-Encoding: base64\r\n", b"Content-Disposition: attachment; filename*=utf-7''%2B2AA-\r\n",
    b"Date: Mon, 99 Foo 20000 99:99\r\n", b"Message-ID: <[@]>\r\n", b"References: <<<>>\r\n", b"\xd8\0", b"<div>&#xD800;",
    b"Content-Type: text/plain; charset=utf-16\r\n", b"begin 644 x\n", b"+2AA-", b"> x\r\n", b"On 1.1.2025 a@b.c wrote:\r\n",
    b"Auto-Submitted: \0\r\n", b"Content-Type: ;;;=\r\n", b"From:\r\n", b"X-Failed-Recipients: \r\n",
])  # fmt: skip


@settings(max_examples=300)
@given(raw=st.binary(max_size=500) | st.lists(PIECES, max_size=25).map(b"".join))
def test_any_bytes_become_a_message_that_can_be_stored(raw: bytes) -> None:
    """R23, R24, R25, P12: no mail raises, all of it is storable, and reading twice is reading once."""
    reading = read(raw)
    assert_storable(reading.message)
    assert read(raw) == reading
    stored = [one for one in reading.message.attachments if one.state == "stored"]
    assert [one.size for one in stored] == [len(content) for content in reading.files]
    assert not any(note.startswith("The mail could not be read") for note in reading.message.notes)


@settings(max_examples=100)
@given(cut=st.integers(0, len(GMAIL)), junk=st.binary(max_size=8))
def test_a_mail_cut_anywhere_is_read(cut: int, junk: bytes) -> None:
    """R12, R23: mails break off and get damaged on their way."""
    assert_storable(read(GMAIL[:cut] + junk + GMAIL[cut + len(junk) :]).message)
    assert_storable(read(GMAIL[:cut]).message)


@pytest.mark.parametrize("fault", [RecursionError, ValueError, IndexError, UnicodeError, MemoryError])
def test_a_fault_of_ours_costs_one_mail_its_details_alone(
    fault: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R12: the mail keeps its head and its text, and says that something went wrong."""

    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr("channels.email.read.judge", fail)
    message = read(text("Hello there")).message
    assert (message.subject, message.sender.address) == ("Order 1042", "ada@example.org")
    assert (message.text, message.reply_text) == ("Hello there", "Hello there")
    assert message.flags == {"degraded"}
    assert fault.__name__ in message.notes[0]
    assert message.mail is not None
    assert message.mail.message_id == "1042@mail.example.org"
    assert message.mail.digest


def test_lone_surrogates_of_a_strange_charset_are_gone() -> None:
    """R24."""
    raw = HEAD + b"Content-Type: text/plain; charset=utf-7\r\n\r\nHello +2AA- there"
    assert_storable(read(raw).message)
    assert "Hello" in read(raw).message.text


def test_a_mail_of_nothing_is_a_message() -> None:
    """R25."""
    message = read(b"").message
    assert (message.subject, message.text, message.sender, message.attachments) == ("", "", Party(), ())


def test_a_message_without_mail_facts_is_read_too() -> None:
    message = InboundMessage(channel="email", provider="mailgun", provider_message_id="1")
    read_whole = read_mail(message, text("Hello")).message
    assert read_whole.mail is not None
    assert read_whole.mail.envelope_from is None
    assert read_whole.text == "Hello"


def test_the_tree_ends_where_the_mail_ends() -> None:
    assert read_tree(GMAIL, parts=10, depth=5).root.end == len(GMAIL)


def test_records_are_plain() -> None:
    reading = read(GMAIL)
    assert isinstance(reading.message.mail, MailFacts)
    assert all(isinstance(one, Attachment) for one in reading.message.attachments)
