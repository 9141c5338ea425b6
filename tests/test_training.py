"""Retraining from end to end: what a run learns from, what it proves, and what closes its gate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
from sqlalchemy import update

from classifier.domain.articles import Article
from classifier.domain.snapshots import snapshot_of
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import BadModel, Busy, NotFound
from classifier.model.retagging import retagged
from classifier.store.log import Draft
from classifier.store.runs import FAILED, JOB, SKIPPED
from classifier.store.schema import articles as table
from classifier.training.checks import CheckSettings
from classifier.training.fitting import Fitted
from classifier.training.retraining import retrain
from classifier.training.run_result import NOT_PROMOTED, PROMOTED, strongest_terms
from tests.desk import QUICK, Desk, flipped, in_copy_of, in_folder, trained_once, with_block

N_LATER = 60  # articles that the desk gets after its first training
FLIPPED = "attack"
BLOCK = "Related: Islamic State"


@pytest.fixture(scope="module")
def dated(articles: list[Article]) -> list[Article]:
    """The desk's articles in the order of their dates."""
    return sorted(articles, key=lambda one: (one.published_at or "", one.id))


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory, dated: list[Article], taxonomy: Taxonomy) -> Path:
    """A folder in which a desk has trained once."""
    return trained_once(tmp_path_factory.mktemp("trained"), dated[:-N_LATER], taxonomy)


@pytest.fixture
def desk(first_run: Path, tmp_path: Path, taxonomy: Taxonomy) -> Iterator[Desk]:
    """A desk of one's own that has trained once."""
    with in_copy_of(first_run, tmp_path / "desk", taxonomy) as desk:
        yield desk


@pytest.fixture
def fresh(tmp_path: Path, taxonomy: Taxonomy) -> Iterator[Desk]:
    """A desk that has nothing yet."""
    with in_folder(tmp_path, taxonomy) as desk:
        yield desk


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


def test_the_newest_are_held_out_and_nobody_learned_from_them(desk: Desk, dated: list[Article]) -> None:
    assert desk.champion is not None
    snapshot = desk.registry.snapshot(desk.champion)
    assert snapshot is not None
    known = {one.id: one for one in dated[:-N_LATER]}
    held_out = snapshot.articles.keys() - snapshot.trained
    assert set(snapshot.articles) == set(known)
    assert 80 <= len(held_out) <= 100
    newest = {one.id for one in dated[:-N_LATER][-100:]}
    assert held_out <= newest
    card = desk.registry.card(desk.champion)
    assert card["n_articles"] == len(snapshot.trained)
    assert (card["data"], card["n_held_out"]) == (snapshot.digest, len(held_out))


def test_a_challenger_worse_than_the_alias_rule_is_not_the_first_champion(fresh: Desk, dated: list[Article]) -> None:
    # Tags at random teach nothing; what the holdout's articles name is right there.
    drawn = [one.tags for one in dated[:-100]]
    fresh.add(replace(one, tags=tags) for one, tags in zip(dated[:-100], drawn[::-1], strict=True))
    fresh.add(dated[-100:])
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
    """A challenger would have learned from less: all but the holdout."""
    fresh.registry.promote(fresh.registry.save(fitted.model, snapshot_of(dated)), "tests", "trained")
    fresh.add(dated)
    result = fresh.retrain()
    assert (result.outcome, result.version) == (SKIPPED, None)
    assert result.reason == f"Nothing is new since {fresh.champion} was trained."


def test_a_changed_taxonomy_is_something_new(desk: Desk, taxonomy: Taxonomy) -> None:
    champion = desk.registry.load_champion()
    fewer = Taxonomy(taxonomy.tags[:-1], taxonomy.kinds)
    version = desk.registry.save(retagged(champion, fewer), desk.registry.snapshot(champion.version))
    desk.registry.promote(version, "ed4", "taxonomy applied")
    result, _ = retrain(desk.store, desk.registry, QUICK)
    assert result.outcome != SKIPPED


def test_a_forced_run_on_the_same_data_makes_the_champion_once_more_and_leaves_it(desk: Desk) -> None:
    before = desk.champion
    result = desk.retrain(force=True)
    assert [one["check"] for one in result.blocked_by] == ["nothing_new"]
    assert desk.champion == before


def test_new_examples_are_learned_and_the_champion_is_judged_by_what_it_has_not_seen(
    desk: Desk, dated: list[Article]
) -> None:
    before = desk.champion
    desk.add(dated[-N_LATER:])
    result = desk.retrain()
    assert result.promoted, result.reason
    assert desk.champion == result.version != before
    assert result.details["fair"]
    assert result.details["champion"] == before
    assert result.details["measures"].keys() == {"champion", "challenger"}
    assert desk.registry.champion() is not None
    assert result.to_json() == {
        "version": result.version,
        "promoted": True,
        "reason": result.reason,
        "blocked_by": [],
        "outcome": PROMOTED,
    }


def test_a_champion_that_has_learned_from_the_holdout_is_judged_by_a_stand_in(
    desk: Desk, dated: list[Article], fitted: Fitted
) -> None:
    everything = desk.registry.save(fitted.model, snapshot_of(dated[:-N_LATER]))
    desk.registry.promote(everything, "tests", "learned by heart")
    desk.add(dated[-N_LATER:])
    result = desk.retrain()
    assert not result.details["fair"]
    measures = result.details["measures"]
    assert abs(measures["champion"]["micro_f1"] - measures["challenger"]["micro_f1"]) < 0.2


@pytest.mark.slow
def test_what_is_worse_is_worse_with_other_folds_too(desk: Desk, dated: list[Article]) -> None:
    """New articles whose tags are another's teach nothing that is right, and half of the holdout is as it was."""
    before, new = desk.champion, dated[-N_LATER:]
    wrong = [one.tags for one in reversed(dated[:-N_LATER])]
    copies = [
        replace(one, id=f"wrong-{one.id}", tags=tags, published_at="2012-01-01", body=f"{one.body} {one.id}")
        for one, tags in zip(dated[:-N_LATER], wrong, strict=True)
    ]
    desk.add([*new, *(replace(one, title=one.title[::-1], body=" ".join(one.body.split()[::2])) for one in copies)])
    result = desk.retrain()
    assert not result.promoted
    assert {"total", "tag_worse"} & {one["check"] for one in result.blocked_by}
    assert result.details["n_draws"] == 2
    assert desk.champion == before


def test_without_a_taxonomy_the_tags_are_those_of_the_articles(fresh: Desk, dated: list[Article]) -> None:
    fresh.add(dated)
    result, _ = retrain(fresh.store, fresh.registry, QUICK)
    assert result.promoted, result.reason
    tags = {tag.id for tag in fresh.registry.load_champion().taxonomy.tags}
    assert tags == {tag for one in dated for tag in one.tags or ()}


def test_a_dry_run_goes_all_the_way_and_leaves_no_trace(desk: Desk, dated: list[Article]) -> None:
    desk.add(dated[-N_LATER:])
    versions, runs, before = desk.registry.versions(), desk.store.runs.list(JOB), desk.champion
    result, record = desk.run(dry_run=True)
    assert record is None
    assert not result.promoted
    assert result.reason.startswith("Dry run: nothing is saved. Else: promoted.")
    assert result.details["gate"]
    assert (desk.registry.versions(), desk.store.runs.list(JOB), desk.champion) == (versions, runs, before)


def test_a_setting_refits_the_winner_on_all_examples(desk: Desk, dated: list[Article]) -> None:
    desk.add(dated[-N_LATER:])
    result = desk.retrain(replace(QUICK, refit=True))
    assert result.promoted
    assert desk.champion is not None
    card = desk.registry.card(desk.champion)
    assert card["refitted_from"] in desk.registry.versions()
    snapshot = desk.registry.snapshot(desk.champion)
    assert snapshot is not None
    assert snapshot.trained == {one.id for one in dated}


def test_a_version_that_was_rolled_back_is_not_promoted_again_by_itself(desk: Desk, dated: list[Article]) -> None:
    before = desk.champion
    desk.add(dated[-N_LATER:])
    worse = desk.retrain()
    desk.registry.roll_back("ed5", "worse on attacks")
    again = desk.retrain(force=True)
    assert {one["check"] for one in again.blocked_by} == {"rolled_back"}
    assert str(worse.version) in again.reason
    assert desk.champion == before


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


def test_a_champion_that_cannot_be_loaded_is_replaced(desk: Desk, dated: list[Article]) -> None:
    assert desk.champion is not None
    path = desk.registry.folder / desk.champion / "weights.npy"
    path.write_bytes(path.read_bytes()[:-1])
    desk.add(dated[-N_LATER:])
    result = desk.retrain()
    assert result.promoted, result.reason
    assert desk.registry.load_champion().version == result.version


def test_a_champion_of_which_nobody_knows_what_it_learned_is_not_judged_by_its_memory(
    desk: Desk, dated: list[Article]
) -> None:
    assert desk.champion is not None
    (desk.registry.folder / "snapshots" / f"{desk.champion}.jsonl.gz").unlink()
    desk.add(dated[-N_LATER:])
    result = desk.retrain()
    assert not result.details["fair"]
    assert {one["check"] for one in result.blocked_by} <= {"tag_worse"}  # by chance


def test_a_tag_that_may_not_be_suggested_any_more_is_no_loss(desk: Desk, taxonomy: Taxonomy) -> None:
    tags = tuple(replace(tag, status="muted") if tag.id == FLIPPED else tag for tag in taxonomy.tags)
    desk.taxonomy = Taxonomy(tags, taxonomy.kinds)
    result = desk.retrain()
    assert FLIPPED not in {one["tag"] for one in result.blocked_by}
    assert FLIPPED not in {one["tag"] for one in result.details["tags"]}


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


def test_labels_flipped_in_bulk_close_the_gate_and_name_the_tag_and_no_other(desk: Desk, dated: list[Article]) -> None:
    before = desk.champion
    old = {one.id: tuple(one.tags or ()) for one in dated}
    lie = flipped(dated[:-N_LATER], FLIPPED, 0.3)
    assert lie.keys() & {one.id for one in dated[:-N_LATER][-100:]}, "the holdout is poisoned, too"
    desk.set_tags(lie)
    result = desk.retrain()
    assert not result.promoted
    assert [(one["tag"], one["check"]) for one in result.blocked_by] == [(FLIPPED, "labels_flipped")]
    assert desk.champion == before
    finding = next(one for one in result.details["findings"] if one["check"] == "labels_flipped")
    assert set(finding["articles"]) <= lie.keys()
    assert finding["n"] == len(lie)

    desk.set_tags({key: old[key] for key in lie})
    desk.add(dated[-N_LATER:])
    mended = desk.retrain()
    assert mended.promoted, mended.reason
    assert desk.champion == mended.version


def test_changes_that_somebody_has_looked_at_go_through(desk: Desk, dated: list[Article]) -> None:
    desk.set_tags(flipped(dated[:-N_LATER], FLIPPED, 0.3))
    assert not desk.retrain().promoted
    accepted = replace(QUICK, checks=CheckSettings(accepted=frozenset([FLIPPED])))
    result = desk.retrain(accepted)
    assert "labels_flipped" not in {one["check"] for one in result.blocked_by}
    assert "gate" in result.details


def test_an_editor_who_turns_a_tag_over_is_named(desk: Desk, dated: list[Article]) -> None:
    having = [one.id for one in dated[:-N_LATER] if FLIPPED in (one.tags or ())]
    for article_id in having[: max(25, len(having) // 3)]:
        desk.decide(article_id, "mallory", Draft("remove", FLIPPED))
    result = desk.retrain()
    assert [(one["tag"], one["check"]) for one in result.blocked_by] == [(FLIPPED, "labels_flipped")]
    finding = next(one for one in result.details["findings"] if one["check"] == "labels_flipped")
    assert finding["editors"] == ["mallory"]


def test_a_few_corrections_block_nothing(desk: Desk, dated: list[Article]) -> None:
    having = [one.id for one in dated[:-N_LATER] if FLIPPED in (one.tags or ())]
    for article_id in having[:3]:
        desk.decide(article_id, "ed4", Draft("remove", FLIPPED))
    desk.add(dated[-N_LATER:])
    result = desk.retrain()
    assert "labels_flipped" not in {one["check"] for one in result.details["findings"]}
    assert result.promoted, result.reason


# --- a block that stands on many pages ---


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
