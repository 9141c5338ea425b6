"""Surface forms of texts, which are many times fewer than their terms: counted batch by batch, in any process, and joined."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from classifier.text.fields import TITLE, ReadText
from classifier.text.terms import compounds_in, words_of_texts


class FormCounts(NamedTuple):
    """How often surface forms stand in some texts: first the words, then the compounds."""

    words: np.ndarray  # (n_words,) uint64, the hash of each
    compounds: list[str]
    new: dict[int, str]  # the words that their counter had not seen before, by their hashes
    in_text: sparse.csr_matrix  # (n_texts, n_forms) float64
    in_title: sparse.csr_matrix  # the same, in their titles


class FormCounter:
    """Counts the surface forms of texts: words and compounds, of a plain reading words alone."""

    def __init__(self, plain: bool) -> None:
        self._plain = plain
        self._seen: set[int] = set()

    def count(self, texts: Sequence[ReadText]) -> FormCounts:
        """Count the forms of the next texts."""
        words = words_of_texts(texts)
        hashes, place, of_word = _distinct(words.hashed.of_word)
        is_new = np.array([key not in self._seen for key in hashes.tolist()], dtype=bool)
        new = dict(zip(hashes[is_new].tolist(), words.spelling(place[is_new]), strict=True))
        self._seen |= new.keys()
        shape = len(texts), len(hashes)
        in_text = _counted(words.texts, of_word, words.times, shape)
        titles = words.in_title.nonzero()[0]
        in_title = _counted(words.texts[titles], of_word[titles], np.ones(len(titles)), shape)
        numbers: dict[str, int] = {}
        if not self._plain and (compounds := list(_compounds(texts))):
            of_compound = np.array([numbers.setdefault(name, len(numbers)) for _, name, _ in compounds])
            texts_of = np.array([number for number, _, _ in compounds])
            titles = np.flatnonzero([is_in_title for _, _, is_in_title in compounds])
            shape, ones = (len(texts), len(numbers)), np.ones(len(compounds))
            in_text = sparse.hstack([in_text, _counted(texts_of, of_compound, ones, shape)], format="csr")
            of_title = _counted(texts_of[titles], of_compound[titles], ones[titles], shape)
            in_title = sparse.hstack([in_title, of_title], format="csr")
        return FormCounts(hashes, list(numbers), new, in_text, in_title)


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
    counts = sparse.csr_matrix((times, forms.astype(np.int32), begins.astype(np.int32)), shape=shape)
    counts = counts.tocsc().tocsr()  # the forms of each text in order, in linear time
    counts.sum_duplicates()
    return counts


def _compounds(texts: Sequence[ReadText]) -> Iterator[tuple[int, str, bool]]:
    """Yield the number of the text of each compound, the compound, and whether it stands in the title."""
    for number, text in enumerate(texts):
        yield from ((number, compound, field == TITLE) for compound, field, *_ in compounds_in(text))


class Forms:
    """The surface forms of all texts, and how often they stand in each."""

    def __init__(self) -> None:
        self._words: dict[int, str] = {}  # by their hashes
        self._compounds: dict[str, int] = {}  # numbered as they come
        self._parts: list[tuple[np.ndarray, np.ndarray, sparse.csr_matrix, sparse.csr_matrix]] = []

    def add(self, counts: FormCounts) -> None:
        """Add the counts of the next texts."""
        self._words |= counts.new
        number = self._compounds
        compounds = [number.setdefault(compound, len(number)) for compound in counts.compounds]
        self._parts.append((counts.words, np.array(compounds, dtype=np.int64), counts.in_text, counts.in_title))

    def counts(self) -> tuple[list[str], sparse.csr_matrix, sparse.csr_matrix]:
        """Return the forms, how often they stand in texts, and in their titles, (n_texts, n_forms) float64 CSR each."""
        hashes, number_of = np.unique(np.concatenate([words for words, *_ in self._parts]), return_inverse=True)
        forms = [*map(self._words.__getitem__, hashes.tolist()), *self._compounds]
        in_text, in_title, begin = [], [], 0
        for words, compounds, of_text, of_title in self._parts:
            end = begin + len(words)
            numbers = np.concatenate([number_of[begin:end], len(hashes) + compounds]).astype(np.int32)
            in_text.append(_renumbered(of_text, numbers, len(forms)))
            in_title.append(_renumbered(of_title, numbers, len(forms)))
            begin = end
        return forms, sparse.vstack(in_text, format="csr"), sparse.vstack(in_title, format="csr")


def _renumbered(counts: sparse.csr_matrix, numbers: np.ndarray, n_forms: int) -> sparse.csr_matrix:
    """Return counts with other numbers of their forms."""
    return sparse.csr_matrix((counts.data, numbers[counts.indices], counts.indptr), shape=(counts.shape[0], n_forms))
