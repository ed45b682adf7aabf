"""What a customer wrote now, out of plain text in many languages (R35, R40, P12)."""
# ruff: noqa: E501, RUF001 - rows of a table, in many scripts, read worse when wrapped

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.quoting import label_of
from tests.channels.email.mails import HEAD, read, text

ANSWER = "Vielen Dank,\nthe parcel has arrived.\n\nAda"
OLD = "> We have sent it today.\n> Regards, Bob"


def reply(body: str, subject: str = "Re: Order 1042") -> str:
    head = HEAD.replace(b"Subject: Order 1042", f"Subject: {subject}".encode())
    raw = head + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + body.encode()
    return read(raw).message.reply_text


@pytest.mark.parametrize(
    "attribution",
    [
        "On Tue, Aug 19, 2025 at 10:40 AM Bob <bob@acme.test> wrote:",
        "On 19/08/2025 10:40, Bob wrote:",
        "On 19 Aug 2025, at 10:40, Bob <bob@acme.test> wrote:",
        "On Tue, Aug 19, 2025 at 10:40 AM Bob With A Very Long Name <bob@acme.test>\nwrote:",
        "On Tue, Aug 19, 2025 at 10:40 AM Bob With A Very Long Name <\nbob@acme.test> wrote:",
        "Am Di., 19. Aug. 2025 um 10:40 Uhr schrieb Bob <bob@acme.test>:",
        "Am 19.08.2025 um 10:40 schrieb Bob:",
        "Am Di., 19. Aug. 2025 um 10:40 Uhr schrieb Bob With A Long Name <bob@acme.test\n>:",
        "Bob <bob@acme.test> schrieb am Di., 19. Aug. 2025, 10:40:",
        "Le mar. 19 août 2025 à 10:40, Bob <bob@acme.test> a écrit :",
        "Le 19/08/2025 à 10:40, Bob a écrit :",
        "El mar, 19 ago 2025 a las 10:40, Bob (<bob@acme.test>) escribió:",
        "Em ter., 19 de ago. de 2025 às 10:40, Bob <bob@acme.test> escreveu:",
        "Il giorno mar 19 ago 2025 alle ore 10:40 Bob <bob@acme.test> ha scritto:",
        "Op di 19 aug 2025 om 10:40 schreef Bob <bob@acme.test>:",
        "Den tis 19 aug. 2025 kl 10:40 skrev Bob <bob@acme.test>:",
        "Den tir. 19. aug. 2025 kl. 10.40 skrev Bob <bob@acme.test>:",
        "ti 19. elok. 2025 klo 10.40 Bob (bob@acme.test) kirjoitti:",
        "W dniu 19.08.2025 o 10:40, Bob pisze:",
        "wt., 19 sie 2025 o 10:40 Bob <bob@acme.test> napisał(a):",
        "út 19. 8. 2025 v 10:40 odesílatel Bob <bob@acme.test> napsal:",
        "вт, 19 авг. 2025 г. в 10:40, Bob <bob@acme.test>:",
        "19.08.2025 10:40, Bob пишет:",
        "Bob <bob@acme.test>, 19 Ağu 2025 Sal, 10:40 tarihinde şunu yazdı:",
        "2025年8月19日(火) 10:40 Bob <bob@acme.test>:",
        "Bob <bob@acme.test> 于2025年8月19日周二 10:40写道：",
        "2025년 8월 19일 (화) 오전 10:40, Bob <bob@acme.test>님이 작성:",
        "Bob wrote on 19.08.2025 10:40:",
        "Quoting Bob <bob@acme.test> at 10:40:",
        "Zitat von Bob <bob@acme.test>:",
        "Στις Τρί 19 Αυγ 2025 στις 10:40 π.μ., ο χρήστης Bob <bob@acme.test> έγραψε:",
    ],
)
def test_a_quotation_goes_with_the_line_that_introduces_it(attribution: str) -> None:
    """R40: rules never see the quoted mail."""
    assert reply(f"{ANSWER}\n\n{attribution}\n\n{OLD}\n") == ANSWER
    assert reply(f"{ANSWER}\n\n{attribution}\n{OLD}\n") == ANSWER


@pytest.mark.parametrize(
    "border",
    [
        "-----Original Message-----\nFrom: Bob <bob@acme.test>\nSent: Tuesday\nTo: Ada\nSubject: Order 1042",
        "From: Bob <bob@acme.test>\nSent: Tuesday, August 19, 2025 10:40 AM\nTo: Ada\nSubject: Order 1042",
        "From: Bob\nDate: Tuesday, August 19, 2025 at 10:40\nTo: Ada <ada@example.org>\nSubject: Order 1042",
        "*From:* Bob <bob@acme.test>\n*Sent:* Tuesday\n*To:* Ada\n*Subject:* Order 1042",
        "________________________________\nVon: Bob <bob@acme.test>\nGesendet: Dienstag\nAn: Ada\nBetreff: AW: x",
        "-----Ursprüngliche Nachricht-----\nVon: Bob\nGesendet: Dienstag\nAn: Ada\nBetreff: x",
        "Gesendet: Dienstag, 19. August 2025 um 10:40 Uhr\nVon: Bob <bob@acme.test>\nAn: Ada\nBetreff: x",
        "De : Bob <bob@acme.test>\nEnvoyé : mardi 19 août 2025 10:40\nÀ : Ada\nObjet : RE: x",
        "De: Bob <bob@acme.test>\nEnviado: martes, 19 de agosto de 2025\nPara: Ada\nAsunto: RE: x",
        "De: Bob\nEnviado: terça-feira\nPara: Ada\nAssunto: RE: x",
        "Da: Bob <bob@acme.test>\nInviato: martedì 19 agosto 2025 10:40\nA: Ada\nOggetto: R: x",
        "Van: Bob <bob@acme.test>\nVerzonden: dinsdag 19 augustus 2025\nAan: Ada\nOnderwerp: RE: x",
        "Fra: Bob <bob@acme.test>\nSendt: 19. august 2025\nTil: Ada\nEmne: SV: x",
        "Från: Bob <bob@acme.test>\nSkickat: den 19 augusti 2025\nTill: Ada\nÄmne: SV: x",
        "Lähettäjä: Bob <bob@acme.test>\nLähetetty: tiistai\nVastaanottaja: Ada\nAihe: VS: x",
        "Od: Bob <bob@acme.test>\nWysłano: wtorek\nDo: Ada\nTemat: RE: x",
        "От: Bob <bob@acme.test>\nОтправлено: вторник\nКому: Ada\nТема: RE: x",
        "Kimden: Bob <bob@acme.test>\nGönderildi: Salı\nKime: Ada\nKonu: Ynt: x",
        "发件人: Bob <bob@acme.test>\n发送时间: 2025年8月19日\n收件人: Ada\n主题: 回复: x",
        "差出人: Bob <bob@acme.test>\n送信日時: 2025年8月19日\n宛先: Ada\n件名: RE: x",
        "On Tue, Aug 19, 2025 at 10:40 AM Bob <bob@acme.test> wrote:",
        '19.08.2025, 10:40, "Bob" <bob@acme.test>:',
        "---- On Tue, 19 Aug 2025 10:40:00 +0200 bob@acme.test wrote ----",
        "##- Please type your reply above this line -##",
        "Bitte oberhalb dieser Linie antworten",
        "-------- Original message --------\nFrom: Bob <bob@acme.test>\nDate: 19/08/2025 10:40 (GMT+01:00)\nTo: Ada",
        "------- Original Message -------\nOn Tuesday, August 19th, 2025 at 10:40, Bob <bob@acme.test> wrote:",
        "---------- Původní e-mail ----------\nOd: Bob <bob@acme.test>\nKomu: ada\nDatum: 19. 8. 2025\nPředmět: x",
        "Понедельник, 19 августа 2025, 10:40 +03:00 от Bob <bob@acme.test>:",
        "Bob <bob@acme.test> ezt írta (időpont: 2025. aug. 19., K, 10:40):",
        "ในวันที่ อ. 19 ส.ค. 2025 เวลา 10:40 Bob <bob@acme.test> เขียนว่า:",
        "בתאריך יום ג׳, 19 באוג׳ 2025 ב-10:40 מאת Bob <bob@acme.test>:",
        "From:\tBob/ACME\nTo:\tAda\nDate:\t19.08.2025 10:40\nSubject:\tx",
    ],
)  # fmt: skip
def test_what_stands_below_a_border_goes(border: str) -> None:
    """R40: mail programs that do not indent what they quote draw a border in words."""
    assert reply(f"{ANSWER}\n\n{border}\n\nWe have sent it today.\nRegards, Bob\n") == ANSWER


@pytest.mark.parametrize(
    "footer",
    [
        "Sent from my iPhone",
        "Sent from my Samsung Galaxy smartphone.",
        "Sent from Yahoo Mail for iPhone",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Sent from Outlook for Android <https://aka.ms/x>",
        "Von meinem iPhone gesendet",
        "Gesendet mit der WEB.DE Mail App",
        "Gesendet von Outlook für Android",
        "Diese Nachricht wurde von meinem Android Mobiltelefon mit GMX Mail gesendet.",
        "Envoyé de mon iPhone",
        "Envoyé depuis mon téléphone Samsung",
        "Enviado desde mi iPhone",
        "Enviado do meu iPhone",
        "Inviato da iPhone",
        "Verstuurd vanaf mijn iPhone",
        "Sendt fra min iPhone",
        "Skickat från min iPhone",
        "Lähetetty iPhonesta",
        "Wysłane z iPhone'a",
        "Отправлено с iPhone",
        "iPhone'umdan gönderildi",
        "iPhoneから送信",
        "发自我的iPhone",
        "나의 iPhone에서 보냄",
        "--\nSent from my iPhone",
        "Confidentiality notice: this e-mail is confidential and intended only for the addressee.",
        "If you have received this message in error, please delete it.\n\nAcme Inc, 1 Main Street",
        "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind, löschen Sie sie.",
        "Ce message et ses pièces jointes sont confidentiels et établis à l'attention de ses destinataires.",
        "_______________________________________________\nUsers mailing list\nhttps://lists.x.test/users",
        '--\nYou received this message because you are subscribed to the Google Groups "x" group.',
    ],
)  # fmt: skip
def test_footers_that_nobody_wrote_go(footer: str) -> None:
    assert reply(f"{ANSWER}\n\n{footer}\n") == ANSWER
    assert (
        reply(f"{ANSWER}\n\n{footer}\n\nOn 19 Aug 2025, at 10:40, Bob <bob@acme.test> wrote:\n\n{OLD}")
        == ANSWER
    )


@pytest.mark.parametrize(
    "body",
    [
        "Please help.\n\nBest regards\nAda Berg\nAcme Inc.",
        "Please help.\n\n--\nAda Berg\n+49 30 123456",
        "The notice was sent from my phone to all users.\n\nIt said: sent from my iPad.",
        "Sent from my desk, which is much easier than from my phone.",
        "On Monday I wrote:\n\nPlease cancel the order.\n\nNothing has happened.",
        "From: the beginning\nit did not work.",
        "To: nobody\nSubject to change, the price is wrong.",
        "Prices:\n> 100 EUR is too much\nand < 50 is fine.",
        "Three things:\n----\n1. slow\n2. loud\n----\nThat is all.",
        "Is this confidential? I do not want others to read it.",
        "From 10:00 to 12:00 nobody answered:\nwhy?",
        "I would like to know, with regards to my order:\nwhere is it?",
        "> only quoted",
    ],
    ids=[
        "sign-off and name",
        "signature",
        "a phone in a sentence",
        "a sentence that begins like a footer",
        "a day, without a time",
        "one label",
        "two labels, no sender",
        "a greater-than sign",
        "rules",
        "a word of lawyers",
        "from and to",
        "a colon at the end",
        "nothing else",
    ],
)
def test_what_the_customer_wrote_stays(body: str) -> None:
    """R35: what only looks like history is kept whole."""
    assert reply(body) == body


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "On 3 May 2025 we met.\n\nBob <bob@acme.test> wrote:\n> Which size?",
            "On 3 May 2025 we met.",
        ),
        (
            "On 19 Aug 2025, at 10:40, Bob <bob@acme.test> wrote:\n\n> Which size?\n\nLarge.\n",
            "Large.",
        ),
        (
            "Hi Bob,\n\nOn 19 Aug 2025, at 10:40, Bob <bob@acme.test> wrote:\n> Which size?\n> Please tell.\n\nLarge.",
            "Hi Bob,\n\nLarge.",
        ),
        (
            "> Which size?\n\nLarge.\n\n> Which colour?\n\nRed.",
            "> Which size?\n\nLarge.\n\n> Which colour?\n\nRed.",
        ),
        (
            "Hi,\n\n> Which size?\n\nLarge.\n\n> Which colour?\n> Regards, Bob",
            "Hi,\n\n> Which size?\n\nLarge.",
        ),
        (
            "You say:\n> It was sent.\nIt was not.",
            "You say:\n> It was sent.\nIt was not.",
        ),
        (
            (f"{ANSWER}\n\nOn 19 Aug 2025 at 10:40, Bob wrote:\n> A line of Bob's mail that is long and was wrapped by a\n"
            "program\n> in the middle of it."),
            ANSWER,
        ),
        (
            f"{ANSWER}\n\nOn 19 Aug 2025 at 10:40, Bob wrote:\n> One\n>\n> On 18 Aug 2025 at 9:00, Ada wrote:\n>> Two",
            ANSWER,
        ),
    ],
    ids=[
        "a sentence above an attribution",
        "answer below one quotation",
        "answer around one quotation",
        "answers between quotations",
        "a last quotation without an answer",
        "a quotation that nobody introduced",
        "a wrapped quotation",
        "a quotation in a quotation",
    ],
)  # fmt: skip
def test_answers_among_quotations(body: str, expected: str) -> None:
    """R35: answers between quotations stay with what they answer."""
    assert reply(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        "On 19 Aug 2025 at 10:40, Bob <bob@acme.test> wrote:\n> Old text",
        "From: Bob <bob@acme.test>\nSent: Tuesday\nTo: Ada\nSubject: x\n\nOld text",
        "Sent from my iPhone",
        "> Old text",
        "-----Original Message-----\nFrom: Bob\nSent: Tuesday\n\nOld text",
        "##- Please type your reply above this line -##\nOld text",
        "This e-mail is confidential and intended only for the addressee.",
    ],
)
def test_a_reply_is_never_empty_where_the_mail_is_not(body: str) -> None:
    """P12, R35: where all looks like history, the mail is kept as it is."""
    assert reply(body).strip()


@given(
    st.lists(
        st.sampled_from([
            "On 1.1.2025 10:00 Bob <b@x.test> wrote:", "> old", ">> older", "", "text", "From: Bob <b@x.test>",
            "Sent: today", "To: Ada", "Subject: x", "---- Original Message ----", "-- ", "Sent from my iPhone",
            "Begin forwarded message:", ">:", "_____", "reply above this line", "confidentiality notice", "\u00a0",
        ]) | st.text(max_size=10),
        max_size=15,
    ).map("\n".join)
)  # fmt: skip
def test_stripping_any_text_leaves_some_and_is_stable(body: str) -> None:
    """P12, R35: never empty, never more than there was, and twice the same."""
    message = read(text(body)).message
    assert bool(message.reply_text.strip()) == bool(message.text.strip())
    assert read(text(body)).message == message


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("From: Bob", "from"),
        ("  *Von:* Bob", "from"),
        ("De : Bob", "from"),
        ("发件人：Bob", "from"),
        ("Date: x", "sent"),
        ("À : Ada", "to"),
        ("Objet : x", "subject"),
        ("Copie à : x", "cc"),
        ("Note: x", ""),
        ("from Bob", ""),
        ("https://x.test", ""),
    ],
)  # fmt: skip
def test_labels_are_known_in_their_languages(line: str, kind: str) -> None:
    assert label_of(line) == kind
