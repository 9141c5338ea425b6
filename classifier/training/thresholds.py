"""Out-of-fold decision values -> what is suggested: thresholds, calibration and the auto band."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
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
from classifier.training.pair_arrays import column_blocks, count, nth_largest, pair_zeros, row_blocks
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
    """Fit thresholds and calibration to out-of-fold decision values, (n_articles, n_tags)."""
    labels = data.labels
    own = own_labels(data)
    of_others = fit_on_others(data, decision, own)
    shrinkage, suggested = choose_shrinkage(data, decision, of_others)
    fitted = fit_thresholds(decision, labels, own)
    del own
    alias_thresholds = _alias_thresholds(data, held_out, fitted.pooled)
    n_positive = count(labels, 1)
    has_examples = n_positive > 0
    n_positive[n_positive < MIN_POSITIVES] = 0  # these have no classifier
    # A single example is too few for a classifier, but it shows that the tag is meant where it is named.
    is_meant = (n_positive > 0) | (has_examples & np.isfinite(alias_thresholds))
    thresholds = np.where(is_meant, fitted.shrunk(shrinkage), alias_thresholds)
    centres = np.stack([other.shrunk(CENTRE_SHRINKAGE) for other in of_others])
    model = fit_score_model(data, decision, centres, held_out, data.all_rows)
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
    """Return scores by curves fitted on the other folds, (n_articles, n_tags) float32, with centres of (n_folds, n_tags)."""
    scores = pair_zeros(decision.shape)
    for of_others, out in zip(centres, data.held_out_masks(), strict=True):
        if out.any():
            model = fit_score_model(data, decision, centres, held_out, ~out)
            curves, articles = model.curves(of_others, count(data.labels, 1, ~out)), np.flatnonzero(out)
            for rows in row_blocks(len(articles), decision.shape[1]):
                scores[articles[rows]] = calibrated(decision[articles[rows]], curves)
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


def fit_on_others(data: TrainingSet, decision: np.ndarray, own: np.ndarray | None = None) -> list[Thresholds]:
    """Return the thresholds that are chosen on the other folds, for each fold. `own` are the `own_labels`, if known."""
    own = own_labels(data) if own is None else own
    return [fit_thresholds(decision, data.labels, own, ~out) for out in data.held_out_masks()]


def choose_shrinkage(
    data: TrainingSet, decision: np.ndarray, of_others: Sequence[Thresholds]
) -> tuple[float, np.ndarray]:
    """Return the shrinkage with the best sum of micro- and macro-F1, and what it suggests, (n_articles, n_tags) bool.

    `of_others` are the thresholds that were chosen on the other folds: with them the estimate is honest.
    """
    choice = choice_of(data)

    def suggested(shrinkage: float) -> Iterator[tuple[slice, np.ndarray]]:
        thresholds = np.stack([fitted.shrunk(shrinkage) for fitted in of_others])
        for rows in row_blocks(*decision.shape):
            yield rows, choice.suggested(decision[rows], thresholds[data.folds[rows]])

    def quality(shrinkage: float) -> float:
        blocks = (evaluation.tag_counts(passed, data.labels[rows]) for rows, passed in suggested(shrinkage))
        of_tags = np.sum(list(blocks), axis=0)
        return evaluation.micro_f1_of(of_tags) + evaluation.macro_f1_of(of_tags)

    best = max(SHRINKAGES, key=quality)
    chosen = np.zeros(decision.shape, dtype=bool)
    for rows, passed in suggested(best):
        chosen[rows] = passed
    return best, chosen


def choice_of(data: TrainingSet) -> Choice:
    """Return how suggestions are chosen by decision values, as if all tags were in use."""
    return Choice(np.ones(data.labels.shape[1], dtype=bool), data.taxonomy.exclusive_kinds, data.always_one)


def best_threshold(decision: np.ndarray, positive: np.ndarray) -> float:
    """Return the threshold with the best F1, halfway between two decision values."""
    return best_of_blocks(lambda: [(decision, positive)])


def best_of_blocks(pairs: Callable[[], Iterable[tuple[np.ndarray, np.ndarray]]]) -> float:
    """Return the same for pairs that are given in blocks, each with its decision values and which are positive."""
    n_pairs, n_positive = np.sum([(len(positive), positive.sum()) for _, positive in pairs()], axis=0).tolist()
    if not n_positive:
        return float("inf")
    lowest = _lowest_of_interest(pairs, n_pairs, n_positive)
    decision, positive = map(
        np.concatenate,
        zip(*((values[values >= lowest], right[values >= lowest]) for values, right in pairs()), strict=True),
    )
    order = np.argsort(-decision, kind="stable")
    hits = np.cumsum(positive[order])
    f1 = 2.0 * hits / (np.arange(1, len(order) + 1) + n_positive)
    last = int(f1.argmax())
    lowest, below = (float(decision[order[place]]) for place in (last, min(last + 1, len(order) - 1)))
    return (lowest + below) / 2.0


def _lowest_of_interest(
    pairs: Callable[[], Iterable[tuple[np.ndarray, np.ndarray]]], n_pairs: int, n_positive: int
) -> float:
    """Return a decision value above which the best threshold lies, so that few pairs have to be sorted."""
    level = nth_largest((values for values, _ in pairs()), n_positive)
    n_above, n_hits = np.sum(
        [(np.count_nonzero(values >= level), np.count_nonzero(right[values >= level])) for values, right in pairs()],
        axis=0,
    ).tolist()
    f1 = 2.0 * n_hits / (n_above + n_positive)
    # A threshold below the k highest pairs has an F1 of at most 2n / (k + n): the best one lies among 2n / f1 - n pairs.
    # One more for rounding, and one for the pair below the threshold.
    n_high = int(2.0 * n_positive / f1 - n_positive) + 2 if f1 else n_pairs
    return nth_largest((values for values, _ in pairs()), n_high) if n_high < n_pairs else -np.inf


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
    own, others = data.labels.copy(), has_others(data)
    for fold, out in enumerate(data.held_out_masks()):
        for tag in np.flatnonzero(~others[fold]).tolist():
            own[out & (own[:, tag] == 1), tag] = UNKNOWN
    return own


def fit_thresholds(
    decision: np.ndarray, labels: np.ndarray, own: np.ndarray, inside: np.ndarray | None = None
) -> Thresholds:
    """Fit thresholds to out-of-fold decision values, (n_articles, n_tags), of the articles of a mask, or of all.

    The pooled one is chosen on `labels`, those of the tags on `own` (see `own_labels`). A tag without positives in `own` has
    the pooled one.
    """
    inside = np.ones(len(labels), dtype=bool) if inside is None else inside

    def known() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for rows in row_blocks(*labels.shape):
            pairs = (labels[rows] != UNKNOWN) & inside[rows, None]
            yield decision[rows][pairs], labels[rows][pairs] == 1

    pooled = best_of_blocks(known)
    best = np.full(labels.shape[1], pooled)
    n_positive = count(own, 1, inside).astype(np.float64)
    for tags in column_blocks(*labels.shape):
        values, of_tags = (np.asarray(part[inside, tags].T, order="C") for part in (decision, own))
        for tag in np.flatnonzero(n_positive[tags]).tolist():
            is_own = of_tags[tag] != UNKNOWN
            best[tags.start + tag] = best_threshold(values[tag, is_own], of_tags[tag, is_own] == 1)
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
