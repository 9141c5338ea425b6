"""What the mentions of a tag say together: how an article names it, as features that are shared by all tags.

A linear model over these features tells the main subject of an article from what it names in passing. Because the
features say nothing of the tag itself, a tag with aliases and no examples can be judged by them from its first minute.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import log, log1p
from typing import NamedTuple

import numpy as np

from classifier.mentions import BODY, TITLE, Mention, ReadText
from classifier.taxonomy import Taxonomy
from classifier.words import spell

# Where a tag is named, from nowhere to the title: a pair of article and tag is in exactly one category.
CATEGORIES = ("nowhere", "scattered", "hinted", "body once", "body twice", "body often", "lead", "title")
NOWHERE, SCATTERED, HINTED, ONCE, TWICE, OFTEN, LEAD, IN_TITLE = range(len(CATEGORIES))
VALUES = (
    "number of mentions",
    "number of hints",
    "mentions for the length of the text",
    "length of the text",
    "how late it is first named",
    "how far it is spread",
    "also in the lead",
    "share among its kind",
    "ahead of the next of its kind",
    "others of its kind",
    "others of its kind before it",
    "narrower tags named",
    "a narrower tag in title or lead",
    "share beside its narrower tags",
    "its broader tag named",
    "its broader tag in title or lead",
)
KINDS = ("group", "place", "theme")
_SHARED = (*CATEGORIES[1:], *VALUES)
# Every feature counts for all kinds, and again for each kind: places are named otherwise than groups.
FEATURES = (*_SHARED, *(f"{name} ({kind})" for kind in KINDS for name in ("kind", *_SHARED)))
N_QUARTERS = 4
SHORT, USUAL_LENGTH, LONG = 20, 200, 500  # words; beyond, a text is as short or as long as any


class Naming(NamedTuple):
    """How one article names the tags that it names at all.

    tags: (n_named,) int32, places in the taxonomy, ascending; categories: (n_named,) int8;
    features: (n_named, len(FEATURES)) float64.
    """

    tags: np.ndarray
    categories: np.ndarray
    features: np.ndarray


class _Named(NamedTuple):
    """One tag's mentions in one article, counted."""

    n_named: int
    n_hints: int
    in_title: bool
    in_lead: bool
    first: int  # number of the word where it is first named; below 0 in the title
    quarters: int

    @property
    def at_the_top(self) -> bool:
        return self.in_title or self.in_lead


class NamingReader:
    """Turns the mentions of an article into features of its named tags."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        position = {tag.id: number for number, tag in enumerate(taxonomy.tags)}
        self._kinds = [tag.kind for tag in taxonomy.tags]
        self._broader = [position.get(tag.broader or "", -1) for tag in taxonomy.tags]
        self._above = _above(self._broader)
        labels = (spell(tag.label).split() for tag in taxonomy.tags)
        self._label_words = [
            (number, frozenset(words))
            for number, (tag, words) in enumerate(zip(taxonomy.tags, labels, strict=True))
            if len(words) > 1 and tag.aliases and tag.status != "retired"
        ]

    def read(self, mentions: Sequence[Mention], text: ReadText) -> Naming:
        """Return how the article names the tags of its mentions, and those whose label's words are scattered in it."""
        by_tag: dict[int, list[Mention]] = defaultdict(list)
        for mention in mentions:
            by_tag[mention.tag].append(mention)
        named = {tag: _count(found, text) for tag, found in by_tag.items()}
        spelling = {*text.title_words.spelling, *text.body_words.spelling}
        scattered = [tag for tag, words in self._label_words if tag not in named and words <= spelling]
        tags = sorted([*named, *scattered])
        categories = [_category(named[tag]) if tag in named else SCATTERED for tag in tags]
        nothing = [0.0] * len(VALUES)
        values = [self._values(tag, named, text) if tag in named else nothing for tag in tags]
        return Naming(
            np.array(tags, dtype=np.int32),
            np.array(categories, dtype=np.int8),
            self._features(tags, categories, values),
        )

    def _features(self, tags: list[int], categories: list[int], values: list[list[float]]) -> np.ndarray:
        shared = np.zeros((len(tags), len(_SHARED)))
        if tags:
            shared[np.arange(len(tags)), np.array(categories) - 1] = 1.0
            shared[:, len(CATEGORIES) - 1 :] = values
        columns = [shared]
        for kind in KINDS:
            of_kind = np.array([[self._kinds[tag] == kind] for tag in tags], dtype=np.float64).reshape(-1, 1)
            columns += [of_kind, shared * of_kind]
        return np.concatenate(columns, axis=1)

    def _values(self, tag: int, named: dict[int, _Named], text: ReadText) -> list[float]:
        own = named[tag]
        n_words = max(1, len(text.body_words.starts))
        rivals = [
            other for t, other in named.items() if t != tag and self._kinds[t] == self._kinds[tag] and other.n_named
        ]
        narrower = [other for t, other in named.items() if tag in self._above[t]]
        n_narrower = sum(other.n_named for other in narrower)
        broader = named.get(self._broader[tag])
        return [
            log1p(own.n_named),
            log1p(own.n_hints),
            min(4.0, 100.0 * (own.n_named + own.n_hints) / max(50, n_words)),
            log(min(LONG, max(SHORT, n_words)) / USUAL_LENGTH),
            max(0, own.first) / n_words,
            own.quarters / N_QUARTERS,
            float(own.in_lead),
            own.n_named / max(1, own.n_named + sum(other.n_named for other in rivals)),
            log1p(own.n_named) - log1p(max((other.n_named for other in rivals), default=0)),
            log1p(len(rivals)),
            log1p(sum(other.first < own.first for other in rivals)),
            log1p(n_narrower),
            float(any(other.at_the_top for other in narrower)),
            own.n_named / (own.n_named + n_narrower) if n_narrower else 1.0,
            log1p(broader.n_named) if broader else 0.0,
            float(broader.at_the_top) if broader else 0.0,
        ]


def _above(broader: list[int]) -> list[frozenset[int]]:
    """Return for each tag all its broader tags."""
    above = []
    for tag in range(len(broader)):
        found: set[int] = set()
        up = broader[tag]
        while up >= 0 and up not in found:
            found.add(up)
            up = broader[up]
        above.append(frozenset(found))
    return above


def _count(found: Sequence[Mention], text: ReadText) -> _Named:
    named = [m for m in found if not m.weak]
    n_words = max(1, len(text.body_words.starts))
    return _Named(
        n_named=len(named),
        n_hints=len(found) - len(named),
        in_title=any(m.field == TITLE for m in named),
        in_lead=any(m.field == BODY and m.start < text.lead_end for m in named),
        first=min(m.word if m.field == BODY else m.word - len(text.title_words.starts) for m in named or found),
        quarters=len({m.word * N_QUARTERS // n_words for m in found if m.field == BODY}),
    )


def _category(named: _Named) -> int:
    if named.in_title:
        return IN_TITLE
    if named.in_lead:
        return LEAD
    return (HINTED, ONCE, TWICE)[named.n_named] if named.n_named < 3 else OFTEN
