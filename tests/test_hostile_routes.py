"""Hostile texts on every page and API route, without and with a key: CPU time grows with the text and no faster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from classifier.domain.articles import TEXT_FIELDS
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.database.opening import open_store
from classifier.web import build_app
from tests.hard import size
from tests.hostile import HOSTILE, assert_linear
from tests.postgres import database

pytestmark = pytest.mark.sqlite("texts cost the same whatever the database")

N = size(60_000, 2_000_000)
N_STORED = size(50_000, 2_000_000)  # five requests each
LIMIT = 16_000_000  # bytes of a body: a character of a hostile text may be four bytes, or six in JSON
TEXTS = list(HOSTILE)
HEADINGS = ["h1 opened", "h1 unfinished", "h1 with a blank before its end", "titles opened", "titles unfinished"]
every_text = pytest.mark.parametrize("name", size(TEXTS[::3], TEXTS))


class Desk:
    """A service that has keys, and what is sent to it."""

    def __init__(self, client: FlaskClient, secret: str) -> None:
        self.client, self.secret = client, secret

    def paste(self, text: str, key: str, status: int) -> None:
        """Send the form of the page."""
        escaped = text.replace("%", "%25").replace("&", "%26").replace("+", "%2B")
        form = f"format={body_format(text)}&key={key}&text={escaped}"
        self.ask("POST", "/", form, status, "application/x-www-form-urlencoded")

    def ask(
        self, method: str, path: str, raw: str | None, status: int, kind: str = "application/json", key: bool = False
    ) -> Any:
        headers = {"Authorization": f"Bearer {self.secret}"} if key else {}
        data = raw.encode() if raw is not None else None
        response = self.client.open(path, method=method, data=data, content_type=kind, headers=headers)
        assert response.status_code == status, response.text[:500]
        return response


def body_format(text: str) -> str:
    return "html" if {"<", "&"} & set(text) else "text"


def article(text: str) -> str:
    return json.dumps({"title": "x", "body": text, "body_format": body_format(text)}, ensure_ascii=False)


@pytest.fixture(scope="module")
def desk(models_of_module: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    store = open_store(database(tmp_path_factory.mktemp("hostile")))
    registry = Registry(models_of_module)
    client = build_app(Tagger(Serving(registry), store), registry, LIMIT).test_client()
    yield Desk(client, store.keys.create("desk", "admin"))
    store.close()


# --- what is sent -----------------------------------------------------------------------------------------------


@every_text
def test_pasted_text_without_a_key_is_refused_before_anything_is_done_with_it(desk: Desk, name: str) -> None:
    assert_linear(lambda text: desk.paste(text, "wrong", 401), HOSTILE[name], N)


@every_text
def test_pasted_text_is_answered_in_linear_time(desk: Desk, name: str) -> None:
    assert_linear(lambda text: desk.paste(text, desk.secret, 200), HOSTILE[name], N)


@every_text
def test_stored_article_is_answered_and_reviewed_in_linear_time(desk: Desk, name: str) -> None:
    def store_and_review(text: str) -> None:
        desk.ask("PUT", "/v1/articles/a", article(text), 200, key=True)
        for path in ("/v1/articles/a", "/review/articles/a", "/review/articles/a/why?tag=iskp", "/v1/articles"):
            desk.ask("GET", path, None, 200, key=True)

    assert_linear(store_and_review, HOSTILE[name], N_STORED)


@pytest.mark.parametrize("name", size(HEADINGS[:2], TEXTS))
@pytest.mark.parametrize("path", ["/v1/suggest", "/v1/suggest/batch"])
def test_text_is_suggested_for_in_linear_time(desk: Desk, path: str, name: str) -> None:
    def suggest(text: str) -> None:
        one = json.loads(article(text))
        sent = {"articles": [{"id": "a", **one}]} if path.endswith("batch") else {**one, "why": ["iskp"]}
        desk.ask("POST", path, json.dumps(sent, ensure_ascii=False), 200, key=True)

    assert_linear(suggest, HOSTILE[name], N)


@pytest.mark.parametrize("name", size(HEADINGS[:2], HEADINGS))
@pytest.mark.parametrize("field", ["title", "standfirst", "url", "published_at", "body_format", "odd"])
def test_text_in_any_field_costs_linear_time(desk: Desk, field: str, name: str) -> None:
    def suggest(text: str) -> None:
        sent = json.dumps({"body": "x", field: text}, ensure_ascii=False)
        desk.ask("POST", "/v1/suggest", sent, 200 if field in TEXT_FIELDS else 422, key=True)

    assert_linear(suggest, HOSTILE[name], N)


BODIES = [
    ("PUT", "/v1/articles/a"),
    ("POST", "/v1/suggest"),
    ("POST", "/v1/suggest/batch"),
    ("POST", "/v1/articles/a/decisions"),
    ("POST", "/review/proposals"),
    ("DELETE", "/v1/articles/a"),
]


@pytest.mark.parametrize("name", size(HEADINGS[:2], HEADINGS))
@pytest.mark.parametrize(("method", "path"), BODIES)
def test_body_without_a_key_is_refused_in_linear_time(desk: Desk, method: str, path: str, name: str) -> None:
    assert_linear(lambda text: desk.ask(method, path, article(text), 401), HOSTILE[name], N)


@pytest.mark.parametrize("name", size(HEADINGS[:2], HEADINGS))
@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/v1/articles/a/decisions", {"decisions": [{"action": "accept", "tag": "TEXT"}]}, 422),
        ("/v1/articles/a/decisions", {"decisions": [{"action": "add", "tag": "iskp", "note": "TEXT"}]}, 422),
        ("/v1/articles/a/decisions", {"complete": True, "editor": "TEXT"}, 422),
        ("/review/proposals", {"label": "TEXT"}, 422),
        ("/review/proposals", {"label": "x", "note": "TEXT"}, 422),
    ],
)
def test_decision_or_proposal_with_a_long_text_is_refused_in_linear_time(
    desk: Desk, path: str, fields: dict[str, Any], status: int, name: str
) -> None:
    pattern = json.dumps(fields)
    work = lambda text: desk.ask("POST", path, pattern.replace("TEXT", text), status, key=True)  # noqa: E731
    assert_linear(work, HOSTILE[name], N)


@pytest.mark.parametrize("field", ["name", "key", "next", "csrf", "state"])
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/review/proposals/a"])
def test_forms_without_an_article_take_no_long_texts(desk: Desk, path: str, field: str) -> None:
    response = desk.client.post(path, data={field: HOSTILE["h1 opened"](N)})
    assert response.status_code in (303, 403, 413)
    if path == "/sign-in":
        assert response.status_code == 413


# --- what is asked for ------------------------------------------------------------------------------------------

PAGES = [
    "/?example=TEXT",
    "/sign-in?next=TEXT",
    "/docs?TEXT",
    "/TEXT",
    "/v1/articles?cursor=TEXT",
    "/v1/articles?source=TEXT",
    "/v1/articles?since=TEXT",
    "/v1/articles?limit=TEXT",
    "/v1/articles?state=TEXT",
    "/v1/articles/TEXT",
    "/v1/articles/TEXT/decisions",
    "/v1/tags?TEXT",
    "/review?TEXT",
    "/review/TEXT",
    "/review/articles/TEXT",
    "/review/articles/a/why?tag=TEXT",
    "/review/bulk?tag=TEXT",
    "/review/bulk.json?tag=TEXT",
    "/runs/TEXT",
    "/static/TEXT",
]


@pytest.mark.parametrize("has_key", [False, True])
@pytest.mark.parametrize("name", size(["slashes"], ["h1 unfinished", "slashes", "less than", "digits", "spaces"]))
@pytest.mark.parametrize("page", PAGES)
def test_long_query_or_path_costs_linear_time(desk: Desk, page: str, name: str, has_key: bool) -> None:
    headers = {"Authorization": f"Bearer {desk.secret}"} if has_key else {}

    def ask(text: str) -> None:
        path = page.replace("TEXT", text.replace(" ", "%20").replace("<", "%3C").replace("?", ""))
        assert desk.client.get(path, headers=headers).status_code < 500

    assert_linear(ask, HOSTILE[name], N // 4)
