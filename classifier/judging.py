"""What models say of articles whose tags are known, by the tags of one taxonomy: what a contest compares."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from classifier.aboutness import HINTED
from classifier.articles import Article
from classifier.contest import Check, GateSettings, Judged, TagChange, contest
from classifier.examples import labels_of
from classifier.model import TagModel
from classifier.taxonomy import Taxonomy

BATCH = 32  # articles that are judged together
N_TIMED = 64  # articles on which latency is measured
N_PASSES = 3
MEGABYTE = 1 << 20
Track = Callable[[Iterable[Any], int, str], Iterable[Any]]


def judge(model: TagModel, articles: Sequence[Article], taxonomy: Taxonomy, track: Track, what: str) -> Judged:
    """Return what a model says of articles, with a column for each tag of a taxonomy; those it lacks it never suggests."""
    shape = (len(articles), len(taxonomy.tags))
    scores, suggested = np.zeros(shape), np.zeros(shape, dtype=bool)
    position = {tag.id: number for number, tag in enumerate(taxonomy.tags)}
    pairs = [(position[tag.id], number) for number, tag in enumerate(model.taxonomy.tags) if tag.id in position]
    ours, its = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    for start in track(range(0, len(articles), BATCH), -(-len(articles) // BATCH), what):
        rows = slice(start, start + BATCH)
        of_tags, passed = model.judge(articles[rows])
        scores[rows][:, ours], suggested[rows][:, ours] = of_tags[:, its], passed[:, its]
    return Judged(scores, suggested, megabytes_of(model), _milliseconds(model, articles[:N_TIMED]))


def named_tags(model: TagModel, articles: Sequence[Article], taxonomy: Taxonomy) -> np.ndarray:
    """Return which tags of the model's taxonomy the articles name, (n_articles, n_tags) bool: the alias rule alone."""
    found = model.reader.naming(model.reader.read_all(articles))
    named = np.zeros((len(articles), len(taxonomy.tags)), dtype=bool)
    sure = found.categories > HINTED
    named[found.articles[sure], found.tags[sure]] = True
    return named


def compare(champion: TagModel, challenger: TagModel, articles: Sequence[Article], track: Track) -> dict[str, Any]:
    """Return the conditions of the gate for two models on articles with known tags, and how each tag changes."""
    taxonomy = challenger.taxonomy
    old, new = (judge(model, articles, taxonomy, track, f"by {model.version}") for model in (champion, challenger))
    not_blind = np.zeros(len(articles), dtype=bool)
    labels = labels_of(articles, taxonomy)
    checks, changes = contest_of(champion.taxonomy, taxonomy, old, new, labels, not_blind, GateSettings())
    return {
        "champion": champion.version,
        "challenger": challenger.version,
        "n_articles": len(articles),
        "checks": [check.to_json() for check in checks],
        "tags": [change._asdict() for change in changes],
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
