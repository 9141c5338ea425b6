"""Held tags: a tag that would get worse keeps the labels that the older version knew, and all others go on.

On articles that the older version did not know, a held tag is unknown. So the model learns nothing new of it tonight. If a tag
got worse, such an article that has it is not believed about the tags that it lacks either: a wrong label often stands in the place
of the right one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypedDict

from classifier.domain.articles import Article
from classifier.domain.examples import NEGATIVE, POSITIVE, UNKNOWN
from classifier.domain.snapshots import Labelled, Snapshot
from classifier.domain.taxonomy import Taxonomy
from classifier.gate.reference import Reference

LONG = 3  # runs in a row
TAG_WORSE = "tag_worse"  # the check; its fault is in the new articles


class HeldRow(TypedDict):
    """A held tag as plain JSON."""

    tag: str
    check: str
    figure: str
    reference: str
    version: str


class HeldInCard(HeldRow):
    """A held tag in the card of a model. `runs` counts the models in a row that held it, this one included."""

    runs: int


class Held(NamedTuple):
    """A tag that is held, and why. `figure` goes into logs, so it contains no names and no text."""

    tag: int  # column
    check: str
    figure: str
    reference: Reference

    def to_json(self, taxonomy: Taxonomy) -> HeldRow:
        """Return it as plain JSON."""
        tag, reference = taxonomy.tags[self.tag].id, self.reference
        return HeldRow(
            tag=tag, check=self.check, figure=self.figure, reference=reference.name, version=reference.version
        )


def count_runs(rows: Iterable[HeldRow], before: Mapping[str, Any]) -> list[HeldInCard]:
    """Return held tags for a model's card. `before` is the card of the champion before."""
    runs = {row["tag"]: row["runs"] for row in before.get("held", ())}
    return [HeldInCard(**row, runs=1 + runs.get(row["tag"], 0)) for row in rows]


def held_long(card: Mapping[str, Any]) -> list[str]:
    """Return the tags that the model of a card holds for the third time in a row or longer: somebody should look."""
    return [row["tag"] for row in card.get("held", ()) if row["runs"] >= LONG]


class _Lists(NamedTuple):
    tags: tuple[str, ...]
    rejected: tuple[str, ...]
    unknown: tuple[str, ...]
    complete: bool


def hold(articles: Sequence[Article], held: Iterable[Held], taxonomy: Taxonomy) -> list[Article]:
    """Return the articles of the examples with the labels that held tags keep."""
    changes = _Changes(held, taxonomy)
    return [changes.of_article(row, article) for row, article in enumerate(articles)]


def hold_in_snapshot(
    snapshot: Snapshot, article_ids: Sequence[str], held: Iterable[Held], taxonomy: Taxonomy
) -> Snapshot:
    """Return the snapshot of what a model learned, whose held tags have the labels that they kept.

    `article_ids` are those of the examples, in their order.
    """
    changes, row_of = _Changes(held, taxonomy), {article_id: row for row, article_id in enumerate(article_ids)}
    return Snapshot({key: changes.of_labelled(row_of[key], labels) for key, labels in snapshot.articles.items()})


class _Changes:
    """The labels of held tags by the rows of the examples."""

    def __init__(self, held: Iterable[Held], taxonomy: Taxonomy) -> None:
        self._labels: dict[str, Mapping[int, int]] = {}
        self._doubted: set[str] = set()  # tags whose new articles are not believed
        for each in held:
            labels = each.reference.then[:, each.tag].tolist()
            of_rows = dict(zip(each.reference.rows.tolist(), labels, strict=True))
            tag = taxonomy.tags[each.tag].id
            self._labels[tag] = of_rows
            self._doubted |= {tag} if each.check == TAG_WORSE else set()
        self._written_as = {tag: taxonomy.paths.written_as(tag) for tag in self._labels}
        self._dropped = {written for ids in self._written_as.values() for written in ids}

    def of_article(self, row: int, article: Article) -> Article:
        if not self._labels:
            return article
        complete = article.tags is not None and article.tags_complete
        tags, rejected, unknown, complete = self._lists(
            row, article.tags or (), article.rejected, article.unknown, complete
        )
        return replace(article, tags=tags, rejected=rejected, unknown=unknown, tags_complete=complete)

    def of_labelled(self, row: int, labels: Labelled) -> Labelled:
        if not self._labels:
            return labels
        *lists, complete = self._lists(row, labels.tags, labels.rejected, labels.unknown, labels.complete)
        tags, rejected, unknown = (tuple(sorted(ids)) for ids in lists)
        return replace(labels, tags=tags, rejected=rejected, unknown=unknown, complete=complete)

    def _lists(
        self, row: int, tags: Sequence[str], rejected: Sequence[str], unknown: Sequence[str], complete: bool
    ) -> _Lists:
        """Return the lists of an article; those tags that are read as a held one give way to it."""
        complete = complete and not self._is_doubtful(row, tags)
        kept = (tuple(tag for tag in ids if tag not in self._dropped) for ids in (tags, rejected, unknown))
        labels = {tag: of_rows.get(row, UNKNOWN) for tag, of_rows in self._labels.items()}
        positive, wrong, open_ = (tuple(t for t in labels if labels[t] == v) for v in (POSITIVE, NEGATIVE, UNKNOWN))
        negative = tuple(written for tag in wrong for written in self._written_as[tag])  # else the tag would be unknown
        added = (positive, () if complete else negative, open_ if complete else ())
        tags, rejected, unknown = (ids + more for ids, more in zip(kept, added, strict=True))
        return _Lists(tags, rejected, unknown, complete)

    def _is_doubtful(self, row: int, tags: Sequence[str]) -> bool:
        new = (tag for tag in self._doubted if row not in self._labels[tag])
        return any(written in tags for tag in new for written in self._written_as[tag])
