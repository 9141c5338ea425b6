"""Words as 64-bit hashes, so that numpy looks up the words of many articles at once.

Archives are read 1.6 times as fast as word by word (docs/decisions/005-reading-fast.md). Only `words`, `mentions` and `terms`
import this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from classifier.domain.spelling import CODES

# A hash is a polynomial over the characters of the word, modulo 2**64 (Karp and Rabin 1987). Those of all words of a text
# come from one cumulative sum over its characters: the part of a word, divided by the power at its start.
_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse
_INVERSE = pow(_BASE, -1, 1 << 64)
_MIXING = 0xD6E8FEB86659FD93
_ZERO = ord("0")
_NO_OFFSETS = np.zeros(0, dtype=np.int64)
_NO_HASHES = np.zeros(0, dtype=np.uint64)
MANY = 1 << 17  # characters that are hashed at a time; their powers are kept
_TABLE_BATCH = 10_000  # words of a table that are hashed at a time


class HashedWords(NamedTuple):
    """The hashed words of some texts, text after text.

    Equal words have equal hashes. That any two others of a million share one has a probability of one in thirty million.
    """

    begins: list[int]  # (n_texts + 1,), where each text begins among the characters
    edges: list[int]  # (n_texts + 1,), where the words of each text begin among the words
    starts: np.ndarray  # (n_words,) int64, where words start among the characters
    ends: np.ndarray  # (n_words,) int64, where they end
    of_word: np.ndarray  # (n_words,) uint64, the hash of a word
    of_term: np.ndarray  # (n_words,) uint64, the hash of the word with its digits folded to 0

    def of(self, number: int) -> HashedWords:
        """Return the words of one of the texts."""
        (begin, end), (first, last) = self.begins[number : number + 2], self.edges[number : number + 2]
        starts, ends, *hashes = (array[first:last] for array in self[2:])
        return HashedWords([0, end - begin], [0, last - first], starts - begin, ends - begin, *hashes)


def hash_words(plain: str) -> HashedWords:
    """Return the hashed words of one folded text, `Words.plain`."""
    codes = _codes_of(plain)
    starts, ends = _edges(codes)
    first, last = starts, ends
    if "'" in plain:  # it stands in words and is no part of them
        codes = _codes_of(plain.replace("'", ""))
        first, last = _edges(codes)
    powers, inverses = _powers(max(10, len(codes).bit_length()))
    shift = inverses.take(first)
    sums = np.empty(len(codes) + 1, dtype=np.uint64)
    sums[0] = 0
    np.multiply(codes, powers[: len(codes)], out=sums[1:])
    np.add.accumulate(sums[1:], out=sums[1:])  # `cumsum` takes a third longer
    raw = (sums.take(last) - sums.take(first)) * shift
    of_word = of_term = _mixed(raw)
    digits = (codes - codes.dtype.type(_ZERO + 1) < 9).nonzero()[0]  # from 1: smaller numbers wrap around
    if len(digits):  # the sum of a word with digits is greater than that of the same with zeros by what they add
        values = (codes.take(digits) - codes.dtype.type(_ZERO)).astype(np.uint64)
        words = last.searchsorted(digits, side="right")
        is_first = np.ones(len(words), dtype=bool)
        np.not_equal(words[1:], words[:-1], out=is_first[1:])
        begins = is_first.nonzero()[0]
        words = words.take(begins)
        folded = raw.take(words) - np.add.reduceat(values * powers.take(digits), begins) * shift.take(words)
        of_term = of_word.copy()
        of_term[words] = _mixed(folded)
    return HashedWords([0, len(plain)], [0, len(starts)], starts, ends, of_word, of_term)


def _mixed(raw: np.ndarray) -> np.ndarray:
    """Return sums of characters as hashes whose first bits depend on all of them, not only on the last letters of a short word."""
    mixed: np.ndarray = (raw ^ (raw >> np.uint64(32))) * np.uint64(_MIXING)
    return mixed


def joined(texts: Sequence[HashedWords], begins: list[int]) -> HashedWords:
    """Return the hashed words of several batches of texts as one, each of which begins at one of `begins`."""
    edges = [0, *accumulate(len(hashed.starts) for hashed in texts)]
    offsets = list(zip(texts, begins, strict=False))
    return HashedWords(
        begins,
        edges,
        np.concatenate([_NO_OFFSETS, *(hashed.starts + begin for hashed, begin in offsets)]),
        np.concatenate([_NO_OFFSETS, *(hashed.ends + begin for hashed, begin in offsets)]),
        np.concatenate([_NO_HASHES, *(hashed.of_word for hashed in texts)]),
        np.concatenate([_NO_HASHES, *(hashed.of_term for hashed in texts)]),
    )


@lru_cache(maxsize=8)
def _powers(n_bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first 2**n_bits powers of the base and of its inverse, uint64."""
    factors = np.full((2, 1 << n_bits), [[_BASE], [_INVERSE]], dtype=np.uint64)
    factors[:, 0] = 1
    powers, inverses = np.multiply.accumulate(factors, axis=1)
    return powers, inverses


def _codes_of(plain: str) -> np.ndarray:
    """Return the characters of a text as numbers, uint8 or uint32."""
    if plain.isascii():
        return np.frombuffer(plain.encode(), dtype=np.uint8)
    return np.frombuffer(plain.encode(*CODES), dtype=np.uint32)


def _edges(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    inside = np.zeros(len(codes) + 2, dtype=bool)
    np.not_equal(codes, ord(" "), out=inside[1:-1])
    edges = (inside[1:] != inside[:-1]).nonzero()[0]
    return edges[::2], edges[1::2]


class WordTable:
    """Finds words among those of a table, by their hashes, each at the first look.

    The place of a word comes from its hash and a key, which some words share and for which no two words have the same place
    (hash and displace, Belazzougui and others 2009).
    """

    def __init__(self, words: Sequence[str]) -> None:
        """Take different words that are spelt as `Words.spelling` spells them."""
        batches = (words[start : start + _TABLE_BATCH] for start in range(0, len(words), _TABLE_BATCH))
        hashes = np.concatenate([*(hash_words(" ".join(batch)).of_word for batch in batches), _NO_HASHES])
        n_bits = len(words).bit_length() + 2
        self._to_place, self._to_key = np.uint64(64 - n_bits), np.uint64(64 - max(1, n_bits - 4))
        self._keys = np.zeros(1 << max(1, n_bits - 4), dtype=np.uint64)
        self._numbers = np.full(1 << n_bits, -1, dtype=np.int32)
        self._hashes = np.append(hashes, np.uint64(0))  # the last is no word's
        by_hash = hashes.argsort(kind="stable")
        waiting = by_hash[np.diff(hashes[by_hash], prepend=~hashes[by_hash[:1]]) != 0].astype(np.int32)
        asked, key = np.empty_like(self._numbers), 1
        while len(waiting):
            key = key * _BASE % (1 << 64)
            shared, places = hashes[waiting] >> self._to_key, self._places(hashes[waiting], np.uint64(key))
            asked[places] = waiting  # of two words that ask for a place, one gets it
            is_refused = (asked[places] != waiting) | (self._numbers[places] >= 0)
            is_taken = np.ones(len(self._keys), dtype=bool)
            is_taken[shared[is_refused]] = False
            has_place = is_taken[shared]
            self._keys[shared[has_place]] = key
            self._numbers[places[has_place]] = waiting[has_place]
            waiting = waiting[~has_place]

    def find(self, hashes: np.ndarray) -> np.ndarray:
        """Return the number of each word in the table, int64, -1 for none, by its hash."""
        keys = self._keys.take(hashes >> self._to_key)
        numbers = self._numbers.take(self._places(hashes, keys))
        return np.where(self._hashes.take(numbers) == hashes, numbers, np.int64(-1))

    def _places(self, hashes: np.ndarray, keys: np.ndarray | np.uint64) -> np.ndarray:
        # Not the product of both: a hash of 0, or of one bit, would have the same place with every key.
        return ((hashes ^ keys) * np.uint64(_MIXING)) >> self._to_place
