"""Out-of-fold decision values -> what is suggested: thresholds, calibration and the auto band."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.stats import beta
from sklearn.linear_model import LogisticRegression

from classifier.domain.examples import UNKNOWN
from classifier.model import evaluation
from classifier.model.decision import Choice, calibrated
from classifier.training.training_set import TrainingSet

REACH = 3.0  # how far, in decision values, a tag's own threshold may lie from the pooled one
# Positives that the pooled threshold may count for; cross-validation chooses.
SHRINKAGES = (1.0, 3.0, 8.0, 20.0, 50.0, 100.0, 300.0)
AUTO_PRECISION = 0.95
AUTO_ERROR = 0.05  # one-sided


@dataclass(frozen=True)
class Suggesting:
    """How decision values become scores and suggestions."""

    thresholds: np.ndarray  # (n_tags,) float64, in decision values
    auto_thresholds: np.ndarray  # the same
    pooled_threshold: float
    calibration: np.ndarray  # (4,) float64, see `calibrated`
    shrinkage: float  # of the tags' own thresholds
    suggested: np.ndarray  # (n_articles, n_tags) bool, with the thresholds of the other folds


def fit_suggesting(data: TrainingSet, decision: np.ndarray) -> Suggesting:
    """Fit thresholds and calibration to out-of-fold decision values, (n_articles, n_tags) float64."""
    labels = data.labels
    shrinkage, suggested = choose_shrinkage(data, decision)
    fitted = fit_thresholds(decision, labels, own_labels(data))
    thresholds = fitted.shrunk(shrinkage)
    judged = suggested & (labels != UNKNOWN)
    calibration = fit_calibration(decision[judged], labels[judged] == 1)
    auto_thresholds = fit_auto_thresholds(decision, labels, suggested, data.folds, thresholds)
    return Suggesting(thresholds, auto_thresholds, fitted.pooled, calibration, shrinkage, suggested)


def choose_shrinkage(data: TrainingSet, decision: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the shrinkage with the best sum of micro- and macro-F1, and what it suggests, (n_articles, n_tags) bool."""
    labels, own = data.labels, own_labels(data)
    of_others = [fit_thresholds(decision[~out], labels[~out], own[~out]) for out in data.held_out_masks()]
    choice = choice_of(data)
    tried = []
    for shrinkage in SHRINKAGES:  # with the thresholds of the other folds: the honest estimate
        thresholds = np.stack([fitted.shrunk(shrinkage) for fitted in of_others])
        tried.append((shrinkage, choice.suggested(decision, thresholds[data.folds])))
    return max(tried, key=lambda trial: evaluation.micro_f1(trial[1], labels) + evaluation.macro_f1(trial[1], labels))


def choice_of(data: TrainingSet) -> Choice:
    """Return how suggestions are chosen by decision values, as if all tags were in use."""
    return Choice(np.ones(data.labels.shape[1], dtype=bool), data.taxonomy.exclusive_kinds, data.always_one)


def best_threshold(decision: np.ndarray, positive: np.ndarray) -> float:
    """Return the threshold with the best F1, halfway between two decision values."""
    n_positive = int(positive.sum())
    if not n_positive:
        return float("inf")
    is_high = _high_enough(decision, positive, n_positive)
    decision, positive = decision[is_high], positive[is_high]
    order = np.argsort(-decision, kind="stable")
    hits = np.cumsum(positive[order])
    f1 = 2.0 * hits / (np.arange(1, len(order) + 1) + n_positive)
    last = int(f1.argmax())
    lowest, below = decision[order[last]], decision[order[min(last + 1, len(order) - 1)]]
    return float((lowest + below) / 2.0)


def _high_enough(decision: np.ndarray, positive: np.ndarray, n_positive: int) -> np.ndarray:
    """Return the pairs among which the best threshold lies, so that few have to be sorted."""
    above = decision >= _nth_largest(decision, n_positive)
    f1 = 2.0 * np.count_nonzero(positive & above) / (np.count_nonzero(above) + n_positive)
    # A threshold below the k highest pairs has an F1 of at most 2n / (k + n): the best one lies among 2n / f1 - n pairs.
    # One more for rounding, and one for the pair below the threshold.
    n_high = int(2.0 * n_positive / f1 - n_positive) + 2 if f1 else len(decision)
    if n_high >= len(decision):
        return np.ones(len(decision), dtype=bool)
    return np.asarray(decision >= _nth_largest(decision, n_high))


def _nth_largest(values: np.ndarray, n: int) -> float:
    index = len(values) - n
    return float(np.partition(values, index)[index])


class Thresholds(NamedTuple):
    """The best threshold of each tag, the positives that it was chosen on, and the pooled threshold of all tags."""

    best: np.ndarray
    n_positive: np.ndarray
    pooled: float

    def shrunk(self, shrinkage: float) -> np.ndarray:
        """Return a threshold per tag, (n_tags,): its best one, shrunk by n / (n + shrinkage) to the pooled one.

        It is clipped to REACH from it: with a single positive that scored low it would let everything pass.
        """
        near, n = np.clip(self.best, self.pooled - REACH, self.pooled + REACH), self.n_positive
        return np.asarray((n * near + shrinkage * self.pooled) / (n + shrinkage))


def own_labels(data: TrainingSet) -> np.ndarray:
    """Return the labels that a tag's own threshold is chosen on, (n_articles, n_tags) int8.

    A positive is unknown here if its fold has all positives of the tag. It was judged as that of a tag without examples,
    below many articles, and a threshold that finds it would let a fitted tag pass everywhere.
    """
    in_fold = np.stack([(data.labels[out] == 1).sum(axis=0) for out in data.held_out_masks()])
    has_others = in_fold.sum(axis=0) > in_fold
    return np.where(has_others[data.folds] | (data.labels != 1), data.labels, UNKNOWN)


def fit_thresholds(decision: np.ndarray, labels: np.ndarray, own: np.ndarray) -> Thresholds:
    """Fit thresholds to out-of-fold decision values, (n_articles, n_tags); a tag without positives in `own` has the pooled one.

    The pooled one is chosen on `labels`, those of the tags on `own` (see `own_labels`).
    """
    is_known, is_own = labels != UNKNOWN, own != UNKNOWN
    pooled = best_threshold(decision[is_known], labels[is_known] == 1)
    best = np.full(labels.shape[1], pooled)
    n_positive = (own == 1).sum(axis=0).astype(np.float64)
    for tag in np.flatnonzero(n_positive).tolist():
        rows = is_own[:, tag]
        best[tag] = best_threshold(decision[rows, tag], own[rows, tag] == 1)
    return Thresholds(best, n_positive, pooled)


def fit_auto_thresholds(
    decision: np.ndarray, labels: np.ndarray, suggested: np.ndarray, folds: np.ndarray, thresholds: np.ndarray
) -> np.ndarray:
    """Return the auto threshold of each tag, (n_tags,) in decision values; inf for a tag that does not earn one.

    The auto band begins where the score reaches AUTO_PRECISION. A tag earns it if that share of its pairs in the band
    is right, with scores calibrated on the other folds: the one-sided Clopper-Pearson lower bound (1934) must reach
    AUTO_PRECISION. One level for all tags has no selection error. `suggested`, (n_articles, n_tags) bool, are the
    suggestions that calibration is fitted on; no tag is suggested below `thresholds`, (n_tags,) float64.
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
        precision = np.where(hits > 0, beta.ppf(AUTO_ERROR, hits, n - hits + 1), 0.0)
    intercept, slope, bend, upper_slope = fit_calibration(decision[judged], labels[judged] == 1)
    logit, at_bend = float(np.log(AUTO_PRECISION / (1.0 - AUTO_PRECISION))), intercept + slope * bend
    # The decision value whose score is AUTO_PRECISION: the inverse of `calibrated`.
    level = (logit - intercept) / slope if logit < at_bend else bend + (logit - at_bend) / upper_slope
    return np.where(precision >= AUTO_PRECISION, np.maximum(level, thresholds), np.inf)


def fit_calibration(decision: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Fit a logistic curve (Platt 1999) with one bend, at the median, to out-of-fold decision values of suggestions.

    Only suggestions show a score. On three corpora that halved the calibration error of a fit on all pairs.
    """
    if right.sum() < 10 or (~right).sum() < 10:
        return np.array([0.0, 1.0, 0.0, 1.0])
    bend = float(np.median(decision))
    columns = np.stack([np.minimum(decision, bend), np.maximum(decision - bend, 0.0)], axis=1)
    fitted = LogisticRegression(C=10.0, solver="newton-cholesky").fit(columns, right)
    slope, upper_slope = np.maximum(fitted.coef_[0], 0.05)  # a score never falls as the decision value rises
    return np.array([fitted.intercept_[0], slope, bend, upper_slope])
