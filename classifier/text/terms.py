"""Text -> terms: what the TF-IDF counts, and where each term stands in the text.

A word gives itself (digits folded to 0) and its stem; two words joined by a hyphen give the compound as well.
Terms of the first sentence count twice. The title has a view of its own besides.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from string import ascii_lowercase
from typing import NamedTuple, cast

import numpy as np

from classifier.text.english import ENGLISH
from classifier.text.fields import BODY, FIELDS, LEAD, TITLE, ReadText
from classifier.text.hashing import HashedWords, WordTable
from classifier.text.language import Language
from classifier.text.words import Words, hashed_all

_DIGIT = re.compile(r"[0-9]")
STEM_MARK = "~"  # "attack~" is the stem of attack, attacks, attacked; "attack" is the word
MAX_WORD = 40  # longer "words" are codes and addresses; cutting them keeps a one-megabyte word harmless
FEW = 250  # words that are looked up one by one in less time than the table takes to begin
_TIMES = np.array([field.times for field in FIELDS], dtype=np.float64)
_REMEMBERED = 200_000  # words whose rows a model keeps at hand


def terms_of_word(word: str, language: Language = ENGLISH) -> tuple[str, ...]:
    """Return the terms of one folded word: itself and its stem; none for a single character."""
    return _terms_of_short_word(word[:MAX_WORD], language)  # cut before it is remembered


@lru_cache(maxsize=_REMEMBERED)
def _terms_of_short_word(word: str, language: Language) -> tuple[str, ...]:
    return next(terms_of_words([word], language))


def terms_of_words(words: Sequence[str], language: Language = ENGLISH) -> Iterator[tuple[str, ...]]:
    """Return the terms of each of some folded words: many cost less together."""
    short = [word[:MAX_WORD] for word in words]
    return map(_terms, short, language.stems(short))


def _terms(word: str, stem: str) -> tuple[str, ...]:
    if len(word) < 2:
        return ()
    if word.isalpha() and word.isascii():
        return word, stem + STEM_MARK
    return (_DIGIT.sub("0", word),)


def text_words(text: ReadText) -> list[str]:
    """Return the words of all fields, each as often as it counts."""
    words = [word for field, of in zip(FIELDS, text.words, strict=True) for word in of.spelling * field.times]
    return words + text.words[BODY].spelling[: text.n_lead] * (LEAD.times - 1)


def text_writings(text: ReadText) -> list[str]:
    """Return the words and compounds of all fields, each as often as it counts."""
    return text_words(text) + [compound for compound, *_ in compounds_in(text)]


def title_words(text: ReadText) -> list[str]:
    """Return the words of the title."""
    return text.words[TITLE].spelling


def title_writings(text: ReadText) -> list[str]:
    """Return the words and compounds of the title."""
    compounds_of_title = compounds(text.contents[TITLE], text.words[TITLE])
    return text.words[TITLE].spelling + [compound for compound, *_ in compounds_of_title]


def terms_of_writing(writing: str) -> tuple[str, ...]:
    """Return the terms of a word or of a compound, which is its own term."""
    return (writing,) if "-" in writing else terms_of_word(writing)


def text_terms(text: ReadText) -> list[str]:
    """Return the terms of all fields, each as often as it counts."""
    return [term for writing in text_writings(text) for term in terms_of_writing(writing)]


def title_terms(text: ReadText) -> list[str]:
    """Return the terms of the title."""
    return [term for writing in title_writings(text) for term in terms_of_writing(writing)]


# A compound, its field, and where it starts and ends there.
Compound = tuple[str, int, int, int]


def compounds_in(text: ReadText) -> list[Compound]:
    """Return the compounds of all fields, each as often as it counts."""
    found = []
    for number, (field, content, words) in enumerate(zip(FIELDS, text.contents, text.words, strict=True)):
        for compound, start, second, end in compounds(content, words):
            in_lead = number == BODY and second < text.lead_end
            found += [(compound, number, start, end)] * (LEAD.times if in_lead else field.times)
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
class CountedTerms:
    """The terms of some texts that a model knows, text after text, as in a CSR matrix.

    begins: (n_texts + 1,) int64, where each text begins among the rows; text_of_row: (n_rows,) int64; rows: (n_rows,)
    int64, ascending in each text;
    counts: (n_rows,) float64, with the first sentence twice; n_terms, n_known: (n_texts,) float64, occurrences of terms
    and of those that the model knows, without those of the title's own view.
    `entries` says what was written: (n_entries,) of each its number, how often it counts, and its row, in the order of the
    rows. In a text that is looked up alone, writings are numbered so: the words of its fields, its `compounds`, and
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
_ONE, _TWO = (n << 2 * _ROW_BITS for n in (1, 2))


class _Written(NamedTuple):
    """What some texts write, (n_writings,) of each: the number of the text, the code, and how often it counts; and which
    of them stand in titles, as numbers."""

    texts: np.ndarray
    codes: np.ndarray
    times: np.ndarray
    in_title: np.ndarray


class TermRows:
    """The rows of a model's terms; looks up whole texts."""

    def __init__(self, terms: Sequence[str], title_terms: Sequence[str], language: Language = ENGLISH) -> None:
        """Take a model's terms, of which those of titles are some; raise `ValueError` if they are not."""
        self._language = language
        self._n_terms = len(terms)
        self._n_rows = len(terms) + len(title_terms)
        self._row = {term: row for row, term in enumerate(terms, start=1)}
        if not self._row.keys() >= set(title_terms):
            raise ValueError("some terms of titles are no terms of whole texts")
        # The row in the view of the titles, plus one, by that in the whole text, plus one.
        self._in_title = np.zeros(len(terms) + 1, dtype=np.int64)
        self._in_title[[self._row[term] for term in title_terms]] = np.arange(len(terms) + 1, self._n_rows + 1)
        words = [term for term in terms if len(term) > 1 and not term.endswith(STEM_MARK) and "-" not in term]
        words += [*ascii_lowercase, "0"]  # they are no terms, and stand in every text
        self._table = WordTable(words)
        self._codes = np.array([*self._codes_of(words), -1])  # the last is of what is no word of the table
        self._met: dict[int, int] = {}  # the codes of words that were met, by their hashes

    def find(self, texts: Sequence[ReadText]) -> CountedTerms:
        """Return the terms of some texts that are known."""
        n_fields = len(FIELDS)
        words = [field_words for text in texts for field_words in text.words]
        hashed = hashed_all(words)
        codes = self._of_words(hashed, words)
        edges, field_of = np.array(hashed.edges), np.arange(len(words)) % n_fields
        n_words = edges[1:] - edges[:-1]  # of each field of each text
        times = _TIMES.take(field_of).repeat(n_words)
        leads = [begin + text.lead_end for begin, text in zip(hashed.begins[BODY::n_fields], texts, strict=False)]
        for first, last in zip(hashed.edges[BODY::n_fields], hashed.starts.searchsorted(leads).tolist(), strict=False):
            times[first:last] = LEAD.times
        numbers = np.arange(len(texts))
        text_of = numbers.repeat(edges[n_fields::n_fields] - edges[:-1:n_fields])
        in_title = (field_of == TITLE).repeat(n_words)
        compounds = [compounds_in(text) if any("-" in content for content in text.contents) else [] for text in texts]
        if joined := list(chain(*compounds)):
            codes = np.append(codes, [self._of_compound(compound) for compound, *_ in joined])
            text_of = np.append(text_of, numbers.repeat(list(map(len, compounds))))
            in_title = np.append(in_title, [field == TITLE for _, field, *_ in joined])
            times = np.append(times, np.ones(len(joined)))
        return self._found(_Written(text_of, codes, times, np.flatnonzero(in_title)), compounds)

    def _of_words(self, hashed: HashedWords, words: Sequence[Words]) -> np.ndarray:
        """Return the codes of the words of some fields, (n_words,) int64."""
        hashes = hashed.of_term
        if len(hashes) < FEW:
            return np.array(self._of_hashes(hashes.tolist(), range(len(hashes)), hashed, words), dtype=np.int64)
        codes = self._codes.take(self._table.find(hashes))
        new = np.flatnonzero(codes < 0)
        if len(new):
            codes[new] = self._of_hashes(hashes[new].tolist(), new.tolist(), hashed, words)
        return codes

    def _of_hashes(
        self, hashes: list[int], places: Sequence[int], hashed: HashedWords, words: Sequence[Words]
    ) -> list[int]:
        """Return the codes of words by their hashes; those that are new are looked up at their places among the words."""
        found = list(map(self._met.get, hashes))
        if None not in found:
            return cast(list[int], found)
        place_of = {one: place for place, one, code in zip(places, hashes, found, strict=True) if code is None}
        fresh = []
        for place in place_of.values():
            field = bisect_right(hashed.edges, place) - 1
            fresh.append(words[field].word(place - hashed.edges[field]))
        code_of = dict(zip(place_of, self._codes_of(fresh), strict=True))
        if len(self._met) < _REMEMBERED:  # a hostile text may bring any number of words
            self._met.update(islice(code_of.items(), _REMEMBERED - len(self._met)))
        return [code_of[one] if code is None else code for one, code in zip(hashes, found, strict=True)]

    def _codes_of(self, words: Sequence[str]) -> list[int]:
        """Return the codes of words."""
        row = self._row.get
        return [
            _TWO | row(terms[1], 0) << _ROW_BITS | row(terms[0], 0)
            if len(terms) == 2
            else _ONE | row(terms[0], 0)
            if terms
            else 0
            for terms in terms_of_words(words, self._language)
        ]

    def _of_compound(self, compound: str) -> int:
        """Return the code of a compound, which is its own term."""
        return _ONE | self._row.get(compound, 0)

    def _found(self, written: _Written, compounds: list[list[Compound]]) -> CountedTerms:
        n_texts, (text, codes, times, in_title) = len(compounds), written
        n_terms = np.bincount(text, (codes >> 2 * _ROW_BITS) * times, minlength=n_texts)
        first, second = codes & _ROW, (codes >> _ROW_BITS) & _ROW
        again = [self._in_title.take(row[in_title]) for row in (first, second)]
        row = np.concatenate([first, again[0], second, again[1]])
        text = np.concatenate([text, text[in_title]])
        times = np.append(times, np.ones(len(in_title)))
        known = np.flatnonzero(row)
        key = row[known] + np.concatenate([text, text])[known] * (self._n_rows + 1)
        # Sorted with the place of each behind it: numbers are sorted in a third of the time that their order takes. What
        # fits into memory fits into 63 bits.
        n_bits = len(row).bit_length()
        packed = np.sort((key << n_bits) | known)
        key, entry = packed >> n_bits, (packed & ((1 << n_bits) - 1)) % max(1, len(text))
        times, is_new = times[entry], np.ones(len(key), dtype=bool)
        np.not_equal(key[1:], key[:-1], out=is_new[1:])
        row_of_entry = is_new.cumsum() - 1
        counts = np.bincount(row_of_entry, times)
        text_of_row = text[entry[is_new]]
        rows = key[is_new] - text_of_row * (self._n_rows + 1) - 1
        in_text = rows < self._n_terms
        return CountedTerms(
            text_of_row.searchsorted(np.arange(n_texts + 1)),
            text_of_row,
            rows,
            counts,
            n_terms,
            np.bincount(text_of_row[in_text], counts[in_text], minlength=n_texts),
            (entry, times, row_of_entry),
            compounds,
        )
