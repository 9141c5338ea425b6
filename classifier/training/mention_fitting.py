"""Fitting how naming tells of tags: one pooled linear model over all tags, and what each tag adds to it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from classifier.domain.examples import UNKNOWN
from classifier.model.decision import sigmoid
from classifier.text.mention_features import CATEGORIES, FEATURES, NOWHERE, MentionFeatures, MentionWeights, crossed

KAPPA = 4.0  # examples that the average over tags counts for where a tag's own naming is learned
MAX_PAIRS = 200_000  # that the pooled model is fitted on


class NamingModel(NamedTuple):
    """The pooled model over naming features and each tag's own offsets per category."""

    weights: np.ndarray
    intercept: float
    nowhere: float
    offsets: np.ndarray

    def pooled(self, named: MentionFeatures, use: np.ndarray) -> np.ndarray:
        """Return the logits that are shared by all tags, of the pairs of a mask."""
        return MentionWeights(self.weights, self.intercept).logits(named.kinds[use], named.shared[use])


def no_naming(n_tags: int) -> NamingModel:
    """Return the model to which naming says nothing."""
    return NamingModel(np.zeros(len(FEATURES)), 0.0, 0.0, np.zeros((n_tags, len(CATEGORIES))))


def fit_naming(named: MentionFeatures, labels: np.ndarray, inside: np.ndarray) -> NamingModel:
    """Fit on the articles of the mask `inside`.

    A tag's offset in a category is the logit of how often the category was right for it, shrunk with KAPPA to what
    the pooled model expects, less that expectation.
    """
    known = labels[named.articles, named.tags]
    use = inside[named.articles] & (known != UNKNOWN)
    tags, categories, right = named.tags[use], named.categories[use], known[use] == 1
    weights, intercept = np.zeros(len(FEATURES)), -1.0
    some = np.flatnonzero(use)[:: -(-int(use.sum()) // MAX_PAIRS) or 1]
    if len(set((known[some] == 1).tolist())) == 2:
        features = crossed(named.shared[some], named.kinds[some])
        fitted = LogisticRegression(C=1.0, solver="newton-cholesky").fit(features, known[some] == 1)
        weights, intercept = fitted.coef_[0], float(fitted.intercept_[0])
    expected = sigmoid(MentionWeights(weights, intercept).logits(named.kinds[use], named.shared[use]))
    shape = (labels.shape[1], len(CATEGORIES))
    n, hits, sums = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for total, amount in ((n, 1.0), (hits, right), (sums, expected)):
        np.add.at(total, (tags, categories), amount)
    n[:, NOWHERE] = (labels[inside] != UNKNOWN).sum(axis=0) - n.sum(axis=1)
    hits[:, NOWHERE] = (labels[inside] == 1).sum(axis=0) - hits.sum(axis=1)
    nowhere = (hits[:, NOWHERE].sum() + 0.5) / (n[:, NOWHERE].sum() + 1.0)
    sums[:, NOWHERE] = n[:, NOWHERE] * nowhere
    usual = np.clip(np.divide(sums, n, out=np.full(shape, 0.5), where=n > 0), 1e-6, 1 - 1e-6)
    own = np.clip((hits + KAPPA * usual) / (n + KAPPA), 1e-6, 1 - 1e-6)
    return NamingModel(weights, intercept, float(logit(nowhere)), np.where(n > 0, logit(own) - logit(usual), 0.0))


def naming_logits(model: NamingModel, named: MentionFeatures, inside: np.ndarray, n_tags: int) -> np.ndarray:
    """Return (n_inside, n_tags) float64 for the articles of the mask."""
    row = np.cumsum(inside) - 1
    logits = np.tile(model.nowhere + model.offsets[:, NOWHERE], (int(inside.sum()), 1))
    use = inside[named.articles]
    rows, tags, categories = row[named.articles[use]], named.tags[use], named.categories[use]
    logits[rows, tags] = model.pooled(named, use) + model.offsets[tags, categories]
    return logits
