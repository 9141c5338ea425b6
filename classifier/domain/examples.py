"""Articles -> labels: for each article and tag whether the tag is right, wrong or unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.resolving import NEGATIVE, POSITIVE, UNKNOWN
from classifier.domain.taxonomy import Taxonomy

__all__ = ["NEGATIVE", "POSITIVE", "UNKNOWN", "Attributed", "labels_of", "undecided_of"]


@dataclass(frozen=True)
class Attributed:
    """An example and its origin.

    `at` is when the article was published, or else when it arrived. `said_by` has the editor of each tag with a decision. The
    suggestions of a `blind` article were hidden from its editors. `source` is the origin of the article, `owner` the name of
    the key that sent it with its tags, None if they were imported. `passing` are the tags that editors rejected as passing
    mentions. `undone_by` has the editor who took back the last decision on a tag. `origins` say how each tag came onto the
    article, also those that the example leaves open. `echoes` are the tags that models offered and on which nobody has decided,
    looking at the article. An article that was `left_alone` counts as complete only because nobody touched it.
    """

    article: Article
    at: str
    source: str = ""
    blind: bool = False
    said_by: Mapping[str, str] = field(default_factory=dict)
    owner: str | None = None
    passing: tuple[str, ...] = ()
    undone_by: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    echoes: frozenset[str] = frozenset()
    left_alone: bool = False

    @property
    def has_echoes(self) -> bool:
        """Whether labels of the article say what a model said, and nobody looked at them."""
        return self.left_alone or not self.echoes.isdisjoint(self.origins)


def labels_of(articles: Sequence[Article], taxonomy: Taxonomy) -> np.ndarray:
    """Return the labels, (n_articles, n_tags) int8: 1 positive, 0 negative, -1 unknown.

    If the tags of an article are complete, the tags that it lacks are negative, except its `unknown` ones and tags that did
    not exist yet when it was tagged (or published, if that is not known). Labels count for the living tags that their ids are
    read as (`resolving`). A retired tag has its labels besides, as they stood.
    """
    columns = {tag.id: column for column, tag in enumerate(taxonomy.tags)}
    labels = np.full((len(articles), len(taxonomy.tags)), UNKNOWN, dtype=np.int8)
    created = [(column, tag.created) for column, tag in enumerate(taxonomy.tags) if tag.created]
    for row, article in zip(labels, articles, strict=True):
        if article.tags is not None and article.tags_complete:
            row[:] = NEGATIVE
            row[[column for column, day in created if _was_tagged_before(article, day)]] = UNKNOWN
        for tag, label in taxonomy.paths.with_resolved(_said_of(article)).items():
            if tag in columns:
                row[columns[tag]] = label
    return labels


def undecided_of(articles: Sequence[Article], taxonomy: Taxonomy) -> np.ndarray:
    """Return which labels are unknown only because the tags of an article are not complete, (n_articles, n_tags) bool."""
    complete = [replace(article, tags=article.tags or (), tags_complete=True) for article in articles]
    undecided: np.ndarray = (labels_of(articles, taxonomy) == UNKNOWN) & (labels_of(complete, taxonomy) == NEGATIVE)
    return undecided


def _was_tagged_before(article: Article, day: str) -> bool:
    """Whether an article was, or without a date may have been, tagged before a tag was made."""
    tagged_at = article.tagged_at or article.published_at
    if tagged_at is None:
        return False
    return tagged_at < day or (article.published_at is None and tagged_at[: len(day)] == day)


def read_through(article: Article, taxonomy: Taxonomy | None) -> Article:
    """Return an article with its labels by living tags. Beside a wrong tag stand the ids that were merged into it.

    Without them nobody could tell a tag that is wrong from one that was wrong before others were merged into it.
    """
    if taxonomy is None or taxonomy.paths.is_plain:
        return article
    said = _said_of(article)
    if (known := taxonomy.paths.resolved(said)) == said:
        return article
    tags, rejected, unknown = ([tag for tag in known if known[tag] == label] for label in (POSITIVE, NEGATIVE, UNKNOWN))
    merged = [written for tag in rejected for written in taxonomy.paths.written_as(tag)]
    listed = tuple(tags) if article.tags is not None or tags else None
    return replace(article, tags=listed, rejected=tuple(dict.fromkeys(merged)), unknown=tuple(unknown))


def _said_of(article: Article) -> dict[str, int]:
    """Return the labels of the tags that an article lists."""
    said = dict.fromkeys(article.unknown, UNKNOWN) | dict.fromkeys(article.rejected, NEGATIVE)
    return said | dict.fromkeys(article.tags or (), POSITIVE)
