"""From out-of-fold decision values to thresholds, calibration and the auto band."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import beta
from sklearn.linear_model import LogisticRegression

from classifier.domain.examples import UNKNOWN
from classifier.model.decision import calibrated

REACH = 3.0  # how far, in decision values, a tag's own threshold may lie from the pooled one
AUTO_PRECISION = 0.95
AUTO_ERROR = 0.05  # one-sided


def best_threshold(decision: np.ndarray, positive: np.ndarray) -> float:
    """Return the decision value with the best F1 for all at or above it; halfway to the next lower value."""
    n_positive = int(positive.sum())
    if not n_positive:
        return float("inf")
    kept = _high_enough(decision, positive, n_positive)
    decision, positive = decision[kept], positive[kept]
    order = np.argsort(-decision, kind="stable")
    hits = np.cumsum(positive[order])
    f1 = 2.0 * hits / (np.arange(1, len(order) + 1) + n_positive)
    last = int(f1.argmax())
    at, below = decision[order[last]], decision[order[min(last + 1, len(order) - 1)]]
    return float((at + below) / 2.0)


def _high_enough(decision: np.ndarray, positive: np.ndarray, n_positive: int) -> np.ndarray:
    """Return which pairs lie so high that the best cut is surely among them or right behind them: few have to be sorted.

    With all n positives above it, a cut behind k pairs has an F1 of 2n / (k + n) at most. One cut has an F1 of f, that behind
    the best n and all that are level with them; so the best one lies no deeper than behind k = 2n / f - n.
    """
    above = decision >= _nth_largest(decision, n_positive)
    f1 = 2.0 * np.count_nonzero(positive & above) / (np.count_nonzero(above) + n_positive)
    # One more for rounding, and one for what lies below the cut.
    n_kept = int(2.0 * n_positive / f1 - n_positive) + 2 if f1 else len(decision)
    if n_kept >= len(decision):
        return np.ones(len(decision), dtype=bool)
    reached: np.ndarray = decision >= _nth_largest(decision, n_kept)
    return reached


def _nth_largest(values: np.ndarray, n: int) -> float:
    place = len(values) - n
    return float(np.partition(values, place)[place])


class Thresholds(NamedTuple):
    """The best thresholds of the tags by themselves, the positives that each was chosen on, and the pooled threshold."""

    own: np.ndarray
    n_positive: np.ndarray
    pooled: float

    def shrunk(self, shrink: float) -> np.ndarray:
        """Return a threshold per tag, (n_tags,): its own, shrunk by n / (n + shrink) to the pooled one.

        A tag's own threshold counts no further than REACH from the pooled one: with a single positive that scored low
        it would be so low that everything passes.
        """
        near = np.clip(self.own, self.pooled - REACH, self.pooled + REACH)
        n = self.n_positive
        shrunk: np.ndarray = (n * near + shrink * self.pooled) / (n + shrink)
        return shrunk


def fit_thresholds(decision: np.ndarray, labels: np.ndarray) -> Thresholds:
    """Fit thresholds to out-of-fold decision values, (n_articles, n_tags); a tag without positives has the pooled one."""
    known = labels != UNKNOWN
    pooled = best_threshold(decision[known], labels[known] == 1)
    own = np.full(labels.shape[1], pooled)
    n_positive = (labels == 1).sum(axis=0).astype(np.float64)
    for tag in np.flatnonzero(n_positive).tolist():
        use = known[:, tag]
        own[tag] = best_threshold(decision[use, tag], labels[use, tag] == 1)
    return Thresholds(own, n_positive, pooled)


def fit_auto_thresholds(
    decision: np.ndarray, labels: np.ndarray, suggested: np.ndarray, folds: np.ndarray, at_least: np.ndarray
) -> np.ndarray:
    """Return the auto threshold of each tag, (n_tags,) in decision values; inf for a tag that does not earn one.

    The band begins where the score reaches AUTO_PRECISION. A tag earns it if those of its pairs that a calibration of the
    other folds puts there are right that often: the one-sided Clopper-Pearson lower bound (1934) of their share must
    reach AUTO_PRECISION too. One level for all tags has no error of choice; a level for each tag, chosen on the other
    folds, let half as many tags of three corpora pass.

    Args:
        suggested: (n_articles, n_tags) bool, what would be suggested: what calibration is fitted on.
        at_least: (n_tags,) the thresholds of suggesting.
    """
    judged = suggested & (labels != UNKNOWN)
    sure = np.zeros(decision.shape, dtype=bool)
    for fold in np.unique(folds):
        inside, out = judged & (folds != fold)[:, None], folds == fold
        calibration = fit_calibration(decision[inside], labels[inside] == 1)
        sure[out] = calibrated(decision[out], calibration) >= AUTO_PRECISION
    sure &= labels != UNKNOWN
    n, hits = sure.sum(axis=0), (sure & (labels == 1)).sum(axis=0)
    with np.errstate(invalid="ignore"):
        shown = np.where(hits > 0, beta.ppf(AUTO_ERROR, hits, n - hits + 1), 0.0)
    everywhere = fit_calibration(decision[judged], labels[judged] == 1)
    level = _decision_at(AUTO_PRECISION, everywhere)
    return np.where(shown >= AUTO_PRECISION, np.maximum(level, at_least), np.inf)


def _decision_at(score: float, calibration: np.ndarray) -> float:
    """Return the decision value that has a score; `calibrated` the other way round."""
    intercept, slope, bend, slope_behind = calibration
    at_bend = intercept + slope * bend
    wanted = float(np.log(score / (1.0 - score)))
    return float((wanted - intercept) / slope if wanted < at_bend else bend + (wanted - at_bend) / slope_behind)


def fit_calibration(decision: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Fit a logistic curve (Platt 1999) with one bend, at the median, to out-of-fold decision values of suggestions.

    A score is read off suggestions, so it is fitted on them: on three corpora that gave half the calibration error of a
    fit on all pairs near the threshold, and no worse likelihood than isotonic regression.
    """
    if right.sum() < 10 or (~right).sum() < 10:
        return np.array([0.0, 1.0, 0.0, 1.0])
    bend = float(np.median(decision))
    columns = np.stack([np.minimum(decision, bend), np.maximum(decision - bend, 0.0)], axis=1)
    fitted = LogisticRegression(C=10.0, solver="newton-cholesky").fit(columns, right)
    slope, behind = np.maximum(fitted.coef_[0], 0.05)  # a score never falls as the decision value rises
    return np.array([fitted.intercept_[0], slope, bend, behind])
