"""An editor corrects the language of an article: it counts more than what the sender says, and suggestions are made anew."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from classifier.store.queue import Wanted
from classifier.store.store import Store
from tests.test_unlearned import ENGLISH

TEXT = {"title": ENGLISH.title, "body": ENGLISH.body}


@pytest.fixture
def article(client: FlaskClient) -> str:
    """An English article that is stored."""
    assert client.put("/v1/articles/a", json=TEXT).status_code == 200
    return "/v1/articles/a"


def correct(client: FlaskClient, language: str | None) -> dict[str, Any]:
    response = client.put("/v1/articles/a/language", json={"language": language})
    assert response.status_code == 200
    answer: dict[str, Any] = response.get_json()
    return answer


def tags(answer: dict[str, Any]) -> set[str]:
    return {row["tag"] for row in answer["suggestions"]}


def listed(store: Store, language: str, order: str = "newest") -> list[str]:
    wanted = Wanted("open", language=language, order=order)
    ids = store.queue.ids(wanted, None, 50)[0]
    assert sum(store.queue.counts(wanted).values()) == len(ids)
    return ids


def test_suggestions_are_made_anew_and_the_queue_knows_the_language(
    client: FlaskClient, store: Store, article: str
) -> None:
    before = client.get(article).get_json()
    assert before["language"] == {"code": "en", "learned": True, "told": False}
    assert (listed(store, "en"), listed(store, "fr")) == (["a"], [])
    assert correct(client, "fr-CA") == {"article_id": "a", "language": "fr-CA", "before": None}
    # Before anybody opens it: only names count in a language that is not learned.
    assert (listed(store, "en"), listed(store, "fr"), listed(store, "fr", "turns")) == ([], ["a"], ["a"])
    after = client.get(article).get_json()
    assert after["language"] == {"code": "fr", "learned": False, "told": True}
    assert tags(after) < tags(before)
    assert after["suggestion_set_id"] != before["suggestion_set_id"]


def test_what_was_said_before_takes_the_correction_back(client: FlaskClient, article: str) -> None:
    before = client.get(article).get_json()
    assert correct(client, "fr")["before"] is None
    assert correct(client, "so")["before"] == "fr"
    assert correct(client, None)["before"] == "so"
    after = client.get(article).get_json()
    assert (after["language"], tags(after)) == (before["language"], tags(before))


@pytest.mark.parametrize("sent", [{}, {"language": "en"}])
def test_a_correction_counts_more_than_what_the_sender_says_later(
    client: FlaskClient, store: Store, article: str, sent: dict[str, str]
) -> None:
    correct(client, "fr")
    for body in (ENGLISH.body, f"{ENGLISH.body} It was the second raid in a week."):
        answer = client.put(article, json={"title": ENGLISH.title, "body": body, **sent}).get_json()
        assert answer["language"] == {"code": "fr", "learned": False, "told": True}
        assert client.get(article).get_json()["suggestion_set_id"] == answer["suggestion_set_id"]
        asked = {"title": ENGLISH.title, "body": body, "article_id": "a", **sent}
        assert client.post("/v1/suggest", json=asked).get_json()["language"]["code"] == "fr"
        assert listed(store, "fr") == ["a"]
    store.import_articles([store.article("a").article], "import")
    assert client.get(article).get_json()["language"]["code"] == "fr"
    correct(client, None)
    assert client.get(article).get_json()["language"]["code"] == "en"


def test_what_the_sender_said_counts_again_once_the_correction_is_taken_back(client: FlaskClient) -> None:
    client.put("/v1/articles/a", json={**TEXT, "language": "so"})
    correct(client, "en")
    assert client.get("/v1/articles/a").get_json()["language"] == {"code": "en", "learned": True, "told": True}
    correct(client, None)
    assert client.get("/v1/articles/a").get_json()["language"] == {"code": "so", "learned": False, "told": True}


def test_decisions_stay_and_the_history_says_who_corrected_it(client: FlaskClient, article: str) -> None:
    client.post(f"{article}/decisions", json={"decisions": [{"tag": "taliban", "action": "accept"}], "complete": True})
    correct(client, "fr")
    stored = client.get(article).get_json()
    assert (stored["tags"], stored["state"]) == (["taliban"], "closed")
    events = client.get(f"{article}/history").get_json()["events"]
    assert [row["fields"] for row in events if row["kind"] == "article_changed"] == [["language"]]
    correct(client, "fr")  # nothing new
    assert len(client.get(f"{article}/history").get_json()["events"]) == len(events)


def test_what_cannot_be_a_language_is_refused(client: FlaskClient, article: str) -> None:
    for wrong in ("", "français", "f", "x" * 90, 3):
        response = client.put(f"{article}/language", json={"language": wrong})
        assert response.status_code == 422
        assert response.get_json()["errors"][0]["pointer"] == "/language"
    assert client.put(f"{article}/language", json={}).status_code == 422
    assert client.put("/v1/articles/nowhere/language", json={"language": "fr"}).status_code == 404


def test_the_queue_is_asked_for_a_language(client: FlaskClient, store: Store, article: str) -> None:
    client.put("/v1/articles/short", json={"title": "Zzyz", "body": "Qwrt plmk."})  # of no language
    asked = "/v1/articles?state=open&language="
    for code, expected in (("en", ["a"]), ("und", ["short"]), ("fr", [])):
        answer = client.get(asked + code).get_json()
        assert ([row["article_id"] for row in answer["articles"]], answer["counts"]["new"]) == (expected, len(expected))
    assert store.queue.languages() == ["en"]
    assert client.post("/v1/queue/deal?language=fr", json={}).get_json() == {"article_id": None}
    assert client.post("/v1/queue/deal?language=und", json={}).get_json() == {"article_id": "short"}
