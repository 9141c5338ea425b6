"""What training and models cost as articles and tags grow: no array of the fitting grows with the product of both."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from benchmarks.made_up import archive
from classifier.domain.articles import Article
from classifier.domain.files import file_digest
from classifier.domain.progress import untracked
from classifier.domain.taxonomy import Taxonomy, taxonomy_of
from classifier.errors import BadModel
from classifier.model.evaluation import report
from classifier.model.files import content_digest, load_model, save_model
from classifier.model.retagging import retagged
from classifier.model.tag_model import TagModel
from classifier.model.weights import SparseWeights, by_column, dense
from classifier.training import calibration, linear_classifiers, mention_fitting, pair_arrays, stacking
from classifier.training.aboutness import fit_aboutness
from classifier.training.fitting import fit
from classifier.training.held_out_tags import hold_out_tags
from classifier.training.linear_classifiers import OutOfFold, fit_classifiers, out_of_fold
from classifier.training.pair_arrays import nth_largest, pair_zeros, row_blocks
from classifier.training.settings import FitSettings
from classifier.training.stacking import stack
from classifier.training.thresholds import fit_suggesting
from classifier.training.training_set import TrainingSet, read_training_set

SETTINGS = FitSettings(n_folds=2, n_jobs=1)
SMALL = 20_000  # pairs and bytes that count as many here


@pytest.fixture(scope="module")
def made_up() -> list[Article]:
    return [Article(**record | {"tags": tuple(record["tags"])}) for record in archive(400, 12)]


# --- the memory of fitting ---


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks and samples are small, so that a small archive is as much larger as a large one is in earnest."""
    for module, name in (
        (pair_arrays, "BLOCK"),
        (pair_arrays, "IN_MEMORY"),
        (stacking, "MAX_PAIRS"),
        (calibration, "MAX_EASY"),
        (mention_fitting, "MAX_PAIRS"),
    ):
        monkeypatch.setattr(module, name, SMALL)


def of_so_many_tags(articles: list[Article], n_tags: int) -> tuple[TrainingSet, OutOfFold]:
    """Return the same articles with more tags, none of which an article has, and values that follow from the labels."""
    used = sorted({tag for article in articles for tag in article.tags or ()})
    taxonomy = taxonomy_of([*used, *(f"unused-{n:05d}" for n in range(n_tags - len(used)))])
    data = read_training_set(articles, taxonomy, SETTINGS, untracked)
    values = pair_zeros(data.labels.shape)
    draws = np.random.default_rng(0)
    for rows in row_blocks(*values.shape):
        values[rows] = draws.normal(size=values[rows].shape) - 3.0 + 3.0 * (data.labels[rows] == 1)
    n_positive = np.stack([(data.labels[~out] == 1).sum(axis=0) for out in data.held_out_masks()])
    return data, OutOfFold(values, n_positive.astype(np.int32))


def peak_of_fitting(data: TrainingSet, classifiers: OutOfFold) -> int:
    """Return the most bytes that the steps after the linear classifiers take at once."""
    tracemalloc.start()
    try:
        stacked = stack(data, classifiers)
        suggesting = fit_suggesting(data, stacked.decision, hold_out_tags(data, stacked.stacking))
        fit_aboutness(data, stacked.decision, suggesting)
        report(suggesting.scores, suggesting.suggested, data.labels, [tag.id for tag in data.taxonomy.tags])
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_the_memory_of_fitting_hardly_grows_with_pairs(made_up: list[Article], small_blocks: None) -> None:
    """A pair costs a few bytes, for labels and suggestions. Each number of a stacking feature alone would be eight.

    A tag costs some kilobytes: its row in the report, and its counts in 500 draws.
    """
    n_tags = 500, 2_500
    peaks = [peak_of_fitting(*of_so_many_tags(made_up, n)) for n in n_tags]
    n_more_pairs = len(made_up) * (n_tags[1] - n_tags[0])
    n_more_tags = n_tags[1] - n_tags[0]
    assert peaks[1] - peaks[0] < 8 * n_more_pairs + 16_000 * n_more_tags


@pytest.mark.slow
def test_values_in_files_give_the_same_model(
    made_up: list[Article], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    in_memory = fit(made_up, settings=SETTINGS)
    monkeypatch.setattr(pair_arrays, "IN_MEMORY", 100)
    monkeypatch.setattr(pair_arrays, "BLOCK", 300)
    in_files = fit(made_up, settings=SETTINGS)
    assert in_files.card["cross_validation"]["micro_f1"] == in_memory.card["cross_validation"]["micro_f1"]
    np.testing.assert_allclose(in_files.model.parameters.stack, in_memory.model.parameters.stack, rtol=1e-6)
    np.testing.assert_allclose(in_files.model.parameters.thresholds, in_memory.model.parameters.thresholds, rtol=1e-6)


def test_without_room_for_a_file_values_lie_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pair_arrays.os, "posix_fallocate", no_room)
    monkeypatch.setattr(pair_arrays, "IN_MEMORY", 10)
    assert not pair_zeros((3, 4)).any()


@given(st.lists(st.lists(st.sampled_from([-1.0, 0.0, 0.5, 2.0]), max_size=6), min_size=1), st.integers(1, 30))
def test_nth_largest_is_that_of_all_blocks(blocks: list[list[float]], n: int) -> None:
    values = [value for block in blocks for value in block]
    if len(values) >= n:
        assert nth_largest(map(np.array, blocks), n) == sorted(values, reverse=True)[n - 1]


# --- what classifiers and curves are fitted on ---


@pytest.fixture(scope="module")
def rare() -> list[Article]:
    """Articles with many tags, of which most are rare."""
    return [Article(**record | {"tags": tuple(record["tags"])}) for record in archive(2_400, 300)]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, float]]:
    """How many articles each classifier was fitted on, and how many they stand for."""
    drawn: list[tuple[int, float]] = []

    class Watched(linear_classifiers.LinearSVC):
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            drawn.append((X.shape[0], X.shape[0] if sample_weight is None else sum(sample_weight)))
            return super().fit(X, y, sample_weight)

    monkeypatch.setattr(linear_classifiers, "LinearSVC", Watched)
    return drawn


@pytest.mark.slow
@pytest.mark.parametrize(("limit", "is_fast"), [("MANY_ARTICLES", True), ("LARGE_CORPUS", False)])
def test_of_many_articles_each_classifier_is_fitted_on_few_that_stand_for_all(
    rare: list[Article], drawn: list[tuple[int, float]], monkeypatch: pytest.MonkeyPatch, limit: str, is_fast: bool
) -> None:
    data = read_training_set(rare, None, FitSettings(n_jobs=1, fast=is_fast), untracked)
    n_rows = len(rare) + (0 if is_fast else len(data.taxonomy.tags))  # the names of tags are examples, too
    whole = fit_classifiers(data, 2, untracked, "")
    assert min(n for n, _ in drawn) >= len(rare)
    drawn.clear()
    monkeypatch.setattr(linear_classifiers, limit, 100)
    few = fit_classifiers(data, 2, untracked, "")
    assert min(n for n, _ in drawn) < n_rows / 3 and np.mean([n for n, _ in drawn]) < 0.8 * n_rows
    assert min(of_all for _, of_all in drawn) > len(rare) - 1e-6
    values, of_few = (data.corpus.X @ each.weights + each.intercepts for each in (whole, few))
    assert np.corrcoef(values.ravel(), of_few.ravel())[0, 1] > 0.95


def test_curves_are_fitted_on_all_positives_and_a_sample_stands_for_the_rest(
    rare: list[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = read_training_set(rare, None, FitSettings(n_jobs=1, fast=True), untracked)
    decision = out_of_fold(data, untracked).values
    monkeypatch.setattr(calibration, "MAX_EASY", 500)
    pairs = calibration._sampled(data, decision, np.zeros((data.n_folds, decision.shape[1])), data.all_rows)
    n_positive = np.count_nonzero(data.labels == 1)
    assert np.count_nonzero(pairs.right) == n_positive
    assert (pairs.weights[pairs.right] == 1.0).all()
    assert pairs.weights.sum() == pytest.approx(data.labels.size)
    assert len(pairs.right) <= (1 + calibration.HARD_PER_POSITIVE) * n_positive + 500


# --- sparse weights ---


@pytest.fixture(scope="module")
def models(made_up: list[Article]) -> tuple[TagModel, TagModel]:
    """A model with sparse weights, and the same one with dense weights."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear_classifiers, "LARGE_WEIGHTS", 0)
        sparse = fit(made_up, settings=SETTINGS).model
    return sparse, fit(made_up, settings=SETTINGS).model


def test_small_weights_of_a_large_model_are_left_out(models: tuple[TagModel, TagModel], made_up: list[Article]) -> None:
    sparse, whole = (model.parameters.weights for model in models)
    assert isinstance(sparse, SparseWeights) and isinstance(whole, np.ndarray)
    kept = np.abs(whole) >= linear_classifiers.MIN_WEIGHT
    assert 0 < kept.sum() < 0.8 * whole.size
    np.testing.assert_allclose(dense(sparse), np.where(kept, whole, 0.0), rtol=1e-3)
    few, all_of_them = (model.judge(made_up)[1] for model in models)
    assert (few == all_of_them).mean() > 0.999


def test_sparse_weights_explain_what_they_decide(models: tuple[TagModel, TagModel], made_up: list[Article]) -> None:
    for explanation in models[0].explain(made_up[0], list(made_up[0].tags or ())):
        parts = sum(part.weight for part in explanation.parts)
        assert parts == pytest.approx(explanation.decision_value, abs=1e-9)


def test_sparse_weights_are_kept_in_a_folder_and_mapped(
    models: tuple[TagModel, TagModel], made_up: list[Article], tmp_path: Path
) -> None:
    save_model(models[0], tmp_path / "version-1")
    assert not (tmp_path / "version-1/weights.npy").exists()
    loaded = load_model(tmp_path / "version-1")
    assert content_digest(loaded) == content_digest(models[0])
    assert all(np.array_equal(*pair) for pair in zip(loaded.judge(made_up), models[0].judge(made_up), strict=True))
    assert isinstance(loaded.parameters.weights, SparseWeights)
    assert not loaded.parameters.weights.values.flags.owndata and not loaded.parameters.weights.values.flags.writeable


@pytest.mark.parametrize(
    ("name", "changed", "said"),
    [
        ("weights_columns", lambda values: values + np.uint16(500), "weights_columns leads to"),
        ("weights_columns", lambda values: values[:-1], "weights_columns has the shape"),
        ("weights_columns", lambda values: values.astype(np.float32), "weights_columns holds float32"),
        ("weights_values", lambda values: values * np.float16(np.nan), "weights_values holds what is no number"),
        ("weights_begins", lambda values: values[::-1].copy(), "weights_begins does not rise"),
        ("weights_begins", lambda values: values[:-1], "weights_begins has the shape"),
    ],
)
def test_sparse_weights_that_do_not_fit_are_refused(
    models: tuple[TagModel, TagModel], tmp_path: Path, name: str, changed: Any, said: str
) -> None:
    folder = tmp_path / "version-1"
    save_model(models[0], folder)
    np.save(folder / f"{name}.npy", changed(np.load(folder / f"{name}.npy")))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][f"{name}.npy"] = file_digest(folder / f"{name}.npy")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BadModel, match=said):
        load_model(folder)


def test_sparse_weights_follow_the_taxonomy(models: tuple[TagModel, TagModel], made_up: list[Article]) -> None:
    tags = models[0].taxonomy.tags
    changed = retagged(models[0], Taxonomy((tags[7], tags[2], tags[5]), models[0].taxonomy.kinds))
    weights, whole = changed.parameters.weights, dense(models[0].parameters.weights)
    assert isinstance(weights, SparseWeights)
    old = [(7, 2, 5)[tag] for tag in changed.parameters.separators.tolist()]  # all twelve tags have a classifier
    assert sorted(old) == [2, 5, 7]
    assert np.array_equal(dense(weights), whole[:, old])


numbers = st.lists(st.lists(st.sampled_from([0.0, 0.0, 0.5, -2.0]), min_size=4, max_size=4), min_size=1, max_size=6)


@given(numbers, st.data())
def test_sparse_weights_are_those_of_the_dense_array(rows: list[list[float]], data: st.DataObject) -> None:
    whole = np.array(rows, dtype=np.float32)
    by_row = csr_matrix(whole)
    weights = SparseWeights(
        by_row.indptr.astype(np.int64), by_row.indices.astype(np.uint16), by_row.data.astype(np.float16), 4
    )
    some = np.array(data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=5)), dtype=np.int64)
    columns = data.draw(st.lists(st.integers(-1, 3), max_size=4))
    factors = np.arange(1.0, len(some) + 1)
    assert np.array_equal(weights.sums(some, factors), factors @ whole[some].astype(np.float64))
    assert np.array_equal(weights.of_columns(some, columns), whole[some][:, columns])
    assert np.array_equal(np.stack(list(by_column(weights)), axis=1), whole)
    assert np.array_equal(dense(weights.with_columns([3, 1])), whole[:, [3, 1]])
