"""Fitting: what is learned, from what, and that it does not depend on the order of the examples."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.domain.articles import Article, read_articles
from classifier.domain.examples import UNKNOWN
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.errors import TooFewExamples
from classifier.model.calibration import calibrated, with_one_bend
from classifier.model.decision import best_of_kinds
from classifier.model.files import content_digest
from classifier.training.fitting import Fitted, cross_validated_micro_f1, fit
from classifier.training.folds import UNDEALT, make_folds
from classifier.training.settings import FitSettings
from classifier.training.thresholds import (
    AUTO_PRECISION,
    AutoBand,
    best_threshold,
    fit_auto_band,
    fit_thresholds,
    own_labels,
)
from tests.conftest import EVAL_DATA, needs_eval_data

QUICK = FitSettings(n_jobs=1)


@pytest.fixture(scope="module")
def few(articles: list[Article]) -> list[Article]:
    return articles[::4]


@pytest.mark.slow
def test_same_examples_in_any_order_give_the_same_model(few: list[Article], taxonomy: Taxonomy) -> None:
    shuffled = random.Random(1).sample(few, len(few))
    digests = {content_digest(fit(some, taxonomy, QUICK).model) for some in (few, shuffled)}
    assert len(digests) == 1


@pytest.mark.slow
def test_number_of_processes_does_not_change_the_model(few: list[Article], taxonomy: Taxonomy) -> None:
    digests = {content_digest(fit(few, taxonomy, FitSettings(n_jobs=n)).model) for n in (1, 2)}
    assert len(digests) == 1


@pytest.mark.slow
def test_without_a_taxonomy_the_tags_are_those_of_the_articles(few: list[Article]) -> None:
    fitted = fit(few, None, QUICK)
    assert {tag.id for tag in fitted.model.taxonomy.tags} == {tag for article in few for tag in article.tags or ()}


def test_tag_with_fewer_than_two_positives_has_no_separator_and_is_listed(fitted: Fitted) -> None:
    rows = {row["tag"]: row for row in fitted.card["tags"]}
    assert fitted.card["left_out"] == [tag for tag, row in rows.items() if row["positives"] < 2]
    assert "hamas" in fitted.card["left_out"]


@pytest.mark.slow
def test_a_single_example_shows_that_a_named_tag_is_meant(articles: list[Article], taxonomy: Taxonomy) -> None:
    group = next(tag for tag in taxonomy.tags if tag.kind == "group")
    carriers = [article for article in articles if group.id in (article.tags or ())]
    once = [article for article in articles if article not in carriers[1:]]
    p, never = (fit(some, taxonomy, QUICK).model.parameters for some in (once, [a for a in once if a != carriers[0]]))
    position = taxonomy.tags.index(group)
    assert p.thresholds[position] == pytest.approx(p.pooled_threshold)
    assert never.thresholds[position] == never.alias_thresholds[position]


@pytest.mark.slow
def test_rare_words_never_enter_the_model(articles: list[Article], taxonomy: Taxonomy) -> None:
    once = replace(articles[0], body=articles[0].body + " Zyxwvutia.")
    model = fit([once, *articles[1:]], taxonomy, QUICK).model
    assert not [term for term in model.terms if term.startswith("zyxwv")]


@pytest.mark.slow
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


def test_an_article_keeps_its_fold_and_new_ones_are_dealt_the_rarest_tag_first() -> None:
    labels = np.zeros((100, 2), dtype=np.int8)
    labels[[0, 1, 2, 60, 61], 0] = 1
    kept = np.where(np.arange(100) < 60, np.arange(100) % 5, UNDEALT)
    folds = make_folds(labels, np.arange(100), 5, 0, kept)
    assert (folds[:60] == kept[:60]).all()
    assert sorted(folds[[60, 61]]) == [3, 4]  # the folds that have none of the rare tag
    assert np.ptp(np.bincount(folds)) <= 1


def test_a_near_duplicate_takes_the_fold_of_its_group() -> None:
    labels = np.zeros((40, 1), dtype=np.int8)
    kept = np.where(np.arange(40) < 30, np.arange(40) % 5, UNDEALT)
    groups = np.arange(40)
    groups[[35, 36]] = groups[3]  # two new copies of an article
    groups[[1, 2]] = groups[6]  # two articles that a third one joins: the fold of two of them counts
    folds = make_folds(labels, groups, 5, 0, kept)
    assert folds[35] == folds[36] == folds[3] == 3
    assert folds[1] == folds[2] == folds[6] == 1


def test_where_there_are_more_folds_than_before_all_articles_are_dealt_anew() -> None:
    labels = np.zeros((100, 1), dtype=np.int8)
    folds = make_folds(labels, np.arange(100), 5, 0, np.arange(100) % 3)
    assert np.bincount(folds).tolist() == [20] * 5
    fewer = make_folds(labels, np.arange(100), 3, 0, np.arange(100) % 5)
    assert (fewer[np.arange(100) % 5 < 3] == (np.arange(100) % 5)[np.arange(100) % 5 < 3]).all()
    assert np.ptp(np.bincount(fewer)) <= 1


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


@given(st.lists(st.tuples(st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0]) | st.floats(-3, 3), st.booleans()), min_size=1))
def test_no_cut_has_a_better_f1_than_the_best_threshold(pairs: list[tuple[float, bool]]) -> None:
    """Of pairs that are level those that come first stand higher, as in one stable sort of all of them."""
    decision, positive = map(np.array, zip(*pairs, strict=True))
    order = np.argsort(-decision, kind="stable")
    f1 = [2.0 * positive[order[:n]].sum() / (n + positive.sum()) for n in range(1, len(pairs) + 1)]
    best = int(np.argmax(f1))
    edges = decision[order[best]], decision[order[min(best + 1, len(pairs) - 1)]]
    assert best_threshold(decision, positive) == (sum(edges) / 2 if positive.any() else np.inf)


def test_threshold_of_a_rare_tag_is_shrunk_to_the_pooled_one() -> None:
    rng = np.random.default_rng(0)
    labels = np.zeros((400, 2), dtype=np.int8)
    labels[:200, 0] = 1
    labels[0, 1] = 1
    decision = rng.normal(size=(400, 2)) + 3.0 * labels
    decision[0, 1] = -8.0  # the only positive scored low
    fitted = fit_thresholds(decision, labels, labels)
    thresholds = fitted.shrunk(3.0)
    assert abs(thresholds[1] - fitted.pooled) < 1.0
    assert thresholds[1] > -1.0


@pytest.mark.slow
@needs_eval_data
def test_tags_of_a_single_article_are_not_suggested_for_every_other() -> None:
    """Eight tags stand on one of the first hundred dated articles of Reuters."""
    articles = list(itertools.islice(read_articles([EVAL_DATA / "reuters21578/train.jsonl.gz"]), 3000))
    first = sorted(articles, key=lambda article: (article.published_at or "", article.id))
    known, later = [replace(article, published_at=None) for article in first[:100]], first[100:150]
    once = {tag for tag, n in Counter(tag for article in known for tag in article.tags or ()).items() if n == 1}
    suggested = Counter(tag for tags in fit(known, settings=QUICK).model.rank(later) for tag, _ in tags)
    assert max(suggested[tag] for tag in once) < len(later) / 5


def test_a_tag_whose_positives_are_in_one_fold_has_the_pooled_threshold() -> None:
    labels = np.array([[1, 1], [0, 1], [0, 0], [UNKNOWN, 0]], dtype=np.int8)
    data = SimpleNamespace(labels=labels, held_out_masks=lambda: iter(np.array([0, 1, 0, 1]) == f for f in (0, 1)))
    data.folds = np.array([0, 1, 0, 1])
    own = own_labels(data)  # type: ignore[arg-type]
    assert own.tolist() == [[UNKNOWN, 1], [0, 1], [0, 0], [UNKNOWN, 0]]
    fitted = fit_thresholds(np.array([[-5.0, 2.0], [-1.0, 1.0], [-2.0, -1.0], [-3.0, -2.0]]), labels, own)
    assert fitted.shrunk(1.0)[0] == fitted.pooled


CURVES = np.tile(with_one_bend(np.array([-1.0, 0.5, 0.0, 2.0])), (2, 1))


def band_of(n_sure: int, n_wrong: int) -> AutoBand:
    """Return the auto bands of two tags; the first is sure of so many articles, wrongly of some, the second of none."""
    scores, right = np.full((400, 2), 0.9), np.ones((400, 2), dtype=bool)
    scores[:n_sure, 0] = 0.96
    right[:n_wrong, 0] = False
    return fit_auto_band(scores, np.ones((400, 2), dtype=bool), right, CURVES, np.array([-3.0, 9.0]))


@pytest.mark.parametrize(
    ("n_sure", "n_wrong", "lacking"),
    [(59, 0, 0), (58, 0, 1), (200, 3, 0), (100, 2, 24), (0, 0, 59), (200, 20, 377)],
    ids=["just enough", "one short", "nearly always right", "two wrong", "never sure", "too often wrong"],
)
def test_auto_band_is_earned_by_precision_that_is_shown(n_sure: int, n_wrong: int, lacking: int) -> None:
    band = band_of(n_sure, n_wrong)
    assert np.isfinite(band.thresholds).tolist() == [lacking == 0, False]
    assert band.lacking.tolist() == [lacking, 59]


def test_auto_band_begins_where_the_score_is_what_it_promises() -> None:
    level = band_of(100, 0).thresholds[0]
    assert calibrated(np.array(level), CURVES[0]) == pytest.approx(AUTO_PRECISION)


def test_auto_band_is_no_wider_than_what_is_suggested() -> None:
    sure = np.full((400, 2), 0.96)
    band = fit_auto_band(sure, sure > 0, sure > 0, CURVES, np.array([-3.0, 9.0]))
    assert band.thresholds[1] == 9.0


def test_what_is_not_suggested_earns_no_auto_band() -> None:
    sure = np.full((400, 2), 0.96)
    band = fit_auto_band(sure, sure < 0, sure > 0, CURVES, np.array([-3.0, 9.0]))
    assert np.isinf(band.thresholds).all()


def test_fast_fit_has_separators_and_thresholds_and_hears_no_names(few: list[Article], taxonomy: Taxonomy) -> None:
    fitted = fit(few, taxonomy, FitSettings(n_jobs=1, fast=True))
    measured = fitted.card["cross_validation"]["micro_f1"]
    assert cross_validated_micro_f1(few, taxonomy, FitSettings(n_jobs=1)) == measured
    explained = fitted.model.explain(few[0], [tag.id for tag in taxonomy.tags])
    named = [part for one in explained for part in one.parts if part.kind == "mention"]
    assert named
    assert all(part.weight == 0 for part in named)
    assert fitted.card["cross_validation"]["micro_f1"] > 0.4
    without = [one for one in explained if one.tag.id in fitted.card["left_out"]]
    assert without
    assert all(one.outcome == "below_threshold" for one in without)


def test_desk_that_leaves_articles_untagged_is_not_forced_to_one_tag(fitted: Fitted) -> None:
    assert not fitted.card["always_one"]


def test_a_new_tag_does_not_decide_whether_every_article_gets_one(articles: list[Article], taxonomy: Taxonomy) -> None:
    """The new tag is unknown on all older articles but those that have it: these alone are complete, and have a tag."""
    new = Taxonomy((*taxonomy.tags, Tag("raid", "Raid", created="2999-01-01")), taxonomy.kinds)
    having = [replace(one, tags=(*(one.tags or ()), "raid")) for one in articles[:5]]
    fast = FitSettings(n_jobs=1, fast=True)
    assert not fit([*having, *articles[5:]], new, fast).card["always_one"]


@pytest.mark.slow
def test_corpus_in_which_everything_is_tagged_always_gets_one(articles: list[Article]) -> None:
    tagged = [replace(article, tags=article.tags or ("none-of-them",)) for article in articles[::3]]
    model = fit(tagged, None, QUICK).model
    assert model.suggest(Article(title="Cricket board meets", body="The board will meet to pick a squad.")).suggestions


@pytest.mark.parametrize("n", [0, 3])
def test_too_few_examples_are_refused_with_the_figure(articles: list[Article], taxonomy: Taxonomy, n: int) -> None:
    with pytest.raises(TooFewExamples, match=f"^{n} articles"):
        fit(articles[:n], taxonomy, QUICK)


def test_articles_that_say_only_yes_are_refused(articles: list[Article], taxonomy: Taxonomy) -> None:
    only_yes = [replace(article, tags_complete=False) for article in articles[:40]]
    with pytest.raises(TooFewExamples, match="No tag is known to be wrong"):
        fit(only_yes, taxonomy, QUICK)


def test_two_articles_with_one_id_are_refused(articles: list[Article], taxonomy: Taxonomy) -> None:
    with pytest.raises(TooFewExamples, match="Two articles have the id"):
        fit([*articles, articles[0]], taxonomy, QUICK)


def test_articles_without_titles_can_be_learned(few: list[Article], taxonomy: Taxonomy) -> None:
    model = fit([replace(article, title="") for article in few], taxonomy, QUICK).model
    assert list(model.title_terms) == []
    assert model.rank([Article(body="ISKP bombed a mosque in Kabul. ISKP fighters fled.")], 3)[0][0][0] == "iskp"


@pytest.mark.slow
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
    left = best_of_kinds(passed, decision, [[0, 1, 3]])
    assert left.tolist() == [[False, True, True, False], [False, False, True, True], [True, False, False, False]]
