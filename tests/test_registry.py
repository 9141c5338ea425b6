"""The registry: versions, the champion, its history, the way back, and what serves while something is wrong."""

from __future__ import annotations

import gc
import json
import os
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from classifier.domain.articles import Article
from classifier.domain.snapshots import CrossValidated, Snapshot, snapshot_of
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import BadModel, BadSetting, Busy, NoModel, NotFound
from classifier.model.files import manifest_digest
from classifier.model.retagging import retagged
from classifier.model.tag_model import TagModel
from classifier.serving.champion import (
    PROMOTE,
    ROLL_BACK,
    TRAIN,
    Champion,
    anchors,
    champion_at,
    read_history,
    rolled_back,
)
from classifier.serving.registry import Registry
from classifier.serving.serving import POLL_SECONDS, Serving
from classifier.training.fitting import Fitted


@pytest.fixture
def second(registry: Registry, fitted: Fitted, taxonomy: Taxonomy) -> str:
    """A second version in the registry, with one tag less; not promoted."""
    smaller = Taxonomy(taxonomy.tags[:-1], taxonomy.kinds)
    return registry.save(retagged(fitted.model, smaller))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """The clock by which `Serving` looks at the pointer; call it to let seconds pass."""
    at = [1000.0]
    monkeypatch.setattr("classifier.serving.serving.time.monotonic", lambda: at[0])

    def passes(seconds: float) -> None:
        at[0] += seconds

    return passes


def first(registry: Registry) -> str:
    champion = registry.champion()
    assert champion is not None
    return champion.version


def damage(registry: Registry, version: str, name: str = "weights.npy") -> None:
    path = registry.folder / version / name
    path.write_bytes(path.read_bytes()[:-1])


# --- versions ---


def test_saving_names_a_version_in_the_card_and_leaves_the_champion(registry: Registry, second: str) -> None:
    assert first(registry) != second
    assert registry.versions() == sorted([first(registry), second])
    assert registry.card(second)["version"] == second
    assert registry.card(second)["created_at"].endswith("+00:00")


def test_saving_the_same_model_twice_makes_two_versions(registry: Registry, fitted: Fitted) -> None:
    model = TagModel(
        fitted.model.parameters, fitted.model.terms, fitted.model.title_terms, fitted.model.taxonomy, card={}
    )
    versions = [registry.save(model) for _ in range(3)]
    assert len(set(versions)) == 3
    assert registry.versions()[1:] == versions  # oldest first, also within one second


def test_the_table_lists_versions_newest_first_with_one_champion(registry: Registry, second: str) -> None:
    rows = registry.table()
    assert [row["version"] for row in rows] == [*reversed(registry.versions())]
    assert {row["version"]: row["champion"] for row in rows} == {second: False, first(registry): True}
    n_tags = {row["version"]: row["n_tags"] for row in rows}
    assert n_tags[second] == n_tags[first(registry)] - 1
    assert 0 < rows[1]["micro_f1"] <= 1


def test_a_version_without_a_readable_card_is_listed_all_the_same(registry: Registry, second: str) -> None:
    (registry.folder / second / "card.json").write_text("{", encoding="utf-8")
    row = next(row for row in registry.table() if row["version"] == second)
    assert row["n_articles"] is None


def test_an_empty_registry_lists_nothing_and_makes_no_folder(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "models")
    assert (registry.versions(), registry.table(), registry.history(), registry.champion()) == ([], [], [], None)
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    "version", ["20200101-000000-00000000", "..", ".", "", "../models", "champion.json", "x" * 300]
)
def test_a_version_that_is_not_there_is_not_found(registry: Registry, version: str) -> None:
    for ask in (registry.load, registry.card, lambda v: registry.promote(v, "tests", "no")):
        with pytest.raises(NotFound, match="models list"):
            ask(version)


# --- promoting and rolling back ---


def test_without_a_promotion_there_is_no_champion_and_the_next_step_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoModel, match="python -m classifier train"):
        Registry(tmp_path).load_champion()


def test_promoting_points_to_the_version_with_digest_predecessor_and_reason(registry: Registry, second: str) -> None:
    before = first(registry)
    promoted = registry.promote(second, "ed4", "fewer tags")
    assert registry.champion() == promoted
    assert (promoted.version, promoted.previous, promoted.by, promoted.why) == (second, before, "ed4", "fewer tags")
    assert promoted.digest == manifest_digest(registry.folder / second)
    assert registry.load_champion().version == second


def test_promoting_the_champion_again_keeps_its_predecessor(registry: Registry, second: str) -> None:
    before = first(registry)
    registry.promote(second, "ed4", "fewer tags")
    assert registry.promote(second, "ed4", "once more").previous == before


def test_a_damaged_version_is_not_promoted_and_the_champion_stays(registry: Registry, second: str) -> None:
    before = registry.champion()
    damage(registry, second)
    with pytest.raises(BadModel, match=r"weights\.npy was changed"):
        registry.promote(second, "ed4", "fewer tags")
    assert registry.champion() == before
    assert len(registry.history()) == 1


def test_rolling_back_makes_the_predecessor_champion_again(registry: Registry, second: str) -> None:
    before = first(registry)
    registry.promote(second, "ed4", "fewer tags")
    back = registry.roll_back("ed5", "too few")
    assert (back.version, back.previous, back.by, back.why) == (before, second, "ed5", "too few")
    assert registry.load_champion().version == before


def test_rolling_back_without_a_predecessor_is_refused(registry: Registry, tmp_path: Path) -> None:
    for one in (registry, Registry(tmp_path / "empty")):
        with pytest.raises(NotFound, match="no earlier champion"):
            one.roll_back("ed5", "why not")


def test_rolling_back_works_from_a_damaged_champion_and_not_to_a_damaged_one(registry: Registry, second: str) -> None:
    before = first(registry)
    registry.promote(second, "ed4", "fewer tags")
    damage(registry, second)
    assert registry.roll_back("ed5", "it is damaged").version == before
    third = registry.save(registry.load_champion())
    registry.promote(third, "ed4", "the same once more")
    damage(registry, before)
    with pytest.raises(BadModel, match=before):
        registry.roll_back("ed5", "and back")
    assert first(registry) == third


def test_what_was_rolled_back_does_not_come_back_by_rolling_back_twice(registry: Registry, second: str) -> None:
    before = first(registry)
    registry.promote(second, "ed4", "fewer tags")
    registry.roll_back("ed5", "too few")
    with pytest.raises(NotFound, match=f"{second}, was rolled back itself.*models promote VERSION"):
        registry.roll_back("ed6", "too few")
    assert first(registry) == before
    assert rolled_back(registry.history()) == [second]


def test_the_history_tells_every_change_in_order(registry: Registry, second: str) -> None:
    before = first(registry)
    registry.promote(second, "ed4", "fewer tags")
    registry.roll_back("ed5", "zu wenige: „zurück“")
    told = [(row.version, row.previous, row.by, row.why) for row in registry.history()]
    assert told == [
        (before, None, "tests", "fitted for the tests"),
        (second, before, "ed4", "fewer tags"),
        (before, second, "ed5", "zu wenige: „zurück“"),
    ]


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", '{"version": "x", "colour": "red"}'])
def test_an_unreadable_pointer_is_refused_by_name_with_the_next_step(registry: Registry, content: str) -> None:
    (registry.folder / "champion.json").write_text(content, encoding="utf-8")
    with pytest.raises(BadModel, match=r"champion\.json cannot be read .*models promote VERSION"):
        registry.champion()


@pytest.mark.slow
def test_promoting_mends_an_unreadable_pointer_as_its_message_says(registry: Registry, second: str) -> None:
    before = first(registry)
    (registry.folder / "champion.json").write_text("{", encoding="utf-8")
    assert registry.promote(second, "ed4", "mended").previous == before
    assert registry.load_champion().version == second


def test_an_unfinished_write_beside_the_pointer_changes_nothing(registry: Registry) -> None:
    before = registry.champion()
    (registry.folder / "champion.new").write_text('{"version": "half', encoding="utf-8")
    assert registry.champion() == before


def test_promotions_from_four_threads_leave_one_whole_history(registry: Registry, second: str) -> None:
    versions = [first(registry), second]
    failures: list[Exception] = []

    def promote(number: int) -> None:
        try:
            for turn in range(5):
                registry.promote(versions[(number + turn) % 2], f"thread {number}", "turn")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=promote, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    champion = registry.champion()
    assert failures == []
    assert champion is not None
    assert len(registry.history()) == 21
    assert registry.history()[-1] == champion


# --- serving ---


def test_serving_loads_the_champion_once(registry: Registry, clock: Callable[[float], None]) -> None:
    serving = Serving(registry)
    model = serving.model()
    clock(10 * POLL_SECONDS)
    assert serving.model() is model
    assert model.version == first(registry)


def test_serving_takes_up_a_new_champion_within_the_poll_time_and_not_at_every_request(
    registry: Registry, second: str, clock: Callable[[float], None]
) -> None:
    serving = Serving(registry)
    before = serving.model()
    registry.promote(second, "ed4", "fewer tags")
    assert serving.model() is before
    clock(POLL_SECONDS)
    assert serving.settled().version == second
    registry.roll_back("ed5", "too few")
    clock(POLL_SECONDS)
    assert serving.settled().version == before.version


@pytest.mark.slow
def test_a_champion_that_was_replaced_is_freed_though_the_collector_leaves_it_alone(
    registry: Registry, second: str, clock: Callable[[float], None]
) -> None:
    serving = Serving(registry, long_lived=True)
    try:
        model = serving.model()
        model.suggest(Article(body="ISKP claimed the attack on the mosque in Kabul."))
        alive = weakref.ref(model.fitted.parameters.weights)
        del model
        registry.promote(second, "ed4", "fewer tags")
        clock(POLL_SECONDS)
        assert serving.settled().version == second
        assert alive() is None
    finally:
        gc.unfreeze()


def test_a_damaged_champion_leaves_the_previous_one_serving_and_says_why(
    registry: Registry, second: str, clock: Callable[[float], None]
) -> None:
    serving = Serving(registry)
    before = serving.model()
    registry.promote(second, "ed4", "fewer tags")
    damage(registry, second, "terms.txt")
    clock(POLL_SECONDS)
    assert serving.settled() is before
    assert serving.problem is not None
    assert second in serving.problem
    assert "terms.txt was changed" in serving.problem


def test_the_problem_is_over_when_a_sound_champion_is_promoted(
    registry: Registry, second: str, clock: Callable[[float], None]
) -> None:
    serving = Serving(registry)
    before = serving.model()
    registry.promote(second, "ed4", "fewer tags")
    damage(registry, second)
    clock(POLL_SECONDS)
    serving.settled()
    registry.roll_back("ed5", "it is damaged")
    clock(POLL_SECONDS)
    assert serving.settled().version == before.version
    assert serving.problem is None


def test_a_damaged_pointer_leaves_the_champion_serving_and_says_why(
    registry: Registry, clock: Callable[[float], None]
) -> None:
    serving = Serving(registry)
    before = serving.model()
    (registry.folder / "champion.json").write_text("{", encoding="utf-8")
    clock(POLL_SECONDS)
    assert serving.settled() is before
    assert "champion.json cannot be read" in str(serving.problem)


def test_a_pointer_that_is_taken_away_ends_the_serving(registry: Registry, clock: Callable[[float], None]) -> None:
    serving = Serving(registry)
    serving.model()
    (registry.folder / "champion.json").unlink()
    clock(POLL_SECONDS)
    with pytest.raises(NoModel):
        serving.settled()


def test_a_damaged_champion_with_nothing_before_it_is_refused_until_it_is_mended(
    registry: Registry, clock: Callable[[float], None]
) -> None:
    serving = Serving(registry)
    path = registry.folder / first(registry) / "idf.npy"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    for _ in range(2):
        with pytest.raises(BadModel, match=r"idf\.npy was changed"):
            serving.model()
        clock(POLL_SECONDS)
    path.write_bytes(whole)
    assert serving.model().version == first(registry)
    assert serving.problem is None


def test_the_first_promotion_is_taken_up_by_a_service_that_had_no_model(
    tmp_path: Path, fitted: Fitted, clock: Callable[[float], None]
) -> None:
    registry = Registry(tmp_path / "models")
    serving = Serving(registry)
    with pytest.raises(NoModel, match="python -m classifier train"):
        serving.model()
    version = registry.save(retagged(fitted.model, fitted.model.taxonomy))
    registry.promote(version, "tests", "the first")
    clock(POLL_SECONDS)
    assert serving.model().version == version


@pytest.mark.slow
def test_threads_that_ask_while_the_champion_changes_always_get_a_whole_model(
    registry: Registry, second: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classifier.serving.serving.POLL_SECONDS", 0.0)
    versions = {first(registry), second}
    serving = Serving(registry)
    seen: list[str] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            seen.append(serving.model().version)
            time.sleep(0.001)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(4):
        registry.promote(second, "ed4", "turn")
        registry.roll_back("ed5", "turn")
    done.set()
    for thread in threads:
        thread.join(60)
    assert set(seen) <= versions
    assert len(seen) >= 4


def test_a_torn_line_of_the_history_is_left_out_and_spoils_no_later_one(registry: Registry, second: str) -> None:
    path = registry.folder / "history.jsonl"
    path.write_bytes(path.read_bytes() + b'\xff\n{"version": "x"}\n{"version": "2024')
    (registry.folder / "champion.json").write_text("{", encoding="utf-8")
    before = registry.history()
    promoted = registry.promote(second, "tests", "mended")
    rows, damaged = read_history(registry.folder)
    assert damaged == [2, 3, 4]
    assert rows == [*before, promoted]
    assert promoted.previous == before[-1].version


def test_versions_are_listed_also_where_the_pointer_cannot_be_read(registry: Registry) -> None:
    (registry.folder / "champion.json").write_text("{", encoding="utf-8")
    assert [row["champion"] for row in registry.table()] == [False]


def test_a_request_during_the_load_is_answered_by_the_model_before(
    registry: Registry, second: str, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    serving = Serving(registry)
    before = serving.model()
    registry.promote(second, "ed4", "fewer tags")
    gate = threading.Event()
    load = registry.load_champion

    def slow() -> TagModel:
        gate.wait(60)
        return load()

    monkeypatch.setattr(registry, "load_champion", slow)
    clock(POLL_SECONDS)
    assert serving.model() is before
    clock(POLL_SECONDS)
    assert serving.model() is before  # and a second request starts no second load
    gate.set()
    assert serving.settled().version == second


def test_requests_that_come_while_the_first_model_is_loaded_wait_for_it(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving, load = Serving(registry), registry.load_champion

    def slow() -> TagModel:
        time.sleep(0.2)
        return load()

    monkeypatch.setattr(registry, "load_champion", slow)
    with ThreadPoolExecutor(4) as pool:
        versions = {model.version for model in pool.map(lambda _: serving.model(), range(4))}
    assert versions == {first(registry)}


def test_weights_of_the_model_before_are_unmapped(
    registry: Registry, second: str, clock: Callable[[float], None]
) -> None:
    serving = Serving(registry)
    old = serving.model().version
    registry.promote(second, "ed4", "fewer tags")
    clock(POLL_SECONDS)
    serving.settled()
    mapped = Path("/proc/self/maps").read_text(encoding="utf-8")
    assert f"{registry.folder}/{second}/weights.npy" in mapped
    assert f"{registry.folder}/{old}/" not in mapped


# --- what is kept of the past ---


def test_history_tells_what_served_at_a_time(registry: Registry, second: str) -> None:
    registry.promote(second, "ed4", "fewer tags")
    rows = registry.history()
    assert champion_at(registry.history(), "2001-01-01") is None
    assert champion_at(registry.history(), "2999-01-01T00:00:00+01:00") == rows[-1]
    with pytest.raises(BadSetting, match="'yesterday' is not a time"):
        champion_at(registry.history(), "yesterday")


def test_a_version_that_was_rolled_back_is_known_until_somebody_promotes_it(registry: Registry, second: str) -> None:
    assert rolled_back(registry.history()) == []
    registry.promote(second, "ed4", "fewer tags")
    registry.roll_back("ed5", "worse on sports")
    assert rolled_back(registry.history()) == [second]
    registry.promote(second, "ed5", "after all")
    assert rolled_back(registry.history()) == []


def test_promotion_instead_of_another_champion_is_refused(registry: Registry, second: str) -> None:
    before = registry.champion()
    with pytest.raises(Busy, match="The champion was changed meanwhile"):
        registry.promote(second, "retrain", "better", instead_of=second)
    assert registry.champion() == before
    assert registry.promote(second, "retrain", "better", instead_of=first(registry)).version == second


def test_sweeping_leaves_the_champion_its_predecessor_pinned_and_the_newest_versions(
    registry: Registry, second: str
) -> None:
    model = registry.load(second)
    for _ in range(4):
        registry.save(model)
    pinned, *others = registry.versions()
    swept, before, serves, newest = others[0], others[1], others[2], others[3:]
    registry.promote(before, "ed4", "one")
    registry.promote(serves, "ed4", "two")
    registry.pin(pinned)
    assert registry.sweep(len(newest)) == [swept]
    assert registry.versions() == [pinned, before, serves, *newest]
    assert registry.load_champion().version == serves
    registry.pin(pinned, keep=False)
    assert registry.sweep(1) == [pinned, *newest[:-1]]
    assert registry.sweep(0) == []


def test_what_a_version_learned_from_is_kept_beside_it(registry: Registry, articles: list[Article]) -> None:
    snapshot = snapshot_of(articles)
    of_first = replace(snapshot.articles[articles[0].id], part="held out")  # as earlier programs wrote it
    snapshot = Snapshot({**snapshot.articles, articles[0].id: of_first})
    version = registry.save(registry.load_champion(), snapshot)
    read = registry.snapshot(version)
    assert read == snapshot
    assert read is not None
    assert read.trained == {article.id for article in articles[1:]}
    assert registry.snapshot(first(registry)) is None


# --- the anchor ---

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def served(version: str, days_ago: int, action: str = PROMOTE) -> Champion:
    return Champion(version, "", None, "", (NOW - timedelta(days=days_ago)).isoformat(), "", action)


def test_the_anchor_is_the_champion_of_four_weeks_ago_and_then_those_after_it() -> None:
    history = [served("a", 60), served("b", 40), served("c", 27), served("d", 3), served("e", 1)]
    assert anchors(history, NOW) == ["b", "c", "d"]
    assert anchors(history[2:], NOW) == ["c", "d"]  # the history is younger: its first champion
    assert anchors(history[:2], NOW) == []  # the champion of four weeks ago still serves
    assert anchors([], NOW) == []


def test_a_version_that_was_rolled_back_is_no_anchor() -> None:
    history = [served("a", 40), served("b", 30), served("a", 29, ROLL_BACK), served("c", 2)]
    assert anchors(history, NOW) == ["a"]
    assert anchors([served("a", 40), served("b", 20), served("a", 19, ROLL_BACK), served("c", 2)], NOW) == ["a"]


def test_a_training_by_hand_begins_anew() -> None:
    history = [served("a", 40), served("b", 9, TRAIN), served("c", 8), served("d", 1)]
    assert anchors(history, NOW) == ["b", "c"]


def test_the_snapshot_of_an_anchor_outlives_its_version(registry: Registry, articles: list[Article]) -> None:
    model, snapshot = registry.load_champion(), snapshot_of(articles[:9])
    snapshot = snapshot.with_validated(dict.fromkeys(snapshot.articles, CrossValidated(1, ("attack",))))
    versions = sorted(registry.save(model, snapshot) for _ in range(5))
    days = dict(zip(versions[:4], (60, 40, 20, 2), strict=True))
    history = [served(version, days_ago) for version, days_ago in days.items()]
    ago = datetime.now(UTC) - NOW
    lines = (asdict(row) | {"at": (datetime.fromisoformat(row.at) + ago).isoformat()} for row in history)
    (registry.folder / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    registry.promote(versions[4], "tests", "now")
    registry.sweep(1)
    assert not {*versions[:3]} & {*registry.versions()}
    assert registry.snapshots() == versions[1:]  # that of the first one is gone with it
    anchor = registry.anchor()
    assert anchor is not None
    assert (anchor.version, anchor.snapshot) == (versions[1], snapshot)


@pytest.mark.slow
def test_a_version_without_known_suggestions_is_no_anchor(registry: Registry, articles: list[Article]) -> None:
    model, snapshot = registry.load_champion(), snapshot_of(articles[:9])
    old = registry.save(model, snapshot)
    known = registry.save(model, snapshot.with_validated({articles[0].id: CrossValidated(0, ())}))
    for version in (old, known, first(registry)):
        registry.promote(version, "tests", "in turn")
    anchor = registry.anchor()
    assert anchor is not None
    assert anchor.version == known
    with pytest.raises(BadSetting, match=f"TAGGER_ANCHOR names '{old}'"):
        registry.anchor(old)


def test_a_snapshot_without_its_version_goes_a_day_later(registry: Registry, articles: list[Article]) -> None:
    snapshot_of(articles[:9]).write(registry.folder / "snapshots" / "20200101-000000-00000000.jsonl.gz")
    registry.sweep(1)
    assert "20200101-000000-00000000" in registry.snapshots()  # another process may be saving the version
    os.utime(registry.folder / "snapshots" / "20200101-000000-00000000.jsonl.gz", (1, 1))
    registry.sweep(1)
    assert "20200101-000000-00000000" not in registry.snapshots()
