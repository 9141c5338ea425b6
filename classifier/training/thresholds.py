"""Out-of-fold decision values -> what is suggested: thresholds, calibration and the auto band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression

from classifier.domain.examples import UNKNOWN
from classifier.model import evaluation
from classifier.model.calibration import calibrated, decision_at
from classifier.model.decision import Choice
from classifier.training.calibration import fit_score_model
from classifier.training.held_out_tags import HeldOutTags, by_kind
from classifier.training.training_set import MIN_POSITIVES, TrainingSet, has_others

REACH = 3.0  # how far, in decision values, a tag's own threshold may lie from the pooled one
# Positives that the pooled threshold may count for; cross-validation chooses.
SHRINKAGES = (1.0, 3.0, 8.0, 20.0, 50.0, 100.0, 300.0)
# The same for the thresholds that scores are measured from: one of few positives would make them jump.
CENTRE_SHRINKAGE = 20.0
AUTO_PRECISION = 0.95
AUTO_ERROR = 0.05  # one-sided


@dataclass(frozen=True)
class Suggesting:
    """How decision values become scores and suggestions."""

    thresholds: np.ndarray  # (n_tags,) float64, in decision values
    auto: AutoBand
    pooled_threshold: float
    alias_thresholds: np.ndarray  # (n_tags,) float64, of tags of the same kind without examples
    calibration: np.ndarray  # (4,) float64, of suggestions alone: what earlier versions read
    curves: np.ndarray  # (n_tags, n_curve) float64, see `model.calibration`
    alias_curves: np.ndarray  # the same, of tags of the same kind without examples
    shrinkage: float  # of the tags' own thresholds
    suggested: np.ndarray  # (n_articles, n_tags) bool, with the thresholds of the other folds
    scores: np.ndarray  # (n_articles, n_tags) float64, with the curves of the other folds


def fit_suggesting(data: TrainingSet, decision: np.ndarray, held_out: HeldOutTags) -> Suggesting:
    """Fit thresholds and calibration to out-of-fold decision values, (n_articles, n_tags) float64."""
    labels = data.labels
    of_others = fit_on_others(data, decision)
    shrinkage, suggested = choose_shrinkage(data, decision, of_others)
    fitted = fit_thresholds(decision, labels, own_labels(data))
    alias_thresholds = _alias_thresholds(data, held_out, fitted.pooled)
    n_positive = (labels == 1).sum(axis=0)
    n_positive[n_positive < MIN_POSITIVES] = 0  # these have no classifier
    # A single example is too few for a classifier, but it shows that the tag is meant where it is named.
    is_meant = (n_positive > 0) | ((labels == 1).any(axis=0) & np.isfinite(alias_thresholds))
    thresholds = np.where(is_meant, fitted.shrunk(shrinkage), alias_thresholds)
    centres = np.stack([other.shrunk(CENTRE_SHRINKAGE) for other in of_others])
    model = fit_score_model(data, decision, centres[data.folds], held_out, data.all_rows)
    curves = model.curves(fitted.shrunk(CENTRE_SHRINKAGE), n_positive)
    scores = _held_out_scores(data, decision, centres, held_out)
    judged = suggested & (labels != UNKNOWN)
    return Suggesting(
        thresholds=thresholds,
        auto=fit_auto_band(scores, judged, labels == 1, curves, thresholds),
        pooled_threshold=fitted.pooled,
        alias_thresholds=alias_thresholds,
        calibration=fit_calibration(decision[judged], labels[judged] == 1),
        curves=curves,
        alias_curves=model.alias_curves(),
        shrinkage=shrinkage,
        suggested=suggested,
        scores=scores,
    )


def _held_out_scores(data: TrainingSet, decision: np.ndarray, centres: np.ndarray, held_out: HeldOutTags) -> np.ndarray:
    """Return scores by curves fitted on the other folds, (n_articles, n_tags), with centres of (n_folds, n_tags)."""
    scores = np.zeros(decision.shape)
    for of_others, out in zip(centres, data.held_out_masks(), strict=True):
        if out.any():
            model = fit_score_model(data, decision, centres[data.folds], held_out, ~out)
            n_positive = (data.labels[~out] == 1).sum(axis=0)
            scores[out] = calibrated(decision[out], model.curves(of_others, n_positive))
    return scores


def _alias_thresholds(data: TrainingSet, held_out: HeldOutTags, pooled: float) -> np.ndarray:
    """Return the thresholds of tags without examples, (n_tags,), alike for a kind: with the best F1 on tags held out.

    They are at least the pooled one, and infinite for a kind whose tags are never named: nothing tells its articles apart.
    """
    pairs = held_out.pairs(data, data.all_rows)

    def best(tags: np.ndarray) -> float:
        rows = pairs.named & tags[pairs.tags]
        return best_threshold(pairs.decision[rows], pairs.right[rows])

    return np.asarray(np.maximum(by_kind(data, data.all_rows, best), pooled))


def fit_on_others(data: TrainingSet, decision: np.ndarray) -> list[Thresholds]:
    """Return the thresholds that are chosen on the other folds, for each fold."""
    own = own_labels(data)
    return [fit_thresholds(decision[~out], data.labels[~out], own[~out]) for out in data.held_out_masks()]


def choose_shrinkage(
    data: TrainingSet, decision: np.ndarray, of_others: Sequence[Thresholds]
) -> tuple[float, np.ndarray]:
    """Return the shrinkage with the best sum of micro- and macro-F1, and what it suggests, (n_articles, n_tags) bool.

    `of_others` are the thresholds that were chosen on the other folds: with them the estimate is honest.
    """
    labels = data.labels
    choice = choice_of(data)
    tried = []
    for shrinkage in SHRINKAGES:
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
    return np.where(has_others(data) | (data.labels != 1), data.labels, UNKNOWN)


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


class AutoBand(NamedTuple):
    """Where the auto band of each tag begins, in decision values, inf for a tag that has none, and what it lacks.

    `lacking`: how many more articles in the band must turn out right, and none wrong, until the tag has earned it, (n_tags,).
    """

    thresholds: np.ndarray
    lacking: np.ndarray


def fit_auto_band(
    scores: np.ndarray, judged: np.ndarray, right: np.ndarray, curves: np.ndarray, thresholds: np.ndarray
) -> AutoBand:
    """Return the auto band of the tags.

    The auto band begins where the score reaches AUTO_PRECISION. A tag earns it if that share of its pairs in the band
    is right, with scores calibrated on the other folds: the one-sided Clopper-Pearson lower bound (1934) must reach
    AUTO_PRECISION. One level for all tags has no selection error. `scores`, `judged`, which are the suggestions with known
    labels, and `right` are (n_articles, n_tags). No tag is suggested below `thresholds`, (n_tags,) float64.
    """
    sure = judged & (scores >= AUTO_PRECISION)
    n, n_wrong = sure.sum(axis=0), (sure & ~right).sum(axis=0)
    lacking = np.maximum(0, [_n_needed(wrong) for wrong in n_wrong.tolist()] - n)
    level = np.array([decision_at(AUTO_PRECISION, curve) for curve in curves])
    return AutoBand(np.where(lacking == 0, np.maximum(level, thresholds), np.inf), lacking)


@cache
def _n_needed(n_wrong: int) -> int:
    """Return how many pairs show with so many wrong ones that a share of AUTO_PRECISION is right."""
    n = n_wrong + np.arange(1, 40 * n_wrong + 100)
    return int(n[np.argmax(binom.cdf(n_wrong, n, 1.0 - AUTO_PRECISION) <= AUTO_ERROR)])


def fit_calibration(decision: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Fit a logistic curve (Platt 1999) with one bend, at the median, to out-of-fold decision values of suggestions.

    It is what earlier versions read. See `training.calibration` for the curves that this version reads.
    """
    if right.sum() < 10 or (~right).sum() < 10:
        return np.array([0.0, 1.0, 0.0, 1.0])
    bend = float(np.median(decision))
    columns = np.stack([np.minimum(decision, bend), np.maximum(decision - bend, 0.0)], axis=1)
    fitted = LogisticRegression(C=10.0, solver="newton-cholesky").fit(columns, right)
    slope, upper_slope = np.maximum(fitted.coef_[0], 0.05)  # a score never falls as the decision value rises
    return np.array([fitted.intercept_[0], slope, bend, upper_slope])
