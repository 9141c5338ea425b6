"""The judgements of models on articles whose tags are known, by the tags of one taxonomy."""

from collections.abc import Sequence
from timeit import repeat
from typing import Any, NamedTuple

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.examples import labels_of
from classifier.domain.progress import Track
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.unreadable import Unreadable
from classifier.model.tag_model import TagModel
from classifier.text.mention_features import HINTED
from classifier.training.comparison import Comparison, GateSettings, Judged, compare

BATCH = 32  # articles that are judged together
N_TIMED = 64  # articles on which latency is measured
N_PASSES = 3
MEGABYTE = 1 << 20


def judge(
    model: TagModel,
    articles: Sequence[Article],
    taxonomy: Taxonomy,
    track: Track,
    description: str,
    unreadable: Unreadable | None = None,
    timed: bool = True,
) -> Judged:
    """Judge articles with a model; the result has a column for each tag of a taxonomy.

    Tags that the model lacks are never suggested. An article that cannot be judged gets no tags, and is added to `unreadable`.
    """
    unreadable = Unreadable() if unreadable is None else unreadable
    shape = (len(articles), len(taxonomy.tags))
    scores, suggested = np.zeros(shape), np.zeros(shape, dtype=bool)
    position = {tag.id: number for number, tag in enumerate(taxonomy.tags)}
    pairs = [(position[tag.id], number) for number, tag in enumerate(model.taxonomy.tags) if tag.id in position]
    columns, model_columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    for start in track(range(0, len(articles), BATCH), -(-len(articles) // BATCH), description):
        judged = unreadable.each(lambda batch: zip(*model.judge(batch), strict=True), articles[start : start + BATCH])
        for row, judgement in enumerate(judged, start):
            if judgement is not None:
                scores[row, columns], suggested[row, columns] = (part[model_columns] for part in judgement)
    readable = [article for article in articles[:N_TIMED] if article.id not in unreadable.kinds]
    return Judged(scores, suggested, _megabytes(model), _milliseconds(model, readable) if timed else 0.0)


def named_tags(model: TagModel, articles: Sequence[Article], taxonomy: Taxonomy) -> np.ndarray:
    """Return which tags of the model's taxonomy the articles name by the alias rule alone, (n_articles, n_tags) bool."""
    readings = Unreadable().each(model.reader.read_all, articles)
    rows = np.flatnonzero([reading is not None for reading in readings])
    naming = model.reader.mention_features([reading for reading in readings if reading is not None])
    named = np.zeros((len(articles), len(taxonomy.tags)), dtype=bool)
    sure = naming.categories > HINTED
    named[rows[naming.articles[sure]], naming.tags[sure]] = True
    return named


class ComparedModels(NamedTuple):
    """The comparison of two model versions on articles with known tags."""

    champion: str
    challenger: str
    n_articles: int
    comparison: Comparison
    unreadable: Unreadable

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "champion": self.champion,
            "challenger": self.challenger,
            "n_articles": self.n_articles,
            "checks": [check.to_json() for check in self.comparison.gate],
            "tags": [change._asdict() for change in self.comparison.changes],
            "set_aside": self.unreadable.to_json(),
        }


def compare_models(
    champion: TagModel, challenger: TagModel, articles: Sequence[Article], track: Track
) -> ComparedModels:
    """Compare two models on articles with known tags, as the gate of a retraining does."""
    taxonomy, unreadable = challenger.taxonomy, Unreadable()
    models = champion, challenger
    old, new = (judge(model, articles, taxonomy, track, f"by {model.version}", unreadable) for model in models)
    not_blind = np.zeros(len(articles), dtype=bool)
    labels = labels_of(articles, taxonomy)
    comparison = compare_judged(champion.taxonomy, taxonomy, old, new, labels, not_blind, GateSettings())
    return ComparedModels(champion.version, challenger.version, len(articles), comparison, unreadable)


def compare_judged(
    before: Taxonomy,
    after: Taxonomy,
    champion: Judged,
    challenger: Judged,
    labels: np.ndarray,
    blind: np.ndarray,
    settings: GateSettings,
) -> Comparison:
    """Compare two models whose taxonomies may differ; all arrays have a column for each tag of `after`."""
    # A tag that may no longer be suggested is no loss, and a tag that the champion lacks cannot be compared.
    active = np.flatnonzero([tag.active for tag in after.tags])
    ids = [after.tags[tag].id for tag in active]
    shared = np.array([tag in before.by_id for tag in ids], dtype=bool)
    both = champion.of_tags(active), challenger.of_tags(active)
    return compare(*both, labels[:, active], ids, blind, settings, shared)


def _megabytes(model: TagModel) -> float:
    arrays = [*vars(model.parameters).values(), *vars(model.precedents).values()]
    n_bytes = sum(array.nbytes for array in arrays if isinstance(array, np.ndarray))
    return float(n_bytes + sum(map(len, model.terms)) + sum(map(len, model.title_terms))) / MEGABYTE


def _milliseconds(model: TagModel, articles: Sequence[Article]) -> float:
    """Return how long a suggestion takes in the best of several passes."""
    seconds = min(repeat(lambda: [model.suggest(article) for article in articles], number=1, repeat=N_PASSES))
    return 1000.0 * seconds / max(1, len(articles))
