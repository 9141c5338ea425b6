"""The challenger of a retraining: a model of all examples, compared with the champion and the anchor by cross-validation.

A tag that would surely get worse is held, and the model is fitted once more with the labels that the older version knew. If
it still surely loses far more, the fault is not in the labels, and the gate closes. A little is the choice of its threshold.
A tag that gets worse only in the second fit is held from the next run on: there is no third fit.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from classifier.domain import sentences as said
from classifier.domain.progress import Track, within
from classifier.domain.snapshots import Snapshot
from classifier.errors import TooFewExamples
from classifier.gate import whole
from classifier.gate.holding import TAG_WORSE, Held, hold_in_snapshot
from classifier.gate.languages import LanguageChange, language_check
from classifier.gate.tags import TagChange
from classifier.gate.whole import Check, Costs
from classifier.model.tag_model import TagModel
from classifier.text.language import name_of
from classifier.texts import english
from classifier.training.fitting import Fitted, cross_validated_micro_f1
from classifier.training.judging import costs_of, judge, named_tags, shared_tags
from classifier.training.older import Older, older_versions
from classifier.training.preparing import Prepared
from classifier.training.run_result import CurvePoint, Measured, strongest_terms
from classifier.training.settings import TrainingSettings
from classifier.training.trial import Trial, run_trial


@dataclass(frozen=True)
class Challenger:
    """A model, and how it compares with the champion and the anchor."""

    fitted: Fitted
    snapshot: Snapshot  # what it learned, and what its cross-validation said
    gate: list[Check]
    held: list[Held]  # with the late ones
    late: list[Held]  # to be held from the next run on
    changes: list[TagChange]  # since the champion
    languages: list[LanguageChange]  # the same
    measured: dict[str, Measured]  # what the figures of "challenger" and, if there is one, "champion" are counted from
    older: Older
    n_fits: int


def challenge(
    prepared: Prepared, settings: TrainingSettings, track: Track, after_fit: Callable[[], None] = lambda: None
) -> Challenger:
    """Fit a challenger and compare it. If tags get worse that are not held, it is fitted once more and holds them.

    `after_fit` is called when it was fitted for the first time.
    """
    older, taxonomy = older_versions(prepared, settings, track), prepared.inputs.taxonomy
    trial, n_fits = run_trial(prepared, older, prepared.checked.held, settings, track), 1
    after_fit()
    margin = settings.gate.held_margin
    worse = [each for each in trial.worse() if each.tag not in trial.held_tags]
    if worse and trial.held_tags.isdisjoint(each.tag for each in trial.worse(margin)):
        trial, n_fits = run_trial(prepared, older, [*trial.held, *worse], settings, within(track, said.SECOND_FIT)), 2
    costs, languages = _costs(trial), trial.language_changes()
    first, *others = _whole(trial)
    gate = [
        first,
        *(language_check(each, name_of(each.language), settings.gate) for each in languages),
        *others,
        *(Check(TAG_WORSE, False, each.figure, taxonomy.tags[each.tag].id) for each in trial.worse(margin)),
        *whole.costs(costs.get("champion", costs["challenger"]), costs["challenger"], settings.gate),
        *_served(trial, track),
        _boilerplate(trial.fitted.model, prepared),
    ]
    late = [each for each in trial.worse() if each.tag not in trial.held_tags] if n_fits > 1 else []
    held = [*trial.held, *(each._replace(figure=f"{each.figure}. {said.LATE}") for each in late)]
    ids = [article.id for article in prepared.articles]
    snapshot = hold_in_snapshot(prepared.checked.snapshot, ids, held, taxonomy)
    snapshot = snapshot.with_validated(trial.fitted.validated)
    measured = _measured(trial, costs)
    return Challenger(trial.fitted, snapshot, gate, held, late, trial.changes(), languages, measured, older, n_fits)


def _whole(trial: Trial) -> list[Check]:
    prepared, gate, older = trial.prepared, trial.settings.gate, trial.older
    champion = prepared.inputs.champion
    if champion is None:
        return _first(trial)
    compared = trial.compared(older.references[0])
    before, after, labels = compared.before, compared.after, compared.labels
    blind = np.array([prepared.examples[row].blind for row in compared.rows], dtype=bool)
    shared = shared_tags(champion, prepared.inputs.taxonomy)[trial.active]
    checks = [whole.total(before, after, labels, gate)]
    if older.calibration_error is not None:
        scores = trial.scores[compared.rows]
        checks.append(whole.calibration(older.calibration_error, scores, (before, after), labels, gate))
    checks.append(whole.blind_recall(before[blind], after[blind], labels[blind], gate))
    return [*checks, whole.unknown(before, after, labels, gate, shared)]


def _first(trial: Trial) -> list[Check]:
    """Return the checks if there is no champion, on some of the articles, which have to be read again."""
    prepared, n = trial.prepared, trial.settings.gate.n_served
    is_read = np.isin(prepared.mixed, trial.rows)
    rows = np.array(prepared.mixed, dtype=np.int64)[is_read][:n]
    articles = [prepared.articles[row] for row in rows]
    named = named_tags(trial.fitted.model, articles, prepared.inputs.taxonomy)[:, trial.active]
    return whole.compare_with_rule(named, trial.suggested[rows], trial.labels[rows], trial.settings.gate)


def _served(trial: Trial, track: Track) -> list[Check]:
    """Check the served model against its own cross-validation, on articles that it learned."""
    prepared, gate, active = trial.prepared, trial.settings.gate, trial.active
    place = np.empty(len(prepared.mixed), dtype=np.int64)
    place[prepared.mixed] = np.arange(len(place))
    sample = whole.served_sample(trial.labels[trial.rows], place[trial.rows], gate.n_served, gate.min_served)
    rows = trial.rows[sample]
    articles = [prepared.articles[row] for row in rows]
    served = judge(trial.fitted.model, articles, prepared.inputs.taxonomy, track, "judging by the challenger")
    return whole.served(trial.suggested[rows], served.suggested[:, active], trial.labels[rows], trial.tag_ids, gate)


def _costs(trial: Trial) -> dict[str, Costs]:
    prepared = trial.prepared
    articles = [prepared.articles[row] for row in prepared.mixed]
    models = {"champion": prepared.inputs.champion, "challenger": trial.fitted.model}
    return {name: costs_of(model, articles, prepared.checked.unreadable) for name, model in models.items() if model}


def _measured(trial: Trial, costs: dict[str, Costs]) -> dict[str, Measured]:
    """Return what the figures of the report are counted from: the reference, without a champion all examples."""
    if not trial.older.references:
        rows = trial.rows
        first = Measured(trial.suggested[rows], trial.labels[rows], costs["challenger"], trial.scores[rows])
        return {"challenger": first}
    rows, before, after, labels = trial.compared(trial.older.references[0])
    error = trial.older.calibration_error
    return {
        "champion": Measured(before, labels, costs["champion"], None, error),
        "challenger": Measured(after, labels, costs["challenger"], trial.scores[rows]),
    }


def _boilerplate(model: TagModel, prepared: Prepared) -> Check:
    """Check that no strong term of a tag comes from a repeated block that was not left out."""
    leaning = [finding for finding in prepared.checked.findings if finding.check == "repeated_block"]
    left_out = prepared.checked.blocks
    if not leaning or left_out:
        return Check("furniture", True, english(said.LEFT_OUT, n=len(left_out)))
    quotes = {finding.tag: finding.quote for finding in leaning}
    for tag, terms in strongest_terms(model).items():
        shared = [term for term in terms if term in quotes.get(tag, "").casefold().split()]
        if shared:
            return Check("furniture", False, english(said.IN_BLOCK, words=", ".join(shared)), tag)
    return Check("furniture", True, said.NOT_IN_BLOCK)


def learning_curve(prepared: Prepared, settings: TrainingSettings, track: Track) -> list[CurvePoint]:
    """Return the cross-validated quality of fast models of growing parts of the examples, the oldest examples first."""
    order, curve = prepared.oldest_first, list[CurvePoint]()
    for share in track(settings.learning_curve, len(settings.learning_curve), "learning curve"):
        articles = [prepared.articles[row] for row in order[: round(share * len(order))]]
        try:
            micro_f1 = cross_validated_micro_f1(articles, prepared.inputs.taxonomy, settings.fit, track)
        except TooFewExamples:
            continue
        curve.append({"n": len(articles), "micro_f1": micro_f1})
    return curve
