"""A changed taxonomy: since when there is each tag, from the versions that were before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from classifier.domain.articles import Article
from classifier.domain.examples import NEGATIVE, POSITIVE, UNKNOWN, labels_of
from classifier.domain.taxonomy import Alias, Tag, Taxonomy
from classifier.errors import DroppedTags
from classifier.model.retagging import retagged
from classifier.serving import registry as registry_module
from classifier.serving.registry import Registry
from classifier.serving.taxonomy_changes import adopt, apply_taxonomy, dated
from classifier.store.runs import JOB
from classifier.training.fitting import Fitted
from tests.desk import Desk, in_folder

A, B, C = (Tag(tag, tag.upper()) for tag in "abc")
TODAY = "2026-11-30"


def days(*history: tuple[str, tuple[Tag, ...]]) -> dict[str, str | None]:
    """The dates that the tags of the last of some taxonomies get."""
    *before, (today, tags) = history
    versions = [(day, Taxonomy(earlier)) for day, earlier in before]
    return {tag.id: tag.created for tag in dated(Taxonomy(tags), versions, today).tags}


def test_tags_of_the_first_version_are_as_old_as_its_articles() -> None:
    assert days((TODAY, (A, B))) == {"a": None, "b": None}


def test_a_tag_is_dated_by_the_first_version_that_had_it() -> None:
    history = (("2025-01-01", (A,)), ("2025-06-01", (A, B)), ("2026-01-01", (A, B)))
    assert days(*history, (TODAY, (A, B, C))) == {"a": None, "b": "2025-06-01", "c": TODAY}


def test_a_date_in_the_file_or_in_the_champion_stays() -> None:
    there = replace(C, created="2020-01-01")
    assert days(("2025-01-01", (A,)), (TODAY, (A, there)))["c"] == "2020-01-01"
    assert days(("2025-01-01", (A,)), ("2025-06-01", (A, there)), (TODAY, (A, C)))["c"] == "2020-01-01"


def test_a_tag_in_the_place_of_others_is_as_old_as_the_youngest_of_them() -> None:
    retired = [replace(tag, status="retired", replaced_by="c") for tag in (A, B)]
    assert days(("2025-01-01", (A,)), (TODAY, (retired[0], C)))["c"] is None
    history = (("2025-01-01", (A,)), ("2025-06-01", (A, B)))
    assert days(*history, (TODAY, (*retired, C)))["c"] == "2025-06-01"


def test_a_new_tag_in_the_place_of_one_that_was_retired_long_ago_is_new() -> None:
    gone = replace(A, status="retired")
    assert days(("2025-01-01", (gone, B)), (TODAY, (replace(gone, replaced_by="c"), B, C)))["c"] == TODAY


@pytest.mark.parametrize("at", ["2026-11-30T09:00:00.000000+00:00", "2026-11-29T09:00:00.000000+00:00"])
def test_an_undated_article_that_came_on_the_day_of_a_new_tag_or_before_is_unknown_for_it(at: str) -> None:
    taxonomy = Taxonomy((A, replace(B, created=TODAY)))
    assert labels_of([Article(tags=("a",), tagged_at=at)], taxonomy).tolist() == [[POSITIVE, UNKNOWN]]


def test_an_undated_article_that_came_later_lacks_the_tag() -> None:
    taxonomy = Taxonomy((A, replace(B, created=TODAY)))
    later = Article(tags=("a",), tagged_at="2026-12-01T09:00:00.000000+00:00")
    assert labels_of([later], taxonomy).tolist() == [[POSITIVE, NEGATIVE]]


# --- in a folder of models ---


class Past(datetime):
    """A clock that stands."""

    @classmethod
    def now(cls, tz: object = None) -> Past:
        """Return the day on which an older program was used."""
        return cls(2025, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def new_tag(taxonomy: Taxonomy) -> Taxonomy:
    """The taxonomy with a tag more, which has no date."""
    return replace(taxonomy, tags=(*taxonomy.tags, Tag("river-front", "River Front", "group", aliases=(Alias("RF"),))))


@pytest.mark.slow
def test_the_undated_tag_of_an_older_program_is_dated_by_its_version(
    fitted: Fitted, new_tag: Taxonomy, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for old in registry.versions():
        (registry.folder / old).rename(registry.folder / f"20250101-120000-{old[-8:]}")
    with monkeypatch.context() as patch:
        patch.setattr(registry_module, "datetime", Past)
        version = registry.save(retagged(fitted.model, new_tag))
        registry.promote(version, "tests", "a tag was added by an older program, without a date")
    applied = apply_taxonomy(registry, new_tag, "tests")
    assert applied.dated == {"river-front": "2025-06-01"}
    assert registry.load_champion().taxonomy.tag("river-front").created == "2025-06-01"


def test_training_anew_on_other_articles_dates_no_tag(fitted: Fitted, registry: Registry, taxonomy: Taxonomy) -> None:
    others = Taxonomy((*taxonomy.tags[:5], Tag("own", "Own", "group")), taxonomy.kinds)
    model = retagged(fitted.model, others)
    del model.card["retagged_from"]  # as if it had been trained with this taxonomy
    registry.promote(registry.save(model), "tests", "trained")
    assert adopt(others, registry) == others


# --- labels, and retraining ---


@pytest.fixture
def desk(fitted: Fitted, articles: list[Article], taxonomy: Taxonomy, tmp_path: Path) -> Iterator[Desk]:
    """A desk with an archive and a champion that knows all its tags."""
    with in_folder(tmp_path, taxonomy) as desk:
        desk.add(articles)
        desk.registry.promote(desk.registry.save(fitted.model), "tests", "trained")
        yield desk


def column(articles: list[Article], taxonomy: Taxonomy, tag: str) -> list[int]:
    known: list[int] = labels_of(articles, taxonomy)[:, [one.id for one in taxonomy.tags].index(tag)].tolist()
    return known


def test_another_id_for_a_tag_is_refused_by_retrain_and_as_a_replacement_it_keeps_all_labels(desk: Desk) -> None:
    old = desk.taxonomy.tag("attack")
    new = replace(old, id="raid", label="Raid")
    others = tuple(tag for tag in desk.taxonomy.tags if tag != old)
    before = desk.registry.versions()
    with pytest.raises(DroppedTags) as refused:
        replace(desk, taxonomy=replace(desk.taxonomy, tags=(*others, new))).retrain()
    assert refused.value.tags == ["attack"]
    assert (desk.registry.versions(), desk.store.runs.list(JOB)) == (before, [])
    retired = replace(old, status="retired", replaced_by="raid")
    renamed = adopt(replace(desk.taxonomy, tags=(*others, retired, new)), desk.registry)
    examples = list(desk.store.exports.examples())
    labels = column(examples, desk.taxonomy, "attack")
    assert column(examples, renamed, "raid") == labels
    assert labels.count(POSITIVE) > 20


@pytest.mark.slow
def test_retrain_dates_a_new_tag_so_that_older_articles_are_unknown_for_it(desk: Desk, new_tag: Taxonomy) -> None:
    result = replace(desk, taxonomy=new_tag).retrain()
    assert result.version is not None
    trained = desk.registry.load(result.version).taxonomy
    assert trained.tag("river-front").created == datetime.now(UTC).date().isoformat()
    assert set(column(list(desk.store.exports.examples()), trained, "river-front")) == {UNKNOWN}
    assert desk.registry.card(result.version)["taxonomy_version"] == trained.version
