"""The message's own language picks the rules, the tenant's where it cannot be told."""

from __future__ import annotations

import msgspec
import pytest

from routing.triage import classify
from routing.triage.language import tell_language
from tests.routing.triage.say import message, tenant, triage

ROWS = [
    ("en", "where is my order?", ()),
    ("de", "wo ist meine bestellung?", ()),
    ("en", "not urgent", ("de",)),
    ("de", "hallo, bitte dringend zurückrufen", ("en",)),
    ("fr", "bonjour, ma commande n'est toujours pas arrivée et je voudrais être remboursée", ("en",)),
    ("es", "buenos días, mi pedido todavía no ha llegado y necesito una respuesta", ("en",)),
    ("it", "buongiorno, il mio ordine non è ancora arrivato, potete controllare per favore", ("en",)),
    ("nl", "goedemiddag, mijn bestelling is nog steeds niet aangekomen, kunt u dit nakijken", ("en",)),
    ("pt", "bom dia, a minha encomenda ainda não chegou, podem verificar por favor", ("en",)),
    ("fr", "livraison commande annulée remboursement immédiat réclamation", ("en",)),
    ("es", "la mesa la silla", ("es",)),
    ("fr", "la table la chaise", ("fr", "en")),
    ("", "12345 ???", ("de",)),
    ("", "", ()),
    ("", "xj-2201", ("de",)),
]


@pytest.mark.parametrize(("language", "text", "preferred"), ROWS, ids=[row[1] or "nothing" for row in ROWS])
def test_the_words_tell_the_language(language: str, text: str, preferred: tuple[str, ...]) -> None:
    assert tell_language(text, preferred) == language


@pytest.mark.parametrize(
    ("label", "text", "languages", "expected"),
    [
        ("the tenant's where it cannot be told", "XJ-2201", ("de", "en"), "de"),
        ("its own where the tenant has another", "Wo ist meine Bestellung?", ("en",), "de"),
        (
            "its own where we have no rules for it",
            "Bonjour, ma commande n'est toujours pas arrivée",
            ("en",),
            "fr",
        ),
        ("none where nobody knows", "XJ-2201", (), ""),
    ],
)
def test_which_language_a_verdict_names(
    label: str, text: str, languages: tuple[str, ...], expected: str
) -> None:
    own = msgspec.structs.replace(tenant(), languages=languages)
    assert classify(message(text), own).language == expected


def test_a_word_alone_is_looked_for_in_all_of_the_tenants_languages() -> None:
    assert triage("Totalausfall", languages=("en", "de")).priority == "urgent"
    assert triage("Totalausfall", languages=("en",)).priority == "normal"


def test_what_the_channel_says_decides_where_the_words_do_not() -> None:
    assert triage("Totalausfall", languages=("en",), language="de-AT").priority == "urgent"
