"""The surface forms of an article's terms: the words and compounds of the text that make up each term."""

from bisect import bisect_right
from collections import Counter, defaultdict

import numpy as np

from classifier.model.answer import Part, Span
from classifier.text.fields import ReadText
from classifier.text.once import once
from classifier.text.term_rows import CountedTerms, form_keys
from classifier.text.words import hashed_all

MAX_SPANS = 200  # listed of one part, whose weight is that of all


class SurfaceForms:
    """The words and compounds that make up an article's terms, and where they stand; made once, used for every tag.

    A surface form is shown if at least one of its terms is informative. All others are summed as common words.
    """

    def __init__(self, text: ReadText, terms: CountedTerms, is_informative: np.ndarray) -> None:
        """Take the terms of one text apart. `is_informative`: (n_rows,) bool, which rows are not common words."""
        self._text, (self._compounds,) = text, terms.compounds
        self._words = hashed_all(text.words)
        keys, n_in_text = form_keys(self._words, self._compounds)
        (entry, times, _), self._row = terms.entries, terms.row_of_entry
        is_shown = np.zeros(len(keys), dtype=bool)
        is_shown[entry[is_informative[self._row]]] = True
        shown = is_shown[:n_in_text].nonzero()[0]
        distinct, first, numbers = _distinct(keys[shown])
        order = first.argsort()  # the forms are numbered from 1 as they come
        rank = order.argsort() + 1
        self._first = shown[first[order]]  # among the words, and behind them the compounds
        self._n_times = np.bincount(numbers, minlength=len(distinct))[order]
        form_of_key = np.zeros(len(keys), dtype=np.int64)
        form_of_key[shown] = rank[numbers]
        if len(distinct):
            nearest = np.minimum(distinct.searchsorted(keys[n_in_text:]), len(distinct) - 1)
            form_of_key[n_in_text:] = np.where(distinct[nearest] == keys[n_in_text:], rank[nearest], 0)
        self._form = form_of_key[entry]
        self._share = times / terms.counts[self._row]  # of the row's count
        self._of_shown = self._form.nonzero()[0]
        self.rows = self._row[self._of_shown]  # of the entries whose forms are shown

    def __len__(self) -> int:
        return len(self._first)

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return each shown form's share of the weights of `rows`, (n_tags, len(rows)) -> (n_tags, n_forms)."""
        n_tags, n = len(weights), len(self)
        shares = self._share[self._of_shown] * weights
        cells = self._form[self._of_shown] + (n * np.arange(n_tags)[:, None] - 1)
        return np.bincount(cells.ravel(), shares.ravel(), minlength=n * n_tags).reshape(n_tags, n)

    def forms(self, numbers: list[int]) -> dict[str, tuple[Span, int]]:
        """Return where shown forms stand first and how often they stand in the text, by what they are.

        They come in the order of their numbers, of which the first is 0.
        """
        words = self._words
        indexes, n_times = self._first[numbers].tolist(), self._n_times[numbers].tolist()
        forms: dict[str, tuple[Span, int]] = {}
        for index, n_of_word in zip(indexes, n_times, strict=True):
            field = bisect_right(words.edges, index) - 1
            if field < len(self._text.words):
                begin = words.begins[field]
                start, end = words.starts.item(index) - begin, words.ends.item(index) - begin
                forms[self._text.words[field].spelt(start, end)] = (field, start, end), n_of_word
            else:
                compound, field, start, end = self._compounds[index - words.edges[-1]]
                forms[compound] = (field, start, end), self._n_compounds[compound]
        return forms

    @once
    def _n_compounds(self) -> Counter[str]:
        return Counter(compound for compound, *_ in set(self._compounds))  # those of the first sentence are there twice

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
        shown = self.sums(weights.take(self.rows, axis=1))[0].tolist()
        numbers = [number for number, weight in enumerate(shown) if weight]
        texts = [(text, shown[number]) for number, text in zip(numbers, self.forms(numbers), strict=True)]
        parts = [Part("term", text, weight, tuple(self._spans[text][:MAX_SPANS])) for text, weight in texts]
        common = np.bincount(self._form, self._share * weights[0].take(self._row), minlength=1).item(0)
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
