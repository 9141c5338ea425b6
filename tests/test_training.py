"""Retraining from end to end: what a run learns from, what it proves, and what closes its gate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import compress
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from sqlalchemy import update

from classifier.domain.articles import Article
from classifier.domain.operations import Retire
from classifier.domain.progress import untracked
from classifier.domain.snapshots import Snapshot, snapshot_of
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.domain.unreadable import Unreadable
from classifier.errors import BadModel, Busy, NotFound
from classifier.gate.settings import GateSettings
from classifier.model.retagging import retagged
from classifier.model.tag_model import TagModel
from classifier.serving.taxonomy import change, take_over
from classifier.store.log import Draft
from classifier.store.runs import FAILED, JOB, NOT_PROMOTED, PROMOTED, SKIPPED
from classifier.store.schema import articles as table
from classifier.training.checks import CheckSettings
from classifier.training.fitting import Fitted
from classifier.training.judging import compare_models, costs_of, named_tags, shared_tags
from classifier.training.retraining import retrain
from classifier.training.run_result import strongest_terms
from tests.desk import N_LATER, QUICK, Desk, flipped, in_folder, with_block

LENIENT = replace(QUICK, gate=GateSettings(margin=0.5, tag_margin=1.0, calibration=1.0))
FLIPPED = "attack"
BLOCK = "Related: Islamic State"


@pytest.fixture
def fresh(tmp_path: Path, taxonomy: Taxonomy) -> Iterator[Desk]:
    """A desk that has nothing yet."""
    with in_folder(tmp_path, taxonomy) as desk:
        yield desk


def learned(desk: Desk) -> Snapshot:
    """Return what the champion learned from."""
    snapshot = desk.registry.snapshot(str(desk.champion))
    assert snapshot is not None
    return snapshot


# --- the first run ---


def test_the_first_run_promotes_what_beats_the_alias_rule_and_says_so(desk: Desk) -> None:
    record = desk.store.runs.list(JOB)[0]
    assert (record.outcome, record.version) == (PROMOTED, desk.champion)
    assert "micro-F1" in record.reason
    assert record.result is not None
    gate = {one["check"]: one for one in record.result["details"]["gate"]}
    assert gate["better_than_alias_rule"]["passed"]
    assert "alias rule alone" in gate["better_than_alias_rule"]["figure"]
    pointer = desk.registry.champion()
    assert pointer is not None
    assert (pointer.by, pointer.why) == ("retrain", record.reason)


def test_a_model_learns_from_all_examples_and_each_has_a_fold(desk: Desk, dated: list[Article]) -> None:
    snapshot = learned(desk)
    assert snapshot.trained == snapshot.folds.keys() == {one.id for one in dated[:-N_LATER]}
    card = desk.registry.card(str(desk.champion))
    assert (card["n_articles"], card["data"]) == (len(snapshot.trained), snapshot.digest)


@pytest.mark.slow
def test_a_challenger_worse_than_the_alias_rule_is_not_the_first_champion(
    fresh: Desk, dated: list[Article], fitted: Fitted, taxonomy: Taxonomy
) -> None:
    """The tags of the archive are those that its articles name: the alias rule is always right."""
    ids = [tag.id for tag in taxonomy.tags]
    named = named_tags(fitted.model, dated, taxonomy)
    fresh.add(replace(one, tags=tuple(compress(ids, row))) for one, row in zip(dated, named, strict=True))
    result = fresh.retrain()
    assert not result.promoted
    assert [one["check"] for one in result.blocked_by] == ["better_than_alias_rule"]
    assert fresh.champion is None
    assert result.version in fresh.registry.versions()


# --- further runs ---


def test_nothing_new_is_skipped_and_said(desk: Desk) -> None:
    before = desk.registry.versions()
    result = desk.retrain()
    assert (result.outcome, result.version) == (SKIPPED, None)
    assert "Nothing is new since" in result.reason
    assert desk.registry.versions() == before
    assert desk.store.runs.list(JOB)[0].outcome == SKIPPED


def test_what_the_champion_was_trained_on_by_hand_is_nothing_new(
    fresh: Desk, dated: list[Article], fitted: Fitted
) -> None:
    fresh.registry.promote(fresh.registry.save(fitted.model, snapshot_of(dated)), "tests", "trained")
    fresh.add(dated)
    result = fresh.retrain()
    assert (result.outcome, result.version) == (SKIPPED, None)
    assert result.reason == f"Nothing is new since {fresh.champion} was trained."


@pytest.mark.slow
def test_a_changed_taxonomy_is_something_new(desk: Desk, taxonomy: Taxonomy) -> None:
    change(desk.registry, desk.store, [Retire(taxonomy.tags[-1].id)], "ed4")
    result, _ = retrain(desk.store, desk.registry, QUICK)
    assert result.outcome != SKIPPED


@pytest.mark.slow
def test_a_forced_run_on_the_same_data_makes_the_champion_once_more_and_leaves_it(desk: Desk) -> None:
    before = desk.champion
    result = desk.retrain(force=True)
    assert [one["check"] for one in result.blocked_by] == ["nothing_new"]
    assert desk.champion == before


@pytest.mark.slow
def test_new_examples_are_learned_and_both_are_judged_on_what_the_champion_knew(
    desk: Desk, dated: list[Article]
) -> None:
    before, known = desk.champion, learned(desk)
    desk.add(dated[-N_LATER:])
    result = desk.retrain()
    assert result.promoted, result.reason
    assert desk.champion == result.version != before
    details = result.details
    assert (details["champion"], details["n_fits"], details["stand_in"]) == (before, 1, False)
    assert (details["n_learned"], details["n_reference"]) == (len(dated), len(known.trained))
    assert details["measures"].keys() == {"champion", "challenger"}
    assert desk.registry.champion() is not None
    assert result.to_json() == {
        "version": result.version,
        "promoted": True,
        "reason": result.reason,
        "held": [],
        "blocked_by": [],
        "outcome": PROMOTED,
    }


@pytest.mark.slow
def test_an_article_keeps_its_fold_from_run_to_run(desk: Desk, dated: list[Article]) -> None:
    before = learned(desk).folds
    desk.add(dated[-N_LATER:])
    assert desk.retrain().promoted
    now = learned(desk).folds
    assert {key: now[key] for key in before} == before
    assert len(now) == len(before) + N_LATER


@pytest.mark.slow
def test_a_champion_of_an_earlier_program_gets_a_stand_in_once(
    desk: Desk, dated: list[Article], fitted: Fitted
) -> None:
    old = desk.registry.save(fitted.model, snapshot_of(dated[:-N_LATER]))
    desk.registry.promote(old, "tests", "trained by an earlier program")
    desk.add(dated[-N_LATER:])
    first = desk.retrain(LENIENT)
    assert first.details["stand_in"]
    snapshot = desk.registry.snapshot(old)
    assert snapshot is not None
    assert snapshot.folds.keys() == snapshot.trained
    assert first.details["n_reference"] == len(snapshot.trained)
    desk.registry.promote(old, "tests", "again")
    assert not desk.retrain(LENIENT, force=True).details["stand_in"]


@pytest.mark.slow
def test_a_champion_that_knows_nothing_of_the_store_is_judged_by_what_it_suggests(
    fresh: Desk, dated: list[Article], fitted: Fitted
) -> None:
    fresh.registry.promote(fresh.registry.save(fitted.model, snapshot_of(())), "tests", "of another archive")
    fresh.add(replace(one, id=f"here-{one.id}") for one in dated)
    result = fresh.retrain()
    assert result.details["n_reference"] == len(dated)
    assert {"total", "unknown"} <= {check["check"] for check in result.details["gate"]}


@pytest.mark.slow
def test_without_a_taxonomy_the_tags_are_those_of_the_articles(fresh: Desk, dated: list[Article]) -> None:
    fresh.add(dated)
    result, _ = retrain(fresh.store, fresh.registry, QUICK)
    assert result.promoted, result.reason
    tags = {tag.id for tag in fresh.registry.load_champion().taxonomy.tags}
    assert tags == {tag for one in dated for tag in one.tags or ()}


@pytest.mark.slow
def test_a_dry_run_goes_all_the_way_and_leaves_no_trace(desk: Desk, dated: list[Article]) -> None:
    desk.add(dated[-N_LATER:])
    versions, runs, before = desk.registry.versions(), desk.store.runs.list(JOB), desk.champion
    result, record = desk.run(dry_run=True)
    assert record is None
    assert not result.promoted
    assert result.reason.startswith("Dry run: nothing is saved. Else: promoted.")
    assert result.details["gate"]
    assert (desk.registry.versions(), desk.store.runs.list(JOB), desk.champion) == (versions, runs, before)


@pytest.mark.slow
def test_a_version_that_was_rolled_back_is_not_promoted_again_by_itself(desk: Desk, dated: list[Article]) -> None:
    before = desk.champion
    desk.add(dated[-N_LATER:])
    worse = desk.retrain()
    desk.registry.roll_back("ed5", "worse on attacks")
    again = desk.retrain(force=True)
    assert {one["check"] for one in again.blocked_by} == {"rolled_back"}
    assert str(worse.version) in again.reason
    assert desk.champion == before


@pytest.mark.slow
def test_a_changed_taxonomy_that_was_rolled_back_stops_no_other(
    desk: Desk, dated: list[Article], taxonomy: Taxonomy
) -> None:
    before = desk.registry.load_champion()
    fewer = retagged(before, Taxonomy(taxonomy.tags[:-1], taxonomy.kinds))
    fewer.card["retagged_from"] = desk.champion
    assert desk.champion is not None
    version = desk.registry.save(fewer, desk.registry.snapshot(desk.champion))
    desk.registry.promote(version, "ed5", "tags apply")
    desk.registry.roll_back("ed5", "a tag is missing")
    desk.add(dated[-N_LATER:][:10])
    assert "rolled_back" not in {one["check"] for one in desk.retrain().blocked_by}


@pytest.mark.slow
def test_a_champion_that_cannot_be_loaded_is_replaced(desk: Desk, dated: list[Article]) -> None:
    assert desk.champion is not None
    path = desk.registry.folder / desk.champion / "weights.npy"
    path.write_bytes(path.read_bytes()[:-1])
    desk.add(dated[-N_LATER:])
    result = desk.retrain()
    assert result.promoted, result.reason
    assert desk.registry.load_champion().version == result.version


@pytest.mark.slow
def test_a_champion_of_which_nobody_knows_what_it_learned_is_not_judged_by_its_memory(
    desk: Desk, dated: list[Article]
) -> None:
    assert desk.champion is not None
    (desk.registry.folder / "snapshots" / f"{desk.champion}.jsonl.gz").unlink()
    desk.add(dated[-N_LATER:])
    result = desk.retrain()
    assert result.details["n_reference"] == len(dated)
    assert result.promoted, result.reason


@pytest.mark.slow
def test_a_tag_that_may_not_be_suggested_any_more_is_no_loss(desk: Desk, taxonomy: Taxonomy) -> None:
    tags = tuple(replace(tag, status="muted") if tag.id == FLIPPED else tag for tag in taxonomy.tags)
    desk.taxonomy = Taxonomy(tags, taxonomy.kinds)
    result = desk.retrain()
    assert FLIPPED not in {one["tag"] for one in result.blocked_by}
    assert FLIPPED not in {one["tag"] for one in result.details["tags"]}


@pytest.mark.slow
def test_old_versions_are_swept_after_a_run(desk: Desk, dated: list[Article]) -> None:
    first = desk.champion
    for part in (dated[-N_LATER:-30], dated[-30:]):
        desk.add(part)
        desk.retrain(replace(QUICK, keep_versions=1))
    kept = desk.registry.versions()
    assert desk.champion in kept
    assert len(kept) <= 3  # the champion, its predecessor, the newest
    pointer = desk.registry.champion()
    assert pointer is not None
    assert pointer.previous in {*kept, first}


# --- labels that lie ---


@pytest.mark.slow
def test_a_tag_whose_labels_turned_in_bulk_is_held_and_no_other(desk: Desk, dated: list[Article]) -> None:
    before = learned(desk)
    old = {one.id: tuple(one.tags or ()) for one in dated}
    lie = flipped(dated[:-N_LATER], FLIPPED, 0.3)
    desk.set_tags(lie)
    desk.add(dated[-N_LATER:])
    result = desk.retrain()
    assert result.promoted, result.reason
    assert [(one["tag"], one["check"]) for one in result.held] == [(FLIPPED, "labels_flipped")]
    assert FLIPPED in result.reason
    (finding,) = (one for one in result.details["findings"] if one["check"] == "labels_flipped")
    assert set(finding["articles"]) <= lie.keys()
    assert (finding["n"], finding["action"]) == (len(lie), "hold")
    now = learned(desk)
    assert all(now.articles[key].of(FLIPPED) == labels.of(FLIPPED) for key, labels in before.articles.items())
    assert {now.articles[one.id].of(FLIPPED) for one in dated[-N_LATER:]} == {None}
    assert all(now.articles[one.id].of("policy") is not None for one in dated)

    again = desk.retrain(force=True)
    assert [one["tag"] for one in again.held] == [FLIPPED]  # what is held is not forgotten the night after

    desk.set_tags({key: old[key] for key in lie})
    mended = desk.retrain()
    assert (mended.promoted, mended.held) == (True, []), mended.reason


@pytest.mark.slow
def test_changes_that_somebody_has_looked_at_are_learned(desk: Desk, dated: list[Article]) -> None:
    lie = flipped(dated[:-N_LATER], FLIPPED, 0.3)
    desk.set_tags(lie)
    assert [one["tag"] for one in desk.retrain().held] == [FLIPPED]
    result = desk.retrain(replace(QUICK, checks=CheckSettings(accepted=frozenset([FLIPPED]))))
    assert (result.promoted, result.held) == (True, []), result.reason
    now = learned(desk)
    assert all(now.articles[key].of(FLIPPED) == (FLIPPED in tags) for key, tags in lie.items())

    desk.add(dated[-N_LATER:])
    later = desk.retrain()  # the anchor knew other labels, and they were accepted since
    assert (later.promoted, later.details["anchor"] is not None) == (True, True), later.reason
    assert FLIPPED not in {one["tag"] for one in later.held}


def test_labels_that_turned_stop_the_run_where_the_settings_say_so(desk: Desk, dated: list[Article]) -> None:
    desk.set_tags(flipped(dated[:-N_LATER], FLIPPED, 0.3))
    blocking = replace(QUICK, checks=CheckSettings({**QUICK.checks.actions, "labels_flipped": "block"}))
    result = desk.retrain(blocking)
    assert not result.promoted
    assert [(one["tag"], one["check"]) for one in result.blocked_by] == [(FLIPPED, "labels_flipped")]


@pytest.mark.slow
def test_a_key_that_turns_a_tag_over_is_named_and_the_tag_held(desk: Desk, dated: list[Article]) -> None:
    having = [one.id for one in dated[:-N_LATER] if FLIPPED in (one.tags or ())]
    for article_id in having[: max(25, len(having) // 3)]:
        desk.decide(article_id, "mallory", Draft("remove", FLIPPED))
    result = desk.retrain()
    assert [(one["tag"], one["check"]) for one in result.held] == [(FLIPPED, "labels_flipped")]
    finding = next(one for one in result.details["findings"] if one["check"] == "labels_flipped")
    assert finding["editors"] == ["mallory"]


@pytest.mark.slow
def test_a_tag_that_got_another_id_loses_nothing_and_both_are_named(desk: Desk, dated: list[Article]) -> None:
    before = learned(desk)
    renamed = {
        one.id: tuple("raid" if tag == FLIPPED else tag for tag in one.tags or ())
        for one in dated[:-N_LATER]
        if FLIPPED in (one.tags or ())
    }
    desk.set_tags(renamed)
    desk.taxonomy = Taxonomy((*desk.taxonomy.tags, Tag("raid", "Raid")), desk.taxonomy.kinds)
    result = desk.retrain()
    assert [one["tag"] for one in result.held] == [FLIPPED]
    assert "the new tag raid instead" in result.held[0]["figure"]
    now = learned(desk)
    assert all(now.articles[key].of(FLIPPED) == before.articles[key].of(FLIPPED) for key in renamed)


def test_a_tag_that_came_after_the_champion_is_not_shared_with_it(desk: Desk) -> None:
    taxonomy = Taxonomy((*desk.taxonomy.tags, Tag("raid", "Raid")), desk.taxonomy.kinds)
    take_over(desk.registry, desk.store, taxonomy, "maria")
    champion = desk.registry.load_champion()
    assert [tag.id for tag in champion.taxonomy.tags] == [tag.id for tag in taxonomy.tags]
    assert shared_tags(champion, taxonomy).tolist() == [True] * len(desk.taxonomy.tags) + [False]


@pytest.mark.slow
def test_a_few_corrections_block_nothing(desk: Desk, dated: list[Article]) -> None:
    having = [one.id for one in dated[:-N_LATER] if FLIPPED in (one.tags or ())]
    for article_id in having[:3]:
        desk.decide(article_id, "ed4", Draft("remove", FLIPPED))
    desk.add(dated[-N_LATER:])
    result = desk.retrain()
    assert "labels_flipped" not in {one["check"] for one in result.details["findings"]}
    assert result.promoted, result.reason


# --- two versions, by hand ---


@pytest.mark.slow
def test_two_versions_are_compared_on_articles_as_the_gate_compares(fitted: Fitted, articles: list[Article]) -> None:
    model, column = fitted.model, [tag.id for tag in fitted.model.taxonomy.tags].index("nigeria")
    thresholds = model.parameters.thresholds.copy()
    thresholds[column] = np.inf
    silent = TagModel(replace(model.parameters, thresholds=thresholds), model.terms, model.title_terms, model.taxonomy)
    compared = compare_models(model, silent, articles[::4], untracked)
    failed = {(check.check, check.tag) for check in compared.gate if not check.passed}
    assert ("tag_worse", "nigeria") in failed
    assert failed <= {("tag_worse", "nigeria"), ("total", None)}
    assert [change.tag for change in compared.changes if change.challenger < change.champion] == ["nigeria"]
    assert all(check.passed for check in compare_models(silent, model, articles[::4], untracked).gate)


@pytest.mark.slow
def test_two_versions_are_compared_in_each_language(fitted: Fitted, articles: list[Article]) -> None:
    model, french = (
        fitted.model,
        [replace(article, id=f"{article.id}-fr", language="fr-BE") for article in articles[::40]],
    )
    silent = TagModel(replace(model.parameters, learned=["fr"]), model.terms, model.title_terms, model.taxonomy)
    compared = compare_models(model, silent, [*articles[::4], *french], untracked)
    n_articles = {change.language: change.n_articles for change in compared.languages}
    assert n_articles == {"en": len(articles[::4]), "fr": len(french)}
    worse = {change.language: change.champion - change.challenger for change in compared.languages}
    assert worse["en"] > 0.1
    assert worse["fr"] < 0.0
    (check,) = [check for check in compared.gate if check.check == "language_worse"]
    assert not check.passed
    assert check.figure.startswith("English: micro-F1 ")
    assert compared.to_json()["languages"][1]["language"] == "fr"


def test_a_busy_machine_makes_no_model_slow(fitted: Fitted, articles: list[Article]) -> None:
    class Waiting:
        """A model that waits for the processor before each suggestion."""

        def __getattr__(self, name: str) -> object:
            return getattr(fitted.model, name)

        def suggest(self, article: Article) -> object:
            time.sleep(0.03)
            return fitted.model.suggest(article)

    costs = costs_of(Waiting(), articles[:3], Unreadable())  # type: ignore[arg-type]
    assert 0.0 < costs.milliseconds < 25.0


# --- a block that stands on many pages ---


@pytest.mark.slow
def test_a_planted_block_is_found_with_its_count_and_tag_and_not_learned(fresh: Desk, dated: list[Article]) -> None:
    having = [one for one in dated if "islamic-state" in (one.tags or ())]
    lacking = [one for one in dated if "islamic-state" not in (one.tags or ())]
    planted = {one.id for one in [*having[:100], *lacking[: 200 - len(having[:100])]]}
    assert len(planted) == 200
    fresh.add(with_block(one, BLOCK) if one.id in planted else one for one in dated)
    result = fresh.retrain()
    (finding,) = (one for one in result.details["findings"] if one["check"] == "repeated_block")
    assert (finding["tag"], finding["n"], finding["action"]) == ("islamic-state", 200, "repair")
    assert "related: islamic state" in finding["quote"]
    assert "related" not in finding["figure"]
    assert set(finding["articles"]) <= planted
    assert result.promoted, result.reason
    model = fresh.registry.load_champion()
    assert not {"relat", "related"} & {
        word for term in strongest_terms(model, 50)["islamic-state"] for word in term.split()
    }
    # What was left out in training is left out in serving, too.
    plain = Article("a", "Floods in the valley", "The river rose by two metres on Sunday, officials said. " * 8)
    assert model.suggest(with_block(plain, BLOCK)).suggestions == model.suggest(plain).suggestions


@pytest.mark.slow
def test_without_the_repair_the_gate_names_the_block_or_the_run_goes_on_with_a_warning(
    fresh: Desk, dated: list[Article]
) -> None:
    having = [one.id for one in dated if "islamic-state" in (one.tags or ())][:100]
    fresh.add(with_block(one, "Quokkas: our weekly digest") if one.id in having else one for one in dated)
    blocking = CheckSettings({**QUICK.checks.actions, "repeated_block": "block"})
    result = fresh.retrain(replace(QUICK, checks=blocking))
    assert [(one["tag"], one["check"]) for one in result.blocked_by] == [("islamic-state", "repeated_block")]
    warned = CheckSettings({**QUICK.checks.actions, "repeated_block": "warn"})
    result = fresh.retrain(replace(QUICK, checks=warned))
    assert ("islamic-state", "furniture") in {(one["tag"], one["check"]) for one in result.blocked_by}


# --- runs and their end ---


def test_what_is_too_old_goes_whatever_comes_of_the_run(
    desk: Desk, dated: list[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.store.import_articles([replace(dated[0], id="old")], "import")
    long_ago = "2001-01-01T00:00:00.000000+00:00"
    with desk.store.engine.begin() as connection:
        connection.execute(update(table).where(table.c.id == "old").values(updated_at=long_ago))
    monkeypatch.setattr("classifier.training.preparing.survey", Mock(side_effect=BadModel("no")))
    monkeypatch.setattr("classifier.store.runs.KEPT_RUNS", 1)
    with pytest.raises(BadModel):
        desk.retrain(replace(QUICK, forget_days=365))
    assert [run.outcome for run in desk.store.runs.list(JOB)] == [FAILED]
    with pytest.raises(NotFound):
        desk.store.article("old")


def test_too_few_examples_block_with_the_count(fresh: Desk, dated: list[Article]) -> None:
    fresh.add(dated[:50])
    result = fresh.retrain()
    assert (result.outcome, result.version) == (NOT_PROMOTED, None)
    assert result.blocked_by == [{"tag": None, "check": "few_examples", "figure": "50 examples, 200 are needed"}]


@pytest.mark.slow
def test_a_champion_changed_by_a_person_during_the_run_stays(
    desk: Desk, dated: list[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add(dated[-N_LATER:])
    save = desk.registry.save

    def meanwhile(*some: object) -> str:
        version = save(*some)  # type: ignore[arg-type]
        other = save(desk.registry.load_champion(), None)
        desk.registry.promote(other, "ed4", "by hand")
        return version

    monkeypatch.setattr(desk.registry, "save", meanwhile)
    result = desk.retrain()
    assert (result.outcome, result.blocked_by[0]["check"]) == (NOT_PROMOTED, "overtaken")
    pointer = desk.registry.champion()
    assert pointer is not None
    assert pointer.by == "ed4"


def test_a_second_run_at_once_is_refused_and_writes_nothing(desk: Desk) -> None:
    runs = desk.store.runs.list(JOB)
    with desk.store.runs.alone(JOB), pytest.raises(Busy, match="Another process is at `retrain`"):
        desk.retrain()
    assert desk.store.runs.list(JOB) == runs
