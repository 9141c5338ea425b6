"""The challenger of a retraining: a model fitted without the holdout, and its comparison with the champion on it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.progress import Track
from classifier.domain.snapshots import Snapshot
from classifier.errors import TooFewExamples
from classifier.model import evaluation
from classifier.model.tag_model import TagModel
from classifier.training.comparison import Check, Judged, TagChange, compare_with_rule
from classifier.training.fitting import Fitted, fit
from classifier.training.judging import compare_judged, judge, named_tags
from classifier.training.preparing import Prepared, oldest_first
from classifier.training.run_result import CurvePoint, strongest_terms
from classifier.training.settings import FitSettings, TrainingSettings

N_DRAWS = 2  # of the folds, before a challenger counts as worse …
DRAWN_AGAIN = ("total", "tag_worse", "calibration", "blind_recall")  # … by one of these checks


@dataclass(frozen=True)
class Challenger:
    """A model that has not learned from the holdout, and how it compares with the champion on it."""

    fitted: Fitted
    gate: list[Check]
    changes: list[TagChange]
    judged: Mapping[str, Judged]  # the judgements of the holdout by "challenger" and, if there is one, "champion"
    n_draws: int  # how often it was fitted


def challenge(prepared: Prepared, settings: TrainingSettings, track: Track) -> Challenger:
    """Fit a challenger and compare it; one that is worse is fitted once more with other folds.

    Folds move thresholds and calibration: models of the same 700 articles differ by .02 micro-F1 (standard deviation).
    """
    for draw in range(N_DRAWS):
        fitted = fit_on(prepared, prepared.learn.tolist(), settings.fit, track, draw)
        challenger = _compare(fitted, prepared, settings, track, draw + 1)
        if all(check.passed or check.check not in DRAWN_AGAIN for check in challenger.gate):
            break
    return challenger


def fit_on(prepared: Prepared, rows: Iterable[int], settings: FitSettings, track: Track, draw: int = 0) -> Fitted:
    """Fit a model to rows of the examples; the first draw has the champion's folds, each other one its own."""
    articles = [prepared.articles[row] for row in rows]
    drawn = replace(settings, seed=settings.seed + draw)
    blocks, timeless, passing = prepared.checked.blocks, prepared.timeless, prepared.passing
    learned = prepared.inputs.learned
    kept_folds = learned.folds if learned is not None and not draw else None
    return fit(articles, prepared.inputs.taxonomy, drawn, track, blocks, timeless, passing, kept_folds)


def _compare(fitted: Fitted, prepared: Prepared, settings: TrainingSettings, track: Track, n_draws: int) -> Challenger:
    taxonomy, champion, labels = prepared.inputs.taxonomy, prepared.inputs.champion, prepared.holdout_labels
    judged = _judge(fitted.model, prepared, track, "judging by the challenger")
    boilerplate = _boilerplate(fitted.model, prepared)
    if champion is None:
        named = named_tags(fitted.model, prepared.held_out, taxonomy)
        gate = compare_with_rule(judged, named, labels, settings.gate)
        return Challenger(fitted, [*gate, boilerplate], [], {"challenger": judged}, n_draws)
    opponent = _opponent(champion, prepared, settings, track)
    theirs = _judge(opponent, prepared, track, "judging by the champion")
    blind = np.array([prepared.checked.examples[row].blind for row in prepared.holdout], dtype=bool)
    gate, changes = compare_judged(champion.taxonomy, taxonomy, theirs, judged, labels, blind, settings.gate)
    return Challenger(fitted, [*gate, boilerplate], changes, {"champion": theirs, "challenger": judged}, n_draws)


def _judge(model: TagModel, prepared: Prepared, track: Track, description: str, timed: bool = True) -> Judged:
    taxonomy, unreadable = prepared.inputs.taxonomy, prepared.checked.unreadable
    return judge(model, prepared.held_out, taxonomy, track, description, unreadable, timed)


def _opponent(champion: TagModel, prepared: Prepared, settings: TrainingSettings, track: Track) -> TagModel:
    """Return the champion; if it has learned from the holdout, a model of its training data without the holdout."""
    if prepared.fair:
        return champion
    learned = prepared.inputs.learned
    articles = [prepared.articles[row] for row in prepared.learn]
    if learned is not None:
        articles = [_as_learned(article, learned) for article in articles if article.id in learned.trained]
    fitting = replace(settings.fit, fast=bool(champion.card.get("settings", {}).get("fast")))
    try:
        return fit(
            articles, champion.taxonomy, fitting, track, champion.parameters.blocks, prepared.timeless, prepared.passing
        ).model
    except TooFewExamples:
        return champion


def _as_learned(article: Article, learned: Snapshot) -> Article:
    then = learned.articles[article.id]
    tags, rejected, unknown, complete = then.tags, then.rejected, then.unknown, then.complete
    return replace(article, tags=tags, rejected=rejected, unknown=unknown, tags_complete=complete, tagged_at=then.at)


def _boilerplate(model: TagModel, prepared: Prepared) -> Check:
    """Check that no strong term of a tag comes from a repeated block that was not left out."""
    leaning = [finding for finding in prepared.checked.findings if finding.check == "repeated_block"]
    left_out = prepared.checked.blocks
    if not leaning or left_out:
        return Check("furniture", True, f"{len(left_out)} repeated blocks left out")
    quotes = {finding.tag: finding.quote for finding in leaning}
    for tag, terms in strongest_terms(model).items():
        shared = [term for term in terms if term in quotes.get(tag, "").casefold().split()]
        if shared:
            return Check("furniture", False, f"{', '.join(shared)} stand in a repeated block", tag)
    return Check("furniture", True, "no strong term comes from a repeated block")


def learning_curve(prepared: Prepared, settings: TrainingSettings, track: Track) -> list[CurvePoint]:
    """Return how good fast models of growing parts of the examples are on the holdout, the oldest examples first."""
    order = oldest_first(prepared.checked.examples, prepared.learn)
    curve: list[CurvePoint] = []
    for share in settings.learning_curve:
        articles = [prepared.articles[row] for row in order[: round(share * len(order))]]
        try:
            model = fit(articles, prepared.inputs.taxonomy, replace(settings.fit, fast=True), track).model
        except TooFewExamples:
            continue
        judged = _judge(model, prepared, track, "learning curve", timed=False)
        micro_f1 = evaluation.micro_f1(judged.suggested, prepared.holdout_labels)
        curve.append({"n": len(articles), "micro_f1": micro_f1})
    return curve
