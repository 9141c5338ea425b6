"""What counts as shown: the answer to a CMS at once, or what its panel says that an editor saw."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from classifier.commands import main
from classifier.reports.desk.records import DeskReport
from classifier.reports.kept import make_desk_report
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.arrivals import Shares
from classifier.store.store import Store
from classifier.web import build_app

TEXT = {
    "title": "ISKP bombs mosque in Kabul, Taliban say",
    "body": "ISKP claimed the bombing of a mosque in Kabul. The Taliban said that they would hunt ISKP in Afghanistan.",
}
OTHER = {"title": "Snow closes the passes", "body": "Roads are closed, and nobody travels to the north this week."}


def ok(response: Any, status: int = 200) -> Any:
    assert response.status_code == status, response.get_data(as_text=True)
    return response.get_json()


def put(client: FlaskClient, article: str = "a", **sent: Any) -> Any:
    return ok(client.put(f"/v1/articles/{article}", json={**TEXT, "background": True, **sent}))


def tell(client: FlaskClient, set_id: str, tags: list[str], article: str = "a", status: int = 200, **more: Any) -> Any:
    sent = {"suggestion_set_id": set_id, "tags": tags, **more}
    return ok(client.post(f"/v1/articles/{article}/impressions", json=sent), status)


def decide(client: FlaskClient, *decisions: dict[str, str], article: str = "a", **more: Any) -> Any:
    return ok(client.post(f"/v1/articles/{article}/decisions", json={"decisions": decisions, **more}), 201)


def shown(client: FlaskClient, article: str = "a") -> list[tuple[str, str | None]]:
    rows = ok(client.get(f"/v1/articles/{article}/decisions"))["impressions"]
    return sorted((row["tag"], row["editor"]) for row in rows)


def report(store: Store, tagger: Tagger) -> DeskReport:
    return make_desk_report(store, tagger.taxonomy())


def test_answer_counts_as_shown_unless_it_goes_to_the_background(client: FlaskClient) -> None:
    answer = put(client)
    assert {row["tag"] for row in answer["suggestions"]} >= {"iskp", "taliban"}
    assert shown(client) == []
    assert put(client, "old", background=False)["suggestions"] == answer["suggestions"]
    assert shown(client, "old") == sorted((row["tag"], None) for row in answer["suggestions"])


def test_what_the_panel_shows_is_told_once_for_whoever_saw_it_first(client: FlaskClient) -> None:
    set_id = put(client)["suggestion_set_id"]
    assert tell(client, set_id, ["iskp", "no-such-tag"], editor="ana")["tags"] == ["iskp"]
    assert tell(client, set_id, ["iskp", "taliban"], editor="ben")["tags"] == ["iskp", "taliban"]
    assert shown(client) == [("iskp", "ana"), ("taliban", "ben")]
    put(client)
    assert shown(client) == [("iskp", "ana"), ("taliban", "ben")]


def test_set_of_another_article_and_an_unknown_article_are_refused(client: FlaskClient) -> None:
    set_id = put(client)["suggestion_set_id"]
    put(client, "b")
    assert tell(client, set_id, ["iskp"], "b", 422)["errors"][0]["pointer"] == "/suggestion_set_id"
    tell(client, set_id, ["iskp"], "none", 404)
    assert shown(client) == shown(client, "b") == []


def test_queue_knows_the_suggestions_that_nobody_saw(client: FlaskClient, store: Store) -> None:
    put(client)
    rows = ok(client.get("/v1/articles?tag=iskp"))["articles"]
    assert [row["article_id"] for row in rows] == ["a"]
    put(client, **OTHER)
    assert ok(client.get("/v1/articles?tag=iskp"))["articles"] == []


def test_acceptance_counts_only_what_was_seen(client: FlaskClient, store: Store, tagger: Tagger) -> None:
    set_id = put(client)["suggestion_set_id"]
    tell(client, set_id, ["iskp", "taliban"], editor="ana")
    accept = {"tag": "iskp", "action": "accept"}
    decide(client, accept, suggestion_set_id=set_id, complete=True, editor="ana")
    made = report(store, tagger)
    assert [(row.tag, row.shown, row.acceptance.n) for row in made.tags] == [("iskp", 1, 1), ("taliban", 1, 1)]
    assert [(row.editor, row.acceptance.accepted, row.acceptance.n) for row in made.editors] == [("ana", 1, 2)]


def test_tag_that_was_suggested_unseen_is_an_editors_own_word(
    client: FlaskClient, tmp_path: Path, database_url: str
) -> None:
    for article in ("unseen", "seen", "old"):
        answer = put(client, article, background=article != "old")
        if article == "seen":
            tell(client, answer["suggestion_set_id"], ["iskp"], article, editor="ana")
        put(client, article, background=article != "old", tags=["iskp"])
    origins = {key: ok(client.get(f"/v1/articles/{key}"))["origins"] for key in ("seen", "old")}
    assert origins == {"seen": {"iskp": "left"}, "old": {"iskp": "left"}}
    out = tmp_path / "examples.jsonl"
    assert main(["export", "examples", "--database", database_url, "--output", str(out)]) == 0
    rows = {row["id"]: row for row in map(json.loads, out.read_text(encoding="utf-8").splitlines())}
    assert rows["unseen"]["tags"] == ["iskp"]
    assert [rows.get(key, {}).get("tags", []) for key in ("seen", "old")] == [[], []]


@pytest.fixture
def blind(registry: Registry, store: Store) -> FlaskClient:
    return build_app(Tagger(Serving(registry), store, Shares(blind=1.0)), registry).test_client()


def test_nothing_of_a_blind_article_counts_as_seen(blind: FlaskClient, store: Store, tagger: Tagger) -> None:
    set_id = put(blind)["suggestion_set_id"]
    assert tell(blind, set_id, ["iskp"], editor="ana")["tags"] == []
    decide(blind, {"tag": "iskp", "action": "add"}, complete=True, editor="ana")
    assert tell(blind, set_id, ["taliban"], editor="ana")["tags"] == ["taliban"]
    made = report(store, tagger)
    assert (made.recall.given, made.recall.found) == (1, 1)
    assert [row.acceptance.n for row in made.tags if row.tag == "iskp"] == [0]


def suggest(client: FlaskClient, **more: Any) -> Any:
    return ok(client.post("/v1/suggest", json={**TEXT, **more}))


def test_unsaved_text_of_an_article_withholds_what_people_said_and_keeps_nothing(
    client: FlaskClient, store: Store
) -> None:
    put(client, **OTHER)
    decide(client, {"tag": "iskp", "action": "reject"}, {"tag": "taliban", "action": "add"})
    answer = suggest(client, article_id="a", why=["iskp"])
    assert {row["tag"]: row["reason"] for row in answer["withheld"]} == {
        "iskp": "rejected",
        "taliban": "already_tagged",
    }
    assert {"iskp", "taliban"}.isdisjoint(row["tag"] for row in answer["suggestions"])
    assert "suggestion_set_id" not in answer and answer["why"][0]["tag"] == "iskp"
    assert shown(client) == [] and store.article("a").article.title == OTHER["title"]
    new = suggest(client, article_id="new")
    assert (new["withheld"], new["suggestions"]) == ([], suggest(client)["suggestions"])
    assert "withheld" not in suggest(client)
    (row,) = ok(client.post("/v1/suggest/batch", json={"articles": [{"id": "a", **TEXT}]}))["results"]
    assert row["suggestions"] == new["suggestions"] and "withheld" not in row
    ok(client.get("/v1/articles/new"), 404)


def test_unsaved_text_of_a_blind_article_has_no_suggestions(blind: FlaskClient) -> None:
    for article in ("new", "a"):
        answer = suggest(blind, article_id=article, why=["iskp"])
        assert (answer["suggestions"], answer["mentioned"], answer["reason"]) == ([], [], "blind")
        assert "why" not in answer
        put(blind)
    decide(blind, complete=True)
    assert suggest(blind, article_id="a")["suggestions"]


def test_tag_that_was_taken_back_at_once_is_not_removed_by_the_cms(client: FlaskClient, store: Store) -> None:
    put(client)
    (row,) = decide(client, {"tag": "iskp", "action": "accept"}, editor="ana")["decisions"]
    put(client, tags=["iskp"])
    decide(client, {"action": "undo", "decision_id": row["id"]}, editor="ana")
    answer = put(client, tags=[])
    assert "iskp" in {each["tag"] for each in answer["suggestions"]}
    assert [each.action for each in store.log.read("a").rows] == ["accept", "undo"]
    put(client, tags=["iskp"])  # somebody types it after all, and takes it off
    put(client, tags=[])
    assert [(each.tag, each.action) for each in store.log.read("a").rows][2:] == [("iskp", "add"), ("iskp", "remove")]


def test_cms_names_who_misses_a_tag(client: FlaskClient, store: Store) -> None:
    put(client)
    headers = {"Authorization": f"Bearer {store.keys.create('wordpress', 'cms')}"}
    sent = {"label": "Snow", "note": "Every winter", "article_id": "a", "editor": "ana"}
    ok(client.post("/review/proposals", json=sent, headers=headers), 201)
    (proposal,) = store.proposals.list()
    assert (proposal.label, proposal.note, proposal.article_id, proposal.editor) == (
        "Snow",
        "Every winter",
        "a",
        "wordpress/ana",
    )
    reader = {"Authorization": f"Bearer {store.keys.create('reader', 'reader')}"}
    ok(client.post("/review/proposals", json=sent, headers=reader), 403)
