"""Serves the endpoints of the API."""

from collections.abc import Sequence
from functools import cached_property, partial
from typing import Any

from flask import Blueprint, Response

from classifier.domain.articles import check_id, check_stored_id
from classifier.web.api.openapi import Endpoint, document
from classifier.web.bodies import json_response, read_body, read_json
from classifier.web.guard.auth import Gate
from classifier.web.incoming import incoming
from classifier.web.problems import ApiProblem


class Router:
    """The API as a blueprint: each endpoint checks its caller and its body before it calls its view."""

    def __init__(self, gate: Gate, max_body_bytes: int, endpoints: Sequence[Endpoint]) -> None:
        self.gate, self.max_body_bytes, self.endpoints = gate, max_body_bytes, endpoints
        self.blueprint = Blueprint("api", __name__)
        self.blueprint.add_url_rule("/openapi.json", "openapi", self.openapi)
        self.answers = {(endpoint.method, endpoint.path): partial(self.answer, endpoint) for endpoint in endpoints}
        for endpoint, answer in zip(endpoints, self.answers.values(), strict=True):
            self.blueprint.add_url_rule(endpoint.path, endpoint.name, answer, methods=[endpoint.method])

    def answer(self, endpoint: Endpoint, **arguments: Any) -> Response:
        """Answer a request. The arguments are the parts of its path."""
        if endpoint.roles:
            incoming().caller = self.gate.check(endpoint.roles)
        if "article_id" in arguments:
            (check_id if endpoint.method == "PUT" else check_stored_id)(arguments["article_id"])
        mimetype = incoming().request.mimetype
        if endpoint.takes:
            if mimetype != "application/json":
                text = f"Send `Content-Type: application/json`, not {mimetype[:60]!r}."
                raise ApiProblem("not-json-type", text)
            arguments["body"] = read_json(endpoint.takes, self.max_body_bytes)
        if endpoint.reads:
            if mimetype not in endpoint.reads:
                text = f"Send `Content-Type:` {' or '.join(endpoint.reads)}, not {mimetype[:60]!r}."
                raise ApiProblem("not-json-type", text)
            arguments["raw"] = read_body(self.max_body_bytes)
        result = endpoint.view(**arguments)
        if isinstance(result, Response):
            return result
        if result is None:
            return Response(status=endpoint.status)
        return json_response(*result) if isinstance(result, tuple) else json_response(result, endpoint.status)

    @cached_property
    def described(self) -> dict[str, object]:
        """The OpenAPI document, which is made once: that takes a sixth of a second."""
        return document(self.endpoints)

    def openapi(self) -> Response:
        """Answer with the OpenAPI document."""
        return json_response(self.described)
