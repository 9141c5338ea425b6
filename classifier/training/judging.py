"""The judgements of models on articles whose tags are known, by the tags of one taxonomy."""

from collections.abc import Sequence
from dataclasses import replace
from time import thread_time
from timeit import Timer
from typing import Any, NamedTuple

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.examples import labels_of
from classifier.domain.progress import Track
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.unreadable import Unreadable
from classifier.gate import whole
from classifier.gate.holding import TAG_WORSE
from classifier.gate.languages import LanguageChange, language_changes, language_check
from classifier.gate.reference import CHAMPION
from classifier.gate.settings import GateSettings
from classifier.gate.tags import TagChange, compare_tags
from classifier.gate.whole import Check, Costs
from classifier.model.tag_model import TagModel
from classifier.text.language import language_of, name_of
from classifier.text.mention_features import HINTED

BATCH = 32  # articles that are judged together
N_TIMED = 64  # articles on which latency is measured
N_PASSES = 3
MEGABYTE = 1 << 20


class Judged(NamedTuple):
    """The judgements of a model: scores, (n_articles, n_tags) float64, and suggestions, the same shape, bool."""

    scores: np.ndarray
    suggested: np.ndarray


def judge(
    model: TagModel,
    articles: Sequence[Article],
    taxonomy: Taxonomy,
    track: Track,
    description: str,
    unreadable: Unreadable | None = None,
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
    return Judged(scores, suggested)


def costs_of(model: TagModel, articles: Sequence[Article], unreadable: Unreadable) -> Costs:
    """Return the size of a model, and how long it takes for some of the articles that can be read."""
    readable = [article for article in articles[:N_TIMED] if article.id not in unreadable.kinds]
    return Costs(_megabytes(model), _milliseconds(model, readable))


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
    gate: list[Check]
    changes: list[TagChange]
    languages: list[LanguageChange]
    unreadable: Unreadable

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "champion": self.champion,
            "challenger": self.challenger,
            "n_articles": self.n_articles,
            "checks": [check.to_json() for check in self.gate],
            "tags": [change._asdict() for change in self.changes],
            "languages": [change._asdict() for change in self.languages],
            "set_aside": self.unreadable.to_json(),
        }


def compare_models(
    champion: TagModel, challenger: TagModel, articles: Sequence[Article], track: Track
) -> ComparedModels:
    """Compare two models on articles with known tags, as the gate of a retraining does."""
    taxonomy, unreadable, settings = challenger.taxonomy, Unreadable(), GateSettings()
    models = track((champion, challenger), 2, "judging")
    old, new = (judge(each, articles, taxonomy, track, f"by {each.version}", unreadable) for each in models)
    active = active_columns(taxonomy)
    before, after, labels = (part[:, active] for part in (old.suggested, new.suggested, labels_of(articles, taxonomy)))
    tag_ids = [taxonomy.tags[column].id for column in active]
    changes = compare_tags(before, after, labels, tag_ids, settings.tag_margin)
    scores = old.scores[:, active], new.scores[:, active]
    languages = list(
        language_changes(before, after, labels, languages_of(challenger, articles), replace(settings, min_language=1))
    )
    judged = (each for each in languages if each.n_articles >= settings.min_language)
    gate = [
        whole.total(before, after, labels, settings),
        *(language_check(change, name_of(change.language), settings) for change in judged),
        *(tag_check(change, CHAMPION, settings) for change in changes),
        whole.calibration(*scores, (before, after), labels, settings),
        whole.unknown(before, after, labels, settings, shared_tags(champion, taxonomy)[active]),
        *whole.costs(costs_of(champion, articles, unreadable), costs_of(challenger, articles, unreadable), settings),
    ]
    return ComparedModels(champion.version, challenger.version, len(articles), gate, changes, languages, unreadable)


def languages_of(model: TagModel, articles: Sequence[Article]) -> list[str | None]:
    """Return the language of each article, None where it cannot be told or the article cannot be read."""
    texts = Unreadable().each(lambda batch: map(model.reader.read_text, batch), articles)
    pairs = zip(articles, texts, strict=True)
    return [language_of(text.content, article.language) if text is not None else None for article, text in pairs]


def tag_check(change: TagChange, since: str, settings: GateSettings) -> Check:
    """Return the check of one tag since an older version."""
    return Check(TAG_WORSE, not change.is_loss(settings.tag_surely), change.figure(since), change.tag)


def active_columns(taxonomy: Taxonomy) -> list[int]:
    """Return the columns of the tags that may be suggested: one that may not any more is no loss."""
    return [column for column, tag in enumerate(taxonomy.tags) if tag.active]


def shared_tags(before: TagModel, after: Taxonomy) -> np.ndarray:
    """Return which tags of a taxonomy a model was fitted with, also by an id that is now read as the tag, (n_tags,) bool."""
    fitted = before.fitted.taxonomy.by_id.keys()
    return np.array(
        [not fitted.isdisjoint((tag.id, *after.paths.written_as(tag.id))) for tag in after.tags], dtype=bool
    )


def _megabytes(model: TagModel) -> float:
    arrays = [*vars(model.parameters).values(), *vars(model.precedents).values()]
    n_bytes = sum(array.nbytes for array in arrays if isinstance(array, np.ndarray))
    return float(n_bytes + sum(map(len, model.terms)) + sum(map(len, model.title_terms))) / MEGABYTE


def _milliseconds(model: TagModel, articles: Sequence[Article]) -> float:
    """Return how much time of the processor a suggestion takes in the best of several passes, however busy the machine is."""
    suggest = Timer(lambda: [model.suggest(article) for article in articles], timer=thread_time)
    return 1000.0 * min(suggest.repeat(N_PASSES, number=1)) / max(1, len(articles))
