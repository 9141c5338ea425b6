"""What the texts and the pages of all reports are made of: figures in words, tables, and plots, drawn by `plots.html`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from classifier.reports.layout import MAX_QUOTED, plain

NOTHING = "–"


def cell(value: object) -> str:
    """Return a value as words on one line."""
    return plain(str(value), 2 * MAX_QUOTED)


def counted(n: int, noun: str) -> str:
    """Return a number with its noun: 1 tag, 2 tags."""
    return f"{n} {noun if n == 1 else noun + 's'}"


def percent(share: float | None, interval: tuple[float, float] | None) -> str:
    """Return a share with its interval; a dash if there is nothing to count."""
    if share is None or interval is None:
        return NOTHING
    low, high = interval
    return f"{share:.0%} ({low * 100:.0f} to {high:.0%})"


@dataclass(frozen=True)
class DatedArticle:
    """An article that a row names."""

    article: str
    title: str
    date: str


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


class Point(NamedTuple):
    """A point of a plot: all but its title are shares of the width or the height, from 0 to 1."""

    x: float
    y: float
    title: str
    low: float | None = None
    high: float | None = None


class Bar(NamedTuple):
    """A bar of a plot, or a week's scores: `height` is a share of the plot, `position` counts from the left.

    A pale bar counts too few to say much.
    """

    position: int
    height: float
    title: str
    pale: bool = False


class Tick(NamedTuple):
    """A label below a plot, at a share of its width."""

    x: float
    label: str


def tick_step(n: int, n_ticks: int) -> int:
    """Return the step from one labelled item to the next, so that about `n_ticks` of n are labelled."""
    return -(-n // n_ticks) or 1
