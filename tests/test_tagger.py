"""The tagger: what happens when an article arrives, without HTTP around it."""

from __future__ import annotations

import gc
import json
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.domain.articles import Article
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import BadArticle, NoModel, NotFound, UnknownTag
from classifier.model.answer import Answer
from classifier.model.retagging import retagged
from classifier.model.tag_model import MAX_REMOVED, TagModel
from classifier.serving.answers import LONG, Answers
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.serving.views import answer_json, explanations_of
from classifier.store.queue import Wanted
from classifier.store.store import Store
from tests.hard import size
from tests.hostile import HOSTILE
from tests.storing import put_article

KABUL = Article(
    "kabul-1",
    "ISKP bomber kills twelve at Kabul mosque",
    "The Islamic State's Khorasan branch claimed a suicide bombing in Kabul on Friday. "
    "Police said twelve worshippers were killed. Nobody blamed Hamas.",
)
GARDEN = Article("garden-1", "Tomatoes", "Water the plants each morning and give them compost, patience and sun.")


@pytest.fixture
def model(tagger: Tagger) -> TagModel:
    """The model that serves."""
    return tagger.serving.model()


def suggested(answer: dict[str, object]) -> list[str]:
    return [row["tag"] for row in answer["suggestions"]]  # type: ignore[attr-defined]


# --- answers ---


def test_suggesting_stores_nothing(tagger: Tagger) -> None:
    tagger.suggest(KABUL, why=["iskp"])
    assert tagger.store.count_articles() == {}


def test_putting_an_article_answers_what_suggesting_answers(tagger: Tagger) -> None:
    plain, stored = tagger.suggest(KABUL), tagger.put_article(KABUL)
    assert {key: stored[key] for key in plain} == plain
    assert "iskp" in suggested(stored)


def test_answers_are_remembered_for_their_text_and_model_alone(model: TagModel) -> None:
    answers = Answers()
    first = answers.answer(KABUL, model)
    assert 0 <= first.margin <= 1
    assert answers.answer(KABUL, model) == first == model.suggest(KABUL)
    assert answers.answer(replace(KABUL, body=GARDEN.body), model) != first
    assert answers.answer(replace(KABUL, body_format="html"), model).suggestions


def test_the_answers_that_were_asked_for_last_are_remembered(model: TagModel, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = model.suggest
    one = Answers()
    one.answer(replace(KABUL, title="a"), model)
    answers, asked = Answers(2 * one.n_bytes + 100), []
    monkeypatch.setattr(model, "suggest", lambda article, n: asked.append(article.title) or whole(article, n))
    for title in ("a", "b", "a", "c", "a", "b"):
        answers.answer(replace(KABUL, title=title), model)
    assert asked == ["a", "b", "c", "b"]


def test_a_cache_of_no_bytes_remembers_nothing(model: TagModel) -> None:
    answers = Answers(0)
    assert answers.answer(KABUL, model) == answers.answer(KABUL, model)
    assert answers.n_bytes == 0


def test_answers_to_long_texts_are_not_remembered(model: TagModel) -> None:
    answers = Answers()
    answers.answer(replace(KABUL, body=f"{KABUL.body} {'The police came. ' * 3000}"), model)
    assert answers.n_bytes == 0
    answers.answer(KABUL, model)
    assert answers.n_bytes > 0


@pytest.mark.slow
@pytest.mark.parametrize("body", [KABUL.body, "A bomb went off.\nRead more: other news\n" * 1200, "x"])
def test_remembered_answers_take_no_more_memory_than_is_counted(model: TagModel, body: str) -> None:
    answers = Answers(1 << 20)
    articles = [replace(KABUL, title=f"ISKP bomber {number}", body=body) for number in range(20)]
    for article in articles:  # what is worked out once for a model is no part of an answer
        answer_json(model.suggest(article))
    tracemalloc.start()
    try:
        for article in articles:
            answers.answer(article, model)
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert 0 < answers.n_bytes <= answers.max_bytes
    assert taken <= answers.n_bytes + 20_000


@pytest.mark.slow
def test_forty_hostile_articles_leave_no_more_memory_than_the_cache_may_take(model: TagModel) -> None:
    hostile = [HOSTILE["removed parts"](1_000_000), HOSTILE["names of many tags"](1_000_000)]
    answers = Answers(1 << 20)
    model.suggest(Article(body=hostile[0]))
    tracemalloc.start()
    try:
        for number in range(size(4, 40)):
            answers.answer(Article(title=str(number), body=hostile[number % 2]), model)
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert taken <= answers.max_bytes


def test_an_answer_lists_some_of_what_was_left_out_and_counts_what_is_more(model: TagModel) -> None:
    article = Article(body=HOSTILE["removed parts"](20_000))
    answer = model.suggest(article)
    assert len(answer.removed) == MAX_REMOVED
    assert MAX_REMOVED + answer.removed_more == len(model.reader.read(article).removed) > MAX_REMOVED
    assert model.suggest(KABUL).removed_more == 0


def test_threads_take_turns_and_answer_a_text_once(model: TagModel, monkeypatch: pytest.MonkeyPatch) -> None:
    answers, working, asked = Answers(), [], []
    whole = model.suggest

    def suggest(article: Article, n_evidence: int) -> Answer:
        working.append(article.title)
        asked.append((article.title, len(working)))
        time.sleep(0.02)  # long enough for the others to come
        working.remove(article.title)
        return whole(article, n_evidence)

    monkeypatch.setattr(model, "suggest", suggest)
    articles = [replace(KABUL, title=title) for title in "abcabc"]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda article: answers.answer(article, model), articles))
    assert sorted(asked) == [("a", 1), ("b", 1), ("c", 1)]
    assert found[:3] == found[3:]


def test_nobody_waits_for_a_long_text(model: TagModel, monkeypatch: pytest.MonkeyPatch) -> None:
    answers, begun, done = Answers(), threading.Event(), threading.Event()
    whole = model.suggest

    def suggest(article: Article, n_evidence: int) -> Answer:
        if len(article.body) > LONG:
            begun.set()
            assert done.wait(30)
        return whole(article, n_evidence)

    monkeypatch.setattr(model, "suggest", suggest)
    with ThreadPoolExecutor(1) as pool:
        long = pool.submit(answers.answer, replace(KABUL, body="Kabul. " * LONG), model)
        assert begun.wait(30)
        assert answers.answer(KABUL, model).suggestions
        done.set()
        assert long.result().suggestions


def test_scores_and_weights_are_rounded_to_four_digits(tagger: Tagger) -> None:
    answer = tagger.suggest(KABUL)
    numbers = [row["score"] for row in (*answer["suggestions"], *answer["mentioned"])]
    numbers += [e["weight"] for row in answer["suggestions"] for e in (*row["evidence"], *row["evidence_against"])]
    assert numbers == [round(number, 4) for number in numbers]
    assert all(0 <= row["score"] <= 1 for row in answer["suggestions"])


def test_evidence_speaks_for_and_evidence_against_speaks_against(model: TagModel) -> None:
    for row in answer_json(model.suggest(KABUL))["suggestions"]:
        assert row["evidence"]
        assert all(e["weight"] > 0 for e in row["evidence"])
        assert all(e["weight"] < 0 for e in row["evidence_against"])


def test_a_name_of_the_tag_is_never_evidence_against_it(model: TagModel, articles: list[Article]) -> None:
    n_hardly_named = 0
    for article in articles:
        for one in model.suggest(article).suggestions:
            tag = model.taxonomy.tag(one["tag"])
            names = {spell(name) for name in (tag.label, *(alias.text for alias in tag.aliases))}
            assert names.isdisjoint(spell(evidence["plain"]) for evidence in one["evidence_against"])
            parts = model.explain(article, [one["tag"]])[0].parts
            n_hardly_named += any(part.kind == "mention" and part.spans and part.weight < 0 for part in parts)
        if n_hardly_named > 20:
            break
    assert n_hardly_named > 20


def test_a_page_of_markup_in_the_middle_of_a_name_is_no_evidence(model: TagModel) -> None:
    body = f"<p>The Islamic <!--{'x' * 100_000}-->State claimed the attack in Kabul. A bomber killed two.</p>"
    answer = answer_json(model.suggest(Article(title="Kabul", body=body, body_format="html")))
    assert len(json.dumps(answer)) < 50_000


def test_what_is_suggested_is_not_also_only_mentioned(tagger: Tagger) -> None:
    answer = tagger.suggest(KABUL)
    assert [row["tag"] for row in answer["mentioned"]] == ["hamas"]
    assert answer["mentioned"][0]["mentions"] == 1


# --- explanations ---


@pytest.mark.parametrize("tag", ["iskp", "hamas", "attack", "policy"])
@pytest.mark.parametrize("article", [KABUL, GARDEN, Article()], ids=["kabul", "garden", "empty"])
def test_the_parts_of_an_explanation_add_up_to_the_decision_value(model: TagModel, article: Article, tag: str) -> None:
    told = explanations_of(article, [tag], model)[0]
    assert sum(part["weight"] for part in told["parts"]) == pytest.approx(told["decision_value"], abs=1e-6)


def test_explanation_and_suggestion_give_the_same_score(model: TagModel) -> None:
    for row in answer_json(model.suggest(KABUL))["suggestions"]:
        told = explanations_of(KABUL, [row["tag"]], model)[0]
        assert told["score"] == row["score"]
        assert told["score"] >= told["threshold"]


def test_a_tag_that_is_not_suggested_can_be_explained_and_is_under_its_threshold(tagger: Tagger) -> None:
    answer = tagger.suggest(GARDEN, why=["iskp", "attack"])
    assert suggested(answer) == []
    assert [told["tag"] for told in answer["why"]] == ["iskp", "attack"]
    assert all(told["score"] < told["threshold"] for told in answer["why"])


def test_an_unknown_tag_cannot_be_explained(tagger: Tagger) -> None:
    with pytest.raises(UnknownTag, match="atlantis"):
        tagger.suggest(KABUL, why=["iskp", "atlantis"])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(
            ["ISKP ", "Kabul", "&amp;", "&#8217;", "<b>", "</b>", "<p>", "é", "e\u0301", "🙂", "\r\n", " ", "bomb"]
        ),
        max_size=25,
    ),
    st.sampled_from(["text", "html"]),
)
def test_places_lie_within_the_field_as_it_was_sent_whatever_the_text(
    model: TagModel, pieces: list[str], body_format: str
) -> None:
    article = Article("", "ISKP’s Kabul bombing", "".join(pieces), body_format)
    told = explanations_of(article, ["iskp"], model)[0]
    sent = {"title": article.title, "body": article.body}
    for part in told["parts"]:
        assert all(0 <= p["start"] < p["end"] <= len(sent[p["field"]]) for p in part["places"])
    for row in answer_json(model.suggest(article))["suggestions"]:
        assert all(sent[e["field"]][e["start"] : e["end"]] == e["text"] != "" for e in row["evidence"])


# --- stored articles ---


def test_saving_an_article_five_times_leaves_one_suggestion_set_and_one_impression_of_each_tag(tagger: Tagger) -> None:
    answers = [tagger.put_article(KABUL) for _ in range(5)]
    assert answers == [answers[0]] * 5
    shown = list(tagger.store.log.impressions("kabul-1"))
    assert {one.suggestion_set_id for one in shown} == {answers[0]["suggestion_set_id"]}
    assert sorted(one.tag for one in shown) == sorted(suggested(answers[0]))


def test_a_tag_that_the_article_has_is_withheld_and_not_counted_as_shown(tagger: Tagger) -> None:
    answer = tagger.put_article(replace(KABUL, tags=("iskp",)))
    assert {"tag": "iskp", "reason": "already_tagged"} in answer["withheld"]
    assert "iskp" not in suggested(answer)
    assert "iskp" not in {one.tag for one in tagger.store.log.impressions("kabul-1")}


def test_the_same_text_keeps_its_suggestion_set_when_only_the_tags_change(tagger: Tagger) -> None:
    first = tagger.put_article(KABUL)
    assert tagger.put_article(replace(KABUL, tags=("iskp",)))["suggestion_set_id"] == first["suggestion_set_id"]


def test_a_changed_text_gets_a_new_suggestion_set(tagger: Tagger) -> None:
    first = tagger.put_article(KABUL)
    changed = tagger.put_article(replace(KABUL, body=KABUL.body + " The mosque reopened."))
    assert changed["suggestion_set_id"] != first["suggestion_set_id"]


def test_tags_that_were_said_before_are_still_withheld_where_a_resave_says_nothing_of_tags(tagger: Tagger) -> None:
    tagger.put_article(replace(KABUL, tags=("iskp",)))
    again = tagger.put_article(KABUL)
    assert {"tag": "iskp", "reason": "already_tagged"} in again["withheld"]
    assert tagger.article("kabul-1")["tags"] == ["iskp"]


def test_tags_that_the_taxonomy_does_not_know_are_kept_and_returned(tagger: Tagger) -> None:
    answer = tagger.put_article(replace(KABUL, tags=("our-own", "iskp", "Ünïcode tag")))
    assert answer["unknown_tags"] == ["our-own", "Ünïcode tag"]
    assert tagger.article("kabul-1")["tags"] == ["our-own", "iskp", "Ünïcode tag"]


def test_what_a_cms_lists_is_not_taken_for_all_that_is_true(tagger: Tagger) -> None:
    tagger.put_article(replace(KABUL, tags=("iskp",)))
    assert tagger.store.article("kabul-1").article.tags_complete is False


def test_a_stored_article_is_answered_by_the_model_that_serves_now(
    tagger: Tagger, registry: Registry, model: TagModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classifier.serving.serving.POLL_SECONDS", 0.0)
    before = tagger.put_article(KABUL)
    smaller = Taxonomy(tuple(tag for tag in model.taxonomy.tags if tag.id != "iskp"), model.taxonomy.kinds)
    version = registry.save(retagged(model, smaller))
    registry.promote(version, "tests", "one tag less")
    tagger.serving.settled()
    after = tagger.article("kabul-1")
    assert after["model_version"] == version
    assert after["suggestion_set_id"] != before["suggestion_set_id"]
    assert "iskp" not in suggested(after)


def test_lists_are_cut_into_pages_without_bodies(tagger: Tagger) -> None:
    for number in range(5):
        tagger.put_article(replace(GARDEN, id=f"g{number}"))
    seen, place = [], None
    for _ in range(3):
        rows, place = tagger.articles(Wanted(), place, 2)
        assert all("body" not in row for row in rows)
        seen += [row["article_id"] for row in rows]
    assert seen == ["g4", "g3", "g2", "g1", "g0"]
    assert place is None


def test_a_page_that_is_exactly_full_leads_nowhere(tagger: Tagger) -> None:
    for number in range(2):
        tagger.put_article(replace(GARDEN, id=f"g{number}"))
    assert tagger.articles(Wanted(), None, 2)[1] is None


def test_deleting_takes_an_article_away_with_all_that_hangs_on_it(tagger: Tagger) -> None:
    tagger.put_article(KABUL)
    tagger.delete_article("kabul-1")
    assert list(tagger.store.log.impressions("kabul-1")) == []
    for ask in (tagger.article, tagger.delete_article):
        with pytest.raises(NotFound, match="kabul-1"):
            ask("kabul-1")


def test_an_article_that_is_deleted_and_comes_again_is_new(tagger: Tagger) -> None:
    first = tagger.put_article(replace(KABUL, tags=("iskp",)))
    tagger.delete_article("kabul-1")
    again = tagger.put_article(KABUL)
    assert again["suggestion_set_id"] == first["suggestion_set_id"]
    assert again["withheld"] == []


@pytest.mark.parametrize("article_id", ["", "a b", "a/b", "ü"])
def test_an_article_with_an_unusable_id_is_refused(tagger: Tagger, article_id: str) -> None:
    with pytest.raises(BadArticle) as refused:
        tagger.put_article(replace(KABUL, id=article_id))
    assert refused.value.field == "id"


def test_without_a_model_an_article_is_refused_and_not_half_stored(store: Store, tmp_path: Path) -> None:
    tagger = Tagger(Serving(Registry(tmp_path / "none")), store)
    with pytest.raises(NoModel):
        tagger.put_article(KABUL)
    assert store.count_articles() == {}


def test_tag_that_the_archive_rejected_is_withheld(tagger: Tagger) -> None:
    put_article(tagger.store, replace(KABUL, id="a1", rejected=("afghanistan",), tags=()), "import")
    answer = tagger.article("a1")
    assert "afghanistan" not in {one["tag"] for one in answer["suggestions"]}
    assert {"tag": "afghanistan", "reason": "rejected"} in answer["withheld"]
