"""The tables of all reports: on pages, and as lines of text."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from classifier.reports.wording import cell


class Table(NamedTuple):
    """A table of a report: its headings, and one value for each of them in every row."""

    name: str
    title: str
    explanation: str
    headings: Sequence[str]
    rows: Sequence[Sequence[object]]


def row_lines(table: Table, n_shown: int, in_words: Callable[[object], str] = cell) -> list[str]:
    """Return the first rows as lines of text, and how many more there are."""
    lines = []
    for row in table.rows[:n_shown]:
        first, *others = map(in_words, row)
        named = [f"{heading}: {words}" for heading, words in zip(table.headings[1:], others, strict=True) if words]
        lines.append(f"  - {'; '.join([first, *named])}")
    n_more = len(table.rows) - n_shown
    return [*lines, f"  … and {n_more} more"] if n_more > 0 else lines
