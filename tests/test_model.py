"""What a fitted model says of an article, and that it can account for every part of it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.domain.articles import Article, article_from_text
from classifier.domain.taxonomy import Alias, Tag, Taxonomy
from classifier.errors import UnknownTag
from classifier.model.aboutness import aboutness_by_rule
from classifier.model.decision import stacked_decision, stacking_features
from classifier.model.evidence import heaviest
from classifier.model.files import save_model
from classifier.model.recency import Rates, recency_offset
from classifier.model.retagging import retagged
from classifier.model.tag_model import TagModel
from classifier.text.mention_features import crossed
from classifier.text.terms import text_terms, title_terms
from classifier.training.fitting import Fitted, fit
from classifier.training.settings import FitSettings
from tests.conftest import LOOKALIKE

BRIEF = Article(
    title="ISKP bombs Kabul mosque",
    body="Islamic State's Khorasan Province claimed a bombing in Kabul on Friday. The Taliban said they would hunt ISKP.",
)


@pytest.fixture(scope="module")
def model(fitted: Fitted) -> TagModel:
    return fitted.model


def suggested(model: TagModel, article: Article) -> list[str]:
    return [one["tag"] for one in model.suggest(article).suggestions]


def test_brief_gets_the_tags_it_is_about(model: TagModel) -> None:
    assert {"iskp", "afghanistan"} <= set(suggested(model, BRIEF))


def test_headline_tells_the_main_subject(model: TagModel) -> None:
    aboutness = {one["tag"]: one["aboutness"] for one in model.suggest(BRIEF).suggestions}
    assert aboutness["iskp"] == "main"


@pytest.mark.parametrize(
    ("score", "at_the_top", "is_best", "aboutness"),
    [
        (0.9, True, False, "main"),
        (0.9, False, True, "main"),
        (0.9, False, False, "secondary"),
        (0.4, True, True, "secondary"),
        (0.4, False, True, "passing"),
    ],
)
def test_main_secondary_and_passing_are_told_apart(
    score: float, at_the_top: bool, is_best: bool, aboutness: str
) -> None:
    assert aboutness_by_rule(score, at_the_top, is_best) == aboutness


def test_lookalike_gets_its_tags_and_its_furniture_mentions_nothing(model: TagModel) -> None:
    answer = model.suggest(article_from_text(LOOKALIKE.read_text(encoding="utf-8")))
    tags = {one["tag"] for one in answer.suggestions}
    assert {"iskp", "taliban", "afghanistan", "islamic-state"} <= tags
    named = tags | {one["tag"] for one in answer.mentioned}
    assert not {"al-shabaab", "boko-haram"} & named
    assert {"tag list", "author note"} <= {part["kind"] for part in answer.removed}


def test_evidence_is_a_slice_of_what_was_sent(model: TagModel) -> None:
    body = "<p>The <b>Taliban</b>&rsquo;s officials said ISK&#80; had bombed a mosque in <em>Kab\u00adul</em>.</p>" * 3
    summary = "<i>Kabul</i> &#73;SKP &amp; the <b>Tal</b>iban"
    article = Article(title="ISKP &amp; the Taliban", body=body, body_format="html", standfirst=summary)
    pieces = [e for one in model.suggest(article).suggestions for e in (*one["evidence"], *one["evidence_against"])]
    sent = article.texts_by_name
    assert pieces
    assert all(e["text"] == sent[e["field"]][e["start"] : e["end"]] and e["text"] for e in pieces)


def test_decision_values_follow_from_the_saved_arrays(model: TagModel, articles: list[Article], tmp_path: Path) -> None:
    """Recompute them without the serving path: plain loops over terms, and the features of the stack as fitting has them."""
    save_model(model, tmp_path / "version")
    arrays = {path.stem: np.load(path) for path in (tmp_path / "version").glob("*.npy")}
    numbers = json.loads((tmp_path / "version" / "model.json").read_text())
    views = [(tmp_path / "version" / f"{name}.txt").read_text().split("\n") for name in ("terms", "title_terms")]
    for article in (BRIEF, *articles[:5]):
        reading = model.reader.read(article)
        separator, naming = np.zeros(len(model.taxonomy.tags)), np.zeros(len(model.taxonomy.tags))
        separator[arrays["separators"]] = arrays["intercepts"]
        first = 0
        for names, counted, idf, weight in (
            (views[0], Counter(text_terms(reading.text)), arrays["idf"], 1.0),
            (views[1], Counter(title_terms(reading.text)), arrays["title_idf"], 0.5),
        ):
            known = [(row, counted[name]) for row, name in enumerate(names) if counted[name]]
            values = np.array([(1 + np.log(n)) * float(idf[row]) for row, n in known])
            for (row, _), value in zip(known, values / np.linalg.norm(values), strict=True):
                separator[arrays["separators"]] += weight * value * arrays["weights"][first + row].astype(np.float64)
            first += len(names)
        naming[:] = numbers["nowhere_intercept"] + arrays["naming_offsets"][:, 0]
        named = model.reader.mention_features([reading])
        naming[named.tags] = (
            numbers["naming_intercept"]
            + crossed(named.shared, named.kinds) @ arrays["naming_weights"]
            + arrays["naming_offsets"][named.tags, named.categories]
        )
        features = stacking_features(separator[None], arrays["n_positive"], naming[None])
        expected = stacked_decision(features, arrays["stack"], arrays["stack_intercepts"])[0]
        expected += arrays["recency_weights"] * recency_offset(
            Rates(arrays["usual_rates"], arrays["recent_rates"], numbers["half_life"])
        )
        explained = model.explain(article, [tag.id for tag in model.taxonomy.tags])
        assert [one.decision_value for one in explained] == pytest.approx(expected.tolist(), abs=1e-6)


def test_parts_add_up_to_the_decision_value(model: TagModel) -> None:
    for explanation in model.explain(BRIEF, [tag.id for tag in model.taxonomy.tags]):
        assert sum(part.weight for part in explanation.parts) == pytest.approx(explanation.decision_value, abs=1e-6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    title=st.text(max_size=60),
    body=st.lists(
        st.sampled_from(
            [
                "ISKP",
                "Taliban",
                "Kabul",
                "al-Shabaab",
                "the",
                "prisons,",
                "said.",
                "Hamas",
                "Boko",
                "Haram",
                "&amp;",
                "é",
            ]
        ),
        max_size=60,
    ),
)
def test_parts_add_up_for_any_text(model: TagModel, title: str, body: list[str]) -> None:
    article = Article(title=title, body=" ".join(body))
    for explanation in model.explain(article, ["iskp", "hamas", "attack"]):
        assert sum(part.weight for part in explanation.parts) == pytest.approx(explanation.decision_value, abs=1e-6)


def test_explanation_places_stand_where_the_words_are(model: TagModel) -> None:
    parts = model.explain(BRIEF, ["iskp"])[0].parts
    places = {part.text: part.spans for part in parts if part.kind == "term"}
    assert [BRIEF.title[start:end] for field, start, end in places["iskp"] if field == 0] == ["ISKP"]


def test_unknown_tag_cannot_be_explained(model: TagModel) -> None:
    with pytest.raises(UnknownTag, match="no tag 'nobody'"):
        model.explain(BRIEF, ["nobody"])


def test_tag_without_examples_is_suggested_from_its_name_alone(model: TagModel) -> None:
    article = Article(
        title="Hamas names new leader in Gaza",
        body="Hamas said on Monday that its council had chosen. Hamas did not say when.",
    )
    hamas = next(one for one in model.suggest(article).suggestions if one["tag"] == "hamas")
    assert hamas["source"] == "alias"
    assert 0.5 < hamas["score"] < 1.0


def test_passing_mention_is_listed_and_not_suggested(model: TagModel) -> None:
    body = (
        "The bank's profit rose by a tenth. Shares gained two per cent in London. " * 6
        + "It left Gaza after Hamas took power."
    )
    answer = model.suggest(Article(title="Bank raises dividend", body=body))
    assert "hamas" not in {one["tag"] for one in answer.suggestions}
    assert [(one["tag"], one["mentions"]) for one in answer.mentioned] == [("hamas", 1)]


def test_at_most_one_category_is_suggested(model: TagModel, articles: list[Article]) -> None:
    kinds = [[one["kind"] for one in model.suggest(article).suggestions].count("category") for article in articles[:80]]
    assert max(kinds) == 1


@pytest.mark.parametrize(
    ("title", "body", "reason"),
    [
        ("", "", "empty"),
        ("", "the of and to in", "empty"),
        ("", "…!? \u00ad", "empty"),
        (
            "Cricket board meets",
            "The board will meet on Tuesday to pick the squad for the winter tour.",
            "below_threshold",
        ),
        (
            "Le gouvernement présente son budget",
            "Le ministre des finances a présenté mardi les grandes lignes du projet de loi, qui prévoit une baisse des dépenses.",
            "language",
        ),
    ],
)
def test_no_suggestions_come_with_a_reason(model: TagModel, title: str, body: str, reason: str) -> None:
    answer = model.suggest(Article(title=title, body=body))
    assert (answer.suggestions, answer.reason) == ([], reason)


def test_rank_gives_the_wanted_number_of_tags_in_falling_order(model: TagModel) -> None:
    ranked = model.rank([BRIEF], 5)[0]
    scores = [score for _, score in ranked]
    assert len(ranked) == 5
    assert scores == sorted(scores, reverse=True)


def test_scores_do_not_depend_on_furniture(model: TagModel) -> None:
    plain = Article(title=BRIEF.title, body=f"{BRIEF.body}\nPolice searched two houses on Saturday.")
    furnished = Article(title=plain.title, body=f"{plain.body}\n\nTags: Boko Haram, Hamas\nShare this on Facebook\n")
    assert dict(model.rank([plain], 10)[0]) == pytest.approx(dict(model.rank([furnished], 10)[0]), abs=1e-9)


def test_muted_tag_is_neither_suggested_nor_mentioned(model: TagModel) -> None:
    tags = tuple(Tag(**{**vars(tag), "status": "muted"}) if tag.id == "iskp" else tag for tag in model.taxonomy.tags)
    answer = retagged(model, Taxonomy(tags, model.taxonomy.kinds)).suggest(BRIEF)
    assert "iskp" not in {one["tag"] for one in (*answer.suggestions, *answer.mentioned)}


def test_new_tag_with_an_alias_is_suggested_at_once(model: TagModel) -> None:
    new = Tag(
        "red-lantern-brigade",
        "Red Lantern Brigade",
        "group",
        aliases=(Alias("Red Lantern Brigade"), Alias("RLB", case_exact=True)),
    )
    changed = retagged(model, Taxonomy((*model.taxonomy.tags, new), model.taxonomy.kinds))
    article = Article(
        title="Red Lantern Brigade claims bank raid", body="The RLB said it took the money. Red Lantern Brigade is new."
    )
    assert suggested(changed, article)[0] == "red-lantern-brigade"


def test_retagging_changes_nothing_for_the_tags_that_stay(model: TagModel, articles: list[Article]) -> None:
    reversed_tags = Taxonomy(model.taxonomy.tags[::-1], model.taxonomy.kinds)
    changed = retagged(model, reversed_tags)
    for after, before in zip(changed.rank(articles[:20]), model.rank(articles[:20]), strict=True):
        assert dict(after) == pytest.approx(dict(before), abs=1e-9)


def test_retagging_changes_nothing_in_a_fast_model_either(articles: list[Article], taxonomy: Taxonomy) -> None:
    model = fit(articles[::3], taxonomy, FitSettings(n_jobs=1, fast=True)).model
    tag_ids = [tag.id for tag in taxonomy.tags]
    changed = retagged(model, Taxonomy(taxonomy.tags[::-1], taxonomy.kinds))
    for article in articles[:5]:
        before, after = ([one.decision_value for one in m.explain(article, tag_ids)] for m in (model, changed))
        assert after == pytest.approx(before, abs=1e-9)


def test_articles_are_judged_together_as_each_alone(model: TagModel, articles: list[Article]) -> None:
    some = [*articles[:30], Article(body="Der Minister sprach am Montag vor dem Parlament in Berlin."), Article()]
    scores, chosen = model.judge(some)
    for row, article in enumerate(some):
        alone_scores, alone_chosen = model.judge([article])
        assert scores[row] == pytest.approx(alone_scores[0], abs=1e-12)
        assert chosen[row].tolist() == alone_chosen[0].tolist()


def test_all_arrays_are_finite_but_for_thresholds_that_are_never_reached(model: TagModel) -> None:
    arrays = {name: value for name, value in vars(model.parameters).items() if isinstance(value, np.ndarray)}
    for name in ("thresholds", "auto_thresholds", "alias_thresholds"):
        assert not np.isnan(arrays.pop(name)).any()
    assert all(np.isfinite(value).all() for value in arrays.values())


def test_endless_article_is_read_as_far_as_makes_sense(model: TagModel) -> None:
    filler = "The bank's profit rose by a tenth in London. " * 40_000
    article = Article(title="ISKP bombs Kabul mosque", body=f"ISKP said it did. {filler}Hamas Hamas Hamas")
    answer = model.suggest(article)
    assert "iskp" in {one["tag"] for one in (*answer.suggestions, *answer.mentioned)}
    assert "hamas" not in {one["tag"] for one in (*answer.suggestions, *answer.mentioned)}


ROW = st.lists(st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 1e-300]) | st.floats(-9, 9), min_size=17, max_size=17)


@given(st.lists(ROW, min_size=1, max_size=3), st.integers(0, 17), st.integers(1, 12))
def test_the_heaviest_weights_are_those_of_a_whole_sort_also_where_some_are_equal(
    values: list[list[float]], n_columns: int, n: int
) -> None:
    weights = np.array(values)[:, :n_columns]
    whole = [(-np.abs(row)).argsort(kind="stable")[:n].tolist() for row in weights]
    expected = [{at: row[at] for at in order if row[at]} for order, row in zip(whole, weights.tolist(), strict=True)]
    assert heaviest(weights, n) == expected
