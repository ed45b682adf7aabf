from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qs, urlencode

import msgspec
import pytest

from channels.contract import Account, Delivery
from channels.errors import Malformed, NotVerified
from channels.message import Attachment, InboundMessage, Party, Recipient
from channels.sms.twilio import TwilioMessaging
from channels.twilio_request import FORM, JSON
from tests.channels.contract import NOW, Sample, UrlContract, with_header

URL = "https://hooks.example.org/webhooks/twilio/acc_1"
CHANNEL = TwilioMessaging()
ACCOUNT = Account(id="acc_1", provider="twilio", tenant="acme")
SID = "SM0123456789abcdef0123456789abcdef"
SMS = {
    "MessageSid": SID,
    "SmsSid": SID,
    "AccountSid": "AC0123456789abcdef0123456789abcdef",
    "From": "+15005550100",
    "To": "+15005550199",
    "Body": "Where is my order #1042? é",
    "NumMedia": "0",
    "SmsStatus": "received",
}
WHATSAPP = SMS | {
    "From": "whatsapp:+15005550100",
    "To": "whatsapp:+15005550199",
    "WaId": "15005550100",
    "ProfileName": "Ada  Berg",
}


def signature(token: str, url: str, pairs: dict[str, list[str]], digest: str = "sha1") -> str:
    """Twilio's rule, written out: the URL, then each name, sorted, with its distinct values, sorted."""
    text = url + "".join(name + value for name in sorted(pairs) for value in sorted(set(pairs[name])))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), digest).digest()).decode()


def form(fields: dict[str, str] | Sequence[tuple[str, str]], url: str = URL) -> Delivery:
    body = urlencode(fields).encode()
    return Delivery(method="POST", url=url, headers=(("content-type", FORM),), body=body)


def get(fields: dict[str, str]) -> Delivery:
    return Delivery(method="GET", url=f"{URL}?{urlencode(fields)}")


def in_json(body: bytes) -> Delivery:
    url = f"{URL}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    return Delivery(
        method="POST", url=url, headers=(("content-type", "application/json; charset=utf-8"),), body=body
    )


def parse(fields: dict[str, str], **settings: str) -> InboundMessage:
    [message] = CHANNEL.parse(form(fields), msgspec.structs.replace(ACCOUNT, settings=settings))
    return message


class TestTwilio(UrlContract):
    channel = CHANNEL
    secrets = ("0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210")
    proof = ("x-twilio-signature",)

    def sign(self, delivery: Delivery, secret: str, at: datetime) -> Delivery:
        is_form = delivery.header("content-type") == FORM
        text = delivery.body.decode("utf-8", "replace") if is_form else ""
        mac = signature(secret, delivery.url, parse_qs(text, keep_blank_values=True))
        return with_header(delivery, "x-twilio-signature", mac)

    def said(self, text: str) -> Delivery:
        pairs = SMS | {
            "Body": text,
            "ProfileName": text,
            "City": text,
            "MediaContentType0": text,
            "MediaUrl0": text,
        }
        body = urlencode({name: value.encode("utf-8", "surrogatepass") for name, value in pairs.items()})
        return Delivery(method="POST", url=URL, headers=(("content-type", FORM),), body=body.encode())

    def carrying(self, body: bytes) -> Delivery:
        return Delivery(method="POST", url=URL, headers=(("content-type", FORM),), body=body)

    def samples(self) -> Sequence[Sample]:
        unsaid = {name: value for name, value in SMS.items() if name in {"From", "To", "Body"}}
        return [
            Sample(label="SMS", delivery=form(SMS), ids=(SID,)),
            Sample(label="WhatsApp", delivery=form(WHATSAPP), ids=(SID,)),
            Sample(label="SMS by GET", delivery=get(SMS), ids=(SID,)),
            Sample(label="SMS as JSON", delivery=in_json(msgspec.json.encode(SMS)), ids=(SID,)),
            Sample(label="only SmsSid", delivery=form(unsaid | {"SmsSid": SID}), ids=(SID,)),
            Sample(label="only SmsMessageSid", delivery=form(unsaid | {"SmsMessageSid": SID}), ids=(SID,)),
            Sample(label="still being received", delivery=form(SMS | {"SmsStatus": "receiving"}), ids=(SID,)),
        ]

    def unknown(self) -> Sequence[Sample]:
        sent = ("queued", "sending", "sent", "delivered", "undelivered", "failed", "read", "a new one")
        statuses = [
            Sample(label=f"status {s}", delivery=form(SMS | {"MessageStatus": s, "SmsStatus": s}), ids=())
            for s in sent
        ]
        return [
            *statuses,
            Sample(label="status without MessageStatus", delivery=form(SMS | {"SmsStatus": "sent"}), ids=()),
            Sample(label="HELP that Twilio answers", delivery=form(SMS | {"OptOutType": "HELP"}), ids=()),
            Sample(label="a call", delivery=form({"CallSid": "CA1", "From": "+15005550100"}), ids=()),
            Sample(label="nothing", delivery=form({}), ids=()),
        ]

    def test_json_garbage_is_read_or_refused(self) -> None:
        """P5: the same for the other type of body that Twilio may send."""
        for body in (
            b"",
            b"[]",
            b"[" * 20_000,
            b'{"a": {}}',
            b'{"From": "\\ud800", "MessageSid": "x"}',
            b"\xff",
        ):
            signed = self.sign(in_json(body), self.secrets[0], NOW)
            CHANNEL.verify(signed, self.secrets, NOW)
            with pytest.raises(Malformed):
                CHANNEL.parse(signed, ACCOUNT)

    def test_a_changed_json_body_is_refused(self) -> None:
        signed = self.sign(in_json(msgspec.json.encode(SMS)), self.secrets[0], NOW)
        self.refused(msgspec.structs.replace(signed, body=signed.body.replace(b"1042", b"1043")))

    def test_a_body_that_nothing_covers_is_refused(self) -> None:
        """A form that is called JSON is signed over the URL alone: its content would be anybody's."""
        bare = Delivery(
            method="POST", url=URL, headers=(("content-type", JSON),), body=msgspec.json.encode(SMS)
        )
        self.refused(self.sign(bare, self.secrets[0], NOW))

    def test_the_body_of_a_get_is_not_read(self) -> None:
        signed = self.sign(get(SMS), self.secrets[0], NOW)
        forged = msgspec.structs.replace(signed, body=urlencode(SMS | {"Body": "forged"}).encode())
        [message] = CHANNEL.parse(forged, ACCOUNT)
        assert message.text == SMS["Body"]
        assert CHANNEL.raw(forged).decode() == urlencode(SMS)

    @pytest.mark.parametrize("digest", ["SHA256", "sha256"])
    def test_a_shared_key_signs_with_sha256(self, digest: str) -> None:
        settings = f"key=webhooks_sharedkey_1,algorithm=HMAC_{digest}"
        mac = signature(self.secrets[0], URL, {name: [value] for name, value in SMS.items()}, "sha256")
        headers = (("x-twilio-signature", mac), ("x-twilio-webhooks-signature-settings", settings))
        delivery = form(SMS)
        signed = msgspec.structs.replace(delivery, headers=(*delivery.headers, *headers))
        assert CHANNEL.verify(signed, self.secrets, NOW).secret == 0
        self.refused(with_header(signed, "x-twilio-webhooks-signature-settings", None))

    def test_an_unknown_algorithm_never_verifies(self) -> None:
        """R36: what we cannot check is not let in."""
        self.refused(
            with_header(self.genuine(), "x-twilio-webhooks-signature-settings", "algorithm=HMAC_MD5")
        )


# Vectors of Twilio's own library: token 12345, and these fields unless the row says otherwise.
VECTOR_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
CALL = {
    "CallSid": ["CA1234567890ABCDE"],
    "Digits": ["1234"],
    "From": ["+14158675309"],
    "To": ["+18005551212"],
    "Caller": ["+14158675309"],
}
REPEATED = {"Sid": ["CA123"], "SidAccount": ["AC123"], "Digits": ["5678", "1234", "1234"]}


def with_host(host: str, scheme: str = "https") -> str:
    return f"{scheme}://{host}/myapp.php?foo=1&bar=2"


@pytest.mark.parametrize(
    ("token", "url", "fields", "expected"),
    [
        ("12345", VECTOR_URL, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("12345", VECTOR_URL, CALL, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("12345", with_host("mycompany.com:443"), CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("12345", with_host("mycompany.com:443"), CALL, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("12345", with_host("mycompany.com", "http"), CALL, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        ("12345", with_host("mycompany.com:1234", "http"), CALL, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        ("12345", VECTOR_URL, REPEATED, "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
        (
            "tw-auth-token-0001",
            "https://hooks.example.com/in/twilio/t1",
            {
                "MessageSid": [SID],
                "AccountSid": ["AC0123456789abcdef0123456789abcdef"],
                "From": ["+15005550100"],
                "To": ["+15005550199"],
                "Body": ["Where is my order #1042? é"],
                "NumMedia": ["0"],
            },
            "Nhf7p6qinkeXHenj5ig7ahDbgVk=",
        ),
    ],
    ids=[
        "as given", "signed with its port", "given with its port", "both with the port",
        "http signed with port 80", "another port", "repeated fields", "an SMS",
    ],
)  # fmt: skip
def test_the_vendors_vectors_pass(token: str, url: str, fields: dict[str, list[str]], expected: str) -> None:
    body = urlencode(fields, doseq=True).encode()
    headers = (("content-type", FORM), ("x-twilio-signature", expected))
    delivery = Delivery(method="POST", url=url, headers=headers, body=body)
    assert CHANNEL.verify(delivery, [token], NOW).secret == 0
    with pytest.raises(NotVerified):
        CHANNEL.verify(msgspec.structs.replace(delivery, url=url.replace("http", "ftp")), [token], NOW)


def test_the_vendors_vector_of_a_json_body_passes() -> None:
    url = f"{VECTOR_URL}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
    headers = (("content-type", JSON), ("x-twilio-signature", "a9nBmqA0ju/hNViExpshrM61xv4="))
    body = b'{"property": "value", "boolean": true}'
    delivery = Delivery(method="POST", url=url, headers=headers, body=body)
    assert CHANNEL.verify(delivery, ["12345"], NOW).secret == 0
    with pytest.raises(NotVerified):
        CHANNEL.verify(msgspec.structs.replace(delivery, body=body + b" "), ["12345"], NOW)


def test_fields_that_nobody_knows_are_signed_too() -> None:
    """Twilio adds fields without notice: all that came are covered, empty ones as well."""
    contract = TestTwilio()
    signed = contract.sign(form(SMS | {"Zebra": "1", "Empty": ""}), contract.secrets[0], NOW)
    assert CHANNEL.verify(signed, contract.secrets, NOW).secret == 0
    assert b"&Empty=" in signed.body
    contract.refused(
        msgspec.structs.replace(signed, body=signed.body.replace(b"&Empty=", b"")), contract.secrets
    )


def test_an_sms_becomes_a_message() -> None:
    message = parse(SMS)
    assert message == InboundMessage(
        channel="sms",
        provider="twilio",
        provider_message_id=SID,
        conversation="sms:+15005550199|+15005550100",
        sender=Party(address="+15005550100"),
        recipients=(Recipient(address="+15005550199"),),
        text="Where is my order #1042? é",
        reply_text="Where is my order #1042? é",
        extra={"AccountSid": "AC0123456789abcdef0123456789abcdef"},
    )


def test_a_whatsapp_message_becomes_a_message() -> None:
    message = parse(WHATSAPP)
    assert message.channel == "whatsapp"
    assert message.sender == Party(name="Ada Berg", address="+15005550100")
    assert message.conversation == "whatsapp:+15005550199|+15005550100"
    assert message.extra["From"] == "whatsapp:+15005550100"


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("+15005550100", "+15005550100"),
        ("whatsapp:+15005550100", "+15005550100"),
        ("whatsapp:+5215512345678", "+525512345678"),
        ("whatsapp:+551187654321", "+5511987654321"),
        ("12345", "12345"),
        ("ACME Shop", "ACME Shop"),
        ("whatsapp:US.1234", "whatsapp:US.1234"),
        ("messenger:998877", "messenger:998877"),
    ],
    ids=["SMS", "WhatsApp", "Mexico", "Brazil", "short code", "name", "WhatsApp user id", "Messenger"],
)
def test_who_wrote(value: str, address: str) -> None:
    """R3: one person in one spelling; what is no number stays what it is."""
    message = parse(SMS | {"From": value})
    assert message.sender.address == address
    assert message.extra.get("From", address) == (value if value != address else address)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"Body": "Another line", "MessageSid": "SM2", "SmsSid": "SM2"}, True),
        ({"From": "+15005550101"}, False),
        ({"To": "+15005550198"}, False),
        ({"From": "whatsapp:+15005550100", "To": "whatsapp:+15005550199"}, False),
    ],
    ids=["another message", "another sender", "another number of ours", "another channel"],
)
def test_the_conversation_is_sender_and_number(changes: dict[str, str], same: bool) -> None:
    assert (parse(SMS | changes).conversation == parse(SMS).conversation) is same


def test_a_messaging_service_is_one_conversation_over_all_its_numbers() -> None:
    """R17, R27: a sender pool answers from changing numbers."""
    one = parse(SMS | {"MessagingServiceSid": "MG1"})
    other = parse(SMS | {"MessagingServiceSid": "MG1", "To": "+15005550177"})
    assert one.conversation == other.conversation == "sms:MG1|+15005550100"


def test_the_account_names_the_number_where_the_delivery_does_not() -> None:
    unnamed = {name: value for name, value in SMS.items() if name != "To"}
    assert parse(unnamed, number="+1 500 555 0199").recipients == (Recipient(address="+15005550199"),)
    assert parse(unnamed).recipients == ()


def test_without_a_sender_it_is_malformed() -> None:
    with pytest.raises(Malformed):
        parse(SMS | {"From": " "})


def test_a_field_with_two_values_is_malformed() -> None:
    """They are signed as a set: nothing says which of the two was meant."""
    doubled = form([*SMS.items(), ("From", "+15005550111")])
    with pytest.raises(Malformed):
        CHANNEL.parse(doubled, ACCOUNT)


def test_media_stay_with_twilio_until_a_worker_gets_them() -> None:
    """R15: every one of them."""
    host = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media"
    kinds = ("image/jpeg", "audio/ogg; codecs=opus", "application/x-unheard-of")
    media = {f"MediaUrl{n}": f"{host}/ME{n}" for n in range(3)}
    media |= {f"MediaContentType{n}": kind for n, kind in enumerate(kinds)}
    message = parse(SMS | media | {"NumMedia": "3"})
    assert message.attachments == (
        Attachment(filename="media-1.jpg", content_type="image/jpeg", state="remote", url=f"{host}/ME0"),
        Attachment(
            filename="media-2.ogg", content_type="audio/ogg; codecs=opus", state="remote", url=f"{host}/ME1"
        ),
        Attachment(
            filename="media-3", content_type="application/x-unheard-of", state="remote", url=f"{host}/ME2"
        ),
    )
    assert message.notes == ()


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "file:///etc/passwd", "", "javascript:alert(1)"])
def test_a_media_url_that_is_not_https_is_not_fetched(url: str) -> None:
    [file] = parse(SMS | {"MediaUrl0": url, "NumMedia": "1"}).attachments
    assert file.state == "unavailable"


def test_missing_media_are_noted() -> None:
    """R21: what did not come is said."""
    assert parse(SMS | {"NumMedia": "2"}).notes == ("Twilio announced 2 files; 0 came with the message.",)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"Body": "Yes", "ButtonText": "Yes, cancel it", "ButtonPayload": "c1"}, "Yes, cancel it"),
        (
            {"Body": "", "Latitude": "52.5", "Longitude": "13.4", "Label": "Shop", "Address": "Main St 1"},
            "Shop\nMain St 1\n52.5, 13.4",
        ),
        ({"Body": "Here", "Latitude": "52.5", "Longitude": "13.4"}, "Here\n52.5, 13.4"),
        ({"Body": "Here", "Latitude": "52.5"}, "Here"),
    ],
    ids=["a button", "a named place", "a place with words", "half a place"],
)
def test_what_was_said(changes: dict[str, str], text: str) -> None:
    assert parse(WHATSAPP | changes).text == text


def test_what_a_button_hides_is_kept() -> None:
    """P12: the original stands beside what was made of it."""
    extra = parse(WHATSAPP | {"Body": "Yes", "ButtonText": "Yes, cancel it", "ButtonPayload": "c1"}).extra
    assert (extra["Body"], extra["ButtonPayload"]) == ("Yes", "c1")


def test_a_message_without_anything_is_still_a_message() -> None:
    message = parse(WHATSAPP | {"Body": ""})
    assert message.text == ""
    assert message.notes == ("The message came without text and without files.",)


LONG = "Guten Tag, meine Bestellung ist immer noch nicht da. Können Sie bitte nachsehen? Danke, Ada"


def test_a_body_in_base64_is_read() -> None:
    coded = base64.b64encode(LONG.encode()).decode()
    message = parse(SMS | {"Body": coded, "NumSegments": "2"})
    assert message.text == LONG
    assert message.extra["Body"] == coded


@pytest.mark.parametrize(
    "body",
    [
        LONG,
        "Stop",
        base64.b64encode(b"short text").decode(),
        base64.b64encode(bytes(range(128, 228))).decode(),
        base64.b64encode(b"\x00\x01 binary but ascii " * 5).decode(),
        base64.b64encode(b"oneverylongword" * 8).decode(),
        base64.b64encode(LONG.encode()).decode() + " ok?",
        base64.b64encode(LONG.encode()).decode()[:-3],
        "a" * 80,
    ],
    ids=["text", "word", "short", "binary", "controls", "no words", "with words behind", "cut", "one letter"],
)
def test_a_body_that_may_be_meant_so_stays(body: str) -> None:
    assert parse(SMS | {"Body": body}).text == body


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Body": "STOP"}, "stop"),
        ({"Body": " start. "}, "start"),
        ({"Body": "Stop the order please"}, ""),
        ({"Body": "HELP"}, ""),
        ({"Body": "Genug!", "OptOutType": "STOP"}, "stop"),
        ({"Body": "Los!", "OptOutType": "START"}, "start"),
        ({"Body": "STOP", "OptOutType": "something new"}, "stop"),
    ],
    ids=["stop", "start", "a sentence", "help", "Twilio says stop", "Twilio says start", "Twilio says else"],
)
def test_consent(changes: dict[str, str], expected: str) -> None:
    assert parse(SMS | changes).consent == expected


def test_what_has_no_place_is_kept_within_bounds() -> None:
    many = {f"Field{n}": "x" * 10_000 for n in range(500)}
    extra = parse(WHATSAPP | many).extra
    assert len(extra) == 100
    assert extra["From"] == WHATSAPP["From"]
    assert max(map(len, extra.values())) == 4_000


def test_the_answer_sends_nothing_to_the_customer() -> None:
    answer = CHANNEL.answer(["id"])
    assert (answer.status, answer.content_type, answer.body) == (200, "text/xml", b"<Response/>")
