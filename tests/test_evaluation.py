"""Measures: small examples computed by hand, scikit-learn's figures, and pairs that are unknown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import f1_score, ndcg_score, precision_score, recall_score

from classifier.model.evaluation import (
    calibration_error,
    counts,
    f1,
    f1_intervals,
    macro_f1,
    micro_f1,
    ndcg_at,
    precision_at,
    reliability,
    report,
    sample_f1,
)

# Three articles, four tags. Right: (0, a), (1, b). Wrong: (0, b), (2, a). Missed: (0, c), (2, c). Tag d is nowhere.
LABELS = np.array([[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 1, 0]], dtype=np.int8)
SUGGESTED = np.array([[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]], dtype=bool)
SCORES = np.array([[0.9, 0.7, 0.3, 0.0], [0.1, 0.8, 0.2, 0.0], [0.6, 0.1, 0.4, 0.0]])

SHAPES = st.tuples(st.integers(1, 8), st.integers(2, 6))  # a single column is something else to scikit-learn
KNOWN = SHAPES.flatmap(
    lambda shape: st.tuples(hnp.arrays(bool, shape), hnp.arrays(np.int8, shape, elements=st.integers(0, 1)))
)


# --- by hand ----------------------------------------------------------------------------------------------------


def test_micro_f1_counts_all_pairs() -> None:
    assert micro_f1(SUGGESTED, LABELS) == pytest.approx(2 * 2 / (4 + 4))


def test_macro_f1_is_the_mean_over_tags_that_are_expected_or_suggested() -> None:
    assert macro_f1(SUGGESTED, LABELS) == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)


def test_sample_f1_is_the_mean_over_articles() -> None:
    assert sample_f1(SUGGESTED, LABELS) == pytest.approx((1 / 2 + 1 + 0) / 3)


def test_article_that_rightly_gets_no_tag_counts_one() -> None:
    labels = np.array([[0, 0], [1, 0]], dtype=np.int8)
    assert sample_f1(np.zeros((2, 2), dtype=bool), labels) == pytest.approx(1 / 2)


@pytest.mark.parametrize(("k", "precision"), [(1, 2 / 3), (2, 3 / 6), (3, 4 / 9), (4, 4 / 12), (9, 4 / 12)])
def test_precision_at_k_is_the_share_of_right_tags_among_the_best(k: int, precision: float) -> None:
    # Ranked: a b c d; b c a d; a c b d. Right at 1: a, b, -. At 2: a, b, c. At 3: a c, b, c.
    assert precision_at(k, SCORES, LABELS) == pytest.approx(precision)


def test_ndcg_rewards_right_tags_near_the_top() -> None:
    second, third = 1 / np.log2(3), 1 / np.log2(4)
    assert ndcg_at(5, SCORES, LABELS) == pytest.approx(((1 + third) / (1 + second) + 1 + second) / 3)


def test_ranking_is_measured_over_articles_with_a_tag() -> None:
    scores, labels = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0, 0], [0, 1]], dtype=np.int8)
    assert (precision_at(1, scores, labels), ndcg_at(5, scores, labels)) == (1.0, 1.0)


def test_equal_scores_are_ranked_in_the_order_of_the_tags() -> None:
    labels = np.array([[1, 0, 0]], dtype=np.int8)
    assert precision_at(1, np.full((1, 3), 0.5), labels) == 1.0


def test_f1_is_zero_where_there_is_nothing_to_count() -> None:
    assert f1(np.array([0, 1]), np.array([0, 1]), np.array([0, 2])).tolist() == [0.0, pytest.approx(2 / 3)]


@pytest.mark.parametrize("measure", [micro_f1, macro_f1, sample_f1])
def test_no_articles_measure_zero(measure) -> None:  # type: ignore[no-untyped-def]
    assert measure(np.zeros((0, 3), dtype=bool), np.zeros((0, 3), dtype=np.int8)) == 0.0


def test_ranking_without_any_tag_measures_zero() -> None:
    labels = np.zeros((2, 3), dtype=np.int8)
    assert (precision_at(1, np.zeros((2, 3)), labels), ndcg_at(5, np.zeros((2, 3)), labels)) == (0.0, 0.0)


def test_calibration_error_weighs_each_bin_by_its_share() -> None:
    scores = np.array([0.05, 0.15, 0.95, 0.95, 1.0])
    right = np.array([False, True, True, True, False])
    # Bins: 0.05 against 0, 0.15 against 1, 0.9667 against 2/3.
    expected = (1 * 0.05 + 1 * 0.85 + 3 * (2.9 / 3 - 2 / 3)) / 5
    assert calibration_error(scores, right) == pytest.approx(expected)


def test_reliability_lists_the_bins_that_are_not_empty() -> None:
    rows = reliability(np.array([0.0, 0.02, 0.52, 1.0]), np.array([False, False, True, True]))
    assert rows == [
        {"score": pytest.approx(0.01), "right": 0.0, "share": 0.5},
        {"score": pytest.approx(0.52), "right": 1.0, "share": 0.25},
        {"score": 1.0, "right": 1.0, "share": 0.25},
    ]


def test_scores_that_are_always_right_are_calibrated() -> None:
    assert calibration_error(np.ones(5), np.ones(5, dtype=bool)) == 0.0


# --- against scikit-learn ---------------------------------------------------------------------------------------


@given(KNOWN)
def test_micro_f1_is_that_of_scikit_learn(arrays: tuple[np.ndarray, np.ndarray]) -> None:
    suggested, labels = arrays
    assert micro_f1(suggested, labels) == pytest.approx(f1_score(labels, suggested, average="micro", zero_division=0))


@given(KNOWN)
def test_macro_f1_is_that_of_scikit_learn_over_the_tags_that_occur(arrays: tuple[np.ndarray, np.ndarray]) -> None:
    suggested, labels = arrays
    assume(suggested.any() or labels.any())
    per_tag = f1_score(labels, suggested, average=None, zero_division=np.nan)  # nan: neither expected nor suggested
    assert macro_f1(suggested, labels) == pytest.approx(np.nanmean(per_tag))


@given(KNOWN)
def test_sample_f1_is_that_of_scikit_learn(arrays: tuple[np.ndarray, np.ndarray]) -> None:
    suggested, labels = arrays
    assert sample_f1(suggested, labels) == pytest.approx(
        f1_score(labels, suggested, average="samples", zero_division=1)
    )


@given(KNOWN, st.integers(1, 6), st.randoms(use_true_random=False))
def test_ndcg_is_that_of_scikit_learn(arrays: tuple[np.ndarray, np.ndarray], k: int, random) -> None:  # type: ignore[no-untyped-def]
    labels = arrays[1][arrays[1].any(axis=1)]
    assume(labels.size)
    scores = np.array([random.sample(range(100), labels.shape[1]) for _ in labels]) / 100  # no ties
    assert ndcg_at(k, scores, labels) == pytest.approx(ndcg_score(labels, scores, k=k))


@given(KNOWN)
def test_report_has_scikit_learns_precision_and_recall(arrays: tuple[np.ndarray, np.ndarray]) -> None:
    suggested, labels = arrays
    figures = report(suggested * 0.5, suggested, labels, [f"t{i}" for i in range(labels.shape[1])], n_bootstrap=2)
    assert figures["micro_precision"] == pytest.approx(
        precision_score(labels, suggested, average="micro", zero_division=0)
    )
    assert figures["micro_recall"] == pytest.approx(recall_score(labels, suggested, average="micro", zero_division=0))


# --- unknown pairs ----------------------------------------------------------------------------------------------


def with_unknown(*pairs: tuple[int, int]) -> np.ndarray:
    labels = LABELS.copy()
    labels[tuple(zip(*pairs, strict=True))] = -1
    return labels


def test_unknown_pair_is_neither_right_nor_wrong_nor_missed() -> None:
    right, given_, expected = counts(np.ones((1, 3), dtype=bool), np.array([[1, 0, -1]], dtype=np.int8))
    assert (right.tolist(), given_.tolist(), expected.tolist()) == (
        [[True, False, False]],
        [[True, True, False]],
        [[True, False, False]],
    )


def test_suggestions_that_are_unknown_do_not_count_as_wrong() -> None:
    labels = with_unknown((0, 1), (2, 0))
    assert micro_f1(SUGGESTED, labels) == pytest.approx(2 * 2 / (2 + 4))
    assert macro_f1(SUGGESTED, labels) == pytest.approx((1 + 1 + 0) / 3)


def test_unknown_tag_does_not_take_a_place_in_the_ranking() -> None:
    assert precision_at(1, SCORES, with_unknown((2, 0))) == 1.0
    assert ndcg_at(1, SCORES, with_unknown((2, 0))) == 1.0


@given(KNOWN, st.data())
def test_what_is_suggested_for_unknown_pairs_changes_no_measure(
    arrays: tuple[np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    suggested, labels = arrays
    unknown = data.draw(hnp.arrays(bool, labels.shape))
    labels = np.where(unknown, np.int8(-1), labels)
    other = np.where(unknown, ~suggested, suggested)
    tag_ids = list("abcdef")[: labels.shape[1]]
    figures = report(suggested * 0.5, suggested, labels, tag_ids, 2)
    others = report(other * 0.5 + unknown * 0.1, other, labels, tag_ids, 2)
    # Coverage asks only whether an article gets suggestions, not whether they are known to be right.
    assert {**figures, "coverage": None} == {**others, "coverage": None}


# --- intervals and the report -----------------------------------------------------------------------------------


def test_interval_is_drawn_over_articles_and_holds_the_measure() -> None:
    draws = np.random.default_rng(7)
    labels = (draws.random((200, 3)) < 0.4).astype(np.int8)
    suggested = (labels == 1) ^ (draws.random((200, 3)) < 0.2)
    low, high = f1_intervals(suggested, labels)[0]
    assert low < micro_f1(suggested, labels) < high
    assert 0.03 < high - low < 0.15


def test_interval_is_the_same_every_time() -> None:
    assert f1_intervals(SUGGESTED, LABELS, 50) == f1_intervals(SUGGESTED, LABELS, 50)


def test_interval_of_perfect_suggestions_is_a_point() -> None:
    assert f1_intervals(LABELS == 1, LABELS, 50) == ((1.0, 1.0), (1.0, 1.0))


def test_report_holds_every_figure_and_a_row_for_each_tag() -> None:
    figures = report(SCORES, SUGGESTED, LABELS, ["a", "b", "c", "d"])
    assert {key: figures[key] for key in ("n_articles", "n_tags", "coverage")} == {
        "n_articles": 3,
        "n_tags": 3,
        "coverage": 1.0,
    }
    assert figures["micro_f1"] == micro_f1(SUGGESTED, LABELS)
    assert figures["macro_f1"] == macro_f1(SUGGESTED, LABELS)
    assert figures["sample_f1"] == sample_f1(SUGGESTED, LABELS)
    assert (figures["precision_at_1"], figures["precision_at_3"]) == pytest.approx((2 / 3, 4 / 9))
    assert figures["calibration_error"] == pytest.approx((abs(0.9 - 1) + 0.7 + abs(0.8 - 1) + 0.6) / 4)
    never = {"suggested": 0, "right": 0, "score": None, "precision": None, "f1": 0.0}
    assert figures["tags"][1:] == [
        {
            "tag": "b",
            "expected": 1,
            "suggested": 2,
            "right": 1,
            "score": pytest.approx(0.75),
            "precision": 0.5,
            "recall": 1.0,
            "f1": pytest.approx(2 / 3),
        },
        {"tag": "c", **never, "expected": 2, "recall": 0.0},
        {"tag": "d", **never, "expected": 0, "recall": None},
    ]


def test_report_on_no_articles_is_all_zero() -> None:
    figures = report(np.zeros((0, 2)), np.zeros((0, 2), dtype=bool), np.zeros((0, 2), dtype=np.int8), ["a", "b"])
    assert (figures["n_articles"], figures["micro_f1"], figures["micro_f1_interval"]) == (0, 0.0, (0.0, 0.0))


def test_macro_f1_lies_in_its_own_interval_where_most_tags_are_rare() -> None:
    draws = np.random.default_rng(3)
    labels = (draws.random((300, 60)) < 0.01).astype(np.int8)
    suggested = (labels == 1) & (draws.random(labels.shape) < 0.8)
    low, high = f1_intervals(suggested, labels, 200)[1]
    assert low <= macro_f1(suggested, labels) <= high
