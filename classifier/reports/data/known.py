"""The articles of a data report in the order of their ids, what is known of their tags, and the form of what is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from classifier.domain.articles import Article
from classifier.domain.examples import POSITIVE, labels_of
from classifier.domain.taxonomy import Taxonomy
from classifier.reports.layout import MAX_QUOTED, plain
from classifier.text.cleaning import normalise

Row = dict[str, Any]

N_IDS = 5  # of the articles of a finding, listed; their number is always given
N_ROWS = 50  # of a finding, listed


class Data:
    """The articles in the order of their ids, one of each id, and what is known of their tags."""

    def __init__(self, articles: Iterable[Article], taxonomy: Taxonomy) -> None:
        given = sorted(articles, key=lambda one: (one.id, one.title, one.body, repr(one)))
        self.times = Counter(one.id for one in given)
        self.articles = given[:1] + [after for before, after in pairwise(given) if before.id != after.id]
        self.taxonomy = taxonomy
        self.labels = labels_of(self.articles, self.taxonomy)

    @cached_property
    def positives(self) -> sparse.csr_matrix:
        """Which article has which tag, (n_articles, n_tags) int64 CSR."""
        return sparse.csr_matrix(self.labels == POSITIVE, dtype=np.int64)

    @cached_property
    def n_positive(self) -> np.ndarray:
        """How many articles have each tag, (n_tags,)."""
        return np.asarray(self.positives.sum(axis=0)).ravel()

    def having(self, tag: int) -> np.ndarray:
        """Return the articles that have a tag."""
        return np.flatnonzero(self.labels[:, tag] == POSITIVE)

    def title(self, row: int) -> str:
        """Return the title of an article on one line, without what is invisible."""
        return plain(normalise(self.articles[row].title).text, MAX_QUOTED)

    def named(self, row: int) -> Row:
        """Return id and title of an article."""
        return {"article": self.articles[row].id, "title": self.title(row)}

    def refs(self, rows: Iterable[int]) -> Row:
        """Return how many articles these are and the ids of the first."""
        different = sorted(set(map(int, rows)))
        return {"n": len(different), "ids": [self.articles[row].id for row in different[:N_IDS]]}


class Found(NamedTuple):
    """What a check found: rows to show, how many there are in all, and the articles of all of them."""

    rows: list[Row]
    n: int
    articles: list[int]


def single(data: Data, rows: list[int]) -> Found:
    """Return a finding of single articles."""
    return Found([data.named(row) for row in rows[:N_ROWS]], len(rows), rows)
