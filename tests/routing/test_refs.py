"""References never collide, and are found in subjects."""

from __future__ import annotations

import re

import pytest

from routing.refs import ref, subject_refs
from tests.routing.world import ACME, GLOBEX


def test_in_sequence() -> None:
    assert [ref(n, "sequence", ACME.id) for n in (1, 42, 9999, 10000)] == [
        "TKT-0001",
        "TKT-0042",
        "TKT-9999",
        "TKT-10000",
    ]


def test_random_ones_never_collide_with_each_other_or_with_a_sequence() -> None:
    made = [ref(n, "random", ACME.id) for n in range(1, 50_001)]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"TKT-[A-HJKMNP-TV-Z][2-9A-HJKMNP-TV-Z]{4}", one) for one in made)


def test_all_numbers_of_a_length_are_used_before_the_next_length() -> None:
    last = 21 * 29**4
    around = [ref(last + n, "random", ACME.id) for n in range(-500, 500)]
    assert {len(one) for one in around} <= {9, 10}
    assert len(set(around)) == len(around)


def test_they_do_not_look_like_a_counter_and_differ_by_tenant() -> None:
    made = [ref(n, "random", ACME.id) for n in range(1, 101)]
    assert made != sorted(made)
    assert len({one[:7] for one in made}) > 50
    assert made != [ref(n, "random", GLOBEX.id) for n in range(1, 101)]


def test_nothing_comes_before_the_first() -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        ref(0, "sequence", ACME.id)


SUBJECTS = {
    "in brackets": ("Re: [TKT-0042] Invoice", ("TKT-0042",)),
    "in small letters": ("re: [tkt-a3b9c] x", ("TKT-A3B9C",)),
    "with a hash": ("[#TKT-0042]", ("TKT-0042",)),
    "twice the same": ("[TKT-0042] [TKT-0042]", ("TKT-0042",)),
    "without brackets it is only talk": ("about TKT-0042", ()),
    "another system's": ("[JIRA-0042]", ()),
}


@pytest.mark.parametrize(("subject", "expected"), SUBJECTS.values(), ids=SUBJECTS)
def test_in_a_subject(subject: str, expected: tuple[str, ...]) -> None:
    assert subject_refs(subject) == expected
