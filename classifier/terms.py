"""Text -> terms: what the TF-IDF counts, and where each term stands in the text.

A word gives itself (digits folded to 0) and its stem; two words joined by a hyphen give the compound as well.
Terms of the first sentence count twice. The title has a view of its own besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import snowballstemmer

from classifier.mentions import BODY, TITLE, ReadText
from classifier.words import Words

_DIGIT = re.compile(r"[0-9]")
_STEMMER = snowballstemmer.stemmer("english")
STEM_MARK = "~"  # "attack~" is the stem of attack, attacks, attacked; "attack" is the word
MAX_WORD = 40  # longer "words" are codes and addresses; cutting them keeps a one-megabyte word harmless


class Place(NamedTuple):
    """Where a term stands: field and character offsets in the clean text."""

    term: str
    field: int
    start: int
    end: int


@lru_cache(maxsize=200_000)
def terms_of_word(word: str) -> tuple[str, ...]:
    """Return the terms of one folded word: itself and its stem; none for a single character."""
    if len(word) < 2:
        return ()
    word = _DIGIT.sub("0", word[:MAX_WORD])
    if word.isalpha() and word.isascii():
        return word, _STEMMER.stemWord(word) + STEM_MARK
    return (word,)


def text_terms(text: ReadText) -> list[str]:
    """Return the terms of title and body, those of the first sentence twice."""
    body = text.body_words
    terms = _terms(text.title, text.title_words) + _terms(text.body, body)
    n_lead = sum(1 for start in body.starts[: 1 + text.lead_end // 2] if start < text.lead_end)
    lead = Words(body.spelling[:n_lead], body.starts[:n_lead], body.ends[:n_lead])
    return terms + _terms(text.body, lead)


def title_terms(text: ReadText) -> list[str]:
    """Return the terms of the title."""
    return _terms(text.title, text.title_words)


def _terms(content: str, words: Words) -> list[str]:
    terms = [term for word in words.spelling for term in terms_of_word(word)]
    if "-" in content:
        terms += [term for term, _, _ in _compounds(content, words)]
    return terms


def _compounds(content: str, words: Words) -> Iterator[tuple[str, int, int]]:
    spelling, starts, ends = words
    for i in range(len(spelling) - 1):
        if starts[i + 1] == ends[i] + 1 and content[ends[i]] == "-":
            compound = _DIGIT.sub("0", f"{spelling[i]}-{spelling[i + 1]}"[: 2 * MAX_WORD])
            yield compound, starts[i], ends[i + 1]


def places_of_terms(text: ReadText) -> Iterator[Place]:
    """Yield every place of every term in title and body."""
    for field, content, words in ((TITLE, text.title, text.title_words), (BODY, text.body, text.body_words)):
        for word, start, end in zip(*words, strict=True):
            for term in terms_of_word(word):
                yield Place(term, field, start, end)
        for compound, start, end in _compounds(content, words):
            yield Place(compound, field, start, end)
