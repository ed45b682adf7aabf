"""One spelling for one phone number (R3)."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

# Mobile numbers whose old international spelling is still in use, most of all in WhatsApp ids. Mexico took
# the 1 after the country code away in 2019; Brazil put a 9 in front of all mobile numbers until 2016. In
# both, the old form is no number of its own, so the two can never be two people.
RENUMBERED = (
    (re.compile(r"\+521(\d{10})"), r"+52\1"),
    (re.compile(r"\+55(\d\d)([6-9]\d{7})"), r"+55\g<1>9\2"),
)


@lru_cache(maxsize=4096)
def e164(text: str, region: str | None = None) -> str:
    """The number as E.164 (`+15005550100`), or empty where the text is no full phone number.

    `region` is the two-letter country that a number without `+` is read in; without it such a number is none.
    Remembered for the last numbers seen: reading one takes longer than the rest of an SMS.
    """
    try:
        number = phonenumbers.parse(text[:64], region)
    except NumberParseException:
        return ""
    found = _renumbered(phonenumbers.format_number(number, PhoneNumberFormat.E164))
    return found if phonenumbers.is_possible_number(phonenumbers.parse(found)) else ""


def _renumbered(number: str) -> str:
    for old, new in RENUMBERED:
        if old.fullmatch(number):
            return old.sub(new, number)
    return number
