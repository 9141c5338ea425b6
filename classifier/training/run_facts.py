"""What a run report tells of two models and a holdout: measures, confusions, what moved and why. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from classifier.domain.snapshots import Snapshot
from classifier.domain.taxonomy import Taxonomy
from classifier.model import evaluation
from classifier.model.tag_model import TagModel
from classifier.training.comparison import Judged, TagChange

N_TERMS = 10
N_CONFUSIONS = 20
N_MOVED = 15
MIN_SUPPORT = 3  # positives in the holdout; below, an interval says nothing

Row = dict[str, Any]


def measures_of(judged: Judged, labels: np.ndarray, tag_ids: Sequence[str]) -> Row:
    """Return how good a model is on a holdout, and what it costs.

    Args:
        labels: (n_articles, n_tags) int8.
    """
    said = judged.suggested & (labels >= 0)
    right, scores = labels[said] == 1, judged.scores[said]
    micro, macro = evaluation.f1_intervals(judged.suggested, labels)
    return {
        "micro_f1": evaluation.micro_f1(judged.suggested, labels),
        "micro_f1_interval": micro,
        "macro_f1": evaluation.macro_f1(judged.suggested, labels),
        "macro_f1_interval": macro,
        "calibration_error": evaluation.calibration_error(scores, right) if said.any() else 0.0,
        "reliability": _reliability(scores, right),
        "coverage": float(judged.suggested.any(axis=1).mean()) if len(labels) else 0.0,
        "megabytes": round(judged.megabytes, 2),
        "milliseconds": round(judged.milliseconds, 2),
        "tags": _f1_of_tags(judged, labels, tag_ids),
    }


def _reliability(scores: np.ndarray, right: np.ndarray) -> list[Row]:
    """Return the bins of scores with how many suggestions each has, and the exact interval of the share that is right."""
    rows: list[Row] = []
    for one in evaluation.reliability(scores, right):
        n = round(one["share"] * len(scores))
        rows.append({**one, "n": n, "interval": evaluation.exact_interval(round(one["right"] * n), n)})
    return rows


def _f1_of_tags(judged: Judged, labels: np.ndarray, tag_ids: Sequence[str]) -> list[Row]:
    """Return the F1 of each tag with a few positives and its 95 % interval, drawn over articles."""
    found = evaluation.counts(judged.suggested, labels)
    rows = []
    for number, tag in enumerate(tag_ids):
        cells = np.column_stack([part[:, number] for part in found]).astype(np.int64)
        support = int(cells[:, 2].sum())
        if support < MIN_SUPPORT:
            continue
        low, high = np.percentile(evaluation.f1(*evaluation.drawn_sums(cells).T), [2.5, 97.5])
        value = float(evaluation.f1(*cells.sum(axis=0)))
        rows.append({"tag": tag, "f1": value, "interval": (float(low), float(high)), "support": support})
    return rows


def confusions(suggested: np.ndarray, labels: np.ndarray, taxonomy: Taxonomy) -> list[Row]:
    """Return which tags are suggested instead of a sibling, the most frequent pairs first.

    Siblings are of one kind. A pair counts on an article that has the one, got the other, and should not have.
    """
    missed = (labels == 1) & ~suggested
    wrong = (labels == 0) & suggested
    found: Counter[tuple[int, int]] = Counter()
    for row in np.flatnonzero(missed.any(axis=1) & wrong.any(axis=1)):
        for tag in np.flatnonzero(missed[row]).tolist():
            for instead in np.flatnonzero(wrong[row]).tolist():
                if taxonomy.tags[tag].kind == taxonomy.tags[instead].kind:
                    found[tag, instead] += 1
    ids = [tag.id for tag in taxonomy.tags]
    return [{"tag": ids[tag], "instead": ids[instead], "n": n} for (tag, instead), n in found.most_common(N_CONFUSIONS)]


def strongest_terms(model: TagModel, n: int = N_TERMS) -> dict[str, list[str]]:
    """Return for each tag with a separator the terms that speak most for it, the strongest first."""
    names = [*model.terms, *model.title_terms]
    weights = np.asarray(model.parameters.weights)
    found = {}
    for column, tag in enumerate(model.parameters.separators.tolist()):
        own = weights[:, column]
        top = np.argpartition(-own, min(n, len(own) - 1))[:n]
        found[model.taxonomy.tags[tag].id] = [names[at] for at in top[np.argsort(-own[top])].tolist() if own[at] > 0]
    return found


def moved(
    changes: Sequence[TagChange],
    champion: TagModel | None,
    challenger: TagModel,
    before: Snapshot | None,
    now: Snapshot,
) -> list[Row]:
    """Return the tags whose F1 changed most, with what is new of them: examples, and strong terms."""
    if champion is None:
        return []
    new, old = strongest_terms(challenger), strongest_terms(champion)
    gained = _gained(before, now)
    rows = []
    for change in sorted(changes, key=lambda one: (-abs(one.challenger - one.champion), one.tag))[:N_MOVED]:
        if change.challenger == change.champion:
            continue
        mine, its = new.get(change.tag, []), old.get(change.tag, [])
        rows.append(
            {
                "tag": change.tag,
                "champion": change.champion,
                "challenger": change.challenger,
                "new_examples": gained[change.tag],
                "terms_in": [term for term in mine if term not in its],
                "terms_out": [term for term in its if term not in mine],
            }
        )
    return rows


def _gained(before: Snapshot | None, now: Snapshot) -> Counter[str]:
    """Return how many articles have got each tag since a snapshot."""
    found: Counter[str] = Counter()
    old = before.articles if before is not None else {}
    for key, known in now.articles.items():
        had = old[key].tags if key in old else ()
        found.update(tag for tag in known.tags if tag not in had)
    return found
