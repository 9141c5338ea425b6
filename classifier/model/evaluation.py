"""How good suggestions are: pure functions of arrays.

Labels are int8, (n_articles, n_tags): 1 positive, 0 negative, -1 unknown. Unknown pairs count nowhere.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypedDict

import numpy as np

from classifier.domain.examples import UNKNOWN

N_BINS = 10
N_BOOTSTRAP = 500
AT_ONCE = 1_000  # articles whose values are looked at together
MIN_FOR_INTERVAL = 10  # articles or decisions
Interval = tuple[float, float]


class TagMeasures(TypedDict):
    """The measures of one tag, as the card of a model and the reports have them; None where there is nothing to count."""

    tag: str
    expected: int
    suggested: int
    right: int
    score: float | None
    precision: float | None
    recall: float | None
    f1: float


def counts(suggested: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return true positives, suggested and expected per article and tag, as three (n_articles, n_tags) bool arrays."""
    expected = labels == 1
    return suggested & expected, suggested & (labels != UNKNOWN), expected


def f1(hits: np.ndarray, n_suggested: np.ndarray, n_expected: np.ndarray) -> np.ndarray:
    """Return F1 from counts, 0 where there is nothing to count."""
    total = np.asarray(n_suggested + n_expected, dtype=np.float64)
    return np.divide(2.0 * hits, total, out=np.zeros_like(total), where=total > 0)


def micro_f1(suggested: np.ndarray, labels: np.ndarray) -> float:
    """Return F1 over all pairs of article and tag."""
    return micro_f1_of(tag_counts(suggested, labels))


def tag_counts(suggested: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return true positives, suggested and expected of each tag, (3, n_tags) int64. Those of blocks of articles add up."""
    of_tags = np.zeros((3, labels.shape[1]), dtype=np.int64)
    for block in _blocks(len(labels)):
        of_tags += [np.count_nonzero(part, axis=0) for part in counts(suggested[block], labels[block])]
    return of_tags


def _blocks(n_articles: int) -> Iterator[slice]:
    """Yield slices of articles: an array for all pairs is large."""
    return (slice(begin, begin + AT_ONCE) for begin in range(0, n_articles, AT_ONCE))


def micro_f1_of(of_tags: np.ndarray) -> float:
    """Return F1 over all pairs, from `tag_counts`."""
    return float(f1(*of_tags.sum(axis=1)))


def macro_f1(suggested: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean F1 over the tags that are expected or suggested at all."""
    return macro_f1_of(tag_counts(suggested, labels))


def macro_f1_of(of_tags: np.ndarray) -> float:
    """Return the mean F1 over the tags that are expected or suggested, from `tag_counts`."""
    hits, n_suggested, n_expected = of_tags
    counted = (n_suggested + n_expected) > 0
    return float(f1(hits, n_suggested, n_expected)[counted].mean()) if counted.any() else 0.0


def sample_f1(suggested: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean F1 over articles; an article that rightly gets no tag counts 1."""
    if not len(labels):
        return 0.0
    blocks = [
        [np.count_nonzero(part, axis=1) for part in counts(suggested[block], labels[block])]
        for block in _blocks(len(labels))
    ]
    hits, n_suggested, n_expected = np.concatenate(blocks, axis=1)
    of_articles = np.where(n_suggested + n_expected > 0, f1(hits, n_suggested, n_expected), 1.0)
    return float(of_articles.mean())


def precision_at(k: int, scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of right tags among the k best scored of each article, over articles with a tag."""
    right = _best_right(k, scores, labels)
    return float(right.mean()) if right.size else 0.0


def ndcg_at(k: int, scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the normalised discounted cumulative gain at k (Järvelin and Kekäläinen 2002), over articles with a tag."""
    right = _best_right(k, scores, labels)
    if not right.size:
        return 0.0
    discount = 1.0 / np.log2(np.arange(2, right.shape[1] + 2))
    gain = (right * discount).sum(axis=1)
    n_right = np.count_nonzero(labels == 1, axis=1)
    ideal = np.cumsum(discount)[np.minimum(n_right[n_right > 0], len(discount)) - 1]
    return float((gain / ideal).mean())


def _best_right(k: int, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return which of the k best scored tags are right, the best first, of each article with a tag; unknown ones come last."""
    blocks = []
    for block in _blocks(len(labels)):
        of_block = labels[block]
        has_tag = (of_block == 1).any(axis=1)
        known = of_block[has_tag]
        ranked = np.where(known == UNKNOWN, np.inf, -scores[block][has_tag])
        order = np.argsort(ranked, axis=1, kind="stable")[:, :k]
        blocks.append(np.take_along_axis(known == 1, order, axis=1))
    return np.concatenate(blocks) if blocks else np.zeros((0, k), dtype=bool)


def calibration_error(scores: np.ndarray, right: np.ndarray, n_bins: int = N_BINS) -> float:
    """Return the expected calibration error (Naeini et al. 2015) of scores in [0, 1], (n,), to `right`, (n,) bool."""
    return _error_of(reliability(scores, right, n_bins))


def _error_of(rows: list[dict[str, float]]) -> float:
    return float(sum(row["share"] * abs(row["score"] - row["right"]) for row in rows))


def reliability(scores: np.ndarray, right: np.ndarray, n_bins: int = N_BINS) -> list[dict[str, float]]:
    """Return for each bin of scores that is not empty its mean score, share of right ones, and share of all."""
    return _reliability_rows(_binned(scores, right, n_bins))


def _binned(scores: np.ndarray, right: np.ndarray, n_bins: int = N_BINS) -> np.ndarray:
    """Return for each bin of scores how many there are, their sum, and how many are right, (3, n_bins). Blocks add up."""
    bins = np.minimum((scores * n_bins).astype(np.int8), n_bins - 1)
    return np.stack([np.bincount(bins, values, minlength=n_bins) for values in (None, scores, right)])


def _reliability_rows(binned: np.ndarray) -> list[dict[str, float]]:
    total = binned[0].sum()
    return [{"score": score / n, "right": right / n, "share": n / total} for n, score, right in binned.T.tolist() if n]


class KindReliability(TypedDict):
    """The reliability of the scores of a kind's tags: of what is suggested, and of all pairs."""

    kind: str
    n_suggested: int
    n_pairs: int
    calibration_error: float
    suggested: list[dict[str, float]]
    all: list[dict[str, float]]


def reliability_of_kinds(
    scores: np.ndarray, suggested: np.ndarray, labels: np.ndarray, kinds: Sequence[str]
) -> list[KindReliability]:
    """Return a row for each kind, in alphabetical order. `kinds`: the kind of each tag, (n_tags,)."""
    rows: list[KindReliability] = []
    for kind in sorted(set(kinds)):
        columns = np.flatnonzero(np.array(kinds) == kind)
        of_suggested, of_all = np.zeros((3, N_BINS)), np.zeros((3, N_BINS))
        for block in _blocks(len(labels)):
            values, of_kind = scores[block, columns], labels[block, columns]
            known = of_kind != UNKNOWN
            judged = known & suggested[block, columns]
            of_suggested += _binned(values[judged], of_kind[judged] == 1)
            of_all += _binned(values[known], of_kind[known] == 1)
        of_suggested_rows = _reliability_rows(of_suggested)
        rows.append(
            {
                "kind": kind,
                "n_suggested": int(of_suggested[0].sum()),
                "n_pairs": int(of_all[0].sum()),
                "calibration_error": _error_of(of_suggested_rows),
                "suggested": of_suggested_rows,
                "all": _reliability_rows(of_all),
            }
        )
    return rows


def f1_intervals(
    suggested: np.ndarray, labels: np.ndarray, n_bootstrap: int = N_BOOTSTRAP, seed: int = 0
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the 95 % percentile bootstrap intervals of micro- and macro-F1, drawn over articles (Efron 1979).

    A tag that is missing from a draw keeps its F1 of the whole set there: else the interval would move from its figure.
    """
    n = len(labels)
    of_tags = tag_counts(suggested, labels)
    of_all = f1(*of_tags)
    counted = of_tags[1:].any(axis=0)
    if not n or not counted.any():
        return (0.0, 0.0), (0.0, 0.0)
    draws = np.random.default_rng(seed)
    # How often each article is drawn, times the counts of the articles: all draws are one product of matrices.
    times = np.stack([np.bincount(draws.integers(0, n, n), minlength=n) for _ in range(n_bootstrap)]).astype(np.float32)
    drawn = np.zeros((3, n_bootstrap, np.count_nonzero(counted)))
    for block in _blocks(n):
        for number, c in enumerate(counts(suggested[block], labels[block])):
            drawn[number] += times[:, block] @ c[:, counted].astype(np.float32)
    micro = f1(*(c.sum(axis=1) for c in drawn))
    macro = np.where(drawn[1] + drawn[2] > 0, f1(*drawn), of_all[counted]).mean(axis=1)
    (a, b), (c, d) = (np.percentile(values, [2.5, 97.5]) for values in (micro, macro))
    return (float(a), float(b)), (float(c), float(d))


def report(
    scores: np.ndarray,
    suggested: np.ndarray,
    labels: np.ndarray,
    tag_ids: list[str],
    n_bootstrap: int = N_BOOTSTRAP,
    kinds: Sequence[str] = (),
) -> dict[str, Any]:
    """Return all measures of scores and suggestions, (n_articles, n_tags), with intervals and a table per tag.

    `kinds`, the kind of each tag, adds the reliability of the scores of each kind.
    """
    judged = suggested & (labels != UNKNOWN)
    right, scores_of_judged = labels[judged] == 1, scores[judged]
    per_tag = _per_tag(tag_counts(suggested, labels), judged, scores, tag_ids)
    micro_interval, macro_interval = f1_intervals(suggested, labels, n_bootstrap)
    return {
        "n_articles": len(labels),
        "n_tags": sum(row["expected"] + row["suggested"] > 0 for row in per_tag),
        "micro_f1": micro_f1(suggested, labels),
        "micro_f1_interval": micro_interval,
        "macro_f1": macro_f1(suggested, labels),
        "macro_f1_interval": macro_interval,
        "sample_f1": sample_f1(suggested, labels),
        "micro_precision": float(right.mean()) if right.size else 0.0,
        "micro_recall": float(right.sum() / max(1, sum(row["expected"] for row in per_tag))),
        "precision_at_1": precision_at(1, scores, labels),
        "precision_at_3": precision_at(3, scores, labels),
        "ndcg_at_5": ndcg_at(5, scores, labels),
        "coverage": float(suggested.any(axis=1).mean()) if len(labels) else 0.0,
        "calibration_error": calibration_error(scores_of_judged, right) if right.size else 0.0,
        "reliability": reliability(scores_of_judged, right) if right.size else [],
        "reliability_of_kinds": reliability_of_kinds(scores, suggested, labels, kinds),
        "tags": per_tag,
    }


def _per_tag(of_tags: np.ndarray, judged: np.ndarray, scores: np.ndarray, tag_ids: list[str]) -> list[TagMeasures]:
    """Return a row for each tag; `score` beside `precision` is its reliability: what was promised, and what was right."""
    promised = np.zeros(len(tag_ids))
    for block in _blocks(len(scores)):
        promised += np.where(judged[block], scores[block], 0.0).sum(axis=0, dtype=np.float64)
    h, s, e = of_tags
    rows = zip(tag_ids, h.tolist(), s.tolist(), e.tolist(), promised.tolist(), f1(h, s, e).tolist(), strict=True)
    return [
        {
            "tag": tag,
            "expected": n_expected,
            "suggested": n_suggested,
            "right": n_right,
            "score": promise / n_suggested if n_suggested else None,
            "precision": n_right / n_suggested if n_suggested else None,
            "recall": n_right / n_expected if n_expected else None,
            "f1": tag_f1,
        }
        for tag, n_right, n_suggested, n_expected, promise, tag_f1 in rows
    ]


def shown_interval(interval: Interval | None, n: int) -> Interval | None:
    """Return an interval as reports may show it: None if it is from fewer than ten, of which it says next to nothing."""
    return interval if n >= MIN_FOR_INTERVAL else None


def exact_interval(n_yes: int, n: int) -> tuple[float, float] | None:
    """Return the exact 95 % interval of a share (Clopper and Pearson 1934); None where there is nothing to count."""
    if not n:
        return None
    from scipy.special import betaincinv  # serving does without scipy until somebody asks for a report

    low = float(betaincinv(n_yes, n - n_yes + 1, 0.025)) if n_yes else 0.0
    high = float(betaincinv(n_yes + 1, n - n_yes, 0.975)) if n_yes < n else 1.0
    return low, high


def drawn_sums(counts: np.ndarray, n_bootstrap: int = N_BOOTSTRAP, seed: int = 0) -> np.ndarray:
    """Return the sums of counts, (n_articles, n_counts) int64, over articles drawn with replacement (Efron 1979)."""
    # Articles with the same counts are drawn as one, in sorted order: so the draws do not depend on the articles' order.
    return drawn_sums_of_kinds(*np.unique(counts, axis=0, return_counts=True), n_bootstrap, seed)


def drawn_sums_of_kinds(
    counts: np.ndarray, n_each: np.ndarray, n_bootstrap: int = N_BOOTSTRAP, seed: int = 0
) -> np.ndarray:
    """Return the same of articles by kinds: the counts of each kind, (n_kinds, n_counts), and how many articles it has."""
    n = int(n_each.sum())
    return np.asarray(np.random.default_rng(seed).multinomial(n, n_each / n, size=n_bootstrap) @ counts)


class F1Change(NamedTuple):
    """Micro-F1 by two models on the same articles. `drawn` has its change in draws of articles, (n_bootstrap,) float64."""

    before: float
    after: float
    drawn: np.ndarray

    @property
    def interval(self) -> tuple[float, float]:
        """The change in 95 of 100 draws."""
        low, high = np.percentile(self.drawn, [2.5, 97.5]).tolist()
        return low, high


def micro_f1_change(
    before: np.ndarray, after: np.ndarray, labels: np.ndarray, n_bootstrap: int = N_BOOTSTRAP
) -> F1Change:
    """Return how micro-F1 changes, by a paired bootstrap over articles (Koehn 2004).

    Args:
        before, after: (n_articles, n_tags) bool, the suggestions of both; labels: the same shape, int8.
    """
    columns = [part.sum(axis=1) for suggested in (before, after) for part in counts(suggested, labels)]
    cells = np.column_stack(columns).astype(np.int64)
    drawn = drawn_sums(cells, n_bootstrap)
    old, new = (float(f1(*part)) for part in np.split(cells.sum(axis=0), 2))
    return F1Change(old, new, f1(*drawn[:, 3:].T) - f1(*drawn[:, :3].T))


def share_interval(hits: np.ndarray, totals: np.ndarray) -> tuple[float, float] | None:
    """Return the 95 % percentile bootstrap interval of `hits.sum() / totals.sum()` over articles; None without a total."""
    if not totals.sum():
        return None
    drawn = drawn_sums(np.column_stack([hits, totals]))
    hits, totals = drawn[drawn[:, 1] > 0].T
    low, high = np.percentile(hits / totals, [2.5, 97.5])
    return float(low), float(high)
