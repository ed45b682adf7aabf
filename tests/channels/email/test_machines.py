"""Who wrote: a person or a machine, and what a machine wants to say (R33, R34)."""
# ruff: noqa: E501 - rows of a table, in many scripts, read worse when wrapped

from __future__ import annotations

import pytest

from channels.message import Bounce, Flag
from tests.channels.email.mails import parts, read

BODY = "Content-Type: text/plain; charset=utf-8"


def head(sender: str, subject: str, *fields: str) -> bytes:
    lines = (
        f"From: {sender}",
        "To: support@acme.test",
        f"Subject: {subject}",
        "Message-ID: <1@x.test>",
        *fields,
    )
    return "\r\n".join((*lines, "")).encode()


def flags(raw: bytes, envelope_from: str | None = "ada@example.org") -> set[str]:
    return {str(flag) for flag in read(raw, envelope_from).message.flags}


ADA = "Ada Berg <ada@example.org>"


@pytest.mark.parametrize(
    ("sender", "subject", "fields", "expected"),
    [
        (ADA, "Order 1042", [], set()),
        (ADA, "Automatic reply: how do I switch it off?", [], set()),
        (ADA, "Out of office phones do not work", [], set()),
        (ADA, "Undelivered order 1042", [], set()),
        (ADA, "Delivery failed: where is my parcel?", [], set()),
        (ADA, "Fwd: Undelivered Mail Returned to Sender", [], set()),
        (ADA, "Order 1042", ["Auto-Submitted: no"], set()),
        (ADA, "Order 1042", ["X-Auto-Response-Suppress: None"], set()),
        (ADA, "Re: Order 1042", ["Auto-Submitted: auto-replied"], {"auto_reply"}),
        (ADA, "Re: Order 1042", ["Auto-Submitted: auto-replied (vacation)"], {"auto_reply"}),
        (ADA, "Re: Order 1042", ["X-Autoreply: yes"], {"auto_reply"}),
        (ADA, "Re: Order 1042", ["X-Autorespond: away"], {"auto_reply"}),
        (ADA, "Re: Order 1042", ["Precedence: auto_reply"], {"auto_reply"}),
        (ADA, "Automatic reply: Order 1042", ["Auto-Submitted: auto-generated"], {"auto_reply"}),
        (ADA, "Automatische Antwort: Order 1042", ["X-Auto-Response-Suppress: All"], {"auto_reply"}),
        (ADA, "Réponse automatique : Order 1042", ["X-Auto-Response-Suppress: All"], {"auto_reply"}),
        (ADA, "Respuesta automática: Order", ["X-Auto-Response-Suppress: All"], {"auto_reply"}),
        (ADA, "Abwesenheitsnotiz: Order 1042", ["Precedence: bulk"], {"auto_reply"}),
        (ADA, "自動返信: Order 1042", ["Auto-Submitted: auto-generated"], {"auto_reply"}),
        (ADA, "Automatinis atsakymas: Order", ["X-Auto-Response-Suppress: All", "In-Reply-To: <1@acme.test>"],
         {"auto_reply"}),
        (ADA, "Re: Order 1042", ["Auto-Submitted: auto-generated", "In-Reply-To: <1@acme.test>"], {"auto_generated"}),
        (ADA, "Disk is full", ["Auto-Submitted: auto-generated"], {"auto_generated"}),
        (ADA, "New order in your shop", ["X-Auto-Response-Suppress: OOF"], {"auto_generated"}),
        (ADA, "Form: question", ["Precedence: bulk"], {"auto_generated"}),
        ("Shop <no-reply@shop.test>", "New order", [], {"auto_generated"}),
        ("noreply@forms.test", "Form: question", [], {"auto_generated"}),
        ("Mr. Noreply <ada.noreply.berg@example.org>", "Order 1042", [], set()),
        (ADA, "News", ["List-Id: <news.x.test>", "List-Unsubscribe: <mailto:u@x.test>"], {"list", "auto_generated"}),
        (ADA, "Order", ["List-Id: <support.x.test>", "List-Post: <mailto:s@x.test>"], {"list"}),
        (ADA, "Order", ["List-Id: <support.x.test>", "X-Google-Group-Id: 1", "Precedence: list"], {"list"}),
    ],
)  # fmt: skip
def test_a_machine_is_known_by_its_headers(
    sender: str, subject: str, fields: list[str], expected: set[str]
) -> None:
    """R33: wanted machine mail is no answer; a person who writes about machines is a person."""
    assert flags(head(sender, subject, BODY, *fields) + b"\r\nHello") == expected


def test_an_automatic_answer_from_nobody_is_one() -> None:
    raw = head(ADA, "Out of office: Order 1042") + b"\r\nI am away."
    assert flags(raw, "") == {"auto_reply"}
    assert flags(raw, "ada@example.org") == set()


DAEMON = "Mail Delivery System <MAILER-DAEMON@mx.example.org>"
STATUS = (
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
    b"Original-Recipient: rfc822;Bob@x.test\r\nFinal-Recipient: rfc822; bob@y.test\r\nAction: %s\r\nStatus: %s\r\n"
    b"Diagnostic-Code: smtp; 550 %s <bob@y.test> no such user\r\n"
)
ORIGINAL = (
    b"Content-Type: message/rfc822\r\n\r\nFrom: support@acme.test\r\nMessage-ID: <ours@acme.test>\r\n\r\nHi"
)
SENTENCE = b"Content-Type: text/plain\r\n\r\nYour message could not be delivered."


def report(action: bytes, status: bytes, original: bytes = ORIGINAL) -> bytes:
    body = parts(SENTENCE, STATUS % (action, status, status), original, kind="report")
    return head(DAEMON, "Undelivered Mail Returned to Sender", "Auto-Submitted: auto-replied") + body


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (report(b"failed", b"5.1.1"),
         Bounce(recipient="bob@x.test", status="5.1.1", hard=True, message_id="ours@acme.test")),
        (report(b"failed", b"5.2.2"),
         Bounce(recipient="bob@x.test", status="5.2.2", hard=False, message_id="ours@acme.test")),
        (report(b"failed", b"4.4.7"),
         Bounce(recipient="bob@x.test", status="4.4.7", hard=False, message_id="ours@acme.test")),
        (report(b"", b"5.1.1"),
         Bounce(recipient="bob@x.test", status="5.1.1", hard=True, message_id="ours@acme.test")),
        (report(b"failed", b"5.1.1", b"Content-Type: text/rfc822-headers\r\n\r\nMessage-Id: <ours@acme.test>\r\n"),
         Bounce(recipient="bob@x.test", status="5.1.1", hard=True, message_id="ours@acme.test")),
    ],
    ids=["hard", "mailbox full", "given up", "no action", "headers alone"],
)  # fmt: skip
def test_a_delivery_report_says_whose_mail_failed(raw: bytes, expected: Bounce) -> None:
    """R34: a bounce is filed under the mail that it answers."""
    message = read(raw, "").message
    assert message.flags == {Flag.BOUNCE}
    assert message.mail is not None
    assert message.mail.bounce == expected


@pytest.mark.parametrize("action", [b"delayed", b"delivered", b"relayed", b"expanded"])
def test_a_report_that_nothing_failed_is_no_bounce(action: bytes) -> None:
    message = read(report(action, b"2.0.0"), "").message
    assert message.flags == {Flag.DELIVERY_REPORT}


def test_one_failure_among_deliveries_is_a_bounce() -> None:
    group = b"Final-Recipient: rfc822; %s\r\nAction: %s\r\nStatus: %s\r\n\r\n"
    status = (
        b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        + group % (b"a@x.test", b"delivered", b"2.0.0")
        + group % (b"b@x.test", b"failed", b"5.1.1")
    )
    raw = head(DAEMON, "Report") + parts(SENTENCE, status, ORIGINAL, kind="report")
    message = read(raw, "").message
    assert message.flags == {Flag.BOUNCE}
    assert message.mail is not None
    assert message.mail.bounce is not None
    assert message.mail.bounce.recipient == "b@x.test"


OURS = "\n\n--- Below is a copy.\n\nFrom: support@acme.test\nMessage-ID: <ours@acme.test>\n"


@pytest.mark.parametrize(
    ("sender", "subject", "body", "hard"),
    [
        (DAEMON, "failure notice", "Hi. This is the qmail-send program at mx.example.org.\n<bob@x.test>:\n550 no such user",
         True),
        ("Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Failure)",
         "Your message wasn't delivered to bob@x.test because the address couldn't be found. 550 5.1.1", True),
        ("Mail Delivery System <Mailer-Daemon@mx.example.org>", "Mail delivery failed: returning message to sender",
         ("A message that you sent could not be delivered to one or more of its recipients.\n bob@x.test\n"
         "    550 User unknown"), True),
        ("postmaster@example.org", "Undeliverable: Order 1042",
         "Delivery has failed to these recipients or groups:\nbob@x.test\nThe mailbox is full. 5.2.2", False),
        ("Postmaster <postmaster@example.org>", "Unzustellbar: Bestellung",
         "Fehler bei der Nachrichtenzustellung an folgende Empfänger:\nbob@x.test 550 5.1.1", True),
        ("MAILER-DAEMON@example.org", "Returned mail: see transcript for details",
         "----- The following addresses had permanent fatal errors -----\n<bob@x.test>\n(reason: 550 5.1.1)", True),
    ],
    ids=["qmail", "Gmail", "Exim", "Outlook, full", "German", "Sendmail"],
)  # fmt: skip
def test_mail_systems_that_tell_it_in_words_are_understood(
    sender: str, subject: str, body: str, hard: bool
) -> None:
    """R34: bounces in forms of their own."""
    raw = head(sender, subject, BODY) + b"\r\n" + (body + OURS).encode()
    message = read(raw, "").message
    assert message.flags == {Flag.BOUNCE}
    assert message.mail is not None
    assert message.mail.bounce is not None
    assert message.mail.bounce.hard is hard
    assert message.mail.bounce.message_id == "ours@acme.test"
    assert message.mail.bounce.recipient == "bob@x.test"


def test_the_field_that_names_failed_recipients_is_enough() -> None:
    raw = head("Mailer <x@mx.test>", "Hello", "X-Failed-Recipients: bob@x.test") + b"\r\nSorry."
    message = read(raw, "").message
    assert message.flags == {Flag.BOUNCE}
    assert message.mail is not None
    assert message.mail.bounce == Bounce(recipient="bob@x.test")


def test_a_delay_told_in_words_is_a_report() -> None:
    body = b"\r\nThis is a warning message only. You do not need to resend your message.\r\n<bob@x.test>"
    assert flags(head(DAEMON, "Warning: could not send message for past 4 hours") + body, "") == {
        "delivery_report"
    }


def test_a_postmaster_who_writes_as_a_person_is_one() -> None:
    raw = (
        head("Postmaster <postmaster@example.org>", "Question on our invoice", BODY)
        + b"\r\nCould you help us?"
    )
    assert flags(raw, "postmaster@example.org") == set()


@pytest.mark.parametrize(
    ("sender", "subject", "body"),
    [
        (
            "Royal Mail Delivery <no-reply@post.test>",
            "Delivery failed: we missed you",
            "Your parcel was not delivered.",
        ),
        ("Postmaster <postmaster@example.org>", "Invoice rejected", "Could you send it again?"),
        (
            "Administrator <administrator@example.org>",
            "Mail error after the update",
            "Outlook shows a strange window.",
        ),
        ("Root <root@example.org>", "Re: Undelivered Mail Returned to Sender", "User unknown, what now?"),
    ],
    ids=["a parcel service", "a postmaster", "an administrator", "an answer"],
)
def test_people_and_shops_who_write_about_failures_are_no_mail_system(
    sender: str, subject: str, body: str
) -> None:
    """R33: a false alarm here would hide a customer's mail."""
    raw = head(sender, subject, BODY) + b"\r\n" + body.encode()
    assert not flags(raw, "x@example.org") & {"bounce", "delivery_report"}


def test_a_customer_whose_mail_failed_is_no_mail_system() -> None:
    raw = head(ADA, "Mail delivery failed", BODY) + b"\r\nMy mail could not be delivered: user unknown. Why?"
    assert flags(raw, "ada@example.org") == set()


def test_a_person_who_passes_a_report_on_is_a_person() -> None:
    body = parts(SENTENCE, STATUS % (b"failed", b"5.1.1", b"5.1.1"), ORIGINAL)
    assert flags(head(ADA, "Fwd: Undelivered Mail") + body) == set()


def test_a_mail_system_without_an_address_is_known_by_its_name() -> None:
    raw = head("MAILER-DAEMON <>", "Mail delivery failed", BODY) + b"\r\n<bob@x.test>: 550 no such user"
    assert flags(raw, "") == {"bounce"}


def test_a_complaint_is_a_complaint() -> None:
    feedback = (
        b"Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: x\r\nVersion: 1"
    )
    raw = head("fbl@isp.test", "complaint") + parts(SENTENCE, feedback, ORIGINAL, kind="report")
    message = read(raw).message
    assert message.flags == {Flag.COMPLAINT_REPORT}
    assert message.mail is not None
    assert message.mail.bounce == Bounce(message_id="ours@acme.test")


def test_a_read_receipt_is_a_report() -> None:
    receipt = (
        b"Content-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822;ada@example.org\r\n"
        b"Disposition: manual-action/MDN-sent-manually; displayed"
    )
    raw = head(ADA, "Read: Order 1042") + parts(SENTENCE, receipt, kind="report")
    assert flags(raw) == {"delivery_report"}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("multipart/signed; boundary=cut", {"signed"}),
        ("multipart/encrypted; boundary=cut", {"encrypted"}),
        ("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", {"encrypted"}),
        ("application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", {"signed"}),
    ],
)
def test_signed_and_encrypted_mail_says_so(kind: str, expected: set[str]) -> None:
    body = b"--cut\r\n\r\nHello\r\n--cut\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--cut--\r\n"
    assert flags(head(ADA, "Order 1042", f"Content-Type: {kind}") + b"\r\n" + body) == expected
