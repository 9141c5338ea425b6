"""What models say of articles whose tags are known, by the tags of one taxonomy: what a contest compares."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.examples import labels_of
from classifier.domain.progress import Track
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.unreadable import Unreadable
from classifier.model.tag_model import TagModel
from classifier.text.mention_features import HINTED
from classifier.training.comparison import Check, GateSettings, Judged, TagChange, contest

BATCH = 32  # articles that are judged together
N_TIMED = 64  # articles on which latency is measured
N_PASSES = 3
MEGABYTE = 1 << 20


def judge(
    model: TagModel,
    articles: Sequence[Article],
    taxonomy: Taxonomy,
    track: Track,
    what: str,
    unreadable: Unreadable | None = None,
    timed: bool = True,
) -> Judged:
    """Return what a model says of articles, with a column for each tag of a taxonomy; those it lacks it never suggests.

    For an article that it cannot judge it suggests nothing; such are added to `unreadable`. Unless it is `timed`, its latency is 0.
    """
    unreadable = Unreadable() if unreadable is None else unreadable
    shape = (len(articles), len(taxonomy.tags))
    scores, suggested = np.zeros(shape), np.zeros(shape, dtype=bool)
    position = {tag.id: number for number, tag in enumerate(taxonomy.tags)}
    pairs = [(position[tag.id], number) for number, tag in enumerate(model.taxonomy.tags) if tag.id in position]
    ours, its = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    for start in track(range(0, len(articles), BATCH), -(-len(articles) // BATCH), what):
        rows = slice(start, start + BATCH)
        for row, judged in enumerate(
            unreadable.each(lambda some: zip(*model.judge(some), strict=True), articles[rows]), start
        ):
            if judged is not None:
                scores[row, ours], suggested[row, ours] = judged[0][its], judged[1][its]
    readable = [article for article in articles[: N_TIMED if timed else 0] if article.id not in unreadable.kinds]
    return Judged(scores, suggested, megabytes_of(model), _milliseconds(model, readable))


def named_tags(model: TagModel, articles: Sequence[Article], taxonomy: Taxonomy) -> np.ndarray:
    """Return which tags of the model's taxonomy the articles name, (n_articles, n_tags) bool: the alias rule alone."""
    readings = Unreadable().each(model.reader.read_all, articles)
    rows = np.flatnonzero([one is not None for one in readings])
    found = model.reader.naming([one for one in readings if one is not None])
    named = np.zeros((len(articles), len(taxonomy.tags)), dtype=bool)
    sure = found.categories > HINTED
    named[rows[found.articles[sure]], found.tags[sure]] = True
    return named


def compare(champion: TagModel, challenger: TagModel, articles: Sequence[Article], track: Track) -> dict[str, Any]:
    """Return the conditions of the gate for two models on articles with known tags, and how each tag changes."""
    taxonomy = challenger.taxonomy
    unreadable, models = Unreadable(), (champion, challenger)
    old, new = (judge(model, articles, taxonomy, track, f"by {model.version}", unreadable) for model in models)
    not_blind = np.zeros(len(articles), dtype=bool)
    labels = labels_of(articles, taxonomy)
    checks, changes = contest_of(champion.taxonomy, taxonomy, old, new, labels, not_blind, GateSettings())
    return {
        "champion": champion.version,
        "challenger": challenger.version,
        "n_articles": len(articles),
        "checks": [check.to_json() for check in checks],
        "tags": [change._asdict() for change in changes],
        "set_aside": unreadable.to_json(),
    }


def contest_of(
    before: Taxonomy,
    after: Taxonomy,
    champion: Judged,
    challenger: Judged,
    labels: np.ndarray,
    blind: np.ndarray,
    settings: GateSettings,
) -> tuple[list[Check], list[TagChange]]:
    """Return what `contest` says of two models whose taxonomies may differ; all arrays have a column for each tag of `after`.

    A tag that may not be suggested any more is no loss, and one that the champion has not cannot be compared.
    """
    active = np.flatnonzero([tag.active for tag in after.tags])
    ids = [after.tags[tag].id for tag in active]
    shared = np.array([tag in before.by_id for tag in ids], dtype=bool)
    both = champion.of_tags(active), challenger.of_tags(active)
    return contest(*both, labels[:, active], ids, blind, settings, shared)


def megabytes_of(model: TagModel) -> float:
    """Return how large a model is on disk, nearly."""
    arrays = [*vars(model.parameters).values(), *vars(model.precedents).values()]
    n_bytes = sum(one.nbytes for one in arrays if isinstance(one, np.ndarray))
    return float(n_bytes + sum(map(len, model.terms)) + sum(map(len, model.title_terms))) / MEGABYTE


def _milliseconds(model: TagModel, articles: Sequence[Article]) -> float:
    """Return what a suggestion costs, the best of some passes."""
    passes = []
    for _ in range(N_PASSES):
        begun = time.perf_counter()
        for article in articles:
            model.suggest(article)
        passes.append((time.perf_counter() - begun) / max(1, len(articles)))
    return 1000.0 * min(passes)
