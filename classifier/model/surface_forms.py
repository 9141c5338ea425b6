"""The surface forms of an article's terms: the words and compounds of the text that make up each term."""

from bisect import bisect_right
from collections import defaultdict
from itertools import accumulate

import numpy as np

from classifier.model.answer import Part, Span
from classifier.text.fields import ReadText
from classifier.text.once import once
from classifier.text.term_rows import CountedTerms, form_keys

MAX_SPANS = 200  # listed of one part, whose weight is that of all


class SurfaceForms:
    """The words and compounds that make up an article's terms, and where they stand; made once, used for every tag.

    A surface form is shown if at least one of its terms is informative. All others are summed under number 0.
    """

    def __init__(self, text: ReadText, terms: CountedTerms, is_informative: np.ndarray) -> None:
        """Take the terms of one text apart. `is_informative`: (n_rows,) bool, which rows are not common words."""
        self._text, (self._compounds,) = text, terms.compounds
        self._shown: dict[int, str] = {}
        self._begins = [0, *accumulate(map(len, text.words))]  # of the fields' words, and of the compounds
        keys, n_in_text = form_keys(text, self._compounds)
        entry, times, self._row = terms.entries
        is_shown = np.zeros(len(keys), dtype=bool)
        is_shown[entry[is_informative[self._row]]] = True
        shown = np.flatnonzero(is_shown[:n_in_text])
        distinct, first, numbers = _distinct(keys[shown])
        order = first.argsort()  # the forms are numbered from 1 as they come
        rank = order.argsort() + 1
        self._first = shown[first[order]].tolist()
        self._n_times = np.bincount(numbers, minlength=len(distinct))[order].tolist()
        form_of_key = np.zeros(len(keys), dtype=np.int64)
        form_of_key[shown] = rank[numbers]
        if len(distinct):
            nearest = np.minimum(distinct.searchsorted(keys[n_in_text:]), len(distinct) - 1)
            form_of_key[n_in_text:] = np.where(distinct[nearest] == keys[n_in_text:], rank[nearest], 0)
        self._form = form_of_key[entry]
        self._share = times / terms.counts[self._row]  # of the row's count

    def __len__(self) -> int:
        return len(self._first) + 1

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return each form's share of the weights of the rows, (n_tags, n_rows) -> (n_tags, n_forms)."""
        shares, n = self._share * weights.take(self._row, axis=1), len(self)
        cells = self._form + n * np.arange(len(weights))[:, None]
        return np.bincount(cells.ravel(), shares.ravel(), minlength=n * len(weights)).reshape(len(weights), n)

    def text(self, number: int) -> str:
        """Return what a form is."""
        if number not in self._shown:
            field, index = self._first_in_field(number)
            words = self._text.words
            self._shown[number] = self._compounds[index][0] if field is None else words[field].word(index)
        return self._shown[number]

    def first(self, number: int) -> Span:
        """Return where a form stands first."""
        field, index = self._first_in_field(number)
        if field is None:
            return self._compounds[index][1:]
        return field, *self._text.words[field].span(index, index + 1)

    def n_times(self, number: int) -> int:
        """Return how often a form stands in the text."""
        field, index = self._first_in_field(number)
        if field is None:  # those of the first sentence are there twice
            return sum(compound == self._compounds[index][0] for compound, *_ in set(self._compounds))
        return int(self._n_times[number - 1])

    def _first_in_field(self, number: int) -> tuple[int | None, int]:
        """Return the field where a form stands first, and the index of its word there; for a compound None and its index."""
        index = self._first[number - 1]
        field = bisect_right(self._begins, index) - 1
        return field if field < len(self._text.words) else None, index - self._begins[field]

    @once
    def _spans(self) -> dict[str, list[Span]]:
        spans: dict[str, list[Span]] = defaultdict(list)
        for number, words in enumerate(self._text.words):
            for word, start, end in zip(words.spelling, words.starts, words.ends, strict=True):
                spans[word].append((number, start, end))
        for compound, field, start, end in dict.fromkeys(self._compounds):
            spans[compound].append((field, start, end))
        return spans

    def parts(self, weights: np.ndarray) -> list[Part]:
        """Return a part for each form that has a weight for one tag, (1, n_rows); common words are one part together."""
        common, *shown = self.sums(weights)[0].tolist()
        texts = [(self.text(number), weight) for number, weight in enumerate(shown, start=1) if weight]
        parts = [Part("term", text, weight, tuple(self._spans[text][:MAX_SPANS])) for text, weight in texts]
        return [*parts, Part("term", "common words", common, ())]


def _distinct(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what `numpy.unique` does with index and inverse, in half the time of some hundred keys."""
    by_key = keys.argsort(kind="stable")
    in_order = keys[by_key]
    starts_key = np.full(len(keys), True)
    np.not_equal(in_order[1:], in_order[:-1], out=starts_key[1:])
    numbers = np.empty(len(keys), dtype=np.int64)
    numbers[by_key] = starts_key.cumsum() - 1
    return in_order[starts_key], by_key[starts_key], numbers
