"""Articles -> examples: what is known of each article and tag. Knows no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.taxonomy import Taxonomy

POSITIVE, NEGATIVE, UNKNOWN = 1, 0, -1


@dataclass(frozen=True)
class Attributed:
    """An example and what is behind it.

    `at` is when the article was published, else when it came; `said_by` is the editor of each tag that one decided on; of a
    `blind` article nobody saw the suggestions; `source` is where the article came from, `owner` the name of the key that sent it
    with its tags, None where they were imported.
    """

    article: Article
    at: str
    source: str = ""
    blind: bool = False
    said_by: Mapping[str, str] = field(default_factory=dict)
    owner: str | None = None


def labels_of(articles: Sequence[Article], taxonomy: Taxonomy) -> np.ndarray:
    """Return what is known: (n_articles, n_tags) int8, 1 positive, 0 negative, -1 unknown.

    An article whose tags are complete makes every tag that it lacks negative, but for tags that did not exist yet when
    it was tagged (or published, where that is not known), and those that it says are unknown. What is said of a retired
    tag counts for the tags that took its place, too.
    """
    position = {tag.id: number for number, tag in enumerate(taxonomy.tags)}
    labels = np.full((len(articles), len(taxonomy.tags)), UNKNOWN, dtype=np.int8)
    created = [(number, tag.created) for number, tag in enumerate(taxonomy.tags) if tag.created]
    for row, article in zip(labels, articles, strict=True):
        if article.tags is not None and article.tags_complete:
            row[:] = NEGATIVE
            row[[number for number, day in created if _came_before(article, day)]] = UNKNOWN
        for tag, known in _said(article, taxonomy).items():
            if tag in position:
                row[position[tag]] = known
    return labels


def _came_before(article: Article, day: str) -> bool:
    """Whether an article was tagged before a tag was made, or may have been.

    Articles without a date were tagged some time before they were closed or came, so that day itself tells nothing.
    """
    at = article.tagged_at or article.published_at
    return at is not None and (at < day or (article.published_at is None and at[: len(day)] == day))


def _said(article: Article, taxonomy: Taxonomy) -> dict[str, int]:
    """Return what an article says of tags, by their names or by those of tags that they replaced.

    A replacement has the article if any of the tags that it replaced has. It is unknown where the article only lacks one of
    them: it may be meant more widely. What is said of the replacement itself counts more.
    """
    named = dict.fromkeys(article.unknown, UNKNOWN) | dict.fromkeys(article.rejected, NEGATIVE)
    named |= dict.fromkeys(article.tags or (), POSITIVE)
    said = dict(named)
    for tag, known in named.items():
        for replacement in taxonomy.replacements.get(tag, ()):
            if named.get(replacement, UNKNOWN) != UNKNOWN:
                break
            if said.get(replacement) != POSITIVE:
                said[replacement] = POSITIVE if known == POSITIVE else UNKNOWN
    return said
