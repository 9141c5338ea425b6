"""Changes of the taxonomy over HTTP: the feed, change sets, who may do what, and conflicts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from classifier.domain.articles import Article
from classifier.domain.taxonomy_log import UNDO
from classifier.serving import serving as serving_module
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.store import Store
from classifier.web import build_app

SETS = "/v1/tags/change-sets"
MERGE = {"op": "merge", "tags": ["iskp", "iswap"], "into": "islamic-state"}
LINE = "merge iskp iswap into islamic-state"


@pytest.fixture
def open_client(registry: Registry, store: Store, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A client of a service without keys, whose worker looks at the files before each request."""
    monkeypatch.setattr(serving_module, "POLL_SECONDS", 0.0)
    return build_app(Tagger(Serving(registry), store), registry).test_client()


def ok(response: Any, status: int = 200) -> Any:
    assert response.status_code == status, response.get_data(as_text=True)
    return response.get_json()


def propose(client: FlaskClient, *ops: dict[str, Any], **how: Any) -> str:
    return str(ok(client.post(SETS, json={"ops": list(ops)}, **how), 201)["id"])


def apply(client: FlaskClient, set_id: str, based_on: int, **how: Any) -> Any:
    return client.post(f"{SETS}/{set_id}/apply", json={"based_on": based_on}, **how)


def test_a_change_set_is_proposed_previewed_applied_and_undone(open_client: FlaskClient, store: Store) -> None:
    store.import_articles([Article(id="x", title="x", body="x", tags=("iskp",))], "import")
    proposed = ok(open_client.post(SETS, json={"ops": [MERGE], "note": "one group"}), 201)
    assert (proposed["state"], proposed["lines"], proposed["numbers"]) == ("proposed", [LINE], [])
    preview = ok(open_client.get(f"{SETS}/{proposed['id']}/preview"))
    assert (preview["based_on"], preview["n_articles"], preview["changes"]) == (1, 1, [LINE])
    applied = ok(apply(open_client, proposed["id"], 1))
    assert (applied["numbers"], applied["head"]) == ([2], 2)
    answer = ok(open_client.post("/v1/suggest", json={"title": "ISKP claims the attack", "body": "ISKP said so. " * 5}))
    assert answer["taxonomy_version"] == applied["taxonomy_version"]
    assert "islamic-state" in {row["tag"] for row in answer["suggestions"]}
    kept = ok(open_client.get(f"{SETS}/{proposed['id']}"))
    assert (kept["state"], kept["numbers"], kept["preview"]["n_articles"]) == ("applied", [2], 1)
    undone = ok(open_client.post(f"{SETS}/{proposed['id']}/undo", json={}))
    assert undone["numbers"] == [3]
    assert ok(open_client.get(f"{SETS}/{proposed['id']}"))["state"] == "undone"
    for _ in range(200):  # the worker loads beside the requests
        if ok(open_client.get("/v1/tags"))["taxonomy_version"] == undone["taxonomy_version"]:
            break
        time.sleep(0.02)
    else:
        pytest.fail("the undo is not seen")


def test_operations_are_previewed_before_they_are_proposed(open_client: FlaskClient, store: Store) -> None:
    text = "The caliphate of old fell. " * 3
    store.import_articles([Article(id="x", title="History", body=text, tags=("iskp",))], "import")
    operation = {"op": "alias", "tag": "islamic-state", "add": {"text": "caliphate"}}
    preview = ok(open_client.post(f"{SETS}/preview", json={"ops": [operation]}))
    (hit,) = preview["hits"]
    assert (hit["tag"], hit["alias"], hit["change"], hit["gained"]) == ("islamic-state", "caliphate", "added", 1)
    (article,) = hit["articles"]
    assert (article["article_id"], article["title"], article["has_tag"]) == ("x", "History", False)
    assert (article["places"][0]["left"], article["places"][0]["text"]) == ("The ", "caliphate")
    assert ok(open_client.get(f"{SETS}?state=proposed"))["change_sets"] == []
    set_id = propose(open_client, operation)
    ok(apply(open_client, set_id, 1))
    (kept,) = ok(open_client.get(f"{SETS}/{set_id}"))["preview"]["hits"]
    assert (kept["gained"], kept["articles"]) == (1, [])  # a text may be deleted, and would stay here
    refused = open_client.post(f"{SETS}/preview", json={"ops": [{"op": "retire", "tag": "never"}]})
    assert refused.status_code == 422


def test_the_feed_says_what_became_of_each_tag(open_client: FlaskClient) -> None:
    set_id = propose(open_client, MERGE, {"op": "relabel", "tag": "taliban", "label": "The Taliban"})
    ok(apply(open_client, set_id, 1))
    ok(open_client.post(f"{SETS}/{set_id}/undo", json={}))
    feed = ok(open_client.get("/v1/tags/changes?since=0"))
    assert (feed["head"], feed["next"]) == (5, None)
    told = [(row["n"], row["op"], row["tag"], row["into"]) for row in feed["changes"]]
    assert told[:3] == [(2, "merge", "iskp", None), (2, "merge", "iswap", None), (3, "relabel", "taliban", None)]
    assert {row["op"] for row in feed["changes"][3:]} == {UNDO}
    merged = feed["changes"][0]
    assert (merged["before"]["status"], merged["after"]["status"]) == ("active", "retired")
    assert merged["after"]["replaced_by"] == "islamic-state"
    assert ok(open_client.get("/v1/tags/changes?since=3"))["changes"][0]["n"] == 4
    first = ok(open_client.get("/v1/tags/changes?since=0&limit=1"))
    assert (first["next"], {row["n"] for row in first["changes"]}) == (2, {2})
    assert open_client.get("/v1/tags/changes?since=x").status_code == 422


def test_a_reader_notes_its_place(open_client: FlaskClient, store: Store) -> None:
    place = {"n": 2, "moved": 100, "failed": 1, "to_do": 50}
    assert ok(open_client.post("/v1/tags/changes/place", json=place)) == place
    ok(open_client.post("/v1/tags/changes/place", json={"n": 3}))
    ((_, kept),) = store.feed_places.all().items()
    assert (kept.n, kept.moved) == (3, 0)


def test_a_retired_tag_is_found_with_its_heir_and_its_history(open_client: FlaskClient) -> None:
    ok(apply(open_client, propose(open_client, MERGE), 1))
    tag = ok(open_client.get("/v1/tags/iskp"))
    assert (tag["status"], tag["replaced_by"], tag["replacement"], tag["living"]) == (
        *("retired", "islamic-state", "islamic-state"),
        ["islamic-state"],
    )
    assert [row["line"] for row in tag["history"]] == [LINE]
    assert open_client.get("/v1/tags/never").status_code == 404


@pytest.mark.slow
def test_of_two_sets_on_one_head_disjoint_ones_stand_and_others_get_the_rows_in_the_way(
    open_client: FlaskClient,
) -> None:
    first, same, other = (
        propose(open_client, MERGE),
        propose(open_client, {"op": "relabel", "tag": "iskp", "label": "Khorasan"}),
        propose(open_client, {"op": "relabel", "tag": "taliban", "label": "The Taliban"}),
    )
    ok(apply(open_client, first, 1))
    refused = apply(open_client, same, 1)
    assert refused.status_code == 409
    problem = refused.get_json()
    assert (problem["type"], problem["errors"][0]["pointer"]) == ("/docs#changed", "/changes/2")
    assert LINE in problem["detail"]
    assert ok(apply(open_client, other, 1))["numbers"] == [3]


@pytest.mark.slow
def test_an_undo_under_a_dependent_change_is_refused_with_its_number(open_client: FlaskClient) -> None:
    first = propose(open_client, {"op": "merge", "tags": ["iskp"], "into": "iswap"})
    ok(apply(open_client, first, 1))
    second = propose(open_client, {"op": "merge", "tags": ["iswap"], "into": "islamic-state"})
    ok(apply(open_client, second, 2))
    refused = open_client.post(f"{SETS}/{first}/undo", json={})
    assert (refused.status_code, refused.get_json()["errors"][0]["pointer"]) == (409, "/changes/3")
    for set_id in (second, first):
        ok(open_client.post(f"{SETS}/{set_id}/undo", json={}))


def test_a_list_has_the_first_operations_of_each_change_set_and_says_how_many_there_are(
    open_client: FlaskClient,
) -> None:
    set_id = propose(open_client, *({"op": "create", "tag": f"new-{n}", "label": f"New {n}"} for n in range(25)))
    (listed,) = ok(open_client.get(f"{SETS}?state=proposed"))["change_sets"]
    assert (listed["id"], listed["n_operations"], len(listed["ops"]), len(listed["lines"])) == (set_id, 25, 20, 20)
    assert listed["title"].endswith('create new-9 "New 9"; and 15 more')
    whole = ok(open_client.get(f"{SETS}/{set_id}"))
    assert (whole["n_operations"], len(whole["ops"]), whole["lines"][24]) == (25, 25, 'create new-24 "New 24"')


def test_what_was_decided_is_not_decided_again_but_a_repeated_request_gets_its_answer(open_client: FlaskClient) -> None:
    set_id, key = propose(open_client, MERGE), {"Idempotency-Key": "k-1"}
    applied = ok(apply(open_client, set_id, 1, headers=key))
    assert ok(apply(open_client, set_id, 1, headers=key)) == applied
    assert apply(open_client, set_id, 1).status_code == 409
    assert open_client.post(f"{SETS}/{set_id}/decline", json={}).status_code == 409
    declined = propose(open_client, {"op": "retire", "tag": "taliban"})
    assert ok(open_client.post(f"{SETS}/{declined}/decline", json={}))["state"] == "declined"
    assert apply(open_client, declined, 2).status_code == 409
    assert [row["id"] for row in ok(open_client.get(f"{SETS}?state=declined"))["change_sets"]] == [declined]


@pytest.mark.parametrize(
    ("ops", "detail"),
    [
        ([{"op": "delete", "tag": "iskp"}], "An operation has `op`, one of"),
        ([{"op": "merge", "tags": ["iskp"], "into": "gone"}], "The taxonomy has no tag 'gone'."),
        ([{"op": "create", "tag": "changes", "label": "Changes", "kind": "theme"}], "it is a word of the API"),
        ([], "at least 1 item"),
    ],
)
def test_operations_that_do_not_fit_are_refused_when_they_are_proposed(
    open_client: FlaskClient, ops: list[dict[str, Any]], detail: str
) -> None:
    refused = open_client.post(SETS, json={"ops": ops})
    assert refused.status_code == 422
    assert detail in refused.get_json()["detail"]


def test_the_taxonomy_is_listed_as_it_is_now_and_as_it_was_in_another_language(open_client: FlaskClient) -> None:
    french = {"op": "relabel", "tag": "taliban", "label": "Les talibans", "lang": "fr"}
    ok(apply(open_client, propose(open_client, french, {"op": "rename", "tag": "hamas", "to": "hms"}), 1))

    def tags(query: str) -> dict[str, Any]:
        return {row["id"]: row for row in ok(open_client.get(f"/v1/tags?{query}"))["tags"]}

    now = tags("lang=fr")
    assert (now["taliban"]["label"], now["taliban"]["labels"]) == ("Les talibans", {"fr": "Les talibans"})
    assert (now["hamas"]["replacement"], now["iskp"]["label"]) == ("hms", tags("at=1")["iskp"]["label"])
    assert "hms" not in tags("at=1")
    assert open_client.get("/v1/tags?at=9").status_code == 422


def test_an_unchanged_taxonomy_is_not_sent_again(open_client: FlaskClient) -> None:
    first = open_client.get("/v1/tags")
    same = {"If-None-Match": first.headers["ETag"]}
    again = open_client.get("/v1/tags", headers=same)
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert open_client.get("/v1/tags?lang=fr", headers=same).status_code == 200
    assert open_client.get('/v1/tags?lang="').status_code == 422


# --- roles ------------------------------------------------------------------------------------------------------


@pytest.fixture
def people(registry: Registry, store: Store) -> Iterator[dict[str, dict[str, str]]]:
    """The headers of an editor, two taxonomists, an admin and a CMS."""
    roles = {"ed": "editor", "tax": "taxonomist", "ony": "taxonomist", "chief": "admin", "wp": "cms"}
    yield {name: {"Authorization": f"Bearer {store.keys.create(name, role)}"} for name, role in roles.items()}


@pytest.fixture
def desk(registry: Registry, store: Store, people: dict[str, dict[str, str]]) -> FlaskClient:
    """A client of a service in which changes of more than two articles need a second person."""
    store.import_articles([Article(id=key, title=key, body=key, tags=("iskp",)) for key in "xyz"], "import")
    return build_app(Tagger(Serving(registry), store), registry, second_person=2).test_client()


def test_an_editor_proposes_and_a_taxonomist_decides(desk: FlaskClient, people: dict[str, dict[str, str]]) -> None:
    set_id = propose(desk, MERGE, headers=people["ed"])
    assert desk.get(f"{SETS}/{set_id}/preview", headers=people["ed"]).status_code == 403
    for path, body in (("apply", {"based_on": 1}), ("decline", {}), ("undo", {})):
        for name in ("ed", "wp"):
            assert desk.post(f"{SETS}/{set_id}/{path}", json=body, headers=people[name]).status_code == 403
    assert desk.post(SETS, json={"ops": [MERGE]}, headers=people["wp"]).status_code == 403
    assert ok(desk.get("/v1/tags/changes", headers=people["wp"]))["changes"] == []
    assert ok(apply(desk, set_id, 1, headers=people["tax"]))["numbers"] == [2]
    assert ok(desk.get(f"{SETS}/{set_id}", headers=people["ed"]))["decided_by"] == "tax"


@pytest.mark.slow
def test_a_large_set_needs_another_person_than_its_author(desk: FlaskClient, people: dict[str, dict[str, str]]) -> None:
    large, small = (
        propose(desk, op, headers=people["tax"])
        for op in (MERGE, {"op": "merge", "tags": ["hamas"], "into": "taliban"})
    )
    refused = apply(desk, large, 1, headers=people["tax"])
    assert (refused.status_code, refused.get_json()["type"]) == (403, "/docs#needs-another")
    ok(apply(desk, small, 1, headers=people["tax"]))
    ok(apply(desk, large, 1, headers=people["ony"]))
