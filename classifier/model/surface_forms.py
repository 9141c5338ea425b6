"""The surface forms of an article's terms: the words and compounds of the text that make up each term."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from itertools import accumulate

import numpy as np

from classifier.model.answer import Part, Where
from classifier.text.fields import ReadText
from classifier.text.once import once
from classifier.text.term_rows import CountedTerms, form_keys

MAX_PLACES = 200  # listed of one part; its weight is that of all


class SurfaceForms:
    """The words and compounds that write an article's terms, and where they stand; made once, used for every tag.

    A writing is worth showing if any of its terms is no common word. The others count, and are one, the first.
    """

    def __init__(self, text: ReadText, found: CountedTerms, telling: np.ndarray) -> None:
        """Take the terms of one text apart; `telling` says of its rows, (n_rows,) bool, if they are no common words."""
        self._text, (self._compounds,) = text, found.compounds
        self._shown: dict[int, str] = {}
        self._begins = [0, *accumulate(map(len, text.words))]  # of the fields' words, and of the compounds
        keys, n_written = form_keys(text, self._compounds)
        entry, times, self._row = found.entries
        is_telling = np.zeros(len(keys), dtype=bool)
        is_telling[entry[telling[self._row]]] = True
        shown = np.flatnonzero(is_telling[:n_written])
        own, first, numbers = _distinct(keys[shown])
        order = first.argsort()  # writings are numbered from 1 as they come
        place = order.argsort() + 1
        self._first = shown[first[order]].tolist()
        self._n_times = np.bincount(numbers, minlength=len(own))[order].tolist()
        number_of = np.zeros(len(keys), dtype=np.int64)
        number_of[shown] = place[numbers]
        if len(own):
            at = np.minimum(own.searchsorted(keys[n_written:]), len(own) - 1)
            number_of[n_written:] = np.where(own[at] == keys[n_written:], place[at], 0)
        self._writing = number_of[entry]
        self._share = times / found.counts[self._row]  # of the row's count

    def __len__(self) -> int:
        return len(self._first) + 1

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return the weight of each writing for some tags, (n_tags, n_writings), from the weights of the rows, (n_tags,
        n_rows): each writing gets its share of a row.
        """
        shares, n = self._share * weights.take(self._row, axis=1), len(self)
        places = self._writing + n * np.arange(len(weights))[:, None]
        return np.bincount(places.ravel(), shares.ravel(), minlength=n * len(weights)).reshape(len(weights), n)

    def text(self, number: int) -> str:
        """Return what a writing is."""
        text = self._shown.get(number)
        if text is None:
            field, at = self._at(number)
            text = self._shown[number] = self._compounds[at][0] if field is None else self._text.words[field].word(at)
        return text

    def first(self, number: int) -> Where:
        """Return the first place of a writing."""
        field, at = self._at(number)
        if field is None:
            return self._compounds[at][1:]
        return field, *self._text.words[field].span(at, at + 1)

    def n_times(self, number: int) -> int:
        """Return how often a writing stands in the text."""
        field, at = self._at(number)
        if field is None:  # those of the first sentence are there twice
            return sum(compound == self._compounds[at][0] for compound, *_ in set(self._compounds))
        return int(self._n_times[number - 1])

    def _at(self, number: int) -> tuple[int | None, int]:
        """Return the field where a writing stands first, and among which of its words, or None and which compound it is."""
        at = self._first[number - 1]
        field = bisect_right(self._begins, at) - 1
        return field if field < len(self._text.words) else None, at - self._begins[field]

    @once
    def _places(self) -> dict[str, list[Where]]:
        """The places of all writings, in order."""
        places: dict[str, list[Where]] = defaultdict(list)
        for number, words in enumerate(self._text.words):
            for word, start, end in zip(words.spelling, words.starts, words.ends, strict=True):
                places[word].append((number, start, end))
        for compound, field, start, end in dict.fromkeys(self._compounds):
            places[compound].append((field, start, end))
        return places

    def parts(self, weights: np.ndarray) -> list[Part]:
        """Return a part for each writing that has a weight for one tag, (1, n_rows); common words are one part together."""
        common, *own = self.sums(weights)[0].tolist()
        parts = [
            Part("term", text, weight, tuple(self._places[text][:MAX_PLACES]))
            for text, weight in zip(map(self.text, range(1, len(self))), own, strict=True)
            if weight
        ]
        return [*parts, Part("term", "common words", common, ())]


def _distinct(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the different keys, in order, where each stands first, and which of them each key is.

    `numpy.unique` does the same in twice the time, of some hundred keys.
    """
    by_key = keys.argsort(kind="stable")
    in_order = keys[by_key]
    is_new = np.ones(len(keys), dtype=bool)
    np.not_equal(in_order[1:], in_order[:-1], out=is_new[1:])
    which = np.empty(len(keys), dtype=np.int64)
    which[by_key] = is_new.cumsum() - 1
    return in_order[is_new], by_key[is_new], which
