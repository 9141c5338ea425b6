"""The OpenAPI document, made from the endpoints and their schemas."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from classifier import __version__
from classifier.domain.articles import ARTICLE_ID
from classifier.web.api.schemas.base import ProblemOut
from classifier.web.problems import CATALOGUE

# The problems of endpoints that read the model, the store or both.
NEEDS_MODEL = ("no-model",)
NEEDS_STORE = ("no-store",)
NEEDS_BOTH = ("no-model", "no-store")


@dataclass(frozen=True)
class Parameter:
    """A parameter of the query string or a header. `schema` is JSON Schema."""

    name: str
    schema: Mapping[str, object]
    description: str = ""
    location: Literal["query", "header"] = "query"

    @classmethod
    def choice(cls, name: str, *choices: str, default: str) -> Parameter:
        """Return a parameter of the query string that takes one of some values."""
        return cls(name, {"type": "string", "enum": choices, "default": default})

    def described(self) -> dict[str, object]:
        """Return the parameter as OpenAPI describes it."""
        description = {"description": self.description} if self.description else {}
        return {"in": self.location, "required": False, "name": self.name, "schema": self.schema, **description}


@dataclass(frozen=True)
class Endpoint:
    """One call of the API: all that its description and its checks need.

    The view gets the parts of the path by name and the body, if there is one, as `body`. What it returns becomes JSON,
    unless it is a response. Its docstring is the summary.
    """

    method: str
    path: str
    view: Callable[..., object]
    roles: tuple[str, ...]
    returns: type[BaseModel] | None
    takes: type[BaseModel] | None = None
    problems: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    status: int = 200
    also: tuple[int, ...] = ()  # other statuses with the same kind of answer

    @property
    def name(self) -> str:
        """The operation's id."""
        return self.view.__name__


_Mode = Literal["validation", "serialization"]
# A reference to the JSON Schema of each pair of schema and mode.
_References = Mapping[Any, Mapping[str, object]]


def document(endpoints: Sequence[Endpoint]) -> dict[str, object]:
    """Return the OpenAPI 3.1 document."""
    schemas: list[tuple[type[BaseModel], _Mode]] = [(ProblemOut, "serialization")]
    schemas += [(endpoint.takes, "validation") for endpoint in endpoints if endpoint.takes]
    schemas += [(endpoint.returns, "serialization") for endpoint in endpoints if endpoint.returns]
    references, definitions = models_json_schema(schemas, ref_template="#/components/schemas/{model}")
    paths: dict[str, dict[str, object]] = {}
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


def _operation(endpoint: Endpoint, path: str, references: _References) -> dict[str, object]:
    operation: dict[str, object] = {
        "operationId": endpoint.name,
        "summary": endpoint.view.__doc__,
        "responses": {**_problem_responses(endpoint, path, references), **_responses(endpoint, references)},
        "parameters": [*_path_parameters(path), *(parameter.described() for parameter in endpoint.parameters)],
    }
    if endpoint.roles:
        operation["security"] = [{"key": []}, {}]  # open while no key exists
        operation["description"] = f"Roles: {', '.join(endpoint.roles)}."
    if endpoint.takes:
        operation["requestBody"] = {"required": True, "content": _json(references[endpoint.takes, "validation"])}
    return operation


def _path_parameters(path: str) -> list[dict[str, object]]:
    schema = {"type": "string", "pattern": f"^{ARTICLE_ID.pattern}$"}
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in re.findall(r"{(\w+)}", path)]


def _responses(endpoint: Endpoint, references: _References) -> dict[str, object]:
    if endpoint.returns is None:
        return {str(endpoint.status): {"description": "Done"}}
    content = _json(references[endpoint.returns, "serialization"])
    also = {str(status): {"description": "Not now", "content": content} for status in endpoint.also}
    return {str(endpoint.status): {"description": "Done", "content": content}, **also}


def _problem_responses(endpoint: Endpoint, path: str, references: _References) -> dict[str, object]:
    """Return the problems of an endpoint by their status, each with the titles of all that have it."""
    slugs = _problems_of(endpoint, path)
    titles: dict[int, list[str]] = defaultdict(list)
    for slug, problem in CATALOGUE.items():
        if slug in slugs:
            titles[problem.status].append(problem.title)
    content = {"application/problem+json": {"schema": references[ProblemOut, "serialization"]}}
    return {str(status): {"description": "; ".join(titles[status]), "content": content} for status in sorted(titles)}


def _json(schema: Mapping[str, object]) -> dict[str, object]:
    return {"application/json": {"schema": schema}}


def _problems_of(endpoint: Endpoint, path: str) -> set[str]:
    slugs = {"internal", *endpoint.problems}
    if endpoint.roles:
        slugs |= {"no-key", "key-ended", "not-allowed", "too-many", "overloaded"}
    if endpoint.takes:
        slugs |= {"not-json", "too-large", "too-slow", "not-json-type", "invalid"}
    if "{" in path:
        slugs |= {"not-found", "invalid"}
    return slugs
