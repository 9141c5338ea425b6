"""Endpoints of the API: each checks its caller and reads its body, calls one view, and answers in JSON."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, g, request
from pydantic import BaseModel

from classifier.domain.articles import check_id, check_stored_id
from classifier.web.api.openapi import Endpoint, Parameter, document
from classifier.web.guard.auth import Gate
from classifier.web.json_bodies import json_response, read_json
from classifier.web.problems import ApiProblem

NEEDS_MODEL = ("no-model",)
NEEDS_STORE = ("no-store",)
NEEDS_BOTH = ("no-model", "no-store")


class Router:
    """The API as a blueprint; `endpoints` describe it."""

    def __init__(self, gate: Gate, max_body_bytes: int) -> None:
        self.gate, self.max_body_bytes = gate, max_body_bytes
        self.endpoints: list[Endpoint] = []
        self.blueprint = Blueprint("api", __name__)
        self.blueprint.add_url_rule("/openapi.json", "openapi", self.openapi)

    def add(
        self,
        method: str,
        path: str,
        view: Callable[..., object],
        roles: tuple[str, ...],
        returns: type[BaseModel] | None,
        takes: type[BaseModel] | None = None,
        *,
        status: int = 200,
        parameters: tuple[Parameter, ...] = (),
        problems: tuple[str, ...] = (),
        also: tuple[int, ...] = (),
    ) -> None:
        """Add an endpoint: the docstring of `view` is its summary.

        The view gets the parts of the path by name and, if the endpoint takes a body, the model as `body`. What it
        returns becomes JSON, except a response.
        """
        endpoint = Endpoint(
            method,
            path,
            name=view.__name__,
            summary=view.__doc__ or "",
            roles=roles,
            returns=returns,
            takes=takes,
            status=status,
            parameters=parameters,
            problems=problems,
            also=also,
        )
        self.endpoints.append(endpoint)

        def answer(**parts: str) -> Response:
            if roles:
                g.caller = self.gate.check(roles)
            if "article_id" in parts:
                (check_id if method == "PUT" else check_stored_id)(parts["article_id"])
            body = {"body": self._body(takes)} if takes else {}
            result = view(**parts, **body)
            return result if isinstance(result, Response) else json_response(result, status)

        self.blueprint.add_url_rule(path, endpoint.name, answer, methods=[method])

    def _body(self, model: type[BaseModel]) -> BaseModel:
        if request.mimetype != "application/json":
            raise ApiProblem("not-json-type", f"Send `Content-Type: application/json`, not {request.mimetype[:60]!r}.")
        return read_json(model, self.max_body_bytes)

    def openapi(self) -> Response:
        """Answer with the OpenAPI document."""
        return json_response(document(self.endpoints))
