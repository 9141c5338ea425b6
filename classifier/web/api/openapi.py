"""The OpenAPI document, made from the endpoints and the models that validate them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from classifier import __version__
from classifier.domain.articles import ARTICLE_ID
from classifier.web.api.schemas import ProblemOut
from classifier.web.problems import CATALOGUE


@dataclass(frozen=True)
class Endpoint:
    """One call of the API: all that its description and its checks need."""

    method: str
    path: str
    name: str
    summary: str
    roles: tuple[str, ...]
    returns: type[BaseModel] | None
    takes: type[BaseModel] | None = None
    status: int = 200
    query: tuple[dict[str, Any], ...] = ()
    problems: tuple[str, ...] = ()
    also: tuple[int, ...] = ()  # other statuses with the same kind of answer


def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    wanted: list[tuple[type[BaseModel], Any]] = [(ProblemOut, "serialization")]
    wanted += [(e.takes, "validation") for e in endpoints if e.takes]
    wanted += [(e.returns, "serialization") for e in endpoints if e.returns]
    references, definitions = models_json_schema(wanted, ref_template="#/components/schemas/{model}")
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, path, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Article tagger",
            "version": __version__,
            "description": "Suggests topic tags for articles. Offsets are Unicode code points of the field as sent.",
        },
        "paths": paths,
        "components": {
            "schemas": definitions.get("$defs", {}),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(endpoint: Endpoint, path: str, references: Any) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": references[ProblemOut, "serialization"]}}
    slugs = _problems_of(endpoint, path)
    statuses = sorted({CATALOGUE[slug].status for slug in slugs})
    responses: dict[str, Any] = {
        str(status): {
            "description": "; ".join(
                CATALOGUE[s].title for s in CATALOGUE if s in slugs and CATALOGUE[s].status == status
            ),
            "content": problem,
        }
        for status in statuses
    }
    if endpoint.returns:
        content = {"application/json": {"schema": references[endpoint.returns, "serialization"]}}
        responses[str(endpoint.status)] = {"description": "Done", "content": content}
        responses |= {str(status): {"description": "Not now", "content": content} for status in endpoint.also}
    else:
        responses[str(endpoint.status)] = {"description": "Done"}
    names = re.findall(r"{(\w+)}", path)
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{ARTICLE_ID.pattern}$"},
        }
        for name in names
    ]
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "responses": responses,
        "parameters": [*parameters, *({"in": "query", "required": False, **q} for q in endpoint.query)],
    }
    if endpoint.roles:
        operation["security"] = [{"key": []}, {}]  # open while no key exists
        operation["description"] = f"Roles: {', '.join(endpoint.roles)}."
    if endpoint.takes:
        schema = references[endpoint.takes, "validation"]
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _problems_of(endpoint: Endpoint, path: str) -> set[str]:
    slugs = {"internal", *endpoint.problems}
    if endpoint.roles:
        slugs |= {"no-key", "key-ended", "not-allowed", "too-many", "overloaded"}
    if endpoint.takes:
        slugs |= {"not-json", "too-large", "too-slow", "not-json-type", "invalid"}
    if "{" in path:
        slugs |= {"not-found", "invalid"}
    return slugs
