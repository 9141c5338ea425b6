"""The articles of a data report in the order of their ids, and the labels of their tags."""

from collections import Counter
from collections.abc import Collection, Iterable
from functools import cached_property

import numpy as np
from scipy import sparse

from classifier.domain.articles import Article
from classifier.domain.examples import POSITIVE, labels_of
from classifier.domain.taxonomy import Taxonomy
from classifier.reports.data.records import Articles, Found
from classifier.reports.layout import MAX_QUOTED, plain
from classifier.text.cleaning import normalise

N_IDS = 5  # ids listed of the articles of a finding
N_ROWS = 50  # rows listed of a finding


class Corpus:
    """The articles in the order of their ids, the first of each id, with (n_articles, n_tags) int8 labels.

    The dates of the articles whose ids are `timeless` do not count.
    """

    def __init__(self, articles: Iterable[Article], taxonomy: Taxonomy, timeless: Collection[str] = ()) -> None:
        ordered = sorted(articles, key=lambda article: (article.id, article.title, article.body, repr(article)))
        self.times = Counter(article.id for article in ordered)
        self.articles = list({article.id: article for article in reversed(ordered)}.values())[::-1]
        self.taxonomy = taxonomy
        self.labels = labels_of(self.articles, taxonomy)
        self.timeless = frozenset(timeless)
        self.dates = [None if article.id in self.timeless else article.published_at for article in self.articles]

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

    def named(self, row: int) -> dict[str, object]:
        """Return id and title of an article."""
        return {"article": self.articles[row].id, "title": self.title(row)}

    def refs(self, rows: Iterable[int]) -> Articles:
        """Return how many articles these are and the ids of the first."""
        different = sorted(set(map(int, rows)))
        return Articles(len(different), [self.articles[row].id for row in different[:N_IDS]])

    def found(self, rows: list[int]) -> Found:
        """Return a finding of single articles."""
        return Found([self.named(row) for row in rows[:N_ROWS]], len(rows), rows)
