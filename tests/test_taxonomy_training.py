"""Retraining after the taxonomy was changed: no label turns over, nothing is held, and one linear classifier is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier.domain.applying import carry_out
from classifier.domain.articles import Article, read_articles
from classifier.domain.editing import Editor
from classifier.domain.examples import NEGATIVE, POSITIVE, labels_of, read_through
from classifier.domain.operation_lines import operation_from_text
from classifier.domain.progress import Progress
from classifier.domain.taxonomy import Taxonomy, taxonomy_of
from classifier.model.through_head import seen_through
from classifier.reports.preview.figures import preview_of
from classifier.serving.taxonomy import change, publish
from classifier.store.store import Store
from classifier.training.fitting import fit
from classifier.training.settings import FitSettings, TrainingSettings
from tests.conftest import EVAL_DATA, needs_eval_data
from tests.desk import QUICK, Desk, in_copy_of, in_folder, trained_once
from tests.hard import HARD, told
from tests.storing import put_article

pytestmark = pytest.mark.slow  # each trains

FAST_ENOUGH = FitSettings(n_jobs=1, n_folds=3)


@pytest.fixture(scope="module")
def trained(articles: list[Article], taxonomy: Taxonomy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained_once(tmp_path_factory.mktemp("trained"), articles, taxonomy)


@pytest.fixture
def desk(trained: Path, taxonomy: Taxonomy, tmp_path: Path) -> Iterator[Desk]:
    """A desk whose champion was trained on its archive. It retrains with the taxonomy of now."""
    with in_copy_of(trained, tmp_path / "desk", taxonomy) as desk:
        yield desk


def do(desk: Desk, *lines: str) -> Taxonomy:
    operations = [operation_from_text(line) for line in lines]
    return change(desk.registry, desk.store, operations, "taxonomist").head.taxonomy


def retrain(desk: Desk):  # type: ignore[no-untyped-def]
    desk.taxonomy = None  # type: ignore[assignment]
    return desk.retrain()


def labels(store: Store, taxonomy: Taxonomy) -> dict[str, np.ndarray]:
    found = labels_of([example.article for example in store.exports.attributed()], taxonomy)
    return {tag.id: found[:, column] for column, tag in enumerate(taxonomy.tags)}


def n_fitted(desk: Desk) -> int:
    return len(desk.registry.load_fitted_champion().parameters.separators)


def test_a_rename_turns_no_example_and_the_next_training_is_promoted_with_nothing_held(
    desk: Desk, taxonomy: Taxonomy
) -> None:
    before, n = labels(desk.store, taxonomy), n_fitted(desk)
    renamed = do(desk, "rename attack to raid")
    after = labels(desk.store, renamed)
    assert (after["raid"] == before["attack"]).all()
    assert all((after[tag] == before[tag]).all() for tag in before)
    assert (before["attack"] == POSITIVE).sum() > 20
    result = retrain(desk)
    assert (result.outcome, result.promoted, result.held) == ("promoted", True, [])
    assert [row for row in result.details["findings"] if row["check"] == "labels_flipped"] == []
    fitted = desk.registry.load_fitted_champion()
    assert fitted.taxonomy.version == renamed.version
    assert n_fitted(desk) == n
    fitted_tags = {fitted.taxonomy.tags[tag].id for tag in fitted.parameters.separators.tolist()}
    assert ("raid" in fitted_tags, "attack" in fitted_tags) == (True, False)


def f1_of(desk: Desk, tag: str) -> float:
    """The F1 of a tag, by what the champion's cross-validation suggested and by the labels as they are read now."""
    publish(desk.registry, desk.store)
    log = desk.store.taxonomy.preview([operation_from_text(f'set {tag} note="measured"')])
    (told,) = preview_of(desk.store, desk.registry, log, log.n - 1)["tags"]
    assert told["before"] is not None
    assert told["before"]["f1"] is not None
    return told["before"]["f1"]


def all_f1(desk: Desk) -> float:
    """The micro-F1 of the champion's cross-validation."""
    return float(desk.registry.load_fitted_champion().card["cross_validation"]["micro_f1"])


def assert_rename_keeps(desk: Desk, tag: str, new: str, settings: TrainingSettings) -> None:
    """Rename a tag and train again. Its F1 stays within .01 throughout, and so do those of all other tags together."""
    before, f1 = all_f1(desk), [f1_of(desk, tag)]
    taxonomy = do(desk, f"rename {tag} to {new}")
    f1.append(f1_of(desk, new))
    desk.taxonomy = None  # type: ignore[assignment]
    assert desk.retrain(settings).promoted
    f1.append(f1_of(desk, new))
    assert desk.registry.load_champion().taxonomy.version == taxonomy.version
    assert f1 == pytest.approx([f1[0]] * 3, abs=0.01)
    assert all_f1(desk) == pytest.approx(before, abs=0.01)
    told(f"{tag} renamed to {new}, and a retraining", "1", 0, f"F1 before, renamed and trained again: {f1}")


def test_the_f1_of_a_renamed_tag_stays_within_a_hundredth_before_and_after_the_next_training(desk: Desk) -> None:
    assert_rename_keeps(desk, "attack", "raid", QUICK)


@pytest.mark.skipif(not HARD, reason="trains twice on a large corpus: make test-hard")
@needs_eval_data
def test_the_f1_of_a_renamed_tag_of_a_large_corpus_stays_within_a_hundredth(tmp_path: Path) -> None:
    corpus = list(read_articles([EVAL_DATA / "digitalgov" / "train.jsonl.gz"]))
    counts = Counter(tag for article in corpus for tag in article.tags or ())
    settings = replace(QUICK, fit=FitSettings(n_jobs=1))
    with in_folder(tmp_path, taxonomy_of(counts)) as desk:
        desk.add(corpus)
        assert desk.retrain(settings).promoted
        assert_rename_keeps(desk, max(counts, key=lambda tag: counts[tag]), "renamed", settings)


def test_a_merge_of_133_articles_turns_no_label_and_the_next_training_is_promoted_with_one_classifier_fewer(
    desk: Desk, taxonomy: Taxonomy
) -> None:
    known, n = labels(desk.store, taxonomy), n_fitted(desk)
    large = [tag for tag in known if (known[tag] == POSITIVE).sum() >= 20 and taxonomy.tag(tag).kind == "category"]
    first, second = sorted(large, key=lambda tag: -(known[tag] == POSITIVE).sum())[:2]
    n_articles = int(((known[first] == POSITIVE) | (known[second] == POSITIVE)).sum())
    assert n_articles >= 133
    do(desk, f"merge {first} into {second}")
    result = retrain(desk)
    assert (result.outcome, result.promoted, result.held) == ("promoted", True, [])
    assert [row for row in result.details["findings"] if row["check"] == "labels_flipped"] == []
    assert n_fitted(desk) == n - 1


def test_a_merge_while_a_training_runs_is_seen_through_the_model_that_it_promotes(desk: Desk) -> None:
    do(desk, "rename attack to raid")
    steps = list[str]()

    class Merging(Progress):
        def __call__(self, items: Iterable[Any], total: int, label: str) -> Iterator[Any]:
            if len(steps) == 1:  # the articles were read
                do(desk, "merge iskp into islamic-state")
            steps.append(label)
            return super().__call__(items, total, label)

    desk.taxonomy = None  # type: ignore[assignment]
    assert desk.retrain(progress=Merging()).promoted
    assert len(steps) > 2
    fitted, seen = desk.registry.load_fitted_champion(), desk.registry.load_champion()
    assert (fitted.taxonomy.replacement_of("iskp"), seen.taxonomy.replacement_of("iskp")) == ("iskp", "islamic-state")
    assert seen.taxonomy.replacement_of("attack") == "raid"
    desk.taxonomy = None  # type: ignore[assignment]
    assert desk.retrain().promoted
    assert desk.registry.load_fitted_champion().taxonomy.replacement_of("iskp") == "islamic-state"


def test_a_merge_that_is_undone_after_a_training_leaves_the_part_to_its_names_until_the_next(
    articles: list[Article], taxonomy: Taxonomy
) -> None:
    editor = Editor(taxonomy)
    edits = carry_out(operation_from_text("merge iskp into islamic-state"), editor, "2026-12-01T01:00:00")
    model = fit(
        [read_through(article, editor.taxonomy()) for article in articles], editor.taxonomy(), FAST_ENOUGH
    ).model
    editor.take_back(edits)
    seen = seen_through(model, editor.taxonomy())
    named = Article(title="ISKP claims the attack in Kabul", body="ISKP said so. " * 5)
    assert "iskp" in {row["tag"] for row in seen.suggest(named).suggestions}
    of_no_name = Article(title="Rain on the hills", body="Rain fell on the hills and nobody came. " * 20)
    assert "iskp" not in {row["tag"] for row in seen.suggest(of_no_name).suggestions}


def test_a_merge_holds_nothing_and_leaves_one_linear_classifier_fewer_for_each_tag(
    desk: Desk, taxonomy: Taxonomy
) -> None:
    n = n_fitted(desk)
    before = labels(desk.store, taxonomy)
    merged = do(desk, "merge iskp iswap into islamic-state")
    after = labels(desk.store, merged)
    parts = np.array([before[tag] for tag in ("islamic-state", "iskp", "iswap")])
    assert ((after["islamic-state"] == POSITIVE) == (parts == POSITIVE).any(axis=0)).all()
    assert ((after["islamic-state"] == NEGATIVE) == (parts == NEGATIVE).all(axis=0)).all()
    for article in list(desk.store.exports.examples())[:40]:  # the CMS follows the feed
        if "islamic-state" in (article.tags or ()):
            put_article(desk.store, article, "import")
    result = retrain(desk)
    assert (result.promoted, result.held) == (True, [])
    assert [row for row in result.details["findings"] if row["check"] == "labels_flipped"] == []
    assert n_fitted(desk) == n - 2
    assert desk.registry.load_champion().taxonomy.version == merged.version


def test_a_change_of_the_taxonomy_alone_is_a_reason_to_train_again_and_only_once(desk: Desk) -> None:
    do(desk, "rename attack to raid")
    assert retrain(desk).outcome == "promoted"
    assert retrain(desk).outcome == "skipped"
