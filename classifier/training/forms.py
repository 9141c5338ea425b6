"""Surface forms of texts, which are many times fewer than their terms: counted batch by batch, in any process, and joined."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from classifier.text.fields import TITLE, ReadText
from classifier.text.terms import compounds_in, words_of_texts

_Key = int | str  # of a word its hash, of a compound the compound itself


class FormCounts(NamedTuple):
    """How often surface forms stand in some texts."""

    keys: list[_Key]  # of the forms, each once
    new: dict[_Key, str]  # the forms that their counter had not seen before
    in_text: sparse.csr_matrix  # (n_texts, n_keys) float64
    in_title: sparse.csr_matrix  # the same, in their titles


class FormCounter:
    """Counts the surface forms of texts: words and compounds, of a plain reading words alone."""

    def __init__(self, plain: bool) -> None:
        self._plain = plain
        self._seen: set[_Key] = set()

    def count(self, texts: Sequence[ReadText]) -> FormCounts:
        """Count the forms of the next texts."""
        words = words_of_texts(texts)
        hashes, place, of_word = _distinct(words.hashed.of_word)
        keys: list[_Key] = hashes.tolist()
        new = {key: words.word(place) for key, place in zip(keys, place.tolist(), strict=True) if key not in self._seen}
        shape = len(texts), len(keys)
        in_text = _counted(words.texts, of_word, words.times, shape)
        titles = words.in_title.nonzero()[0]
        in_title = _counted(words.texts[titles], of_word[titles], np.ones(len(titles)), shape)
        if not self._plain and (compounds := list(_compounds(texts))):
            numbers: dict[str, int] = {}
            of_compound = np.array([numbers.setdefault(name, len(numbers)) for _, name, _ in compounds])
            texts_of = np.array([number for number, _, _ in compounds])
            titles = np.flatnonzero([is_in_title for _, _, is_in_title in compounds])
            keys += numbers
            new |= {name: name for name in numbers if name not in self._seen}
            shape, ones = (len(texts), len(numbers)), np.ones(len(compounds))
            in_text = sparse.hstack([in_text, _counted(texts_of, of_compound, ones, shape)], format="csr")
            of_title = _counted(texts_of[titles], of_compound[titles], ones[titles], shape)
            in_title = sparse.hstack([in_title, of_title], format="csr")
        self._seen |= new.keys()
        return FormCounts(keys, new, in_text, in_title)


def _distinct(hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the distinct hashes, a place of each, and which of them stands at each place. `numpy.unique` sorts stably."""
    order = hashes.argsort()
    in_order = hashes[order]
    is_first = np.ones(len(hashes), dtype=bool)
    np.not_equal(in_order[1:], in_order[:-1], out=is_first[1:])
    of_place = np.empty(len(hashes), dtype=np.int32)
    of_place[order] = np.cumsum(is_first) - 1
    return in_order[is_first], order[is_first], of_place


def _counted(texts: np.ndarray, forms: np.ndarray, times: np.ndarray, shape: tuple[int, int]) -> sparse.csr_matrix:
    """Return the sums of `times` of each text, in rising order, and form."""
    begins = np.searchsorted(texts, np.arange(shape[0] + 1))
    counts = sparse.csr_matrix((times.copy(), forms.astype(np.int32), begins.astype(np.int32)), shape=shape)
    counts.sum_duplicates()
    return counts


def _compounds(texts: Sequence[ReadText]) -> Iterator[tuple[int, str, bool]]:
    """Yield the number of the text of each compound, the compound, and whether it stands in the title."""
    for number, text in enumerate(texts):
        if text.has_hyphen:
            yield from ((number, compound, field == TITLE) for compound, field, *_ in compounds_in(text))


class Forms:
    """The surface forms of all texts, numbered as they come, and how often they stand in each."""

    def __init__(self) -> None:
        self.names = [""]  # no form has the number 0
        self._number: dict[_Key, int] = {}
        self._in_text: list[sparse.csr_matrix] = []
        self._in_title: list[sparse.csr_matrix] = []

    def add(self, counts: FormCounts) -> None:
        """Add the counts of the next texts."""
        for key, name in counts.new.items():
            if key not in self._number:
                self._number[key] = len(self.names)
                self.names.append(name)
        numbers = np.array([self._number[key] for key in counts.keys], dtype=np.int32)
        for parts, part in ((self._in_text, counts.in_text), (self._in_title, counts.in_title)):
            forms = numbers[part.indices] if len(numbers) else part.indices
            parts.append(sparse.csr_matrix((part.data, forms, part.indptr), shape=(part.shape[0], len(self.names))))

    def counts(self) -> Iterator[sparse.csr_matrix]:
        """Yield how often forms stand in texts, and in their titles, (n_texts, n_forms) float64 CSR each."""
        for parts in (self._in_text, self._in_title):
            for part in parts:
                part.resize(part.shape[0], len(self.names))
            yield sparse.vstack(parts, format="csr")
