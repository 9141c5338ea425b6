"""The weights of the linear classifiers: a dense array, or of large models only those that are not negligible."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np


def spans(begins: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the whole numbers from each begin to before its end, one span after another."""
    n_each = ends - begins
    total = n_each.cumsum()
    numbers = np.arange(total[-1] if len(total) else 0)
    numbers += (begins - total + n_each).repeat(n_each)
    return numbers


@dataclass(frozen=True)
class SparseWeights:
    """Weights, (n_rows, n_columns), of which most are 0: those of a row lie side by side, by column.

    A model of 5,000 tags and 100,000 terms would have 2 GB of dense ones.
    """

    begins: np.ndarray  # (n_rows + 1,) int64: where the weights of each row begin, and where the last ones end
    columns: np.ndarray  # (n,) uint16, or int32 where that is too small
    values: np.ndarray  # (n,) float16, exact to three digits
    n_columns: int

    def __len__(self) -> int:
        return len(self.begins) - 1

    @property
    def shape(self) -> tuple[int, int]:
        """The shape of the dense array."""
        return len(self), self.n_columns

    @property
    def nbytes(self) -> int:
        """The size in memory."""
        return self.begins.nbytes + self.columns.nbytes + self.values.nbytes

    def sums(self, rows: np.ndarray, factors: np.ndarray) -> np.ndarray:
        """Return the sum of some rows, each times a factor, (n_columns,) float64."""
        entries, n_each = self._entries(rows)
        products = self.values[entries].astype(np.float64)
        products *= factors.repeat(n_each)
        return np.bincount(self.columns[entries], products, minlength=self.n_columns)

    def of_columns(self, rows: np.ndarray, columns: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the weights of some rows and columns, (n_rows, n_columns) float64. Column -1 is the last one."""
        entries, n_each = self._entries(rows)
        of_entries = self.columns[entries]
        is_asked = np.zeros(self.n_columns, dtype=bool)
        is_asked[columns] = True
        asked = np.flatnonzero(is_asked[of_entries])
        place = np.cumsum(is_asked) - 1  # of a column among those that are asked for
        dense = np.zeros((len(rows), int(is_asked.sum())))
        dense[np.arange(len(rows)).repeat(n_each)[asked], place[of_entries[asked]]] = self.values[entries[asked]]
        return dense[:, place[columns]]

    def with_columns(self, columns: Sequence[int]) -> "SparseWeights":
        """Return the weights of some columns, in this order."""
        place = np.full(self.n_columns, -1, dtype=np.int64)
        place[list(columns)] = np.arange(len(columns))
        places = place[self.columns]
        is_kept = places >= 0
        rows = np.arange(len(self)).repeat(np.diff(self.begins))[is_kept]
        order = np.lexsort((places[is_kept], rows))
        begins = np.concatenate([[0], np.bincount(rows, minlength=len(self)).cumsum()])
        kept = places[is_kept][order].astype(self.columns.dtype)
        return SparseWeights(begins, kept, self.values[is_kept][order], len(columns))

    def toarray(self) -> np.ndarray:
        """Return the dense array, (n_rows, n_columns) float32."""
        dense = np.zeros(self.shape, dtype=np.float32)
        dense[np.arange(len(self)).repeat(np.diff(self.begins)), self.columns] = self.values
        return dense

    def _entries(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where the weights of some rows lie, row after row, and how many each has."""
        begins, ends = self.begins[rows], self.begins[rows + 1]
        return spans(begins, ends), ends - begins


@dataclass(frozen=True)
class DenseWeights:
    """Weights, (n_rows, n_columns) float32, of which each is kept."""

    values: np.ndarray

    def sums(self, rows: np.ndarray, factors: np.ndarray) -> np.ndarray:
        """Return the sum of some rows, each times a factor, (n_columns,) float64."""
        # float64 throughout: the parts of an explanation add up to the decision value to many digits.
        weights = self.values.take(rows, axis=0, mode="clip").astype(np.float64)
        return np.asarray(np.dot(factors, weights))

    def of_columns(self, rows: np.ndarray, columns: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the weights of some rows and columns, (n_rows, n_columns). Those of column -1 say nothing."""
        # By places among all weights: to index by two arrays costs twice as much.
        places = rows * self.values.shape[1] + np.asarray(columns)[:, None]
        return np.asarray(self.values.reshape(-1).take(places, mode="clip").T)


def with_columns(weights: np.ndarray | SparseWeights, columns: Sequence[int]) -> np.ndarray | SparseWeights:
    """Return the weights of some columns, in this order."""
    return weights.with_columns(columns) if isinstance(weights, SparseWeights) else weights[:, list(columns)]


def dense(weights: np.ndarray | SparseWeights) -> np.ndarray:
    """Return the weights as an array, (n_rows, n_columns) float32."""
    return weights.toarray() if isinstance(weights, SparseWeights) else np.asarray(weights)


def by_column(weights: np.ndarray | SparseWeights) -> Iterator[np.ndarray]:
    """Yield the weights of each column, (n_rows,) float32."""
    if not isinstance(weights, SparseWeights):
        yield from np.asarray(weights).T
        return
    rows = np.arange(len(weights), dtype=np.int32).repeat(np.diff(weights.begins))
    order = np.argsort(weights.columns, kind="stable")
    ends = np.bincount(weights.columns, minlength=weights.n_columns).cumsum()
    for entries in np.split(order, ends[:-1]):
        column = np.zeros(len(weights), dtype=np.float32)
        column[rows[entries]] = weights.values[entries]
        yield column


def reader_of(weights: np.ndarray | SparseWeights) -> DenseWeights | SparseWeights:
    """Return the weights as they are summed. Indexing through the memmap class would cost three times as much."""
    return weights if isinstance(weights, SparseWeights) else DenseWeights(weights.view(np.ndarray))
