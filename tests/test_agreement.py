"""Kappa and the intervals of shares: hand-computed figures, scikit-learn's, and the order of articles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score

from classifier.model.agreement import agreement, cells_of, kappa
from classifier.model.evaluation import MIN_FOR_INTERVAL, drawn_sums, exact_interval, share_interval

VOTES = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def said(votes: list[tuple[bool, bool]]) -> tuple[np.ndarray, np.ndarray]:
    both = np.array(votes, dtype=bool)
    return both[:, 0], both[:, 1]


def cells(both: int, first: int, second: int, neither: int) -> np.ndarray:
    """Return the cells of single articles."""
    return np.repeat(np.eye(4, dtype=np.int64), [both, first, second, neither], axis=0)


def test_kappa_of_fifty_articles() -> None:
    measured = agreement(cells(20, 5, 10, 15))
    assert measured.kappa == pytest.approx(0.4)  # (0.7 - 0.5) / (1 - 0.5)
    assert (measured.n, measured.both, measured.one, measured.neither) == (50, 20, 15, 15)
    low, high = measured.interval or (0.0, 0.0)
    # The standard error is sqrt(po * (1 - po) / (n * (1 - pe)**2)) = 0.1296.
    assert low == pytest.approx(0.4 - 1.96 * 0.1296, abs=0.05)
    assert high == pytest.approx(0.4 + 1.96 * 0.1296, abs=0.05)


@given(VOTES)
def test_kappa_is_that_of_scikit_learn(votes: list[tuple[bool, bool]]) -> None:
    first, second = said(votes)
    measured = agreement(cells_of(first, second)).kappa
    if (first.all() and second.all()) or not (first.any() or second.any()):
        assert measured is None
    else:
        assert measured == pytest.approx(cohen_kappa_score(first, second))


@pytest.mark.parametrize("constant", [cells(5, 0, 0, 0), cells(0, 0, 0, 5)], ids=["all yes", "all no"])
def test_constant_raters_have_no_kappa(constant: np.ndarray) -> None:
    measured = agreement(constant)
    assert measured.kappa is None
    assert measured.interval is None


def test_raters_who_always_differ_have_a_kappa() -> None:
    assert agreement(cells(0, 4, 0, 0)).kappa == 0.0
    assert agreement(cells(0, 2, 2, 0)).kappa == -1.0


def test_few_articles_have_no_interval() -> None:
    measured = agreement(np.array([[2, 1, 0, 7]]))
    assert measured.kappa == pytest.approx((0.9 - 0.62) / 0.38)
    assert measured.interval is None
    assert agreement(np.array([[2, 1, 0, 7], [3, 1, 0, 6]])).interval is None
    assert agreement(cells(3, 1, 1, MIN_FOR_INTERVAL - 6)).interval is None
    assert agreement(cells(3, 1, 1, MIN_FOR_INTERVAL - 5)).interval is not None


def test_articles_that_are_all_alike_have_no_interval() -> None:
    measured = agreement(np.array([[2, 1, 0, 7]] * 20))
    assert measured.kappa == pytest.approx((0.9 - 0.62) / 0.38)
    assert measured.interval is None


def test_no_article_has_no_kappa() -> None:
    assert agreement(np.zeros((0, 4), dtype=np.int64)) == (None, None, 0, 0, 0, 0)


def test_tags_of_a_table_are_measured_at_once() -> None:
    table = np.array([[20, 5, 10, 15], [0, 0, 0, 50]])
    assert kappa(table)[0] == pytest.approx(0.4)
    assert np.isnan(kappa(table)[1])


@given(VOTES, st.randoms())
def test_order_of_articles_does_not_matter(votes: list[tuple[bool, bool]], random: object) -> None:
    shuffled = list(votes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert agreement(cells_of(*said(votes))) == agreement(cells_of(*said(shuffled)))


@given(st.integers(0, 80).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_exact_interval_is_that_of_scipy(counted: tuple[int, int]) -> None:
    n_yes, n = counted
    if not n:
        assert exact_interval(n_yes, n) is None
        return
    expected = binomtest(n_yes, n).proportion_ci(0.95, method="exact")
    assert exact_interval(n_yes, n) == pytest.approx((expected.low, expected.high))


def test_exact_interval_of_none_and_all() -> None:
    # (0.025)^(1/10) below, nothing above.
    assert exact_interval(10, 10) == (pytest.approx(0.6915, abs=1e-4), 1.0)
    assert exact_interval(0, 10) == (0.0, pytest.approx(0.3085, abs=1e-4))


def test_drawn_sums_are_sums_of_drawn_articles() -> None:
    drawn = drawn_sums(np.array([[1, 3], [0, 2]]), n_bootstrap=200)
    assert set(map(tuple, drawn.tolist())) == {(0, 4), (1, 5), (2, 6)}


def test_interval_over_articles_is_wider_where_the_tags_of_an_article_hang_together() -> None:
    together = share_interval(np.array([10] * 5 + [0] * 5), np.full(10, 10))
    apart = share_interval(np.full(10, 5), np.full(10, 10))
    assert together is not None and apart is not None
    assert together[1] - together[0] > 0.4
    assert apart == (0.5, 0.5)


def test_share_of_nothing_has_no_interval() -> None:
    assert share_interval(np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64)) is None
