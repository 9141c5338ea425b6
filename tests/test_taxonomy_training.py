"""Retraining after the taxonomy was changed: no label turns over, nothing is held, and one linear classifier is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from classifier.domain.articles import Article
from classifier.domain.examples import NEGATIVE, POSITIVE, labels_of
from classifier.domain.operation_lines import operation_from_text
from classifier.domain.taxonomy import Taxonomy
from classifier.serving.taxonomy import change
from classifier.store.store import Store
from tests.desk import Desk, in_copy_of, trained_once
from tests.storing import put_article

pytestmark = pytest.mark.slow  # each trains


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
