"""An article that arrives: the model judges it first, and what is stored of it is stored at once or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from classifier.domain.articles import Article
from classifier.errors import CannotJudge
from classifier.model.answer import Answer
from classifier.model.tag_model import TagModel
from classifier.serving.tagger import Tagger
from classifier.store.arrivals import NO_SHARES
from classifier.store.store import Store
from classifier.store.suggestion_sets import ModelAnswer, TagScore
from tests.everything import KABUL, newest_set
from tests.storing import put_article

SENT = {"title": KABUL.title, "body": KABUL.body, "tags": ["taliban"]}


class Writing:
    """Counts the transactions of a store that may write."""

    def __init__(self, store: Store) -> None:
        self.n = 0
        event.listen(store.engine, "begin", self._count)

    def _count(self, connection: Any) -> None:
        self.n += not connection.get_execution_options().get("readonly")


@pytest.fixture
def broken_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the model: it fails on every text that says "forged"."""
    suggest = TagModel.suggest

    def failing(model: TagModel, article: Article, *more: Any, **named: Any) -> Answer:
        if "forged" in article.body:
            raise IndexError(article.body)
        return suggest(model, article, *more, **named)

    monkeypatch.setattr(TagModel, "suggest", failing)


def test_a_new_article_is_stored_with_its_suggestions_in_one_transaction(client: FlaskClient, store: Store) -> None:
    writing = Writing(store)
    answer = client.put("/v1/articles/a", json=SENT).get_json()
    assert writing.n == 1
    assert answer["suggestions"]
    assert newest_set(store, "a") is not None
    assert {one.tag for one in store.log.impressions("a")} == {one["tag"] for one in answer["suggestions"]}


def test_an_article_that_is_opened_again_waits_for_nobody_who_writes(client: FlaskClient, store: Store) -> None:
    client.put("/v1/articles/a", json=SENT)
    writing = Writing(store)
    assert client.get("/v1/articles/a").status_code == 200
    assert writing.n == 0


def test_of_an_article_nothing_is_stored_if_its_suggestions_cannot_be(store: Store) -> None:
    def shown(*_: object) -> list[TagScore]:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        store.receive(KABUL, "cms", ModelAnswer("m-1", "t-1", {"suggestions": []}), shown, NO_SHARES, None)
    assert store.count_articles() == {}


@pytest.mark.usefixtures("broken_model")
def test_an_article_on_which_the_model_fails_is_not_stored(client: FlaskClient, store: Store) -> None:
    client.put("/v1/articles/a", json=SENT)
    for article_id in ("a", "b"):
        answer = client.put(f"/v1/articles/{article_id}", json={**SENT, "body": "A forged text."})
        assert (answer.status_code, answer.get_json()["type"]) == (422, "/docs#cannot-judge")
        assert article_id in answer.get_json()["detail"]
        assert "forged" not in answer.get_json()["detail"]
    assert store.article("a").article.body == KABUL.body
    assert store.count_articles() == {"cms": 1}


@pytest.mark.usefixtures("broken_model")
def test_a_text_on_which_the_model_fails_is_answered_with_a_problem(client: FlaskClient, tagger: Tagger) -> None:
    answer = client.post("/v1/suggest", json={"title": "A", "body": "A forged text."})
    assert (answer.status_code, answer.get_json()["type"]) == (422, "/docs#cannot-judge")
    with pytest.raises(CannotJudge):
        tagger.suggest(Article("a", "A", "A forged text."))


@pytest.fixture
def unreadable(store: Store, broken_model: None) -> Article:
    """A stored article on which the model fails, with a decision of an editor."""
    article = replace(KABUL, body="A forged text.", tags=("taliban",), tags_complete=False)
    put_article(store, article, "cms")
    return article


def test_a_stored_article_on_which_the_model_fails_can_be_read_and_decided_on(
    client: FlaskClient, unreadable: Article
) -> None:
    decided = client.post("/v1/articles/kabul/decisions", json={"decisions": [{"tag": "iskp", "action": "add"}]})
    assert decided.status_code == 201
    answer = client.get("/v1/articles/kabul")
    assert answer.status_code == 200
    row = answer.get_json()
    assert (row["body"], row["tags"], row["reason"]) == (unreadable.body, ["taliban", "iskp"], "unreadable")
    assert (row["suggestions"], row["suggestion_set_id"]) == ([], None)
    assert len(client.get("/v1/articles/kabul/decisions").get_json()["decisions"]) == 1
    assert [one["article_id"] for one in client.get("/v1/articles").get_json()["articles"]] == ["kabul"]
    assert client.get("/review/articles/kabul").get_json()["type"] == "/docs#cannot-judge"


def test_a_stored_article_on_which_the_model_fails_is_replaced_by_a_corrected_text(
    client: FlaskClient, store: Store, unreadable: Article
) -> None:
    client.post("/v1/articles/kabul/decisions", json={"decisions": [{"tag": "iskp", "action": "add"}]})
    assert client.put("/v1/articles/kabul", json=SENT).status_code == 200
    assert store.article("kabul").article.body == KABUL.body
    row = client.get("/v1/articles/kabul").get_json()
    assert row["reason"] is None
    assert "iskp" in row["tags"]


def test_the_same_text_is_taken_once_the_model_reads_it(
    client: FlaskClient, store: Store, unreadable: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = {**SENT, "body": unreadable.body}
    assert client.put("/v1/articles/kabul", json=sent).status_code == 422
    monkeypatch.undo()
    assert client.put("/v1/articles/kabul", json=sent).status_code == 200
    assert client.get("/v1/articles/kabul").get_json()["reason"] != "unreadable"
