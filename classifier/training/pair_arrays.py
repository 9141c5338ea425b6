"""Arrays with a number for each pair of article and tag: kept in files where they are large, and worked on in blocks.

100,000 articles and 5,000 tags are 500 million pairs. What is as large as that lies in temporary files without a name, whose
pages the system takes back when it needs the memory.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import DTypeLike

IN_MEMORY = 128_000_000  # bytes, above which an array lies in a file
BLOCK = 2_000_000  # pairs that are worked on at once


def pair_zeros(shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> np.ndarray:
    """Return an array of zeros. A large one lies in a temporary file, or in memory if there is no room for the file."""
    n_bytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    if n_bytes > IN_MEMORY:
        with tempfile.TemporaryFile(prefix="article-tagger-") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, n_bytes)  # a full disk would end the process at the first write
            except (OSError, AttributeError):
                return np.zeros(shape, dtype)
            return np.memmap(file, dtype=dtype, mode="r+", shape=shape).view(np.ndarray)
    return np.zeros(shape, dtype)


def row_blocks(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Yield slices of rows that hold at most BLOCK pairs, and at least one row."""
    step = max(1, BLOCK // max(1, n_columns))
    return (slice(begin, min(begin + step, n_rows)) for begin in range(0, n_rows, step))


def column_blocks(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Yield slices of columns that hold at most BLOCK pairs, and at least one column."""
    return row_blocks(n_columns, n_rows)


def count(labels: np.ndarray, label: int, inside: np.ndarray | None = None) -> np.ndarray:
    """Return how many articles, of a mask if there is one, have a label, for each tag: (n_tags,) int64."""
    n = np.zeros(labels.shape[1], dtype=np.int64)
    for rows in row_blocks(*labels.shape):
        has_label = labels[rows] == label
        n += np.count_nonzero(has_label if inside is None else has_label[inside[rows]], axis=0)
    return n


def nth_largest(blocks: Iterable[np.ndarray], n: int) -> float:
    """Return the n-th largest of the numbers of all blocks, which have at least as many."""
    largest = np.zeros(0)
    for values in blocks:
        # Once there are n, only larger ones change anything.
        largest = np.concatenate([largest, values if len(largest) < n else values[values > largest.min()]])
        if len(largest) > n:
            largest = np.partition(largest, len(largest) - n)[len(largest) - n :]
    return float(largest.min())
