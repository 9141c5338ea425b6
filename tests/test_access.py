"""Who may do what: every route against no key, a wrong one, a revoked one and one of another role; headers of pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import html

from classifier.domain.articles import Article
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.database.opening import open_store
from classifier.store.keys import IDLE_HOURS, LONGEST_DAYS, ROLES
from classifier.store.schema import keys as key_rows
from classifier.store.schema import sessions as session_rows
from classifier.store.store import Store
from classifier.web import build_app
from classifier.web.app import MAX_BODY_BYTES
from classifier.web.guard.limits import TRIES_OF_ADDRESS, TRIES_OF_NAME, Limits
from tests.postgres import database
from tests.storing import put_article

ARTICLE = {"title": "ISKP bomber kills twelve at Kabul mosque"}
BATCH = {"articles": [{"id": "a", **ARTICLE}]}
DECISIONS = {"decisions": [{"tag": "iskp", "action": "accept"}]}
HAND_OVER = {"from": "the cms", "to": None}
GONE = "20200101-000000-00000000"  # a model version that nobody has
TAXONOMISTS = {"taxonomist", "admin"}
EDITORS = {"editor", *TAXONOMISTS}
WRITERS = {"cms", *EDITORS}
READERS = {"reader", *EDITORS}
# Method, path, body, the roles that may, and what they get.
ROUTES: list[tuple[str, str, Any, set[str], int]] = [
    ("POST", "/v1/suggest", ARTICLE, WRITERS, 200),
    ("POST", "/v1/suggest/batch", BATCH, WRITERS, 200),
    ("PUT", "/v1/articles/a", ARTICLE, WRITERS, 200),
    ("GET", "/v1/articles/a", None, WRITERS, 200),
    ("GET", "/v1/articles", None, WRITERS, 200),
    ("DELETE", "/v1/articles/a", None, {"cms", "admin"}, 204),
    ("POST", "/v1/hand-overs", HAND_OVER, {"admin"}, 200),
    ("POST", "/v1/articles/a/decisions", DECISIONS, WRITERS, 201),
    ("GET", "/v1/articles/a/decisions", None, WRITERS, 200),
    ("GET", "/v1/articles/a/history", None, WRITERS, 200),
    ("POST", "/v1/articles/a/impressions", {"suggestion_set_id": "0", "tags": []}, WRITERS, 422),  # it has no such set
    ("GET", "/v1/questions", None, EDITORS, 200),
    ("POST", "/v1/questions/<question_id>", {"answer": "removed"}, EDITORS, 404),  # nobody asked it
    ("GET", "/v1/disputes", None, EDITORS, 200),
    ("POST", "/v1/queue/deal", {}, EDITORS, 200),
    ("PUT", "/v1/articles/a/lease", {}, EDITORS, 200),
    ("DELETE", "/v1/articles/a/lease", None, EDITORS, 204),
    ("PUT", "/v1/articles/a/language", {"language": "fr"}, EDITORS, 200),
    ("GET", "/v1/articles/a/near", None, EDITORS, 200),
    ("GET", "/v1/filters", None, EDITORS, 200),
    ("PUT", "/v1/filters", {"name": "Africa", "filters": {"source": "cms"}}, EDITORS, 200),
    ("DELETE", "/v1/filters/<name>", None, EDITORS, 404),  # nobody saved it
    ("GET", "/v1/samples/<sample_id>", None, EDITORS, 404),  # nobody drew it
    ("GET", "/v1/assignments", None, {"cms", "admin"}, 200),
    ("GET", "/review/articles/a", None, EDITORS, 200),
    ("GET", "/review/articles/a/why?tag=iskp", None, EDITORS, 200),
    ("GET", "/review/bulk.json?tag=iskp", None, EDITORS, 200),
    ("POST", "/review/proposals", {"label": "A new group"}, WRITERS, 201),
    ("GET", "/v1/tags", None, set(ROLES), 200),
    ("GET", "/v1/tags/changes", None, set(ROLES), 200),
    ("GET", "/v1/tags/export", None, set(ROLES), 200),
    ("POST", "/v1/tags/import?format=iptc-json", {"tags": []}, TAXONOMISTS, 422),  # it has no concepts
    ("POST", "/v1/tags/changes/place", {"n": 1}, {"cms", "admin"}, 200),
    ("GET", "/v1/tags/iskp", None, set(ROLES), 200),
    ("GET", "/v1/tags/iskp/redecide", None, EDITORS, 404),  # it was not split
    ("POST", "/v1/tags/change-sets", {"ops": [{"op": "revive", "tag": "iskp"}]}, EDITORS, 422),  # it is not retired
    ("GET", "/v1/tags/change-sets", None, EDITORS, 200),
    ("GET", "/v1/tags/change-sets/<set_id>", None, EDITORS, 404),
    ("POST", "/v1/tags/change-sets/preview", {"ops": [{"op": "revive", "tag": "iskp"}]}, TAXONOMISTS, 422),
    ("GET", "/v1/tags/change-sets/<set_id>/preview", None, TAXONOMISTS, 404),
    ("POST", "/v1/tags/change-sets/<set_id>/apply", {"based_on": 1}, TAXONOMISTS, 404),
    ("POST", "/v1/tags/change-sets/<set_id>/schedule", {"based_on": 1, "apply_at": None}, TAXONOMISTS, 404),
    ("POST", "/v1/tags/change-sets/<set_id>/decline", {}, TAXONOMISTS, 404),
    ("POST", "/v1/tags/change-sets/<set_id>/undo", {}, TAXONOMISTS, 404),
    ("GET", "/v1/key", None, set(ROLES), 200),
    ("GET", "/v1/terms", None, WRITERS, 200),
    ("POST", "/v1/terms/resolve", {"terms": [{"id": "1", "name": "ISIS-K"}]}, WRITERS, 200),
    ("PUT", "/v1/terms/<term_id>", {"tags": []}, WRITERS, 404),
    ("POST", "/v1/terms/<term_id>/merge", {"into": "2"}, WRITERS, 404),
    ("GET", "/v1/webhooks", None, {"admin"}, 200),
    ("POST", "/v1/webhooks", {"url": "https://cms.example.org/"}, {"admin"}, 422),  # nobody has listed the host
    ("POST", "/v1/webhooks/<webhook_id>", {"state": "paused"}, {"admin"}, 404),  # nobody added it
    ("DELETE", "/v1/webhooks/<webhook_id>", None, {"admin"}, 404),
    ("GET", "/v1/webhooks/failed", None, {"admin"}, 200),
    ("POST", "/v1/webhooks/failed", {"action": "resend"}, {"admin"}, 200),
    ("GET", "/tags/names?q=isk", None, READERS, 200),
    ("GET", "/v1/model", None, set(ROLES), 200),
    ("GET", "/v1/models", None, set(ROLES), 200),
    ("POST", f"/v1/models/{GONE}/promote", {"why": "better"}, {"admin"}, 404),
    ("POST", "/v1/models/roll-back", {"why": "worse"}, {"admin"}, 404),  # there is no version before
    ("PUT", f"/v1/models/{GONE}/pin", {}, {"admin"}, 404),
    ("DELETE", f"/v1/models/{GONE}/pin", None, {"admin"}, 404),
    ("PUT", "/v1/models/shadow", {"version": GONE}, {"admin"}, 404),
    ("DELETE", "/v1/models/shadow", None, {"admin"}, 200),
    ("PUT", "/v1/models/fixed", {"why": ""}, {"admin"}, 422),
    ("DELETE", "/v1/models/fixed", None, {"admin"}, 200),
    ("GET", "/v1/schedule", None, {"admin"}, 200),
    ("PUT", "/v1/schedule", {"mode": "off"}, {"admin"}, 200),
    ("POST", "/v1/schedule/undo", {"n": 10**9}, {"admin"}, 409),  # nobody has made this change
    ("POST", "/v1/runs", {"force": "no"}, {"admin"}, 422),  # no truth value, so that none begins here
    ("GET", "/v1/runs", None, READERS, 200),
    ("GET", "/v1/runs/<run_id>", None, READERS, 404),
    ("POST", "/v1/runs/<run_id>/cancel", {}, {"admin"}, 404),
    ("GET", "/v1/archives", None, {"admin"}, 200),
    ("GET", "/v1/archives/<archive_id>", None, {"admin"}, 404),
    ("POST", "/v1/archives/<archive_id>/remove", {}, {"admin"}, 404),
]
# Pages for a signed-in editor: everybody else is led to the page that signs in.
PAGES = [
    "/account",
    "/admin/people",
    "/archive",
    "/archive/report",
    "/archive/tags",
    "/archive/result",
    "/admin/health",
    "/admin/health/backups/<name>",
    "/articles/a/history",
    "/review",
    "/review/a",
    "/review/bulk",
    "/review/proposals",
    "/tags",
    "/tags/tag",
    "/tags/iskp",
    "/tags/split",
    "/tags/basket",
    "/tags/basket/effect",
    "/tags/past/undo",
    "/tags/changes",
    "/tags/changes/<set_id>",
    "/tags/changes/<set_id>/effect",
    "/tags/proposals",
    "/tags/rising",
    "/tags/import",
    "/models",
    "/models/compare",
    "/models/thresholds",
    "/review/disagreements",
    "/report",
    "/advice",
    "/data",
    "/drift",
    "/runs",
    "/runs/<run_id>",
    "/webhooks",
]
FORMS = [
    "/sign-in",
    "/sign-out",
    "/review/proposals/<proposal_id>",
    "/language",
    "/join/<secret>",
    "/account",
    "/admin/people",
]
OPEN = [
    "/health/live",
    "/health/ready",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/help",
    "/",
    "/sign-in",
    "/join/<secret>",
    "/static/style.css",
]
# Forms of pages by which tags, labels and the taxonomy are changed, and who may send them.
FORMS_OF_TAGS: dict[str, set[str]] = {
    **dict.fromkeys(("/tags/basket", "/tags/basket/remove", "/tags/basket/propose"), EDITORS),
    "/articles/a/history/undo": EDITORS,
    **dict.fromkeys(("/data/label", "/data/label/undo"), EDITORS),
    **{path: {"admin"} for path in ("/webhooks", "/webhooks/failed", "/webhooks/<webhook_id>")},
    "/data/block": {"admin"},
    "/admin/health/backups": {"admin"},
    "/admin/health/backups/<name>/delete": {"admin"},
    "/data/block/undo": {"admin"},
    **dict.fromkeys(
        (
            "/data/make",
            "/models/thresholds",
            "/models/thresholds/undo",
            "/tags/basket/apply",
            "/tags/basket/schedule",
            "/tags/changes/undo",
            "/tags/changes/<set_id>/apply",
            "/tags/changes/<set_id>/cancel",
            "/tags/changes/<set_id>/decline",
            "/tags/changes/<set_id>/schedule",
            "/tags/changes/<set_id>/undo",
            "/tags/check",
            "/tags/import",
            "/tags/past/run",
            "/tags/past/sample",
            "/tags/past/undo",
            "/tags/proposals/<proposal_id>",
            "/tags/rising",
            "/tags/rising/look",
            "/tags/try",
        ),
        TAXONOMISTS,
    ),
}
# Forms by which models are changed.
FORMS_OF_MODELS = [
    f"/models/{name}" for name in ("train", "cancel", "promote", "roll-back", "pin", "shadow", "fix", "schedule")
]
TAKES_FILES = ("/tags/import", "/archive/upload")
# Pages and forms that bring an archive.
BRING = [
    f"/archive/{name}"
    for name in (
        *(
            "upload",
            "read",
            "cancel",
            "throw-away",
            "choose",
            "undo",
            "settle",
            "store-all",
            "train",
            "serve",
            "remove",
        ),
    )
]
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
    store = open_store(database(tmp_path_factory.mktemp("guarded")))
    yield store
    store.close()


@pytest.fixture(scope="module")
def keys(guarded_store: Store) -> dict[str, str]:
    """A key of each role, one that was revoked, one that has expired, one that was replaced, and what replaced it."""
    secrets = {role: guarded_store.keys.create(f"the {role}", role) for role in ROLES}
    for name in ("revoked", "expired", "replaced"):
        secrets[name] = guarded_store.keys.create(f"the {name}", "admin", days=30)
    guarded_store.keys.revoke("the revoked")
    change_key(guarded_store, "the expired", expires_at=ago(seconds=1))
    secrets["new"] = guarded_store.keys.rotate("the replaced")
    change_key(guarded_store, "the replaced", old_until=ago(seconds=1))
    return secrets


def ago(**time: float) -> str:
    return (datetime.now(UTC) - timedelta(**time)).isoformat(timespec="microseconds")


def change_key(store: Store, name: str, **times: str) -> None:
    """Move the times of a key, as if it had been made long ago."""
    with store.engine.begin() as connection:
        assert connection.execute(key_rows.update().where(key_rows.c.name == name).values(**times)).rowcount == 1
    store.keys._remembered_rows.clear()


@pytest.fixture(scope="module")
def _guarded(models_of_module: Path, guarded_store: Store, keys: dict[str, str]) -> FlaskClient:
    registry = Registry(models_of_module)
    return build_app(Tagger(Serving(registry), guarded_store), registry).test_client()


@pytest.fixture
def guarded(_guarded: FlaskClient, guarded_store: Store) -> FlaskClient:
    """A client of a service that has keys, and an article to ask for."""
    put_article(guarded_store, Article("a", **ARTICLE), "cms", owner="the cms")
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
        (method, rule.rule.replace("<article_id>", "a").replace("<tag_id>", "iskp").replace("<version>", GONE))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith("/static/")
    }
    tested = {(method, path.partition("?")[0]) for method, path, *_ in ROUTES}
    tested |= {("GET", path) for path in (*OPEN[:-1], *PAGES)} | {
        ("POST", path) for path in ("/", *FORMS, *FORMS_OF_TAGS, *FORMS_OF_MODELS, *BRING)
    }
    assert found == tested


ANYBODY = {"nobody", *ROLES}


def who_may() -> dict[tuple[str, str], set[str]]:
    """Return for each method and path who is answered, with a key or signed in with one, as this file's tables say."""
    may = {(method, path.partition("?")[0]): roles for method, path, _, roles, _ in ROUTES}
    may |= {("GET", path): READERS if path.startswith(("/tags", "/models")) else EDITORS for path in PAGES}
    may |= {("GET", path): TAXONOMISTS for path in PAGES if path.endswith(("/effect", "/undo"))} | {
        ("GET", "/tags/basket"): EDITORS,
        ("GET", "/webhooks"): {"admin"},
    }
    may |= {("POST", path): {"admin"} for path in (*FORMS_OF_MODELS, *BRING)}
    may |= {("GET", path): {"admin"} for path in PAGES if path.startswith("/archive")}
    may |= {("POST", path): roles for path, roles in FORMS_OF_TAGS.items()} | {("POST", FORMS[2]): TAXONOMISTS}
    may |= {("GET", "/account"): READERS, ("POST", "/account"): READERS}
    may |= {("GET", path): {"admin"} for path in PAGES if path.startswith("/admin/")}
    may |= {("POST", "/admin/people"): {"admin"}}
    return (
        may
        | {("GET", path): ANYBODY for path in OPEN[:-1]}
        | {("POST", path): ANYBODY for path in ("/", *FORMS[:2], *FORMS[3:5])}
    )


@pytest.mark.slow
def test_every_route_answers_the_roles_that_may_and_refuses_all_others(
    _guarded: FlaskClient, guarded_store: Store, keys: dict[str, str]
) -> None:
    """The table of all routes and roles, generated from the app: as a key, and as a browser that signed in with it."""
    app, sent = _guarded.application, {(method, path.partition("?")[0]): body for method, path, body, *_ in ROUTES}
    browsers, tokens = {}, {}
    for role in sorted(READERS):
        browsers[role] = app.test_client()
        assert sign_in(browsers[role], f"the {role}", keys[role]).status_code == 303
        tokens[role] = html.fromstring(browsers[role].get("/tags").data).xpath("//meta[@name='csrf']/@content")[0]
    table: dict[tuple[str, str], set[str]] = {}
    put_article(guarded_store, Article("a", **ARTICLE), "cms", owner="the cms")
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<article_id>", "a").replace("<tag_id>", "iskp").replace("<version>", GONE)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if path.startswith("/static/") or (method, path) in {("POST", "/sign-out"), ("POST", "/sign-in")}:
                continue
            answered = table.setdefault((method, path), set())
            for caller in sorted(ANYBODY):
                if method != "GET":
                    put_article(guarded_store, Article("a", **ARTICLE), "cms", owner="the cms")
                client, headers = app.test_client(), {"Authorization": f"Bearer {keys.get(caller)}"}
                responses = [
                    client.open(
                        path, method=method, json=sent.get((method, path)), headers=headers if caller in keys else {}
                    )
                ]
                if caller in browsers:
                    token = {"X-CSRF-Token": tokens[caller]}
                    body: dict[str, Any] = {"json": sent.get((method, path))}
                    if path in TAKES_FILES and method == "POST":
                        body = {"data": {"csrf": tokens[caller], "file": (BytesIO(b""), "tags.txt")}}
                    responses.append(browsers[caller].open(path, method=method, headers=token, **body))
                if any(_is_answered(response) for response in responses):
                    answered.add(caller)
    expected = who_may()
    print("\n".join(f"{method:6} {path:44} {', '.join(sorted(who))}" for (method, path), who in sorted(table.items())))  # noqa: T201
    assert {key: who for key, who in table.items() if who != expected.get(key)} == {}
    assert expected.keys() - table.keys() == {("POST", "/sign-out"), ("POST", "/sign-in")}


def _is_answered(response: Any) -> bool:
    leads_to_sign_in = response.status_code == 303 and response.headers["Location"].startswith("/sign-in")
    return response.status_code not in (401, 403) and not leads_to_sign_in


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
def test_an_expired_key_is_refused_and_told_so(
    guarded: FlaskClient, keys: dict[str, str], method: str, path: str, sent: Any, roles: set[str], status: int
) -> None:
    response = ask(guarded, method, path, sent, f"Bearer {keys['expired']}")
    assert_refused(response, 401, "key-ended")
    assert "'the expired' expired on 20" in response.get_json()["detail"]
    assert "keys rotate" in response.get_json()["detail"]
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")


@route
def test_a_replaced_key_is_refused_and_told_so_and_the_new_one_is_taken(
    guarded: FlaskClient, keys: dict[str, str], method: str, path: str, sent: Any, roles: set[str], status: int
) -> None:
    response = ask(guarded, method, path, sent, f"Bearer {keys['replaced']}")
    assert_refused(response, 401, "key-ended")
    assert "'the replaced' was replaced on 20" in response.get_json()["detail"]
    expected = status if "admin" in roles else 403
    assert ask(guarded, method, path, sent, f"Bearer {keys['new']}").status_code == expected


def test_who_does_not_have_the_secret_does_not_learn_that_a_key_has_expired(
    guarded: FlaskClient, keys: dict[str, str]
) -> None:
    for name in ("expired", "replaced"):
        assert_refused(ask(guarded, "GET", "/v1/tags", None, f"Bearer {keys[name]}x"), 401, "no-key")


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
        put_article(guarded_store, Article("a", **ARTICLE), "cms", owner="the cms")
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


# --- signing in ---


@pytest.fixture
def keyed(client: FlaskClient, store: Store) -> tuple[FlaskClient, str]:
    """A client that has signed in with the key of an editor, and the key."""
    secret = store.keys.create("ana", "editor", days=30)
    assert sign_in(client, "ana", secret).status_code == 303
    assert client.get("/review").status_code == 200
    return client, secret


def sign_in(client: FlaskClient, name: str, secret: str, **more: Any) -> Any:
    return client.post("/sign-in", data={"name": name, "key": secret}, **more)


def change_session(store: Store, **times: str) -> None:
    with store.engine.begin() as connection:
        assert connection.execute(session_rows.update().values(**times)).rowcount == 1


def assert_signed_out(client: FlaskClient) -> None:
    for path in PAGES:
        assert client.get(path).headers["Location"].startswith("/sign-in?next=/")
    assert client.get("/v1/tags").status_code == 401


def test_a_session_that_nobody_used_for_long_ends(keyed: tuple[FlaskClient, str], store: Store) -> None:
    change_session(store, seen_at=ago(hours=IDLE_HOURS - 0.1))
    assert keyed[0].get("/review").status_code == 200
    store.keys.settle()
    change_session(store, seen_at=ago(hours=IDLE_HOURS + 0.1))
    assert_signed_out(keyed[0])


def test_a_session_that_is_used_goes_on_and_ends_all_the_same_after_days(
    keyed: tuple[FlaskClient, str], store: Store
) -> None:
    change_session(store, seen_at=ago(hours=1))
    keyed[0].get("/review")
    store.keys.settle()
    with store.engine.connect() as connection:
        row = connection.execute(session_rows.select()).mappings().one()
    assert row["seen_at"] > ago(seconds=60)
    assert ago(days=-LONGEST_DAYS) >= row["ends_at"] > ago(days=-LONGEST_DAYS, hours=1)
    change_session(store, ends_at=ago(seconds=1))
    assert_signed_out(keyed[0])


def test_signing_out_ends_the_session_for_every_copy_of_the_cookie(keyed: tuple[FlaskClient, str], app: Flask) -> None:
    client, _ = keyed
    cookie = client.get_cookie("tagger_session")
    assert cookie is not None
    assert client.post("/sign-out", data={"csrf": token_of(client)}).status_code == 303
    copy = app.test_client()
    copy.set_cookie("tagger_session", cookie.value)
    assert_signed_out(copy)


def test_revoking_a_key_ends_its_sessions(keyed: tuple[FlaskClient, str], store: Store) -> None:
    store.keys.revoke("ana")
    assert_signed_out(keyed[0])


def test_a_session_ends_with_its_key(client: FlaskClient, store: Store) -> None:
    secret = store.keys.create("ana", "editor", days=3)
    sign_in(client, "ana", secret)
    with store.engine.connect() as connection:
        ends = connection.execute(session_rows.select()).mappings().one()["ends_at"]
    assert ends == store.keys.list()[0].expires_at


@pytest.mark.parametrize(("grace", "signed_in"), [(0, False), (2, True)])
def test_a_session_ends_with_the_secret_that_began_it(
    keyed: tuple[FlaskClient, str], store: Store, grace: int, signed_in: bool
) -> None:
    client, old = keyed
    new = store.keys.rotate("ana", grace_hours=grace)
    assert (client.get("/review").status_code == 200) is signed_in
    assert (sign_in(client, "ana", old).status_code == 303) is signed_in
    with store.engine.connect() as connection:
        ends = [row["ends_at"] for row in connection.execute(session_rows.select()).mappings()]
    assert max(ends) < ago(hours=-grace)
    assert sign_in(client, "ana", new).status_code == 303


def test_a_cms_does_not_sign_in(client: FlaskClient, store: Store) -> None:
    secret = store.keys.create("ana", "cms")
    assert sign_in(client, "ana", secret).status_code == 403
    assert_signed_out(client)


def test_a_reader_who_signs_in_sees_the_tags_and_no_page_of_editors(client: FlaskClient, store: Store) -> None:
    response = sign_in(client, "ana", store.keys.create("ana", "reader"))
    assert (response.status_code, response.headers["Location"]) == (303, "/tags")
    assert client.get("/tags").status_code == 200
    for path in ("/review", "/review/bulk", "/report", "/runs", "/tags/basket"):
        assert client.get(path).status_code == 403
    assert client.get("/review/articles/a").status_code == 403


def test_an_expired_key_does_not_sign_in_and_the_page_says_why(client: FlaskClient, store: Store) -> None:
    secret = store.keys.create("ana", "editor", days=1)
    change_key(store, "ana", expires_at=ago(seconds=1))
    response = sign_in(client, "ana", secret)
    assert response.status_code == 403
    assert response.mimetype == "text/html"
    assert "expired on" in response.text


@pytest.mark.slow
def test_wrong_tries_under_a_name_lock_out_their_address_alone(client: FlaskClient, store: Store) -> None:
    secret = store.keys.create("ana", "editor")
    other = store.keys.create("ben", "editor")
    for _ in range(TRIES_OF_NAME):
        assert sign_in(client, "ana", "wrong").status_code == 403
    refused = sign_in(client, "ana", secret)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 300
    assert "Too many attempts to sign in from your address." in refused.text
    assert sign_in(client, "ben", other).status_code == 303  # in the same house
    assert sign_in(client, "ana", secret, environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 303


@pytest.mark.slow
def test_many_addresses_cannot_lock_a_name_out(client: FlaskClient, store: Store) -> None:
    secret = store.keys.create("ana", "editor")
    for number in range(10 * TRIES_OF_NAME):
        assert sign_in(client, "ana", "wrong", environ_base={"REMOTE_ADDR": f"192.0.2.{number}"}).status_code == 403
    assert sign_in(client, "ana", secret, environ_base={"REMOTE_ADDR": "198.51.100.7"}).status_code == 303


@pytest.mark.slow
def test_ipv4_through_an_ipv6_socket_is_not_one_sender(client: FlaskClient, store: Store) -> None:
    secret = store.keys.create("ana", "editor")
    for number in range(TRIES_OF_ADDRESS + 1):
        sign_in(client, f"guess {number}", "wrong", environ_base={"REMOTE_ADDR": "::ffff:192.0.2.1"})
    assert sign_in(client, "ana", secret, environ_base={"REMOTE_ADDR": "::ffff:192.0.2.1"}).status_code == 429
    assert sign_in(client, "ana", secret, environ_base={"REMOTE_ADDR": "::ffff:192.0.2.2"}).status_code == 303


@pytest.mark.slow
def test_signing_in_is_throttled_by_address(client: FlaskClient, store: Store) -> None:
    secret = store.keys.create("ana", "editor")
    for number in range(TRIES_OF_ADDRESS):
        where = {"REMOTE_ADDR": f"2001:db8::{number:x}"}  # one network
        assert sign_in(client, f"guess {number}", "wrong", environ_base=where).status_code == 403
    assert sign_in(client, "ana", secret, environ_base={"REMOTE_ADDR": "2001:db8::ffff"}).status_code == 429
    assert sign_in(client, "ana", secret, environ_base={"REMOTE_ADDR": "2001:db8:0:1::1"}).status_code == 303


@pytest.mark.slow
@pytest.mark.sqlite("counters are files there")
def test_an_address_that_is_refused_makes_no_more_counters(client: FlaskClient, store: Store, tmp_path: Path) -> None:
    store.keys.create("ana", "editor")
    for number in range(4 * TRIES_OF_ADDRESS):
        sign_in(client, f"made up {number}", "wrong")
    assert len(list((tmp_path / "tagger.db-counters").iterdir())) == TRIES_OF_ADDRESS + 1


def test_successes_do_not_count_as_tries(client: FlaskClient, store: Store) -> None:
    secret = store.keys.create("ana", "editor")
    assert {sign_in(client, "ana", secret).status_code for _ in range(TRIES_OF_ADDRESS + 1)} == {303}


@pytest.mark.slow
@pytest.mark.parametrize(("proxies", "status"), [(0, 429), (1, 303)])
def test_the_address_is_believed_of_as_many_proxies_as_there_are(
    tagger: Tagger, registry: Registry, store: Store, proxies: int, status: int
) -> None:
    client = build_app(tagger, registry, allowed=Limits(proxies=proxies)).test_client()
    secret = store.keys.create("ana", "editor")
    for number in range(TRIES_OF_ADDRESS):
        sign_in(client, f"guess {number}", "wrong", headers={"X-Forwarded-For": "203.0.113.9"})
    assert (
        sign_in(client, "ana", secret, headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}).status_code == status
    )


def test_behind_a_proxy_with_tls_browsers_are_told_to_stay_with_it(tagger: Tagger, registry: Registry) -> None:
    client = build_app(tagger, registry, allowed=Limits(proxies=1)).test_client()
    headers = client.get("/", headers={"X-Forwarded-Proto": "https"}).headers
    assert headers["Strict-Transport-Security"].startswith("max-age=")


@pytest.mark.parametrize("role", ["cms", "editor"])
def test_a_key_named_as_the_cms_itself_is_told_apart_in_the_log(client: FlaskClient, store: Store, role: str) -> None:
    headers = {"Authorization": f"Bearer {store.keys.create('cms', role)}"}
    put_article(store, Article("a", "ISKP bomber kills twelve in Kabul", "ISKP said so."), "cms")
    sent = {"decisions": [{"tag": "iskp", "action": "accept"}]}
    answer = client.post("/v1/articles/a/decisions", json=sent, headers=headers)
    assert answer.status_code == 201
    assert answer.get_json()["decisions"][0]["editor"] == "cms/cms"


# --- what pages elsewhere make a browser send, and forms ---

NO_TOKEN = {
    "/",
    "/sign-in",
    "/language",
    "/join/a",
}  # these forms belong to no session; where they come from is checked all the same
ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://desk.example"},
    {"Origin": "http://localhost.desk.example"},
    {"Origin": "null"},
    {"Origin": "http://["},
]


def changing(app: Flask) -> list[tuple[str, str]]:
    """Return every call that may change something."""
    return [(method, path) for method, path in every_call(app) if method in CHANGING and has_rule(app, method, path)]


CHANGING = ("POST", "PUT", "DELETE", "PATCH")


def has_rule(app: Flask, method: str, path: str) -> bool:
    return app.url_map.bind("localhost").test(path, method)


def token_of(client: FlaskClient) -> str:
    (token,) = set(html.fromstring(client.get("/tags/proposals").text).xpath("//form//input[@name='csrf']/@value"))
    return str(token)


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
def test_no_call_that_changes_something_is_taken_from_a_page_elsewhere(
    client: FlaskClient, app: Flask, store: Store, headers: dict[str, str]
) -> None:
    put_article(store, Article("a", **ARTICLE), "cms")
    calls = changing(app)
    assert len(calls) >= 10
    for method, path in calls:
        response = client.open(path, method=method, json=ARTICLE, headers=headers)
        assert_refused(response, 403, "not-allowed")
        assert "another site" in response.get_json()["detail"]


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://localhost"}, {}],
    ids=str,
)
def test_the_pages_of_the_service_and_clients_that_are_no_browsers_are_taken(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    assert client.post("/v1/suggest", json=ARTICLE, headers=headers).status_code == 200
    assert client.post("/sign-in", data={"name": "ana"}, headers=headers).status_code == 303


def test_every_call_of_a_session_that_changes_something_needs_its_token(
    keyed: tuple[FlaskClient, str], app: Flask, store: Store
) -> None:
    client, _ = keyed
    put_article(store, Article("a", **ARTICLE), "cms")
    calls = [call for call in changing(app) if call[1] not in NO_TOKEN]
    assert ("POST", "/sign-out") in calls
    for method, path in calls:
        for token in (None, "", "wrong"):
            assert refused_without(client, method, path, token) == 403, (method, path)
    assert client.get("/review").status_code == 200
    assert store.article("a").article.title == ARTICLE["title"]


def refused_without(client: FlaskClient, method: str, path: str, token: str | None) -> int:
    headers = {} if token is None else {"X-CSRF-Token": token}
    if path in FORM_PATHS:
        return client.post(path, data={"next": "/"} | ({} if token is None else {"csrf": token})).status_code
    return client.open(path, method=method, json=ARTICLE, headers=headers).status_code


FORM_PATHS = {"/", *(re.sub("<[^>]+>", "a", path) for path in (*FORMS, *FORMS_OF_TAGS, *FORMS_OF_MODELS, *BRING))}


@pytest.mark.slow
def test_every_form_of_every_page_carries_the_token(client: FlaskClient, app: Flask, store: Store) -> None:
    client.post("/sign-in", data={"name": "ana"})
    store.proposals.add("A new group", "", None, "ana")
    token, seen = token_of(client), set()
    for path in sorted({*OPEN[:-1], *(page for page in PAGES if "<" not in page)}):
        page = client.get(path)
        if page.mimetype != "text/html":
            continue
        for form in html.fromstring(page.text).xpath("//form[translate(@method, 'POST', 'post')='post']"):
            action = form.get("action") or path
            seen.add(action)
            assert action in NO_TOKEN or form.xpath(".//input[@name='csrf']/@value") == [token], (path, action)
    assert {"/", "/sign-in", "/sign-out"} < seen
    assert any(action.startswith("/tags/proposals/") for action in seen)


def test_no_call_takes_a_body_over_the_limit(client: FlaskClient, app: Flask) -> None:
    client.post("/sign-in", data={"name": "ana"})
    token = token_of(client)
    for method, path in changing(app):
        if method == "DELETE" or path == "/archive/upload":  # takes none, or has a limit of its own
            continue
        kind = "application/x-www-form-urlencoded" if path in FORM_PATHS else "application/json"
        headers = {"X-CSRF-Token": token}
        response = client.open(
            path, method=method, data=b"x" * (MAX_BODY_BYTES + 1), content_type=kind, headers=headers
        )
        assert response.status_code == 413, (method, path, response.text)
        assert_refused(response, 413, "too-large")


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


@pytest.mark.slow
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


def every_call(app: Flask) -> list[tuple[str, str]]:
    """Return every method on every route, also those that a route does not have, and some that are no routes."""
    paths = {re.sub("<[^>]+>", "a", rule.rule) for rule in app.url_map.iter_rules()} | {"/nothing/here", "/static/none"}
    return [(method, path) for path in sorted(paths) for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE")]


@pytest.mark.slow
def test_every_answer_on_every_route_has_the_security_headers(client: FlaskClient, app: Flask, store: Store) -> None:
    put_article(store, Article("a", **ARTICLE), "cms")
    for name, signed_in in (("nobody", False), ("an editor", True)):
        if signed_in:
            client.post("/sign-in", data={"name": name})
        statuses = set()
        for method, path in every_call(app):
            response = client.open(path, method=method, buffered=True)
            assert_secure(response.headers)
            statuses.add(response.status_code)
        assert statuses >= {200, 303, 403, 404, 405, 415} - ({303} if signed_in else {403})


def test_an_answer_to_a_fault_has_the_security_headers(client: FlaskClient, store: Store) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE proposals")
    client.post("/sign-in", data={"name": "ana"})
    response = client.get("/tags/proposals")
    assert response.status_code >= 500
    assert_secure(response.headers)


def assert_secure(headers: Any) -> None:
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in headers
    assert "Strict-Transport-Security" not in headers  # this is not TLS


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


# --- what people see ---

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def test_an_editor_who_is_signed_in_needs_no_key_on_the_start_page(client: FlaskClient, store: Store) -> None:
    secret = store.keys.create("ana", "editor")
    refused = client.post("/", data=FORM)
    assert refused.status_code == 401
    assert "sign in under Review" in refused.text
    assert "Bearer" not in refused.text
    assert sign_in(client, "ana", secret).status_code == 303
    page = client.post("/", data=FORM)
    assert page.status_code == 200
    assert 'name="key"' not in page.text


@pytest.mark.parametrize("path", ["/anything", "/report/nothing"])
def test_a_browser_is_told_of_a_problem_on_a_page(client: FlaskClient, path: str) -> None:
    response = client.get(path, headers=BROWSER)
    assert response.status_code == 404
    assert response.mimetype == "text/html"
    assert "<h1>Not found</h1>" in response.text
    assert "Try an article" in response.text
    assert client.get(path).mimetype == "application/problem+json"
    assert client.get("/v1/anything", headers=BROWSER).mimetype == "application/problem+json"


def test_without_a_model_the_review_page_says_so(store: Store, tmp_path: Path) -> None:
    registry = Registry(tmp_path / "none")
    client = build_app(Tagger(Serving(registry), store), registry).test_client()
    client.post("/sign-in", data={"name": "ana", "next": "/review"})
    assert "Nothing is suggested yet." in client.get("/review").text
