"""What the mentions of a tag say together: how an article names it, as features that are shared by all tags.

A linear model over these features tells the main subject of an article from what it names in passing. Because the
features say nothing of the tag itself, a tag with aliases and no examples can be judged by them from its first minute.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import log1p
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
    "how late it is first named",
    "how far it is spread",
    "share among its kind",
    "most named of its kind",
    "others of its kind",
    "also in the title",
    "also in the lead",
)
KINDS = ("group", "place", "theme")
FEATURES = (
    *CATEGORIES[1:],
    *VALUES,
    *(f"kind: {kind}" for kind in KINDS),
    *(f"{what} ({kind})" for kind in KINDS for what in ("number of mentions", "in the title", "share among its kind")),
)
N_QUARTERS = 4


class Naming(NamedTuple):
    """How one article names the tags that it names at all.

    tags: (n_named,) int32, places in the taxonomy, ascending; categories: (n_named,) int8;
    features: (n_named, len(FEATURES)) float64.
    """

    tags: np.ndarray
    categories: np.ndarray
    features: np.ndarray


class NamingReader:
    """Turns the mentions of an article into features of its named tags."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._kinds = [tag.kind for tag in taxonomy.tags]
        labels = (spell(tag.label).split() for tag in taxonomy.tags)
        self._label_words = [
            (position, frozenset(words))
            for position, (tag, words) in enumerate(zip(taxonomy.tags, labels, strict=True))
            if len(words) > 1 and tag.aliases and tag.status != "retired"
        ]

    def read(self, mentions: Sequence[Mention], text: ReadText) -> Naming:
        """Return how the article names the tags of its mentions, and those whose label's words are scattered in it."""
        by_tag: dict[int, list[Mention]] = defaultdict(list)
        for mention in mentions:
            by_tag[mention.tag].append(mention)
        rivals = self._count_by_kind(by_tag)
        rows = {tag: self._row(tag, found, text, rivals[self._kinds[tag]]) for tag, found in by_tag.items()}
        spelling = {*text.title_words.spelling, *text.body_words.spelling}
        for tag, words in self._label_words:
            if tag not in rows and words <= spelling:
                rows[tag] = (SCATTERED, self._features(tag, SCATTERED, [0.0] * len(VALUES)))
        tags = sorted(rows)
        return Naming(
            np.array(tags, dtype=np.int32),
            np.array([rows[tag][0] for tag in tags], dtype=np.int8),
            np.array([rows[tag][1] for tag in tags], dtype=np.float64).reshape(len(tags), len(FEATURES)),
        )

    def _count_by_kind(self, by_tag: dict[int, list[Mention]]) -> dict[str, dict[int, int]]:
        counts: dict[str, dict[int, int]] = defaultdict(dict)
        for tag, found in by_tag.items():
            counts[self._kinds[tag]][tag] = sum(not m.weak for m in found) or 0
        return counts

    def _row(self, tag: int, found: list[Mention], text: ReadText, rivals: dict[int, int]) -> tuple[int, list[float]]:
        named = [m for m in found if not m.weak]
        n_words = max(1, len(text.body_words.starts))
        in_title = sum(m.field == TITLE for m in named)
        in_lead = sum(m.field == BODY and m.start < text.lead_end for m in named)
        quarters = {m.word * N_QUARTERS // n_words for m in found if m.field == BODY}
        first = min((m.word if m.field == BODY else 0 for m in found), default=0)
        others = [n for other, n in rivals.items() if other != tag and n]
        values = [
            log1p(len(named)),
            log1p(len(found) - len(named)),
            min(4.0, 100.0 * len(found) / max(50, n_words)),
            first / n_words,
            len(quarters) / N_QUARTERS,
            len(named) / max(1, sum(rivals.values())),
            float(bool(named) and len(named) >= max(others, default=0)),
            log1p(len(others)),
            float(in_title > 0),
            float(in_lead > 0),
        ]
        category = _category(len(named), in_title, in_lead)
        return category, self._features(tag, category, values)

    def _features(self, tag: int, category: int, values: list[float]) -> list[float]:
        kind = self._kinds[tag]
        one_hot = [float(category == c) for c in range(1, len(CATEGORIES))]
        kinds = [float(kind == k) for k in KINDS]
        crossed = [x * is_kind for is_kind in kinds for x in (values[0], values[8], values[5])]
        return [*one_hot, *values, *kinds, *crossed]


def _category(n_named: int, in_title: int, in_lead: int) -> int:
    if in_title:
        return IN_TITLE
    if in_lead:
        return LEAD
    return (HINTED, ONCE, TWICE)[n_named] if n_named < 3 else OFTEN
