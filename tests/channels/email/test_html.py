"""HTML mail: what may be shown, what it says, and what mail programs mark as quoted."""
# ruff: noqa: E501 - rows of a table, in many scripts, read worse when wrapped

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.bodies import text_of
from channels.email.html import harmless, read_html
from channels.email.tame import tame
from tests.channels.email.mails import page, read


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("One<br>Two", "One\nTwo"),
        ("<div>One<br></div><div><br></div><div>Two</div>", "One\n\nTwo"),
        ("<p>One   \n two</p>", "One two"),
        ("<p>a &lt; b &amp;&nbsp;c</p>", "a < b & c"),
        ("<ul><li>One</li><li>Two</li></ul>", "- One\n- Two"),
        ("<table><tr><td>A</td><td>1</td></tr><tr><td>B</td><td>2</td></tr></table>", "A 1\nB 2"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<h1>Title</h1>Text", "Title\n\nText"),
        ("<style>p {color: red}</style><script>alert(1)</script><p>Hi</p>", "Hi"),
        ("<html><head><title>T</title></head><body>Hi</body></html>", "Hi"),
        ("<!-- hidden --><p>Hi</p><!--[if mso]><p>Outlook</p><![endif]-->", "Hi"),
        ("<p class=MsoNormal>One</p><p class=MsoNormal>&nbsp;</p><p class=MsoNormal>Two</p>", "One\n\nTwo"),
        ("<p class=MsoNormal>One</p><p class=MsoNormal>Two</p>", "One\nTwo"),
        ('<a href="https://x.test/a">our shop</a>', "our shop"),
        ("<div>Preview&zwnj;&nbsp;&zwnj;&nbsp;&zwnj;&nbsp;&zwnj;</div><p>Hi</p>", "Preview\n\nHi"),
        ("no tags, 1 < 2", "no tags, 1 < 2"),
        ("<p>unclosed <b>tags", "unclosed tags"),
        ("", ""),
    ],
)
def test_html_reads_as_the_text_that_people_see(html: str, expected: str) -> None:
    assert text_of(read_html(html).lines) == expected


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        '<a href="javascript:alert(1)">x</a>',
        '<a href="JaVaScRiPt&colon;alert(1)">x</a>',
        "<svg><script>alert(1)</script></svg>",
        "<svg onload=alert(1)>",
        '<iframe src="https://evil.test"></iframe>',
        '<form action="https://evil.test"><input name=p></form>',
        '<p style="background:url(javascript:alert(1))">x</p>',
        '<div id="app" class="admin">x</div>',
        "<style>@import 'https://evil.test'</style>",
        '<meta http-equiv="refresh" content="0;url=https://evil.test">',
        '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<textarea><img src=x onerror=alert(1)></textarea>",
        '<object data="https://evil.test"></object><embed src="https://evil.test">',
        "<base href=https://evil.test>",
    ],
)  # fmt: skip
def test_nothing_that_acts_is_left(html: str) -> None:
    clean = read_html(f"<p>Hello</p>{html}").clean.lower()
    assert "<p>hello</p>" in clean
    for word in (
        "<script",
        "<svg",
        "<iframe",
        "<form",
        "<style",
        "<meta",
        "<object",
        "<embed",
        "<base",
        "<input",
    ):
        assert word not in clean
    for word in (" onerror=", " onload=", "javascript:", " style=", " id=", " class="):
        assert word not in clean.replace("&quot;", "").split("title=")[0]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>Hi <b>Ada</b></p>", "<p>Hi <b>Ada</b></p>"),
        ("<p onclick='x()'>Hi</p><script>x()</script>", "<p>Hi</p>"),
        ('<a href="javascript:x()">Hi</a>', '<a rel="noopener noreferrer">Hi</a>'),
        ("<div>" * 100_000, ""),
        ("", ""),
    ],
    ids=["clean", "a script", "a link that acts", "nested without end", "empty"],
)
def test_harmless_is_what_may_be_shown(html: str, expected: str) -> None:
    assert harmless(html) == expected == read_html(html).clean


def test_links_and_pictures_of_the_mail_stay() -> None:
    clean = read_html('<a href="https://x.test/">x</a><img src="cid:logo" alt="Logo">').clean
    assert 'href="https://x.test/"' in clean
    assert 'rel="noopener noreferrer"' in clean
    assert 'src="cid:logo"' in clean


GMAIL = (
    '<div dir="ltr">My answer</div><br><div class="gmail_quote gmail_quote_container"><div class="gmail_attr">'
    "Wrote something on Tue:<br></div><blockquote class='gmail_quote' style='margin:0'>Old text</blockquote></div>"
)
OUTLOOK = (
    '<div>My answer</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>De:</b> Bob<br><b>X:</b> y</div>'
    "<div>Old text</div>"
)
OUTLOOK_DESKTOP = (
    '<p class="MsoNormal">My answer</p><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p class="MsoNormal">'
    "<b>Von:</b> Bob &lt;bob@x.test&gt;<br><b>Gesendet:</b> Montag<br><b>An:</b> Ada<br><b>Betreff:</b> x</p></div>"
    '<p class="MsoNormal">Old text</p>'
)
APPLE = (
    "<div>My answer</div><div><br><blockquote type='cite'><div>On 1. Jan 2025, at 10:00, Bob &lt;bob@x.test&gt; wrote:"
    "</div><br><div>Old text</div></blockquote></div>"
)
THUNDERBIRD = (
    '<div class="moz-cite-prefix">Am 01.01.2025 um 10:00 schrieb Bob:<br></div>'
    '<blockquote type="cite" cite="mid:1@x.test">Old text</blockquote><p>My answer</p>'
)
YAHOO = (
    '<div>My answer</div><div id="yahoo_quoted_1" class="yahoo_quoted"><div>On Monday, Bob wrote:</div>'
    "<div>Old text</div></div>"
)
GMX = (
    '<div>My answer</div><div name="quote" style="margin:10px"><div><b>Gesendet:</b> Montag<br><b>Von:</b> Bob</div>'
    "<div>Old text</div></div>"
)
PROTON = '<div>My answer</div><div class="protonmail_quote">Bob wrote:<blockquote>Old text</blockquote></div>'


ZIMBRA = '<div>My answer</div><hr id="zwchr"><div><b>From: </b>Bob<br></div><div>Old text</div>'


@pytest.mark.parametrize(
    "html",
    [GMAIL, OUTLOOK, OUTLOOK_DESKTOP, APPLE, THUNDERBIRD, YAHOO, GMX, PROTON, ZIMBRA],
    ids=[
        "Gmail",
        "Outlook on the web",
        "Outlook",
        "Apple Mail",
        "Thunderbird",
        "Yahoo",
        "GMX",
        "Proton",
        "Zimbra",
    ],
)
def test_what_a_mail_program_marks_as_quoted_goes(html: str) -> None:
    """R35, R40: the quoted mail is no part of the reply, and stays in the text."""
    message = read(page(html)).message
    assert message.reply_text == "My answer"
    assert "Old text" in message.text


def test_answers_between_the_quotations_of_gmail_stay_with_them() -> None:
    html = (
        '<div class="gmail_quote"><div class="gmail_attr">On Tue Bob wrote:<br></div><blockquote class="gmail_quote">'
        'Which size?</blockquote><div>Large.</div><blockquote class="gmail_quote">Which colour?</blockquote>'
        "<div>Red.</div></div>"
    )
    reply = read(page(html)).message.reply_text
    assert reply == "On Tue Bob wrote:\n> Which size?\nLarge.\n> Which colour?\nRed."


def test_html_that_nests_without_end_is_read_for_its_words() -> None:
    """R12: it costs little, and says that it was not read as HTML."""
    message = read(page("<div>" * 100_000 + "Hello")).message
    assert (message.text, message.html) == ("Hello", "")
    assert "degraded" in message.flags


@pytest.mark.parametrize(
    "html",
    [
        ("<div>" * 300 + "<div t='" + "</div>" * 300 + "'>") * 30,
        "<div><marquee></div></marquee>" * 5000,
        "<table><td></div><div>" * 5000,
        "<font size=1><p>" * 5000,
        "".join(f"<font size={size}>" for size in range(300)) + "<p>x</p>" * 50_000,
    ],
    ids=[
        "closing tags in an attribute",
        "closing tags that close nothing",
        "tables",
        "formats",
        "formats times blocks",
    ],
)
def test_nesting_cannot_be_hidden(html: str) -> None:
    """R12: the estimate of the depth is never below what the parser would make of it."""
    assert tame(html) is None


def test_what_is_hidden_in_a_broken_tag_is_not_hidden() -> None:
    """R12: the parser sees the tags that were counted, and no others."""
    assert "<div></div><div>x" in (tame("<p>x</p>" * 300 + "<div t='</div><div>x") or "")


def test_long_ordinary_html_is_read_whole() -> None:
    rows = "".join(f"<tr><td><b>Item {number}</b></td><td>a &lt; b<br></td></tr>" for number in range(2000))
    read_rows = read_html(f"<div><table>{rows}</table></div>")
    assert read_rows.tamed
    assert sum(line.text.startswith("Item ") for line in read_rows.lines) == 2000


@given(st.text(alphabet="<>/divpbr&;\"'=! -x\0\udc80", max_size=120) | st.text(max_size=80))
def test_any_html_is_read(html: str) -> None:
    """R23: no HTML raises, once its text is storable."""
    assert "<script" not in read_html(html.encode("utf-8", "ignore").decode()).clean
