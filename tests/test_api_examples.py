"""The description of the API has an example for each call, and each example is what the call takes."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html

from classifier.serving.registry import Registry
from classifier.serving.tagger import Tagger
from classifier.web import build_app
from classifier.web.api.openapi import Endpoint, document
from classifier.web.api.router import Router
from classifier.web.pages.examples import example_body


@pytest.fixture
def endpoints(tagger: Tagger, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> list[Endpoint]:
    """The endpoints of the app."""
    found: list[Endpoint] = []
    prepare = Router.__init__

    def noted(self: Router, gate: Any, limit: int, endpoints: list[Endpoint]) -> None:
        found.extend(endpoints)
        prepare(self, gate, limit, endpoints)

    monkeypatch.setattr(Router, "__init__", noted)
    build_app(tagger, registry)
    return found


def test_each_example_fits_the_schema_of_its_body(endpoints: list[Endpoint]) -> None:
    described: Any = document(endpoints)
    components = described["components"]["schemas"]
    bodies = [endpoint.takes for endpoint in endpoints if endpoint.takes]
    assert len(bodies) > 10
    for body in bodies:
        body.model_validate(example_body(body.__name__, components))


def test_each_call_has_a_form_with_its_parameters(client: FlaskClient) -> None:
    page = html.fromstring(client.get("/docs").text)
    described = client.get("/openapi.json").get_json()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            (form,) = page.xpath(f"//*[@id='{operation['operationId']}']/form")
            assert (form.get("data-method"), form.get("data-path")) == (method.upper(), path)
            names = {p["name"] for p in operation.get("parameters", ()) if p["in"] in ("path", "query")}
            assert {field.get("name") for field in form.xpath(".//input")} == names


def test_an_example_is_shown_as_it_is_sent(client: FlaskClient) -> None:
    page = html.fromstring(client.get("/docs").text)
    (body,) = page.xpath("//*[@id='suggest']/form//textarea/text()")
    answer = client.post("/v1/suggest", data=body, content_type="application/json")
    assert answer.status_code == 200
    assert [row["tag"] for row in answer.get_json()["suggestions"]]
