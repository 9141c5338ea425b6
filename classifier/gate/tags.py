"""The tag check: whether a tag surely loses F1, and the smallest loss that would be seen.

The comparison is paired: both models judge the same articles, and the bootstrap draws articles (Efron 1979, Koehn 2004).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

import numpy as np

from classifier.domain.sentences import OF_TAG
from classifier.model.evaluation import counts, drawn_sums_of_kinds, f1
from classifier.texts import english

N_DRAWS = 2_000
N_NORMAL = 2.06  # standard deviations beyond which 2 of 100 draws lie, for a first guess


class TagChange(NamedTuple):
    """F1 of a tag by both, and what became of the articles that it was rightly suggested for.

    `p` is the share of draws that lose no more than allowed, and `interval` has the change in 95 of 100 draws: None where no
    more than the margin is lost, so that nothing is drawn. `smallest_loss` is how many found articles would have to be lost
    for the gate to see it; None if not even the loss of all is seen.
    """

    tag: str
    support: int
    champion: float
    challenger: float
    interval: tuple[float, float] | None
    p: float
    n_found: int  # right suggestions by the champion
    n_lost: int  # of these that the challenger misses
    n_won: int  # that only the challenger finds
    smallest_loss: int | None = None
    n_wrong_before: int = 0  # wrong suggestions by the champion
    n_wrong: int = 0  # the same by the challenger

    def is_loss(self, surely: float) -> bool:
        """Whether at least this share of the draws loses more than the margin."""
        return 1.0 - self.p >= surely

    def figure(self, since: str) -> str:
        """Return for people what was compared."""
        counts = {"lost": self.n_lost, "found": self.n_found, "won": self.n_won}
        counts |= {"wrong_before": self.n_wrong_before, "wrong": self.n_wrong}
        before, after = f"{self.champion:.3f}", f"{self.challenger:.3f}"
        return english(OF_TAG, before=before, after=after, reference=since, **counts)


def compare_tags(
    before: np.ndarray,
    after: np.ndarray,
    labels: np.ndarray,
    tag_ids: list[str],
    margin: float,
    share: float | None = None,
) -> list[TagChange]:
    """Return how the F1 of each tag with a positive label changes.

    Args:
        before, after: (n_articles, n_tags) bool, the suggestions of both; labels: the same shape, int8.
        margin: the F1 that a tag may lose.
        share: of its F1 that a tag may lose in a draw, if it lost more than the margin (default: the margin counts in draws, too).
    """
    rows = []
    for tag in np.flatnonzero((labels == 1).any(axis=0)).tolist():
        pair = _Pair.of(before[:, tag], after[:, tag], labels[:, tag])
        old, new = pair.f1()
        p, interval = 1.0, None
        if old - new > margin:
            olds, news = pair.drawn()
            low, high = np.percentile(news - olds, [2.5, 97.5]).tolist()
            allowed = margin if share is None else share * olds
            p, interval = 1.0 - float((news - olds < -allowed).mean()), (low, high)
        change = TagChange(tag_ids[tag], pair.n_positive, old, new, interval, p, *pair.found())
        n_wrong_before, n_wrong = pair.wrong()
        rows.append(change._replace(n_wrong_before=n_wrong_before, n_wrong=n_wrong))
    return rows


def smallest_loss(
    before: np.ndarray, after: np.ndarray, labels: np.ndarray, margin: float, surely: float
) -> int | None:
    """Return how many articles that the challenger finds must be missed for a tag to be held, None if that is impossible.

    Args:
        before, after: (n_articles,) bool, the suggestions of a tag by both; labels: (n_articles,) int8.
    """
    pair = _Pair.of(before, after, labels)
    n_most = pair.n_found_after
    if not n_most or not pair.losing(n_most).is_worse(margin, surely):
        return None
    guess = bisect_left(range(n_most), True, key=lambda n: pair.losing(n).is_probably_worse(margin))
    first = [guess, guess + 2, guess - 2]  # near the guess of the normal distribution; the last one comes first
    low, high = 0, n_most  # the first is not seen, the second is
    while high - low > 1:
        tried = first.pop() if first else (low + high) // 2
        if low < tried < high:
            low, high = (low, tried) if pair.losing(tried).is_worse(margin, surely) else (tried, high)
    return high


class _Pair(NamedTuple):
    """How often each outcome of an article by both models occurs, for one tag.

    cells: (n_kinds, 6) int64: right, suggested and expected by the champion, the same by the challenger; n: (n_kinds,) int64.
    """

    cells: np.ndarray
    n: np.ndarray

    @classmethod
    def of(cls, before: np.ndarray, after: np.ndarray, labels: np.ndarray) -> _Pair:
        columns = [part for suggested in (before, after) for part in counts(suggested, labels)]
        return cls(*np.unique(np.column_stack(columns).astype(np.int64), axis=0, return_counts=True))

    @property
    def n_positive(self) -> int:
        return int(self.n @ self.cells[:, 2])

    @property
    def n_found_after(self) -> int:
        return int(self.n @ self.cells[:, 3])

    def found(self) -> tuple[int, int, int]:
        """Return how many articles the champion finds, and how many of them are lost and won."""
        old, new = self.cells[:, 0], self.cells[:, 3]
        return int(self.n @ old), int(self.n @ (old & ~new & 1)), int(self.n @ (new & ~old & 1))

    def wrong(self) -> tuple[int, int]:
        """Return the numbers of wrong suggestions by the champion and by the challenger."""
        before, after = (int(self.n @ (self.cells[:, first + 1] - self.cells[:, first])) for first in (0, 3))
        return before, after

    def f1(self) -> tuple[float, float]:
        totals = self.n @ self.cells
        return float(f1(*totals[:3])), float(f1(*totals[3:]))

    def drawn(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the F1 of the champion and of the challenger in draws of articles, each (N_DRAWS,) float64."""
        drawn = drawn_sums_of_kinds(self.cells, self.n, N_DRAWS)
        return np.asarray(f1(*drawn[:, :3].T)), np.asarray(f1(*drawn[:, 3:].T))

    def is_worse(self, margin: float, surely: float) -> bool:
        old, new = self.f1()
        if old - new <= margin:
            return False
        olds, news = self.drawn()
        return float((news - olds < -margin).mean()) >= surely

    def is_probably_worse(self, margin: float) -> bool:
        """Whether a tag is worse by the normal distribution, with the error of the difference by the delta method."""
        totals = (self.n @ self.cells).astype(np.float64)
        change, error = 0.0, np.zeros(len(self.n))
        for part, sign in ((slice(0, 3), -1.0), (slice(3, 6), 1.0)):
            hits, suggested, expected = totals[part]
            size = max(1.0, suggested + expected)
            change += sign * 2.0 * hits / size
            of_kind = self.cells[:, part]
            error += sign * 2.0 * (of_kind[:, 0] - hits / size * (of_kind[:, 1] + of_kind[:, 2])) / size
        spread = float(np.sqrt(self.n @ error**2))
        return change + N_NORMAL * spread < -margin

    def losing(self, n_lost: int) -> _Pair:
        """Return the pair if the challenger missed some articles more, first of those that both find."""
        cells, n = self.cells.copy(), self.n.copy()
        order = sorted(np.flatnonzero(cells[:, 3]).tolist(), key=lambda kind: -int(cells[kind, 0]))
        more = []
        for kind in order:
            taken = min(n_lost, int(n[kind]))
            n[kind] -= taken
            n_lost -= taken
            more.append((*cells[kind, :3], 0, 0, cells[kind, 5], taken))
        added = np.array(more, dtype=np.int64).reshape(-1, 7)
        cells, n = np.concatenate([cells, added[:, :6]]), np.concatenate([n, added[:, 6]])
        kinds, kind_of = np.unique(
            cells[n > 0], axis=0, return_inverse=True
        )  # as `of` would count them: the same draws
        return _Pair(kinds, np.bincount(kind_of.ravel(), n[n > 0], len(kinds)).astype(np.int64))
