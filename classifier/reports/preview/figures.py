"""What a change of the taxonomy does, before it is carried out: the operation itself, counted on the articles and not stored.

The numbers are those of afterwards: the same function counts them through the taxonomy of before and that of after.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from classifier.domain.alias_checks import alias_key
from classifier.domain.articles import Article
from classifier.domain.editing import Edit
from classifier.domain.progress import Track, untracked
from classifier.domain.snapshots import Labelled, read_validated
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_log import FoldedLog
from classifier.errors import BadModel, NoModel
from classifier.model.tag_model import TagModel
from classifier.model.through_head import seen_through
from classifier.reports.desk.records import Rate
from classifier.reports.kept import kept_desk_report
from classifier.reports.preview.aliases import with_suggestions
from classifier.reports.preview.counts import LabelCounts
from classifier.reports.preview.newest import read_newest
from classifier.reports.preview.records import AliasChange, AliasHits, Preview
from classifier.serving.registry import Registry
from classifier.store.reports import DESK
from classifier.store.store import Store

COUNTING, READING, JUDGING = "counting articles", "reading articles", "judging articles"  # the steps
N_READ = 2_000  # of the newest articles
N_JUDGED = 500  # of them, by the champion


def preview_of(store: Store, registry: Registry, after: FoldedLog, based_on: int, track: Track = untracked) -> Preview:
    """Return what the rows of a log behind `based_on` do, which are not stored. The rows up to there are."""
    edits = [edit for row in after.rows[based_on:] for edit in after.edits[row.n]]
    present = store.taxonomy.head()
    is_head = present is not None and present.n == based_on
    before = present.taxonomy if present is not None and is_head else FoldedLog(after.rows[:based_on]).taxonomy()
    head = after.taxonomy()
    tags = list(dict.fromkeys(edit.tag for edit in edits if edit.tag is not None))
    counts = LabelCounts(tags, before, head)
    speaking = store.tag_labels.speaking_of(counts.ids)
    labelled = store.exports.attributed(texts=False, ids=speaking.article_ids)
    counts.add(each.article for each in track(labelled, len(speaking.article_ids), COUNTING))
    counts.add_complete(store.tag_labels.complete(speaking.article_ids))
    counts.add_reference(_validated(registry, counts.ids))
    n_articles = store.tag_labels.n_articles()
    ids = store.live.newest(N_READ)
    filed = track(store.exports.filed_as_written(ids), len(ids), READING)
    newest = read_newest(filed, tags, (before, head), _acceptance(store))
    listed = newest.hits.listed()
    sides = track((before, head), 2, JUDGING)
    judged = _suggestions(registry, store, sides, ids[:N_JUDGED], [row["article_id"] for row in listed])
    with_suggestions(listed, judged.changes)
    return {
        "based_on": based_on,
        "changes": [row.line for row in after.rows[based_on:]],
        "n_articles": counts.n_articles,
        "n_known": n_articles,
        "several": counts.n_several,
        "contradictions": counts.n_contradictions,
        "tags": [counts.change(tag, n_articles) for tag in tags],
        "decisions": store.log.counts_of(tags),
        "aliases": _aliases(tags, before, head),
        "moved": _moved(tags, before, head),
        "redirects": _redirects(edits, before),
        "listed_by": [
            {"sender": sender.name, "is_cms": sender.is_cms, "posts": dict(posts)}
            for sender, posts in sorted(speaking.listed.items())
        ],
        "n_judged": judged.n_articles,
        "appear": dict(judged.appear.most_common()),
        "vanish": dict(judged.vanish.most_common()),
        "n_read": newest.n_read,
        "hits": newest.hits.rows(),
        "findings": newest.findings,
        "mended": newest.mended,
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


def _validated(registry: Registry, tags: Sequence[str]) -> list[Labelled]:
    champion = registry.last_champion()
    with suppress(BadModel):
        return read_validated(registry.snapshot_file(champion.version), frozenset(tags)) if champion is not None else []
    return []


def to_keep(preview: Preview) -> Preview:
    """Return a preview without what it quotes of articles: they may be deleted, and a kept preview would still have them."""
    hits: list[AliasHits] = [{**row, "articles": []} for row in preview["hits"]]
    return {**preview, "hits": hits}


def _acceptance(store: Store) -> dict[str, Rate]:
    """Return the acceptance of the suggestions of each tag, as the kept desk report has it."""
    kept = store.reports.get(DESK)
    return {row.tag: row.acceptance for row in kept_desk_report(kept)[0].tags} if kept is not None else {}


class _Judged(NamedTuple):
    """On how many of the newest articles the champion was asked, which suggestions appear and vanish there, and by article."""

    n_articles: int
    appear: Counter[str]
    vanish: Counter[str]
    changes: dict[str, tuple[dict[str, float], dict[str, float]]]


def _suggestions(
    registry: Registry, store: Store, sides: Iterable[Taxonomy], newest: Sequence[str], others: Sequence[str]
) -> _Judged:
    """Return what the champion suggests only after or only before on the newest articles, and on others by article."""
    judged = _Judged(len(newest), Counter(), Counter(), {})
    try:
        model = registry.load_fitted_champion()
    except (NoModel, BadModel):
        return judged._replace(n_articles=0)
    ids = list(dict.fromkeys((*newest, *others)))
    stored = [article for _, article in store.live.texts(ids)]
    before, after = (_suggested(seen_through(model, side), stored) for side in sides)
    is_newest = set(newest)
    for article, had, has in zip(stored, before, after, strict=True):
        appear, vanish = ({tag: a[tag] for tag in a if tag not in b} for a, b in ((has, had), (had, has)))
        judged.changes[article.id] = appear, vanish
        if article.id in is_newest:
            judged.appear.update(appear.keys())
            judged.vanish.update(vanish.keys())
    return judged


def _suggested(model: TagModel, articles: Sequence[Article]) -> list[dict[str, float]]:
    return [dict(ranked) for ranked in model.rank(articles)] if articles else []
