"""What a change of the taxonomy does, before it is carried out: the operation itself, counted on the articles and not stored.

The numbers are those of afterwards: the same function counts them through the taxonomy of before and that of after.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress

from classifier.domain.alias_checks import alias_key
from classifier.domain.articles import Article
from classifier.domain.editing import Edit
from classifier.domain.snapshots import Snapshot
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_log import FoldedLog
from classifier.errors import BadModel, NoModel
from classifier.model.tag_model import TagModel
from classifier.model.through_head import seen_through
from classifier.reports.preview.counts import LabelCounts
from classifier.reports.preview.records import AliasChange, Preview
from classifier.serving.registry import Registry
from classifier.store.store import Store

N_JUDGED = 500  # of the newest articles


def preview_of(store: Store, registry: Registry, after: FoldedLog, based_on: int) -> Preview:
    """Return what the rows of a log behind `based_on` do, which are not stored. The rows up to there are."""
    edits = [edit for row in after.rows[based_on:] for edit in after.edits[row.n]]
    present = store.taxonomy.head()
    is_head = present is not None and present.n == based_on
    before = present.taxonomy if present is not None and is_head else FoldedLog(after.rows[:based_on]).taxonomy()
    head = after.taxonomy()
    tags = list(dict.fromkeys(edit.tag for edit in edits if edit.tag is not None))
    counts = LabelCounts(tags, before, head)
    speaking = store.tag_labels.speaking_of(counts.ids)
    counts.add(example.article for example in store.exports.attributed(texts=False, ids=speaking.article_ids))
    counts.add_complete(store.tag_labels.complete(speaking.article_ids))
    counts.add_reference(_snapshot(registry))
    n_articles = store.tag_labels.n_articles()
    n_judged, appear, vanish = _suggestions(registry, store, before, head)
    return {
        "based_on": based_on,
        "changes": [row.line for row in after.rows[based_on:]],
        "n_articles": counts.n_articles,
        "several": counts.n_several,
        "contradictions": counts.n_contradictions,
        "tags": [counts.change(tag, n_articles) for tag in tags],
        "decisions": store.log.counts_of(tags),
        "aliases": _aliases(tags, before, head),
        "moved": _moved(tags, before, head),
        "redirects": _redirects(edits, before),
        "n_judged": n_judged,
        "appear": dict(appear.most_common()),
        "vanish": dict(vanish.most_common()),
    }


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
