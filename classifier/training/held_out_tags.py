"""Decision values of tags as if they had no examples, by mention models that have not learned from them.

This is what a new tag with aliases gets in its first minute. A tag is held out whole: in all articles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from classifier.domain.examples import UNKNOWN
from classifier.model.decision import STACKING_FEATURES
from classifier.training.mention_fitting import fit_mentions
from classifier.training.pair_arrays import count
from classifier.training.training_set import MIN_KIND_POSITIVES, TrainingSet

if TYPE_CHECKING:
    from classifier.training.stacking import StackingWeights

N_TAG_FOLDS = 5


class AliasPairs(NamedTuple):
    """Pairs of article and tag as if the tag had no examples. Pairs of a tag that is not named are counted, not listed."""

    tags: np.ndarray  # (n,) positions of the tags
    decision: np.ndarray  # (n,) float64
    right: np.ndarray  # (n,) bool
    weights: np.ndarray  # (n,) float64, how many pairs are alike
    named: np.ndarray  # (n,) bool, whether the article names the tag


class HeldOutTags(NamedTuple):
    """Decision values as if tags had no examples."""

    named: np.ndarray  # (n_named,) float64, of the pairs in the order of the mention features
    unnamed: np.ndarray  # (n_tags,) float64, of a tag in an article that does not name it

    def pairs(self, data: TrainingSet, inside: np.ndarray) -> AliasPairs:
        """Return the pairs with known labels of the articles of a mask."""
        named, n_tags = data.corpus.named, data.labels.shape[1]
        labels = data.labels[named.articles, named.tags]
        rows = inside[named.articles] & (labels != UNKNOWN)
        tags, right = named.tags[rows], labels[rows] == 1
        n_right, n_wrong = (
            count(data.labels, label, inside) - np.bincount(tags[right == bool(label)], minlength=n_tags)
            for label in (1, 0)
        )
        all_tags, is_named = np.arange(n_tags), np.arange(len(tags) + 2 * n_tags) < len(tags)
        return AliasPairs(
            np.concatenate([tags, all_tags, all_tags]),
            np.concatenate([self.named[rows], self.unnamed, self.unnamed]),
            np.concatenate([right, np.ones(n_tags, dtype=bool), np.zeros(n_tags, dtype=bool)]),
            np.concatenate([np.ones(len(tags)), n_right, n_wrong]),
            is_named,
        )


def by_kind(data: TrainingSet, inside: np.ndarray, fit: Callable[[np.ndarray], np.ndarray | float]) -> np.ndarray:
    """Return what is fitted to the tags of each kind, (n_tags, …), on the articles of a mask. `fit` gets a mask of tags.

    Kinds with few positives share a fit, as they share a stacking model: decision values of other kinds have another scale.
    """
    kinds = np.array([tag.kind for tag in data.taxonomy.tags])
    n_positive = count(data.labels, 1, inside)
    large = [kind for kind in sorted(set(kinds.tolist())) if n_positive[kinds == kind].sum() >= MIN_KIND_POSITIVES]
    of_kinds = [kinds == kind for kind in large] + [~np.isin(kinds, large)]
    parts = [(tags, fit(tags)) for tags in of_kinds if tags.any()]
    fitted = np.zeros((len(kinds), *np.shape(parts[0][1])))
    for tags, values in parts:
        fitted[tags] = values
    return fitted


def hold_out_tags(data: TrainingSet, stacking: StackingWeights) -> HeldOutTags:
    """Return decision values by mention models fitted on the other tags, joined by the stacking model of all tags."""
    named, n_tags = data.corpus.named, data.labels.shape[1]
    group = np.arange(n_tags) % N_TAG_FOLDS
    mentions, nowhere = np.zeros(len(named.tags)), np.zeros(n_tags)
    for number in range(min(N_TAG_FOLDS, n_tags)):
        labels = np.where(group == number, np.int8(UNKNOWN), data.labels)
        model = fit_mentions(named, labels, data.all_rows)
        pairs = group[named.tags] == number
        mentions[pairs] = model.pooled(named, pairs)
        nowhere[group == number] = model.nowhere
    columns = [STACKING_FEATURES.index(name) for name in ("mentions", "mentions and few examples")]
    slope = stacking.weights[:, columns].sum(axis=1)
    decision = slope[named.tags] * mentions + stacking.intercepts[named.tags]
    return HeldOutTags(decision, slope * nowhere + stacking.intercepts)


def nothing_held_out(data: TrainingSet) -> HeldOutTags:
    """Return decision values of 0, for a model that does not learn from mentions."""
    return HeldOutTags(np.zeros(len(data.corpus.named.tags)), np.zeros(data.labels.shape[1]))
