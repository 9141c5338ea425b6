"""How large the hard tests are, and the table that they leave: `make test` runs a short form, `make test-hard` the whole."""

from __future__ import annotations

import os
from typing import TypeVar

HARD = os.environ.get("TAGGER_TEST_SIZE") == "hard"
ROWS: list[tuple[str, str, int, str]] = []
_T = TypeVar("_T")


def size(short: _T, whole: _T) -> _T:
    """Return how large a test is to be."""
    return whole if HARD else short


def told(what: str, times: str, lost: int, figures: str = "") -> None:
    """Put a row into the table: what was done, how often, what was lost, and what else is worth knowing."""
    ROWS.append((what, times, lost, figures))


def table() -> list[str]:
    """Return the lines of the table."""
    rows = [("done", "how often", "lost", "figures"), *((w, t, str(n), f) for w, t, n, f in ROWS)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
