"""The checks of the model as a whole: its total, its scores and its costs, and whether its weights are sound.

All functions take arrays and know nothing of models or files.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple, TypedDict

import numpy as np

from classifier.domain import sentences as said
from classifier.gate.settings import GateSettings
from classifier.model.evaluation import (
    calibration_error,
    counts,
    drawn_sums,
    f1,
    micro_f1,
    micro_f1_change,
    shown_interval,
)
from classifier.texts import english

N_DRAWS = 2_000
N_CALIBRATION_DRAWS = 300


class Costs(NamedTuple):
    """What a model costs."""

    megabytes: float
    milliseconds: float  # per article


class CheckRow(TypedDict):
    """A check of the gate as plain JSON."""

    tag: str | None
    check: str
    passed: bool
    figure: str


class Check(NamedTuple):
    """One check of the gate. `tag` is None if it concerns no single tag; `figure` says for people what decided it."""

    check: str
    passed: bool
    figure: str
    tag: str | None = None

    def to_json(self) -> CheckRow:
        """Return it as plain JSON."""
        return {"tag": self.tag, "check": self.check, "passed": self.passed, "figure": self.figure}


def total(before: np.ndarray, after: np.ndarray, labels: np.ndarray, settings: GateSettings) -> Check:
    """Check that micro-F1 does not surely fall, by the suggestions of both, (n_articles, n_tags) bool, on the same articles."""
    change = micro_f1_change(before, after, labels, N_DRAWS)
    surely = float((change.drawn < -settings.margin).mean()) >= 1.0 - settings.alpha
    interval = shown_interval(change.interval, len(labels)) or (change.after - change.before,)
    bounds = list(dict.fromkeys(map(_signed, interval)))
    facts = {"before": f"{change.before:.3f}", "after": f"{change.after:.3f}"}
    if len(bounds) == 1:
        return Check("total", not surely, english(said.MICRO_F1_CHANGE, **facts, change=bounds[0]))
    return Check("total", not surely, english(said.MICRO_F1_CHANGE_BETWEEN, **facts, low=bounds[0], high=bounds[1]))


def _signed(change: float) -> str:
    return f"{change:+.3f}" if abs(change) >= 0.0005 else said.TINY


def calibration(
    before: float | np.ndarray,
    scores: np.ndarray,
    suggested: tuple[np.ndarray, np.ndarray],
    labels: np.ndarray,
    settings: GateSettings,
) -> Check:
    """Check that scores stay as accurate as they say.

    Args:
        before: the champion's calibration error, or its scores, (n_articles, n_tags), which are drawn with the challenger's.
        scores: the challenger's; suggested: by the champion and by the challenger, each (n_articles, n_tags) bool.
    """

    def errors(rows: slice | np.ndarray) -> tuple[float, float]:
        old = before if isinstance(before, float) else _error(before[rows], suggested[0][rows], labels[rows])
        return old, _error(scores[rows], suggested[1][rows], labels[rows])

    (old, new), draws, n = errors(slice(None)), np.random.default_rng(0), len(labels)
    figure = english(said.CALIBRATION, before=f"{old:.3f}", after=f"{new:.3f}")
    if new - old <= settings.calibration:
        return Check("calibration", True, figure)
    drawn = np.array([errors(draws.integers(0, n, n)) for _ in range(N_CALIBRATION_DRAWS)])
    if isinstance(before, float):  # its error is as uncertain as the challenger's, and by other draws
        surely = new - old > NormalDist().inv_cdf(1.0 - settings.alpha) * np.sqrt(2.0) * float(drawn[:, 1].std())
    else:
        surely = float((drawn[:, 1] > drawn[:, 0]).mean()) >= 1.0 - settings.alpha
    return Check("calibration", not surely, figure)


def _error(scores: np.ndarray, suggested: np.ndarray, labels: np.ndarray) -> float:
    counted = suggested & (labels >= 0)
    return calibration_error(scores[counted], labels[counted] == 1) if counted.any() else 0.0


def blind_recall(before: np.ndarray, after: np.ndarray, labels: np.ndarray, settings: GateSettings) -> Check:
    """Check that recall does not surely fall on blind articles, those that were tagged without suggestions."""
    positive = labels == 1
    n = int(positive.sum())
    if n < settings.min_blind:
        return Check("blind_recall", True, english(said.FEW_BLIND, n=n, least=settings.min_blind))
    hits = [(suggested & positive).sum(axis=1) for suggested in (before, after)]
    cells = np.column_stack([*hits, positive.sum(axis=1)]).astype(np.int64)
    drawn = drawn_sums(cells, N_DRAWS)
    worse = float((drawn[:, 1] < drawn[:, 0]).mean()) >= 1.0 - settings.alpha
    old, new = (float(part.sum()) / n for part in hits)
    figure = english(said.BLIND_RECALL, before=f"{old:.3f}", after=f"{new:.3f}", n=n)
    return Check("blind_recall", not worse, figure)


def unknown(
    before: np.ndarray, after: np.ndarray, labels: np.ndarray, settings: GateSettings, shared: np.ndarray | None = None
) -> Check:
    """Check that a model does not suggest far more of which nobody knows whether it is right.

    If a CMS reports only which tags are right, F1 is highest for a model that suggests every tag.

    Args:
        shared: (n_tags,) bool, the tags that the model before has, too (default: all).
    """
    columns = slice(None) if shared is None else shared
    n, is_unknown = max(1, len(labels)), (labels < 0)[:, columns]
    old, new = (float((suggested[:, columns] & is_unknown).sum()) / n for suggested in (before, after))
    # An article has about as many unreported right tags as reported ones.
    usual = old + float((labels == 1).sum()) / n
    passed = new <= max(settings.times_unknown * usual, usual + settings.free_unknown)
    figure = english(said.UNJUDGED, before=f"{old:.1f}", after=f"{new:.1f}")
    return Check("unknown", passed, figure)


def costs(before: Costs, after: Costs, settings: GateSettings) -> list[Check]:
    """Check that a model does not become far larger or slower."""
    size, latency = after.megabytes, after.milliseconds
    largest = min(settings.max_megabytes, max(settings.times_size * before.megabytes, settings.free_megabytes))
    relative = max(settings.times_latency * before.milliseconds, settings.free_milliseconds)
    longest = min(settings.max_milliseconds, relative)
    return [
        Check("size", size <= largest, english(said.SIZE, size=f"{size:.1f}", most=f"{largest:.0f}")),
        Check("latency", latency <= longest, english(said.TIME, time=f"{latency:.1f}", most=f"{longest:.0f}")),
    ]


def served(
    validated: np.ndarray, suggested: np.ndarray, labels: np.ndarray, tag_ids: Sequence[str], settings: GateSettings
) -> list[Check]:
    """Check that the served model is as good on articles that it learned from as its cross-validation is on them.

    It has learned these articles, and cross-validation has not. So it is better, unless its weights are damaged.

    Args:
        validated, suggested: (n_articles, n_tags) bool, the suggestions of cross-validation and of the served model.
    """
    old, new = (f1(*(part.sum(axis=0) for part in counts(part, labels))) for part in (validated, suggested))
    compared = (labels == 1).sum(axis=0) >= settings.min_served
    checks = [
        Check(
            "served",
            False,
            english(said.SERVED_TAG, validated=f"{old[tag]:.3f}", served=f"{new[tag]:.3f}"),
            tag_ids[tag],
        )
        for tag in np.flatnonzero(compared & (new < old - settings.served_margin)).tolist()
    ]
    figures = {"validated": f"{micro_f1(validated, labels):.3f}", "served": f"{micro_f1(suggested, labels):.3f}"}
    return checks or [Check("served", True, english(said.SERVED, **figures, n=len(labels)))]


def served_sample(labels: np.ndarray, place: np.ndarray, n: int, n_each: int) -> np.ndarray:
    """Return rows on which the served model is looked at: some positives of each tag, the rarest first, and others up to `n`.

    Args:
        labels: (n_articles, n_tags) int8; place: (n_articles,) int64, of each article in an order that no date decides.
    """
    positive, chosen = labels == 1, np.zeros(len(labels), dtype=bool)
    for tag in np.argsort(positive.sum(axis=0), kind="stable").tolist():
        missing = n_each - int(positive[chosen, tag].sum())
        others = np.flatnonzero(positive[:, tag] & ~chosen)
        chosen[others[np.argsort(place[others])][: max(0, missing)]] = True
    rest = np.flatnonzero(~chosen)
    chosen[rest[np.argsort(place[rest])][: max(0, n - int(chosen.sum()))]] = True
    return np.flatnonzero(chosen)


def compare_with_rule(
    named: np.ndarray, suggested: np.ndarray, labels: np.ndarray, settings: GateSettings
) -> list[Check]:
    """Return the checks if there is no champion: a challenger must beat the alias rule.

    `named`: (n_articles, n_tags) bool, the tags that an article names, which the alias rule alone would suggest.
    """
    model, rule = micro_f1(suggested, labels), micro_f1(named, labels)
    return [
        Check("better_than_nothing", model > 0.0, english(said.MICRO_F1, figure=f"{model:.3f}")),
        Check(
            "better_than_alias_rule",
            model > rule,
            english(said.ALIAS_RULE, figure=f"{model:.3f}", rule=f"{rule:.3f}"),
        ),
        unknown(named, suggested, labels, settings),
    ]
