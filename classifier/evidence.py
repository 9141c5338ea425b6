"""Why a tag has its decision value: the parts of the sum, and where in the text they stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from classifier.articles import Article
from classifier.mentions import TITLE, Mention
from classifier.reading import Reading
from classifier.terms import TermPlaces
from classifier.words import fold

FIELD_NAMES = ("title", "body")
Where = tuple[int, int, int]  # field, start and end in the clean text
MAX_PLACES = 200  # listed of one part; its weight is that of all


class Part(NamedTuple):
    """One part of a decision value: what it is, its weight in the sum, and where it stands in the clean text."""

    kind: str  # term, mention, prior, competing
    text: str
    weight: float
    places: tuple[Where, ...]


@dataclass(frozen=True)
class Evidence:
    """A place in the article as it was sent that speaks for or against a tag, and by how much."""

    field: str
    start: int
    end: int
    text: str
    weight: float


class TermGroups:
    """The places of an article's terms, grouped by how they are written; made once, used for every tag."""

    def __init__(self, found: TermPlaces, telling: np.ndarray) -> None:
        """Group the places of `found`; `telling` says of its rows, (n_rows,) bool, if they are no common words."""
        numbers: dict[str, int] = {}
        group_of_place = np.array([numbers.setdefault(text, len(numbers)) for text in found.spelling], dtype=np.int64)
        self.texts = list(numbers)
        self._found = found
        self._group = group_of_place[found.place_of]
        self._group_of_place = group_of_place
        self._n_places_of_row = np.bincount(found.row_of, minlength=len(found.rows))
        # A group is worth showing if any of its terms is no common word; the others count, and are shown as one.
        self.telling = np.zeros(len(self.texts), dtype=bool)
        self.telling[self._group[telling[found.row_of]]] = True

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return the weight of each group, (n_groups,), from the weights of the rows: each goes to its places alike."""
        share = weights / self._n_places_of_row
        return np.bincount(self._group, weights=share[self._found.row_of], minlength=len(self.texts))

    @cached_property
    def _by_group(self) -> tuple[np.ndarray, np.ndarray]:
        """The places ordered by group, and where each group begins among them."""
        order = np.argsort(self._group_of_place, kind="stable")
        return order, np.searchsorted(self._group_of_place[order], np.arange(len(self.texts) + 1))

    def places(self, group: int, most: int | None = None) -> tuple[Where, ...]:
        """Return the places of a group in order, at most the first `most`."""
        found, (order, begins) = self._found, self._by_group
        places = order[begins[group] : begins[group + 1]][:most].tolist()
        return tuple((found.fields[p], found.starts[p], found.ends[p]) for p in places)

    def parts(self, weights: np.ndarray) -> list[Part]:
        """Return a part for each group that has a weight; common words are one part together."""
        sums = self.sums(weights)
        parts = [
            Part("term", self.texts[group], float(sums[group]), self.places(group, MAX_PLACES))
            for group in np.flatnonzero(sums * self.telling).tolist()
        ]
        return [*parts, Part("term", "common words", float(sums[~self.telling].sum()), ())]


def mention_parts(mentions: Iterable[Mention], weight: float, reading: Reading, unnamed: str) -> list[Part]:
    """Return the parts of a tag's mentions, which share a weight alike; one part called `unnamed` if there are none."""
    found = list(mentions)
    if not found:
        return [Part("mention", unnamed, weight, ())]
    groups: dict[str, list[Where]] = defaultdict(list)
    for m in found:
        content = reading.text.title if m.field == TITLE else reading.text.body
        groups[fold(content[m.start : m.end])].append((m.field, m.start, m.end))
    return [
        Part("mention", text, weight * len(places) / len(found), tuple(places[:MAX_PLACES]))
        for text, places in groups.items()
    ]


def strongest(
    groups: TermGroups, sums: np.ndarray, named: Sequence[Part], article: Article, reading: Reading, n: int
) -> tuple[list[Evidence], list[Evidence]]:
    """Return up to `n` pieces of evidence for and against; a name counts together with its words, common words not at all.

    Args:
        sums: (n_groups,) weights of the term groups.
        named: the parts of the tag's mentions.
    """
    by_text = {part.text: part for part in named if part.places}
    order = np.argsort(-np.abs(sums * groups.telling), kind="stable")[: 4 * n].tolist()
    number = {groups.texts[group]: group for group in order if groups.telling[group]}
    weights = {text: float(sums[group]) for text, group in number.items()}
    for part in by_text.values():
        weights[part.text] = weights.get(part.text, 0.0) + part.weight
        for word in set(part.text.split()) - {part.text}:
            # A word that stands nowhere but in the name would only speak for it twice, or against it.
            if word in number and len(groups.places(number[word], len(part.places) + 1)) <= len(part.places):
                weights[part.text] += weights.pop(word, 0.0)
    pros: list[Evidence] = []
    cons: list[Evidence] = []
    for text, weight in sorted(weights.items(), key=lambda item: (-abs(item[1]), item[0])):
        side = pros if weight > 0 else cons
        if weight and len(side) < n:
            where = by_text[text].places[0] if text in by_text else groups.places(number[text], 1)[0]
            side.append(evidence_at(where, weight, article, reading))
    return pros, cons


def evidence_at(where: Where, weight: float, article: Article, reading: Reading) -> Evidence:
    """Return the evidence of a clean place as a place in what was sent."""
    field, clean_start, clean_end = where
    start, end = reading.source_span(field, clean_start, clean_end)
    sent = article.title if field == TITLE else article.body
    return Evidence(FIELD_NAMES[field], start, end, sent[start:end], weight)
