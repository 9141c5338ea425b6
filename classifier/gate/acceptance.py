"""When judgements of a random sample show that enough of what a run would add is right.

At least 95 % of N additions shall be right, with 95 % confidence, however often one looks. The additions are drawn without
replacement, so the likelihood of a number K of right ones is hypergeometric. The evidence against "K is at most k" is the mean
likelihood of the larger numbers, divided by the likelihood of k. Under each K of at most k it is a nonnegative supermartingale
that begins at 1, since each judgement's likelihood ratio rises with "right", and a right one is rarer there. By Ville's
inequality it ever reaches 20 with a probability of at most 1/20. So one may look after each judgement, and stop at any. Where
all additions have been judged, the likelihood of wrong numbers is 0.

Sources: Robbins, Statistical methods related to the law of the iterated logarithm (1970), for the mixture; Waudby-Smith and
Ramdas, Confidence sequences for sampling without replacement (2020), section 2, for the hypergeometric form. The fixed-size
Clopper-Pearson bound at 95 % needs 59 of 59. decisions/023-acceptance.md has the alternatives.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

PERCENT_RIGHT = 95  # of the additions, at least
CONFIDENCE = 0.95
_LIMIT = float(-np.log(1.0 - CONFIDENCE))  # logarithm of the evidence at which a claim is shown
# Exponent of the weights (K / N) ** power of larger numbers: those near N, where a tag that is worth adding lies.
_POWER = 49.0

OPEN = "open"  # go on judging
SHOWN = "shown"  # at least 95 % are right
BELOW = "below"  # less than 95 % are right, surely
SPENT = "spent"  # what was drawn is too little to show it, even if all the rest is right


@dataclass(frozen=True)
class Judged:
    """How many of `n_population` additions were drawn, and how many of these were judged right and wrong."""

    n_population: int
    n_drawn: int
    n_right: int
    n_wrong: int

    @property
    def n(self) -> int:
        """How many were judged."""
        return self.n_right + self.n_wrong

    @cached_property
    def outcome(self) -> str:
        """`OPEN`, `SHOWN`, `BELOW` or `SPENT`."""
        if _shows(self.n_population, self.n_right, self.n_wrong):
            return SHOWN
        least = least_right(self.n_population)
        if _log_evidence(self.n_population, self.n_population - least, self.n_wrong, self.n_right, 0.0) >= _LIMIT:
            return BELOW
        return OPEN if _shows(self.n_population, self.n_drawn - self.n_wrong, self.n_wrong) else SPENT

    @cached_property
    def n_more(self) -> int | None:
        """How many more right ones in a row would show it. None: all that were drawn would not do."""
        low, high = 0, self.n_drawn - self.n
        if not _shows(self.n_population, self.n_right + high, self.n_wrong):
            return None
        while low < high:
            middle = (low + high) // 2
            if _shows(self.n_population, self.n_right + middle, self.n_wrong):
                high = middle
            else:
                low = middle + 1
        return low

    @cached_property
    def share_shown(self) -> float:
        """The share of right additions that is shown with 95 % confidence by now."""
        low, high = self.n_right, self.n_population - self.n_wrong
        while low < high:  # the smallest number of right ones that is not ruled out
            middle = (low + high) // 2
            if _log_evidence(self.n_population, middle, self.n_right, self.n_wrong, _POWER) >= _LIMIT:
                low = middle + 1
            else:
                high = middle
        return low / self.n_population


def least_right(n_population: int) -> int:
    """Return how many additions have to be right."""
    return -(-n_population * PERCENT_RIGHT // 100)


def _shows(n_population: int, n_right: int, n_wrong: int) -> bool:
    return _log_evidence(n_population, least_right(n_population) - 1, n_right, n_wrong, _POWER) >= _LIMIT


def _log_evidence(n: int, k: int, n_right: int, n_wrong: int, power: float) -> float:
    """Return the logarithm of the evidence that more than `k` of `n` are right. `power` sets the weights of the numbers."""
    if n_right > k:
        return np.inf
    more = np.arange(k + 1, n + 1)
    weights = power * np.log(more / n)
    possible = more <= n - n_wrong
    if not possible.any():
        return -np.inf
    ratios = _log_likelihood(n, more[possible], n_right, n_wrong) - _log_likelihood(n, np.array([k]), n_right, n_wrong)
    return float(np.logaddexp.reduce(weights[possible] + ratios) - np.logaddexp.reduce(weights))


def _log_likelihood(n: int, k: np.ndarray, n_right: int, n_wrong: int) -> np.ndarray:
    """Return the logarithm of the likelihood of numbers `k` of right ones, but for a constant, float64."""
    logs = _log_factorials(n)
    of_k: np.ndarray = logs[k] - logs[k - n_right] + logs[n - k] - logs[n - k - n_wrong]
    return of_k


@lru_cache(maxsize=2)
def _log_factorials(n: int) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
