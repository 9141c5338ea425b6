"""Figures in words, for the texts and the pages of all reports."""

from collections.abc import Sequence

from classifier.reports.layout import MAX_QUOTED, plain

NOTHING = "–"


def cell(value: object) -> str:
    """Return a value as words on one line."""
    return plain(str(value), 2 * MAX_QUOTED)


def counted(n: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: 1 tag, 2 tags."""
    return f"{n} {noun if n == 1 else plural or noun + 's'}"


def percent(share: float | None, interval: tuple[float, float] | None) -> str:
    """Return a share with its interval; a dash if there is nothing to count."""
    if share is None or interval is None:
        return NOTHING
    low, high = interval
    return f"{share:.0%} ({low * 100:.0f} to {high:.0%})"


def first_of(names: Sequence[str], n_named: int) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - n_named} more" if len(names) > n_named else ""
    return f"{', '.join(map(cell, names[:n_named]))}{more}"
