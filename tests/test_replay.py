"""The replay of faults and honest nights: what it puts in and counts, and the gate over weeks of nights."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.replay import runs, tables
from benchmarks.replay.desk import Desk, desk_in, quality
from benchmarks.replay.faults import INSTEAD, Fault, Scene, flip, lose, lose_slowly, poison, rename
from benchmarks.replay.runs import Archive, Case, Night, SlowCase
from benchmarks.replay.year import dated
from classifier.domain.articles import Article
from classifier.domain.taxonomy import taxonomy_of
from classifier.training.settings import FitSettings, TrainingSettings
from tests.conftest import DESK_TAGS, EVAL_DATA
from tests.desk import QUICK
from tests.hard import HARD, told

LOST = 0.05  # F1

KNOWN = [
    Article(
        f"n-{number}", f"About {number}", f"First {number}. Second {number}. Third.", tags=tuple("abc"[: number % 4])
    )
    for number in range(80)
]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A desk with 80 articles: 60 have a, 40 have b, 20 have c."""
    with desk_in(tmp_path / "desk", taxonomy_of("abc")) as desk:
        desk.add(KNOWN)
        yield Scene(desk, KNOWN, ("a", "b"), seed=1)


def n_having(desk: Desk) -> Counter[str]:
    return Counter(tag for tags in desk.tags().values() for tag in tags)


# --- the faults ---


@pytest.mark.parametrize(
    ("harm", "left"),
    [
        (partial(lose, share=0.3), {"a": 42, "b": 28, "c": 20}),
        (partial(flip, share=0.3), {"a": 60, "b": 40, "c": 20}),
        (rename, {"a-instead": 60, "b-instead": 40, "c": 20}),
        (partial(poison, n=20), {"a": 60, "b": 60, "c": 20}),
    ],
)
def test_a_fault_changes_the_labels_of_the_tags_that_it_hurts_and_of_no_other(
    scene: Scene, harm: Callable[[Scene], object], left: dict[str, int]
) -> None:
    harm(scene)
    assert n_having(scene.desk) == left
    changed = {one.id for one in KNOWN if scene.desk.tags()[one.id] != frozenset(one.tags or ())}
    assert bool(changed) == (harm.__class__ is not partial or harm.func is not poison)  # type: ignore[attr-defined]


def test_flipped_labels_are_as_many_lost_as_won(scene: Scene) -> None:
    flip(scene, 0.3)
    tags = scene.desk.tags()
    lost = [one.id for one in KNOWN if "a" in (one.tags or ()) and "a" not in tags[one.id]]
    won = [one.id for one in KNOWN if "a" not in (one.tags or ()) and "a" in tags[one.id]]
    assert (len(lost), len(won)) == (18, 18)


def test_a_renamed_tag_stays_in_the_taxonomy_beside_its_new_id(scene: Scene) -> None:
    rename(scene)
    assert {tag.id for tag in scene.desk.taxonomy.tags} == {"a", "b", "c", "a" + INSTEAD, "b" + INSTEAD}


def test_what_is_lost_slowly_stays_lost(scene: Scene) -> None:
    before = scene.desk.tags()
    for night in (1, 2, 3):
        lose_slowly(replace(scene, night=night), 0.1)
        now = scene.desk.tags()
        assert n_having(scene.desk) == {"a": 60 - 6 * night, "b": 40 - 4 * night, "c": 20}
        assert all(now[key] <= before[key] for key in now)
        before = now


def test_poison_is_new_every_night(scene: Scene) -> None:
    for night in (1, 2):
        poison(replace(scene, night=night), 3)
    assert len(scene.desk.tags()) == len(KNOWN) + 6


# --- the counting ---


def test_quality_is_by_true_tags_where_something_was_suggested() -> None:
    suggested = {"n-1": frozenset("a"), "n-2": frozenset("a"), "n-3": frozenset("c"), "n-0": frozenset("c")}
    assert quality(suggested, KNOWN) == {"a": 0.8, "b": 0.0, "c": pytest.approx(2 / 3)}


CASE = Case(
    fault="60% lost",
    draw=0,
    tag="a",
    n_positive=40,
    honest=0.8,
    unguarded=0.6,
    guarded=0.78,
    check="tag_worse",
    outcome="promoted",
    blocked_by=[],
    others_held=[],
    n_fits=2,
)


@pytest.mark.parametrize(
    ("changes", "lost", "stopped", "named"),
    [
        ({}, True, True, True),
        ({"unguarded": 0.75}, False, True, True),
        ({"check": None}, True, False, False),
        ({"guarded": 0.6}, True, False, False),  # named, and yet what serves is worse
        ({"check": None, "outcome": "not promoted", "guarded": 0.1}, True, True, False),
    ],
)
def test_a_loss_is_stopped_if_it_was_seen_and_does_not_serve(
    changes: Any, lost: bool, stopped: bool, named: bool
) -> None:
    case: Case = {**CASE, **changes}
    assert (tables.lost(case), tables.is_stopped(case), tables.is_named(case)) == (lost, stopped, named)


@pytest.mark.parametrize(
    ("first", "labels", "f1", "warned", "verdicts"),
    [
        (5, 0.15, 0.0, None, (True, True, True)),
        (8, 0.24, 0.0, None, (True, False, False)),
        (8, 0.24, 0.0, 0.12, (True, False, True)),
        (9, 0.0, 0.3, 0.3, (True, False, False)),
        (None, 0.0, 0.02, None, (False, False, False)),
    ],
)
def test_a_slow_fault_is_found_in_time_before_a_fifth_is_gone(
    first: int | None, labels: float, f1: float, warned: float | None, verdicts: tuple[bool, bool, bool]
) -> None:
    case = SlowCase(
        fault="3%",
        draw=0,
        tag="a",
        n_positive=40,
        nights=9,
        n_refused=0,
        first=first,
        by=None,
        since=None,
        labels_gone=labels,
        quality_gone=f1,
        warned=warned,
        lost=0.0,
        others_held=[],
    )
    assert (tables.has_cost(case), tables.is_soon(case), tables.is_told_soon(case)) == verdicts


def test_nights_in_a_row_are_those_of_one_tag() -> None:
    held = (["a"], ["a", "b"], ["b"], [], ["b"], ["a"])
    nights = [Night(n_known=0, outcome="promoted", reason="", held=tags) for tags in held]
    assert tables.held_in_a_row(nights) == 2
    assert tables.held_in_a_row([]) == 0


def test_runs_of_two_archives_are_counted_apart() -> None:
    refused: Case = {**CASE, "outcome": "not promoted", "others_held": ["b"]}
    found = {name: {"faults": [refused, {**refused, "tag": "c"}]} for name in ("one", "other")}
    lines = tables.fault_table(found).splitlines()
    assert next(line for line in lines if line.startswith("| all")).endswith("| 4 | 4 | 4 | 0.80 → 0.60 | 0.78 | 2 |")
    assert lines[-1] == "In these 2 runs 2 tags were held that the fault was not put into."


def test_hurt_tags_are_of_all_sizes_and_have_something_to_lose(tmp_path: Path) -> None:
    archive = Archive("one", KNOWN, 80, 0, QUICK, tmp_path, tell=lambda _: None)
    for seed in range(5):
        assert runs.hurt_tags(archive, {"a": 0.9, "b": 0.1, "c": 0.5}, 2, seed) == (seed, ["a", "c"])


# --- weeks of nights ---


def an_archive(folder: Path, starter: list[Article]) -> Archive:
    """Return a small desk, in the hard form the archive digitalgov. Models are fitted as the product does it."""
    settings = TrainingSettings(fit=FitSettings(n_jobs=1), learning_curve=())
    if HARD and EVAL_DATA.is_dir():
        return Archive("digitalgov", dated(EVAL_DATA / "digitalgov"), 980, 20, settings, folder, tell=lambda _: None)
    articles = [replace(one, tags=tuple(tag for tag in one.tags or () if tag in DESK_TAGS)) for one in starter]
    random.Random(0).shuffle(articles)  # the dates of starter articles are invented
    return Archive("starter", articles, len(articles) - 60, 5, settings, folder, tell=lambda _: None)


@pytest.mark.slow
def test_honest_nights_hold_nearly_nothing_refuse_nothing_and_keep_every_fold(
    tmp_path: Path, articles: list[Article]
) -> None:
    archive = an_archive(tmp_path, articles)
    n_nights = 40 if archive.name == "digitalgov" else 8
    archive.begin()
    folds: dict[str, int] = {}
    nights = []
    with archive.desk() as desk:
        for night in range(1, n_nights + 1):
            nights.append(runs.honest_night(archive, desk, night))
            pointer = desk.registry.champion()
            assert pointer is not None
            learned = desk.registry.snapshot(pointer.version)
            assert learned is not None
            assert all(learned.folds[key] == fold for key, fold in folds.items())
            folds = learned.folds
    held = sum(len(night["held"]) for night in nights)
    told(f"honest nights of {archive.name}", f"{n_nights} nights", held, f"in a row {tables.held_in_a_row(nights)}")
    assert {night["outcome"] for night in nights} == {"promoted"}
    assert held <= max(1, n_nights / 10)
    assert tables.held_in_a_row(nights) < tables.N_IN_A_ROW


@pytest.mark.slow
def test_a_few_poisoned_articles_a_night_are_seen_since_the_anchor_though_no_night_sees_them(
    tmp_path: Path, articles: list[Article]
) -> None:
    archive, fault = an_archive(tmp_path, articles), Fault("3 poisoned articles a night", partial(poison, n=3))
    archive.begin()
    hurt, n_nights = runs.Hurt(0, ["pakistan", "trial"]), 6
    if archive.name == "digitalgov":
        archive, n_nights = replace(archive, n_nightly=30), 25
        hurt = runs.hurt_tags(archive, archive.honest_quality(serving=False), 4, 0)
    cases = runs.slow_fault(archive, fault, hurt, n_nights, goal=1.0)
    n_found = sum(case["first"] is not None for case in cases)
    told(
        "3 poisoned articles a night",
        f"{len(cases)} tags",
        len(cases) - n_found,
        str([(case["first"], round(case["lost"], 3)) for case in cases]),
    )
    assert {case["since"] for case in cases if case["first"] is not None} == {"anchor"}
    assert [case for case in cases if case["first"] is None and case["lost"] > LOST] == []
