"""Whether something changes over time beyond chance: tests that shuffle blocks of consecutive articles.

News comes in bursts: ten articles on one attack are not ten independent ones. So articles are never shuffled one by one. They
are cut into blocks by date, and what is tested is whether the order of the blocks matters.
"""

from functools import lru_cache
from itertools import combinations
from math import comb

import numpy as np

FIRST_SHUFFLES, MORE_SHUFFLES = 999, 19_999
PROMISING = 0.02  # the p of the first shuffles up to which more are tried
LEVEL = 0.01  # of the p of a further change within a part
MIN_PART = 6  # blocks; of fewer no further change can be told


def in_blocks(days: np.ndarray, n_blocks: int) -> np.ndarray:
    """Return the number of the block of each article, (n_articles,) int64, rising from 0 without gaps.

    Blocks have about as many articles each. The articles of one day are in one block, so there may be fewer blocks.

    Args:
        days: (n_articles,) str, ascending.
    """
    first_of_day = np.searchsorted(days, days)
    numbers: np.ndarray = np.unique(first_of_day * n_blocks // max(1, len(days)), return_inverse=True)[1]
    return numbers


def gap_by_chance(n_blocks: int, n_having: int, n_empty: int) -> float:
    """Return how likely as many blocks at one end as `n_empty` are all empty, if `n_having` of all come in random order."""
    return comb(n_blocks - n_empty, n_having) / comb(n_blocks, n_having)


def steps_of_rate(events: np.ndarray, articles: np.ndarray) -> tuple[list[int], float]:
    """Return the blocks at which a rate changes, and the p of the strongest change.

    The strongest change of the level is at the maximum of the cumulative sums (Page 1954), and its p is the share of shuffled
    orders of the blocks with as large a maximum. Further changes are looked for on both sides of it (binary segmentation,
    Vostrikova 1981).

    Args:
        events, articles: (n_blocks,) int64, the oldest block first; each block has an article.
    """
    # Anscombe 1948: the variance of these values depends little on the rate, so one block with a burst does not decide.
    values = np.arcsin(np.sqrt((events + 0.375) / (articles + 0.75)))
    cut, p = _strongest(values)
    return [*_further(values[:cut], 0), cut, *_further(values[cut:], cut)], p


def _further(values: np.ndarray, first: int) -> list[int]:
    if len(values) < MIN_PART:
        return []
    cut, p = _strongest(values)
    if p > LEVEL:
        return []
    return [*_further(values[:cut], first), first + cut, *_further(values[cut:], first + cut)]


def _strongest(values: np.ndarray) -> tuple[int, float]:
    """Return the block at which the level of values changes most, and how likely a change as large is by chance."""
    squares = _cumulative(values)
    p = 1.0
    for n_shuffles in (FIRST_SHUFFLES, MORE_SHUFFLES):
        shuffled = _cumulative(values[_orders(len(values), n_shuffles)]).max(axis=1)
        p = float((1 + np.count_nonzero(shuffled >= squares.max() - 1e-12)) / (1 + n_shuffles))
        if p > PROMISING:
            break
    return int(squares.argmax()) + 1, p


def _cumulative(values: np.ndarray) -> np.ndarray:
    """Return the squared cumulative sum before each block but the first, in units of its variance, (…, n_blocks - 1)."""
    n = values.shape[-1]
    before = np.arange(1, n)
    sums = np.cumsum(values - values.mean(axis=-1, keepdims=True), axis=-1)[..., :-1]
    squares: np.ndarray = sums**2 / (before * (n - before) / n)
    return squares


@lru_cache
def _orders(n_blocks: int, n_shuffles: int) -> np.ndarray:
    orders = np.tile(np.arange(n_blocks, dtype=np.int16), (n_shuffles, 1))
    return np.random.default_rng(0).permuted(orders, axis=1)


# --- the first half against the second ---


def halves(n_blocks: int) -> np.ndarray:
    """Return which blocks are of the first half, (n_blocks,) bool."""
    is_first: np.ndarray = np.arange(n_blocks) < n_blocks // 2
    return is_first


def halves_differ(products: np.ndarray) -> float:
    """Return how likely two random halves of the blocks differ as much as the first half and the second.

    They differ by the squared distance of their means, of which the diagonal is left out, so that it is zero on average if
    nothing changes (Gretton et al. 2012). All ways to divide the blocks are tried.

    Args:
        products: (n_blocks, n_blocks) float64, the scalar products of what the blocks are like.
    """
    crossed = products - np.diag(np.diag(products))
    signs = _divisions(len(products))
    distances = ((signs @ crossed) * signs).sum(axis=1)
    first = halves(len(products))
    observed = np.where(first, 1 / first.sum(), -1 / (~first).sum())
    return float(np.mean(distances >= observed @ crossed @ observed - 1e-12))


@lru_cache
def _divisions(n_blocks: int) -> np.ndarray:
    """Return all ways to divide blocks into halves, (n_divisions, n_blocks): 1 / size in the first, -1 / size in the other."""
    size = n_blocks // 2
    is_even = n_blocks % 2 == 0  # then the two halves may change places, so the first has block 0
    firsts = ((0, *rest) for rest in combinations(range(1, n_blocks), size - 1))
    chosen = np.array(list(firsts if is_even else combinations(range(n_blocks), size)))
    signs = np.full((len(chosen), n_blocks), -1.0 / (n_blocks - size))
    np.put_along_axis(signs, chosen, 1.0 / size, axis=1)
    return signs


def likeness(products: np.ndarray) -> float:
    """Return the mean product between the halves as a share of that within them: 1 if nothing changed, 0 if all did."""
    first = halves(len(products))
    crossed = products - np.diag(np.diag(products))
    pairs = [(crossed[np.ix_(half, half)].sum(), half.sum() * (half.sum() - 1)) for half in (first, ~first)]
    within = sum(total for total, _ in pairs) / sum(n for _, n in pairs)
    between = float(products[np.ix_(first, ~first)].mean())
    return float(np.clip(between / within, 0.0, 1.0)) if within > 0 else 1.0
