"""The API: every endpoint answers as the contract has it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifier.domain.taxonomy import Taxonomy
from classifier.model.retagging import retagged
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.store import Store
from classifier.web import build_app

TITLE = "ISKP bomber kills twelve at Kabul mosque"
BODY = (
    "The Islamic State's Khorasan branch claimed a suicide bombing in Kabul on Friday. "
    "Police said twelve worshippers were killed. Nobody blamed Hamas."
)
HTML = (
    "<!-- wp:paragraph -->\n<p>The <em>Islamic State</em>&#8217;s Khorasan branch, <a href='/t/iskp'>ISKP</a>,&nbsp;claimed a "
    "suicide bombing in K&#97;bul &amp; around 🕌 it.</p>\n<!-- /wp:paragraph -->\n<script>var hamas = 'Hamas';</script>"
    "<p>Police in Caf\u0065\u0301 Street said <b>twelve</b> worshippers were killed.</p>"
)
NONE_YET = {"new": 0, "started": 0, "closed": 0}
ARTICLE = {"title": TITLE, "body": BODY}
ANSWER = {
    "model_version",
    "taxonomy_version",
    "live_state",
    "suggestions",
    "mentioned",
    "unknown_tags",
    "removed",
    "removed_more",
    "language",
    "reason",
    "choices",
}
SUGGESTION = {"tag", "label", "kind", "score", "band", "aboutness", "source", "evidence", "evidence_against"}


def suggest(client: FlaskClient, **sent: Any) -> dict[str, Any]:
    response = client.post("/v1/suggest", json=sent)
    assert response.status_code == 200, response.text
    return dict(response.get_json())


def put(client: FlaskClient, article_id: str, **sent: Any) -> dict[str, Any]:
    response = client.put(f"/v1/articles/{article_id}", json=sent)
    assert response.status_code == 200, response.text
    return dict(response.get_json())


def tags(answer: dict[str, Any]) -> list[str]:
    return [row["tag"] for row in answer["suggestions"]]


def all_evidence(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [e for row in answer["suggestions"] for e in (*row["evidence"], *row["evidence_against"])]


def assert_problem(response: Any, status: int, slug: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    body = json.loads(response.data)
    assert (body["type"], body["status"]) == (f"/docs#{slug}", status)
    assert body["title"]
    assert body["detail"]
    return dict(body)


@pytest.fixture
def empty_client(store: Store, tmp_path: Path) -> FlaskClient:
    """A client of a service without any model."""
    registry = Registry(tmp_path / "no-models")
    return build_app(Tagger(Serving(registry), store), registry).test_client()


# --- suggest ---


def test_suggest_answers_the_fields_of_the_contract(client: FlaskClient, registry: Registry) -> None:
    answer = suggest(client, **ARTICLE)
    champion = registry.champion()
    assert champion is not None
    assert set(answer) == ANSWER
    assert answer["model_version"] == champion.version
    assert answer["taxonomy_version"].startswith("t-")
    assert answer["reason"] is None
    assert all(set(row) == SUGGESTION for row in answer["suggestions"])
    assert all(set(e) == {"field", "start", "end", "text", "plain", "weight"} for e in all_evidence(answer))
    assert all(set(row) == {"tag", "label", "score", "mentions"} for row in answer["mentioned"])


def test_evidence_is_left_out_where_nobody_reads_it_and_nothing_else(client: FlaskClient) -> None:
    for first, second in ((0, 4), (4, 0)):  # whichever of the two is remembered
        sent = {**ARTICLE, "title": f"{ARTICLE['title']} {first}"}
        answers = {n: suggest(client, **sent, evidence=n) for n in (first, second)}
        assert all_evidence(answers[4])
        assert not all_evidence(answers[0])
        for row in answers[4]["suggestions"]:
            row |= {"evidence": [], "evidence_against": []}
        assert answers[0] == answers[4]
    assert suggest(client, **ARTICLE) == suggest(client, **ARTICLE, evidence=4)
    assert max(len(row["evidence"]) for row in suggest(client, **ARTICLE, evidence=1)["suggestions"]) == 1


def test_evidence_is_left_out_of_a_batch(client: FlaskClient) -> None:
    articles = [{"id": "a", **ARTICLE}]
    (answer,) = client.post("/v1/suggest/batch", json={"articles": articles, "evidence": 0}).get_json()["results"]
    (whole,) = client.post("/v1/suggest/batch", json={"articles": articles}).get_json()["results"]
    assert all_evidence(whole)
    assert not all_evidence(answer)
    assert [row["score"] for row in answer["suggestions"]] == [row["score"] for row in whole["suggestions"]]


@pytest.mark.parametrize("n", [-1, 5, True, "0", 1.0, None])
def test_so_many_places_are_no_number_of_evidence(client: FlaskClient, n: object) -> None:
    refused = client.post("/v1/suggest", json={**ARTICLE, "evidence": n})
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.get_json()["errors"]] == ["/evidence"]


def test_suggest_finds_the_group_and_the_kind_of_story(client: FlaskClient) -> None:
    answer = suggest(client, **ARTICLE)
    found = {row["tag"]: row for row in answer["suggestions"]}
    assert {"iskp", "attack"} <= set(found)
    assert found["iskp"]["label"] == "Islamic State Khorasan Province"
    assert (found["iskp"]["kind"], found["iskp"]["aboutness"]) == ("group", "main")
    assert found["iskp"]["source"] == "model+alias"
    assert found["attack"]["kind"] == "category"


def test_suggestions_are_sorted_by_score(client: FlaskClient) -> None:
    scores = [row["score"] for row in suggest(client, **ARTICLE)["suggestions"]]
    assert len(scores) >= 2
    assert scores == sorted(scores, reverse=True)


def test_at_most_one_tag_of_the_exclusive_kind_is_suggested(client: FlaskClient, articles: list[Any]) -> None:
    sent = [{"id": a.id, "title": a.title, "body": a.body} for a in articles[:40]]
    answers = client.post("/v1/suggest/batch", json={"articles": sent}).get_json()["results"]
    categories = [sum(row["kind"] == "category" for row in answer["suggestions"]) for answer in answers]
    assert max(categories) == 1


def test_a_tag_that_is_only_named_is_mentioned_with_its_count(client: FlaskClient) -> None:
    (row,) = suggest(client, **ARTICLE)["mentioned"]
    assert (row["tag"], row["label"], row["mentions"]) == ("hamas", "Hamas", 1)
    assert 0 <= row["score"] < 1


def test_suggest_stores_nothing(client: FlaskClient) -> None:
    suggest(client, **ARTICLE, tags=["iskp"])
    assert client.get("/v1/articles").get_json() == {"articles": [], "cursor": None, "counts": NONE_YET}


def test_the_same_article_gets_the_same_answer_byte_by_byte(client: FlaskClient) -> None:
    first, second = (client.post("/v1/suggest", json={**ARTICLE, "why": ["iskp"]}).data for _ in range(2))
    assert first == second


def test_title_alone_or_body_alone_is_enough(client: FlaskClient) -> None:
    assert "iskp" in tags(suggest(client, title=TITLE))
    assert "iskp" in tags(suggest(client, body=f"{TITLE}. {BODY}"))


@pytest.mark.parametrize(
    "sent",
    [
        {"title": TITLE, "body": BODY},
        {"title": "ISKP’s “bomber” — kills &amp; twelve", "body": HTML, "body_format": "html"},
        {
            "title": "🕌 ISKP: e\u0301lan in Kabul",
            "body": "\r\nISKP\u00a0struck 🕌 Kabul.\r\nThe Taliban\u2019s police came.\r\n",
        },
        {"title": "ISKP", "body": HTML, "body_format": "text"},
    ],
    ids=["plain", "html", "odd characters", "markup as text"],
)
def test_evidence_is_exactly_the_slice_of_what_was_sent(client: FlaskClient, sent: dict[str, str]) -> None:
    answer = suggest(client, **sent)
    assert "iskp" in tags(answer)
    for e in all_evidence(answer):
        assert sent[e["field"]][e["start"] : e["end"]] == e["text"]
        assert e["text"].strip()


def test_evidence_in_html_is_the_visible_text_and_not_the_markup(client: FlaskClient) -> None:
    answer = suggest(client, title="Bombing", body=HTML, body_format="html")
    assert "ISKP" in {e["text"] for e in all_evidence(answer)}
    markup = [(m.start(), m.end()) for m in re.finditer("<script.*?</script>|<[^>]*>", HTML)]
    ends = [place for e in all_evidence(answer) if e["field"] == "body" for place in (e["start"], e["end"] - 1)]
    assert not [place for place in ends for start, end in markup if start <= place < end]
    assert answer["mentioned"] == []  # Hamas stands in a script


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(
            [
                "<p>",
                "</p>",
                "<b>",
                "</b>",
                "<br/>",
                "ISKP",
                "Kabul ",
                "Islamic State",
                " bombing",
                "&amp;",
                "&#8217;",
                "&nbsp;",
                "<!-- ISKP -->",
                "é",
                "é",
                "🕌",
                "\r\n",
                " ",
                "<",
                "&",
                "&bogus;",
                "\u200b",
                "</p",
                "'s",
            ]
        ),
        max_size=40,
    )
)
def test_offsets_are_exact_for_any_html(client: FlaskClient, pieces: list[str]) -> None:
    body = "".join(pieces)
    answer = suggest(client, title="ISKP bombs Kabul", body=body, body_format="html", why=["iskp"])
    sent = {"title": "ISKP bombs Kabul", "body": body}
    assert all(sent[e["field"]][e["start"] : e["end"]] == e["text"] for e in all_evidence(answer))
    places = [place for part in answer["why"][0]["parts"] for place in part["places"]]
    assert all(0 <= p["start"] < p["end"] <= len(sent[p["field"]]) for p in places)


def test_evidence_of_html_is_also_given_without_its_markup(client: FlaskClient) -> None:
    body = "<p>The <b>Islamic</b>&nbsp;State&rsquo;s Khor\u00adasan <i>branch</i> claimed the attack in K&#97;bul. "
    body += "The Islamic State's Khorasan branch had threatened it.</p>"
    sent = {"title": "Bombing", "body": body, "body_format": "html"}
    put(client, "a", **sent)
    for answer in (suggest(client, **sent), put(client, "a", **sent), client.get("/v1/articles/a").get_json()):
        plain = {e["text"]: e["plain"] for e in all_evidence(answer)}
        assert plain["Islamic</b>&nbsp;State&rsquo;s Khor\u00adasan <i>branch"] == "Islamic State's Khorasan branch"
        assert plain["K&#97;bul"] == "Kabul"
    assert all(e["plain"] == e["text"] for e in all_evidence(suggest(client, **ARTICLE)))


def test_furniture_is_reported_by_its_slice_and_mentions_nothing(client: FlaskClient) -> None:
    listed = "Tags: Hamas, Boko Haram"
    body = f"{BODY.replace(' Nobody blamed Hamas.', '')}\n{listed}"
    answer = suggest(client, title=TITLE, body=body)
    (removed,) = answer["removed"]
    assert (removed["field"], removed["kind"]) == ("body", "tag list")
    assert body[removed["start"] : removed["end"]] == listed
    assert answer["mentioned"] == []


def test_furniture_of_html_is_reported_by_offsets_into_the_html(client: FlaskClient) -> None:
    body = f"<p>{BODY}</p>\n<p class='tags'>Tags: <a href='/x'>Boko Haram</a></p>"
    (removed,) = suggest(client, title=TITLE, body=body, body_format="html")["removed"]
    assert body[removed["start"] : removed["end"]] == "Tags: <a href='/x'>Boko Haram"


def test_tags_that_are_unknown_are_returned_in_their_order_and_never_refused(client: FlaskClient) -> None:
    answer = suggest(client, **ARTICLE, tags=["zebra", "iskp", "atlantis"])
    assert answer["unknown_tags"] == ["zebra", "atlantis"]


def test_an_article_about_something_else_has_no_suggestions_and_says_why(client: FlaskClient) -> None:
    answer = suggest(client, title="Tomatoes", body="Water the plants each morning and give them compost and sun.")
    assert answer["suggestions"] == []
    assert answer["reason"] == "below_threshold"


# --- why ---


def test_why_explains_any_tag_in_parts_that_add_up_to_its_decision_value(client: FlaskClient) -> None:
    wanted = ["iskp", "hamas", "attack", "financing"]
    told = suggest(client, title=TITLE, body=HTML, body_format="html", why=wanted)["why"]
    assert [one["tag"] for one in told] == wanted
    for one in told:
        assert set(one) == {"tag", "label", "score", "threshold", "decision_value", "outcome", "parts", "precedents"}
        assert sum(part["weight"] for part in one["parts"]) == pytest.approx(one["decision_value"], abs=1e-6)
        assert {part["kind"] for part in one["parts"]} <= {"term", "mention", "prior", "recency", "competing"}


def test_why_names_the_mention_with_all_its_places(client: FlaskClient) -> None:
    body = "ISKP struck Kabul. Then ISKP struck again."
    (told,) = suggest(client, title="A bombing", body=body, why=["iskp"])["why"]
    mention = next(part for part in told["parts"] if part["kind"] == "mention")
    assert [body[place["start"] : place["end"]] for place in mention["places"]] == ["ISKP", "ISKP"]


def test_why_is_absent_unless_it_was_asked_for(client: FlaskClient) -> None:
    assert "why" not in suggest(client, **ARTICLE)
    assert "why" not in suggest(client, **ARTICLE, why=[])


def test_why_of_an_unknown_tag_is_refused_with_its_name(client: FlaskClient) -> None:
    problem = assert_problem(client.post("/v1/suggest", json={**ARTICLE, "why": ["atlantis"]}), 422, "invalid")
    assert problem["errors"][0]["pointer"] == "/why"
    assert "atlantis" in problem["detail"]


# --- batch ---


def test_a_batch_answers_each_article_as_if_it_were_alone_in_its_order(client: FlaskClient) -> None:
    sent = [{"id": "b", **ARTICLE}, {"id": "a", "title": "Tomatoes"}, {"id": "b", "body": HTML, "body_format": "html"}]
    results = client.post("/v1/suggest/batch", json={"articles": sent}).get_json()["results"]
    assert [one["id"] for one in results] == ["b", "a", "b"]
    alone = [suggest(client, **{k: v for k, v in one.items() if k != "id"}) for one in sent]
    assert [{k: v for k, v in one.items() if k != "id"} for one in results] == alone


def test_a_batch_of_a_hundred_is_answered_and_one_more_is_refused(client: FlaskClient) -> None:
    sent = [{"id": str(number), "title": TITLE} for number in range(101)]
    assert len(client.post("/v1/suggest/batch", json={"articles": sent[:100]}).get_json()["results"]) == 100
    problem = assert_problem(client.post("/v1/suggest/batch", json={"articles": sent}), 422, "invalid")
    assert problem["errors"][0]["pointer"] == "/articles"


def test_errors_of_a_batch_name_the_article_and_its_field(client: FlaskClient) -> None:
    sent: list[dict[str, Any]] = [{"id": str(number), "title": TITLE} for number in range(5)]
    sent[3]["title"] = 7
    sent[4] = {"id": "a b", "body": None}
    problem = assert_problem(client.post("/v1/suggest/batch", json={"articles": sent}), 422, "invalid")
    assert {error["pointer"] for error in problem["errors"]} == {
        "/articles/3/title",
        "/articles/4/id",
        "/articles/4/body",
    }


@pytest.mark.parametrize("sent", [[], None, {}, "articles"])
def test_a_batch_without_articles_is_refused(client: FlaskClient, sent: Any) -> None:
    problem = assert_problem(client.post("/v1/suggest/batch", json={"articles": sent}), 422, "invalid")
    assert problem["errors"][0]["pointer"] == "/articles"


def test_an_article_of_a_batch_needs_an_id(client: FlaskClient) -> None:
    problem = assert_problem(client.post("/v1/suggest/batch", json={"articles": [ARTICLE]}), 422, "invalid")
    assert problem["errors"][0]["pointer"] == "/articles/0/id"


# --- articles ---


def test_put_stores_an_article_and_answers_with_its_suggestions(client: FlaskClient) -> None:
    answer = put(
        client, "lwj-123", title=TITLE, body=HTML, body_format="html", published_at="2024-06-06", tags=["taliban"]
    )
    assert set(answer) == {*ANSWER, "article_id", "suggestion_set_id", "withheld", "n_editors"}
    assert answer["article_id"] == "lwj-123"
    assert len(answer["suggestion_set_id"]) == 32
    assert "iskp" in tags(answer)


def test_put_answers_the_same_suggestions_as_suggest(client: FlaskClient) -> None:
    alone, stored = suggest(client, **ARTICLE), put(client, "a", **ARTICLE)
    assert {key: stored[key] for key in ANSWER} == alone


def test_put_five_times_leaves_one_suggestion_set(client: FlaskClient, store: Store) -> None:
    answers = [put(client, "a", **ARTICLE, tags=["hamas"]) for _ in range(5)]
    assert answers == [answers[0]] * 5
    assert len({one.suggestion_set_id for one in store.log.impressions("a")}) == 1
    assert len(list(store.log.impressions("a"))) == len(tags(answers[0]))


def test_put_withholds_what_the_article_has_already(client: FlaskClient) -> None:
    answer = put(client, "a", **ARTICLE, tags=["iskp", "pakistan"])
    assert answer["withheld"] == [{"tag": "iskp", "reason": "already_tagged"}]
    assert "iskp" not in tags(answer)
    assert "attack" in tags(answer)


def test_put_takes_unknown_tags_and_returns_them(client: FlaskClient) -> None:
    assert put(client, "a", **ARTICLE, tags=["our-own", "iskp"])["unknown_tags"] == ["our-own"]
    assert client.get("/v1/articles/a").get_json()["tags"] == ["our-own", "iskp"]


def test_put_without_tags_keeps_those_of_before_and_an_empty_list_says_that_the_cms_removed_them(
    client: FlaskClient,
) -> None:
    put(client, "a", **ARTICLE, tags=["iskp"])
    assert put(client, "a", **ARTICLE)["withheld"] == [{"tag": "iskp", "reason": "already_tagged"}]
    assert put(client, "a", **ARTICLE, tags=None)["withheld"] == [{"tag": "iskp", "reason": "already_tagged"}]
    assert put(client, "a", **ARTICLE, tags=[])["withheld"] == [{"tag": "iskp", "reason": "rejected"}]
    (row,) = client.get("/v1/articles/a/decisions").get_json()["decisions"]
    assert (row["tag"], row["action"], row["editor"]) == ("iskp", "remove", "cms")


def test_get_returns_the_article_as_it_was_sent_with_its_suggestions(client: FlaskClient) -> None:
    sent = {
        "title": TITLE,
        "body": HTML,
        "body_format": "html",
        "published_at": "2024-06-06T10:00:00+02:00",
        "url": "https://desk.example/ä?x=1",
        "tags": ["taliban", "our-own"],
    }
    stored = put(client, "lwj:1.2_3-a", **sent)
    found = client.get("/v1/articles/lwj:1.2_3-a").get_json()
    assert {key: found[key] for key in sent} == sent
    assert {key: found[key] for key in stored} == stored
    assert found["source"] == "cms"
    assert found["created_at"] <= found["updated_at"]


def test_a_repeated_tag_is_stored_once(client: FlaskClient) -> None:
    put(client, "a", **ARTICLE, tags=["iskp", "our-own", "iskp"])
    assert client.get("/v1/articles/a").get_json()["tags"] == ["iskp", "our-own"]


def test_delete_answers_204_without_a_body_and_the_article_is_gone(client: FlaskClient) -> None:
    put(client, "a", **ARTICLE)
    put(client, "b", **ARTICLE)
    response = client.delete("/v1/articles/a")
    assert (response.status_code, response.data) == (204, b"")
    for gone in (client.get("/v1/articles/a"), client.delete("/v1/articles/a")):
        assert "'a'" in assert_problem(gone, 404, "not-found")["detail"]
    assert client.get("/v1/articles/b").status_code == 200


def test_the_list_is_newest_first_without_bodies(client: FlaskClient) -> None:
    for article_id in ("a", "c", "b"):
        put(client, article_id, **ARTICLE, tags=["iskp"])
    put(client, "a", title="Changed later")
    page = client.get("/v1/articles").get_json()
    assert [row["article_id"] for row in page["articles"]] == ["b", "c", "a"]
    assert page["cursor"] is None
    assert set(page["articles"][0]) == {
        "article_id",
        "state",
        "blind",
        "n_editors",
        "title",
        "body_format",
        "published_at",
        "url",
        "tags",
        "source",
        "owner",
        "created_at",
        "updated_at",
        "beginning",
        "held_by",
    }


def test_cursors_lead_through_every_article_once(client: FlaskClient) -> None:
    for number in range(7):
        put(client, f"a{number}", title="Tomatoes")
    seen, cursor = [], None
    for size in (3, 3, 1):
        page = client.get(
            "/v1/articles", query_string={"limit": 3, **({"cursor": cursor} if cursor else {})}
        ).get_json()
        assert len(page["articles"]) == size
        seen += [row["article_id"] for row in page["articles"]]
        cursor = page["cursor"]
    assert seen == [f"a{number}" for number in reversed(range(7))]
    assert cursor is None


# --- what serves ---


def test_tags_returns_the_taxonomy_that_serves(client: FlaskClient, taxonomy: Any) -> None:
    found = client.get("/v1/tags").get_json()
    assert found["taxonomy_version"] == suggest(client, **ARTICLE)["taxonomy_version"] == taxonomy.version
    assert [row["id"] for row in found["tags"]] == [tag.id for tag in taxonomy.tags]
    iskp = next(row for row in found["tags"] if row["id"] == "iskp")
    assert iskp["label"] == "Islamic State Khorasan Province"
    assert (iskp["kind"], iskp["status"], iskp["broader"]) == ("group", "active", "islamic-state")
    assert {"text": "ISKP", "weak": False} in iskp["aliases"]


def test_tags_tells_what_a_tag_that_was_replaced_twice_is_read_as(
    client: FlaskClient, registry: Registry, taxonomy: Taxonomy
) -> None:
    replaced_by = {"haqqani-network": "ttp", "ttp": "taliban", "hamas": None}
    tags = tuple(
        replace(tag, status="retired", replaced_by=replaced_by[tag.id]) if tag.id in replaced_by else tag
        for tag in taxonomy.tags
    )
    changed = retagged(registry.load_champion(), replace(taxonomy, tags=tags))
    registry.promote(registry.save(changed), "tests", "three tags retired")
    rows = {row["id"]: row for row in client.get("/v1/tags").get_json()["tags"]}
    read_as = {tag: (rows[tag]["replaced_by"], rows[tag]["replacement"]) for tag in (*replaced_by, "taliban")}
    assert read_as == {
        "haqqani-network": ("ttp", "taliban"),
        "ttp": ("taliban", "taliban"),
        "hamas": (None, None),
        "taliban": (None, None),
    }
    client.put("/v1/articles/a", json={"title": "A", "body": "B"})
    answers = [
        client.post("/v1/articles/a/decisions", json={"editor": "ed4", "decisions": [{"tag": tag, "action": "add"}]})
        for tag in ("haqqani-network", "hamas")
    ]
    assert [answer.get_json()["errors"][0]["detail"] for answer in answers] == [
        "The tag 'haqqani-network' is retired; give 'taliban' instead.",
        "The tag 'hamas' is retired.",
    ]


def test_model_returns_the_card_of_what_serves(client: FlaskClient) -> None:
    found = client.get("/v1/model").get_json()
    assert found["version"] == suggest(client, **ARTICLE)["model_version"] == found["card"]["version"]
    assert found["card"]["n_articles"] > 100


def test_models_lists_the_versions_with_the_champion(client: FlaskClient, registry: Registry) -> None:
    (row,) = client.get("/v1/models").get_json()["models"]
    assert (row["version"], row["champion"]) == (registry.versions()[0], True)


def test_health_is_good_while_a_model_serves(client: FlaskClient, registry: Registry) -> None:
    assert client.get("/health/live").get_json()["status"] == "ok"
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.get_json() == {"status": "ok", "model_version": registry.versions()[0], "problems": []}


# --- when something is missing ---


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("POST", "/v1/suggest", ARTICLE),
        ("POST", "/v1/suggest/batch", {"articles": [{"id": "a", **ARTICLE}]}),
        ("PUT", "/v1/articles/a", ARTICLE),
        ("GET", "/v1/tags", None),
        ("GET", "/v1/model", None),
    ],
)
def test_without_a_champion_what_needs_a_model_is_503_with_the_next_step(
    empty_client: FlaskClient, method: str, path: str, sent: Any
) -> None:
    response = empty_client.open(path, method=method, json=sent)
    assert "python -m classifier train" in assert_problem(response, 503, "no-model")["detail"]
    assert int(response.headers["Retry-After"]) > 0


def test_without_a_champion_the_rest_works_and_health_says_what_is_missing(empty_client: FlaskClient) -> None:
    assert empty_client.get("/v1/models").get_json() == {"models": [], "serves": None, "shadow": None, "fixed": None}
    assert empty_client.get("/v1/articles").get_json() == {"articles": [], "cursor": None, "counts": NONE_YET}
    assert empty_client.get("/health/live").status_code == 200
    ready = empty_client.get("/health/ready")
    assert ready.status_code == 503
    assert ready.get_json()["status"] == "down"
    assert "python -m classifier train" in ready.get_json()["problems"][0]


def test_a_damaged_champion_is_503_and_named(client: FlaskClient, registry: Registry) -> None:
    version = registry.versions()[0]
    (registry.folder / version / "terms.txt").write_text("changed", encoding="utf-8")
    problem = assert_problem(client.post("/v1/suggest", json=ARTICLE), 503, "no-model")
    assert f"{version}: terms.txt was changed" in problem["detail"]


def test_a_champion_damaged_later_leaves_the_service_ready_and_degraded(
    client: FlaskClient, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classifier.serving.serving.POLL_SECONDS", 0.0)
    assert client.get("/health/ready").get_json()["status"] == "ok"
    (registry.folder / "champion.json").write_text("{", encoding="utf-8")
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.get_json()["status"] == "degraded"
    assert "champion.json" in ready.get_json()["problems"][0]
    assert "iskp" in tags(suggest(client, **ARTICLE))


def test_a_database_that_cannot_be_used_is_503_and_suggest_goes_on(client: FlaskClient, store: Store) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE articles RENAME TO gone")
    for response in (
        client.put("/v1/articles/a", json=ARTICLE),
        client.get("/v1/articles/a"),
        client.get("/v1/articles"),
        client.delete("/v1/articles/a"),
    ):
        assert_problem(response, 503, "no-store")
    assert client.get("/health/ready").get_json()["status"] == "degraded"
    assert "iskp" in tags(suggest(client, **ARTICLE))


# --- addresses and methods ---


def test_an_unknown_address_is_a_problem_too(client: FlaskClient) -> None:
    for path in ("/v1", "/v1/suggestions", "/v2/suggest", "/v1/articles/a/b", "/v1/articles/", "/favicon.ico"):
        assert_problem(client.get(path), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/suggest", {"POST"}),
        ("DELETE", "/v1/articles", {"GET"}),
        ("POST", "/v1/articles/a", {"GET", "PUT", "DELETE"}),
        ("POST", "/health/live", {"GET"}),
    ],
)
def test_a_wrong_method_is_405_with_those_that_are_allowed(
    client: FlaskClient, method: str, path: str, allowed: set[str]
) -> None:
    response = client.open(path, method=method)
    assert_problem(response, 405, "method-not-allowed")
    assert allowed <= {name.strip() for name in response.headers["Allow"].split(",")}


def test_answers_are_json_in_utf_8_and_not_to_be_cached(client: FlaskClient) -> None:
    response = client.put("/v1/articles/a", json={"title": "ISKP 🕌 Kabul’s mosque"})
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert "🕌" in client.get("/v1/articles/a").data.decode("utf-8")
