"""The comparison: what counts as worse, on how much evidence, and with how many tags."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from classifier.training.comparison import Check, GateSettings, Judged, compare, compare_tags, compare_with_rule, holm
from tests.hard import size

N_TAGS = 100
IDS = [f"tag-{number}" for number in range(N_TAGS)]
GATE = GateSettings()
COST: dict[str, float] = {"megabytes": 10.0, "milliseconds": 1.0}


def desk(n: int = 600, rate: float = 0.05, seed: int = 0) -> np.ndarray:
    """Return labels at random, (n, N_TAGS) int8."""
    return (np.random.default_rng(seed).random((n, N_TAGS)) < rate).astype(np.int8)


def judged(labels: np.ndarray, recall: float, seed: int, noise: float = 0.005, **cost: float) -> Judged:
    """Return what a model says that finds a share of the right tags, and gives some wrong ones."""
    draws = np.random.default_rng(seed)
    suggested = np.where(labels == 1, draws.random(labels.shape) < recall, draws.random(labels.shape) < noise)
    return Judged(np.where(suggested, recall, 0.01), suggested, **{**COST, **cost})


def run(champion: Judged, challenger: Judged, labels: np.ndarray, blind: np.ndarray | None = None) -> list[Check]:
    nobody = np.zeros(len(labels), dtype=bool)
    checks, _ = compare(champion, challenger, labels, IDS, nobody if blind is None else blind, GATE)
    return [check for check in checks if not check.passed]


def with_tag(one: Judged, tag: int, column: np.ndarray) -> Judged:
    suggested = one.suggested.copy()
    suggested[:, tag] = column
    return one._replace(suggested=suggested)


def test_equal_models_pass_everything() -> None:
    labels = desk()
    one = judged(labels, 0.8, 1)
    assert run(one, one, labels) == []


@pytest.mark.slow
def test_honest_challengers_pass_nearly_always_though_a_hundred_tags_are_looked_at() -> None:
    refused = 0
    for seed in range(size(4, 20)):
        labels = desk(seed=seed)
        refused += bool(run(judged(labels, 0.8, 2 * seed + 100), judged(labels, 0.8, 2 * seed + 101), labels))
    assert refused <= size(1, 3)


def only_positives(labels: np.ndarray) -> np.ndarray:
    """Return labels as a CMS tells them that lists tags and never says that they are all."""
    return np.where(labels == 1, 1, -1).astype(np.int8)


def test_where_only_right_tags_are_known_a_model_that_suggests_everything_is_refused() -> None:
    labels = desk()
    champion = judged(labels, 0.8, 1)
    everything = Judged(np.ones(labels.shape), np.ones(labels.shape, dtype=bool), **COST)
    assert [check.check for check in run(champion, everything, only_positives(labels))] == ["unknown"]
    assert run(champion, judged(labels, 0.85, 2), only_positives(labels)) == []
    rule = labels == 1
    checks = compare_with_rule(everything, rule, only_positives(labels), GATE)
    assert "unknown" in {check.check for check in checks if not check.passed}


def test_tags_that_the_champion_has_not_may_be_suggested_though_nobody_knows() -> None:
    labels = only_positives(desk())
    champion, old = judged(desk(), 0.8, 1), np.arange(N_TAGS) < 50
    champion = champion._replace(suggested=champion.suggested & old)
    suggested = champion.suggested | ~old
    challenger = champion._replace(suggested=suggested, scores=np.where(suggested, 0.8, 0.01))
    nobody = np.zeros(len(labels), dtype=bool)
    closed = [
        {
            check.check
            for check in compare(champion, challenger, labels, IDS, nobody, GATE, shared)[0]
            if not check.passed
        }
        for shared in (old, None)
    ]
    assert closed == [set(), {"unknown"}]


def test_a_tag_that_is_lost_closes_the_gate_by_name_though_the_total_does_not_notice() -> None:
    labels = desk()
    champion = judged(labels, 0.8, 1)
    challenger = with_tag(judged(labels, 0.82, 2), 7, np.zeros(len(labels), dtype=bool))
    assert [(check.check, check.tag) for check in run(champion, challenger, labels)] == [("tag_worse", "tag-7")]


def test_a_tag_with_few_articles_decides_nothing() -> None:
    labels = desk()
    labels[:, 7] = 0
    labels[:9, 7] = 1
    champion, challenger = judged(labels, 1.0, 1), judged(labels, 1.0, 2)
    nothing = np.zeros(len(labels), dtype=bool)
    assert run(champion, with_tag(challenger, 7, nothing), labels) == []
    labels[9, 7] = 1
    lost = [
        check.tag for check in run(with_tag(champion, 7, labels[:, 7] == 1), with_tag(challenger, 7, nothing), labels)
    ]
    assert lost == ["tag-7"]


def test_a_total_that_falls_surely_closes_the_gate() -> None:
    labels = desk()
    failed = run(judged(labels, 0.8, 1), judged(labels, 0.7, 2), labels)
    assert "total" in {check.check for check in failed}
    assert "->" in failed[0].figure


def test_what_is_unknown_counts_for_nobody() -> None:
    labels = desk()
    champion, challenger = judged(labels, 0.8, 1), judged(labels, 0.8, 1)
    unknown = labels.copy()
    unknown[:, 7] = -1
    nothing = np.zeros(len(labels), dtype=bool)
    assert run(champion, with_tag(challenger, 7, nothing), unknown) == []
    assert compare_tags(champion, challenger, unknown, IDS, 10)[7].tag == "tag-8"


def test_scores_that_mean_less_close_the_gate() -> None:
    labels = desk()
    champion = judged(labels, 0.9, 1, noise=0.0)
    bold = champion._replace(scores=np.where(champion.suggested, 0.6, 0.01))
    honest = champion._replace(scores=np.where(champion.suggested, 0.99, 0.01))
    assert [check.check for check in run(honest, bold, labels)] == ["calibration"]
    assert run(bold, honest, labels) == []


def test_recall_of_blind_articles_is_looked_at_where_there_are_enough() -> None:
    labels = desk()
    blind = np.arange(len(labels)) < 60
    champion = judged(labels, 0.9, 1)
    suggested = champion.suggested.copy()
    suggested[:60][labels[:60] == 1] = np.random.default_rng(3).random(int((labels[:60] == 1).sum())) < 0.7
    worse = champion._replace(suggested=suggested)
    assert "blind_recall" in {check.check for check in run(champion, worse, labels, blind)}
    assert "blind_recall" not in {check.check for check in run(champion, worse, labels, np.arange(len(labels)) < 3)}


@pytest.mark.parametrize(("cost", "check"), [("megabytes", "size"), ("milliseconds", "latency")])
def test_what_costs_too_much_closes_the_gate(cost: str, check: str) -> None:
    labels = desk()
    champion = judged(labels, 0.8, 1)
    dear: Any = champion._replace(**{cost: 1000.0})
    assert [one.check for one in run(champion, dear, labels)] == [check]


def test_the_first_must_beat_nothing_and_the_mere_naming_of_tags() -> None:
    labels = desk()
    named = labels == 1
    worse = judged(labels, 0.5, 1)
    silent = worse._replace(suggested=np.zeros_like(worse.suggested))

    def failed(one: Judged, rule: np.ndarray) -> list[str]:
        return [check.check for check in compare_with_rule(one, rule, labels, GATE) if not check.passed]

    assert failed(worse, named) == ["better_than_alias_rule"]
    assert failed(worse, named & (np.arange(len(labels)) < 50)[:, None]) == []
    assert failed(silent, np.zeros_like(named)) == ["better_than_nothing", "better_than_alias_rule"]


@pytest.mark.parametrize(
    ("p", "rejected"),
    [
        ([0.01, 0.04, 0.03], [True, False, False]),
        ([0.01, 0.02, 0.03], [True, True, True]),
        ([0.06], [False]),
        ([], []),
        ([0.0167, 0.0249, 0.05], [False, False, False]),
    ],
)
def test_holm_steps_down(p: list[float], rejected: list[bool]) -> None:
    assert holm(p, 0.05) == rejected
