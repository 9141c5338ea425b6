"""In a language that a model has not learned only names that are written out count, judged as if no tag had examples."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from classifier.domain.articles import Article, article_from_record, read_articles, record_of, text_digest
from classifier.model.export import build_pipeline
from classifier.model.tag_model import TagModel
from classifier.model.through_head import seen_through
from classifier.model.unlearned import has_names
from classifier.store.store import Store
from classifier.training.fitting import Fitted, fit
from classifier.training.settings import FitSettings
from tests.conftest import EVAL_DATA, needs_eval_data

SOMALI = Article(
    title="Taliban iyo Boko Haram",
    body="Dagaalyahanno ka tirsan Taliban ayaa weeraray saldhig, sida ay sheegeen saraakiisha. Boko Haram ma aysan hadlin. "
    "Kooxda Taliban waxay sheegtay in ay dishay askar badan, halka Boko Haram ay weerar kale qaadday maalintii Sabtida.",
)
NO_NAMES = Article(
    title="Xukuumadda oo soo bandhigtay miisaaniyadda",
    body="Wasiirka maaliyadda ayaa soo bandhigay qorshaha sharciga ee sanadka soo socda, kaas oo yareynaya kharashka dowladda.",
)
ENGLISH = Article(
    title="Taliban raid in Kunar",
    body="The Taliban said on Friday that their fighters had raided a police post in Kunar and killed three of the officers there.",
)


@pytest.fixture(scope="module")
def model(fitted: Fitted) -> TagModel:
    """A model that has learned English."""
    return fitted.model


@pytest.fixture(scope="module")
def french(model: TagModel) -> TagModel:
    """A model that has learned French alone."""
    return TagModel(
        replace(model.parameters, learned=["fr"], always_one=True), model.terms, model.title_terms, model.taxonomy
    )


def test_names_that_are_written_out_are_suggested_and_nothing_is_sure(model: TagModel) -> None:
    answer = model.suggest(SOMALI)
    assert {row["tag"] for row in answer.suggestions} == {"taliban", "boko-haram"}
    assert {(row["source"], row["band"], row["kind"]) for row in answer.suggestions} == {("alias", "suggest", "group")}
    assert answer.language == {"code": "so", "learned": False, "told": False}
    assert answer.reason is None
    assert all(SOMALI.texts_by_name[e["field"]][e["start"] : e["end"]] in ("Taliban", "Boko Haram") for row in answer.suggestions for e in row["evidence"])  # fmt: skip


IN_PASSING = replace(
    SOMALI,
    title="Xukuumadda oo soo bandhigtay miisaaniyadda",
    body=f"{NO_NAMES.body}\n\n" * 30
    + "Kooxda Taliban ma hadlin. Pakistan iyo Pakistan. "
    + NO_NAMES.body * 9
    + " Taliban way diideen.",
)


def test_a_group_that_is_named_twice_is_suggested_and_its_name_is_the_evidence(model: TagModel) -> None:
    once = replace(IN_PASSING, body=IN_PASSING.body.replace("Taliban way diideen", "Way diideen"))
    assert model.suggest(once).suggestions == []
    [row] = model.suggest(IN_PASSING).suggestions
    assert (row["tag"], row["band"]) == ("taliban", "suggest")
    assert [each["text"] for each in row["evidence"]] == ["Taliban"]
    assert row["score"] == round(model.explain(IN_PASSING, ["taliban"])[0].threshold, 4)


def test_a_place_that_is_named_twice_is_judged_by_the_model(model: TagModel) -> None:
    assert {row["tag"]: row["mentions"] for row in model.suggest(IN_PASSING).mentioned} == {"pakistan": 2}


@pytest.mark.parametrize("wanted", [{"threshold": 0.9}, {"caution": 0.9}])
def test_a_group_of_which_a_person_wants_fewer_needs_more_than_two_names(
    model: TagModel, wanted: dict[str, Any]
) -> None:
    tags = tuple(replace(tag, **wanted) if tag.id == "taliban" else tag for tag in model.taxonomy.tags)
    assert seen_through(model, replace(model.taxonomy, tags=tags)).suggest(IN_PASSING).suggestions == []


def test_a_text_without_names_has_no_suggestion_and_the_reason(french: TagModel) -> None:
    for article in (NO_NAMES, replace(NO_NAMES, title="", body=NO_NAMES.body * 40)):
        assert (french.suggest(article).suggestions, french.suggest(article).reason) == ([], "language")


def test_a_french_model_gives_an_english_text_nothing_but_names(french: TagModel) -> None:
    answer = french.suggest(ENGLISH)
    assert answer.language == {"code": "en", "learned": False, "told": False}
    assert {row["kind"] for row in answer.suggestions} <= {"group", "place", "person"}
    assert (
        french.suggest(
            replace(ENGLISH, title="", body="It was raining on the day of the vote, and they stayed at home.")
        ).reason
        == "language"
    )


def test_a_language_is_learned_with_others(model: TagModel) -> None:
    both = TagModel(replace(model.parameters, learned=["en", "so"]), model.terms, model.title_terms, model.taxonomy)
    assert both.suggest(SOMALI).language == {"code": "so", "learned": True, "told": False}
    assert both.suggest(NO_NAMES).reason != "language"


def test_what_the_sender_says_wins(model: TagModel) -> None:
    told = model.suggest(replace(ENGLISH, language="fr-CA"))
    assert told.language == {"code": "fr", "learned": False, "told": True}
    assert all(row["source"] == "alias" for row in told.suggestions)
    assert model.suggest(replace(ENGLISH, language="en")).language == {"code": "en", "learned": True, "told": True}


def test_english_text_is_judged_as_before(model: TagModel) -> None:
    of_any = TagModel(
        replace(model.parameters, learned=[], language=None), model.terms, model.title_terms, model.taxonomy
    )
    assert of_any.suggest(ENGLISH).suggestions == model.suggest(ENGLISH).suggestions
    assert model.suggest(ENGLISH).language == {"code": "en", "learned": True, "told": False}


def test_many_articles_are_judged_as_each_alone(model: TagModel) -> None:
    articles = [ENGLISH, SOMALI, NO_NAMES, replace(ENGLISH, language="fr"), IN_PASSING]
    scores, suggested = model.judge(articles)
    tags = [tag.id for tag in model.taxonomy.tags]
    for number, article in enumerate(articles):
        answer = model.suggest(article)
        rows = {row["tag"]: row["score"] for row in answer.suggestions}
        assert {tags[tag] for tag in np.flatnonzero(suggested[number])} == set(rows)
        assert {tag: round(scores[number, tags.index(tag)], 4) for tag in rows} == rows
        assert {tag for tag, _ in model.rank([article])[0]} == set(rows)
    assert model.rank([SOMALI], band="auto") == [[]]


@pytest.mark.parametrize("article", [SOMALI, IN_PASSING], ids=["named", "in passing"])
def test_explanation_adds_up_and_no_word_weighs(model: TagModel, article: Article) -> None:
    for explanation in model.explain(article, ["taliban", "hamas"]):
        assert abs(sum(part.weight for part in explanation.parts) - explanation.decision_value) < 1e-9
        assert {part.kind for part in explanation.parts} <= {"mention", "prior"}


def test_exported_pipeline_predicts_the_same(model: TagModel) -> None:
    pipeline, articles = build_pipeline(model), [ENGLISH, SOMALI, NO_NAMES, replace(ENGLISH, language="fr"), IN_PASSING]
    scores, suggested = model.judge(articles)
    assert (pipeline.predict(articles).astype(bool) == suggested).all()
    assert np.allclose(pipeline.predict_proba(articles), scores)


def test_groups_and_places_have_names(model: TagModel) -> None:
    assert {tag.kind for tag, named in zip(model.taxonomy.tags, has_names(model.taxonomy), strict=True) if named} == {
        "group",
        "place",
    }


# --- through the store and the API ------------------------------------------------------------------------------


def test_told_language_is_part_of_the_digest_and_of_the_record() -> None:
    told = replace(ENGLISH, language="fr")
    assert text_digest(told) != text_digest(ENGLISH)
    assert article_from_record(record_of(told)) == told
    assert "language" not in record_of(ENGLISH)


@pytest.mark.parametrize("value", ["English", "", 7, ["en"], "e"])
def test_a_file_may_say_anything_of_the_language(value: Any) -> None:
    assert article_from_record({"id": "a", "title": "A", "language": value}).language is None


def test_language_is_asked_for_stored_and_answered(client: FlaskClient, store: Store) -> None:
    sent = {"title": ENGLISH.title, "body": ENGLISH.body}
    plain = client.post("/v1/suggest", json=sent).get_json()
    told = client.post("/v1/suggest", json={**sent, "language": "fr-CA"}).get_json()
    assert plain["language"] == {"code": "en", "learned": True, "told": False}
    assert told["language"] == {"code": "fr", "learned": False, "told": True}
    first = client.put("/v1/articles/a", json={**sent, "language": "fr"}).get_json()
    assert (first["language"], store.article("a").article.language) == (told["language"], "fr")
    again = client.put("/v1/articles/a", json=sent).get_json()
    assert (again["language"], store.article("a").article.language) == (plain["language"], None)
    assert first["suggestion_set_id"] != again["suggestion_set_id"]


@pytest.mark.parametrize("value", ["English", "", "f", 7])
def test_what_is_no_language_is_refused(client: FlaskClient, value: Any) -> None:
    answer = client.post("/v1/suggest", json={"title": "A", "language": value})
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, "/language")


# --- articles of newsrooms --------------------------------------------------------------------------------------


@pytest.mark.slow
@needs_eval_data
def test_a_model_learns_a_language_by_twenty_articles() -> None:
    def texts_of(language: str, part: str, n: int | None = None) -> list[Article]:
        return list(islice(read_articles([EVAL_DATA / "languages" / f"{language}-{part}.jsonl.gz"]), n))

    french, somali = texts_of("fra", "train"), texts_of("som", "train", 20)
    others = {language: texts_of(language, "test", 30) for language in ("som", "ara", "amh")}
    model = fit(french, None, FitSettings()).model
    for language, articles in others.items():
        assert {model.suggest(article).reason for article in articles} == {"language"}, language
    assert {model.suggest(article).reason for article in texts_of("fra", "test", 30)} == {None}
    both = fit(french + somali, None, FitSettings()).model
    assert {both.suggest(article).reason for article in others["som"]} == {None}
    assert {both.suggest(article).reason for article in others["ara"]} == {"language"}
