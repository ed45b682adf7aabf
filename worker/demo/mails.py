"""The mails of the demo, in the forms that the big mail programs give them."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

SUPPORT = "support@demo.test"
# One grey pixel: a file that every viewer opens.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)
_REPORT = (
    """Content-Type: text/plain; charset=utf-8

Your message could not be delivered to <{recipient}>: the address does not exist.
""",
    """Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user unknown
""",
    """Content-Type: text/rfc822-headers

From: {support}
To: {recipient}
Message-ID: <{failed}>
""",
)


def mail(sender: str, subject: str, *, message_id: str = "", answers: str = "") -> EmailMessage:
    """The head of a mail to support. `answers`: bare Message-ID of the mail that it replies to."""
    made = EmailMessage()
    made["From"] = sender
    made["To"] = SUPPORT
    made["Subject"] = subject
    made["Date"] = format_datetime(datetime.now(UTC))
    made["Message-ID"] = f"<{message_id or new_message_id()}>"
    if answers:
        made["In-Reply-To"] = f"<{answers}>"
        made["References"] = f"<{answers}>"
    return made


def new_message_id() -> str:
    return f"{secrets.token_hex(12)}@mail.example.org"


def gmail(sender: str, subject: str, text: str, *, quoted: str = "", **head: str) -> EmailMessage:
    """As Gmail writes: plain text beside HTML, the quoted mail under one line of attribution."""
    made = mail(sender, subject, **head)
    lines = f"On Mon, 2 Mar 2026 at 09:14, Demo Support <{SUPPORT}> wrote:" if quoted else ""
    below = f"\n\n{lines}\n\n" + "".join(f"> {line}\n" for line in quoted.splitlines()) if quoted else ""
    made.set_content(text + below)
    quote = (
        f'<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{lines}<br></div>'
        f'<blockquote class="gmail_quote">{quoted}</blockquote></div>'
    )
    made.add_alternative(f'<div dir="ltr">{_html(text)}</div>{quote if quoted else ""}', subtype="html")
    return made


def outlook(sender: str, subject: str, text: str, **head: str) -> EmailMessage:
    """As Outlook writes: the code page of Windows, and its own kind of HTML."""
    made = mail(sender, subject, **head)
    made["X-Mailer"] = "Microsoft Outlook 16.0"
    made.set_content(text, charset="windows-1252", cte="quoted-printable")
    paragraph = f'<div class="WordSection1"><p class="MsoNormal">{_html(text)}</p></div>'
    body = f'<html><body lang="DE">{paragraph}</body></html>'
    made.add_alternative(body, subtype="html", charset="windows-1252", cte="quoted-printable")
    return made


def out_of_office(sender: str, subject: str, text: str, *, answers: str) -> EmailMessage:
    """An automatic answer, marked as RFC 3834 asks."""
    made = mail(sender, f"Automatic reply: {subject}", answers=answers)
    made["Auto-Submitted"] = "auto-replied"
    made["X-Auto-Response-Suppress"] = "All"
    made.set_content(text)
    return made


def bounce(recipient: str, failed: str) -> EmailMessage:
    """A delivery report (RFC 3464) that says that our mail with this bare Message-ID did not arrive."""
    made = mail("Mail Delivery Subsystem <mailer-daemon@example.net>", "Undelivered Mail Returned to Sender")
    made["Auto-Submitted"] = "auto-replied"
    boundary = secrets.token_hex(12)
    made["MIME-Version"] = "1.0"
    made["Content-Type"] = f'multipart/report; report-type=delivery-status; boundary="{boundary}"'
    parts = [part.format(recipient=recipient, failed=failed, support=SUPPORT) for part in _REPORT]
    made.set_payload("".join(f"--{boundary}\n{part}\n" for part in parts) + f"--{boundary}--\n")
    return made


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")
