"""One digest for one mail, by whatever way it came and however much of it was read (R5, P2)."""
# ruff: noqa: E501 - rows of a table read worse when wrapped

from __future__ import annotations

import base64
import quopri

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.limits import Limits
from channels.email.read import read_degraded, read_mail
from tests.channels.email.mails import HEAD, accepted, multipart, part, parts, read


def digest_of(raw: bytes) -> str:
    facts = read(raw).message.mail
    assert facts is not None
    return facts.digest


TRACED = b"Return-Path: <x@y.test>\r\nReceived: from a by b; Tue, 19 Aug 2025 10:41:00 +0000\r\nX-Spam-Score: 0\r\n"
QUOTED = (
    HEAD
    + b"Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nHello, where is my =\r\norder?"
)
PLAIN = HEAD + b"Content-Type: text/plain\r\n\r\nHello, where is my order?"


@pytest.mark.parametrize(
    "other",
    [TRACED + PLAIN, PLAIN + b"\r\n", PLAIN.replace(b"\r\n", b"\n"), QUOTED,
     PLAIN.replace(b"Subject: Order", b"Subject:  Order ")],
    ids=["another hop", "a line end more", "other line ends", "another transfer encoding", "other white space"],
)  # fmt: skip
def test_the_same_mail_by_another_way_has_the_same_digest(other: bytes) -> None:
    """R5: every hop adds trace headers, and may encode again."""
    assert digest_of(other) == digest_of(PLAIN)


@pytest.mark.parametrize(
    "other",
    [
        PLAIN.replace(b"order?", b"refund?"),
        PLAIN.replace(b"Order 1042", b"Order 1043"),
        PLAIN.replace(b"ada@", b"eve@"),
        PLAIN.replace(b"10:40", b"10:41"),
        PLAIN.replace(b"text/plain", b"text/html"),
    ],
    ids=["text", "subject", "sender", "date", "type"],
)
def test_other_content_under_the_same_message_id_has_another_digest(other: bytes) -> None:
    """R5: senders reuse ids, and anybody can choose one."""
    assert digest_of(other) != digest_of(PLAIN)


def test_a_file_changes_the_digest() -> None:
    first = multipart(
        part("Hi", "Content-Type: text/plain"), part("a", "Content-Type: image/png; name=a.png")
    )
    assert digest_of(first) != digest_of(first.replace(b"\r\n\r\na\r\n", b"\r\n\r\nb\r\n"))


WORDS = "Größe 42 = XL? See https://x.test/?id=42\r\n-- \r\nAda".encode()
FILE = base64.encodebytes(bytes(range(256)) * 4)
BORDERED = multipart(
    parts(
        part(WORDS, "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"),
        part("<p>Hi</p>", "Content-Type: text/html"),
        kind="alternative",
        boundary="in",
    ),
    part(FILE, "Content-Type: image/png", "Content-Transfer-Encoding: base64"),
)


def encoded_again(encoding: str) -> bytes:
    """The mail as a relay hands it on whose next hop takes no 8bit (RFC 6152)."""
    words = quopri.encodestring(WORDS) if encoding == "quoted-printable" else base64.encodebytes(WORDS)
    return BORDERED.replace(WORDS, words).replace(b"Encoding: 8bit", b"Encoding: " + encoding.encode())


def wrapped_again() -> bytes:
    """The file's lines at another length, which leaves no line with whole groups of four."""
    bare = FILE.replace(b"\n", b"")
    lines = b"\r\n".join(bare[at : at + 61] for at in range(0, len(bare), 61))
    return BORDERED.replace(FILE, lines + b"\r\n")


@pytest.mark.parametrize(
    "other",
    [
        TRACED + BORDERED,
        BORDERED.replace(b"\r\n", b"\n"),
        BORDERED + b"\r\n \r\n",
        encoded_again("quoted-printable"),
        encoded_again("base64"),
        wrapped_again(),
    ],
    ids=["another hop", "line ends", "lines at the end", "quoted-printable", "base64", "lengths of lines"],
)
def test_r5_parts_may_be_encoded_again_on_their_way(other: bytes) -> None:
    assert other != BORDERED
    assert digest_of(other) == digest_of(BORDERED)


@pytest.mark.parametrize(
    "other",
    [
        BORDERED.replace(b"id=42", b"id=43"),
        BORDERED.replace(b"<p>Hi", b"<p>Ho"),
        BORDERED.replace(FILE, base64.encodebytes(bytes(range(256)) * 3 + bytes(256))),
        BORDERED.replace(b"image/png", b"image/gif"),
    ],
    ids=["the text", "the other form of the text", "the file", "the type of the file"],
)
def test_r5_another_part_is_another_digest(other: bytes) -> None:
    assert digest_of(other) != digest_of(BORDERED)


def digest_by_head(raw: bytes) -> str:
    """As after a reading that took too long or too much memory."""
    facts = read_degraded(accepted(raw), raw, "Too slow.").message.mail
    assert facts is not None
    return facts.digest


@pytest.mark.parametrize(
    "raw",
    [PLAIN, QUOTED, BORDERED, encoded_again("base64"), BORDERED[: len(BORDERED) // 2], b"", HEAD],
    ids=["plain", "quoted-printable", "files", "base64", "cut off", "nothing", "no body"],
)
def test_p2_a_mail_read_by_its_head_alone_has_the_same_digest(raw: bytes) -> None:
    """Or the next delivery of it, read whole, would be another message."""
    assert digest_by_head(raw) == digest_of(raw)


PIECES = st.sampled_from([
    b"From: Ada <ada@example.org>\r\n", b"Content-Type: multipart/mixed; boundary=a\r\n", b"--a\r\n", b"--a--\r\n",
    b"Content-Type: multipart/mixed; boundary=\r\n", b"Content-Transfer-Encoding: base64\r\n", b"\r\n", b"\n--",
    b"Content-Transfer-Encoding: quoted-printable\r\n", b"=41=4", b"QUJD", b"QQ==", b"Q", b"begin 644 x\n", b"\0",
])  # fmt: skip


@settings(max_examples=300)
@given(raw=st.binary(max_size=500) | st.lists(PIECES, max_size=25).map(b"".join))
def test_p2_any_bytes_have_one_digest_however_they_are_read(raw: bytes) -> None:
    """R23."""
    assert digest_by_head(raw) == digest_of(raw)


def test_p2_what_is_over_the_limit_is_left_out_of_both_digests() -> None:
    limits = Limits(raw=len(PLAIN) - 4)
    whole = read(PLAIN, limits=limits).message.mail
    by_head = read_degraded(accepted(PLAIN), PLAIN, "Too slow.", limits).message.mail
    assert whole is not None
    assert by_head is not None
    assert whole.digest == by_head.digest != digest_of(PLAIN)


def test_p2_a_fault_of_ours_leaves_the_digest_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = digest_of(BORDERED)

    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("channels.email.read.judge", fail)
    reading = read_mail(accepted(BORDERED), BORDERED)
    assert "degraded" in reading.message.flags
    assert reading.message.mail is not None
    assert reading.message.mail.digest == expected


@pytest.mark.parametrize("size", [2**20 - 1, 2**20, 2**20 + 1, 3 * 2**20], ids=str)
def test_r5_large_files_are_digested_alike_at_every_length_of_line(size: int) -> None:
    """The content is taken in portions, which end where lines do."""
    content = bytes(range(251)) * (size // 251 + 1)
    short, long = base64.encodebytes(content), base64.b64encode(content)
    head = HEAD + b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    assert digest_of(head + short) == digest_of(head + long)
    assert digest_of(head + short) != digest_of(head + short.replace(b"AAEC", b"AAED"))
