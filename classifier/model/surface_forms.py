"""The surface forms of an article's terms: the words and compounds of the text that make up each term."""

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
        keys, n_in_text = form_keys(text, self._compounds)
        entry, times, self._row = terms.entries
        is_shown = np.zeros(len(keys), dtype=bool)
        is_shown[entry[is_informative[self._row]]] = True
        shown = np.flatnonzero(is_shown[:n_in_text])
        distinct, first, numbers = _distinct(keys[shown])
        order = first.argsort()  # the forms are numbered from 1 as they come
        rank = order.argsort() + 1
        self._first = self._places(shown[first[order]])
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
        text = self._shown.get(number)
        if text is None:
            field, start, end = self._first[number - 1]
            fields = self._text.words
            text = self._compounds[start][0] if field == len(fields) else fields[field].spelt(start, end)
            self._shown[number] = text
        return text

    def first(self, number: int) -> Span:
        """Return where a form stands first."""
        field, start, end = self._first[number - 1]
        return self._compounds[start][1:] if field == len(self._text.words) else (field, start, end)

    def n_times(self, number: int) -> int:
        """Return how often a form stands in the text."""
        field, index, _ = self._first[number - 1]
        if field == len(self._text.words):  # those of the first sentence are there twice
            return sum(compound == self._compounds[index][0] for compound, *_ in set(self._compounds))
        return int(self._n_times[number - 1])

    def _places(self, indexes: np.ndarray) -> list[Span]:
        """Return the field, start and end of words by their index among those of all fields.

        For a compound: the number of fields, and its own index as start and end.
        """
        words = [of_field.hashed for of_field in self._text.words]
        begins = np.array([0, *accumulate(map(len, self._text.words))])
        starts, ends = (
            np.concatenate([*edges, np.arange(len(self._compounds))]).take(indexes).tolist()
            for edges in ([of_field.starts for of_field in words], [of_field.ends for of_field in words])
        )
        fields = begins.searchsorted(indexes, side="right") - 1
        return list(zip(fields.tolist(), starts, ends, strict=True))

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
