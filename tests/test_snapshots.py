"""Snapshots: what a model learned from, and what its cross-validation said, kept in a file and read again."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.domain.articles import Article
from classifier.domain.snapshots import CrossValidated, Labelled, Snapshot, read_snapshot, read_validated, snapshot_of
from classifier.errors import BadModel
from classifier.training.fitting import Fitted

ARTICLE = Labelled("0f", ("attack", "iskp"), ("policy",), ("trial",), True, "2024-06-06")
VALIDATED = {"a1": CrossValidated(3, ("analysis", "attack")), "a2": CrossValidated(0, ())}


def saved(snapshot: Snapshot, tmp_path: Path) -> Snapshot:
    snapshot.write(tmp_path / "one.jsonl.gz")
    return read_snapshot(tmp_path / "one.jsonl.gz")


def test_folds_and_suggestions_of_cross_validation_are_kept(tmp_path: Path) -> None:
    snapshot = Snapshot({"a1": ARTICLE, "a2": ARTICLE, "a3": ARTICLE}).with_validated(VALIDATED)
    read = saved(snapshot, tmp_path)
    assert read == snapshot
    assert read.folds == {"a1": 3, "a2": 0}
    assert read.articles["a3"].validated is None


tags = st.lists(st.sampled_from(["attack", "iskp", "policy", "trial", "ttp"]), unique=True).map(sorted).map(tuple)


@given(st.lists(st.tuples(tags, tags, st.none() | st.tuples(st.integers(0, 4), tags)), max_size=12))
def test_any_snapshot_is_read_as_it_was_written(rows: list[tuple[Any, ...]]) -> None:
    labels = {
        f"a{number:02}": Labelled("0f", right, wrong, (), False, None, validated=judged and CrossValidated(*judged))
        for number, (right, wrong, judged) in enumerate(rows)
    }
    with TemporaryDirectory() as folder:
        assert saved(Snapshot(labels), Path(folder)) == Snapshot(labels)


@given(st.lists(st.tuples(tags, tags, st.none() | st.tuples(st.integers(0, 4), tags)), max_size=8), tags)
def test_what_cross_validation_said_of_some_tags_is_a_part_of_what_it_said(
    rows: list[tuple[Any, ...]], wanted: tuple[str, ...]
) -> None:
    said = {f"a{n}": CrossValidated(*row[2]) for n, row in enumerate(rows) if row[2] is not None}
    labels = {f"a{n}": Labelled("0f", has, wrong, (), True, None) for n, (has, wrong, _) in enumerate(rows)}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "one.jsonl.gz"
        Snapshot(labels).with_validated(said).write(path)
        read = read_validated(path, wanted)
    expected = [
        replace(row, validated=CrossValidated(said[key].fold, tuple(sorted({*said[key].suggested} & {*wanted}))))
        for key, row in labels.items()
        if key in said and not {*wanted}.isdisjoint((*row.tags, *said[key].suggested))
    ]
    assert read == expected


def test_the_name_of_the_data_is_the_same_whatever_a_model_suggested() -> None:
    snapshot = Snapshot({"a1": ARTICLE, "a2": ARTICLE})
    assert snapshot.with_validated(VALIDATED).digest == snapshot.digest


def test_snapshots_of_earlier_programs_are_read(tmp_path: Path) -> None:
    line = ["a1", "0f", ["attack", "iskp"], ["policy"], ["trial"], True, "2024-06-06", "held out"]
    (tmp_path / "old.jsonl.gz").write_bytes(gzip.compress(json.dumps(line).encode()))
    read = read_snapshot(tmp_path / "old.jsonl.gz")
    assert (read.trained, read.folds) == (set(), {})
    assert read.articles["a1"].facts == ARTICLE.facts


def test_a_line_with_too_much_is_refused(tmp_path: Path) -> None:
    line = ["a1", "0f", [], [], [], True, None, "trained", "more"]
    (tmp_path / "new.jsonl.gz").write_bytes(gzip.compress(json.dumps(line).encode()))
    with pytest.raises(BadModel, match="cannot be read"):
        read_snapshot(tmp_path / "new.jsonl.gz")


def test_a_fitted_model_says_what_its_cross_validation_suggested(fitted: Fitted, articles: list[Article]) -> None:
    ids = [tag.id for tag in fitted.model.taxonomy.tags]
    validated = fitted.validated
    assert validated.keys() == {article.id for article in articles}
    for row, article_id in enumerate(fitted.held_out.ids):
        suggested = {ids[tag] for tag in np.flatnonzero(fitted.held_out.suggested[row])}
        assert (set(validated[article_id].suggested), validated[article_id].fold) == (
            suggested,
            fitted.held_out.folds[row],
        )


def test_a_snapshot_is_larger_than_one_of_earlier_programs_by_a_tenth_at_most(
    fitted: Fitted, articles: list[Article], tmp_path: Path
) -> None:
    path, snapshot = tmp_path / "now.jsonl.gz", snapshot_of(articles).with_validated(fitted.validated)
    snapshot.write(path)
    old_lines = (json.dumps([key, *labels.facts, labels.part]) for key, labels in sorted(snapshot.articles.items()))
    old_size = len(gzip.compress("\n".join(old_lines).encode()))
    assert path.stat().st_size < 1.1 * old_size, (path.stat().st_size, old_size)
