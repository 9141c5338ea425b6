"""The JSON that the scripts of the review page read: every answer is exactly what its schema describes."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient
from pydantic import TypeAdapter

from classifier.store.queue import BulkRow
from classifier.web.pages.article_view import ReviewArticle
from classifier.web.pages.showing import Why

ARTICLES = {
    "suggested": {"title": "ISKP bomber kills twelve at Kabul mosque", "body": "The Khorasan branch claimed it.", "tags": ["our-own"]},
    "named": {"title": "Boko Haram", "body": "Nobody blamed Hamas.\n\nRead more: the Taliban", "tags": []},
    "turned": {"title": "Al \u202eShabaab", "body": "<p>Mogadishu &rlm; port</p><nav>Home</nav>", "body_format": "html"},
    "summary": {"title": "Raid", "standfirst": "ISKP took Kabul.\nNobody else did.", "body": "It rained."},
    "plain": {"title": "Tomatoes", "body": "They grow well."},
    "empty": {"title": ""},
}  # fmt: skip


def assert_described(data: bytes, schema: object) -> None:
    """Hold that an answer has all fields of its schema, at every depth, and no other."""
    adapter = TypeAdapter[object](schema)
    assert json.loads(adapter.dump_json(adapter.validate_json(data, strict=True))) == json.loads(data)


@pytest.fixture
def stored(client: FlaskClient) -> FlaskClient:
    """A client behind which the articles are stored, one with decisions of two editors, one of them undone."""
    for article_id, article in ARTICLES.items():
        assert client.put(f"/v1/articles/{article_id}", json=article).status_code == 200
    for editor, action in (("ana", "accept"), ("ben", "reject")):
        decided = client.post(
            "/v1/articles/named/decisions",
            json={"editor": editor, "complete": True, "decisions": [{"tag": "boko-haram", "action": action}]},
        )
        assert decided.status_code == 201
    decision_id = decided.get_json()["decisions"][0]["id"]
    undo = {"editor": "ben", "decisions": [{"action": "undo", "decision_id": decision_id}]}
    assert client.post("/v1/articles/named/decisions", json=undo).status_code == 201
    return client


@pytest.mark.parametrize("article_id", ARTICLES)
def test_the_view_of_an_article_is_what_its_schema_describes(stored: FlaskClient, article_id: str) -> None:
    response = stored.get(f"/review/articles/{article_id}")
    assert response.status_code == 200
    assert_described(response.data, ReviewArticle)


def test_the_view_of_a_decided_article_has_decisions_labels_and_other_editors(stored: FlaskClient) -> None:
    view = stored.get("/review/articles/named").get_json()
    assert [row["action"] for row in view["decisions"]] == ["accept", "complete", "reject", "complete", "undo"]
    assert view["labels"] == {"boko-haram": "Boko Haram"}
    assert [(other["editor"], other["n"]) for other in view["others"]] == [("ana", 2), ("ben", 1)]
    assert [part["kind"] for part in view["removed"]] == ["read more"]


@pytest.mark.parametrize("tag", ["iskp", "hamas"])
def test_the_reasons_for_a_tag_are_what_their_schema_describes(stored: FlaskClient, tag: str) -> None:
    assert_described(stored.get(f"/review/articles/suggested/why?tag={tag}").data, Why)


@pytest.mark.parametrize("tag", ["iskp", "hamas"])
def test_the_articles_of_one_tag_are_rows_of_the_queue(stored: FlaskClient, tag: str) -> None:
    answer = stored.get(f"/review/bulk.json?tag={tag}").get_json()
    assert {"tag", "label", "rows"} == set(answer)
    assert all(tuple(row) == BulkRow._fields for row in answer["rows"])


def test_a_new_proposal_is_answered_with_its_id(stored: FlaskClient) -> None:
    response = stored.post("/review/proposals", json={"label": "Ports", "article_id": "turned"})
    assert response.status_code == 201
    assert list(response.get_json()) == ["id"]
