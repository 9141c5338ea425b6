"""Why a tag has its decision value: the parts of the sum, and where in the text they stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from classifier.articles import Article
from classifier.mentions import BODY, TITLE, Mention, ReadText
from classifier.reading import Reading
from classifier.terms import FoundTerms, compounds, written_in
from classifier.words import fold, once

FIELD_NAMES = ("title", "body")
Where = tuple[int, int, int]  # field, start and end in the clean text
COMMON = "common words"  # two words: no word is written so
MAX_PLACES = 200  # listed of one part; its weight is that of all


class Part(NamedTuple):
    """One part of a decision value: what it is, its weight in the sum, and where it stands in the clean text."""

    kind: str  # term, mention, prior, competing
    text: str
    weight: float
    places: tuple[Where, ...]


class Evidence(NamedTuple):
    """A place in the article as it was sent that speaks for or against a tag, and by how much."""

    field: str
    start: int
    end: int
    text: str
    weight: float


class Writings:
    """The words and compounds that write an article's terms, and where they stand; made once, used for every tag."""

    def __init__(self, text: ReadText, found: FoundTerms, telling: np.ndarray) -> None:
        """Take the terms of one text apart; `telling` says of its rows, (n_rows,) bool, if they are no common words."""
        whole, title = written_in(text)
        entry, times, self._row = found.entries
        # A writing is worth showing if any of its terms is no common word; the others count, and are one, the first.
        is_telling = np.zeros(len(whole) + len(title), dtype=bool)
        is_telling[entry[telling[self._row]]] = True
        shown, number = np.flatnonzero(is_telling), {COMMON: 0}
        numbers = np.zeros(len(is_telling), dtype=np.int64)
        numbers[shown] = [number.setdefault(whole[at], len(number)) for at in shown.tolist()]
        numbers[len(whole) :] = [number.get(writing, 0) for writing in title]
        self.texts = list(number)
        self._text = text
        self._writing = numbers[entry]
        self._share = times / found.counts[self._row]  # of the row's count

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return the weight of each writing, (n_writings,), from the weights of the rows: each gets its share of a row."""
        return np.bincount(self._writing, self._share * weights[self._row], minlength=len(self.texts))

    def first(self, writing: str) -> Where:
        """Return the first place of a writing."""
        text = self._text
        fields = ((TITLE, text.title, text.title_words), (BODY, text.body, text.body_words))
        if "-" in writing:
            return next(
                (number, start, end)
                for number, content, words in fields
                for compound, start, _, end in compounds(content, words)
                if compound == writing
            )
        number, _, words = fields[writing not in text.title_words.spelling]
        first = words.spelling.index(writing)
        return number, words.starts[first], words.ends[first]

    @once
    def _places(self) -> dict[str, list[Where]]:
        """The places of all writings, in order."""
        text = self._text
        places: dict[str, list[Where]] = defaultdict(list)
        for number, content, words in ((TITLE, text.title, text.title_words), (BODY, text.body, text.body_words)):
            for word, start, end in zip(words.spelling, words.starts, words.ends, strict=True):
                places[word].append((number, start, end))
            for compound, start, _, end in compounds(content, words):
                places[compound].append((number, start, end))
        return places

    def parts(self, weights: np.ndarray) -> list[Part]:
        """Return a part for each writing that has a weight; common words are one part together."""
        sums = self.sums(weights)
        common, *own = sums.tolist()
        parts = [
            Part("term", text, weight, tuple(self._places[text][:MAX_PLACES]))
            for text, weight in zip(self.texts[1:], own, strict=True)
            if weight
        ]
        return [*parts, Part("term", COMMON, common, ())]


def mention_parts(mentions: Sequence[Mention], weight: float, reading: Reading, unnamed: str) -> list[Part]:
    """Return the parts of a tag's mentions, which share a weight alike; one part called `unnamed` if there are none."""
    if not mentions:
        return [Part("mention", unnamed, weight, ())]
    groups: dict[str, list[Where]] = defaultdict(list)
    title, body = reading.text.title, reading.text.body
    for _, number, _, start, end, _ in mentions:
        groups[fold((title if number == TITLE else body)[start:end])].append((number, start, end))
    return [
        Part("mention", text, weight * len(places) / len(mentions), tuple(places[:MAX_PLACES]))
        for text, places in groups.items()
    ]


def strongest(
    writings: Writings, sums: np.ndarray, named: Sequence[Part], article: Article, reading: Reading, n: int
) -> tuple[list[Evidence], list[Evidence]]:
    """Return up to `n` pieces of evidence for and against; a name counts together with its words, common words not at all.

    Args:
        sums: (n_writings,) weights of the writings, that of the common words first.
        named: the parts of the tag's mentions.
    """
    strength = np.abs(sums)
    strength[0] = 0.0
    order = (-strength).argsort(kind="stable")[: 3 * n].tolist()
    weights = {writings.texts[number]: float(sums[number]) for number in order if strength[number]}
    places: dict[str, Where] = {}
    for part in named:
        if not part.places:
            continue
        places[part.text] = part.places[0]
        weight = weights.get(part.text, 0.0) + part.weight
        for word in set(part.text.split()) - {part.text}:
            # A word that stands nowhere but in the name would only speak for it twice, or against it.
            if word in weights and reading.text.counts[word] <= len(part.places):
                weight += weights.pop(word)
        weights[part.text] = weight
    pros: list[Evidence] = []
    cons: list[Evidence] = []
    for text, weight in sorted(weights.items(), key=lambda item: (-abs(item[1]), item[0])):
        side = pros if weight > 0 else cons
        if weight and len(side) < n:
            where = places.get(text) or writings.first(text)
            side.append(evidence_at(where, weight, article, reading))
    return pros, cons


def evidence_at(where: Where, weight: float, article: Article, reading: Reading) -> Evidence:
    """Return the evidence of a clean place as a place in what was sent."""
    field, clean_start, clean_end = where
    start, end = reading.source_span(field, clean_start, clean_end)
    sent = article.title if field == TITLE else article.body
    return Evidence(FIELD_NAMES[field], start, end, sent[start:end], weight)
