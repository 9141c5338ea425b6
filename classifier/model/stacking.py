"""From separators and naming to decision values and scores: one pooled linear model, shared by fitting and serving."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

STACK = (
    "separator",
    "gap to the best tag",
    "is the best tag",
    "is the second tag",
    "examples",
    "examples and separator",
    "naming",
    "naming and few examples",
)
# How far a separator that was fitted on n positives is heard: n / (n + HEARD). Not at all for a tag without examples.
HEARD = 3.0


def stack_features(separator: np.ndarray, n_positive: np.ndarray, naming: np.ndarray) -> np.ndarray:
    """Return the features from which one pooled linear model makes decision values.

    Args:
        separator: (n_articles, n_tags) float64, decision values of the tags' separators; any number where
            `n_positive` is 0, because such a tag has none.
        n_positive: (n_articles, n_tags) or (n_tags,), positives that the separator was fitted on.
        naming: (n_articles, n_tags) float64, the naming logit.

    Returns:
        (n_articles, n_tags, len(STACK)) float64.
    """
    n = np.broadcast_to(np.asarray(n_positive, dtype=np.float64), separator.shape)
    fitted = np.where(n > 0, separator, -np.inf)
    best, second = _two_best(fitted)
    heard = n / (n + HEARD)
    log_n = np.log1p(n)
    value = np.where(n > 0, separator, 0.0)
    features = (
        heard * value,
        np.where(n > 0, heard * (value - best), 0.0),
        heard * (fitted == best),
        heard * (fitted == second),
        log_n,
        heard * log_n * value,
        naming,
        naming / (n + 1.0),
    )
    return np.stack(features, axis=-1)


def stack_decision(features: np.ndarray, weights: np.ndarray, intercepts: np.ndarray) -> np.ndarray:
    """Return decision values, (…, n_tags), of stack features, (…, n_tags, len(STACK))."""
    decision: np.ndarray = np.einsum("...tf,tf->...t", features, weights) + intercepts
    return decision


def _two_best(fitted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the highest and second highest value of each row, as columns; 0 where a row has none."""
    if fitted.shape[1] < 2:
        best = fitted.max(axis=1, keepdims=True)
        return np.where(np.isfinite(best), best, 0.0), np.full_like(best, np.nan)
    top = np.partition(fitted, -2, axis=1)[:, -2:]
    best, second = top[:, 1:], top[:, :1]
    return np.where(np.isfinite(best), best, 0.0), np.where(second < best, second, np.nan)


class FoldedStack:
    """The stack of a fitted model with all that depends on the tag alone folded into one number for each term of the sum.

    The decision value of a tag is
    slope * separator - rivalry * best + ahead * (is best) + behind * (is second) + prior + heed * naming;
    each is float64, of prior and heed (n_tags,), of the others (n_fitted,). It equals `stack_decision` of `stack_features`.
    """

    def __init__(self, weights: np.ndarray, intercepts: np.ndarray, n_positive: np.ndarray, fitted: np.ndarray) -> None:
        """Fold weights, (n_tags, len(STACK)), and intercepts, (n_tags,), for separators fitted on `n_positive` each.

        `fitted` are the tags that have a separator, (n_fitted,) int32.
        """
        n = n_positive.astype(np.float64)
        log_n = np.log1p(n)
        separator, gap, is_best, is_second, examples, both, naming, naming_of_few = weights.T
        heard = n / (n + HEARD)
        self._fitted = fitted
        self.slope = (heard * (separator + gap + both * log_n))[fitted]
        self.rivalry = (heard * gap)[fitted]
        self.ahead, self.behind = (heard * is_best)[fitted], (heard * is_second)[fitted]
        self.prior = intercepts + examples * log_n
        self.heed = naming + naming_of_few / (n + 1.0)

    def decision(self, separator: np.ndarray, naming: np.ndarray) -> np.ndarray:
        """Return decision values, (n_articles, n_tags) float64.

        Args:
            separator: (n_articles, n_fitted) float64, the values of the separators.
            naming: (n_articles, n_tags) float64.
        """
        values: np.ndarray = self.prior + self.heed * naming
        if len(self._fitted):
            values[:, self._fitted] += self.slope * separator + self.competing(separator)
        return values

    def competing(self, separator: np.ndarray) -> np.ndarray:
        """Return what the other tags add to the decision values of the fitted tags, (n_articles, n_fitted)."""
        best, second = _two_best(separator)
        added: np.ndarray = self.ahead * (separator == best)
        added += self.behind * (separator == second)
        added -= self.rivalry * best
        return added


def one_of_each_kind(passed: np.ndarray, decision: np.ndarray, exclusive: Iterable[Sequence[int]]) -> np.ndarray:
    """Return what passed, (n_articles, n_tags) bool, with only the best tag of each exclusive kind.

    Args:
        exclusive: the places of the tags of each such kind (`Taxonomy.exclusive_kinds`).
    """
    chosen = passed.copy()
    for members in map(list, exclusive):
        values = np.where(passed[:, members], decision[:, members], -np.inf)
        chosen[:, members] &= np.arange(len(members)) == values.argmax(axis=1)[:, None]
    return chosen


def sigmoid(value: np.ndarray) -> np.ndarray:
    """Return the logistic function of decision values."""
    odds: np.ndarray = np.exp(-np.clip(value, -500, 500))
    return 1.0 / (1.0 + odds)


def calibrated(decision: np.ndarray, calibration: np.ndarray) -> np.ndarray:
    """Return scores for decision values: a logistic curve with one bend, learned from out-of-fold suggestions.

    calibration: intercept, slope, and the place of the bend with the slope behind it in the last two entries.
    """
    intercept, slope, bend, slope_behind = calibration
    return sigmoid(intercept + slope * np.minimum(decision, bend) + slope_behind * np.maximum(decision - bend, 0.0))
