"""Whether the newest weeks differ from the weeks before beyond chance: tests of weekly counts and of scores.

News comes in bursts: ten articles on one attack are not ten independent ones. So a rate is not compared with a coin toss, but
with how much it varied from week to week before.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SPANS = (1, 2, 4)  # newest weeks that are compared with the weeks before them
MIN_EVENTS = 5  # before and after together; of fewer nothing can be said
MIN_ARTICLES = 10  # in the newest weeks
MIN_WEEKS = 4  # before, with an article: fewer do not show how much a rate varies
SCORE_LEVEL = 0.01
SCORE_DISTANCE = 0.15  # between two distributions of scores; a smaller one needs no action
MIN_SCORES = 20


class Change(NamedTuple):
    """Events in the newest `span` weeks and before; `p` is the probability of as large a change by chance."""

    span: int
    n_now: int
    of_now: int
    n_before: int
    of_before: int
    p: float

    @property
    def ratio(self) -> float:
        """The rate now divided by the rate before. Half an event is added, so that it is never zero."""
        return ((self.n_now + 0.5) / (self.of_now + 1)) / ((self.n_before + 0.5) / (self.of_before + 1))


def change(events: np.ndarray, articles: np.ndarray) -> Change | None:
    """Return the change of a weekly rate that chance explains least, None if there is too little data.

    `p` is for two sides, and is corrected for having tried several spans.

    Args:
        events, articles: (n_weeks,) int64, the oldest week first.
    """
    tried = [tested for span in SPANS if (tested := _compared(events, articles, span)) is not None]
    if not tried:
        return None
    best = min(tried, key=lambda tested: (tested.p, tested.span))
    return best._replace(p=min(1.0, best.p * len(tried)))


def _compared(events: np.ndarray, articles: np.ndarray, span: int) -> Change | None:
    k, n = events[:-span], articles[:-span]
    n_now, of_now, n_before, of_before = (
        int(x) for x in (events[-span:].sum(), articles[-span:].sum(), k.sum(), n.sum())
    )
    if of_now < MIN_ARTICLES or n_now + n_before < MIN_EVENTS or np.count_nonzero(n) < MIN_WEEKS:
        return None
    mean = (n_before + 0.5) / (of_before + 1)
    spread = _spread(k, n)
    n_weeks = int(np.count_nonzero(articles[-span:]))
    a_week = of_before / int(np.count_nonzero(n))
    worth = of_before / (1 + max(0.0, a_week - 1) * spread)
    # How uncertain the rate before is, and how much it varies.
    correlation = min(0.5, 1 / (worth + 2) + spread / n_weeks)
    p = _two_sided(n_now, of_now, mean, 1 / correlation - 1)
    return Change(span, n_now, of_now, n_before, of_before, p)


def _spread(events: np.ndarray, articles: np.ndarray) -> float:
    """Return the correlation of articles of one week, by the method of moments (Williams 1982); 0 where there is none."""
    k, n = (values[articles > 0].astype(np.float64) for values in (events, articles))
    mean = k.sum() / n.sum()
    if not 0 < mean < 1 or n.sum() == len(n):
        return 0.0
    squares = float((((k - n * mean) ** 2) / (n * mean * (1 - mean))).sum())
    return max(0.0, (squares - (len(n) - 1)) / float((n - 1).sum()))


def _two_sided(n_now: int, of_now: int, mean: float, precision: float) -> float:
    """Return twice the smaller tail of the beta-binomial that the weeks before predict."""
    from scipy.special import betaln, gammaln

    a, b = mean * precision, (1 - mean) * precision
    k = np.arange(of_now + 1, dtype=np.float64)
    ways = gammaln(of_now + 1) - gammaln(k + 1) - gammaln(of_now - k + 1)
    probability = np.exp(ways + betaln(k + a, of_now - k + b) - betaln(a, b))
    low, high = float(probability[: n_now + 1].sum()), float(probability[n_now:].sum())
    return min(1.0, 2 * min(low, high))


class Shift(NamedTuple):
    """The scores of the newest `span` weeks against those before: the largest distance of their distributions."""

    span: int
    n_now: int
    n_before: int
    distance: float
    p: float

    @property
    def surely(self) -> bool:
        """Whether the distance is beyond chance, and large enough to matter."""
        return self.p <= SCORE_LEVEL and self.distance >= SCORE_DISTANCE


def shift(scores: Sequence[np.ndarray]) -> Shift | None:
    """Return the shift of weekly scores that chance explains least (Kolmogorov and Smirnov); None if there are few.

    Args:
        scores: one array of scores for each week, the oldest first; the scores of a week are of different articles.
    """
    from scipy.special import kolmogorov

    tried = []
    for span in (span for span in SPANS if span < len(scores)):
        now, before = np.sort(np.concatenate(scores[-span:])), np.sort(np.concatenate(scores[:-span]))
        if min(len(now), len(before)) < MIN_SCORES:
            continue
        every = np.concatenate([now, before])
        gaps = np.searchsorted(now, every, "right") / len(now) - np.searchsorted(before, every, "right") / len(before)
        distance = float(np.abs(gaps).max())
        p = float(kolmogorov(distance * np.sqrt(len(now) * len(before) / (len(now) + len(before)))))
        tried.append(Shift(span, len(now), len(before), distance, p))
    if not tried:
        return None
    best = min(tried, key=lambda tested: (tested.p, tested.span))
    return best._replace(p=min(1.0, best.p * len(tried)))


def log_likelihood(n_now: int, of_now: int, n_before: int, of_before: int) -> float:
    """Return G2, how much better two rates explain two counts than a common rate (Dunning 1993, of Poisson counts)."""
    rate = (n_now + n_before) / (of_now + of_before)
    parts = ((n_now, of_now * rate), (n_before, of_before * rate))
    return 2 * float(sum(n * np.log(n / expected) for n, expected in parts if n))


def more_than_before(n_now: int, of_now: int, n_before: int, of_before: int) -> float:
    """Return how likely as many or more of the events fall among the newest articles if nothing has changed.

    Given their total, events that come at one rate are binomial (Przyborowski and Wilenski 1940).
    """
    from scipy.special import betainc

    if not n_now:
        return 1.0
    return float(betainc(n_now, n_before + 1, of_now / (of_now + of_before)))
