"""The checks of the gate: what counts as a loss, on how much evidence, and which losses could not be seen."""

from __future__ import annotations

import numpy as np
import pytest

from classifier.gate.settings import GateSettings
from classifier.gate.tags import TagChange, compare_tags, smallest_loss
from classifier.gate.whole import (
    Check,
    Costs,
    blind_recall,
    calibration,
    compare_with_rule,
    costs,
    served,
    served_sample,
    total,
    unknown,
)
from tests.hard import size

N_TAGS = 40
IDS = [f"tag-{number}" for number in range(N_TAGS)]
GATE = GateSettings()


def desk(n: int = 1000, rate: float = 0.05, seed: int = 0) -> np.ndarray:
    """Return labels at random, (n, N_TAGS) int8."""
    return (np.random.default_rng(seed).random((n, N_TAGS)) < rate).astype(np.int8)


def suggested(labels: np.ndarray, recall: float = 0.7, seed: int = 1, noise: float = 0.01) -> np.ndarray:
    """Return what a model suggests that finds a share of the right tags, and gives some wrong ones."""
    draws = np.random.default_rng(seed).random(labels.shape)
    return np.where(labels == 1, draws < recall, draws < noise)


def again(before: np.ndarray, share: float = 0.01, seed: int = 9) -> np.ndarray:
    """Return what the next night's model suggests: some pairs change by chance, in both directions alike."""
    draws = np.random.default_rng(seed).random(before.shape)
    return np.where(draws < share * before.mean(), ~before, before ^ (before & (draws < share)))


def losing(before: np.ndarray, labels: np.ndarray, tag: int, n: int) -> np.ndarray:
    """Return the same suggestions without a tag on the first of the articles on which it is right."""
    after = before.copy()
    after[np.flatnonzero(before[:, tag] & (labels[:, tag] == 1))[:n], tag] = False
    return after


def worse(changes: list[TagChange]) -> list[str]:
    return [change.tag for change in changes if change.is_loss(GATE.tag_surely)]


# --- tags ---


def test_a_tag_that_surely_loses_more_than_the_margin_is_named_and_no_other() -> None:
    labels = desk()
    before = suggested(labels)
    after = losing(again(before), labels, 7, 20)
    changes = compare_tags(before, after, labels, IDS, GATE.tag_margin)
    assert worse(changes) == ["tag-7"]
    change = changes[7]
    assert (change.n_lost >= 20, change.support) == (True, int((labels[:, 7] == 1).sum()))
    assert change.interval is not None
    assert change.interval[1] < change.challenger - change.champion + 0.2
    figure = change.figure("champion")
    assert f"{change.n_lost} of {change.n_found} found articles are lost" in figure
    wrong = tuple(int((part & (labels == 0))[:, 7].sum()) for part in (before, after))
    assert (change.n_wrong_before, change.n_wrong) == wrong
    assert figure.endswith(f"wrong suggestions {wrong[0]} -> {wrong[1]}")


def test_equal_and_better_models_need_no_draws() -> None:
    labels = desk()
    before = suggested(labels)
    for after in (before, before | (labels == 1)):
        changes = compare_tags(before, after, labels, IDS, GATE.tag_margin)
        assert {(change.interval, change.p) for change in changes} == {(None, 1.0)}


def test_a_loss_within_the_margin_holds_nothing_however_sure_it_is() -> None:
    labels = np.zeros((20_000, 1), dtype=np.int8)
    labels[:10_000] = 1
    before = labels == 1
    after = before.copy()
    after[:400] = False  # F1 1.00 -> .98
    assert worse(compare_tags(before, after, labels, ["one"], GATE.tag_margin)) == []
    assert worse(compare_tags(before, after, labels, ["one"], 0.01)) == ["one"]


def test_a_share_of_f1_is_surely_lost_by_a_weak_tag_before_a_fixed_margin_is() -> None:
    labels = np.zeros((1000, 1), dtype=np.int8)
    labels[:34] = 1
    before = np.arange(1000)[:, None] < 12
    before[100:112] = True
    after = before.copy()
    after[112:127] = True  # F1 .41 -> .33
    by_margin, by_share = (compare_tags(before, after, labels, ["one"], 0.05, share)[0] for share in (None, 0.05))
    assert (by_margin.is_loss(0.99), by_share.is_loss(0.99)) == (False, True)
    after = before.copy()
    after[112:117] = True  # F1 .41 -> .38, which is surely more than a twentieth, and yet little
    assert not compare_tags(before, after, labels, ["one"], 0.05, 0.05)[0].is_loss(0.99)


def test_a_tag_with_few_articles_is_held_only_if_nearly_all_are_lost() -> None:
    labels = np.zeros((500, 1), dtype=np.int8)
    labels[:12] = 1
    before = (labels == 1) & (np.arange(500) < 10)[:, None]
    losses = [bool(worse(compare_tags(before, losing(before, labels, 0, n), labels, ["one"], 0.03))) for n in range(11)]
    assert losses == [False] * 4 + [True] * 7
    labels[3:] = 0  # three articles: not even the loss of all is beyond chance
    before = labels == 1
    assert worse(compare_tags(before, np.zeros_like(before), labels, ["one"], 0.03)) == []


def test_false_alarms_are_a_loss_too() -> None:
    labels = desk()
    before = suggested(labels)
    after = before.copy()
    after[np.flatnonzero(labels[:, 3] == 0)[:60], 3] = True
    assert worse(compare_tags(before, after, labels, IDS, GATE.tag_margin)) == ["tag-3"]


def test_a_tag_that_falls_silent_is_a_loss_though_it_is_right_more_often() -> None:
    """Counted plainly, silence wins: 30 false alarms less, 18 found articles less."""
    labels = np.zeros((1000, 1), dtype=np.int8)
    labels[:40] = 1
    before = np.arange(1000)[:, None] < 18
    before[100:135] = True
    assert worse(compare_tags(before, np.zeros_like(before), labels, ["one"], GATE.tag_margin)) == ["one"]


def test_what_is_unknown_counts_for_nobody() -> None:
    labels = desk()
    before = suggested(labels)
    labels[:, 7] = -1
    labels[:2, 7] = 1
    assert worse(compare_tags(before, losing(before, np.ones_like(labels), 7, 1000), labels, IDS, 0.03)) == []


@pytest.mark.slow
def test_honest_nights_hold_nearly_nothing() -> None:
    n_nights = size(10, 35)
    n_held = 0
    for seed in range(n_nights):
        labels = desk(seed=seed)
        before = suggested(labels, seed=seed + 100)
        n_held += len(worse(compare_tags(before, again(before, 0.03, seed + 200), labels, IDS, GATE.tag_margin)))
    assert n_held <= n_nights / 10


@pytest.mark.parametrize("recall", [0.3, 0.7, 1.0])
@pytest.mark.parametrize("rate", [0.012, 0.05, 0.3])
def test_the_smallest_loss_closes_the_gate_and_two_articles_less_do_not(rate: float, recall: float) -> None:
    labels = desk(rate=rate)
    before = suggested(labels, recall)
    after = again(before)
    for tag in range(0, N_TAGS, 8):
        least = smallest_loss(before[:, tag], after[:, tag], labels[:, tag], GATE.tag_margin, GATE.tag_surely)
        if least is None:
            assert not worse_by(before, after, labels, tag, int((after[:, tag] & (labels[:, tag] == 1)).sum()))
            continue
        assert worse_by(before, after, labels, tag, least)
        assert not worse_by(before, after, labels, tag, least - 2)


def worse_by(before: np.ndarray, after: np.ndarray, labels: np.ndarray, tag: int, n: int) -> bool:
    both = np.flatnonzero(before[:, tag] & after[:, tag] & (labels[:, tag] == 1))
    alone = np.flatnonzero(~before[:, tag] & after[:, tag] & (labels[:, tag] == 1))
    lost = after.copy()
    lost[np.concatenate([both, alone])[: max(0, n)], tag] = False
    (change,) = compare_tags(before[:, [tag]], lost[:, [tag]], labels[:, [tag]], ["one"], GATE.tag_margin)
    return bool(worse([change]))


def test_a_loss_that_cannot_be_seen_is_said() -> None:
    labels = np.zeros((500, 1), dtype=np.int8)
    labels[:3] = 1
    right = labels == 1
    assert smallest_loss(right[:, 0], right[:, 0], labels[:, 0], 0.03, 0.98) is None
    nothing = np.zeros(500, dtype=bool)
    assert smallest_loss(right[:, 0], nothing, labels[:, 0], 0.03, 0.98) is None


# --- the whole ---


def test_a_total_that_falls_surely_closes_the_gate() -> None:
    labels = desk()
    before = suggested(labels)
    assert total(before, before, labels, GATE).passed
    check = total(before, suggested(labels, 0.65), labels, GATE)
    assert not check.passed
    assert "->" in check.figure


def test_scores_that_mean_less_close_the_gate() -> None:
    labels = desk()
    right = labels == 1
    both = right, right
    bold, honest = np.where(right, 0.6, 0.01), np.where(right, 0.99, 0.01)
    for before_honest, before_bold in ((honest, bold), (0.01, 0.4)):
        assert not calibration(before_honest, bold, both, labels, GATE).passed
        assert calibration(before_bold, honest, both, labels, GATE).passed


def test_recall_of_blind_articles_is_looked_at_where_there_are_enough() -> None:
    labels = desk()[:60]
    before = labels == 1
    after = before & (np.random.default_rng(3).random(before.shape) < 0.7)
    assert not blind_recall(before, after, labels, GATE).passed
    assert blind_recall(before, before, labels, GATE).passed
    few = blind_recall(before[:3], after[:3], labels[:3], GATE)
    assert few.passed
    assert "not measured" in few.figure


def only_positives(labels: np.ndarray) -> np.ndarray:
    """Return labels as a CMS tells them that lists tags and never says that they are all."""
    return np.where(labels == 1, 1, -1).astype(np.int8)


def test_where_only_right_tags_are_known_a_model_that_suggests_everything_is_refused() -> None:
    labels = only_positives(desk())
    before, everything = suggested(desk()), np.ones(labels.shape, dtype=bool)
    assert not unknown(before, everything, labels, GATE).passed
    assert unknown(before, suggested(desk(), 0.85), labels, GATE).passed
    assert "unknown" in failed(compare_with_rule(labels == 1, everything, labels, GATE))


def test_tags_that_the_champion_lacks_may_be_suggested_though_nobody_knows() -> None:
    labels, old = only_positives(desk()), np.arange(N_TAGS) < 20
    before = suggested(desk()) & old
    assert unknown(before, before | ~old, labels, GATE, shared=old).passed
    assert not unknown(before, before | ~old, labels, GATE).passed


@pytest.mark.parametrize(("dear", "check"), [(Costs(1000.0, 1.0), "size"), (Costs(10.0, 1000.0), "latency")])
def test_what_costs_too_much_closes_the_gate(dear: Costs, check: str) -> None:
    assert failed(costs(Costs(10.0, 1.0), dear, GATE)) == [check]


def failed(checks: list[Check]) -> list[str]:
    return [check.check for check in checks if not check.passed]


def test_the_first_must_beat_nothing_and_the_mere_naming_of_tags() -> None:
    labels = desk()
    named, model = labels == 1, suggested(labels, 0.5)
    assert failed(compare_with_rule(named, model, labels, GATE)) == ["better_than_alias_rule"]
    assert failed(compare_with_rule(named & (np.arange(len(labels)) < 50)[:, None], model, labels, GATE)) == []
    silent = np.zeros_like(named)
    assert failed(compare_with_rule(silent, silent, labels, GATE)) == ["better_than_nothing", "better_than_alias_rule"]


def test_a_served_model_with_two_columns_swapped_is_refused_by_the_names_of_both() -> None:
    labels = desk()
    validated, learned = suggested(labels, 0.7), suggested(labels, 0.98, seed=5, noise=0.0)
    assert [check.passed for check in served(validated, learned, labels, IDS, GATE)] == [True]
    swapped = learned.copy()
    swapped[:, [3, 7]] = learned[:, [7, 3]]
    checks = served(validated, swapped, labels, IDS, GATE)
    assert [(check.tag, check.passed) for check in checks] == [("tag-3", False), ("tag-7", False)]


def test_the_served_model_is_looked_at_on_some_articles_of_every_tag() -> None:
    labels = desk(3000, rate=0.02)
    labels[:, 0] = 0
    labels[[5, 2500], 0] = 1
    place = np.random.default_rng(0).permutation(3000)
    rows = served_sample(labels, place, 500, 5)
    assert len(rows) == 500
    assert {5, 2500} <= set(rows.tolist())
    assert ((labels[rows] == 1).sum(axis=0) >= np.minimum(5, (labels == 1).sum(axis=0))).all()
    assert len(served_sample(labels[:80], np.arange(80), 500, 5)) == 80
