"""The rates of tags before each article of a training set: what the stacking model learns the worth of recency from."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from classifier.domain.examples import POSITIVE, UNKNOWN
from classifier.model.recency import Rates, no_rates, recency_offset

MIN_DATED = 100  # articles; of fewer, the rates would be chance


def walk_rates(labels: np.ndarray, dates: Sequence[str | None]) -> tuple[np.ndarray, Rates]:
    """Walk articles by date; return the recency offsets before each, (n_articles, n_tags) float64, and the last rates.

    The offsets of an article follow from the labels of articles with an earlier date only. They are 0 for an article without
    a date, and if few articles have one.

    Args:
        labels: (n_articles, n_tags) int8; dates: of the articles, in a form that sorts by time.
    """
    dated = [row for row, date in enumerate(dates) if date is not None]
    offsets = np.zeros(labels.shape)
    if len(dated) < MIN_DATED:
        return offsets, no_rates(labels.shape[1])
    n_known = (labels[dated] != UNKNOWN).sum(axis=0)
    n_positive = (labels[dated] == POSITIVE).sum(axis=0)
    usual = np.where(n_positive > 0, (n_positive + 0.5) / (n_known + 1.0), 0.0)
    rates = Rates(usual, usual)
    for _, rows in groupby(sorted(dated, key=lambda row: (dates[row], row)), key=dates.__getitem__):
        of_date = list(rows)
        offsets[of_date] = rates.recent
        for row in of_date:
            rates = rates.after(labels[row])
    offsets[dated] = recency_offset(Rates(usual, offsets[dated]))
    return offsets, rates
