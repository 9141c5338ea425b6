"""Past articles that resemble an article and carry a tag: precedents, found by the cosine of their strongest terms."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from itertools import compress, islice
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse  # fitting hands one over, and serving does not wait for the import

# Terms of an article that are kept, its strongest: on long articles the nearest by these is among the three nearest by
# all terms in 73 of 100 cases (64 terms: 66, 256: 78).
N_TERMS = 128
MAX_ARTICLES = 20_000  # the newest: the desk would hardly look into older ones


@dataclass(frozen=True)
class Precedents:
    """The strongest terms of past articles, as a CSR matrix, and the articles of each tag."""

    ids: Sequence[str]  # (n_articles,); nothing else of an article is kept
    begins: np.ndarray  # (n_articles + 1,) int64
    rows: np.ndarray  # (n_terms,) int32, rows of the model's weights, ascending in each article
    values: np.ndarray  # (n_terms,) float32, TF-IDF values, of length one for each article
    tag_begins: np.ndarray  # (n_tags + 1,) int64
    tag_articles: np.ndarray  # (n_labels,) int32, the positions of the articles that carry each tag
    deleted: Container[str] = frozenset()  # ids of articles that are never named, though they may still be here

    def nearest(self, rows: np.ndarray, values: np.ndarray, tag: int, n: int) -> list[tuple[str, float]]:
        """Return up to `n` (article id, cosine of the strongest terms) of past articles with a tag, the most alike first.

        `rows`: (n_rows,) ascending, the terms of the article; `values`: (n_rows,) their TF-IDF values.
        """
        strongest = np.sort(np.argsort(-values, kind="stable")[:N_TERMS])
        rows, values = rows[strongest], values[strongest]
        articles = self.tag_articles[self.tag_begins[tag] : self.tag_begins[tag + 1]].astype(np.int64)
        lengths = self.begins[articles + 1] - self.begins[articles]
        if not len(rows) or not lengths.sum():
            return []
        terms = np.arange(lengths.sum()) + np.repeat(self.begins[articles] - np.cumsum(lengths) + lengths, lengths)
        nearest = np.minimum(np.searchsorted(rows, self.rows[terms]), len(rows) - 1)
        shared = np.where(rows[nearest] == self.rows[terms], values[nearest], 0.0) * self.values[terms]
        sums = np.bincount(np.repeat(np.arange(len(articles)), lengths), shared, minlength=len(articles))
        alike = sums / (float(np.sqrt(values @ values)) or 1.0)
        order = np.argsort(-alike, kind="stable").tolist()
        ranked = ((self.ids[articles[index]], float(alike[index])) for index in order if alike[index] > 0)
        return list(islice(((article_id, alike) for article_id, alike in ranked if article_id not in self.deleted), n))

    def without(self, deleted: Container[str]) -> Precedents:
        """Return the precedents without some articles, and without their terms."""
        stays = np.array([article_id not in deleted for article_id in self.ids], dtype=bool)
        if stays.all():
            return self
        lengths = np.diff(self.begins)
        term_stays = np.repeat(stays, lengths)
        labels = stays[self.tag_articles]
        n_before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(labels, dtype=np.int64)])
        return replace(
            self,
            ids=list(compress(self.ids, stays)),
            begins=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths[stays], dtype=np.int64)]),
            rows=self.rows[term_stays],
            values=self.values[term_stays],
            tag_begins=n_before[self.tag_begins],
            tag_articles=(np.cumsum(stays) - 1)[self.tag_articles[labels]].astype(self.tag_articles.dtype),
        )

    def moved(self, source: Sequence[int]) -> Precedents:
        """Return the same articles under other tags: `source` says for each new tag which it was before, -1 for none."""
        begins, ends = [*self.tag_begins[:-1], 0], [*self.tag_begins[1:], 0]  # the last of both for none
        parts = [self.tag_articles[begins[tag] : ends[tag]] for tag in source]
        edges = np.cumsum([0, *map(len, parts)], dtype=np.int64)
        return replace(self, tag_begins=edges, tag_articles=np.concatenate([self.tag_articles[:0], *parts]))


def no_precedents(n_tags: int) -> Precedents:
    """Return precedents of which there are none."""
    none = np.zeros(0, dtype=np.int32)
    begins = np.zeros(1, dtype=np.int64)
    return Precedents([], begins, none, np.zeros(0, dtype=np.float32), np.zeros(n_tags + 1, dtype=np.int64), none)


def keep_precedents(
    X: sparse.csr_matrix, positive: np.ndarray, ids: Sequence[str], published: Sequence[str | None]
) -> Precedents:
    """Return the strongest terms of a corpus's newest articles with a tag, from the (n_articles, n_terms) TF-IDF."""
    tagged = np.flatnonzero(positive.any(axis=1)).tolist()
    newest = sorted(tagged, key=lambda row: (published[row] or "", ids[row]))[-MAX_ARTICLES:]
    chosen = sorted(newest, key=lambda row: ids[row])
    rows, values = list[np.ndarray](), list[np.ndarray]()
    for article in chosen:
        of_article = slice(X.indptr[article], X.indptr[article + 1])
        strongest = np.sort(np.argsort(-X.data[of_article], kind="stable")[:N_TERMS])
        order = np.argsort(X.indices[of_article][strongest])
        tf_idf = X.data[of_article][strongest][order]
        rows.append(X.indices[of_article][strongest][order])
        values.append(tf_idf / (float(np.sqrt(tf_idf @ tf_idf)) or 1.0))
    articles_of_tag = [np.flatnonzero(column) for column in positive[chosen].T]
    return Precedents(
        [ids[article] for article in chosen],
        np.cumsum([0, *map(len, rows)], dtype=np.int64),
        np.concatenate([np.zeros(0), *rows]).astype(np.int32),
        np.concatenate([np.zeros(0), *values]).astype(np.float32),
        np.cumsum([0, *map(len, articles_of_tag)], dtype=np.int64),
        np.concatenate([np.zeros(0), *articles_of_tag]).astype(np.int32),
    )
