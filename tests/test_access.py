"""Who may do what: every route against no key, a wrong one, a revoked one and one of another role; headers of pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from classifier.articles import Article
from classifier.registry import Registry, Serving
from classifier.store import Store, open_store
from classifier.store.keys import ROLES
from classifier.tagger import Tagger
from classifier.web import build_app

ARTICLE = {"title": "ISKP bomber kills twelve at Kabul mosque"}
BATCH = {"articles": [{"id": "a", **ARTICLE}]}
DECISIONS = {"decisions": [{"tag": "iskp", "action": "accept"}]}
WRITERS = {"cms", "editor", "admin"}
EDITORS = {"editor", "admin"}
# Method, path, body, the roles that may, and what they get.
ROUTES: list[tuple[str, str, Any, set[str], int]] = [
    ("POST", "/v1/suggest", ARTICLE, WRITERS, 200),
    ("POST", "/v1/suggest/batch", BATCH, WRITERS, 200),
    ("PUT", "/v1/articles/a", ARTICLE, WRITERS, 200),
    ("GET", "/v1/articles/a", None, WRITERS, 200),
    ("GET", "/v1/articles", None, WRITERS, 200),
    ("DELETE", "/v1/articles/a", None, {"cms", "admin"}, 204),
    ("POST", "/v1/articles/a/decisions", DECISIONS, WRITERS, 201),
    ("GET", "/v1/articles/a/decisions", None, WRITERS, 200),
    ("GET", "/review/articles/a", None, EDITORS, 200),
    ("GET", "/review/articles/a/why?tag=iskp", None, EDITORS, 200),
    ("GET", "/review/bulk.json?tag=iskp", None, EDITORS, 200),
    ("POST", "/review/proposals", {"label": "A new group"}, EDITORS, 201),
    ("GET", "/v1/tags", None, set(ROLES), 200),
    ("GET", "/v1/model", None, set(ROLES), 200),
    ("GET", "/v1/models", None, set(ROLES), 200),
]
# Pages for a signed-in editor: everybody else is led to the page that signs in.
PAGES = ["/review", "/review/a", "/review/bulk", "/review/proposals", "/review/disagreements", "/report"]
FORMS = ["/sign-in", "/sign-out", "/review/proposals/<proposal_id>"]
OPEN = ["/health/live", "/health/ready", "/metrics", "/openapi.json", "/docs", "/", "/sign-in", "/static/style.css"]
route = pytest.mark.parametrize(
    ("method", "path", "sent", "roles", "status"), ROUTES, ids=[f"{method} {path}" for method, path, *_ in ROUTES]
)
FORM = {"text": "ISKP bomber kills twelve at Kabul mosque\nThe bombing was claimed on Friday."}
HOSTS = [
    "desk.example",
    "desk.example:8000",
    "127.0.0.1.desk.example",
    "localhost.desk.example",
    "192.0.2.7",
    "[2001:db8::1]",
]


@pytest.fixture(scope="module")
def guarded_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The store of a service that has keys."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('guarded')}/tagger.db")
    yield store
    store.close()


@pytest.fixture(scope="module")
def keys(guarded_store: Store) -> dict[str, str]:
    """A key of each role, and one that was revoked."""
    secrets = {role: guarded_store.keys.create(f"the {role}", role) for role in ROLES}
    secrets["revoked"] = guarded_store.keys.create("the revoked", "admin")
    guarded_store.keys.revoke("the revoked")
    return secrets


@pytest.fixture(scope="module")
def _guarded(_models: Path, guarded_store: Store, keys: dict[str, str]) -> FlaskClient:
    registry = Registry(_models)
    return build_app(Tagger(Serving(registry), guarded_store), registry).test_client()


@pytest.fixture
def guarded(_guarded: FlaskClient, guarded_store: Store) -> FlaskClient:
    """A client of a service that has keys, and an article to ask for."""
    guarded_store.put_article(Article("a", **ARTICLE), "cms")
    return _guarded


def ask(client: FlaskClient, method: str, path: str, sent: Any, authorization: str | None) -> Any:
    headers = {} if authorization is None else {"Authorization": authorization}
    return client.open(path, method=method, json=sent, headers=headers)


def assert_refused(response: Any, status: int, slug: str) -> None:
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    assert response.get_json()["type"] == f"/docs#{slug}"


def test_the_routes_of_this_file_are_all_that_there_are(app: Flask) -> None:
    found = {
        (method, rule.rule.replace("<article_id>", "a"))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith("/static/")
    }
    tested = {(method, path.partition("?")[0]) for method, path, *_ in ROUTES}
    tested |= {("GET", path) for path in (*OPEN[:-1], *PAGES)} | {("POST", path) for path in ("/", *FORMS)}
    assert found == tested


# --- with keys ---


@route
def test_without_a_key_nothing_is_answered_and_the_scheme_is_named(
    guarded: FlaskClient, keys: dict[str, str], method: str, path: str, sent: Any, roles: set[str], status: int
) -> None:
    response = ask(guarded, method, path, sent, None)
    assert_refused(response, 401, "no-key")
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")


@route
def test_a_wrong_key_is_refused(
    guarded: FlaskClient, keys: dict[str, str], method: str, path: str, sent: Any, roles: set[str], status: int
) -> None:
    secret = keys["admin"]
    for wrong in (
        f"Bearer {secret[:-1]}",
        f"Bearer {secret}x",
        f"Basic {secret}",
        secret,
        "Bearer",
        "Bearer ",
        "Bearer ü",
    ):
        assert_refused(ask(guarded, method, path, sent, wrong.encode().decode("latin-1")), 401, "no-key")


@route
def test_a_revoked_key_is_refused(
    guarded: FlaskClient,
    keys: dict[str, str],
    method: str,
    path: str,
    sent: Any,
    roles: set[str],
    status: int,
) -> None:
    assert_refused(ask(guarded, method, path, sent, f"Bearer {keys['revoked']}"), 401, "no-key")


@route
def test_each_role_may_do_what_the_contract_says_and_no_more(
    guarded: FlaskClient,
    guarded_store: Store,
    keys: dict[str, str],
    method: str,
    path: str,
    sent: Any,
    roles: set[str],
    status: int,
) -> None:
    for role in sorted(set(ROLES) - roles):
        assert_refused(ask(guarded, method, path, sent, f"Bearer {keys[role]}"), 403, "not-allowed")
    for role in sorted(roles):
        guarded_store.put_article(Article("a", **ARTICLE), "cms")
        assert ask(guarded, method, path, sent, f"Bearer {keys[role]}").status_code == status


def test_the_refusal_of_a_role_names_the_role_and_those_that_may(guarded: FlaskClient, keys: dict[str, str]) -> None:
    detail = ask(guarded, "DELETE", "/v1/articles/a", None, f"Bearer {keys['editor']}").get_json()["detail"]
    assert "'editor'" in detail
    assert "cms or admin" in detail


def test_a_refused_request_changes_nothing(guarded: FlaskClient, guarded_store: Store, keys: dict[str, str]) -> None:
    before = guarded_store.article("a")
    ask(guarded, "DELETE", "/v1/articles/a", None, None)
    ask(guarded, "DELETE", "/v1/articles/a", None, f"Bearer {keys['reader']}")
    ask(guarded, "PUT", "/v1/articles/a", {"title": "Changed"}, "Bearer wrong")
    assert guarded_store.article("a") == before


def test_who_has_no_key_does_not_learn_which_articles_exist(guarded: FlaskClient, keys: dict[str, str]) -> None:
    there, not_there = (guarded.get(f"/v1/articles/{article_id}") for article_id in ("a", "nobody"))
    assert (there.status_code, there.data) == (not_there.status_code, not_there.data)


def test_the_key_is_asked_for_before_the_body_is_read(guarded: FlaskClient, keys: dict[str, str]) -> None:
    response = guarded.post("/v1/suggest", data=b"{not json", content_type="application/json")
    assert_refused(response, 401, "no-key")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(guarded: FlaskClient, keys: dict[str, str], scheme: str) -> None:
    assert ask(guarded, "GET", "/v1/tags", None, f"{scheme} {keys['reader']}").status_code == 200


def test_with_a_key_any_host_name_is_answered(guarded: FlaskClient, keys: dict[str, str]) -> None:
    for host in HOSTS:
        headers = {"Host": host, "Authorization": f"Bearer {keys['reader']}"}
        assert guarded.get("/v1/tags", headers=headers).status_code == 200


def test_a_key_that_is_made_while_the_service_runs_closes_it_at_once(client: FlaskClient, store: Store) -> None:
    assert client.get("/v1/tags").status_code == 200
    store.keys.create("desk", "admin")
    assert client.get("/v1/tags").status_code == 401


def test_revoking_the_last_key_does_not_open_the_service(client: FlaskClient, store: Store) -> None:
    secret = store.keys.create("desk", "admin")
    store.keys.revoke("desk")
    assert client.get("/v1/tags").status_code == 401
    assert ask(client, "GET", "/v1/tags", None, f"Bearer {secret}").status_code == 401


@pytest.mark.parametrize("path", OPEN)
def test_health_description_and_pages_need_no_key(guarded: FlaskClient, keys: dict[str, str], path: str) -> None:
    assert guarded.get(path, buffered=True).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_the_pages_of_editors_lead_everybody_else_to_signing_in(
    guarded: FlaskClient, keys: dict[str, str], path: str
) -> None:
    for headers in ({}, {"Authorization": f"Bearer {keys['editor']}"}, {"Cookie": "tagger_session=wrong"}):
        response = guarded.get(path, headers=headers)
        assert response.status_code == 303
        assert response.headers["Location"].startswith("/sign-in?next=/")


# --- the page ---


def test_the_page_takes_a_key_in_its_form(guarded: FlaskClient, keys: dict[str, str]) -> None:
    for role in sorted(WRITERS):
        response = guarded.post("/", data={**FORM, "key": keys[role]})
        assert response.status_code == 200
        assert 'data-tag="iskp"' in response.text


@pytest.mark.parametrize(("key", "status"), [("", 401), ("tagger_wrong_key", 401), ("reader", 403)])
def test_the_page_without_a_key_that_may_says_so_and_shows_no_tags(
    guarded: FlaskClient, keys: dict[str, str], key: str, status: int
) -> None:
    response = guarded.post("/", data={**FORM, "key": keys.get(key, key)})
    assert response.status_code == status
    assert response.mimetype == "text/html"
    assert 'data-tag="iskp"' not in response.text


# --- while no key exists ---


@route
def test_while_no_key_exists_this_machine_may_do_everything(
    client: FlaskClient, method: str, path: str, sent: Any, roles: set[str], status: int
) -> None:
    for host in ("127.0.0.1", "127.0.0.1:8000", "localhost", "LOCALHOST:8000", "[::1]", "[::1]:8000"):
        client.put("/v1/articles/a", json=ARTICLE)
        assert client.open(path, method=method, json=sent, headers={"Host": host}).status_code == status


@route
def test_while_no_key_exists_a_foreign_host_name_is_refused(
    client: FlaskClient, store: Store, method: str, path: str, sent: Any, roles: set[str], status: int
) -> None:
    for host in HOSTS:
        response = client.open(path, method=method, json=sent, headers={"Host": host})
        assert_refused(response, 403, "not-allowed")
        assert "keys create" in response.get_json()["detail"]
    assert store.count_articles() == {}


def test_while_no_key_exists_the_page_is_refused_to_a_foreign_host_name(client: FlaskClient) -> None:
    for host in HOSTS:
        assert client.get("/", headers={"Host": host}).status_code == 403
        assert client.post("/", data=FORM, headers={"Host": host}).status_code == 403


def test_while_no_key_exists_a_forwarded_name_does_not_count(client: FlaskClient) -> None:
    headers = {"Host": "desk.example", "X-Forwarded-Host": "localhost", "Forwarded": "host=localhost"}
    assert client.get("/v1/tags", headers=headers).status_code == 403


# --- headers ---


@pytest.mark.parametrize("path", [*OPEN, "/v1/tags", "/nothing/here", "/v1/suggest"])
def test_every_answer_has_the_security_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path, buffered=True).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_have_nothing_that_their_policy_would_stop(client: FlaskClient, path: str) -> None:
    text = client.get(path).text
    for forbidden in ("<style", " style=", "<script>", "onclick=", "onload=", "javascript:", 'src="http', "src='http"):
        assert forbidden not in text


def test_no_answer_sets_a_cookie_or_names_the_versions_of_its_parts(client: FlaskClient) -> None:
    for response in (client.get("/"), client.post("/", data=FORM), client.post("/v1/suggest", json=ARTICLE)):
        assert "Set-Cookie" not in response.headers
        assert "X-Powered-By" not in response.headers


def test_markup_in_an_article_is_shown_as_text(client: FlaskClient) -> None:
    text = "<script>alert(1)</script> ISKP\n<img src=x onerror=alert(1)> ISKP bomber kills twelve in Kabul."
    page = client.post("/", data={"text": text, "why": "<script>alert(2)</script>"}).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in page
