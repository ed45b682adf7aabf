"""Parts of a mail: which are text, which are files, and what is beyond a limit (R21)."""
# ruff: noqa: E501 - rows of a table, in many scripts, read worse when wrapped

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.limits import Limits
from channels.email.mime import read_tree
from tests.channels.email.mails import HEAD, mail, multipart, part, parts, read, text

PNG = b"\x89PNG\r\n\x1a\n\0\0"
PLAIN = part("Hello there", "Content-Type: text/plain; charset=utf-8")
HTML = part("<p>Hello <b>there</b></p>", "Content-Type: text/html; charset=utf-8")
IMAGE = part(
    base64.encodebytes(PNG),
    "Content-Type: image/png; name=a.png",
    "Content-Transfer-Encoding: base64",
    "Content-Disposition: attachment",
)
NOTE = part("a note", 'Content-Type: text/plain; name="note.txt"', "Content-Disposition: attachment")
MAIL = part(text("inner"), "Content-Type: message/rfc822")


@pytest.mark.parametrize(
    ("raw", "body", "names"),
    [
        (mail("Hello there"), "Hello there", []),
        (mail("Hello there", "Content-Type: nonsense"), "Hello there", []),
        (multipart(PLAIN, IMAGE), "Hello there", ["a.png"]),
        (multipart(PLAIN, HTML, kind="alternative"), "Hello there", []),
        (multipart(HTML, kind="alternative"), "Hello there", []),
        (multipart(parts(PLAIN, HTML, kind="alternative", boundary="in"), IMAGE), "Hello there", ["a.png"]),
        (multipart(PLAIN, parts(HTML, IMAGE, kind="related", boundary="in"), kind="alternative"), "Hello there",
         ["a.png"]),
        (multipart(PLAIN, IMAGE, part("Regards", "Content-Type: text/plain")), "Hello there\nRegards", ["a.png"]),
        (multipart(HTML, IMAGE, part("<p>Regards</p>", "Content-Type: text/html")), "Hello there\nRegards", ["a.png"]),
        (multipart(parts(HTML, kind="alternative", boundary="in"), IMAGE, part("Regards", "Content-Type: text/plain")),
         "Hello there\nRegards", ["a.png"]),
        (multipart(PLAIN, NOTE), "Hello there", ["note.txt"]),
        (multipart(part("Hello there", "Content-Type: text/plain", "Content-Disposition: inline; filename=a.txt")),
         "Hello there", ["a.txt"]),
        (multipart(part("Your mail client shows no HTML.", "Content-Type: text/plain"),
                   part("<p>Hello there</p>" * 30, "Content-Type: text/html"), kind="alternative"),
         "\n\n".join(["Hello there"] * 30), []),
        (multipart(PLAIN, MAIL), "Hello there", ["Order 1042.eml"]),
        (multipart(IMAGE), "", ["a.png"]),
        (mail(base64.encodebytes(PNG), "Content-Type: image/png; name=a.png", "Content-Transfer-Encoding: base64"),
         "", ["a.png"]),
        (multipart(part("", "Content-Type: text/plain"), HTML, kind="alternative"), "Hello there", []),
        (multipart(part("BEGIN:VCALENDAR", "Content-Type: text/calendar"), PLAIN, kind="alternative"), "Hello there",
         [""]),
        (HEAD + b"Content-Type: multipart/mixed; boundary=other\r\n\r\n--cut\r\nContent-Type: text/plain\r\n\r\n"
         b"Hello there\r\n--cut--\r\n", "Hello there", []),
        (HEAD + b"Content-Type: multipart/mixed\r\n\r\nHello there", "Hello there", []),
        (multipart(PLAIN, IMAGE).removesuffix(b"--cut--\r\n"), "Hello there", ["a.png"]),
        (multipart(PLAIN, IMAGE).replace(b"\r\n", b"\n"), "Hello there", ["a.png"]),
    ],
    ids=[
        "no type is plain text",
        "a type that is none is plain text",
        "text and a file",
        "alternatives are one body",
        "an alternative of one",
        "alternatives inside mixed",
        "related inside alternatives",
        "text goes on below a picture",
        "HTML goes on below a picture",
        "text goes on below an alternative of one",
        "a text file is a file",
        "a text file that is shown is both",
        "a text that only points at the HTML",
        "a mail in a mail has its subject as name",
        "a picture alone",
        "a picture that is the whole mail",
        "an empty text beside HTML",
        "an invitation among the alternatives",
        "a boundary that is not the one declared",
        "a multipart without boundary",
        "a mail that breaks off",
        "line feeds alone",
    ],
)  # fmt: skip
def test_bodies_and_files_are_told_apart(raw: bytes, body: str, names: list[str]) -> None:
    message = read(raw).message
    assert message.text == body
    assert [file.filename for file in message.attachments] == names


def test_boundaries_that_begin_alike_are_different() -> None:
    inner = parts(PLAIN, HTML, kind="alternative", boundary="cut2")
    message = read(multipart(inner, IMAGE)).message
    assert message.text == "Hello there"
    assert [file.filename for file in message.attachments] == ["a.png"]


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        ("base64", base64.encodebytes("Größe".encode()), "Größe"),
        ("base64", b"R3LDtsOfZQ", "Größe"),
        ("base64", b"R3LD\r\n!tsOf ZQ==", "Größe"),
        ("BASE64 ", base64.b64encode("Größe".encode()), "Größe"),
        ("quoted-printable", b"Gr=C3=B6=C3=\r\n=9Fe", "Größe"),
        ("quoted-printable", b"100% =sure=", "100% =sure"),
        ("8bit", "Größe".encode(), "Größe"),
        ("x-uuencode", b"begin 644 a.txt\n(1W+#ML.?90H \n`\nend\n", "Größe"),
        ("unknown", "Größe".encode(), "Größe"),
    ],
)
def test_transfer_encodings_are_undone(encoding: str, body: bytes, expected: str) -> None:
    raw = mail(body, "Content-Type: text/plain; charset=utf-8", f"Content-Transfer-Encoding: {encoding}")
    assert read(raw).message.text.strip() == expected


@pytest.mark.parametrize(
    ("flowed", "expected"),
    [
        ("one \nline\nanother", "one line\nanother"),
        ("> one \n> line\nmine", "> one line\nmine"),
        (" >not a quotation", ">not a quotation"),
        ("-- \nAda", "-- \nAda"),
    ],
    ids=["soft breaks", "in quotations", "stuffed", "signature"],
)
def test_flowed_text_is_joined(flowed: str, expected: str) -> None:
    assert read(mail(flowed, "Content-Type: text/plain; format=flowed")).message.text == expected


def test_files_have_content_size_and_hash_in_the_same_order() -> None:
    reading = read(multipart(PLAIN, IMAGE, NOTE))
    assert reading.files == (PNG, b"a note")
    assert [file.size for file in reading.message.attachments] == [len(PNG), 6]
    assert [file.sha256 for file in reading.message.attachments] == [
        hashlib.sha256(content).hexdigest() for content in reading.files
    ]


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ('Content-Disposition: attachment; filename="../../etc/passwd"', "passwd"),
        (r'Content-Disposition: attachment; filename="C:\\temp\\a.pdf"', "a.pdf"),
        ("Content-Disposition: attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf", "Größe.pdf"),
        ('Content-Disposition: attachment; filename="=?utf-8?B?R3LDtsOfZS5wZGY=?="', "Größe.pdf"),
        ('Content-Disposition: attachment; filename="Größe.pdf"', "Größe.pdf"),
        ('Content-Disposition: attachment; filename="a\tb.pdf"', "a b.pdf"),
        ('Content-Disposition: attachment; filename=".."', ""),
        ("Content-Disposition: attachment", ""),
        ("X-Nothing: here", ""),
    ],
)
def test_file_names_are_the_last_step_of_what_the_sender_gave(field: str, name: str) -> None:
    """R25: absent and odd names."""
    file = part("x", "Content-Type: application/pdf", field)
    assert read(multipart(PLAIN, file)).message.attachments[0].filename == name


def test_a_picture_that_the_html_shows_is_inline() -> None:
    html = part('<img src="cid:logo@x"><p>Hi</p>', "Content-Type: text/html")
    logo = part("x", "Content-Type: image/png; name=logo.png", "Content-ID: <logo@x>")
    other = part("x", "Content-Type: image/png; name=other.png", "Content-ID: <other@x>")
    message = read(multipart(html, logo, other, kind="related")).message
    assert [(file.content_id, file.inline) for file in message.attachments] == [
        ("logo@x", True),
        ("other@x", False),
    ]


@pytest.mark.parametrize(
    ("raw", "limits", "kept"),
    [
        (text("a" * 3000), Limits(text=1000), "a" * 1000),
        (text("a" * 3000), Limits(raw=1000), "a"),
        (multipart(*[PLAIN] * 30), Limits(parts=10), "Hello there"),
        (multipart(PLAIN, *[IMAGE] * 5), Limits(attachments=2), "Hello there"),
        (multipart(PLAIN, IMAGE), Limits(attachment=5), "Hello there"),
    ],
    ids=["text", "whole mail", "parts", "number of files", "size of a file"],
)
def test_what_is_over_a_limit_is_left_out_and_said(raw: bytes, limits: Limits, kept: str) -> None:
    """R21: nothing vanishes silently; what fits is kept."""
    message = read(raw, limits=limits).message
    assert "oversize" in message.flags
    assert message.notes
    assert kept in message.text


def test_the_limits_are_those_of_the_whole_mail() -> None:
    """R21: many small parts are no way around them."""
    page = part(f"<p>{'a' * 900}</p>", "Content-Type: text/html")
    message = read(multipart(page, IMAGE, page, IMAGE, page), limits=Limits(html=1000)).message
    assert len(message.text) <= 1000
    assert "oversize" in message.flags
    files = read(multipart(PLAIN, NOTE, NOTE), limits=Limits(attachment=8)).message.attachments
    assert [file.state for file in files] == ["stored", "oversize"]


def test_a_file_over_the_limit_is_named_without_its_content() -> None:
    """R21: the ticket says which file is missing."""
    reading = read(multipart(PLAIN, IMAGE, NOTE), limits=Limits(attachment=8))
    assert [(file.filename, file.state) for file in reading.message.attachments] == [
        ("a.png", "oversize"),
        ("note.txt", "stored"),
    ]
    assert reading.files == (b"a note",)
    assert "a.png" in reading.message.notes[0]


def test_a_mail_within_the_limits_has_no_notes() -> None:
    message = read(multipart(PLAIN, IMAGE)).message
    assert (message.flags, message.notes) == (frozenset(), ())


def nested(depth: int) -> bytes:
    opening = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth)
    )
    return HEAD + opening + b"Content-Type: text/plain\r\n\r\ndeep"


@pytest.mark.parametrize(
    "raw",
    [
        nested(5000),
        HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\n" * 50_000,
        HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"\r\n--y" * 500_000,
        HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"\r\n--xy" * 500_000,
        HEAD + b"Subject: =?no?q?=FF=FE=FD=FC=FB=FA=F9=F8=F7=F6=F5=F4=F3?=\r\n" + b"To: \xff\xfe\xfd <a@x>\r\n" * 900,
        HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
        + (b"--x\r\nContent-Type: text/plain\r\n\r\n" + bytes(range(128, 256)) + b"\r\n") * 500,
        HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
        + (b"--x\r\nContent-Type: text/html\r\n\r\n" + b"<p>Hi</p>" * 3000 + b"\r\n") * 200,
        HEAD + b"garbage\r\n" * 50_000 + b"To: x\r\n\r\n",
        HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 200_000,
        HEAD + b"Content-Type: text/html\r\n\r\n" + b"<" * 500_000,
        HEAD + b"\r\n" + b"> " * 400_000,
        HEAD + b"\r\n" + b"On 1.1.2025 10:00 a@x.test wrote:\r\n" * 20_000,
        HEAD + b"\r\n" + (b"-" * 450 + b"x\r\n") * 2_000,
        HEAD + b"\r\n" + b"Sent from my phone\r\n\r\n" * 20_000,
        HEAD + b"\r\n" + (b"a" * 490 + b":\r\n") * 2_000,
        HEAD + b"\r\n" + b"From: a\r\nx\r\n" * 50_000,
    ],
    ids=["depth", "parts", "no boundary", "nearly a boundary", "charsets of fields", "charsets of parts", "much HTML", "head", "divs", "angles", "quotes", "attributions", "rules", "footers",
         "colons", "labels"],
)  # fmt: skip
def test_hostile_mail_is_read_in_bounded_work(raw: bytes) -> None:
    """R12: no shape of a mail holds the reader; the run of this test itself would tell."""
    assert read(raw).message.subject == "Order 1042"


def test_depth_beyond_the_limit_is_said() -> None:
    message = read(nested(50)).message
    assert "oversize" in message.flags


@given(
    raw=st.binary(max_size=400)
    | st.lists(
        st.sampled_from([
            b"Content-Type: multipart/mixed; boundary=a\r\n", b"Content-Type: text/html\r\n", b"--a\r\n", b"--a--",
            b"\r\n", b"\r\n\r\n", b"Content-Transfer-Encoding: base64\r\n", b"\xff\0", b"<p>", b"boundary", b"--",
        ]),
        max_size=30,
    ).map(b"".join)
)  # fmt: skip
def test_any_bytes_have_a_tree_inside_them(raw: bytes) -> None:
    """R23: every part lies within the mail, whatever the boundaries say."""
    tree = read_tree(raw, parts=20, depth=5)
    waiting = [tree.root]
    while waiting:
        one = waiting.pop()
        assert 0 <= one.head <= one.start <= one.end <= len(raw)
        waiting += one.children
    assert tree.parts <= 20
