"""Score sheets: what a model version says of the newest stored articles, kept so that pages compare and preview at once.

A sheet is made in a process of its own, for each version once and again when the taxonomy has changed. Two sheets tell how two
versions differ, and one tells which articles another threshold of a tag would change.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.progress import Track
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.unreadable import Unreadable
from classifier.model.calibration import calibrated
from classifier.model.tag_model import TagModel
from classifier.reports.json_form import from_json, to_json
from classifier.serving.registry import Registry
from classifier.store.reports import SHEET, KeptReport
from classifier.store.rows import now
from classifier.store.store import Store
from classifier.training.judging import judge

JOB = "score-sheets"
MOST, FEWEST = 1_000, 100  # articles of a sheet: those of the last month, or if these are fewer, the newest ones
AGE = timedelta(days=31)
LEAST = 0.05  # scores below are left out: nobody sets a threshold there
N_LISTED = 20  # articles of each tag that a comparison names


@dataclass(frozen=True)
class SheetRow:
    """What a version says of an article: the scores from LEAST on by tag, and the tags that it suggests."""

    article: str
    title: str
    date: str
    scores: dict[str, float]
    suggested: list[str]


@dataclass(frozen=True)
class Sheet:
    """What a version says of the newest articles, at thresholds in scores, those of tags that may be suggested.

    With `always_one` an article without another tag keeps its best one, whatever its threshold.
    """

    version: str
    since: str
    thresholds: dict[str, float]
    rows: list[SheetRow] = field(default_factory=list)
    always_one: bool = False


@dataclass(frozen=True)
class Changed:
    """An article on which a tag appears or vanishes, with the scores before and after, 0 below LEAST."""

    article: str
    title: str
    date: str
    before: float
    after: float


@dataclass(frozen=True)
class TagChanges:
    """The articles on which a tag appears, and those from which it vanishes: how many, and the newest ones."""

    tag: str
    n_appear: int
    n_vanish: int
    appear: list[Changed]
    vanish: list[Changed]


def keep_sheets(store: Store, registry: Registry, versions: Sequence[str], track: Track) -> list[Sheet]:
    """Make the sheets of versions, keep them, and drop those of versions that are gone.

    Raises:
        Busy: if another process is making sheets.
        NotFound: if there is no such version.
    """
    with store.runs.alone(JOB):
        articles, sheets = _newest(store), []
        for version in track(versions, len(versions), "judging"):
            made_at = now()
            model = registry.as_it_serves(registry.load(version))
            sheet = sheet_of(model, articles, model.head, track)
            content = to_json(sheet)
            store.reports.put(KeptReport(SHEET + version, made_at, 0, model.head.version, content))
            sheets.append(sheet)
        store.reports.keep_only(SHEET, [SHEET + version for version in registry.versions()])
        return sheets


def kept_sheet(store: Store, version: str) -> tuple[Sheet, KeptReport] | None:
    """Return the sheet of a version, and when and by which taxonomy it was made; None if there is none."""
    kept = store.reports.get(SHEET + version)
    return (from_json(Sheet, kept.content), kept) if kept is not None else None


def sheet_of(model: TagModel, articles: Sequence[Article], taxonomy: Taxonomy, track: Track) -> Sheet:
    """Return what a model says of articles. Those that cannot be judged are left out."""
    unreadable = Unreadable()
    judged = judge(model, articles, taxonomy, track, f"by {model.version}", unreadable)
    ids = np.array([tag.id for tag in taxonomy.tags], dtype=object)
    rows = [
        SheetRow(
            article.id,
            article.title[:200],
            (article.published_at or "")[:10],
            {ids[tag]: round(float(scores[tag]), 4) for tag in np.flatnonzero((scores >= LEAST) | suggested).tolist()},
            list(ids[suggested]),
        )
        for article, scores, suggested in zip(articles, judged.scores, judged.suggested, strict=True)
        if article.id not in unreadable.kinds
    ]
    since = min((row.date for row in rows if row.date), default="")
    return Sheet(model.version, since, thresholds_of(model), rows, model.parameters.always_one)


def thresholds_of(model: TagModel) -> dict[str, float]:
    """Return the thresholds of a model as scores, of the tags that may be suggested and ever are."""
    p = model.parameters
    scores = calibrated(np.where(np.isfinite(p.thresholds), p.thresholds, 0.0)[None, :], p.curves)[0]
    rows = zip(model.taxonomy.tags, scores.tolist(), p.thresholds.tolist(), strict=True)
    return {tag.id: round(score, 4) for tag, score, threshold in rows if tag.active and np.isfinite(threshold)}


def compare_sheets(before: Sheet, after: Sheet) -> list[TagChanges]:
    """Return what appears and what vanishes from one version to another, the tags that change most first."""
    earlier = {row.article: row for row in before.rows}
    appear, vanish = dict[str, list[Changed]](), dict[str, list[Changed]]()
    for row in after.rows:
        if (old := earlier.get(row.article)) is not None:
            for tag in set(row.suggested) - set(old.suggested):
                appear.setdefault(tag, []).append(_changed(tag, old, row))
            for tag in set(old.suggested) - set(row.suggested):
                vanish.setdefault(tag, []).append(_changed(tag, old, row))
    changes = [_of_tag(tag, appear.get(tag, []), vanish.get(tag, [])) for tag in {*appear, *vanish}]
    return sorted(changes, key=lambda change: (-change.n_appear - change.n_vanish, change.tag))


def at_threshold(sheet: Sheet, tag: str, score: float) -> TagChanges:
    """Return which articles another threshold of a tag would change.

    Of a kind of which an article has one tag at most, another tag may still take the place of one that appears.
    """
    appear, vanish = list[Changed](), list[Changed]()
    for row in sheet.rows:
        is_suggested = tag in row.suggested
        is_only = sheet.always_one and row.suggested == [tag] and max(row.scores, key=row.scores.__getitem__) == tag
        if is_suggested != (row.scores.get(tag, 0.0) >= score or is_only):
            (vanish if is_suggested else appear).append(_changed(tag, row, row))
    return _of_tag(tag, appear, vanish, most=len(sheet.rows))


def _of_tag(tag: str, appear: list[Changed], vanish: list[Changed], most: int = N_LISTED) -> TagChanges:
    return TagChanges(tag, len(appear), len(vanish), appear[:most], vanish[:most])


def _changed(tag: str, before: SheetRow, after: SheetRow) -> Changed:
    scores = before.scores.get(tag, 0.0), after.scores.get(tag, 0.0)
    return Changed(after.article, after.title, after.date, *scores)


def _newest(store: Store) -> list[Article]:
    """Return the articles of the last month, at most MOST, or if these are fewer, the newest FEWEST, the newest first."""
    ids = store.live.newest(MOST)
    found = {article.id: article for _, article in store.live.texts(ids)}
    articles = [found[article_id] for article_id in ids if article_id in found]
    since = (datetime.now(UTC) - AGE).isoformat()[:10]
    n_recent = sum((article.published_at or "") >= since for article in articles)
    return articles[: max(n_recent, FEWEST)]
