"""Scores: curves from decision values, fitted on all pairs, and of tags without examples on tags held out whole."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier.domain.articles import Article
from classifier.domain.taxonomy import Alias, Tag, Taxonomy
from classifier.model.calibration import calibrated, decision_at, with_one_bend
from classifier.model.decision import sigmoid
from classifier.model.files import load_model, save_model
from classifier.model.retagging import retagged
from classifier.training.calibration import Hinges, ScoreModel, _fit_hinges
from classifier.training.fitting import Fitted, fit
from classifier.training.settings import FitSettings

D = np.linspace(-9.0, 9.0, 181)


def model_of(alias: list[float]) -> ScoreModel:
    """Return the curves of two tags that bend over the decision value and over the distance to the threshold."""
    over_decision = Hinges(0.5, np.array([-1.0, 2.0]), np.array([0.5, -0.7]))
    over_margin = Hinges(0.0, np.array([-1.0, 1.0]), np.array([0.4, -0.4]))
    return ScoreModel(-0.3, over_decision, over_margin, -0.2, np.tile(np.array(alias), (2, 1)))


def test_one_bend_is_the_curve_of_earlier_versions() -> None:
    below, above = -0.4 + 0.6 * np.minimum(D, 1.5), 1.7 * np.maximum(D - 1.5, 0.0)
    curve = with_one_bend(np.array([-0.4, 0.6, 1.5, 1.7]))
    assert calibrated(D, curve) == pytest.approx(sigmoid(below + above), abs=1e-12)


def test_score_of_an_infinite_threshold_is_a_number() -> None:
    curve = with_one_bend(np.array([0.0, 1.0, 0.0, 0.5]))
    assert calibrated(np.array([np.inf, -np.inf]), curve).tolist() == pytest.approx([1.0, 0.0])


HAVE = np.array([50, 50])


def test_a_curve_is_inverted_where_it_reaches_a_score() -> None:
    curve = model_of([0.0, 1.0, 0.5, 0.3]).curves(np.array([0.7, -2.0]), HAVE)[0]
    for score in (0.02, 0.3, 0.6, 0.95):
        assert calibrated(np.array(decision_at(score, curve)), curve) == pytest.approx(score)


def test_score_never_falls_as_the_decision_value_rises() -> None:
    curves = model_of([-1.0, 0.5, 0.0, -0.4]).curves(np.array([0.7, -2.0]), np.array([0, 50]))
    assert (np.diff(calibrated(D[:, None], curves), axis=0) > 0).all()


def test_of_equal_decision_values_that_of_the_tag_with_the_lower_threshold_scores_higher() -> None:
    scores = calibrated(np.zeros(2), model_of([0.0, 1.0, 0.0, 0.0]).curves(np.array([1.0, -1.0]), HAVE))
    assert scores[1] > scores[0]


def test_a_tag_without_a_classifier_has_the_alias_curve_of_its_kind() -> None:
    curves = model_of([-2.0, 1.0, 0.5, 0.3]).curves(np.zeros(2), np.array([0, 50]))
    scores = calibrated(np.array([1.5, 1.5]), curves)
    assert scores[0] == pytest.approx(sigmoid(np.array(-2.0 + 1.5 + 0.3)))


def test_fitted_curve_follows_the_share_of_right_pairs_and_stays_monotone() -> None:
    rng = np.random.default_rng(0)
    d = rng.normal(scale=3.0, size=20_000)
    truth = sigmoid(-1.0 + 0.4 * d + 1.2 * np.maximum(d - 1.0, 0.0))
    right = rng.random(len(d)) < truth
    intercept, (curve,) = _fit_hinges([(d, np.array([-1.0, 1.0, 3.0]), 1.0, 0.05)], right, np.ones(len(d)))
    assert np.abs(calibrated(d, curve.row(intercept)) - truth).mean() < 0.02
    assert (np.cumsum([curve.slope, *curve.changes]) >= 0.05 - 1e-9).all()


def test_with_few_pairs_a_decision_value_counts_as_a_log_odds() -> None:
    intercept, (curve,) = _fit_hinges([(np.zeros(0), np.zeros(2), 1.0, 0.05)], np.zeros(0, dtype=bool), np.zeros(0))
    assert calibrated(D, curve.row(intercept)) == pytest.approx(sigmoid(D))


def test_a_new_tag_gets_the_alias_curve_of_its_kind(fitted: Fitted, taxonomy: Taxonomy) -> None:
    new = Tag("new-group", "New Group", kind="group", aliases=(Alias("New Group"),))
    model = retagged(fitted.model, replace(taxonomy, tags=(*taxonomy.tags, new)))
    of_kind = next(number for number, tag in enumerate(taxonomy.tags) if tag.kind == "group")
    p = model.parameters
    assert p.curves[-1].tolist() == fitted.model.parameters.alias_curves[of_kind].tolist()
    assert p.thresholds[-1] == fitted.model.parameters.alias_thresholds[of_kind]
    assert p.curves[:-1].tolist() == fitted.model.parameters.curves.tolist()


def test_a_new_tag_of_a_kind_that_texts_never_name_is_never_suggested() -> None:
    """Nothing tells its articles apart, and its decision value says nothing."""
    aliases = [Tag(f"named-{n}", f"Named {n}", kind="theme", aliases=(Alias(f"Named {n}"),)) for n in range(4)]
    tags = (*aliases, Tag("of-form", "Of form", kind="form"), Tag("new-form", "New form", kind="form"))
    taxonomy = Taxonomy(tags=tags)
    rng = np.random.default_rng(0)
    labels = np.zeros((400, 6), dtype=np.int8)
    labels[:, :5] = rng.random((400, 5)) < 0.6
    articles = [
        Article(
            id=f"{n}",
            title="A day",
            body="word " * 20
            + " and ".join(f"Named {tag}" for tag in range(4) if row[tag])
            + (" column" if row[4] else " news"),
            tags=tuple(tag.id for tag, has in zip(tags, row, strict=True) if has),
        )
        for n, row in enumerate(labels)
    ]
    model = fit(articles, taxonomy, FitSettings(n_jobs=1)).model
    assert np.isinf(model.parameters.thresholds[-1])
    assert np.isfinite(model.parameters.alias_thresholds[:4]).all()


def test_a_folder_without_curves_scores_as_the_version_that_saved_it(fitted: Fitted, tmp_path: Path) -> None:
    save_model(fitted.model, tmp_path / "old")
    manifest = json.loads((tmp_path / "old/manifest.json").read_text("utf-8"))
    for name in ("curves.npy", "alias_curves.npy", "alias_thresholds.npy"):
        (tmp_path / "old" / name).unlink()
        del manifest["files"][name]
    (tmp_path / "old/manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    p = load_model(tmp_path / "old").parameters
    decision = np.tile(np.linspace(-5.0, 5.0, 11)[:, None], len(p.thresholds))
    assert calibrated(decision, p.curves).tolist() == calibrated(decision, with_one_bend(p.calibration)).tolist()
    assert p.alias_curves.tolist() == p.curves.tolist()
    assert set(p.alias_thresholds.tolist()) == {p.pooled_threshold}
