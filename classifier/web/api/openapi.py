"""The OpenAPI document, made from the endpoints and their schemas."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter

from classifier import __version__
from classifier.domain.articles import ARTICLE_ID
from classifier.web.api.schemas import ProblemOut
from classifier.web.problems import CATALOGUE

# The problems of endpoints that read the model, the store or both.
NEEDS_MODEL = ("no-model",)
NEEDS_STORE = ("no-store",)
NEEDS_BOTH = ("no-model", "no-store")
_DESCRIPTIONS = Path(__file__).with_name("descriptions.toml")


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

    def saying(self, description: str) -> Parameter:
        """Return the parameter with a description."""
        return replace(self, description=description)

    def described(self) -> dict[str, object]:
        """Return the parameter as OpenAPI describes it."""
        description = {"description": self.description} if self.description else {}
        return {"in": self.location, "required": False, "name": self.name, "schema": self.schema, **description}


@dataclass(frozen=True)
class Endpoint:
    """One call of the API: all that its description and its checks need.

    The view gets the parts of the path by name and the body, if there is one, as `body`. If the call `reads` other types than
    JSON, it gets the bytes as `raw`. What it returns becomes JSON, alone or with the status, unless it `gives` other types. Its annotations are the schemas of the two, its docstring is the summary.
    """

    method: str
    path: str
    view: Callable[..., object]
    roles: tuple[str, ...]
    problems: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    status: int = 200
    also: tuple[int, ...] = ()  # other statuses with the same kind of answer
    reads: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The operation's id."""
        return self.view.__name__

    @cached_property
    def takes(self) -> type[BaseModel] | None:
        """The schema of the body."""
        schema: type[BaseModel] | None = get_type_hints(self.view).get("body")
        return schema

    @property
    def returns(self) -> type | None:
        """The schema of the answer."""
        schema = get_type_hints(self.view)["return"]
        schema = get_args(schema)[0] if get_origin(schema) is tuple else schema
        return None if schema is type(None) or self.gives else schema


def document(endpoints: Sequence[Endpoint]) -> dict[str, object]:
    """Return the OpenAPI 3.1 document."""
    paths: dict[str, dict[str, object]] = {}
    for endpoint in endpoints:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, path)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Article tagger",
            "version": __version__,
            "description": "Suggests topic tags for articles. Offsets are Unicode code points of the field as sent.",
        },
        "paths": paths,
        "components": {
            "schemas": _components(endpoints),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _components(endpoints: Sequence[Endpoint]) -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of all bodies and answers, and of what is in them, by name."""
    closed = ConfigDict(extra="forbid")
    bodies: list[tuple[Any, Literal["validation"], TypeAdapter[Any]]] = [
        (endpoint.takes, "validation", TypeAdapter(endpoint.takes)) for endpoint in endpoints if endpoint.takes
    ]
    # A list takes the configuration, and hands it on to the types in it.
    answers: list[tuple[Any, Literal["serialization"], TypeAdapter[Any]]] = [
        (endpoint.name, "serialization", TypeAdapter(list[endpoint.returns], config=closed))  # type: ignore[name-defined]
        for endpoint in endpoints
        if endpoint.returns
    ]
    answers.append((ProblemOut, "serialization", TypeAdapter(ProblemOut)))
    template = "#/components/schemas/{model}"
    _, definitions = TypeAdapter.json_schemas([*bodies, *answers], ref_template=template)
    components: dict[str, dict[str, Any]] = definitions["$defs"]
    for names, fields in tomllib.loads(_DESCRIPTIONS.read_text(encoding="utf-8")).items():
        for name in names.split(", "):
            for field, keywords in fields.items():
                _describe(components[name]["properties"][field], keywords)
    return components


def _describe(schema: dict[str, Any], keywords: str | dict[str, Any]) -> None:
    """Add to the schema of a field what is said of it beside its type."""
    keywords = {"description": keywords} if isinstance(keywords, str) else keywords
    first = schema["anyOf"][0] if "anyOf" in schema else schema
    for name, value in keywords.items():
        (schema if name == "description" else first)[name] = value


def _operation(endpoint: Endpoint, path: str) -> dict[str, object]:
    done: dict[str, object] = {str(endpoint.status): {"description": "Done"}}
    if endpoint.returns:
        content = _json(endpoint.returns)
        done = {str(endpoint.status): {"description": "Done", "content": content}}
        done |= {str(status): {"description": "Not now", "content": content} for status in endpoint.also}
    if endpoint.gives:
        done[str(endpoint.status)] = {
            "description": "Done",
            "content": {each: {"schema": {}} for each in endpoint.gives},
        }
    of_path = {"in": "path", "required": True, "schema": {"type": "string", "pattern": f"^{ARTICLE_ID.pattern}$"}}
    parameters = [{"name": name, **of_path} for name in re.findall(r"{(\w+)}", path)]
    operation: dict[str, object] = {
        "operationId": endpoint.name,
        "summary": endpoint.view.__doc__,
        "responses": {**_problem_responses(endpoint, path), **done},
        "parameters": [*parameters, *(parameter.described() for parameter in endpoint.parameters)],
    }
    if endpoint.roles:
        operation["security"] = [{"key": []}, {}]  # open while no key exists
        operation["description"] = f"Roles: {', '.join(endpoint.roles)}."
    if endpoint.takes:
        operation["requestBody"] = {"required": True, "content": _json(endpoint.takes)}
    if endpoint.reads:
        content = {each: {"schema": {"type": "string"}} for each in endpoint.reads}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _problem_responses(endpoint: Endpoint, path: str) -> dict[str, object]:
    """Return the problems of an endpoint by their status, each with the titles of all that have it."""
    slugs = {"internal", *endpoint.problems}
    if endpoint.roles:
        slugs |= {"no-key", "key-ended", "not-allowed", "too-many", "overloaded"}
    if endpoint.reads:
        slugs |= {"bad-request", "too-large", "too-slow", "not-json-type"}
    if endpoint.takes:
        slugs |= {"not-json", "too-large", "too-slow", "not-json-type", "invalid"}
    if "{" in path:
        slugs |= {"not-found", "invalid"}
    titles: dict[int, list[str]] = defaultdict(list)
    for slug, problem in CATALOGUE.items():
        if slug in slugs:
            titles[problem.status].append(problem.title)
    content = _json(ProblemOut, "application/problem+json")
    return {str(status): {"description": "; ".join(titles[status]), "content": content} for status in sorted(titles)}


def _json(schema: type, content_type: str = "application/json") -> dict[str, object]:
    return {content_type: {"schema": {"$ref": f"#/components/schemas/{schema.__name__}"}}}
