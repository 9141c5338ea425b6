"""The OpenAPI document: valid, complete, and true of what is really answered."""

from __future__ import annotations

import json
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.database.opening import open_store
from classifier.store.store import Store
from classifier.web import build_app
from classifier.web.problems import CATALOGUE
from tests.postgres import database

pytestmark = pytest.mark.sqlite("the form of answers does not depend on the database")

ARTICLE = {
    "title": "ISKP bomber kills twelve at Kabul mosque",
    "body": "<p>The Khorasan branch claimed it. Nobody blamed Hamas.</p>\n<p>Tags: Boko Haram</p>",
    "body_format": "html",
    "published_at": "2024-06-06",
    "url": "https://desk.example/1",
    "tags": ["iskp", "our-own"],
}
PLAIN = {"title": "Tomatoes"}
# Method, path of the document, path of the request, body, status.
ANSWERS: list[tuple[str, str, str, Any, int]] = [
    ("post", "/v1/suggest", "/v1/suggest", ARTICLE, 200),
    ("post", "/v1/suggest", "/v1/suggest", {**ARTICLE, "why": ["iskp", "hamas"]}, 200),
    ("post", "/v1/suggest", "/v1/suggest", PLAIN, 200),
    ("post", "/v1/suggest", "/v1/suggest", {"title": ""}, 200),
    ("post", "/v1/suggest", "/v1/suggest", {**ARTICLE, "evidence": 0}, 200),
    ("post", "/v1/suggest", "/v1/suggest", {**ARTICLE, "evidence": 5}, 422),
    ("post", "/v1/suggest", "/v1/suggest", {}, 422),
    ("post", "/v1/suggest", "/v1/suggest", {"title": "x" * 3_000_000}, 413),
    (
        "post",
        "/v1/suggest/batch",
        "/v1/suggest/batch",
        {"articles": [{"id": "a", **ARTICLE}, {"id": "b", **PLAIN}]},
        200,
    ),
    ("post", "/v1/suggest/batch", "/v1/suggest/batch", {"articles": []}, 422),
    ("put", "/v1/articles/{article_id}", "/v1/articles/a", ARTICLE, 200),
    ("put", "/v1/articles/{article_id}", "/v1/articles/a", PLAIN, 200),
    ("put", "/v1/articles/{article_id}", "/v1/articles/a%20b", ARTICLE, 422),
    ("get", "/v1/articles/{article_id}", "/v1/articles/there", None, 200),
    ("get", "/v1/articles/{article_id}", "/v1/articles/nobody", None, 404),
    ("get", "/v1/articles", "/v1/articles", None, 200),
    ("get", "/v1/articles", "/v1/articles?limit=1", None, 200),
    ("get", "/v1/articles", "/v1/articles?limit=0", None, 422),
    ("get", "/v1/articles", "/v1/articles?cursor=x", None, 422),
    ("delete", "/v1/articles/{article_id}", "/v1/articles/nobody", None, 404),
    ("get", "/v1/questions", "/v1/questions", None, 200),
    ("get", "/v1/questions", "/v1/questions?state=all", None, 200),
    ("get", "/v1/questions", "/v1/questions?state=x", None, 422),
    ("post", "/v1/questions/{question_id}", "/v1/questions/nobody", {"answer": "removed"}, 404),
    ("post", "/v1/questions/{question_id}", "/v1/questions/nobody", {"answer": "yes"}, 422),
    ("get", "/v1/articles", "/v1/articles?sample=nobodys", None, 200),
    ("get", "/v1/samples/{sample_id}", "/v1/samples/nobodys", None, 404),
    ("get", "/v1/assignments", "/v1/assignments?since=0&limit=5&prefix=wp-", None, 200),
    ("get", "/v1/assignments", "/v1/assignments?since=x", None, 422),
    ("get", "/v1/tags", "/v1/tags", None, 200),
    ("get", "/v1/model", "/v1/model", None, 200),
    ("get", "/v1/models", "/v1/models", None, 200),
    ("put", "/v1/models/fixed", "/v1/models/fixed", {"why": "an election"}, 200),
    ("delete", "/v1/models/fixed", "/v1/models/fixed", None, 200),
    ("delete", "/v1/models/shadow", "/v1/models/shadow", None, 200),
    ("post", "/v1/models/roll-back", "/v1/models/roll-back", {"why": "worse"}, 404),
    ("get", "/v1/schedule", "/v1/schedule", None, 200),
    ("put", "/v1/schedule", "/v1/schedule", {"mode": "on", "time": "02:30", "zone": "Europe/Paris"}, 200),
    ("put", "/v1/schedule", "/v1/schedule", {"mode": "on", "zone": "Europe/Atlantis"}, 422),
    ("post", "/v1/schedule/undo", "/v1/schedule/undo", {"n": 900}, 409),
    ("get", "/v1/runs", "/v1/runs", None, 200),
    ("get", "/v1/runs/{run_id}", "/v1/runs/nobodys", None, 404),
    ("get", "/v1/archives", "/v1/archives", None, 200),
    ("get", "/v1/archives/{archive_id}", "/v1/archives/nobodys", None, 404),
    ("post", "/v1/archives/{archive_id}/remove", "/v1/archives/nobodys/remove", {}, 404),
    ("get", "/health/live", "/health/live", None, 200),
    ("get", "/health/ready", "/health/ready", None, 200),
]


@pytest.fixture(scope="module")
def document(models_of_module: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The document as the service gives it."""
    registry = Registry(models_of_module)
    with closing(open_store(database(tmp_path_factory.mktemp("described")))) as store:
        response = build_app(Tagger(Serving(registry), store), registry).test_client().get("/openapi.json")
    assert response.content_type == "application/json"
    return dict(response.get_json())


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, one) for path, methods in document["paths"].items() for method, one in methods.items()]


def validate(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    whole = {**schema, "components": document["components"]}
    jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(value)


def answer_schema(document: dict[str, Any], method: str, path: str, response: Any) -> dict[str, Any]:
    described = document["paths"][path][method]["responses"][str(response.status_code)]
    return dict(described["content"][response.content_type]["schema"])


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    assert document["openapi"].startswith("3.1")


def test_the_document_describes_every_route_of_the_api_and_no_other(app: Flask, document: dict[str, Any]) -> None:
    served = {
        (method.lower(), re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(("/v1/", "/health/"))
    }
    assert {(method, path) for method, path, _ in operations(document)} == served


def test_every_operation_has_its_own_id_and_a_summary(document: dict[str, Any]) -> None:
    ids = [one["operationId"] for _, _, one in operations(document)]
    assert len(set(ids)) == len(ids)
    assert all(one["summary"].endswith((".", "?")) for _, _, one in operations(document))


def test_every_schema_is_used_and_forbids_unknown_fields(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    for name, schema in document["components"]["schemas"].items():
        assert f'"#/components/schemas/{name}"' in text
        assert schema["additionalProperties"] is False


def test_every_problem_that_is_described_is_in_the_catalogue(document: dict[str, Any]) -> None:
    known = {str(problem.status) for problem in CATALOGUE.values()}
    for _, _, one in operations(document):
        assert {status for status in one["responses"] if not status.startswith("2")} <= known


def test_what_needs_a_key_says_so_with_its_roles(document: dict[str, Any]) -> None:
    for _, path, one in operations(document):
        assert ("security" in one) == path.startswith("/v1/")
        assert ("401" in one["responses"]) == path.startswith("/v1/")


def test_what_takes_a_body_describes_its_refusals(document: dict[str, Any]) -> None:
    taking = [one for _, _, one in operations(document) if "requestBody" in one]
    assert len(taking) == 35
    for one in taking:
        assert {"400", "401", "403", "413", "415", "422"} <= set(one["responses"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "path", "address", "sent", "status"), ANSWERS, ids=[f"{a[0]} {a[2]} {a[4]}" for a in ANSWERS]
)
def test_real_answers_fit_their_schemas(
    client: FlaskClient, document: dict[str, Any], method: str, path: str, address: str, sent: Any, status: int
) -> None:
    for article_id in ("there", "there-too"):
        client.put(f"/v1/articles/{article_id}", json=ARTICLE)
    response = client.open(address, method=method.upper(), json=sent)
    assert response.status_code == status
    validate(document, answer_schema(document, method, path, response), json.loads(response.data))


def test_deleting_answers_without_content_as_described(client: FlaskClient, document: dict[str, Any]) -> None:
    client.put("/v1/articles/a", json=ARTICLE)
    response = client.delete("/v1/articles/a")
    assert document["paths"]["/v1/articles/{article_id}"]["delete"]["responses"]["204"] == {"description": "Done"}
    assert (response.status_code, response.data) == (204, b"")


def test_refusals_of_strangers_fit_the_problem_schema(
    client: FlaskClient, store: Store, document: dict[str, Any]
) -> None:
    reader = store.keys.create("reader", "reader")
    for headers in ({}, {"Authorization": f"Bearer {reader}"}):
        response = client.post("/v1/suggest", json=PLAIN, headers=headers)
        validate(document, answer_schema(document, "post", "/v1/suggest", response), json.loads(response.data))


def test_answers_without_a_model_fit_their_schemas(store: Store, tmp_path: Path) -> None:
    registry = Registry(tmp_path / "none")
    client = build_app(Tagger(Serving(registry), store), registry).test_client()
    document = client.get("/openapi.json").get_json()
    for method, path in (("post", "/v1/suggest"), ("get", "/v1/tags"), ("get", "/v1/model"), ("get", "/health/ready")):
        response = client.open(path, method=method.upper(), json=PLAIN if method == "post" else None)
        assert response.status_code == 503
        validate(document, answer_schema(document, method, path, response), json.loads(response.data))


@pytest.mark.parametrize(
    ("path", "method", "sent"),
    [
        ("/v1/suggest", "post", {**ARTICLE, "why": ["iskp"]}),
        ("/v1/suggest", "post", {"body": ""}),
        ("/v1/articles/{article_id}", "put", {**ARTICLE, "tags": None}),
        ("/v1/suggest/batch", "post", {"articles": [{"id": "a", **PLAIN}]}),
    ],
)
def test_requests_that_are_taken_fit_the_request_schema(
    client: FlaskClient, document: dict[str, Any], path: str, method: str, sent: Any
) -> None:
    schema = document["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
    validate(document, schema, sent)
    assert client.open(path.replace("{article_id}", "a"), method=method.upper(), json=sent).status_code == 200


@pytest.mark.parametrize(
    "sent", [{**PLAIN, "colour": 1}, {"title": 1}, {**PLAIN, "tags": [""]}, {**PLAIN, "body_format": "markdown"}, []]
)
def test_requests_that_are_refused_do_not_fit_the_request_schema(
    client: FlaskClient, document: dict[str, Any], sent: Any
) -> None:
    schema = document["paths"]["/v1/suggest"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    with pytest.raises(jsonschema.ValidationError):
        validate(document, schema, sent)
    assert client.post("/v1/suggest", json=sent).status_code == 422


def test_the_documentation_page_names_every_call_and_every_problem(
    client: FlaskClient, document: dict[str, Any]
) -> None:
    page = client.get("/docs").text
    for _, path, _ in operations(document):
        assert path in page
    for slug in CATALOGUE:
        assert f'id="{slug}"' in page
