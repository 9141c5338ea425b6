"""The words of the articles of a timeline, and the tags that these name."""

from array import array
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from scipy import sparse

from classifier.domain.progress import Track
from classifier.reports.data.timeline import Timeline
from classifier.text.reading import ArticleReader, Reading
from classifier.training.corpus import BATCH

MIN_SHARE, FEW = 5, 1000  # articles that a word stands in, and at least one in FEW of all
MAX_SHARE = 0.25  # of the articles; a more frequent word tells nothing


class Texts(NamedTuple):
    """The words of the dated articles, and the tags that they name: all CSR with a row for each article."""

    words: list[str]
    occurs: sparse.csr_matrix  # (n_dated, n_words) float64, 1 where a word occurs
    weights: sparse.csr_matrix  # the same in inverse document frequencies, rows of length 1
    names: sparse.csr_matrix  # (n_dated, n_tags) float64, 1 where an article names a tag


def read_texts(timeline: Timeline, blocks: Sequence[str], track: Track) -> Texts:
    """Read the articles without repeated blocks, and return their words that are neither rare nor frequent.

    `blocks` are the folded texts of the repeated blocks.
    """
    reader = ArticleReader(timeline.corpus.taxonomy, blocks)
    number_of: dict[str, int] = {}
    words, names = _Rows(), _Rows()
    for reading in _readings(timeline, reader, track):
        words.add({number_of.setdefault(word, len(number_of)) for word in dict.fromkeys(reading.text.spelling)})
        names.add(set(reading.mentions_of))
    all_words = words.matrix(len(number_of))
    n, n_having = all_words.shape[0], np.asarray(all_words.sum(axis=0)).ravel()
    small = reader.language.small_words
    telling = np.array([len(w) > 1 and not w.isdigit() and w not in small for w in number_of], dtype=bool)
    kept = np.flatnonzero((n_having >= max(MIN_SHARE, n / FEW)) & (n_having <= MAX_SHARE * n) & telling)
    occurs = all_words[:, kept]
    weights = occurs @ sparse.diags(np.log(n / n_having[kept]))
    lengths = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
    weights = sparse.diags(1 / np.where(lengths > 0, lengths, 1.0)) @ weights
    listed = list(number_of)
    return Texts([listed[n] for n in kept], occurs, weights.tocsr(), names.matrix(timeline.n_known.shape[1]))


def _readings(timeline: Timeline, reader: ArticleReader, track: Track) -> Iterator[Reading]:
    articles = [timeline.corpus.articles[row] for row in timeline.rows]
    tracked = iter(track(articles, len(articles), "reading for changes"))
    while batch := list(islice(tracked, BATCH)):
        yield from reader.read_all(batch)


class _Rows:
    """Collects the columns of each row of a matrix of zeros and ones."""

    def __init__(self) -> None:
        self._columns, self._ends = array("i"), array("q", [0])

    def add(self, columns: set[int]) -> None:
        self._columns.extend(sorted(columns))
        self._ends.append(len(self._columns))

    def matrix(self, n_columns: int) -> sparse.csr_matrix:
        columns, ends = (np.frombuffer(a, dtype=t) for a, t in ((self._columns, np.int32), (self._ends, np.int64)))
        return sparse.csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(ends) - 1, n_columns))
