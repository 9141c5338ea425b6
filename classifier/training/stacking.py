"""Fitting the stacking model, which joins a tag's linear classifier and its mentions to one decision value."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

from classifier.domain.examples import UNKNOWN
from classifier.model.decision import (
    SHRINKAGE,
    STACKING_FEATURES,
    StackingModel,
    features_of_pairs,
    stacking_features,
    two_best,
)
from classifier.model.recency import Rates, no_rates
from classifier.model.weights import spans
from classifier.text.mention_features import HINTED
from classifier.training.linear_classifiers import OutOfFold
from classifier.training.mention_fitting import MentionModel, fit_mentions, mention_logits, no_mentions
from classifier.training.pair_arrays import count, pair_zeros, row_blocks
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


class Stacked(NamedTuple):
    """Cross-fitted decision values, (n_articles, n_tags) float32, and the models fitted on all articles.

    rates: of the tags after the last article.
    """

    decision: np.ndarray
    stacking: StackingWeights
    mentions: MentionModel
    rates: Rates


class _Pairs(NamedTuple):
    """The pairs of article and tag that stacking models are fitted on, with their features; then those of hidden tags.

    A hidden tag is one that an article names, treated as if it had no examples.
    """

    articles: np.ndarray  # (n_pairs,) int64
    tags: np.ndarray  # (n_pairs,) int64
    features: np.ndarray  # (n_pairs, len(STACKING_FEATURES) + 1) float64, the damped recency offsets last
    right: np.ndarray  # (n_pairs,) bool
    weights: np.ndarray  # (n_pairs,) float64

    def without_recency(self) -> "_Pairs":
        """Return the pairs as if no article had a date."""
        features = self.features.copy()
        features[:, -1] = 0.0
        return self._replace(features=features)


def classifiers_alone(data: TrainingSet, classifiers: OutOfFold) -> Stacked:
    """Return the classifiers' own values as decision values, and the weights that leave them as they are.

    A tag without examples has no value of its own; its prior keeps it under every threshold.
    """
    decision, fitted = classifiers.values, classifiers.n_positive > 0
    lowest = np.full(decision.shape[1], np.inf)
    for rows in row_blocks(*decision.shape):
        lowest = np.minimum(lowest, np.where(fitted[data.folds[rows]], decision[rows], np.inf).min(axis=0))
    unfitted = np.where(np.isfinite(lowest), lowest, -UNFITTED)
    for rows in row_blocks(*decision.shape):
        decision[rows] = np.where(fitted[data.folds[rows]], decision[rows], unfitted)
    n = np.maximum(1, count(data.labels, 1)).astype(np.float64)
    weights = np.zeros((len(n), len(STACKING_FEATURES)))
    weights[:, STACKING_FEATURES.index("classifier")] = (n + SHRINKAGE) / n
    weights[:, STACKING_FEATURES.index("examples")] = UNFITTED / np.log1p(n)
    stacking = StackingWeights(weights, np.full(len(n), -UNFITTED), np.zeros(len(n)))
    return Stacked(decision, stacking, no_mentions(len(n)), no_rates(len(n)))


def stack(data: TrainingSet, classifiers: OutOfFold) -> Stacked:
    """Fit the stacking model and the mention model, on the other folds for each fold and on all articles."""
    named = data.corpus.named
    of_folds = [fit_mentions(named, data.labels, ~out) for out in data.held_out_masks()]
    walked = walk_rates(data.labels, data.dates)
    pairs = _pairs(data, classifiers, of_folds, walked.offsets)
    decision, recency = _cross_fitted(data, classifiers, of_folds, pairs)
    if recency.any():
        without, decision = decision, _with_recency(data, decision, recency, walked.offsets)
        if not recency_pays(data, decision, without):
            pairs = pairs.without_recency()
            decision, _ = _cross_fitted(data, classifiers, of_folds, pairs)
    mentions = fit_mentions(named, data.labels, data.all_rows)
    stacking = _fit_stacking(data, pairs, data.all_rows)
    stacking = stacking._replace(recency=stacking.recency * walked.damping)
    return Stacked(decision, stacking, mentions, walked.rates)


def _cross_fitted(
    data: TrainingSet, classifiers: OutOfFold, mentions: Sequence[MentionModel], pairs: _Pairs
) -> tuple[np.ndarray, np.ndarray]:
    """Return decision values by the models of the other folds without recency, (n_articles, n_tags) float32.

    The second array has the weights of recency by these models, (n_folds, n_tags) float64.
    """
    decision, recency = pair_zeros(data.labels.shape), np.zeros((data.n_folds, data.labels.shape[1]))
    for fold, out in enumerate(data.held_out_masks()):
        fitted, n_positive = _fit_stacking(data, pairs, ~out), classifiers.n_positive[fold]
        recency[fold], tags = fitted.recency, np.flatnonzero(n_positive)
        nothing = np.zeros(len(n_positive))
        model = StackingModel(fitted.weights, fitted.intercepts, n_positive, tags, nothing)
        for rows, logits in _mention_logits(data, mentions[fold], np.flatnonzero(out)):
            decision[rows] = model.decision(classifiers.values[rows][:, tags].astype(np.float64), logits)
    return decision, recency


def _with_recency(data: TrainingSet, decision: np.ndarray, recency: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    added = pair_zeros(decision.shape)
    for rows in row_blocks(*decision.shape):
        added[rows] = decision[rows] + recency[data.folds[rows]] * offsets[rows]
    return added


def _mention_logits(
    data: TrainingSet, model: MentionModel, articles: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield blocks of some articles, as numbers, and the logits of their mentions, (n_in_block, n_tags) float64."""
    n_articles, n_tags = data.labels.shape
    for rows in row_blocks(len(articles), n_tags):
        inside = np.zeros(n_articles, dtype=bool)
        inside[articles[rows]] = True
        yield articles[rows], mention_logits(model, data.corpus.named, inside, n_tags)


def _pairs(data: TrainingSet, classifiers: OutOfFold, mentions: Sequence[MentionModel], offsets: np.ndarray) -> _Pairs:
    """Draw the pairs that stacking models are fitted on, and return them with their features by the other folds."""
    named, n_positive = data.corpus.named, classifiers.n_positive
    named_labels = data.labels[named.articles, named.tags]
    is_hidden = (named_labels != UNKNOWN) & (named.categories >= HINTED)
    articles, tags, weights = _drawn(data)
    begins = np.searchsorted(articles, np.arange(len(data.labels) + 1))
    features = np.zeros((len(articles) + int(is_hidden.sum()), len(STACKING_FEATURES) + 1))
    logits_if_hidden = np.zeros(len(named.tags))
    for fold, out in enumerate(data.held_out_masks()):
        pairs = out[named.articles]
        logits_if_hidden[pairs] = mentions[fold].pooled(named, pairs)
        for rows, logits in _mention_logits(data, mentions[fold], np.flatnonzero(out)):
            in_block = spans(begins[rows], begins[rows + 1])
            place, of_pair = np.repeat(np.arange(len(rows)), begins[rows + 1] - begins[rows]), tags[in_block]
            values = classifiers.values[rows].astype(np.float64)
            best, second = two_best(values, n_positive[fold])
            features[in_block, :-1] = features_of_pairs(
                values[place, of_pair],
                n_positive[fold, of_pair],
                logits[place, of_pair],
                best[place, 0],
                second[place, 0],
            )
    features[: len(articles), -1] = offsets[articles, tags]
    zeros = np.zeros((int(is_hidden.sum()), 1))
    features[len(articles) :, :-1] = stacking_features(zeros, zeros, logits_if_hidden[is_hidden][:, None])[:, 0, :]
    return _Pairs(
        np.concatenate([articles, named.articles[is_hidden]]),
        np.concatenate([tags, named.tags[is_hidden]]),
        features,
        np.concatenate([data.labels[articles, tags] == 1, named_labels[is_hidden] == 1]),
        np.concatenate([weights, np.full(len(zeros), HIDDEN_WEIGHT)]),
    )


def _fit_stacking(data: TrainingSet, pairs: _Pairs, inside: np.ndarray) -> StackingWeights:
    """Fit the stacking model on the articles of a mask; a kind with few positives shares the fit over all tags."""
    kinds = np.array([tag.kind for tag in data.taxonomy.tags])
    is_inside = inside[pairs.articles]
    coefficients, intercept = _fit_pooled(pairs, is_inside)
    weights, intercepts = np.tile(coefficients, (len(kinds), 1)), np.full(len(kinds), intercept)
    n_positive = count(data.labels, 1, inside)
    for kind in sorted(set(kinds)):
        of_kind = kinds == kind
        if n_positive[of_kind].sum() >= MIN_KIND_POSITIVES and not of_kind.all():
            weights[of_kind], intercepts[of_kind] = _fit_pooled(pairs, is_inside & of_kind[pairs.tags])
    return StackingWeights(weights[:, :-1], intercepts, weights[:, -1])


def _fit_pooled(pairs: _Pairs, rows: np.ndarray) -> tuple[np.ndarray, float]:
    """Fit one logistic regression over the pairs of a mask. Returns its weights, that of recency last, and its intercept."""
    X, y, weights = pairs.features[rows], pairs.right[rows], pairs.weights[rows]
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


def _drawn(data: TrainingSet) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the articles, tags and weights of the pairs with known labels; of too many, easy ones are drawn and weigh more.

    The pairs are in the order of the articles.
    """
    named, labels = data.corpus.named, data.labels
    n_known = labels.size - int(count(labels, UNKNOWN).sum())
    share = min(1.0, MAX_PAIRS / max(1, n_known))
    draws, n_tags = np.random.default_rng(data.settings.seed), labels.shape[1]
    begins = np.searchsorted(named.articles, np.arange(len(labels) + 1))
    drawn = []
    for rows in row_blocks(*labels.shape):
        hard = labels[rows] == 1
        of_rows = slice(begins[rows.start], begins[rows.stop])
        hard[named.articles[of_rows] - rows.start, named.tags[of_rows]] = True
        easy = ~hard if share == 1.0 else ~hard & (draws.random(hard.shape) < share)
        chosen = np.flatnonzero((hard | easy) & (labels[rows] != UNKNOWN))
        drawn.append((chosen + rows.start * n_tags, np.where(hard.ravel()[chosen], 1.0, 1.0 / share)))
    pairs, weights = map(np.concatenate, zip(*drawn, strict=True))
    return *np.divmod(pairs, n_tags), weights
