"""Charsets: whatever a mail claims, there is text, and no exception (R22)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.charset_names import codec_of
from channels.email.charsets import decode
from channels.email.words import decode_words
from tests.channels.email.mails import mail, read

GREEK = "Δεν έφτασε η παραγγελία μου"
JAPANESE = "注文した商品がまだ届きません。"
RUSSIAN = "Мой заказ ещё не пришёл, прошу помочь."


@pytest.mark.parametrize(
    ("label", "data", "expected"),
    [
        ("utf-8", "Größe".encode(), "Größe"),
        ("UTF8", "Größe".encode(), "Größe"),
        ("uft-8", "Größe".encode(), "Größe"),
        ("iso-8859-1", "Größe".encode("latin-1"), "Größe"),
        ("iso-8859-1", "“quoted” €5".encode("cp1252"), "“quoted” €5"),
        ("iso-8859-1", "Größe".encode(), "Größe"),
        ("us-ascii", "Größe".encode("latin-1"), "Größe"),
        ("us-ascii", "Größe".encode(), "Größe"),
        ("iso-8859-8-i", "שלום".encode("iso-8859-8"), "שלום"),
        ("1", "Größe".encode("latin-1"), "Größe"),
        ("windows-1251", RUSSIAN.encode("cp1251"), RUSSIAN),
        ("koi8-r", RUSSIAN.encode("koi8-r"), RUSSIAN),
        ("cp-866", RUSSIAN.encode("cp866"), RUSSIAN),
        ("iso-2022-jp", JAPANESE.encode("iso-2022-jp"), JAPANESE),
        ("shift_jis", "①髙橋".encode("cp932"), "①髙橋"),
        ("gb2312", "镕基您好".encode("gb18030"), "镕基您好"),
        ("big5", "您好".encode("big5"), "您好"),
        ("ks_c_5601-1987", "똠방각하".encode("cp949"), "똠방각하"),
        ("iso-8859-7", GREEK.encode("iso-8859-7"), GREEK),
        ("utf-16", "Größe".encode("utf-16"), "Größe"),
        ("utf-7", b"Gr+APYA3w-e", "Größe"),
        ("x-no-such-charset", "Größe".encode(), "Größe"),
        ("hex", b"48656c6c6f", "48656c6c6f"),
        ("unicode_escape", rb"C:\new\table", r"C:\new\table"),
        ("", "Größe".encode(), "Größe"),
        ("", b"\xef\xbb\xbfHello", "Hello"),
        ("utf-8", b"Size \xff fits", "Size ÿ fits"),
        ("", RUSSIAN.encode("koi8-r") * 4, RUSSIAN * 4),
    ],
)
def test_bytes_become_the_text_that_was_written(label: str, data: bytes, expected: str) -> None:
    assert decode(data, label or None, guess=True)[0] == expected


def test_text_that_does_not_fit_its_charset_says_so() -> None:
    assert decode("é".encode("latin-1"), "utf-8")[1] is False


def test_a_meta_element_tells_the_charset_of_html_that_declares_none() -> None:
    page = b"<html><head><meta charset=windows-1251></head><body>" + RUSSIAN.encode("cp1251")
    assert RUSSIAN in decode(page, html=True)[0]


@given(
    data=st.binary(max_size=200),
    label=st.text(max_size=20) | st.sampled_from(["utf-16", "utf-7", "hz", "big5"]),
)
def test_decoding_never_raises(data: bytes, label: str) -> None:
    """R22: an unknown or wrong charset costs nothing but, at worst, some characters."""
    assert isinstance(decode(data, label)[0], str)


def test_a_name_that_a_sender_made_up_is_never_looked_up_on_disk() -> None:
    assert codec_of("../../etc/passwd") is None
    assert codec_of("no_such_codec_" + "x" * 500) is None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("=?utf-8?q?Gr=C3=B6=C3=9Fe?=", "Größe"),
        ("=?UTF-8?B?R3LDtsOfZQ==?=", "Größe"),
        ("=?utf-8?B?R3LDtsOfZQ?=", "Größe"),
        ("=?iso-8859-1?Q?Gr=F6=DFe?= 42", "Größe 42"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?=\r\n =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?= and =?utf-8?q?b?=", "a and b"),
        ("=?utf-8?b?w7Y=?= =?utf-8?q?=C3?= =?utf-8?q?=B6?=", "öö"),
        ("=?utf-8*en?q?lang=75age?=", "language"),
        ("=?utf-8?q?with a space?=", "with a space"),
        ("=?utf-8?q?Really?_yes?=", "Really? yes"),
        ("=?utf-8?q?cut off", "cut off"),
        ("=?nonsense?q?Gr=C3=B6=C3=9Fe?=", "Größe"),
        ("no words at all =?", "no words at all =?"),
    ],
)
def test_encoded_words_are_read_as_mailers_write_them(raw: str, expected: str) -> None:
    assert decode_words(raw) == expected


@given(st.text(alphabet="=?utf-8qQbB_ \r\n*ÄAbc\udc80", max_size=80))
def test_encoded_words_never_raise(raw: str) -> None:
    assert isinstance(decode_words(raw), str)


def test_a_mislabelled_mail_is_read_and_flagged() -> None:
    """R22: the mail is stored with what can be read of it."""
    raw = mail("Größe".encode("latin-1"), "Content-Type: text/plain; charset=utf-8")
    message = read(raw).message
    assert message.text == "Größe"
    assert "degraded" in message.flags
    assert message.notes
