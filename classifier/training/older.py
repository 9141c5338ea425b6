"""What a challenger is compared with: what the cross-validation of the champion and of the anchor said.

A champion of an earlier program has kept nothing of that. Then a stand-in is fitted once, on what the champion had learned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from classifier.domain.examples import labels_of
from classifier.domain.progress import Track, within
from classifier.domain.sentences import STAND_IN
from classifier.domain.snapshots import CrossValidated, Snapshot
from classifier.errors import TooFewExamples
from classifier.gate.reference import CHAMPION, Reference, as_known, reference_to
from classifier.model import evaluation
from classifier.model.tag_model import TagModel
from classifier.training.fitting import Fitted, fit
from classifier.training.judging import judge
from classifier.training.preparing import Prepared
from classifier.training.run_result import Later
from classifier.training.settings import TrainingSettings

MIN_REFERENCE = 100  # articles; with fewer, articles that the champion has not learned are evidence too
MAX_UNLEARNED = 2_000
MAX_LATER = 500
NO_FOLD = -1


@dataclass(frozen=True)
class Older:
    """The older versions to compare with, the champion first; none without a champion."""

    references: list[Reference]
    kept_folds: Mapping[str, int]  # that the articles had in the cross-validation of the champion
    calibration_error: float | None  # of the champion in its cross-validation
    stand_in: Snapshot | None = None  # the champion's snapshot, with the cross-validation of a stand-in


def older_versions(prepared: Prepared, settings: TrainingSettings, track: Track) -> Older:
    """Return the older versions; what is not known of the champion's cross-validation, a stand-in says."""
    inputs = prepared.inputs
    if inputs.champion is None:
        return Older([], {}, None)
    card, learned, stand_in = inputs.champion.card, inputs.learned or prepared.checked.snapshot, None
    if not learned.folds:
        fitted = _stand_in(inputs.champion, learned, prepared, settings, track)
        if fitted is not None:
            card, learned = fitted.card, learned.with_validated(fitted.validated)
            stand_in = learned if inputs.learned is not None else None
    others = [reference for reference in prepared.checked.references if reference.name != CHAMPION]
    reference = _reference(learned, prepared, settings)
    if reference.validated.sum() < MIN_REFERENCE:
        reference = _reference(_with_unlearned(inputs.champion, learned, prepared, track), prepared, settings)
    error = card.get("cross_validation", {}).get("calibration_error")
    return Older([reference, *others], learned.folds, error, stand_in)


def judged_later(prepared: Prepared, track: Track) -> Later | None:
    """Return how good the champion is on articles that have come since it was trained; None without any.

    Articles with labels that say only what a model said are left out.
    """
    champion, learned, taxonomy = prepared.inputs.champion, prepared.inputs.learned, prepared.inputs.taxonomy
    if champion is None or learned is None:
        return None
    new = (row for row in prepared.mixed if prepared.articles[row].id not in learned.articles)
    rows = [row for row in new if not prepared.examples[row].has_echoes][:MAX_LATER]
    articles = [prepared.articles[row] for row in rows]
    if not rows:
        return None
    suggested = judge(champion, articles, taxonomy, track, "judging later articles").suggested
    labels = labels_of(articles, taxonomy)
    interval, _ = evaluation.f1_intervals(suggested, labels)
    return Later(n=len(rows), micro_f1=evaluation.micro_f1(suggested, labels), interval=interval)


def _reference(learned: Snapshot, prepared: Prepared, settings: TrainingSettings) -> Reference:
    champion = prepared.inputs.champion
    assert champion is not None
    accepted = prepared.inputs.accepted_since(champion.version, settings.checks)
    return reference_to(CHAMPION, champion.version, learned, prepared.examples, prepared.inputs.taxonomy, accepted)


def _stand_in(
    champion: TagModel, learned: Snapshot, prepared: Prepared, settings: TrainingSettings, track: Track
) -> Fitted | None:
    """Fit a model to what the champion learned, as it did."""
    trained, blocks = learned.trained, champion.parameters.blocks
    known = [article for article in prepared.articles if article.id in trained]
    articles = [as_known(article, learned.articles[article.id]) for article in known]
    fitting = replace(settings.fit, fast=bool(champion.card.get("settings", {}).get("fast")))
    try:
        return fit(
            articles, champion.taxonomy, fitting, within(track, STAND_IN), blocks, prepared.timeless, prepared.passing
        )
    except TooFewExamples:
        return None


def _with_unlearned(champion: TagModel, learned: Snapshot, prepared: Prepared, track: Track) -> Snapshot:
    """Return what a champion learned, and other articles with what it suggests for them: it has not learned them either."""
    articles, taxonomy, known = prepared.articles, prepared.inputs.taxonomy, learned.folds
    rows = [row for row in prepared.mixed if articles[row].id not in known][:MAX_UNLEARNED]
    chosen = [articles[row] for row in rows]
    judged = judge(champion, chosen, taxonomy, track, "judging by the champion", prepared.checked.unreadable)
    ids = np.array([tag.id for tag in taxonomy.tags], dtype=object)
    labels = prepared.checked.snapshot.articles
    unlearned = {
        article.id: replace(labels[article.id], validated=CrossValidated(NO_FOLD, tuple(ids[tags])))
        for article, tags in zip(chosen, judged.suggested, strict=True)
    }
    return Snapshot({**learned.articles, **unlearned})
