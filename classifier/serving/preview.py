"""What a change of the taxonomy does, before it is carried out: the operation itself, counted on the articles and not stored.

The numbers are those of afterwards: the same function counts them through the taxonomy of before and that of after.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from typing_extensions import TypedDict

from classifier.domain.alias_checks import alias_key
from classifier.domain.articles import Article
from classifier.domain.editing import Edit
from classifier.domain.examples import NEGATIVE, POSITIVE, UNKNOWN, labels_of
from classifier.domain.snapshots import Labelled, Snapshot
from classifier.domain.taxonomy import Taxonomy, ids_in
from classifier.domain.taxonomy_log import FoldedLog
from classifier.errors import BadModel, NoModel
from classifier.gate.reference import columns_of
from classifier.model.tag_model import TagModel
from classifier.model.through_head import seen_through
from classifier.serving.registry import Registry

if TYPE_CHECKING:  # commands that answer without a store import no SQLAlchemy
    from classifier.store.store import Store

N_JUDGED = 500  # of the newest articles
AT_ONCE = 500
Item = TypeVar("Item")


class TagCounts(TypedDict):
    """What is known of the examples of a tag. `f1` is that of the champion on what it learned, None if that is not known."""

    positive: int
    negative: int
    unknown: int
    f1: float | None


class TagChange(TypedDict):
    """A tag before and after a change. None: there is no such tag, or it is retired."""

    tag: str
    before: TagCounts | None
    after: TagCounts | None


class AliasChange(TypedDict):
    """Aliases that a tag gets and loses."""

    tag: str
    added: list[str]
    removed: list[str]


class Preview(TypedDict):
    """What a change does. All lists name tags that the operations touch, also those that come along.

    `n_articles` are examples that have or had one of the tags. `several` have more than one of the tags that are merged, and
    `contradictions` have one and lack another by a person's word. `appear` and `vanish` count suggestions on the newest articles.
    """

    based_on: int
    changes: list[str]
    n_articles: int
    several: int
    contradictions: int
    tags: list[TagChange]
    decisions: dict[str, dict[str, int]]
    aliases: list[AliasChange]
    moved: dict[str, list[str]]
    redirects: list[str]
    n_judged: int
    appear: dict[str, int]
    vanish: dict[str, int]


def preview_of(store: Store, registry: Registry, after: FoldedLog, based_on: int) -> Preview:
    """Return what the rows of a log behind `based_on` do, which are not stored. The rows up to there are."""
    edits = [edit for row in after.rows[based_on:] for edit in after.edits[row.n]]
    present = store.taxonomy.head()
    is_head = present is not None and present.n == based_on
    before = present.taxonomy if present is not None and is_head else FoldedLog(after.rows[:based_on]).taxonomy()
    head = after.taxonomy()
    tags = list(dict.fromkeys(edit.tag for edit in edits if edit.tag is not None))
    counts = _Counts(tags, before, head)
    for examples in _batched(store.exports.attributed(texts=False)):
        counts.add([example.article for example in examples])
    counts.add_reference(_snapshot(registry))
    n_judged, appear, vanish = _suggestions(registry, store, before, head)
    return {
        "based_on": based_on,
        "changes": [row.line for row in after.rows[based_on:]],
        "n_articles": counts.n_articles,
        "several": counts.n_several,
        "contradictions": counts.n_contradictions,
        "tags": [counts.change(tag) for tag in tags],
        "decisions": store.log.counts_of(tags),
        "aliases": _aliases(tags, before, head),
        "moved": _moved(tags, before, head),
        "redirects": _redirects(edits, before),
        "n_judged": n_judged,
        "appear": dict(appear.most_common()),
        "vanish": dict(vanish.most_common()),
    }


class _Counts:
    """Counts the labels of tags through two taxonomies."""

    def __init__(self, tags: Sequence[str], before: Taxonomy, after: Taxonomy) -> None:
        self._tags = tags
        self._sides = [_Side(_around(tags, taxonomy)) for taxonomy in (before, after)]
        heirs = ((tag, after.paths.heir(tag)) for tag in before.by_id if tag in set(tags))
        groups: dict[str, set[str]] = {}
        for tag, heir in heirs:
            if heir in after.by_id and not after.by_id[heir].retired:
                groups.setdefault(heir, {heir}).add(tag)
        self._groups = [frozenset(group) for group in groups.values() if len(group) > 1]
        self.n_articles = self.n_several = self.n_contradictions = 0

    def add(self, articles: Sequence[Article]) -> None:
        has = [side.add(articles) for side in self._sides]
        self.n_articles += int((has[0] | has[1]).sum())
        for article in articles:
            right, wrong = set(article.tags or ()), set(article.rejected)
            self.n_several += any(len(group & right) > 1 for group in self._groups)
            self.n_contradictions += any(group & right and group & wrong for group in self._groups)

    def add_reference(self, learned: Snapshot | None) -> None:
        """Take what the champion's cross-validation said of the articles that it learned from."""
        validated = [labels for labels in learned.articles.values() if labels.validated] if learned is not None else []
        for some in _batched(validated):
            for side in self._sides:
                side.add_reference(some)

    def change(self, tag: str) -> TagChange:
        before, after = (side.counts(tag) for side in self._sides)
        return {"tag": tag, "before": before, "after": after}


class _Side:
    """The counts through one taxonomy."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        self._column = {tag.id: column for column, tag in enumerate(taxonomy.tags)}
        self._n = {label: np.zeros(len(self._column), dtype=np.int64) for label in (POSITIVE, NEGATIVE, UNKNOWN)}
        self._right = np.zeros((2, len(self._column)), dtype=np.int64)  # suggested and right, suggested or right

    def add(self, articles: Sequence[Article]) -> np.ndarray:
        """Count articles, and return which of them have one of the tags, (n_articles,) bool."""
        labels = labels_of(articles, self.taxonomy)
        for label in self._n:
            self._n[label] += (labels == label).sum(axis=0)
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

    def counts(self, tag: str) -> TagCounts | None:
        entry = self.taxonomy.by_id.get(tag)
        if entry is None or entry.retired:
            return None
        column = self._column[tag]
        positive, negative, unknown = (int(self._n[label][column]) for label in (POSITIVE, NEGATIVE, UNKNOWN))
        both, either = self._right[:, column].tolist()
        f1 = round(2 * both / either, 4) if either else None
        return {"positive": positive, "negative": negative, "unknown": unknown, "f1": f1}


def _batched(items: Iterable[Item]) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, AT_ONCE)):
        yield batch


def _around(tags: Collection[str], taxonomy: Taxonomy) -> Taxonomy:
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


def _aliases(tags: Iterable[str], before: Taxonomy, after: Taxonomy) -> list[AliasChange]:
    changes = []
    for tag in tags:
        had, has = (
            {alias_key(alias): alias.text for alias in taxonomy.by_id[tag].aliases} if tag in taxonomy.by_id else {}
            for taxonomy in (before, after)
        )
        added, removed = [has[key] for key in has if key not in had], [had[key] for key in had if key not in has]
        if added or removed:
            changes.append(AliasChange(tag=tag, added=added, removed=removed))
    return changes


def _moved(tags: Iterable[str], before: Taxonomy, after: Taxonomy) -> dict[str, list[str]]:
    """Return the tags that were there and stand under others afterwards, with these."""
    there = (tag for tag in tags if tag in before.by_id and tag in after.by_id)
    return {tag: list(after.tag(tag).broader) for tag in there if after.tag(tag).broader != before.tag(tag).broader}


def _redirects(edits: Iterable[Edit], before: Taxonomy) -> list[str]:
    """Return the retired tags that were read as one that is retired now, and come along."""
    retired = {edit.tag for edit in edits if edit.field == "status" and edit.after == "retired"}
    return [tag.id for tag in before.tags if tag.retired and tag.replaced_by in retired]


def _snapshot(registry: Registry) -> Snapshot | None:
    champion = registry.last_champion()
    return registry.snapshot(champion.version) if champion is not None else None


def _suggestions(
    registry: Registry, store: Store, before: Taxonomy, after: Taxonomy
) -> tuple[int, Counter[str], Counter[str]]:
    """Return on how many of the newest articles the champion was asked, and which suggestions appear and vanish."""
    appear, vanish = Counter[str](), Counter[str]()
    articles: Sequence[Article] = ()
    with suppress(NoModel, BadModel):
        model = registry.load_fitted_champion()
        articles = store.live.newest(N_JUDGED)
        sides: list[list[set[str]]] = [_suggested(seen_through(model, head), articles) for head in (before, after)]
        for had, has in zip(*sides, strict=True):
            appear.update(has - had)
            vanish.update(had - has)
    return len(articles), appear, vanish


def _suggested(model: TagModel, articles: Sequence[Article]) -> list[set[str]]:
    return [{tag for tag, _ in ranked} for ranked in model.rank(articles)] if articles else []


def lines_of(told: Preview) -> list[str]:
    """Return a preview in words, a line each."""
    lines = [*told["changes"], f"{told['n_articles']} articles have one of the tags"]
    for change in told["tags"]:
        sides = (_in_words(change["before"]), _in_words(change["after"]))
        lines.append(f"{change['tag']:<32} {sides[0]} -> {sides[1]}")
    if told["several"]:
        lines.append(f"{told['several']} articles have several of the merged tags")
    if told["contradictions"]:
        lines.append(f"{told['contradictions']} articles have one of them and lack another by an editor's word")
    lines += [f"{row['tag']}: aliases + {row['added']} - {row['removed']}" for row in told["aliases"]]
    lines += [f"{tag} comes under {', '.join(broader) or 'none'}" for tag, broader in told["moved"].items()]
    if told["redirects"]:
        lines.append(f"read along with them: {', '.join(told['redirects'])}")
    appear, vanish = sum(told["appear"].values()), sum(told["vanish"].values())
    lines.append(f"on the newest {told['n_judged']} articles {appear} suggestions appear and {vanish} vanish")
    return lines


def _in_words(counts: TagCounts | None) -> str:
    if counts is None:
        return "none"
    f1 = f", F1 {counts['f1']:.2f}" if counts["f1"] is not None else ""
    return f"{counts['positive']} right, {counts['negative']} wrong, {counts['unknown']} unknown{f1}"
