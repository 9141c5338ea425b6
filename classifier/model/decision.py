"""The decision value of a tag, its score, and the choice of suggestions: the one place of these rules.

A decision value joins the value of a tag's linear classifier with the value of its mentions. The stacking model that joins
them is linear and shared by all tags of a kind. Fitting, serving and the exported pipeline all decide by this module.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

STACKING_FEATURES = (
    "classifier",
    "gap to the best tag",
    "is the best tag",
    "is the second tag",
    "examples",
    "examples and classifier",
    "mentions",
    "mentions and few examples",
)
# A classifier that was fitted on n positives is shrunk by n / (n + SHRINKAGE): the fewer it has, the less it counts.
SHRINKAGE = 3.0


def stacking_features(classifier: np.ndarray, n_positive: np.ndarray, mentions: np.ndarray) -> np.ndarray:
    """Return the features of decision values, (n_articles, n_tags, len(STACKING_FEATURES)) float64.

    `classifier`: (n_articles, n_tags) float64, values of linear classifiers; any number where `n_positive` is 0.
    `n_positive`: (n_articles, n_tags) or (n_tags,), positives that the classifier was fitted on.
    `mentions`: (n_articles, n_tags) float64, the logit by the mentions alone.
    """
    return features_of_pairs(classifier, n_positive, mentions, *two_best(classifier, n_positive))


def two_best(classifier: np.ndarray, n_positive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the highest and the second highest value of the fitted tags of each article, both (n_articles, 1)."""
    return _two_best(np.where(np.asarray(n_positive) > 0, classifier, -np.inf))


def features_of_pairs(
    classifier: np.ndarray, n_positive: np.ndarray, mentions: np.ndarray, best: np.ndarray, second: np.ndarray
) -> np.ndarray:
    """Return the features of pairs, (…, len(STACKING_FEATURES)) float64. `best` and `second` are of their articles."""
    n = np.broadcast_to(np.asarray(n_positive, dtype=np.float64), classifier.shape)
    fitted = np.where(n > 0, classifier, -np.inf)
    shrink = n / (n + SHRINKAGE)
    log_n = np.log1p(n)
    value = np.where(n > 0, classifier, 0.0)
    features = (
        shrink * value,
        np.where(n > 0, shrink * (value - best), 0.0),
        shrink * (fitted == best),
        shrink * (fitted == second),
        log_n,
        shrink * log_n * value,
        mentions,
        mentions / (n + 1.0),
    )
    return np.stack(features, axis=-1)


def stacked_decision(features: np.ndarray, weights: np.ndarray, intercepts: np.ndarray) -> np.ndarray:
    """Return decision values, (…, n_tags), of stacking features, (…, n_tags, len(STACKING_FEATURES))."""
    return np.asarray(np.einsum("...tf,tf->...t", features, weights) + intercepts)


def _two_best(fitted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the highest and second highest value of each row, as columns; 0 where a row has none."""
    if fitted.shape[1] < 2:
        best = fitted.max(axis=1, keepdims=True)
        return np.where(np.isfinite(best), best, 0.0), np.full_like(best, np.nan)
    top = np.partition(fitted, -2, axis=1)[:, -2:]
    best, second = top[:, 1:], top[:, :1]
    return np.where(np.isfinite(best), best, 0.0), np.where(second < best, second, np.nan)


class StackingModel:
    """The stacking model of fitted tags: `stacked_decision` of `stacking_features`, folded into few numbers for each tag.

    The decision value of a tag is slope * classifier - gap_weight * best + is_best_bonus * (is best)
    + is_second_bonus * (is second) + prior + recency + mention_weight * mentions.
    prior, recency and mention_weight are (n_tags,) float64, the others (n_fitted,).
    """

    def __init__(
        self,
        weights: np.ndarray,
        intercepts: np.ndarray,
        n_positive: np.ndarray,
        fitted: np.ndarray,
        recency: np.ndarray,
    ) -> None:
        """Fold the weights, (n_tags, len(STACKING_FEATURES)), for the tags `fitted` that have a classifier, (n_fitted,).

        `recency`, (n_tags,), is what the recent rates of the tags add.
        """
        n = n_positive.astype(np.float64)
        log_n = np.log1p(n)
        classifier, gap, is_best, is_second, examples, examples_and_classifier, mentions, few_examples = weights.T
        shrink = n / (n + SHRINKAGE)
        self.fitted = fitted
        self.slope = (shrink * (classifier + gap + examples_and_classifier * log_n))[fitted]
        self.gap_weight = (shrink * gap)[fitted]
        self.is_best_bonus, self.is_second_bonus = (shrink * is_best)[fitted], (shrink * is_second)[fitted]
        self.prior = intercepts + examples * log_n
        self.recency = recency
        self._constant = self.prior + recency
        self.mention_weight = mentions + few_examples / (n + 1.0)

    def with_recency(self, recency: np.ndarray) -> Self:
        """Return the same model with other values of `recency`, (n_tags,) float64."""
        stack = copy(self)
        stack.recency, stack._constant = recency, self.prior + recency
        return stack

    def decision(self, classifier: np.ndarray, mentions: np.ndarray) -> np.ndarray:
        """Return decision values of classifier values, (n_articles, n_fitted), and mentions, (n_articles, n_tags)."""
        decision: np.ndarray = self._constant + self.mention_weight * mentions
        if len(self.fitted):
            decision[:, self.fitted] += self.slope * classifier + self.competing(classifier)
        return decision

    def mentions_at(self, decision: np.ndarray) -> np.ndarray:
        """Return the mentions, (n_tags,) float64, from which on tags without a classifier have decision values of (n_tags,).

        -inf where a decision value is -inf, or where mentions speak against the tag.
        """
        counts = self.mention_weight > 0.0
        return np.where(counts, (decision - self._constant) / np.where(counts, self.mention_weight, 1.0), -np.inf)

    def competing(self, classifier: np.ndarray) -> np.ndarray:
        """Return what the other tags add to the decision values of the fitted tags, (n_articles, n_fitted)."""
        best, second = _two_best(classifier)
        added: np.ndarray = self.is_best_bonus * (classifier == best)
        added += self.is_second_bonus * (classifier == second)
        added -= self.gap_weight * best
        return added


class Doubts(NamedTuple):
    """Reasons not to trust the words of some articles."""

    is_silent: np.ndarray  # (n_articles,) bool, the text says nothing
    is_foreign: np.ndarray  # (n_articles,) bool, the text is in another language
    written_out: (
        np.ndarray
    )  # (n_articles, n_tags) bool, a tag's name is written out: only that counts in a foreign text


@dataclass(frozen=True)
class Choice:
    """How decision values become suggestions."""

    active: np.ndarray  # (n_tags,) bool, False for muted and retired tags
    exclusive_kinds: Sequence[Sequence[int]]  # the columns of the tags of each kind of which an article has one at most
    always_one: bool  # whether each article gets at least one tag

    def suggested(self, decision: np.ndarray, thresholds: np.ndarray, doubts: Doubts | None = None) -> np.ndarray:
        """Return which tags to suggest, (n_articles, n_tags) bool, at thresholds of (n_tags,) or (n_articles, n_tags)."""
        passed: np.ndarray = (decision >= thresholds) & self.active
        if doubts is not None and doubts.is_foreign.any():
            passed &= doubts.written_out | ~doubts.is_foreign[:, None]
        if self.always_one and self.active.any():
            lacks_tags = ~passed.any(axis=1)
            if doubts is not None:
                lacks_tags &= ~doubts.is_foreign
            rows = np.flatnonzero(lacks_tags)
            passed[rows, np.where(self.active, decision[rows], -np.inf).argmax(axis=1)] = True
        if doubts is not None:
            passed &= ~doubts.is_silent[:, None]
        return best_of_kinds(passed, decision, self.exclusive_kinds)


def best_of_kinds(passed: np.ndarray, decision: np.ndarray, exclusive_kinds: Sequence[Sequence[int]]) -> np.ndarray:
    """Return what passed, (n_articles, n_tags) bool, but of each exclusive kind only the best tag."""
    chosen = passed.copy()
    for members in map(list, exclusive_kinds):
        of_kind = passed[:, members]
        if np.count_nonzero(of_kind) > 1:
            values = np.where(of_kind, decision[:, members], -np.inf)
            chosen[:, members] &= np.arange(len(members)) == values.argmax(axis=1)[:, None]
    return chosen


def sigmoid(value: np.ndarray) -> np.ndarray:
    """Return the logistic function of decision values."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.minimum(np.maximum(value, -500.0), 500.0))))
