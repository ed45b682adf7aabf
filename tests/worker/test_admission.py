"""How much is taken on at a time."""

from __future__ import annotations

import pytest

from channels.contract import Account
from channels.errors import OverBudget, Unavailable
from worker.admission import Budgets, Memory


def account(**settings: str) -> Account:
    return Account(id="acc_one", provider="generic", settings=settings)


def test_memory_is_bounded_and_given_back() -> None:
    memory = Memory(limit=100)
    with memory.hold() as first, memory.hold() as second:
        first.take(60)
        second.take(40)
        with pytest.raises(Unavailable) as refused:
            first.take(1)
    with memory.hold() as third:
        third.take(100)

    assert refused.value.retry_after
    assert memory.held == 0


def test_what_is_larger_than_all_memory_goes_alone() -> None:
    """A limit that is set too low slows down; it never refuses a mail for ever."""
    memory = Memory(limit=100)
    with memory.hold() as only:
        only.take(500)

    assert memory.held == 0


@pytest.mark.parametrize(
    ("setting", "counts", "refused"),
    [
        ({}, [10_000], None),
        ({"max_per_minute": "many"}, [10_000], None),
        ({"max_per_minute": "0"}, [10_000], None),
        ({"max_per_minute": "3"}, [1, 1, 1], None),
        ({"max_per_minute": "3"}, [1, 1, 1, 1], 20),
        ({"max_per_minute": "3"}, [3, 1], 20),
        ({"max_per_minute": "3"}, [100], None),
        ({"max_per_minute": "3"}, [100, 1], 2000),
        ({"max_per_minute": "3"}, [3, 0], None),
    ],
    ids=[
        "no budget, no limit",
        "a budget that cannot be read is none",
        "a budget of nothing is none",
        "what fits passes",
        "one more has to wait for its turn",
        "a batch counts by its messages",
        "a batch over the whole budget passes when nothing was spent",
        "and is paid off",
        "nothing costs nothing",
    ],
)
def test_budget(setting: dict[str, str], counts: list[int], refused: int | None) -> None:
    """R39: an account sends no more than its budget; a refusal says when to come again."""
    now = [1000.0]
    budgets = Budgets(clock=lambda: now[0])
    for count in counts[:-1]:
        budgets.spend(account(**setting), count)
    if refused is None:
        budgets.spend(account(**setting), counts[-1])
        return

    with pytest.raises(OverBudget) as over:
        budgets.spend(account(**setting), counts[-1])
    assert over.value.retry_after is not None
    assert refused - 60 <= over.value.retry_after - 1 <= refused
    now[0] += over.value.retry_after
    budgets.spend(account(**setting), counts[-1])
