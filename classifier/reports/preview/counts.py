"""What is known of the labels of tags, counted through the taxonomy of before and through that of after."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.examples import NEGATIVE, POSITIVE, UNKNOWN, labels_of
from classifier.domain.snapshots import Labelled
from classifier.domain.taxonomy import Taxonomy, ids_in
from classifier.gate.reference import columns_of
from classifier.reports.preview.records import TagChange, TagCounts
from classifier.store.tag_labels import Tagged

AT_ONCE = 500
Item = TypeVar("Item")


class LabelCounts:
    """Counts the labels of tags through two taxonomies."""

    def __init__(self, tags: Sequence[str], before: Taxonomy, after: Taxonomy) -> None:
        """Take the tags that a change touches, and the taxonomies of before and after it."""
        self.sides = [_Side(around(tags, taxonomy)) for taxonomy in (before, after)]
        heirs = ((tag, after.paths.heir(tag)) for tag in before.by_id if tag in set(tags))
        groups: dict[str, set[str]] = {}
        for tag, heir in heirs:
            if heir in after.by_id and not after.by_id[heir].retired:
                groups.setdefault(heir, {heir}).add(tag)
        self._groups = [frozenset(group) for group in groups.values() if len(group) > 1]
        self.n_articles = self.n_several = self.n_contradictions = 0

    @property
    def ids(self) -> list[str]:
        """The ids on which the labels of the tags depend, on either side."""
        return list(dict.fromkeys(tag.id for side in self.sides for tag in side.taxonomy.tags))

    def add(self, articles: Iterable[Article]) -> None:
        """Count articles that speak of the tags."""
        for batch in _batched(articles):
            has = [side.add(batch) for side in self.sides]
            self.n_articles += int((has[0] | has[1]).sum())
            for article in batch:
                right, wrong = set(article.tags or ()), set(article.rejected)
                self.n_several += any(len(group & right) > 1 for group in self._groups)
                self.n_contradictions += any(group & right and group & wrong for group in self._groups)

    def add_complete(self, counts: Mapping[Tagged, int]) -> None:
        """Count articles that say nothing of the tags, and lack them because their tags are complete."""
        for batch in _batched(counts):
            articles = [Article(tags=(), published_at=day.published_at, tagged_at=day.tagged_at) for day in batch]
            for side in self.sides:
                side.add(articles, np.array([counts[day] for day in batch]))

    def add_reference(self, validated: Iterable[Labelled]) -> None:
        """Take what the champion's cross-validation said of the articles that have one of the tags or were suggested one."""
        for batch in _batched(validated):
            for side in self.sides:
                side.add_reference(batch)

    def change(self, tag: str, n_articles: int) -> TagChange:
        """Return the counts of a tag on both sides, of so many articles."""
        before, after = (side.counts(tag, n_articles) for side in self.sides)
        return {"tag": tag, "before": before, "after": after}


class _Side:
    """The counts through one taxonomy."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        self._column = {tag.id: column for column, tag in enumerate(taxonomy.tags)}
        self._n = {label: np.zeros(len(self._column), dtype=np.int64) for label in (POSITIVE, NEGATIVE)}
        self._right = np.zeros((2, len(self._column)), dtype=np.int64)  # suggested and right, suggested or right

    def add(self, articles: Sequence[Article], weights: np.ndarray | None = None) -> np.ndarray:
        """Count articles, each so often, and return which of them have one of the tags, (n_articles,) bool."""
        labels = labels_of(articles, self.taxonomy)
        weights = np.ones(len(articles), dtype=np.int64) if weights is None else weights
        for label in self._n:
            self._n[label] += weights @ (labels == label)
        return np.asarray((labels == POSITIVE).any(axis=1))

    def add_reference(self, known: Sequence[Labelled]) -> None:
        articles = [
            Article(
                tags=each.tags,
                rejected=each.rejected,
                unknown=each.unknown,
                tags_complete=each.complete,
                tagged_at=each.at,
            )
            for each in known
        ]
        labels = labels_of(articles, self.taxonomy)
        suggested = columns_of([each.validated.suggested if each.validated else () for each in known], self.taxonomy)
        suggested &= labels != UNKNOWN
        self._right[0] += (suggested & (labels == POSITIVE)).sum(axis=0)
        self._right[1] += suggested.sum(axis=0) + (labels == POSITIVE).sum(axis=0)

    def counts(self, tag: str, n_articles: int) -> TagCounts | None:
        entry = self.taxonomy.by_id.get(tag)
        if entry is None or entry.retired:
            return None
        column = self._column[tag]
        positive, negative = (int(self._n[label][column]) for label in (POSITIVE, NEGATIVE))
        both, either = self._right[:, column].tolist()
        f1 = round(2 * both / either, 4) if either else None
        return {"positive": positive, "negative": negative, "unknown": n_articles - positive - negative, "f1": f1}


def around(tags: Collection[str], taxonomy: Taxonomy) -> Taxonomy:
    """Return the part of a taxonomy on which the labels of some tags depend: they, and whatever leads to or from them."""
    linked: dict[str, set[str]] = {}
    for tag in taxonomy.tags:
        for other in (*ids_in(tag, "replaced_by"), *tag.parts, *ids_in(tag, "origin")):
            linked.setdefault(tag.id, set()).add(other)
            linked.setdefault(other, set()).add(tag.id)
    wanted = list(tags)
    seen = set(wanted)
    for tag_id in wanted:  # it grows
        new = linked.get(tag_id, set()) - seen
        seen |= new
        wanted += new
    return Taxonomy(tuple(tag for tag in taxonomy.tags if tag.id in seen), taxonomy.kinds)


def _batched(items: Iterable[Item]) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, AT_ONCE)):
        yield batch
