"""The rates of tags before each article of a training set: what the stacking model learns the worth of recency from."""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from classifier.domain.examples import POSITIVE, UNKNOWN
from classifier.model.recency import DAMPING, HALF_LIFE, Rates, no_rates, recency_offset

MIN_DATED = 100  # articles; of fewer, the rates would be chance


class WalkedRates(NamedTuple):
    """The recency offsets before each article, and the rates after the last.

    offsets: (n_articles, n_tags) float64, damped; damping: (n_tags,) float64, the share of its offset that each tag has.
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
    offsets = np.zeros(labels.shape)
    if len(dated) < MIN_DATED:
        return WalkedRates(offsets, np.zeros(labels.shape[1]), no_rates(labels.shape[1]))
    n_known = (labels[dated] != UNKNOWN).sum(axis=0)
    n_positive = (labels[dated] == POSITIVE).sum(axis=0)
    usual = np.where(n_positive > 0, (n_positive + 0.5) / (n_known + 1.0), 0.0)
    damping = n_positive / (n_positive + DAMPING)
    rates = Rates(usual, usual, HALF_LIFE)
    for _, rows in groupby(sorted(dated, key=lambda row: (dates[row], row)), key=dates.__getitem__):
        of_date = list(rows)
        offsets[of_date] = rates.recent
        for row in of_date:
            rates = rates.after(labels[row])
    offsets[dated] = recency_offset(rates._replace(recent=offsets[dated])) * damping
    return WalkedRates(offsets, damping, rates)
