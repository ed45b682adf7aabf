"""Mail that is passed on: whose it was, what it said, and the words put in front of it."""
# ruff: noqa: E501 - rows of a table, in many scripts, read worse when wrapped

from __future__ import annotations

import pytest

from channels.message import Forward, Party
from tests.channels.email.mails import HEAD, page, read

NOTE = "Please look at this.\n\nAda"
INNER = "The machine is broken.\n\nEve"
EVE = Party(name="Eve Customer", address="eve@customer.test")

GMAIL = """---------- Forwarded message ---------
From: Eve Customer <eve@customer.test>
Date: Mon, 18 Aug 2025 at 09:00
Subject: Broken
To: Ada <ada@example.org>

"""
APPLE = """Begin forwarded message:

From: Eve Customer <eve@customer.test>
Subject: Broken
Date: 18. August 2025 at 09:00:00 CEST
To: Ada <ada@example.org>

"""
GERMAN = """Anfang der weitergeleiteten Nachricht:

Von: Eve Customer <eve@customer.test>
Betreff: Broken
Datum: 18. August 2025 um 09:00:00 MESZ
An: Ada <ada@example.org>

"""
THUNDERBIRD = """-------- Weitergeleitete Nachricht --------
Betreff: Broken
Datum: Mon, 18 Aug 2025 09:00:00 +0200
Von: Eve Customer <eve@customer.test>
An: Ada <ada@example.org>

"""
OUTLOOK = """From: Eve Customer <eve@customer.test>
Sent: Monday, August 18, 2025 9:00 AM
To: Ada <ada@example.org>
Subject: Broken

"""
FINNISH = """Lähettäjä: Eve Customer <eve@customer.test>
Lähetetty: maanantai 18. elokuuta 2025 9.00
Vastaanottaja: Ada <ada@example.org>
Aihe: Broken

"""
OUTLOOK_MAILTO = """-----Original Message-----
From: Eve Customer [mailto:eve@customer.test]
Sent: Monday, August 18, 2025 9:00 AM
To: Ada
Subject: Broken

"""


def forwarded(body: str, subject: str) -> bytes:
    head = HEAD.replace(b"Subject: Order 1042", f"Subject: {subject}".encode())
    return head + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + body.encode()


@pytest.mark.parametrize(
    ("border", "subject"),
    [
        (GMAIL, "Fwd: Broken"),
        (GMAIL, "Something else"),
        (APPLE, "Fwd: Broken"),
        (GERMAN, "Fwd: Broken"),
        (THUNDERBIRD, "Fwd: Broken"),
        (OUTLOOK, "FW: Broken"),
        (OUTLOOK, "WG: Broken"),
        (OUTLOOK_MAILTO, "Fw: Broken"),
        (OUTLOOK, "VS: Broken"),
    ],
    ids=["Gmail", "Gmail, other subject", "Apple Mail", "Apple Mail, German", "Thunderbird, German", "Outlook",
         "Outlook, German subject", "old Outlook", "Outlook, Danish subject"],
)  # fmt: skip
def test_a_forward_is_taken_apart_and_kept_whole(border: str, subject: str) -> None:
    """R35: what is passed on is the message; nothing of it is stripped."""
    message = read(forwarded(f"{NOTE}\n\n{border}{INNER}\n", subject)).message
    assert message.mail is not None
    assert message.mail.forward == Forward(author=EVE, subject="Broken", text=INNER, note=NOTE)
    assert "The machine is broken." in message.reply_text


def test_a_quoted_forward_is_taken_apart() -> None:
    """Apple Mail indents what it passes on."""
    head, _, rest = APPLE.partition("\n\n")
    quoted = "\n".join(f"> {line}" for line in (rest + INNER).splitlines())
    message = read(forwarded(f"{NOTE}\n\n{head}\n\n{quoted}\n", "Fwd: Broken")).message
    assert message.mail is not None
    assert message.mail.forward == Forward(author=EVE, subject="Broken", text=INNER, note=NOTE)
    assert "The machine is broken." in message.reply_text


def test_a_forward_in_html_is_taken_apart() -> None:
    html = (
        f'<div dir="ltr">{NOTE.splitlines()[0]}</div><br><div class="gmail_quote"><div class="gmail_attr">'
        "---------- Forwarded message ---------<br>From: <strong>Eve Customer</strong> &lt;eve@customer.test&gt;<br>"
        "Date: Mon<br>Subject: Broken<br>To: Ada<br></div><br><br><div>The machine is broken.</div></div>"
    )
    message = read(page(html)).message
    assert message.mail is not None
    assert message.mail.forward == Forward(
        author=EVE, subject="Broken", text="The machine is broken.", note="Please look at this."
    )


def test_a_forward_that_the_mail_program_marks_like_an_answer_is_kept() -> None:
    """Outlook on the web marks what it passes on as it marks what it answers: the subject tells."""
    html = (
        '<div>Please look at this.</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Eve Customer '
        "&lt;eve@customer.test&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Ada<br><b>Subject:</b> Broken</div>"
        "<div>The machine is broken.</div>"
    )
    raw = page(html).replace(b"Subject: Order 1042", b"Subject: FW: Broken")
    message = read(raw).message
    assert message.mail is not None
    assert message.mail.forward == Forward(
        author=EVE, subject="Broken", text="The machine is broken.", note="Please look at this."
    )
    assert "\nThe machine is broken." in message.reply_text
    assert read(page(html)).message.reply_text == "Please look at this."


def test_a_list_passes_forwards_on_and_a_bounce_does_not() -> None:
    body = f"{NOTE}\n\n{GMAIL}{INNER}\n"
    listed = forwarded(body, "Fwd: Broken").replace(b"Content-Type:", b"List-Id: <x.test>\r\nContent-Type:")
    bounced = forwarded(body, "Fwd: Broken").replace(
        b"Content-Type:", b"X-Failed-Recipients: a@x.test\r\nContent-Type:"
    )
    facts = read(listed).message.mail, read(bounced).message.mail
    assert [one is not None and one.forward is not None for one in facts] == [True, False]


@pytest.mark.parametrize(
    ("border", "subject"),
    [
        (OUTLOOK, "RE: Broken"),
        (FINNISH, "VS: Broken"),
        (OUTLOOK, "RE: FW: Broken"),
        ("On Mon, 18 Aug 2025 at 09:00, Eve <eve@customer.test> wrote:\n> ", "Re: Broken"),
        ("", "Fwd: Broken"),
        ("---------- Forwarded message ---------\n", "Fwd: Broken"),
    ],
    ids=[
        "an answer",
        "an answer, Finnish subject",
        "an answer to a forward",
        "a quotation",
        "a subject alone",
        "a title without an author",
    ],
)
def test_what_is_no_forward_is_not_taken_for_one(border: str, subject: str) -> None:
    message = read(forwarded(f"{NOTE}\n\n{border}{INNER}\n", subject)).message
    assert message.mail is not None
    assert message.mail.forward is None
