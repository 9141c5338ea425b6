"""Fitting the curves that turn decision values into scores, over all pairs of article and tag.

What is suggested shows a score, and so does what is mentioned, explained or ranked. So one curve is fitted to all pairs, over
the decision value, its distance to the tag's threshold, and the number of the tag's positives: a tag with a low threshold or
few positives is right more often than its decision value says. A tag without examples has a curve of its own, fitted to tags
that are held out whole.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from classifier.domain.examples import UNKNOWN
from classifier.training.held_out_tags import AliasPairs, HeldOutTags, by_kind
from classifier.training.training_set import TrainingSet, has_others

QUANTILES = (0.2, 0.4, 0.6, 0.8)  # of the uncertain pairs: where the curve over decision values bends
HARD_PER_POSITIVE = 4  # so many of the highest pairs for each positive are never sampled
MARGIN_BENDS = (-1.0, 1.0)  # distances to the tag's threshold
ALIAS_QUANTILES = (0.05, 0.35, 0.65)  # of the named pairs
MIN_SLOPE = 0.05
FEW_POSITIVES = 6  # see `_log_n`
PRIOR = 1.0  # the precision, in pairs, of the belief that a decision value is a log-odds
MAX_EASY = 200_000  # easy pairs beyond this are sampled and weighted


class Hinges(NamedTuple):
    """A monotone, piecewise linear function: slope * x + sum of change * max(x - bend, 0)."""

    slope: float
    bends: np.ndarray  # (n_bends,)
    changes: np.ndarray  # (n_bends,)

    def row(self, intercept: float) -> np.ndarray:
        """Return the function with an intercept as a curve (see `model.calibration`), (2 + 2 * n_bends,)."""
        return np.concatenate([[intercept, self.slope], self.bends, self.changes])


class ScoreModel(NamedTuple):
    """The curves of all tags, before the thresholds that they are measured from are put in."""

    intercept: float
    over_decision: Hinges
    over_margin: Hinges
    over_log_n: float  # the slope over the logarithm of a tag's number of positives
    alias: np.ndarray  # (n_tags, 2 + 2 * n_alias_bends), of a tag of this kind without examples

    def curves(self, centres: np.ndarray, n_positive: np.ndarray) -> np.ndarray:
        """Return a curve for each tag, (n_tags, n_curve). A tag without a classifier has the alias curve of its kind.

        `centres`, (n_tags,), are the thresholds that the margins are measured from. `n_positive`, (n_tags,), is 0 for a tag
        without a classifier.
        """
        over, margin = self.over_decision, self.over_margin
        n_tags = len(centres)
        columns = (
            self.intercept + self.over_log_n * _log_n(n_positive) - margin.slope * centres,
            np.full(n_tags, over.slope + margin.slope),
            *np.tile(over.bends, (n_tags, 1)).T,
            *(margin.bends[:, None] + centres),
            *np.tile(np.concatenate([over.changes, margin.changes]), (n_tags, 1)).T,
        )
        return np.where(n_positive[:, None] > 0, np.stack(columns, axis=1), self.alias_curves())

    def alias_curves(self) -> np.ndarray:
        """Return the curve that a new tag of each tag's kind has, (n_tags, n_curve), with bends of no change."""
        bends, changes = np.split(self.alias[:, 2:], 2, axis=1)
        more = np.zeros((len(bends), len(self.over_decision.bends) + len(self.over_margin.bends) - bends.shape[1]))
        return np.concatenate([self.alias[:, :2], bends, more, changes, more], axis=1)


def fit_score_model(
    data: TrainingSet, decision: np.ndarray, centres: np.ndarray, held_out: HeldOutTags, inside: np.ndarray
) -> ScoreModel:
    """Fit on the articles of a mask, with out-of-fold decision values, (n_articles, n_tags) float64.

    `centres`, the same shape, were chosen on the other folds: a threshold flatters the pairs that it was chosen on.
    """
    pairs = (data.labels != UNKNOWN) & has_others(data) & inside[:, None]
    values, right, margins = decision[pairs], data.labels[pairs] == 1, (decision - centres)[pairs]
    bends = _uncertain(values, QUANTILES)
    rows, weights = _sampled(_hard(values, right))
    log_n = np.broadcast_to(_log_n((data.labels[inside] == 1).sum(axis=0)), pairs.shape)[pairs]
    intercept, (over_decision, over_margin, over_log_n) = _fit_hinges(
        [
            (values[rows], bends, 1.0, MIN_SLOPE),
            (margins[rows], np.array(MARGIN_BENDS), 0.0, 0.0),
            (log_n[rows], np.zeros(1), 0.0, -np.inf),
        ],
        right[rows],
        weights,
    )
    alias = held_out.pairs(data, inside)
    alias_curves = by_kind(data, inside, lambda tags: _fit_alias_curve(alias, tags))
    return ScoreModel(
        intercept, over_decision, over_margin, over_log_n.slope + float(over_log_n.changes[0]), alias_curves
    )


def _log_n(n_positive: np.ndarray) -> np.ndarray:
    """Return the logarithms of numbers of positives; below FEW_POSITIVES they do not count, or scores would fall with them."""
    return np.asarray(np.log(np.maximum(n_positive, FEW_POSITIVES)))


def _fit_alias_curve(pairs: AliasPairs, tags: np.ndarray) -> np.ndarray:
    """Return the curve of tags without examples, (2 + 2 * n_alias_bends,), fitted on the tags of a mask."""
    rows = tags[pairs.tags]
    decision, named = pairs.decision[rows], pairs.decision[rows & pairs.named]
    bends = np.quantile(named, ALIAS_QUANTILES) if len(named) else np.zeros(len(ALIAS_QUANTILES))
    intercept, (curve,) = _fit_hinges([(decision, bends, 1.0, MIN_SLOPE)], pairs.right[rows], pairs.weights[rows])
    return curve.row(intercept)


def _uncertain(values: np.ndarray, quantiles: Sequence[float]) -> np.ndarray:
    """Return quantiles of decision values, each weighted by how uncertain it is as a log-odds: p * (1 - p)."""
    if not len(values):
        return np.zeros(len(quantiles))
    order = np.argsort(values)
    p = expit(values[order])
    share = np.cumsum(p * (1.0 - p))
    return np.asarray(values[order[np.searchsorted(share, np.array(quantiles) * share[-1])]])


def _hard(values: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return which pairs are among the highest, HARD_PER_POSITIVE for each positive: a mask, (n_pairs,) bool."""
    if not len(values):
        return np.zeros(0, dtype=bool)
    n_hard = min(len(values), max(1, HARD_PER_POSITIVE * int(right.sum())))
    return np.asarray(values >= np.partition(values, len(values) - n_hard)[len(values) - n_hard])


def _sampled(hard: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of all hard pairs and of at most MAX_EASY easy ones, evenly drawn, and their weights."""
    easy = np.flatnonzero(~hard)
    step = -(-len(easy) // MAX_EASY) or 1
    drawn = easy[::step]
    rows = np.concatenate([np.flatnonzero(hard), drawn])
    weights = np.ones(len(rows))
    weights[len(rows) - len(drawn) :] = len(easy) / max(1, len(drawn))
    return rows, weights


def _segments(values: np.ndarray, bends: np.ndarray) -> np.ndarray:
    """Return how far values reach into each segment between bends, (n, n_bends + 1); the first is below all bends."""
    edges = np.append(bends, np.inf)
    inner = [np.clip(values - low, 0.0, high - low) for low, high in itertools.pairwise(edges)]
    return np.stack([np.minimum(values - bends[0], 0.0), *inner], axis=1)


def _fit_hinges(
    parts: Sequence[tuple[np.ndarray, np.ndarray, float, float]], right: np.ndarray, weights: np.ndarray
) -> tuple[float, list[Hinges]]:
    """Fit a logistic regression on the sum of monotone functions, by maximum a posteriori.

    Each part has its values, (n,), its bends, the slope that is expected, and the least slope. Returns the intercept.
    """
    X = np.column_stack([np.ones(len(right)), *(_segments(values, bends) for values, bends, _, _ in parts)])
    expected = np.concatenate([[0.0], *(np.full(len(bends) + 1, slope) for _, bends, slope, _ in parts)])
    least = np.concatenate([[-np.inf], *(np.full(len(bends) + 1, low) for _, bends, _, low in parts)])

    def loss(coefficients: np.ndarray) -> tuple[float, np.ndarray]:
        z, away = X @ coefficients, coefficients - expected
        value = weights @ (np.logaddexp(0.0, z) - right * z) + 0.5 * PRIOR * away @ away
        return float(value) / total, ((weights * (expit(z) - right)) @ X + PRIOR * away) / total

    total = max(1.0, float(weights @ right))
    bounds = [(low, None) for low in least]
    fitted = minimize(
        loss, expected, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500, "ftol": 1e-11}
    )
    intercept, start = float(fitted.x[0]), 1
    hinges = []
    for _, bends, _, _ in parts:
        slopes = fitted.x[start : start + len(bends) + 1]
        hinges.append(Hinges(float(slopes[0]), bends, np.diff(slopes)))
        intercept -= float(slopes[0] * bends[0])  # the first segment ends at the first bend
        start += len(slopes)
    return intercept, hinges
