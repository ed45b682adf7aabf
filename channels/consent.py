"""Opt-out and opt-in by a message of one word, as carriers demand it."""

from __future__ import annotations

import unicodedata
from typing import Literal

Consent = Literal["", "stop", "start"]

# https://help.twilio.com/articles/223134027 (English and French; STOPALL and REVOKE are asked of senders in
# the United States). YES is not taken for a consent: it is what people answer to questions.
STOP = frozenset(("stop", "stopall", "unsubscribe", "end", "quit", "cancel", "revoke", "optout", "arret"))
START = frozenset(("start", "unstop"))
LONGEST = 32
"""Characters: a longer text is no single word, whatever stands around it."""


def consent(text: str) -> Consent:
    """What the whole text asks for: `stop`, `start` or nothing. A word in a sentence asks for nothing."""
    word = _word(text) if len(text) <= LONGEST else ""
    if word in STOP:
        return "stop"
    return "start" if word in START else ""


def _word(text: str) -> str:
    """Case, accents, and whatever is no letter around the text do not count."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()
    letters = [i for i, c in enumerate(plain) if c.isalnum()]
    return plain[letters[0] : letters[-1] + 1] if letters else ""
