"""Fitting the stacking model, which joins a tag's linear classifier and its mentions to one decision value."""

from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

from classifier.domain.examples import UNKNOWN
from classifier.model.decision import SHRINKAGE, STACKING_FEATURES, stacked_decision, stacking_features
from classifier.model.recency import Rates, no_rates
from classifier.text.mention_features import HINTED
from classifier.training.linear_classifiers import OutOfFold
from classifier.training.mention_fitting import MentionModel, fit_mentions, mention_logits, no_mentions
from classifier.training.recency import recency_pays, walk_rates
from classifier.training.training_set import MIN_KIND_POSITIVES, TrainingSet

HIDDEN_WEIGHT = 0.05  # of a pair whose tag is treated as if it had no examples
MAX_PAIRS = 1_500_000  # easy pairs beyond this are sampled and weighted
UNFITTED = 100.0  # how far below all others a tag without examples stays if mentions do not count


class StackingWeights(NamedTuple):
    """Weights, (n_tags, len(STACKING_FEATURES)) float64, and intercepts, (n_tags,), of a stacking model.

    recency: (n_tags,) float64, the weights of the recency offsets: of damped ones within `stack`.
    """

    weights: np.ndarray
    intercepts: np.ndarray
    recency: np.ndarray

    def decision(self, features: "_Features", inside: np.ndarray) -> np.ndarray:
        """Return the decision values of the articles of a mask, (n_inside, n_tags) float64."""
        decision = stacked_decision(features.pairs[inside], self.weights, self.intercepts)
        decision += self.recency * features.recency[inside]
        return decision


class Stacked(NamedTuple):
    """Cross-fitted decision values, (n_articles, n_tags) float64, and the models fitted on all articles.

    rates: of the tags after the last article.
    """

    decision: np.ndarray
    stacking: StackingWeights
    mentions: MentionModel
    rates: Rates


class _Features(NamedTuple):
    """What the stacking model is fitted on."""

    pairs: np.ndarray  # (n_articles, n_tags, len(STACKING_FEATURES)) float64
    recency: np.ndarray  # (n_articles, n_tags) float64, the damped recency offsets before each article
    hidden: np.ndarray  # (n_named,) float64, the logits of named pairs as if their tags had no examples


def classifiers_alone(data: TrainingSet, classifiers: OutOfFold) -> Stacked:
    """Return the classifiers' own values as decision values, and the weights that leave them as they are.

    A tag without examples has no value of its own; its prior keeps it under every threshold.
    """
    fitted = classifiers.n_positive > 0
    lowest = np.where(fitted, classifiers.values, np.inf).min(axis=0)
    decision = np.where(fitted, classifiers.values, np.where(np.isfinite(lowest), lowest, -UNFITTED))
    n = np.maximum(1, (data.labels == 1).sum(axis=0)).astype(np.float64)
    weights = np.zeros((len(n), len(STACKING_FEATURES)))
    weights[:, STACKING_FEATURES.index("classifier")] = (n + SHRINKAGE) / n
    weights[:, STACKING_FEATURES.index("examples")] = UNFITTED / np.log1p(n)
    stacking = StackingWeights(weights, np.full(len(n), -UNFITTED), np.zeros(len(n)))
    return Stacked(decision, stacking, no_mentions(len(n)), no_rates(len(n)))


def stack(data: TrainingSet, classifiers: OutOfFold) -> Stacked:
    """Fit the stacking model and the mention model, on the other folds for each fold and on all articles."""
    named = data.corpus.named
    logits, hidden = np.zeros(data.labels.shape), np.zeros(len(named.tags))
    for out in data.held_out_masks():
        model = fit_mentions(named, data.labels, ~out)
        logits[out] = mention_logits(model, named, out, data.labels.shape[1])
        pairs = out[named.articles]
        hidden[pairs] = model.pooled(named, pairs)
    walked = walk_rates(data.labels, data.dates)
    features = _Features(stacking_features(classifiers.values, classifiers.n_positive, logits), walked.offsets, hidden)
    decision, added = _cross_fitted(data, features)
    if added.any() and not recency_pays(data, decision, decision - added):
        features = features._replace(recency=np.zeros(data.labels.shape))
        decision, _ = _cross_fitted(data, features)
    mentions = fit_mentions(named, data.labels, data.all_rows)
    stacking = _fit_stacking(data, features, data.all_rows)
    stacking = stacking._replace(recency=stacking.recency * walked.damping)
    return Stacked(decision, stacking, mentions, walked.rates)


def _cross_fitted(data: TrainingSet, features: _Features) -> tuple[np.ndarray, np.ndarray]:
    """Return decision values by the models of the other folds, and what recency adds to them, both (n_articles, n_tags)."""
    decision, added = np.zeros(data.labels.shape), np.zeros(data.labels.shape)
    for out in data.held_out_masks():
        fitted = _fit_stacking(data, features, ~out)
        decision[out], added[out] = fitted.decision(features, out), fitted.recency * features.recency[out]
    return decision, added


def _fit_stacking(data: TrainingSet, features: _Features, inside: np.ndarray) -> StackingWeights:
    """Fit the stacking model on the articles of a mask; a kind with few positives shares the fit over all tags."""
    pair_weights = _pair_weights(data, (data.labels != UNKNOWN) & inside[:, None])
    kinds = np.array([tag.kind for tag in data.taxonomy.tags])
    pooled = _fit_pooled(data, features, inside, pair_weights, np.ones(len(kinds), dtype=bool))
    weights, intercepts = np.tile(pooled[0], (len(kinds), 1)), np.full(len(kinds), pooled[1])
    for kind in sorted(set(kinds)):
        of_kind = kinds == kind
        n_positive = int((data.labels[inside][:, of_kind] == 1).sum())
        if n_positive >= MIN_KIND_POSITIVES and not of_kind.all():
            weights[of_kind], intercepts[of_kind] = _fit_pooled(data, features, inside, pair_weights, of_kind)
    return StackingWeights(weights[:, :-1], intercepts, weights[:, -1])


def _fit_pooled(
    data: TrainingSet, features: _Features, inside: np.ndarray, pair_weights: np.ndarray, tags: np.ndarray
) -> tuple[np.ndarray, float]:
    """Fit one logistic regression over the pairs of some tags, and over named pairs as if their tags had no examples.

    Returns its weights, that of the recency offset last, and its intercept.
    """
    named = data.corpus.named
    named_labels = data.labels[named.articles, named.tags]
    pairs = (pair_weights > 0) & tags
    is_hidden = inside[named.articles] & (named_labels != UNKNOWN) & (named.categories >= HINTED) & tags[named.tags]
    zeros = np.zeros((int(is_hidden.sum()), 1))
    hidden = stacking_features(zeros, zeros, features.hidden[is_hidden][:, None])[:, 0, :]
    X = np.column_stack([features.pairs[pairs], features.recency[pairs]])
    X = np.concatenate([X, np.column_stack([hidden, np.zeros(len(hidden))])])
    y = np.concatenate([data.labels[pairs] == 1, named_labels[is_hidden] == 1])
    weights = np.concatenate([pair_weights[pairs], np.full(len(hidden), HIDDEN_WEIGHT)])
    coefficients, intercept = _fit_logistic(X, y, weights)
    if coefficients[-1] < 0.0:  # without habits: of a rare tag's few examples, each that is past is one less to come
        X[:, -1] = 0.0
        coefficients, intercept = _fit_logistic(X, y, weights)
    return coefficients, intercept


def _fit_logistic(X: np.ndarray, y: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the weights and the intercept of a logistic regression that is fitted on standardised columns."""
    mean, spread = X.mean(axis=0), X.std(axis=0) + 1e-9
    fitted = LogisticRegression(C=100.0, solver="newton-cholesky").fit((X - mean) / spread, y, sample_weight=weights)
    coefficients = fitted.coef_[0] / spread
    return coefficients, float(fitted.intercept_[0] - coefficients @ mean)


def _pair_weights(data: TrainingSet, pairs: np.ndarray) -> np.ndarray:
    """Return a weight for each pair, 0 for those left out; of too many pairs a sample of the easy ones is weighted up."""
    weights = pairs.astype(np.float64)
    n_pairs = int(pairs.sum())
    if n_pairs <= MAX_PAIRS:
        return weights
    hard = data.labels == 1
    hard[data.corpus.named.articles, data.corpus.named.tags] = True
    share = MAX_PAIRS / n_pairs
    drawn = np.random.default_rng(data.settings.seed).random(pairs.shape) < share
    return np.where(hard, weights, np.where(drawn, weights / share, 0.0))
