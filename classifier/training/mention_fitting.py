"""Fitting the mention model: one pooled linear model over the mention features of all tags, and an offset for each tag."""

from typing import NamedTuple

import numpy as np
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from classifier.domain.examples import UNKNOWN
from classifier.model.decision import sigmoid
from classifier.text.mention_features import (
    CATEGORIES,
    FEATURES,
    GROUP,
    NOWHERE,
    ONCE,
    MentionFeatures,
    MentionWeights,
    crossed,
)
from classifier.training.pair_arrays import count

KAPPA = 4.0  # examples that the average over all tags counts for in a tag's own offsets
PASSING_COST = 2.0  # of a mistake on a group that the body names once and the article lacks: editors mind it more
MAX_PAIRS = 200_000  # that the pooled model is fitted on


class MentionModel(NamedTuple):
    """The pooled model over mention features, and the offsets of each tag."""

    weights: np.ndarray
    intercept: float
    nowhere: float  # the logit of a tag that an article does not name
    offsets: np.ndarray  # (n_tags, len(CATEGORIES))

    def pooled(self, named: MentionFeatures, pairs: np.ndarray) -> np.ndarray:
        """Return the logits without the tags' own offsets, of the named pairs of a mask."""
        return MentionWeights(self.weights, self.intercept).logits(named.kinds[pairs], named.shared[pairs])


def no_mentions(n_tags: int) -> MentionModel:
    """Return the model for which mentions make no difference."""
    return MentionModel(np.zeros(len(FEATURES)), 0.0, 0.0, np.zeros((n_tags, len(CATEGORIES))))


def fit_mentions(named: MentionFeatures, labels: np.ndarray, inside: np.ndarray) -> MentionModel:
    """Fit on the articles of the mask `inside`.

    A tag's offset in a category is the logit of how often the category was right for it, shrunk with KAPPA to what the
    pooled model expects, minus that expectation.
    """
    pair_labels = labels[named.articles, named.tags]
    pairs = inside[named.articles] & (pair_labels != UNKNOWN)
    tags, categories, right = named.tags[pairs], named.categories[pairs], pair_labels[pairs] == 1
    in_passing = (categories == ONCE) & (named.kinds[pairs] == GROUP) & ~right
    costs = np.where(in_passing, PASSING_COST, 1.0)
    weights, intercept = _fit_pooled(named, np.flatnonzero(pairs), right, costs)
    expected = sigmoid(MentionWeights(weights, intercept).logits(named.kinds[pairs], named.shared[pairs]))
    shape = (labels.shape[1], len(CATEGORIES))
    n, hits, sums = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for total, amount in ((n, costs), (hits, right), (sums, costs * expected)):
        np.add.at(total, (tags, categories), amount)
    n_known = inside.sum() - count(labels, UNKNOWN, inside)
    n[:, NOWHERE] = n_known - np.bincount(tags, minlength=shape[0])
    hits[:, NOWHERE] = count(labels, 1, inside) - hits.sum(axis=1)
    nowhere = (hits[:, NOWHERE].sum() + 0.5) / (n[:, NOWHERE].sum() + 1.0)
    sums[:, NOWHERE] = n[:, NOWHERE] * nowhere
    usual = np.clip(np.divide(sums, n, out=np.full(shape, 0.5), where=n > 0), 1e-6, 1 - 1e-6)
    shrunk = np.clip((hits + KAPPA * usual) / (n + KAPPA), 1e-6, 1 - 1e-6)
    return MentionModel(weights, intercept, float(logit(nowhere)), np.where(n > 0, logit(shrunk) - logit(usual), 0.0))


def _fit_pooled(
    named: MentionFeatures, pairs: np.ndarray, right: np.ndarray, costs: np.ndarray
) -> tuple[np.ndarray, float]:
    """Fit the pooled model on at most MAX_PAIRS pairs, evenly drawn; return its weights and its intercept."""
    step = -(-len(pairs) // MAX_PAIRS) or 1
    sample, is_right = pairs[::step], right[::step]
    if len(set(is_right.tolist())) < 2:
        return np.zeros(len(FEATURES)), -1.0
    features = crossed(named.shared[sample], named.kinds[sample])
    is_used = features.any(axis=0)  # an archive without groups has none of their features
    model = LogisticRegression(C=1.0, solver="newton-cholesky")
    fitted = model.fit(features[:, is_used], is_right, sample_weight=costs[::step])
    weights = np.zeros(len(FEATURES))
    weights[is_used] = fitted.coef_[0]
    return weights, float(fitted.intercept_[0])


def mention_logits(model: MentionModel, named: MentionFeatures, inside: np.ndarray, n_tags: int) -> np.ndarray:
    """Return (n_inside, n_tags) float64 for the articles of the mask."""
    row = np.cumsum(inside) - 1
    logits = np.tile(model.nowhere + model.offsets[:, NOWHERE], (int(inside.sum()), 1))
    pairs = inside[named.articles]
    rows, tags, categories = row[named.articles[pairs]], named.tags[pairs], named.categories[pairs]
    logits[rows, tags] = model.pooled(named, pairs) + model.offsets[tags, categories]
    return logits
