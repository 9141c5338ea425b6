"""The rates of tags before each article of a training set: what the stacking model learns the worth of recency from."""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from classifier.domain.examples import POSITIVE, UNKNOWN
from classifier.model.evaluation import macro_f1, micro_f1
from classifier.model.recency import DAMPING, HALF_LIFE, Rates, no_rates, recency_offset
from classifier.training.pair_arrays import count, pair_zeros
from classifier.training.rolling import rolling_masks
from classifier.training.thresholds import choice_of, fit_thresholds, own_labels
from classifier.training.training_set import TrainingSet

MIN_DATED = 100  # articles; of fewer, the rates would be chance
ORIGIN_SHRINKAGE = 20.0  # of the thresholds at rolling origins


class WalkedRates(NamedTuple):
    """The recency offsets before each article, and the rates after the last.

    offsets: (n_articles, n_tags) float32, damped; damping: (n_tags,) float64, the share of its offset that each tag has.
    """

    offsets: np.ndarray
    damping: np.ndarray
    rates: Rates


def walk_rates(labels: np.ndarray, dates: Sequence[str | None]) -> WalkedRates:
    """Walk articles by date, and return how much more often than usual each tag was used before each article.

    The offsets of an article follow from the labels of articles with an earlier date only. They are 0 for an article without
    a date, and if few articles have one. That of a tag with n positives is damped by n / (n + DAMPING).

    Args:
        labels: (n_articles, n_tags) int8; dates: of the articles, in a form that sorts by time.
    """
    dated = [row for row, date in enumerate(dates) if date is not None]
    if len(dated) < MIN_DATED:
        nothing = np.broadcast_to(np.float32(0.0), labels.shape)
        return WalkedRates(nothing, np.zeros(labels.shape[1]), no_rates(labels.shape[1]))
    is_dated = np.array([date is not None for date in dates], dtype=bool)
    offsets = pair_zeros(labels.shape)
    n_known = len(dated) - count(labels, UNKNOWN, is_dated)
    n_positive = count(labels, POSITIVE, is_dated)
    usual = np.where(n_positive > 0, (n_positive + 0.5) / (n_known + 1.0), 0.0)
    damping = n_positive / (n_positive + DAMPING)
    rates = Rates(usual, usual, HALF_LIFE)
    for _, rows in groupby(sorted(dated, key=lambda row: (dates[row], row)), key=dates.__getitem__):
        of_date = list(rows)
        offsets[of_date] = recency_offset(rates) * damping
        for row in of_date:
            rates = rates.after(labels[row])
    return WalkedRates(offsets, damping, rates)


def recency_pays(data: TrainingSet, decision: np.ndarray, without: np.ndarray) -> bool:
    """Return whether recency improves the suggestions of what came after one of the rolling origins, by micro- plus macro-F1.

    The thresholds are fitted before each origin. Shuffled folds cannot tell: the habits of later articles are among them.
    A single window is mostly chance, so only recency that fails at every origin does not pay.
    """
    own, choice = own_labels(data), choice_of(data)
    gains = []
    for past, later in rolling_masks(data.dates):
        quality, labels = [], data.labels[later]
        for values in (decision, without):
            thresholds = fit_thresholds(values, data.labels, own, past).shrunk(ORIGIN_SHRINKAGE)
            suggested = choice.suggested(values[later], thresholds)
            quality.append(sum(measure(suggested, labels) for measure in (micro_f1, macro_f1)))
        gains.append(quality[0] - quality[1])
    return max(gains) >= 0.0
