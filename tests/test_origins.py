"""How a tag came onto an article: what is known of it, what models learn of it, and what it proves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from classifier.commands import main
from classifier.domain.decisions import CMS, Decision, Standing
from classifier.domain.examples import Attributed
from classifier.domain.origins import (
    ACCEPTED,
    ADDED,
    ALL,
    BLIND,
    CLOSED,
    IMPORTED,
    IN_BULK,
    LEFT,
    NONE,
    Offered,
    count_origins,
    echoes_of,
    origins_of,
)
from classifier.domain.snapshots import snapshot_of
from classifier.domain.taxonomy import Taxonomy
from classifier.gate.accounting import count_labels
from classifier.gate.reference import CHAMPION, reference_to
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.arrivals import Shares
from classifier.store.database.opening import open_store
from classifier.store.schema import decisions as table
from classifier.store.store import Store
from classifier.web import build_app
from tests.postgres import database

TEXT = {
    "title": "ISKP bomber kills twelve at Kabul mosque",
    "body": "Islamic State Khorasan Province said that its bomber had attacked a mosque in Kabul.",
}


def decision(action: str, editor: str = "ann", at: str = "2026-02", in_bulk: bool | None = None) -> Decision:
    return Decision("d", "a", "iskp", action, editor, at, in_bulk=in_bulk)


def standing(row: Decision | None = None) -> Standing:
    return Standing(("iskp",), decisions={"iskp": row} if row is not None else {})


SHOWN = Offered({"iskp": "2026-01"})
LATER = Offered({"attack": "2026-03"})
BY_RUN = Offered(added=("iskp",))


@pytest.mark.parametrize(
    ("row", "source", "is_blind", "offered", "origin", "is_echo"),
    [
        (decision("accept"), CMS, False, SHOWN, ACCEPTED, False),
        (decision("accept", in_bulk=True), CMS, False, SHOWN, IN_BULK, True),
        (decision("add"), CMS, False, SHOWN, ADDED, False),
        (decision("add", CMS), CMS, False, SHOWN, ADDED, False),  # the CMS gave back what somebody had taken off
        (decision("unsure"), CMS, False, SHOWN, LEFT, True),
        (None, CMS, False, SHOWN, LEFT, True),
        (None, "import", False, SHOWN, LEFT, True),
        (None, CMS, False, BY_RUN, LEFT, True),
        (None, CMS, False, LATER, ADDED, False),  # what it lists was never suggested to it
        (None, "import", False, LATER, IMPORTED, False),
        (decision("add"), CMS, True, Offered(), BLIND, False),
        (decision("accept"), CMS, True, LATER, BLIND, False),
        (decision("accept"), CMS, True, SHOWN, ACCEPTED, False),
        (None, CMS, True, LATER, BLIND, False),
    ],
)
def test_an_origin_follows_from_the_decision_the_suggestions_and_the_sender(
    row: Decision | None, source: str, is_blind: bool, offered: Offered, origin: str, is_echo: bool
) -> None:
    assert origins_of(standing(row), source, is_blind, offered) == {"iskp": origin}
    assert ("iskp" in echoes_of(standing(row), offered)) == is_echo


def test_a_tag_that_the_cms_took_off_again_was_an_echo_and_one_that_an_editor_took_off_was_not() -> None:
    off = {editor: Standing((), decisions={"iskp": decision("remove", editor)}) for editor in (CMS, "ann")}
    assert echoes_of(off[CMS], SHOWN) == {"iskp"}
    assert echoes_of(off["ann"], SHOWN) == set()


def test_origins_are_counted_in_the_order_of_their_names() -> None:
    counted = count_origins([{"a": LEFT, "b": ADDED}, {"a": LEFT}, {}])
    assert list(counted.items()) == [(ADDED, 1), (LEFT, 2)]


# --- from a request to the examples ---


def put(client: FlaskClient, article: str = "a", **changes: Any) -> dict[str, Any]:
    response = client.put(f"/v1/articles/{article}", json={**TEXT, **changes})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.get_json()
    return answer


def decide(client: FlaskClient, action: str, article: str = "a", tag: str | None = "iskp", **more: Any) -> str:
    body = {"editor": "ann", **more, "decisions": [{"tag": tag, "action": action}]}
    response = client.post(f"/v1/articles/{article}/decisions", json=body)
    assert response.status_code == 201, response.text
    return str(response.get_json()["decisions"][0]["id"])


def example(store: Store, learn_left: str = CLOSED) -> Attributed | None:
    return next(store.exports.attributed(0, 0, learn_left), None)


@pytest.fixture
def left(client: FlaskClient) -> FlaskClient:
    """The client of a CMS that has adopted a suggestion by itself."""
    assert "iskp" in {row["tag"] for row in put(client)["suggestions"]}
    put(client, tags=["iskp", "policy"])
    return client


def test_a_suggestion_that_the_cms_lists_without_a_decision_is_unknown_unless_the_setting_says_else(
    left: FlaskClient, store: Store
) -> None:
    assert left.get("/v1/articles/a").get_json()["origins"] == {"iskp": LEFT, "policy": ADDED}
    for setting, positive in ((NONE, {"policy"}), (CLOSED, {"policy"}), (ALL, {"iskp", "policy"})):
        found = example(store, setting)
        assert found is not None
        assert set(found.article.tags or ()) == positive
        assert found.article.unknown == (() if setting == ALL else ("iskp",))
        assert (found.origins["iskp"], "iskp" in found.echoes) == (LEFT, True)
    put(left, "b")
    put(left, "b", tags=["iskp"])
    assert [one.article.id for one in store.exports.attributed(0, 0, NONE)] == ["a"]  # nothing is known of the other


def test_a_decision_makes_it_known_and_its_undo_makes_it_unknown_again(left: FlaskClient, store: Store) -> None:
    before = example(store)
    undone = decide(left, "accept")
    found = example(store)
    assert found is not None
    assert (found.origins["iskp"], found.article.tags, found.article.unknown) == (ACCEPTED, ("iskp", "policy"), ())
    assert "iskp" not in found.echoes
    undo = {"editor": "ann", "decisions": [{"action": "undo", "decision_id": undone}]}
    assert left.post("/v1/articles/a/decisions", json=undo).status_code == 201
    after = example(store)
    assert after is not None
    assert replace(after, undone_by={}) == before


def test_on_a_closed_article_it_counts_unless_the_setting_says_none(left: FlaskClient, store: Store) -> None:
    decide(left, "reject", tag="attack", complete=True)
    positive = {
        setting: set(found.article.tags or ()) for setting in (NONE, CLOSED, ALL) if (found := example(store, setting))
    }
    assert positive == {NONE: {"policy"}, CLOSED: {"iskp", "policy"}, ALL: {"iskp", "policy"}}
    found = example(store)
    assert found is not None
    assert "iskp" in found.echoes  # but it still proves nothing


def test_labels_that_an_older_release_learned_have_not_turned_when_they_are_unknown(
    left: FlaskClient, store: Store, taxonomy: Taxonomy
) -> None:
    for article in ("b", "c", "d", "e"):
        put(left, article)
        put(left, article, tags=["iskp"])
    before = snapshot_of(one.article for one in store.exports.attributed(0, 0, ALL))
    assert sum("iskp" in labels.tags for labels in before.articles.values()) == 5
    after = list(store.exports.attributed(0, 0, CLOSED, known=before.articles))
    assert len(after) == 5
    assert count_labels(reference_to(CHAMPION, "v1", before, after, taxonomy), taxonomy) == []


def test_what_was_accepted_over_a_list_teaches_and_says_so(client: FlaskClient, store: Store) -> None:
    put(client)
    decide(client, "accept", in_bulk=True)
    found = example(store, NONE)
    assert found is not None
    assert (found.article.tags, found.origins, found.echoes & {"iskp"}) == (("iskp",), {"iskp": IN_BULK}, {"iskp"})
    log = client.get("/v1/articles/a/decisions").get_json()
    assert log["decisions"][0]["in_bulk"] is log["standing"]["decisions"][0]["in_bulk"] is True
    decide(client, "accept")  # somebody has looked at it now
    assert example(store, NONE) != found
    assert client.get("/v1/articles/a").get_json()["origins"] == {"iskp": ACCEPTED}


def test_a_decision_of_an_older_release_was_made_on_its_article(client: FlaskClient, store: Store) -> None:
    put(client)
    decide(client, "accept", in_bulk=True)
    with store.engine.begin() as connection:
        connection.execute(update(table).values(in_bulk=None))
    assert client.get("/v1/articles/a").get_json()["origins"] == {"iskp": ACCEPTED}


def test_the_same_decision_over_a_list_is_another_request(client: FlaskClient) -> None:
    put(client)
    body = {"editor": "ann", "decisions": [{"tag": "iskp", "action": "accept"}]}
    sent = [
        client.post("/v1/articles/a/decisions", json={**body, **more}, headers={"Idempotency-Key": "k"}).status_code
        for more in ({}, {"in_bulk": False}, {"in_bulk": True})
    ]
    assert sent == [201, 201, 422]


def test_tags_of_a_blind_article_were_given_without_suggestions(registry: Registry, store: Store) -> None:
    client = build_app(Tagger(Serving(registry), store, Shares(blind=1.0)), registry).test_client()
    put(client, tags=["policy"])
    decide(client, "add")
    expected = {"policy": BLIND, "iskp": BLIND}
    assert client.get("/v1/articles/a").get_json()["origins"] == expected
    decide(client, "add", tag="taliban", complete=True)
    assert client.get("/v1/articles/a").get_json()["suggestions"]  # they are shown from now on
    decide(client, "add", tag="hamas")
    origins = client.get("/v1/articles/a").get_json()["origins"]
    assert origins == expected | {"taliban": BLIND, "hamas": ADDED}


def test_a_model_that_serves_does_not_follow_its_own_suggestions(left: FlaskClient, store: Store) -> None:
    _, (followed,) = store.live.examples(())
    assert (followed.article.tags, followed.article.unknown) == (("policy",), ("iskp",))
    decide(left, "accept")
    _, (followed,) = store.live.examples(())
    assert set(followed.article.tags or ()) == {"iskp", "policy"}


def test_the_review_page_reads_how_each_tag_came(left: FlaskClient) -> None:
    tags = left.get("/review/articles/a").get_json()["tags"]
    assert {row["tag"]: row["origin"] for row in tags} == {"iskp": LEFT, "policy": ADDED}


def test_exports_say_how_each_tag_came_and_can_be_imported_again(
    left: FlaskClient, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, address = tmp_path / "examples.jsonl", str(store.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("TAGGER_LEARN_LEFT", "all")
    assert main(["export", "examples", "--database", address, "--output", str(path)]) == 0
    (record,) = map(json.loads, path.read_text().splitlines())
    assert (record["origins"], set(record["tags"])) == ({"iskp": LEFT, "policy": ADDED}, {"iskp", "policy"})
    other = tmp_path / "other"
    other.mkdir()
    assert main(["import", str(path), "--database", database(other)]) == 0
    assert "origins" not in capsys.readouterr().err
    again = example(open_store(database(other)))
    assert again is not None
    assert set(again.origins.values()) == {IMPORTED}
