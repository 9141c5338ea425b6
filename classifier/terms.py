"""Text -> terms: what the TF-IDF counts, and where each term stands in the text.

A word gives itself (digits folded to 0) and its stem; two words joined by a hyphen give the compound as well.
Terms of the first sentence count twice. The title has a view of its own besides.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, chain, islice
from string import ascii_lowercase
from typing import NamedTuple, cast

import numpy as np
import Stemmer

from classifier.mentions import BODY, TITLE, ReadText
from classifier.words import NO_HASHES, Words, WordTable

_DIGIT = re.compile(r"[0-9]")
STEM_MARK = "~"  # "attack~" is the stem of attack, attacks, attacked; "attack" is the word
MAX_WORD = 40  # longer "words" are codes and addresses; cutting them keeps a one-megabyte word harmless
FEW = 250  # words that are looked up one by one in less time than the table takes to begin
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
    if word.isalpha() and word.isascii():
        return word, _STEMMER.stem(word) + STEM_MARK
    return (_DIGIT.sub("0", word),)


def text_words(text: ReadText) -> list[str]:
    """Return the words of title and body, and those of the first sentence once more."""
    body = text.body_words.spelling
    return [*text.title_words.spelling, *body, *body[: text.n_lead]]


def text_writings(text: ReadText) -> list[str]:
    """Return the words and compounds of title and body, and those of the first sentence once more."""
    return text_words(text) + [compound for compound, *_ in compounds_in(text)]


def title_words(text: ReadText) -> list[str]:
    """Return the words of the title."""
    return text.title_words.spelling


def title_writings(text: ReadText) -> list[str]:
    """Return the words and compounds of the title."""
    return text.title_words.spelling + [compound for compound, *_ in compounds(text.title, text.title_words)]


def terms_of_writing(writing: str) -> tuple[str, ...]:
    """Return the terms of a word or of a compound, which is its own term."""
    return (writing,) if "-" in writing else terms_of_word(writing)


def text_terms(text: ReadText) -> list[str]:
    """Return the terms of title and body, those of the first sentence twice."""
    return [term for writing in text_writings(text) for term in terms_of_writing(writing)]


def title_terms(text: ReadText) -> list[str]:
    """Return the terms of the title."""
    return [term for writing in title_writings(text) for term in terms_of_writing(writing)]


# A compound, its field, and where it starts and ends there.
Compound = tuple[str, int, int, int]


def compounds_in(text: ReadText) -> list[Compound]:
    """Return the compounds of title and body, those of the first sentence twice."""
    found = [(compound, TITLE, start, end) for compound, start, _, end in compounds(text.title, text.title_words)]
    for compound, start, second, end in compounds(text.body, text.body_words):
        found += [(compound, BODY, start, end)] * (2 if second < text.lead_end else 1)
    return found


def compounds(content: str, words: Words) -> Iterator[tuple[str, int, int, int]]:
    """Yield (compound, where it starts, where its second word starts, where it ends) for words joined by a hyphen."""
    plain = words.plain
    at = content.find("-", 1)
    while 0 <= at < len(content) - 1:
        if plain[at - 1] != " " and plain[at + 1] != " ":
            start, end = plain.rfind(" ", 0, at) + 1, plain.find(" ", at + 1)
            end = len(plain) if end < 0 else end
            pair = f"{_word(plain[start:at])}-{_word(plain[at + 1 : end])}"
            yield _DIGIT.sub("0", pair[: 2 * MAX_WORD]), start, at + 1, end
        at = content.find("-", at + 1)


def _word(plain: str) -> str:
    return plain.replace("'", "")


@dataclass(frozen=True)
class FoundTerms:
    """The terms of some texts that a model knows, text after text, as in a CSR matrix.

    begins: (n_texts + 1,) int64, where each text begins among the rows; text_of_row: (n_rows,) int64; rows: (n_rows,)
    int64, ascending in each text;
    counts: (n_rows,) float64, with the first sentence twice; n_terms, n_known: (n_texts,) float64, occurrences of terms
    and of those that the model knows, without those of the title's own view.
    `entries` says what was written: (n_entries,) of each its number, how often it counts, and its row, in the order of the
    rows. In a text that is looked up alone, writings are numbered so: the words of title and body, its `compounds`, and
    those of the title once more, words and compounds.
    """

    begins: np.ndarray
    text_of_row: np.ndarray
    rows: np.ndarray
    counts: np.ndarray
    n_terms: np.ndarray
    n_known: np.ndarray
    entries: tuple[np.ndarray, np.ndarray, np.ndarray]
    compounds: list[list[Compound]]


# A code holds what a word gives: the row of the word and the row of its stem, each plus one, and how many terms it has.
_ROW_BITS = 30
_ROW = (1 << _ROW_BITS) - 1


class _Written(NamedTuple):
    """What some texts write in one view, (n_writings,) int64: the number of the text, and the code."""

    texts: np.ndarray
    codes: np.ndarray


class _Rows:
    """The codes of the words of one view."""

    def __init__(self, terms: Sequence[str], first: int) -> None:
        """Take the terms of the view; their rows begin with `first`."""
        self._row = {term: row for row, term in enumerate(terms, start=first)}
        words = [term for term in terms if len(term) > 1 and not term.endswith(STEM_MARK) and "-" not in term]
        words += [*ascii_lowercase, "0"]  # they are no terms, and stand in every text
        self._table = WordTable(words)
        # The codes of the words of the table once they were met; the last is of no word.
        self._codes = np.full(len(words) + 1, -1)
        self._met: dict[int, int] = {}  # the codes of words that were met, by their hashes

    def _of_words(self, words: Sequence[Words], n_words: Sequence[int]) -> np.ndarray:
        hashes = np.concatenate([NO_HASHES, *(one.hashed.of_term for one in words)])
        if len(hashes) < FEW:
            return np.array(self._of_hashes(hashes.tolist(), range(len(hashes)), words, n_words), dtype=np.int64)
        number = self._table.find(hashes)
        codes = self._codes.take(number)
        new = np.flatnonzero(codes < 0)
        if len(new):
            codes[new] = self._of_hashes(hashes[new].tolist(), new.tolist(), words, n_words)
            own = new[number[new] >= 0]
            self._codes[number[own]] = codes[own]
        return codes

    def _of_hashes(
        self, hashes: list[int], places: Sequence[int], words: Sequence[Words], n_words: Sequence[int]
    ) -> list[int]:
        """Return the codes of words by their hashes; those that are new are looked up at their places among the words."""
        fresh: dict[int, int] = {}
        found = list(map(self._met.get, hashes))
        if None not in found:
            return cast(list[int], found)
        ends = list(accumulate(n_words))
        for place, one, code in zip(places, hashes, found, strict=True):
            if code is None and one not in fresh:
                text = bisect_right(ends, place)
                fresh[one] = self._code(words[text].word(place - ends[text] + n_words[text]))
        if len(self._met) < _REMEMBERED:  # a hostile text may bring any number of words
            self._met.update(islice(fresh.items(), _REMEMBERED - len(self._met)))
        return [fresh[one] if code is None else code for one, code in zip(hashes, found, strict=True)]

    def _code(self, word: str) -> int:
        terms = terms_of_word(word)
        code = len(terms) << 2 * _ROW_BITS
        for place, term in enumerate(terms):
            code |= (self._row.get(term, -1) + 1) << place * _ROW_BITS
        return code

    def _of_compound(self, compound: str) -> int:
        """Return the code of a compound, which is its own term."""
        return (1 << 2 * _ROW_BITS) | (self._row.get(compound, -1) + 1)

    def of_texts(
        self, words: Sequence[Words], n_words: list[int], n_of_text: list[int], compounds: Sequence[list[str]]
    ) -> _Written:
        """Return what texts write: fields of so many words each, of which each text has so many, and compounds."""
        numbers = np.arange(len(n_of_text))
        codes = self._of_words(words, n_words)
        texts = numbers.repeat(np.array(n_of_text, dtype=np.int64))
        joined = list(chain(*compounds))
        if joined:
            codes = np.append(codes, np.array(list(map(self._of_compound, joined))))
            texts = np.append(texts, numbers.repeat(list(map(len, compounds))))
        return _Written(texts, codes)


class TermRows:
    """The rows of a model's terms; looks up whole texts."""

    def __init__(self, terms: Sequence[str], title_terms: Sequence[str]) -> None:
        self._n_terms = len(terms)
        self._n_rows = len(terms) + len(title_terms)
        self._whole, self._titles = _Rows(terms, 0), _Rows(title_terms, len(terms))

    def find(self, texts: Sequence[ReadText]) -> FoundTerms:
        """Return the terms of some texts that are known."""
        titles = [text.title_words for text in texts]
        words = [one for text in texts for one in (text.title_words, text.body_words)]
        n_words = list(map(len, words))
        n_title = n_words[::2]
        n_of_text = [title + body for title, body in zip(n_title, n_words[1::2], strict=True)]
        joined = [compounds_in(text) if "-" in text.title or "-" in text.body else [] for text in texts]
        in_texts = [[compound for compound, *_ in own] for own in joined]
        in_titles = [[compound for compound, field, *_ in own if field == TITLE] for own in joined]
        whole = self._whole.of_texts(words, n_words, n_of_text, in_texts)
        again = self._titles.of_texts(titles, n_title, n_title, in_titles)
        times = np.ones(len(whole.codes) + len(again.codes))
        for begin, n, text in zip(accumulate(n_of_text, initial=0), n_title, texts, strict=False):
            times[begin + n : begin + n + text.n_lead] = 2.0
        return self._found(joined, whole, again, times)

    def _found(
        self, compounds: list[list[Compound]], whole: _Written, titles: _Written, times: np.ndarray
    ) -> FoundTerms:
        n_texts = len(compounds)
        n_of_word = (whole.codes >> 2 * _ROW_BITS) * times[: len(whole.codes)]
        n_terms = np.bincount(whole.texts, n_of_word, minlength=n_texts)
        text, code = map(np.concatenate, zip(whole, titles, strict=True))
        row = np.concatenate([code & _ROW, (code >> _ROW_BITS) & _ROW])
        known = np.flatnonzero(row)
        key = row[known] + np.concatenate([text, text])[known] * (self._n_rows + 1)
        # Sorted with the place of each behind it: numbers are sorted in a third of the time that their order takes. What
        # fits into memory fits into 63 bits.
        n_bits = len(row).bit_length()
        packed = np.sort((key << n_bits) | known)
        key, entry = packed >> n_bits, (packed & ((1 << n_bits) - 1)) % max(1, len(code))
        times, is_new = times[entry], np.ones(len(key), dtype=bool)
        np.not_equal(key[1:], key[:-1], out=is_new[1:])
        row_of_entry = is_new.cumsum() - 1
        counts = np.bincount(row_of_entry, times)
        text_of_row = text[entry[is_new]]
        rows = key[is_new] - text_of_row * (self._n_rows + 1) - 1
        in_text = rows < self._n_terms
        return FoundTerms(
            text_of_row.searchsorted(np.arange(n_texts + 1)),
            text_of_row,
            rows,
            counts,
            n_terms,
            np.bincount(text_of_row[in_text], counts[in_text], minlength=n_texts),
            (entry, times, row_of_entry),
            compounds,
        )
