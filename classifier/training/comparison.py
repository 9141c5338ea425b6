"""The comparison of two models on articles that neither has learned from, and the gate that it opens or closes.

All comparisons are paired: both models judge the same articles, and the bootstrap draws articles (Efron 1979, Koehn 2004).
All functions take arrays and know nothing of models or files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypedDict

import numpy as np

from classifier.model.evaluation import calibration_error, counts, drawn_sums, f1, micro_f1

N_DRAWS = 2_000
N_TAG_DRAWS = 20_000  # Holm's correction over a hundred tags asks for p below .0005
N_CALIBRATION_DRAWS = 300


@dataclass(frozen=True)
class GateSettings:
    """When the gate closes."""

    margin: float = 0.005  # the micro-F1 that a challenger may lose; the gate closes if it surely loses more
    alpha: float = 0.05  # the level of the tests
    min_support: int = 10  # positives in the holdout from which a tag is tested
    min_blind: int = 20  # tags of blind articles from which recall is tested
    calibration: float = 0.02  # how much the expected calibration error may rise
    times_size: float = 3.0  # how many times the champion's size a challenger may have
    times_latency: float = 3.0  # the same for the time of a suggestion
    free_megabytes: float = 100.0  # allowed in any case
    free_milliseconds: float = 25.0  # allowed in any case: a busy machine measures twice the time
    max_megabytes: float = 2_000.0  # never exceeded
    max_milliseconds: float = 50.0  # never exceeded
    times_unknown: float = 1.5  # suggestions with unknown labels, as a multiple of the champion's
    free_unknown: float = 1.0  # the same for each article, as a number beyond the champion's


class Judged(NamedTuple):
    """The judgements of a model on the holdout, and what it costs."""

    scores: np.ndarray  # (n_articles, n_tags) float64
    suggested: np.ndarray  # (n_articles, n_tags) bool
    megabytes: float
    milliseconds: float  # per article

    def of_tags(self, tags: np.ndarray) -> Judged:
        """Return the judgements on some tags only, by their columns."""
        return self._replace(scores=self.scores[:, tags], suggested=self.suggested[:, tags])


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


class TagChange(NamedTuple):
    """F1 of a tag by both, the 95 % interval of the difference, and the one-sided p that it is no loss."""

    tag: str
    support: int
    champion: float
    challenger: float
    interval: tuple[float, float]
    p: float


class Comparison(NamedTuple):
    """The checks of the gate, and how the F1 of each tag changes."""

    gate: list[Check]
    changes: list[TagChange]


def compare_tags(
    champion: Judged, challenger: Judged, labels: np.ndarray, tag_ids: list[str], min_support: int
) -> list[TagChange]:
    """Return how the F1 of each tag with enough positives changes, by a paired bootstrap over articles."""
    before, after = counts(champion.suggested, labels), counts(challenger.suggested, labels)
    rows = []
    for tag in np.flatnonzero((labels == 1).sum(axis=0) >= min_support).tolist():
        cells = np.column_stack([part[:, tag] for part in (*before, *after)]).astype(np.int64)
        totals = cells.sum(axis=0)
        drawn = drawn_sums(cells, N_TAG_DRAWS)
        change = f1(*drawn[:, 3:].T) - f1(*drawn[:, :3].T)
        low, high = np.percentile(change, [2.5, 97.5])
        p = (1 + int((change >= 0.0).sum())) / (1 + len(change))
        old, new = float(f1(*totals[:3])), float(f1(*totals[3:]))
        rows.append(TagChange(tag_ids[tag], int(totals[2]), old, new, (float(low), float(high)), p))
    return rows


def holm(p_values: list[float], alpha: float) -> list[bool]:
    """Return which hypotheses are rejected at a family-wise error rate of `alpha` (Holm 1979)."""
    rejected = np.zeros(len(p_values), dtype=bool)
    passed = np.sort(p_values) <= alpha / np.arange(len(p_values), 0, -1)
    rejected[np.argsort(p_values)] = np.logical_and.accumulate(passed)
    return list(rejected.tolist())


def compare(
    champion: Judged,
    challenger: Judged,
    labels: np.ndarray,
    tag_ids: list[str],
    blind: np.ndarray,
    settings: GateSettings,
    shared: np.ndarray | None = None,
) -> Comparison:
    """Compare a challenger with the champion by labels, (n_articles, n_tags) int8.

    `blind`: (n_articles,) bool, tagged without suggestions; `shared`: (n_tags,) bool, the champion's tags (default: all).
    """
    changes = compare_tags(champion, challenger, labels, tag_ids, settings.min_support)
    worse = holm([change.p for change in changes], settings.alpha)
    gate = [_total(champion, challenger, labels, settings)]
    for change, is_worse in zip(changes, worse, strict=True):
        figure = f"F1 {change.champion:.3f} -> {change.challenger:.3f} on {change.support} articles, p = {change.p:.2g}"
        gate.append(Check("tag_worse", not is_worse, figure, change.tag))
    gate += [
        _calibration(champion, challenger, labels, settings),
        _blind_recall(champion, challenger, labels, blind, settings),
        _unknown(champion.suggested, challenger.suggested, labels, shared, settings),
        *_costs(champion, challenger, settings),
    ]
    return Comparison(gate, changes)


def compare_with_rule(challenger: Judged, named: np.ndarray, labels: np.ndarray, settings: GateSettings) -> list[Check]:
    """Return the checks of the gate if there is no champion: a challenger must beat the alias rule.

    `named`: (n_articles, n_tags) bool, the tags that an article names, which the alias rule alone would suggest.
    """
    model, rule = micro_f1(challenger.suggested, labels), micro_f1(named, labels)
    return [
        Check("better_than_nothing", model > 0.0, f"micro-F1 {model:.3f}"),
        Check("better_than_alias_rule", model > rule, f"micro-F1 {model:.3f}, alias rule alone {rule:.3f}"),
        _unknown(named, challenger.suggested, labels, None, settings),
        *_costs(challenger, challenger, settings),
    ]


def _total(champion: Judged, challenger: Judged, labels: np.ndarray, settings: GateSettings) -> Check:
    columns = [part.sum(axis=1) for judged in (champion, challenger) for part in counts(judged.suggested, labels)]
    cells = np.column_stack(columns).astype(np.int64)
    drawn = drawn_sums(cells, N_DRAWS)
    change = f1(*drawn[:, 3:].T) - f1(*drawn[:, :3].T)
    old, new = (float(f1(*part)) for part in np.split(cells.sum(axis=0), 2))
    surely = float((change < -settings.margin).mean()) >= 1.0 - settings.alpha
    low, high = np.percentile(change, [2.5, 97.5])
    return Check("total", not surely, f"micro-F1 {old:.3f} -> {new:.3f} (change {low:+.3f} to {high:+.3f})")


def _calibration(champion: Judged, challenger: Judged, labels: np.ndarray, settings: GateSettings) -> Check:
    old, new = (_calibration_error(judged, labels, slice(None)) for judged in (champion, challenger))
    draws, n = np.random.default_rng(0), len(labels)
    worse = 0
    for _ in range(N_CALIBRATION_DRAWS):
        rows = draws.integers(0, n, n)
        worse += _calibration_error(challenger, labels, rows) > _calibration_error(champion, labels, rows)
    surely = worse >= (1.0 - settings.alpha) * N_CALIBRATION_DRAWS
    passed = not (new - old > settings.calibration and surely)
    return Check("calibration", passed, f"calibration error {old:.3f} -> {new:.3f}")


def _calibration_error(judged: Judged, labels: np.ndarray, rows: slice | np.ndarray) -> float:
    scores, labels = judged.scores[rows], labels[rows]
    counted = judged.suggested[rows] & (labels >= 0)
    return calibration_error(scores[counted], labels[counted] == 1) if counted.any() else 0.0


def _blind_recall(
    champion: Judged, challenger: Judged, labels: np.ndarray, blind: np.ndarray, settings: GateSettings
) -> Check:
    positive = labels[blind] == 1
    n = int(positive.sum())
    if n < settings.min_blind:
        return Check("blind_recall", True, f"not measured: {n} tags of blind articles, {settings.min_blind} are needed")
    hits = [(judged.suggested[blind] & positive).sum(axis=1) for judged in (champion, challenger)]
    cells = np.column_stack([*hits, positive.sum(axis=1)]).astype(np.int64)
    drawn = drawn_sums(cells, N_DRAWS)
    worse = float((drawn[:, 1] < drawn[:, 0]).mean()) >= 1.0 - settings.alpha
    old, new = (float(part.sum()) / n for part in hits)
    return Check("blind_recall", not worse, f"recall {old:.3f} -> {new:.3f} of {n} tags of blind articles")


def _unknown(
    before: np.ndarray, after: np.ndarray, labels: np.ndarray, shared: np.ndarray | None, settings: GateSettings
) -> Check:
    # If a CMS reports only which tags are right, F1 is highest for a model that suggests every tag.
    columns = slice(None) if shared is None else shared
    n, unknown = max(1, len(labels)), (labels < 0)[:, columns]
    old, new = (float((suggested[:, columns] & unknown).sum()) / n for suggested in (before, after))
    # An article has about as many unreported right tags as reported ones.
    usual = old + float((labels == 1).sum()) / n
    passed = new <= max(settings.times_unknown * usual, usual + settings.free_unknown)
    figure = f"suggestions an article of which nobody knows whether they are right: {old:.1f} -> {new:.1f}"
    return Check("unknown", passed, figure)


def _costs(champion: Judged, challenger: Judged, settings: GateSettings) -> list[Check]:
    size, latency = challenger.megabytes, challenger.milliseconds
    largest = min(settings.max_megabytes, max(settings.times_size * champion.megabytes, settings.free_megabytes))
    relative = max(settings.times_latency * champion.milliseconds, settings.free_milliseconds)
    longest = min(settings.max_milliseconds, relative)
    return [
        Check("size", size <= largest, f"{size:.1f} MB, at most {largest:.0f} MB"),
        Check("latency", latency <= longest, f"{latency:.1f} ms an article, at most {longest:.0f} ms"),
    ]
