"""Articles -> examples: what is known of each article and tag. Knows no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from classifier.articles import Article
from classifier.taxonomy import Taxonomy

POSITIVE, NEGATIVE, UNKNOWN = 1, 0, -1


@dataclass(frozen=True)
class Attributed:
    """An example and what is behind it.

    `at` is when the article was published, else when it came; `said_by` is the editor of each tag that one decided on; of a
    `blind` article nobody saw the suggestions; `source` is where the article came from.
    """

    article: Article
    at: str
    source: str = ""
    blind: bool = False
    said_by: Mapping[str, str] = field(default_factory=dict)


def labels_of(articles: Sequence[Article], taxonomy: Taxonomy) -> np.ndarray:
    """Return what is known: (n_articles, n_tags) int8, 1 positive, 0 negative, -1 unknown.

    An article whose tags are complete makes every tag that it lacks negative, but for tags that did not exist yet when
    it was tagged (or published, where that is not known), and those that it says are unknown. A retired tag that was
    replaced counts for the one that took its place, too.
    """
    position = {tag.id: number for number, tag in enumerate(taxonomy.tags)}
    labels = np.full((len(articles), len(taxonomy.tags)), UNKNOWN, dtype=np.int8)
    heir = {tag.id: position[tag.replaced_by] for tag in taxonomy.tags if tag.replaced_by in position}
    created = [(number, tag.created) for number, tag in enumerate(taxonomy.tags) if tag.created]
    for row, article in zip(labels, articles, strict=True):
        if article.tags is not None and article.tags_complete:
            row[:] = NEGATIVE
            at = article.tagged_at or article.published_at
            row[[number for number, since in created if at is not None and at < since]] = UNKNOWN
        row[[heir[tag] for tag in (*article.rejected, *article.unknown) if tag in heir]] = UNKNOWN
        row[[position[tag] for tag in article.unknown if tag in position]] = UNKNOWN
        row[[position[tag] for tag in article.rejected if tag in position]] = NEGATIVE
        row[[position[tag] for tag in article.tags or () if tag in position]] = POSITIVE
        named = {tag for tag in article.rejected if tag in position}  # of the heir itself
        row[[heir[tag] for tag in article.tags or () if tag in heir and taxonomy.tags[heir[tag]].id not in named]] = (
            POSITIVE
        )
    return labels
