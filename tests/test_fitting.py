"""Fitting: what is learned, from what, and that it does not depend on the order of the examples."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from classifier.articles import Article, read_articles
from classifier.errors import TooFewExamples
from classifier.fitting import (
    FitSettings,
    Fitted,
    best_threshold,
    fit,
    fit_auto_thresholds,
    fit_thresholds,
    make_folds,
    sure_threshold,
)
from classifier.model_files import content_digest
from classifier.stack import one_of_each_kind
from classifier.taxonomy import Taxonomy
from tests.conftest import EVAL_DATA, needs_eval_data

QUICK = FitSettings(n_jobs=1)


@pytest.fixture(scope="module")
def few(articles: list[Article]) -> list[Article]:
    return articles[::4]


def test_same_examples_in_any_order_give_the_same_model(few: list[Article], taxonomy: Taxonomy) -> None:
    shuffled = random.Random(1).sample(few, len(few))
    digests = {content_digest(fit(some, taxonomy, QUICK).model) for some in (few, shuffled)}
    assert len(digests) == 1


def test_number_of_processes_does_not_change_the_model(few: list[Article], taxonomy: Taxonomy) -> None:
    digests = {content_digest(fit(few, taxonomy, FitSettings(n_jobs=n)).model) for n in (1, 2)}
    assert len(digests) == 1


def test_without_a_taxonomy_the_tags_are_those_of_the_articles(few: list[Article]) -> None:
    fitted = fit(few, None, QUICK)
    assert {tag.id for tag in fitted.model.taxonomy.tags} == {tag for article in few for tag in article.tags or ()}


def test_tag_with_fewer_than_two_positives_has_no_separator_and_is_listed(fitted: Fitted) -> None:
    rows = {row["tag"]: row for row in fitted.card["tags"]}
    assert fitted.card["left_out"] == [tag for tag, row in rows.items() if row["positives"] < 2]
    assert "hamas" in fitted.card["left_out"]


def test_rare_words_never_enter_the_model(articles: list[Article], taxonomy: Taxonomy) -> None:
    once = replace(articles[0], body=articles[0].body + " Zyxwvutia.")
    model = fit([once, *articles[1:]], taxonomy, QUICK).model
    assert not [term for term in model.terms if term.startswith("zyxwv")]


def test_unknown_labels_are_left_out_of_the_tag(articles: list[Article], taxonomy: Taxonomy) -> None:
    """Articles that say nothing of a tag teach nothing of it: their words must not speak against it."""
    silent = [
        Article(
            f"silent-{n}",
            "Mill opens",
            "The Khorasan wheat mill opened in Herat with new ovens and bakers.",
            tags=(),
            tags_complete=False,
        )
        for n in range(30)
    ]
    known = [replace(article, id=f"known-{article.id}", tags_complete=True) for article in silent]
    fits = {name: fit([*articles, *more], taxonomy, QUICK) for name, more in (("silent", silent), ("known", known))}
    rows = {name: {row["tag"]: row for row in fitted.card["tags"]} for name, fitted in fits.items()}
    n_negative = {name: rows[name]["iskp"]["negatives"] for name in rows}
    assert n_negative["known"] - n_negative["silent"] == len(silent)
    probe = Article(title="Mill opens", body="The wheat mill in Herat has new ovens and bakers.")
    values = {name: fitted.model.explain(probe, ["iskp"])[0].decision_value for name, fitted in fits.items()}
    assert values["silent"] > values["known"]


def test_rejected_tag_is_a_known_negative(articles: list[Article], taxonomy: Taxonomy) -> None:
    open_ended = [
        replace(
            article,
            tags_complete=False,
            rejected=("taliban",),
            tags=tuple(t for t in article.tags or () if t != "taliban"),
        )
        for article in articles
    ]
    keep = [a if "taliban" in (a.tags or ()) else b for a, b in zip(articles, open_ended, strict=True)]
    card = fit(keep, taxonomy, QUICK).card
    row = next(row for row in card["tags"] if row["tag"] == "taliban")
    assert row["negatives"] == sum("taliban" not in (article.tags or ()) for article in articles)


def test_near_duplicates_are_kept_in_one_fold() -> None:
    labels = np.zeros((40, 3), dtype=np.int8)
    labels[::5, 0] = 1
    groups = np.arange(40) // 2
    folds = make_folds(labels, groups, 5, 0)
    assert (folds[::2] == folds[1::2]).all()


def test_folds_spread_the_positives_of_a_rare_tag() -> None:
    labels = np.zeros((100, 2), dtype=np.int8)
    labels[:5, 0] = 1
    labels[10:60, 1] = 1
    folds = make_folds(labels, np.arange(100), 5, 0)
    assert sorted(folds[:5]) == [0, 1, 2, 3, 4]
    assert np.ptp(np.bincount(folds)) <= 2


def test_best_threshold_has_the_best_f1_and_lies_between_two_values() -> None:
    decision = np.array([3.0, 2.0, 1.0, 0.0, -1.0])
    assert best_threshold(decision, np.array([True, True, False, False, False])) == 1.5
    assert best_threshold(decision, np.zeros(5, dtype=bool)) == np.inf


def test_threshold_of_a_rare_tag_is_shrunk_to_the_pooled_one() -> None:
    rng = np.random.default_rng(0)
    labels = np.zeros((400, 2), dtype=np.int8)
    labels[:200, 0] = 1
    labels[0, 1] = 1
    decision = rng.normal(size=(400, 2)) + 3.0 * labels
    decision[0, 1] = -8.0  # the only positive scored low
    thresholds, pooled = fit_thresholds(decision, labels, 3.0)
    assert abs(thresholds[1] - pooled) < 1.0
    assert thresholds[1] > -1.0


def test_auto_band_needs_enough_proof() -> None:
    right = np.ones(200, dtype=bool)
    decision = np.linspace(0, 1, 200)
    assert np.isinf(sure_threshold(decision[:58], right[:58]))  # 58 of 58 bound precision by 0.9497 only
    assert np.isfinite(sure_threshold(decision[:59], right[:59]))


def test_auto_band_is_never_given_to_a_tag_that_is_often_wrong() -> None:
    rng = np.random.default_rng(0)
    labels = (rng.random((600, 1)) < 0.5).astype(np.int8)
    decision = rng.normal(size=(600, 1))
    folds = np.arange(600) % 5
    assert np.isinf(fit_auto_thresholds(decision, labels, folds, np.zeros(1))).all()


def test_desk_that_leaves_articles_untagged_is_not_forced_to_one_tag(fitted: Fitted) -> None:
    assert not fitted.card["always_one"]


def test_corpus_in_which_everything_is_tagged_always_gets_one(articles: list[Article]) -> None:
    tagged = [replace(article, tags=article.tags or ("none-of-them",)) for article in articles[::3]]
    model = fit(tagged, None, QUICK).model
    assert model.suggest(Article(title="Cricket board meets", body="The board will meet to pick a squad.")).suggestions


@pytest.mark.parametrize("n", [0, 3])
def test_too_few_examples_are_refused_with_the_figure(articles: list[Article], taxonomy: Taxonomy, n: int) -> None:
    with pytest.raises(TooFewExamples, match=f"^{n} articles"):
        fit(articles[:n], taxonomy, QUICK)


def test_two_articles_with_one_id_are_refused(articles: list[Article], taxonomy: Taxonomy) -> None:
    with pytest.raises(TooFewExamples, match="Two articles have the id"):
        fit([*articles, articles[0]], taxonomy, QUICK)


def test_articles_without_titles_can_be_learned(few: list[Article], taxonomy: Taxonomy) -> None:
    model = fit([replace(article, title="") for article in few], taxonomy, QUICK).model
    assert list(model.title_terms) == []
    assert model.rank([Article(body="ISKP bombed a mosque in Kabul. ISKP fighters fled.")], 3)[0][0][0] == "iskp"


@needs_eval_data
def test_reuters_is_learned_as_well_as_the_issue_asks() -> None:
    """A third of the benchmark in the published split's training part, by cross-validation: quick, and far from chance."""
    articles = list(read_articles([EVAL_DATA / "reuters21578" / "train.jsonl.gz"]))[::3]
    measured = fit(articles, None, FitSettings()).card["cross_validation"]
    assert measured["micro_f1"] >= 0.87
    assert measured["calibration_error"] <= 0.05


def test_only_the_best_that_passed_is_left_of_an_exclusive_kind() -> None:
    passed = np.array([[True, True, True, False], [False, False, True, True], [True, False, False, False]])
    decision = np.array([[1.0, 2.0, 0.5, 9.0], [1.0, 2.0, 0.5, 0.1], [0.2, 5.0, 5.0, 5.0]])
    left = one_of_each_kind(passed, decision, [[0, 1, 3]])
    assert left.tolist() == [[False, True, True, False], [False, False, True, True], [True, False, False, False]]
