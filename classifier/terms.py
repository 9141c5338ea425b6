"""Text -> terms: what the TF-IDF counts, and where each term stands in the text.

A word gives itself (digits folded to 0) and its stem; two words joined by a hyphen give the compound as well.
Terms of the first sentence count twice. The title has a view of its own besides.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import Stemmer

from classifier.mentions import ReadText
from classifier.words import Words

_DIGIT = re.compile(r"[0-9]")
STEM_MARK = "~"  # "attack~" is the stem of attack, attacks, attacked; "attack" is the word
MAX_WORD = 40  # longer "words" are codes and addresses; cutting them keeps a one-megabyte word harmless
_REMEMBERED = 200_000  # words whose rows a model keeps at hand


class _Stemmer(threading.local):
    """A stemmer for each thread: it works on its own state, and threads that share one get each other's stems."""

    def __init__(self) -> None:
        self.stem: Callable[[str], str] = Stemmer.Stemmer("english", 0).stemWord


_STEMMER = _Stemmer()


def terms_of_word(word: str) -> tuple[str, ...]:
    """Return the terms of one folded word: itself and its stem; none for a single character."""
    return _terms_of_short_word(word[:MAX_WORD])  # cut before it is remembered


@lru_cache(maxsize=_REMEMBERED)
def _terms_of_short_word(word: str) -> tuple[str, ...]:
    if len(word) < 2:
        return ()
    word = _DIGIT.sub("0", word)
    if word.isalpha() and word.isascii():
        return word, _STEMMER.stem(word) + STEM_MARK
    return (word,)


def text_words(text: ReadText) -> Counter[str]:
    """Return how often words stand in title and body, those of the first sentence twice."""
    counts = text.counts.copy()
    counts.update(text.body_words.spelling[: text.n_lead])
    return counts


def text_writings(text: ReadText) -> Counter[str]:
    """Return how often words and compounds stand in title and body, those of the first sentence twice."""
    counts = text_words(text)
    counts.update(_text_compounds(text))
    return counts


def title_words(text: ReadText) -> Counter[str]:
    """Return how often words stand in the title."""
    return Counter(text.title_words.spelling)


def title_writings(text: ReadText) -> Counter[str]:
    """Return how often words and compounds stand in the title."""
    counts = title_words(text)
    counts.update(compound for compound, _ in compounds(text.title, text.title_words))
    return counts


def terms_of_writing(writing: str) -> tuple[str, ...]:
    """Return the terms of a word or of a compound, which is its own term."""
    return (writing,) if "-" in writing else terms_of_word(writing)


def text_terms(text: ReadText) -> list[str]:
    """Return the terms of title and body, those of the first sentence twice."""
    return _terms(text_writings(text))


def title_terms(text: ReadText) -> list[str]:
    """Return the terms of the title."""
    return _terms(title_writings(text))


def _terms(counts: Counter[str]) -> list[str]:
    return [term for writing in counts.elements() for term in terms_of_writing(writing)]


def _text_compounds(text: ReadText) -> list[str]:
    return [*(compound for compound, _ in compounds(text.title, text.title_words)), *_body_compounds(text)]


def _body_compounds(text: ReadText) -> list[str]:
    """Return the compounds of the body, those of its first sentence twice."""
    found: list[str] = []
    for compound, first in compounds(text.body, text.body_words):
        found += [compound] * (2 if first + 1 < text.n_lead else 1)
    return found


def compounds(content: str, words: Words) -> Iterator[tuple[str, int]]:
    """Yield (compound, number of its first word) for words that are joined by a hyphen."""
    at = content.find("-")
    if at < 0:
        return
    spelling, starts, ends = words.spelling, words.starts, words.ends
    while at >= 0:
        first = bisect_left(ends, at)
        if first + 1 < len(ends) and ends[first] == at and starts[first + 1] == at + 1:
            yield _DIGIT.sub("0", f"{spelling[first]}-{spelling[first + 1]}"[: 2 * MAX_WORD]), first
        at = content.find("-", at + 1)


@dataclass(frozen=True)
class FoundTerms:
    """The terms of some texts that a model knows, text after text, as in a CSR matrix.

    begins: (n_texts + 1,) int64, where each text begins among the rows; text_of_row: (n_rows,) int64; rows: (n_rows,)
    int64, ascending in each text;
    counts: (n_rows,) float64, with the first sentence twice; n_terms, n_known: (n_texts,) float64, occurrences of terms
    and of those that the model knows, without those of the title's own view.
    `entries` says what was written: the writings, and (n_entries,) of each its number, how often it counts, and its row,
    in the order of the rows.
    """

    begins: np.ndarray
    text_of_row: np.ndarray
    rows: np.ndarray
    counts: np.ndarray
    n_terms: np.ndarray
    n_known: np.ndarray
    entries: tuple[list[str], np.ndarray, np.ndarray, np.ndarray]


# A code holds what a word gives: the row of the word and the row of its stem, each plus one, and how many terms it has.
_ROW_BITS = 30
_ROW = (1 << _ROW_BITS) - 1


class _Codes(dict[str, int]):
    """The code of each word that was met; bounded, because a hostile text may bring any number of words."""

    def __init__(self, row: Mapping[str, int]) -> None:
        self._row = row

    def __missing__(self, word: str) -> int:
        terms = terms_of_word(word)
        code = len(terms) << 2 * _ROW_BITS
        for place, term in enumerate(terms):
            code |= (self._row.get(term, -1) + 1) << place * _ROW_BITS
        if len(self) < _REMEMBERED and len(word) <= MAX_WORD:
            self[word] = code
        return code

    def of_compound(self, compound: str) -> int:
        """Return the code of a compound, which is its own term."""
        return (1 << 2 * _ROW_BITS) | (self._row.get(compound, -1) + 1)


class _Written:
    """What some texts write in one view: the writings, their texts, codes, and how often each counts."""

    def __init__(self, codes: _Codes) -> None:
        self._codes = codes
        self.writings: list[str] = []
        self._lengths: list[int] = []
        self._leads: list[tuple[int, int]] = []
        self._compounds: list[tuple[int, str]] = []

    def add(self, words: Sequence[str], lead: Sequence[str], n_lead: int, compounds: Iterable[str]) -> None:
        """Take the next text: words, then those whose first `n_lead` count twice, and its compounds."""
        begin = len(self.writings)
        self.writings += words
        self._leads.append((len(self.writings), len(self.writings) + n_lead))
        self.writings += lead
        self._compounds += [(len(self._lengths), compound) for compound in compounds]
        self._lengths.append(len(self.writings) - begin)

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return texts, int64, codes, int64, and times, float64, (n_writings,) each."""
        n = len(self.writings)
        text = np.repeat(np.arange(len(self._lengths)), self._lengths)
        code = np.fromiter(map(self._codes.__getitem__, self.writings), np.int64, n)
        times = np.ones(n + len(self._compounds))
        for start, end in self._leads:
            times[start:end] = 2.0
        if self._compounds:
            texts, compounds = zip(*self._compounds, strict=True)
            self.writings += compounds
            text = np.concatenate([text, np.array(texts)])
            code = np.concatenate([code, np.array(list(map(self._codes.of_compound, compounds)))])
        return text, code, times


class TermRows:
    """The rows of a model's terms; looks up whole texts."""

    def __init__(self, terms: Sequence[str], title_terms: Sequence[str]) -> None:
        self._n_terms = len(terms)
        self._n_rows = len(terms) + len(title_terms)
        self._codes = _Codes({term: row for row, term in enumerate(terms)})
        self._title_codes = _Codes({term: row for row, term in enumerate(title_terms, start=len(terms))})

    def find(self, texts: Sequence[ReadText]) -> FoundTerms:
        """Return the terms of some texts that are known."""
        whole, titles = _Written(self._codes), _Written(self._title_codes)
        for text in texts:
            title, body = text.title_words.spelling, text.body_words.spelling
            in_title: list[str] = []
            if "-" in text.title:
                in_title = [compound for compound, _ in compounds(text.title, text.title_words)]
            whole.add(title, body, text.n_lead, in_title + _body_compounds(text))
            titles.add(title, (), 0, in_title)
        return self._found(len(texts), whole, titles)

    def _found(self, n_texts: int, whole: _Written, titles: _Written) -> FoundTerms:
        text, code, times = whole.arrays()
        n_terms = np.bincount(text, (code >> 2 * _ROW_BITS) * times, minlength=n_texts)
        text, code, times = map(np.concatenate, zip((text, code, times), titles.arrays(), strict=True))
        row = np.concatenate([code & _ROW, (code >> _ROW_BITS) & _ROW])
        known = np.flatnonzero(row)
        entry = known % max(1, len(code))
        key = row[known] + text[entry] * (self._n_rows + 1)
        by_key = np.argsort(key)
        key, entry = key[by_key], entry[by_key]
        times, is_new = times[entry], np.ones(len(key), dtype=bool)
        np.not_equal(key[1:], key[:-1], out=is_new[1:])
        row_of_entry = np.cumsum(is_new) - 1
        counts = np.bincount(row_of_entry, times)
        text_of_row, rows = np.divmod(key[is_new], self._n_rows + 1)
        rows -= 1
        of_text = rows < self._n_terms
        return FoundTerms(
            np.searchsorted(text_of_row, np.arange(n_texts + 1)),
            text_of_row,
            rows,
            counts,
            n_terms,
            np.bincount(text_of_row[of_text], counts[of_text], minlength=n_texts),
            (whole.writings + titles.writings, entry, times, row_of_entry),
        )
