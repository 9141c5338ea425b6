"""How far two people agree on tags beyond chance: Cohen's kappa, with intervals over articles. Pure functions of arrays."""

from typing import NamedTuple

import numpy as np

from classifier.model.evaluation import MIN_FOR_INTERVAL, drawn_sums

BOTH, FIRST, SECOND, NEITHER = range(4)


class Agreement(NamedTuple):
    """Kappa, its 95 % interval, and how often both, one or neither of two raters gave a tag."""

    kappa: float | None  # None where it is undefined: both always gave the tag, or neither ever did
    interval: (
        tuple[float, float] | None
    )  # None without kappa, for fewer than MIN_FOR_INTERVAL, and if all draws are the same
    n: int
    both: int
    one: int
    neither: int


def cells_of(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Count which raters gave a tag, (..., 4) int64: both, only the first, only the second, neither.

    `first`, `second`: of the same shape, bool, True where the rater gave the tag.
    """
    cells = [first & second, first & ~second, ~first & second, ~first & ~second]
    return np.stack(cells, axis=-1).astype(np.int64)


def kappa(cells: np.ndarray) -> np.ndarray:
    """Return Cohen's kappa (Cohen 1960) of counts of cells, (..., 4) -> (...) float64; NaN where it is undefined."""
    n = np.maximum(1, cells.sum(axis=-1)).astype(np.float64)
    agreed = (cells[..., BOTH] + cells[..., NEITHER]) / n
    first, second = (cells[..., BOTH] + cells[..., rater] for rater in (FIRST, SECOND))
    chance = (first * second + (n - first) * (n - second)) / n**2
    with np.errstate(divide="ignore", invalid="ignore"):
        # A constant pair is found by counting, not by 1 - chance == 0, which rounding may miss.
        constant = (cells[..., BOTH] == cells.sum(axis=-1)) | (cells[..., NEITHER] == cells.sum(axis=-1))
        return np.where(constant, np.nan, (agreed - chance) / (1.0 - chance))


def agreement(cells: np.ndarray) -> Agreement:
    """Return how far two raters agree, with the 95 % percentile bootstrap interval over articles.

    `cells`: (n_articles, 4) int64, of one tag or summed over several. The order of the articles does not matter.
    """
    total = cells.sum(axis=0)
    value = float(kappa(total))
    both, first, second, neither = total.tolist()
    if np.isnan(value):
        return Agreement(None, None, len(cells), both, first + second, neither)
    # Two articles that are alike would give an interval of no width, as if kappa were certain.
    drawn = kappa(drawn_sums(cells)) if len(cells) >= MIN_FOR_INTERVAL else np.zeros(0)
    drawn = drawn[~np.isnan(drawn)]  # draws without a yes, or without a no
    low, high = np.percentile(drawn, [2.5, 97.5]).tolist() if len(drawn) else (0.0, 0.0)
    return Agreement(value, (low, high) if low < high else None, len(cells), both, first + second, neither)
