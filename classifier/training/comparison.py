"""The contest of two models on articles that neither has learned from, and the gate that it opens or closes.

All comparisons are paired: both models judge the same articles, and articles are what is drawn (Efron 1979; Koehn 2004).
Pure functions of arrays; what is compared and how it was fitted is known above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from classifier.model.evaluation import calibration_error, counts, drawn_sums, f1, micro_f1

N_DRAWS = 2_000
N_TAG_DRAWS = 20_000  # Holm's correction over a hundred tags asks for p below .0005
N_CALIBRATION_DRAWS = 300


@dataclass(frozen=True)
class GateSettings:
    """When the gate closes.

    margin: of micro-F1, that may be lost; the gate closes on what is surely lost beyond it. alpha: of the tests. min_support:
    positives of a tag in the holdout. calibration: of the expected calibration error, that may be lost. times_size,
    times_latency: what the champion has, times this. free_megabytes, free_milliseconds: what a challenger may have in any
    case (a busy machine measures twice the time). max_megabytes, max_milliseconds: and never more. times_unknown, free_unknown:
    how many suggestions an article a challenger may have of which nobody knows whether they are right: what the champion has,
    times this, or so many more.
    """

    margin: float = 0.005
    alpha: float = 0.05
    min_support: int = 10
    min_blind: int = 20
    calibration: float = 0.02
    times_size: float = 3.0
    times_latency: float = 3.0
    free_megabytes: float = 100.0
    free_milliseconds: float = 25.0
    max_megabytes: float = 2_000.0
    max_milliseconds: float = 50.0
    times_unknown: float = 1.5
    free_unknown: float = 1.0


class Judged(NamedTuple):
    """What a model says of the holdout.

    scores: (n_articles, n_tags) float64; suggested: the same shape, bool; megabytes and milliseconds for an article: what
    it costs.
    """

    scores: np.ndarray
    suggested: np.ndarray
    megabytes: float
    milliseconds: float

    def of_tags(self, tags: np.ndarray) -> Judged:
        """Return what is said of some tags alone, by their columns."""
        return self._replace(scores=self.scores[:, tags], suggested=self.suggested[:, tags])


class Check(NamedTuple):
    """One condition of the gate. `tag` is None where the whole is meant; `figure` is what decided, for people."""

    check: str
    passed: bool
    figure: str
    tag: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"tag": self.tag, "check": self.check, "passed": self.passed, "figure": self.figure}


class TagChange(NamedTuple):
    """F1 of a tag by both, the 95 % interval of the difference, and the one-sided p that it is no loss."""

    tag: str
    support: int
    champion: float
    challenger: float
    interval: tuple[float, float]
    p: float


def compare_tags(
    champion: Judged, challenger: Judged, labels: np.ndarray, tag_ids: list[str], min_support: int
) -> list[TagChange]:
    """Return how the F1 of each tag with enough positives changes, by a paired bootstrap over articles."""
    before, after = counts(champion.suggested, labels), counts(challenger.suggested, labels)
    rows = []
    for tag in np.flatnonzero((labels == 1).sum(axis=0) >= min_support).tolist():
        cells = np.column_stack([part[:, tag] for part in (*before, *after)]).astype(np.int64)
        whole = cells.sum(axis=0)
        drawn = drawn_sums(cells, N_TAG_DRAWS)
        change = f1(*drawn[:, 3:].T) - f1(*drawn[:, :3].T)
        low, high = np.percentile(change, [2.5, 97.5])
        p = (1 + int((change >= 0.0).sum())) / (1 + len(change))
        old, new = float(f1(*whole[:3])), float(f1(*whole[3:]))
        rows.append(TagChange(tag_ids[tag], int(whole[2]), old, new, (float(low), float(high)), p))
    return rows


def holm(p_values: list[float], alpha: float) -> list[bool]:
    """Return which hypotheses are rejected when all hold together at `alpha` (Holm 1979)."""
    rejected = [False] * len(p_values)
    for rank, which in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[which] > alpha / (len(p_values) - rank):
            break
        rejected[which] = True
    return rejected


def contest(
    champion: Judged,
    challenger: Judged,
    labels: np.ndarray,
    tag_ids: list[str],
    blind: np.ndarray,
    settings: GateSettings,
    shared: np.ndarray | None = None,
) -> tuple[list[Check], list[TagChange]]:
    """Return the conditions of the gate against a champion, and how each tag changes.

    Args:
        labels: (n_articles, n_tags) int8; blind: (n_articles,) bool, articles tagged without suggestions; shared: (n_tags,)
            bool, the tags that the champion has too (all).
    """
    changes = compare_tags(champion, challenger, labels, tag_ids, settings.min_support)
    worse = holm([change.p for change in changes], settings.alpha)
    checks = [
        _total(champion, challenger, labels, settings),
        *(_tag_check(change, is_worse) for change, is_worse in zip(changes, worse, strict=True)),
        _calibration(champion, challenger, labels, settings),
        _blind_recall(champion, challenger, labels, blind, settings),
        _unknown(champion.suggested, challenger.suggested, labels, shared, settings),
        _size(champion, challenger, settings),
        _latency(champion, challenger, settings),
    ]
    return checks, changes


def first_contest(challenger: Judged, named: np.ndarray, labels: np.ndarray, settings: GateSettings) -> list[Check]:
    """Return the conditions of the gate while there is no champion.

    Args:
        named: (n_articles, n_tags) bool, the tags that an article names: what the alias rule alone would suggest.
    """
    own, rule = micro_f1(challenger.suggested, labels), micro_f1(named, labels)
    return [
        Check("better_than_nothing", own > 0.0, f"micro-F1 {own:.3f}"),
        Check("better_than_alias_rule", own > rule, f"micro-F1 {own:.3f}, alias rule alone {rule:.3f}"),
        _unknown(named, challenger.suggested, labels, None, settings),
        _size(challenger, challenger, settings),
        _latency(challenger, challenger, settings),
    ]


def _tag_check(change: TagChange, is_worse: bool) -> Check:
    figure = f"F1 {change.champion:.3f} -> {change.challenger:.3f} on {change.support} articles, p = {change.p:.2g}"
    return Check("tag_worse", not is_worse, figure, change.tag)


def _total(champion: Judged, challenger: Judged, labels: np.ndarray, settings: GateSettings) -> Check:
    cells = [part.sum(axis=1) for one in (champion, challenger) for part in counts(one.suggested, labels)]
    whole = np.column_stack(cells).astype(np.int64)
    drawn = drawn_sums(whole, N_DRAWS)
    change = f1(*drawn[:, 3:].T) - f1(*drawn[:, :3].T)
    old, new = (float(f1(*part)) for part in np.split(whole.sum(axis=0), 2))
    surely = float((change < -settings.margin).mean()) >= 1.0 - settings.alpha
    low, high = np.percentile(change, [2.5, 97.5])
    return Check("total", not surely, f"micro-F1 {old:.3f} -> {new:.3f} (change {low:+.3f} to {high:+.3f})")


def _calibration(champion: Judged, challenger: Judged, labels: np.ndarray, settings: GateSettings) -> Check:
    old, new = (_calibration_error(one, labels, slice(None)) for one in (champion, challenger))
    draws, n = np.random.default_rng(0), len(labels)
    worse = 0
    for _ in range(N_CALIBRATION_DRAWS):
        rows = draws.integers(0, n, n)
        worse += _calibration_error(challenger, labels, rows) > _calibration_error(champion, labels, rows)
    surely = worse >= (1.0 - settings.alpha) * N_CALIBRATION_DRAWS
    passed = not (new - old > settings.calibration and surely)
    return Check("calibration", passed, f"calibration error {old:.3f} -> {new:.3f}")


def _calibration_error(judged: Judged, labels: np.ndarray, rows: Any) -> float:
    scores, suggested, known = judged.scores[rows], judged.suggested[rows], labels[rows]
    said = suggested & (known >= 0)
    return calibration_error(scores[said], known[said] == 1) if said.any() else 0.0


def _blind_recall(
    champion: Judged, challenger: Judged, labels: np.ndarray, blind: np.ndarray, settings: GateSettings
) -> Check:
    positive = labels[blind] == 1
    n = int(positive.sum())
    if n < settings.min_blind:
        return Check("blind_recall", True, f"not measured: {n} tags of blind articles, {settings.min_blind} are needed")
    found = [(one.suggested[blind] & positive).sum(axis=1) for one in (champion, challenger)]
    cells = np.column_stack([*found, positive.sum(axis=1)]).astype(np.int64)
    drawn = drawn_sums(cells, N_DRAWS)
    worse = float((drawn[:, 1] < drawn[:, 0]).mean()) >= 1.0 - settings.alpha
    old, new = (float(part.sum()) / n for part in found)
    return Check("blind_recall", not worse, f"recall {old:.3f} -> {new:.3f} of {n} tags of blind articles")


def _unknown(
    before: np.ndarray, after: np.ndarray, labels: np.ndarray, shared: np.ndarray | None, settings: GateSettings
) -> Check:
    """Check that no more is suggested of which nobody knows whether it is right.

    Where a CMS tells only which tags are right, F1 is highest for a model that suggests them all.
    """
    columns = slice(None) if shared is None else shared
    n, unknown = max(1, len(labels)), (labels < 0)[:, columns]
    old, new = (float((one[:, columns] & unknown).sum()) / n for one in (before, after))
    # What is known to be right counts for what was there: an article has about as many tags again that nobody has told of.
    usual = old + float((labels == 1).sum()) / n
    passed = new <= max(settings.times_unknown * usual, usual + settings.free_unknown)
    figure = f"suggestions an article of which nobody knows whether they are right: {old:.1f} -> {new:.1f}"
    return Check("unknown", passed, figure)


def _size(champion: Judged, challenger: Judged, settings: GateSettings) -> Check:
    most = min(settings.max_megabytes, max(settings.times_size * champion.megabytes, settings.free_megabytes))
    return Check("size", challenger.megabytes <= most, f"{challenger.megabytes:.1f} MB, at most {most:.0f} MB")


def _latency(champion: Judged, challenger: Judged, settings: GateSettings) -> Check:
    most = min(
        settings.max_milliseconds, max(settings.times_latency * champion.milliseconds, settings.free_milliseconds)
    )
    return Check(
        "latency",
        challenger.milliseconds <= most,
        f"{challenger.milliseconds:.1f} ms an article, at most {most:.0f} ms",
    )
