"""Text -> terms: what the TF-IDF counts, and where each term stands in the text.

A word gives itself (digits folded to 0) and its stem; two words joined by a hyphen give the compound as well.
Terms of the first sentence count twice. The title has a view of its own besides.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import snowballstemmer

from classifier.mentions import BODY, TITLE, ReadText
from classifier.words import Words

_DIGIT = re.compile(r"[0-9]")
STEM_MARK = "~"  # "attack~" is the stem of attack, attacks, attacked; "attack" is the word
MAX_WORD = 40  # longer "words" are codes and addresses; cutting them keeps a one-megabyte word harmless
_REMEMBERED = 200_000  # words whose rows a model keeps at hand


class _Stemmer(threading.local):
    """A stemmer for each thread: it works on its own state, and threads that share one get each other's stems."""

    def __init__(self) -> None:
        self.stem: Callable[[str], str] = snowballstemmer.stemmer("english").stemWord


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


def text_terms(text: ReadText) -> list[str]:
    """Return the terms of title and body, those of the first sentence twice."""
    body = text.body_words
    n_lead = bisect_left(body.starts, text.lead_end)
    lead = Words(body.spelling[:n_lead], body.starts[:n_lead], body.ends[:n_lead])
    return _terms(text.title, text.title_words) + _terms(text.body, body) + _terms(text.body, lead)


def title_terms(text: ReadText) -> list[str]:
    """Return the terms of the title."""
    return _terms(text.title, text.title_words)


def _terms(content: str, words: Words) -> list[str]:
    terms = [term for word in words.spelling for term in terms_of_word(word)]
    return terms + [compound for compound, _ in _compounds(content, words)]


def _compounds(content: str, words: Words) -> Iterator[tuple[str, int]]:
    """Yield (compound, number of its first word) for words that are joined by a hyphen."""
    if "-" not in content:
        return
    spelling, starts, ends = words
    for i in range(len(spelling) - 1):
        if starts[i + 1] == ends[i] + 1 and content[ends[i]] == "-":
            yield _DIGIT.sub("0", f"{spelling[i]}-{spelling[i + 1]}"[: 2 * MAX_WORD]), i


class TermPlaces(NamedTuple):
    """The terms of one text that a model knows, and where they stand.

    rows: (n_rows,) int64, ascending; counts: (n_rows,) int64, with the first sentence twice.
    Occurrences: `row_of`, `place_of`, (n_occurrences,) int64, positions in `rows` and in the places.
    Places, words and then compounds: `fields`, `starts`, `ends` in the clean text, and `spelling`.
    """

    rows: np.ndarray
    counts: np.ndarray
    row_of: np.ndarray
    place_of: np.ndarray
    fields: list[int]
    starts: list[int]
    ends: list[int]
    spelling: list[str]
    n_terms: int
    n_known: int


class TermRows:
    """The rows of a model's terms; looks up whole texts."""

    def __init__(self, terms: Sequence[str], title_terms: Sequence[str]) -> None:
        self._row = {term: row for row, term in enumerate(terms)}
        self._title_row = {term: row for row, term in enumerate(title_terms, start=len(terms))}
        self._known: dict[str, tuple[int, tuple[int, ...]]] = {}

    def find(self, text: ReadText) -> TermPlaces:
        """Return the terms of a text that are known, with their places."""
        title, body = text.title_words, text.body_words
        n_title, n_words = len(title.spelling), len(title.spelling) + len(body.spelling)
        fields = [TITLE] * n_title + [BODY] * len(body.spelling)
        starts, ends = title.starts + body.starts, title.ends + body.ends
        spelling = title.spelling + body.spelling
        rows: list[int] = []
        places: list[int] = []
        n_terms = 0
        for place, word in enumerate(spelling):
            n, found = self._known.get(word) or self._look_up(word)
            n_terms += n
            for row in found:
                rows.append(row)
                places.append(place)
        for field, content, words, before in ((TITLE, text.title, title, 0), (BODY, text.body, body, n_title)):
            for compound, first in _compounds(content, words):
                n_terms += 1
                if compound in self._row:
                    rows.append(self._row[compound])
                    places.append(len(spelling))
                fields.append(field)
                starts.append(starts[before + first])
                ends.append(ends[before + first + 1])
                spelling.append(compound)
        in_lead = _in_lead(np.array(places, dtype=np.int64), fields, ends, n_title, n_words, text)
        title_rows, title_places = self._title(spelling, n_title, n_words, fields)
        every = np.array(rows + title_rows, dtype=np.int64)
        unique, row_of = np.unique(every, return_inverse=True)
        counts = np.bincount(row_of, minlength=len(unique))
        counts += np.bincount(row_of[: len(rows)][in_lead], minlength=len(unique))
        return TermPlaces(
            unique,
            counts,
            row_of,
            np.array(places + title_places, dtype=np.int64),
            fields,
            starts,
            ends,
            spelling,
            n_terms,
            len(rows),
        )

    def _look_up(self, word: str) -> tuple[int, tuple[int, ...]]:
        """Return how many terms a word has, and the rows of those that are known."""
        terms = terms_of_word(word)
        found = len(terms), tuple(self._row[term] for term in terms if term in self._row)
        if len(self._known) < _REMEMBERED and len(word) <= MAX_WORD:
            self._known[word] = found
        return found

    def _title(self, spelling: list[str], n_title: int, n_words: int, fields: list[int]) -> tuple[list[int], list[int]]:
        """Return rows and places of the title's own view: its words and its compounds."""
        rows, places = [], []
        compounds = (place for place in range(n_words, len(spelling)) if fields[place] == TITLE)
        for place in (*range(n_title), *compounds):
            terms = terms_of_word(spelling[place]) if place < n_title else (spelling[place],)
            for term in terms:
                if (row := self._title_row.get(term)) is not None:
                    rows.append(row)
                    places.append(place)
        return rows, places


def _in_lead(
    places: np.ndarray, fields: list[int], ends: list[int], n_title: int, n_words: int, text: ReadText
) -> np.ndarray:
    """Return which occurrences stand in the first sentence: its words, and compounds of two of its words."""
    n_lead = bisect_left(text.body_words.starts, text.lead_end)
    last = text.body_words.ends[n_lead - 1] if n_lead else 0
    inside = np.zeros(len(fields), dtype=bool)
    inside[n_title : n_title + n_lead] = True
    for place in range(n_words, len(fields)):
        inside[place] = fields[place] == BODY and ends[place] <= last
    found: np.ndarray = inside[places]
    return found
