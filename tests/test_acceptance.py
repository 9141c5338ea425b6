"""When judgements of a sample show enough: how often the rule errs, how soon it stops, and what it says on the way."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.gate.acceptance import BELOW, OPEN, SHOWN, SPENT, Judged, least_right

MOST = 1000


@lru_cache
def least_n(n_population: int, n_wrong: int) -> int:
    """Return how many judgements with so many wrong ones show 95 %, more than there are if none do."""
    of_all = Judged(n_population, n_population, 0, n_wrong).n_more if n_wrong <= n_population else None
    return n_population + 1 if of_all is None else of_all + n_wrong


def shown_after(n_population: int, n_right: int, n_runs: int, seed: int) -> np.ndarray:
    """Return for simulated samples after how many judgements they show 95 %, looking after each; 0 for never."""
    rng = np.random.default_rng(seed)
    n_drawn, n_all_wrong = min(n_population, MOST), n_population - n_right
    left_wrong, wrong, n_shown = np.full(n_runs, n_all_wrong), np.zeros(n_runs, dtype=int), np.zeros(n_runs, dtype=int)
    needed = np.array([least_n(n_population, n) for n in range(min(n_all_wrong, 80) + 1)])
    for n in range(1, n_drawn + 1):
        is_wrong = rng.random(n_runs) * (n_population - n + 1) < left_wrong
        left_wrong, wrong = left_wrong - is_wrong, wrong + is_wrong
        is_new = (n_shown == 0) & (wrong < len(needed)) & (n >= needed[np.minimum(wrong, len(needed) - 1)])
        n_shown[is_new] = n
    return n_shown


@pytest.mark.parametrize("n_population", [1, 12, 20, 59, 100, 300, 2_000, 50_000])
def test_a_share_below_95_percent_passes_in_at_most_5_percent_of_samples(n_population: int) -> None:
    n_right = least_right(n_population) - 1  # the largest share that must not pass: all smaller ones pass less often
    assert (shown_after(n_population, n_right, 4_000, n_population) > 0).mean() <= 0.05


@given(st.integers(1, 120), st.data())
def test_of_few_additions_the_error_is_exactly_at_most_5_percent(n_population: int, data: st.DataObject) -> None:
    n_right = data.draw(st.integers(0, least_right(n_population) - 1))
    # The chance of each number of wrong ones among those judged, of samples that have not shown anything so far.
    going_on, shown = {0: 1.0}, 0.0
    for n in range(1, n_population + 1):
        after: dict[int, float] = {}
        for wrong, chance in going_on.items():
            of_wrong = (n_population - n_right - wrong) / (n_population - n + 1)
            after[wrong + 1] = after.get(wrong + 1, 0.0) + chance * of_wrong
            after[wrong] = after.get(wrong, 0.0) + chance * (1.0 - of_wrong)
        shown += sum(chance for wrong, chance in after.items() if n >= least_n(n_population, wrong))
        going_on = {wrong: chance for wrong, chance in after.items() if chance and n < least_n(n_population, wrong)}
    assert shown <= 0.05 + 1e-9


def test_a_good_tag_is_shown_soon() -> None:
    n_shown = shown_after(50_000, 49_500, 2_000, 1)
    assert np.median(n_shown) <= 130
    assert (n_shown == 0).mean() < 0.01
    assert ((n_shown > 0) & (n_shown < 210)).mean() > 0.8


def test_a_bad_tag_is_given_up_soon_and_a_good_one_hardly_ever() -> None:
    def given_up(share: float) -> list[int]:
        found = []
        for _ in range(30):
            right = rng.random(200) < share
            outcomes = (
                Judged(5_000, MOST, int(right[:n].sum()), int((~right[:n]).sum())).outcome for n in range(1, 201)
            )
            found.append(next((n for n, outcome in enumerate(outcomes, 1) if outcome in (BELOW, SHOWN)), 0))
        return found

    rng = np.random.default_rng(3)
    assert np.median(given_up(0.7)) <= 25
    assert [Judged(5_000, MOST, n, 0).outcome for n in (0, 30, 73, 74, 200)] == [OPEN, OPEN, OPEN, SHOWN, SHOWN]


def test_it_takes_fewer_of_a_small_population_and_all_of_a_tiny_one() -> None:
    needed = [Judged(n, n, 0, 0).n_more for n in (1, 10, 19, 20, 40, 100, 1_000, 100_000)]
    assert needed == [1, 10, 19, 16, 26, 43, 70, 75]
    assert [Judged(10, 10, 9, 1).outcome, Judged(20, 20, 19, 1).outcome] == [BELOW, SHOWN]


@pytest.mark.parametrize(("n_population", "n_drawn"), [(1, 1), (19, 19), (20, 20), (300, 300)])
def test_where_all_are_judged_the_answer_is_the_truth(n_population: int, n_drawn: int) -> None:
    for n_wrong in range(min(n_population, 30) + 1):
        outcome = Judged(n_population, n_drawn, n_population - n_wrong, n_wrong).outcome
        assert (outcome == SHOWN) == (100 * (n_population - n_wrong) >= 95 * n_population)
        assert outcome != OPEN


def test_what_was_drawn_may_be_too_little() -> None:
    assert Judged(5_000, 60, 10, 0).outcome == SPENT
    assert Judged(5_000, 75, 10, 0).outcome == OPEN
    assert Judged(5_000, 80, 10, 1).outcome == SPENT
    assert Judged(5_000, 60, 10, 0).n_more is None


@given(st.integers(1, 3_000), st.data())
def test_more_right_ones_show_more(n_population: int, data: st.DataObject) -> None:
    n_wrong = data.draw(st.integers(0, min(n_population, 10)))
    n_right = data.draw(st.integers(0, min(n_population - n_wrong, 200)))
    judged = Judged(n_population, n_population, n_right, n_wrong)
    assert n_right / n_population <= judged.share_shown <= 1.0 - n_wrong / n_population
    assert (judged.outcome == SHOWN) == (judged.share_shown >= 0.95) == (judged.n_more == 0)
    if n_right + n_wrong < n_population:
        more = Judged(n_population, n_population, n_right + 1, n_wrong)
        assert more.share_shown >= judged.share_shown
        assert judged.outcome != SHOWN or more.outcome == SHOWN
