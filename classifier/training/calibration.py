"""Fitting the curves that turn decision values into scores, over all pairs of article and tag.

What is suggested shows a score, and so does what is mentioned, explained or ranked. So one curve is fitted to all pairs, over
the decision value, its distance to the tag's threshold, and the number of the tag's positives: a tag with a low threshold or
few positives is right more often than its decision value says. A tag without examples has a curve of its own, fitted to tags
that are held out whole.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from classifier.domain.examples import UNKNOWN
from classifier.training.held_out_tags import AliasPairs, HeldOutTags, by_kind
from classifier.training.pair_arrays import count, nth_largest, row_blocks
from classifier.training.training_set import TrainingSet, has_others

QUANTILES = (0.2, 0.4, 0.6, 0.8)  # of the uncertain pairs: where the curve over decision values bends
HARD_PER_POSITIVE = 4  # so many of the highest pairs for each positive are never sampled
MARGIN_BENDS = (-1.0, 1.0)  # distances to the tag's threshold
ALIAS_QUANTILES = (0.05, 0.35, 0.65)  # of the named pairs
MIN_SLOPE = 0.05
FEW_POSITIVES = 6  # see `_log_n`
PRIOR = 1.0  # the precision, in pairs, of the belief that a decision value is a log-odds
MAX_EASY = 20_000  # easy negatives beyond this are sampled and weighted


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


class _Pairs(NamedTuple):
    """The pairs that curves are fitted on: all positives, all hard negatives, and a sample of the others that weighs more."""

    values: np.ndarray  # (n,) float64, decision values
    margins: np.ndarray  # (n,) float64, less the centres of their folds
    right: np.ndarray  # (n,) bool
    tags: np.ndarray  # (n,) int64
    weights: np.ndarray  # (n,) float64


def fit_score_model(
    data: TrainingSet, decision: np.ndarray, centres: np.ndarray, held_out: HeldOutTags, inside: np.ndarray
) -> ScoreModel:
    """Fit on the articles of a mask, with out-of-fold decision values, (n_articles, n_tags).

    `centres`, (n_folds, n_tags), were chosen on the other folds: a threshold flatters the pairs that it was chosen on.
    """
    pairs = _sampled(data, decision, centres, inside)
    bends = _uncertain(pairs.values, pairs.weights, QUANTILES)
    intercept, (over_decision, over_margin, over_log_n) = _fit_hinges(
        [
            (pairs.values, bends, 1.0, MIN_SLOPE),
            (pairs.margins, np.array(MARGIN_BENDS), 0.0, 0.0),
            (_log_n(count(data.labels, 1, inside))[pairs.tags], np.zeros(1), 0.0, -np.inf),
        ],
        pairs.right,
        pairs.weights,
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


def _uncertain(values: np.ndarray, weights: np.ndarray, quantiles: Sequence[float]) -> np.ndarray:
    """Return quantiles of decision values, each weighted by how uncertain it is as a log-odds: p * (1 - p)."""
    if not len(values):
        return np.zeros(len(quantiles))
    order = np.argsort(values, kind="stable")
    p = expit(values[order])
    share = np.cumsum(weights[order] * p * (1.0 - p))
    return np.asarray(values[order[np.searchsorted(share, np.array(quantiles) * share[-1])]])


def _sampled(data: TrainingSet, decision: np.ndarray, centres: np.ndarray, inside: np.ndarray) -> _Pairs:
    """Return all hard pairs and positives of the articles of a mask, and at most MAX_EASY easy negatives, evenly drawn.

    Hard are the pairs with the highest decision values, HARD_PER_POSITIVE for each positive. The few positives below them are
    not left to chance, because each of those that was drawn would weigh as much as many.
    """
    n_tags, others = decision.shape[1], has_others(data)

    def known() -> Iterator[np.ndarray]:
        """Yield the pairs of each block, numbered by article and tag."""
        for rows in row_blocks(*decision.shape):
            pairs = (data.labels[rows] != UNKNOWN) & inside[rows, None] & others[data.folds[rows]]
            yield np.flatnonzero(pairs) + rows.start * n_tags

    flat, flat_labels = decision.ravel(), data.labels.ravel()
    sizes = np.array([(len(pairs), np.count_nonzero(flat_labels[pairs] == 1)) for pairs in known()]).sum(axis=0)
    n_pairs, n_positive = sizes.tolist()
    n_hard = min(n_pairs, max(1, HARD_PER_POSITIVE * n_positive))
    level = nth_largest((flat[pairs] for pairs in known()), n_hard) if n_pairs else 0.0

    def is_easy(pairs: np.ndarray) -> np.ndarray:
        return np.asarray((flat[pairs] < level) & (flat_labels[pairs] != 1))

    n_easy = sum(np.count_nonzero(is_easy(pairs)) for pairs in known())
    step, begin = -(-n_easy // MAX_EASY) or 1, 0
    kept, drawn = [], []
    for pairs in known():
        are_easy = is_easy(pairs)
        easy = pairs[are_easy]
        kept.append(pairs[~are_easy])
        drawn.append(easy[-begin % step :: step])
        begin += len(easy)
    rows = np.concatenate([*kept, *drawn])
    weights = np.ones(len(rows))
    n_drawn = sum(map(len, drawn))
    weights[len(rows) - n_drawn :] = n_easy / max(1, n_drawn)
    articles, tags = np.divmod(rows, n_tags)
    values = flat[rows].astype(np.float64)
    return _Pairs(values, values - centres[data.folds[articles], tags], flat_labels[rows] == 1, tags, weights)


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
    right = right.astype(np.float64)
    total = max(1.0, float(weights @ right))
    # In units in which the loss bends alike over all coefficients the search takes half as many steps.
    probabilities = expit(X @ expected)
    units = 1.0 / np.sqrt(((weights * probabilities * (1.0 - probabilities)) @ X**2 + PRIOR) / total)
    X *= units

    def loss(coefficients: np.ndarray) -> tuple[float, np.ndarray]:
        z, away = X @ coefficients, coefficients * units - expected
        # One exponential for both the loss and the probabilities: they are most of the time of a fit.
        small = np.exp(-np.abs(z))
        losses = np.log1p(small)
        losses += np.maximum(z, 0.0)
        losses -= right * z
        small /= 1.0 + small  # the probability of the less likely answer
        missed = np.where(z > 0.0, 1.0 - small, small)
        missed -= right
        missed *= weights
        value = weights @ losses + 0.5 * PRIOR * away @ away
        return float(value) / total, (missed @ X + PRIOR * away * units) / total

    bounds = [(low, None) for low in least / units]
    fitted = minimize(
        loss, expected / units, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500, "ftol": 1e-11}
    )
    coefficients = fitted.x * units
    intercept, start = float(coefficients[0]), 1
    hinges = []
    for _, bends, _, _ in parts:
        slopes = coefficients[start : start + len(bends) + 1]
        hinges.append(Hinges(float(slopes[0]), bends, np.diff(slopes)))
        intercept -= float(slopes[0] * bends[0])  # the first segment ends at the first bend
        start += len(slopes)
    return intercept, hinges
