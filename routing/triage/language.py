"""Which language a message is written in, told as cheaply as its words allow.

Function words decide nearly every message in a few microseconds. Only where they leave a doubt is the
statistical detector asked, which costs tens of microseconds and is built on first use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from lingua import Language, LanguageDetector, LanguageDetectorBuilder

from routing.triage.defaults import languages
from routing.triage.fold import fold

_LOOK_AT = 300
"""Characters that are looked at: more cost time and tell no more."""
_TELLING = 0.5
"""Weight of function words below which they tell nothing; a word of one language alone weighs 1."""
_MARGIN = 1.4
_ENOUGH = 24
"""The detector guesses on shorter texts."""
_DETECTED = (
    Language.DUTCH, Language.ENGLISH, Language.FRENCH, Language.GERMAN,
    Language.ITALIAN, Language.PORTUGUESE, Language.SPANISH,
)  # fmt: skip


def tell_language(folded: str, preferred: Sequence[str] = ()) -> str:
    """Return the ISO 639-1 code of folded text, or an empty string where it cannot be told.

    `preferred` are the tenant's languages: one of them wins where it comes close.
    """
    return _by_function_words(folded[:_LOOK_AT], preferred) or _by_statistics(folded[:_LOOK_AT])


def _by_function_words(text: str, preferred: Sequence[str]) -> str:
    table = _function_words()
    scores: dict[str, float] = {}
    for word in text.split():
        for language, weight in table.get(word.strip(".,!?;:()\"'"), ()):
            scores[language] = scores.get(language, 0.0) + weight
    best = max(scores.values(), default=0.0)
    if best < _TELLING:
        return ""
    close = [language for language, score in scores.items() if score * _MARGIN > best]
    wanted = [language for language in close if language in preferred]
    return next((one[0] for one in (close, wanted) if len(one) == 1), "")


@cache
def _function_words() -> Mapping[str, tuple[tuple[str, float], ...]]:
    """Each word with the languages that it speaks for. A word of several speaks less for each."""
    holders: dict[str, list[str]] = {}
    for data in languages().values():
        for word in data.function_words:
            holders.setdefault(fold(word), []).append(data.language)
    return {word: tuple((code, 1.0 / len(codes)) for code in codes) for word, codes in holders.items()}


def _by_statistics(text: str) -> str:
    if sum(map(str.isalpha, text)) < _ENOUGH:
        return ""
    found = _detector().detect_language_of(text)
    return found.iso_code_639_1.name.lower() if found else ""


@cache
def _detector() -> LanguageDetector:
    builder = LanguageDetectorBuilder.from_languages(*_DETECTED).with_low_accuracy_mode()
    return builder.with_minimum_relative_distance(0.1).build()
