"""The reference: the articles that an older version learned from, with the labels as it knew them.

The older version's cross-validation said what models that had not learned from these articles suggested. So did the
challenger's, and both are compared on all of these articles. Which articles they are depends on no date.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.decisions import CMS
from classifier.domain.examples import NEGATIVE, POSITIVE, UNKNOWN, Attributed, labels_of
from classifier.domain.snapshots import Labelled, Snapshot, snapshot_of
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.voices import KEY, voices_of

CHAMPION, ANCHOR = "champion", "anchor"


@dataclass(frozen=True)
class Reference:
    """The examples that an older version knew. All arrays have a row for each and a column for each tag of the taxonomy.

    Both sides are read through the taxonomy of now: labels and suggestions of a retired tag are those of its replacement.
    """

    name: str  # CHAMPION or ANCHOR
    version: str
    rows: np.ndarray  # (n,) of the examples, in rising order
    then: np.ndarray  # (n, n_tags) int8, the labels as the older version knew them
    now: np.ndarray  # (n, n_tags) int8
    vanished: np.ndarray  # (n, n_tags) bool, labels that were positive then, and of which nothing at all is said now
    same_text: np.ndarray  # (n,) bool
    keys: Mapping[tuple[int, int], str]  # the key of the person who decided on a row and a tag, or took a decision back
    suggested: np.ndarray  # (n, n_tags) bool, by the older version's cross-validation
    validated: np.ndarray  # (n,) bool, whether cross-validation is known
    settled: frozenset[int]  # columns of the tags whose labels of now were accepted since
    echoes: (
        np.ndarray
    )  # (n, n_tags) int8, the label that would be a model's echo there: POSITIVE, NEGATIVE, or UNKNOWN for none

    @cached_property
    def decided(self) -> np.ndarray:
        """Whether a person has decided on the label, or has taken the last decision back, (n, n_tags) bool."""
        decided = np.zeros(self.now.shape, dtype=bool)
        if self.keys:
            decided[tuple(np.array(list(self.keys)).T)] = True
        return decided

    def labels(self, held: Collection[int] = ()) -> np.ndarray:
        """Return the labels that count as evidence, (n, n_tags) int8: as they were, overwritten by persons' decisions since.

        Those of settled tags are the labels of now. What models suggested and nobody looked at is unknown.

        Args:
            held: columns of tags whose labels stay as they were, whoever has decided on them since.
        """
        labels = np.where(self.decided, self.now, self.then)
        labels[:, list(held)] = self.then[:, list(held)]
        settled = list(self.settled)
        labels[:, settled] = self.now[:, settled]
        return np.where(labels == self.echoes, np.int8(UNKNOWN), labels)

    def part(self, inside: np.ndarray) -> Reference:
        """Return the part of a mask, (n,) bool."""
        arrays = ("rows", "then", "now", "vanished", "same_text", "suggested", "validated", "echoes")
        parts = {name: getattr(self, name)[inside] for name in arrays}
        new_row = dict(zip(np.flatnonzero(inside).tolist(), range(len(parts["rows"])), strict=True))
        keys = {(new_row[row], tag): key for (row, tag), key in self.keys.items() if row in new_row}
        return replace(self, keys=keys, **parts)


def reference_to(
    name: str,
    version: str,
    older: Snapshot,
    examples: Sequence[Attributed],
    taxonomy: Taxonomy,
    accepted: Collection[str] = (),
) -> Reference:
    """Return the examples that an older version knew. `accepted` are the tags whose labels were accepted since."""
    rows = np.array(
        [row for row, example in enumerate(examples) if example.article.id in older.articles], dtype=np.int64
    )
    known = [examples[row] for row in rows]
    articles = [example.article for example in known]
    labels = [older.articles[article.id] for article in articles]
    texts, now = snapshot_of(articles).articles, labels_of(articles, taxonomy)
    then = labels_of([as_known(*pair) for pair in zip(articles, labels, strict=True)], taxonomy)
    left_open = columns_of([article.unknown for article in articles], taxonomy)
    return Reference(
        name,
        version,
        rows,
        then,
        now,
        vanished=(then == POSITIVE) & (now == UNKNOWN) & ~left_open,
        same_text=np.array([texts[a.id].text == old.text for a, old in zip(articles, labels, strict=True)], dtype=bool),
        keys=_keys(known, taxonomy),
        suggested=columns_of([old.validated.suggested if old.validated else () for old in labels], taxonomy),
        validated=np.array([old.validated is not None for old in labels], dtype=bool),
        settled=frozenset(column for column, tag in enumerate(taxonomy.tags) if tag.id in accepted),
        echoes=_echoes_in(known, taxonomy),
    )


def without_echoes(labels: np.ndarray, examples: Sequence[Attributed], taxonomy: Taxonomy) -> np.ndarray:
    """Return the labels of examples, (n_examples, n_tags) int8, without those that are a model's echo: they are unknown."""
    return np.where(labels == _echoes_in(examples, taxonomy), np.int8(UNKNOWN), labels)


def _echoes_in(examples: Sequence[Attributed], taxonomy: Taxonomy) -> np.ndarray:
    """Return where a label of examples is the echo of a model if it is this one, (n_examples, n_tags) int8; UNKNOWN elsewhere.

    A tag that was offered is right only because it was left standing. In an article that nobody touched, other tags are wrong
    only because they were not offered. Whichever version it was: later ones have learned from it.
    """
    columns, echoes = _read_as(taxonomy), np.full((len(examples), len(taxonomy.tags)), UNKNOWN, dtype=np.int8)
    for row, example in enumerate(examples):
        if example.left_alone:
            echoes[row] = NEGATIVE
            for tag in example.article.rejected:
                echoes[row, columns.get(tag, [])] = UNKNOWN
        for tag in example.echoes:
            echoes[row, columns.get(tag, [])] = POSITIVE
    return echoes


def as_known(article: Article, then: Labelled) -> Article:
    """Return an article with what an older version knew of its tags."""
    tags, rejected, unknown, complete = then.tags, then.rejected, then.unknown, then.complete
    known = replace(article, tags=tags, rejected=rejected, unknown=unknown, tags_complete=complete, tagged_at=then.at)
    return known if then.at is not None else replace(known, published_at=None)  # a date that came later says nothing


def _read_as(taxonomy: Taxonomy) -> dict[str, list[int]]:
    """Return the columns in which each tag is read: its own and that of its heir."""
    columns = {tag.id: column for column, tag in enumerate(taxonomy.tags)}
    return {tag: [columns[each] for each in dict.fromkeys((tag, taxonomy.paths.heir(tag)))] for tag in columns}


def _keys(examples: Sequence[Attributed], taxonomy: Taxonomy) -> dict[tuple[int, int], str]:
    columns, keys = _read_as(taxonomy), {}
    for row, example in enumerate(examples):
        for tag, editor in {**example.undone_by, **example.said_by}.items():
            if editor != CMS:
                keys.update({(row, column): voices_of(editor, None)[KEY] for column in columns.get(tag, ())})
    return keys


def columns_of(tags_of_articles: Sequence[Iterable[str]], taxonomy: Taxonomy) -> np.ndarray:
    """Return which tags articles have, (n_articles, n_tags) bool. A retired tag is its replacement too."""
    columns, has = _read_as(taxonomy), np.zeros((len(tags_of_articles), len(taxonomy.tags)), dtype=bool)
    for row, tags in enumerate(tags_of_articles):
        for tag in tags:
            has[row, columns.get(tag, [])] = True
    return has
