"""The version in shadow: it judges the articles that have arrived beside the champion, before either has learned from them.

A run of `retrain` does so, not the requests: they cost nothing more, and one process at a time does it, on whichever machine.
What both say is kept. Once editors have decided, it is compared, and the comparison stands in the record of the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from classifier.domain import sentences as said
from classifier.domain.articles import Article
from classifier.domain.examples import POSITIVE, UNKNOWN, labels_of
from classifier.domain.progress import Track
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.unreadable import Unreadable
from classifier.errors import BadModel, NotFound
from classifier.gate.reference import columns_of, without_echoes
from classifier.model import evaluation
from classifier.model.tag_model import TagModel
from classifier.serving.registry import Registry
from classifier.serving.shadow import AGE, Shadow, end_shadow, read_shadow
from classifier.store.shadow import InShadow
from classifier.store.store import Store
from classifier.texts import english
from classifier.training.judging import active_columns, judge
from classifier.training.preparing import Inputs
from classifier.training.run_result import ShadowChange, ShadowRow, ShadowSide, ShadowTag

MAX_ARTICLES = 1_000  # that a version judges in shadow
MAX_AT_ONCE = 500  # of them in one run
MIN_COMPARED = 30  # articles; with fewer, nothing is said of which is better
N_TAGS = 15  # that the record names
N_DRAWS = 2_000


def follow_shadow(store: Store, registry: Registry, inputs: Inputs, dry_run: bool, track: Track) -> ShadowRow | None:
    """Let the version in shadow judge what has arrived, and return how it compares with the champions; None without one."""
    shadow = _in_shadow(registry)
    if not dry_run:
        store.shadow.drop_others(shadow.version if shadow is not None else None)
    if shadow is None:
        return None
    ended = english(said.DAYS_OVER, n=AGE.days) if shadow.is_over else None
    if ended is None and not dry_run:
        try:
            _judge_arrivals(store, registry, inputs, shadow, track)
        except (BadModel, NotFound):
            ended = said.UNREADABLE_FILES
    judged, n_judged = store.shadow.of_present_texts(shadow.version), store.shadow.n_articles(shadow.version)
    return _row(shadow, judged, n_judged, inputs, ended)


def end_if_over(registry: Registry, row: ShadowRow | None) -> None:
    """Take a version out of the shadow after the last comparison."""
    if row is not None and row["ended"] is not None:
        with registry.locked():
            end_shadow(registry.folder, row["version"])


def _in_shadow(registry: Registry) -> Shadow | None:
    try:
        return read_shadow(registry.folder)
    except BadModel:  # `status` says so
        return None


def _judge_arrivals(store: Store, registry: Registry, inputs: Inputs, shadow: Shadow, track: Track) -> None:
    """Let both models judge the articles that arrived since the shadow began, unless one of them learned from them."""
    champion, learned = inputs.champion, registry.learned(shadow.version)
    most = min(MAX_AT_ONCE, MAX_ARTICLES - store.shadow.n_articles(shadow.version))
    if champion is None or inputs.learned is None or learned is None:
        return
    known = inputs.learned.articles
    waiting = [key for key in store.shadow.waiting(shadow.at) if key not in known and key not in learned]
    if most <= 0 or not waiting:
        return
    arrived = store.live.texts(waiting[:most])
    articles, unreadable = [article for _, article in arrived], Unreadable()
    models = registry.as_it_serves(registry.load(shadow.version)), champion
    ours, theirs = (_suggested(model, articles, unreadable, track) for model in track(models, 2, "judging in shadow"))
    store.shadow.put(
        [
            InShadow(article_id, digest, shadow.version, new, champion.version, old)
            for ((article_id, digest), _), new, old in zip(arrived, ours, theirs, strict=True)
            if article_id not in unreadable.kinds
        ]
    )


def _suggested(
    model: TagModel, articles: Sequence[Article], unreadable: Unreadable, track: Track
) -> list[dict[str, float]]:
    """Return the suggested tags of articles with their scores, by a model as it was trained."""
    judged = judge(model, articles, model.taxonomy, track, f"by {model.version}", unreadable)
    ids = [tag.id for tag in model.taxonomy.tags]
    return [
        {ids[tag]: round(float(scores[tag]), 4) for tag in np.flatnonzero(suggested).tolist()}
        for scores, suggested in zip(judged.scores, judged.suggested, strict=True)
    ]


def _row(shadow: Shadow, judged: Sequence[InShadow], n_judged: int, inputs: Inputs, ended: str | None) -> ShadowRow:
    """Return the comparison on those articles of which something is known now."""
    taxonomy, examples = inputs.taxonomy, {example.article.id: example for example in inputs.examples}
    known = [row for row in judged if row.article_id in examples]
    decided = [examples[row.article_id] for row in known]
    labels = without_echoes(labels_of([example.article for example in decided], taxonomy), decided, taxonomy)
    before = columns_of([row.champion_suggested for row in known], taxonomy)
    after = columns_of([row.suggested for row in known], taxonomy)
    compared = Compared.of(before, after, labels, taxonomy)
    return ShadowRow(
        version=shadow.version,
        since=shadow.at,
        until=shadow.until,
        n_judged=n_judged,
        n_compared=len(known),
        n_blind=sum(example.blind for example in decided),
        champion=compared.champion,
        shadow=compared.shadow,
        change=compared.change,
        tags=compared.tags,
        ended=ended,
    )


class Compared(NamedTuple):
    """How the suggestions of the champions and of the version in shadow compare, on the same articles."""

    champion: ShadowSide
    shadow: ShadowSide
    change: ShadowChange | None  # None if the articles are too few
    tags: list[ShadowTag]

    @classmethod
    def of(cls, before: np.ndarray, after: np.ndarray, labels: np.ndarray, taxonomy: Taxonomy) -> Compared:
        """Compare suggestions, (n_articles, n_tags) bool, by labels, the same shape, int8."""
        active = active_columns(taxonomy)
        before, after, labels = (part[:, active] for part in (before, after, labels))
        tags = [
            ShadowTag(
                tag=taxonomy.tags[column].id,
                n=int((labels[:, place] == POSITIVE).sum()),
                champion=_found_and_wrong(before[:, place], labels[:, place]),
                shadow=_found_and_wrong(after[:, place], labels[:, place]),
            )
            for place, column in enumerate(active)
            if ((before != after) & (labels != UNKNOWN))[:, place].any()
        ]
        tags.sort(key=lambda row: (-_difference(row), row["tag"]))
        return cls(_side(before, labels), _side(after, labels), _change(before, after, labels), tags[:N_TAGS])


def _found_and_wrong(suggested: np.ndarray, labels: np.ndarray) -> tuple[int, int]:
    hits, counted, _ = evaluation.counts(suggested, labels)
    return int(hits.sum()), int(counted.sum() - hits.sum())


def _difference(row: ShadowTag) -> int:
    return sum(abs(new - old) for new, old in zip(row["shadow"], row["champion"], strict=True))


def _side(suggested: np.ndarray, labels: np.ndarray) -> ShadowSide:
    found, wrong = _found_and_wrong(suggested, labels)
    interval, _ = evaluation.f1_intervals(suggested, labels)
    return ShadowSide(
        found=found,
        missed=int((labels == POSITIVE).sum()) - found,
        wrong=wrong,
        unjudged=int((suggested & (labels == UNKNOWN)).sum()),
        micro_f1=evaluation.micro_f1(suggested, labels),
        interval=interval,
    )


def _change(before: np.ndarray, after: np.ndarray, labels: np.ndarray) -> ShadowChange | None:
    """Return the change of micro-F1 with its 95 % interval."""
    if len(labels) < MIN_COMPARED:
        return None
    change = evaluation.micro_f1_change(before, after, labels, N_DRAWS)
    low, high = change.interval
    return ShadowChange(value=change.after - change.before, low=low, high=high)
