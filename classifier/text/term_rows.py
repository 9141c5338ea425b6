"""The terms of texts as rows of a model's weights, found for many texts at once by the hashes of their words."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice
from string import ascii_lowercase
from typing import NamedTuple, cast

import numpy as np

from classifier.text.fields import TITLE, ReadText
from classifier.text.hashing import HashedWords, WordTable
from classifier.text.stems import ENGLISH_STEMS, Stems
from classifier.text.terms import (
    N_CACHED,
    STEM_MARK,
    Compound,
    TextWords,
    compounds_in,
    term_and_stem,
    words_of_texts,
)

FEW = 250  # words that are looked up one by one in less time than the table takes to begin


@dataclass(frozen=True)
class CountedTerms:
    """The terms of some texts that a model knows, text after text, as in a CSR matrix."""

    begins: np.ndarray  # (n_texts + 1,) int64, where each text begins among the rows
    text_of_row: np.ndarray  # (n_rows,) int64
    rows: np.ndarray  # (n_rows,) int64, ascending in each text
    counts: np.ndarray  # (n_rows,) float64, with the first sentence twice
    n_terms: np.ndarray  # (n_texts,) float64, occurrences of terms, without those of the title's own view
    n_known: np.ndarray  # (n_texts,) float64, of those that the model knows
    # (n_entries,) of each the number of a surface form (see `form_keys`), how often it counts, and whether it is the first one
    # of its row, in the order of the rows.
    entries: tuple[np.ndarray, np.ndarray, np.ndarray]
    compounds: list[list[Compound]]

    @property
    def row_of_entry(self) -> np.ndarray:
        """The place among the rows of each entry, (n_entries,) int64."""
        return np.asarray(self.entries[2].cumsum() - 1)


def form_keys(words: HashedWords, compounds: Sequence[Compound]) -> tuple[np.ndarray, int]:
    """Return a key of each surface form of a text, (n_forms,) uint64, and how many there are without the title's own view.

    They are the words of all fields, the compounds, and those of the title once more. Equal forms have equal keys.
    """
    number = {compound: place for place, (compound, *_) in enumerate(reversed(compounds))}
    joined = np.array([number[compound] for compound, *_ in compounds], dtype=np.uint64)
    n_in_title = sum(field == TITLE for _, field, *_ in compounds)  # the first of them
    in_title = words.of_word[slice(*words.edges[TITLE : TITLE + 2])]
    keys = np.concatenate([words.of_word, joined, in_title, joined[:n_in_title]])
    return keys, len(words.of_word) + len(joined)


# A code holds what a word gives: the row of the word and the row of its stem, each plus one, and how many terms it has.
_ROW_BITS = 30
_ROW = (1 << _ROW_BITS) - 1
_ONE = 1 << 2 * _ROW_BITS


class _Forms(NamedTuple):
    """The surface forms of some texts: (n_forms,) of each the number of the text, the code, and how often it counts."""

    texts: np.ndarray
    codes: np.ndarray
    times: np.ndarray
    in_title: np.ndarray  # the numbers of those that stand in titles


class TermRows:
    """Looks up the terms of texts among those of a model."""

    def __init__(self, terms: Sequence[str], title_terms: Sequence[str], stems: Stems = ENGLISH_STEMS) -> None:
        """Take a model's terms, of which those of titles are some, or raise `ValueError`."""
        self._stems = stems
        self._n_terms = len(terms)
        self._n_rows = len(terms) + len(title_terms)
        self._row = {term: row for row, term in enumerate(terms, start=1)}
        if not self._row.keys() >= set(title_terms):
            raise ValueError("some terms of titles are no terms of whole texts")
        # The row in the view of the titles, plus one, by that in the whole text, plus one.
        self._title_row = np.zeros(len(terms) + 1, dtype=np.int64)
        self._title_row[[self._row[term] for term in title_terms]] = np.arange(len(terms) + 1, self._n_rows + 1)
        words = [term for term in terms if len(term) > 1 and not term.endswith(STEM_MARK) and "-" not in term]
        words += [*ascii_lowercase, "0"]  # they are no terms, and stand in every text
        self._table = WordTable(words)
        self._codes = np.array([*self._codes_of(words), -1])  # the last is of what is no word of the table
        self._cache: dict[int, int] = {}  # the codes of other words, by their hashes

    def find(self, texts: Sequence[ReadText]) -> CountedTerms:
        """Return the terms of some texts that the model knows."""
        words = words_of_texts(texts)
        codes, text_of, times, in_title = self._codes_of_words(words), words.texts, words.times, words.in_title
        compounds = list(map(compounds_in, texts))
        if joined := list(chain(*compounds)):
            codes = np.concatenate([codes, [_ONE | self._row.get(compound, 0) for compound, *_ in joined]])
            text_of = np.concatenate([text_of, np.arange(len(texts)).repeat(list(map(len, compounds)))])
            in_title = np.concatenate([in_title, [field == TITLE for _, field, *_ in joined]])
            times = np.concatenate([times, np.ones(len(joined))])
        return self._counted(_Forms(text_of, codes, times, in_title.nonzero()[0]), compounds)

    def _codes_of_words(self, words: TextWords) -> np.ndarray:
        hashes = words.hashed.of_term
        if len(hashes) < FEW:
            return np.array(self._cached(hashes.tolist(), range(len(hashes)), words), dtype=np.int64)
        codes = self._codes.take(self._table.find(hashes))
        missing = (codes < 0).nonzero()[0]
        if len(missing):
            codes[missing] = self._cached(hashes[missing].tolist(), missing.tolist(), words)
        return codes

    def _cached(self, hashes: list[int], numbers: Sequence[int], words: TextWords) -> list[int]:
        """Return the codes of words by their hashes. New words are read by their numbers in all fields."""
        codes = list(map(self._cache.get, hashes))
        if None not in codes:
            return cast(list[int], codes)
        number_of = {hash_: number for number, hash_, code in zip(numbers, hashes, codes, strict=True) if code is None}
        new_words = words.spelling(list(number_of.values()))
        code_of = dict(zip(number_of, self._codes_of(new_words), strict=True))
        if len(self._cache) < N_CACHED:  # a hostile text may bring any number of words
            self._cache.update(islice(code_of.items(), N_CACHED - len(self._cache)))
        return [code_of[hash_] if code is None else code for hash_, code in zip(hashes, codes, strict=True)]

    def _codes_of(self, words: Sequence[str]) -> list[int]:
        row = self._row.get
        terms, stems = term_and_stem(words, self._stems)
        each = zip(terms, stems, strict=True)
        return [
            (bool(term) + bool(stem)) << 2 * _ROW_BITS | row(stem, 0) << _ROW_BITS | row(term, 0) for term, stem in each
        ]

    def _counted(self, forms: _Forms, compounds: list[list[Compound]]) -> CountedTerms:
        n_texts, (text, codes, times, in_title) = len(compounds), forms
        n_terms = np.bincount(text, (codes >> 2 * _ROW_BITS) * times, minlength=n_texts)
        first, second = codes & _ROW, (codes >> _ROW_BITS) & _ROW
        first_in_title, second_in_title = (self._title_row.take(row[in_title]) for row in (first, second))
        row = np.concatenate([first, first_in_title, second, second_in_title])
        text = np.concatenate([text, text.take(in_title)])
        times = np.concatenate([times, np.ones(len(in_title))])
        base = text * (self._n_rows + 1)
        has_row = (row != 0).nonzero()[0]
        key = row.take(has_row) + np.concatenate([base, base]).take(has_row)
        # Each key is sorted with its index in the low bits: numbers are sorted in a third of the time that their order
        # takes. What fits into memory fits into 63 bits.
        n_bits = len(row).bit_length()
        packed = np.sort((key << n_bits) | has_row)
        key, entry = packed >> n_bits, packed & ((1 << n_bits) - 1)
        entry -= len(text) * (entry >= len(text))  # of second terms, too: a division would take three times as long
        times, is_new = times.take(entry), np.ones(len(key), dtype=bool)
        np.not_equal(key[1:], key[:-1], out=is_new[1:])
        new = is_new.nonzero()[0]
        counts = np.add.reduceat(times, new) if len(new) else np.zeros(0)
        entry_of_row = entry.take(new)
        text_of_row = text.take(entry_of_row)
        rows = key.take(new) - base.take(entry_of_row) - 1
        return CountedTerms(
            text_of_row.searchsorted(np.arange(n_texts + 1)),
            text_of_row,
            rows,
            counts,
            n_terms,
            np.bincount(text_of_row, counts * (rows < self._n_terms), minlength=n_texts),
            (entry, times, is_new),
            compounds,
        )
