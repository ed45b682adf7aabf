"""Tables: whole for programs and files, folded to the width of a terminal for people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

LEAST = 8
"""Characters that a column keeps in a narrow terminal; ids keep all of theirs."""
_ID = re.compile(r"acc_[a-z2-7]{25}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Z]{1,10}-[0-9A-Z]{4,}")
"""An account, a UUID, a ticket: what is copied into the next command."""


def plain(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """One line for each row, as wide as it is: nothing is cut or folded."""
    lines = [list(titles), *([_one_line(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = (zip(line, widths, strict=True) for line in lines)
    return "".join("  ".join(cell.ljust(width) for cell, width in row).rstrip() + "\n" for row in padded)


def folded(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print for a terminal. Long cells are folded; ids are not, were the terminal ever so narrow."""
    from rich.console import Console

    console = Console(highlight=False)
    table, least = _table(titles, rows)
    if least > console.width:  # the terminal folds the lines itself, and copies them whole
        console = Console(highlight=False, width=least)
    console.print(table, crop=False)


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[Table, int]:
    """The table, and the least width that it needs."""
    from rich.markup import escape
    from rich.table import Column, Table

    least = [_least(column) for column in zip(titles, *rows, strict=True)]
    columns = (
        Column(title, min_width=width, overflow="fold") for title, width in zip(titles, least, strict=True)
    )
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*map(escape, row))  # brackets are the user's own, never markup
    return table, sum(least) + 2 * len(least)


def _least(column: Sequence[str]) -> int:
    longest = max(map(len, column))
    ids = max((len(cell) for cell in column if _ID.fullmatch(cell)), default=0)
    return max(ids, min(longest, LEAST))


def _one_line(cell: str) -> str:
    return " / ".join(part.strip() for part in cell.splitlines())
