"""Superdesk's tagging panel works with the service as with iMatrics.

With the wheel of superdesk-core (`TAGGER_TEST_SUPERDESK=FILE`, `make test-superdesk`) its own client asks; else the same requests are
made as it makes them.
"""

from __future__ import annotations

import base64
import os
import sys
import types
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.store import Store
from classifier.web import build_app
from classifier.web.superdesk import article_id_of

GUID = "urn:newsml:localhost:2024-06-06T10:00:00.1:abc"
ITEM = {
    "guid": GUID,
    "headline": "ISKP bombs mosque in Kabul, Taliban say",
    "body_html": "ISKP claimed the bombing of a mosque in Kabul.\nThe Taliban said that they would hunt ISKP.",
    "language": "en",
}
WHEEL = os.environ.get("TAGGER_TEST_SUPERDESK")


@pytest.fixture
def with_superdesk(registry: Registry, store: Store) -> Flask:
    return build_app(Tagger(Serving(registry), store), registry, superdesk=True)


@pytest.fixture
def ask(with_superdesk: Flask, store: Store) -> Callable[..., Any]:
    """Send a request as Superdesk does, and return the answer."""
    client, secret = with_superdesk.test_client(), store.keys.create("superdesk", "cms")

    def ask(method: str, url: str, *, json: Any, auth: tuple[str, str], params: Any = None, timeout: Any = None) -> Any:
        named = base64.b64encode(":".join((auth[0], secret if auth[1] == "key" else auth[1])).encode()).decode()
        path = urlsplit(url).path
        answer = client.open(
            path, method=method, json=json, query_string=params, headers={"Authorization": f"Basic {named}"}
        )
        assert timeout is None or timeout
        return types.SimpleNamespace(status_code=answer.status_code, text=answer.text, json=answer.get_json)

    return ask


def post(ask: Callable[..., Any], path: str, sent: Any, key: str = "key", **params: str) -> Any:
    answer = ask("POST", f"http://tagger/imatrics/{path}", json=sent, auth=("mira", key), params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def as_sent(**more: Any) -> dict[str, Any]:
    body = ITEM["body_html"].split("\n")
    return {"uuid": GUID, "pubStatus": False, "headline": ITEM["headline"], "body": body, "language": "en", **more}


def test_an_analysis_stores_the_item_and_shows_suggestions_with_their_words(
    ask: Callable[..., Any], store: Store
) -> None:
    answer = post(ask, "article/analysis", as_sent(), conceptFields="uuid,title")
    found = {concept["uuid"]: concept for concept in answer["concepts"]}
    assert {"iskp", "taliban"} <= set(found)
    iskp = found["iskp"]
    assert (iskp["title"], iskp["type"]) == ("Islamic State Khorasan Province", "organisation")
    assert "ISKP" in iskp["shortDescription"] and 0 < iskp["weight"] <= 1
    assert {concept["uuid"] for concept in answer["broader"]} >= {iskp["broader"]}
    stored = store.article(GUID)
    assert (stored.article.title, stored.owner) == (ITEM["headline"], "superdesk")
    assert {row.tag for row in store.log.impressions(GUID)} == set(found)


def test_a_list_that_is_saved_is_complete(ask: Callable[..., Any], store: Store) -> None:
    post(ask, "article/analysis", as_sent())
    lists = [["iskp", "ttp", "another-service"], ["iskp"]]
    for uuids in lists:
        concepts = [{"uuid": uuid, "title": uuid, "type": "topic"} for uuid in uuids]
        assert post(ask, "article/concept", as_sent(pubStatus=True, concepts=concepts)) == {}
    log = store.log.read(GUID)
    assert [(row.tag, row.action, row.editor) for row in log.rows] == [
        ("iskp", "accept", "superdesk/mira"),
        ("ttp", "add", "superdesk/mira"),
        (None, "complete", "superdesk/mira"),
        ("ttp", "remove", "superdesk/mira"),
    ]
    assert tuple(log.standing().tags) == ("iskp",)
    assert log.standing().closed_at is not None


def test_concepts_are_found_by_all_their_names_and_by_id(ask: Callable[..., Any]) -> None:
    query = {"title": "isis-k", "type": "all", "draft": False, "size": 10}
    assert [each["uuid"] for each in post(ask, "concept/get", query, operation="title_type")["result"]] == ["iskp"]
    assert post(ask, "concept/get", {"uuid": "taliban"}, operation="id")["result"][0]["title"] == "Taliban"
    assert post(ask, "concept/get", {"uuid": "nothing"}, operation="id")["result"] == []


@pytest.mark.parametrize("key", ["", "tagger_wrong"])
def test_the_password_is_a_key(ask: Callable[..., Any], key: str) -> None:
    answer = ask("POST", "http://tagger/imatrics/article/analysis", json=as_sent(), auth=("mira", key))
    assert answer.status_code == 401


def test_it_is_off_unless_it_is_set(client: FlaskClient) -> None:
    assert client.post("/imatrics/article/analysis", json=as_sent()).status_code == 404


@pytest.mark.parametrize("guid", [GUID, "tag:localhost:2024:å/b,c", ".", "x" * 300])
def test_every_guid_has_an_article_id_of_its_own(guid: str) -> None:
    assert len(article_id_of(guid)) <= 200
    assert article_id_of(guid) == article_id_of(guid) != article_id_of(guid + "'")


# --- Superdesk's own client -----------------------------------------------------------------------------------------


@pytest.fixture
def client_class(monkeypatch: pytest.MonkeyPatch, ask: Callable[..., Any]) -> Iterator[Any]:
    """The unmodified class, with the few parts of Superdesk around it that it asks for."""
    if WHEEL is None:
        pytest.skip("no wheel of superdesk-core (make test-superdesk)")
    modules = {
        "superdesk": types.ModuleType("superdesk"),
        "superdesk.text_utils": types.ModuleType("superdesk.text_utils"),
        "superdesk.errors": types.ModuleType("superdesk.errors"),
        "requests": types.ModuleType("requests"),
        "sd_ai": types.ModuleType("sd_ai"),
    }
    vocabularies = types.SimpleNamespace(get_items=lambda _: [], find_one=lambda **_: None)
    modules["superdesk"].get_resource_service = lambda _: vocabularies  # type: ignore[attr-defined]
    modules["superdesk.text_utils"].get_text = lambda text, *_: text  # type: ignore[attr-defined]
    modules["superdesk.errors"].SuperdeskApiError = RuntimeError  # type: ignore[attr-defined]
    modules["requests"].Session = lambda: types.SimpleNamespace(request=ask)  # type: ignore[attr-defined]
    modules["sd_ai"].__path__ = []
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    with zipfile.ZipFile(Path(WHEEL)) as wheel:
        for name in ("base", "imatrics"):
            module = types.ModuleType(f"sd_ai.{name}")
            module.__package__ = "sd_ai"
            monkeypatch.setitem(sys.modules, f"sd_ai.{name}", module)
            exec(compile(wheel.read(f"superdesk/text_checkers/ai/{name}.py"), name, "exec"), module.__dict__)
    yield sys.modules["sd_ai.imatrics"]


def test_superdesks_own_client_analyses_searches_and_saves(client_class: Any, store: Store) -> None:
    desk = Flask("desk")
    desk.config |= {"IMATRICS_BASE_URL": "http://tagger/imatrics/", "IMATRICS_USER": "mira", "IMATRICS_KEY": "key"}
    with desk.app_context():
        service = client_class.IMatrics(desk)
        tags = service.analyze(ITEM)
        names = {tag["qcode"]: tag.get("description") for tag in tags["organisation"]}
        assert "ISKP" in str(names["iskp"])
        found = service.data_operation("POST", "search", None, {"term": "TTP", "language": "en"})
        assert [tag["qcode"] for tag in found["tags"]["organisation"]][:1] == ["ttp"]
        kept = {"organisation": [tag for tag in tags["organisation"] if tag["qcode"] == "iskp"]}
        assert service.data_operation("POST", "feedback", None, {"item": ITEM, "tags": kept}) == {}
    standing = store.log.read(GUID).standing()
    assert (tuple(standing.tags), standing.closed_at is not None) == (("iskp",), True)
