"""Errors over HTTP: `application/problem+json` (RFC 9457), with stable types out of one catalogue."""

import json
import tomllib
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import structlog
from flask import Flask, Response, render_template, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from classifier.errors import (
    BadArticle,
    BadDecision,
    BadJSON,
    BadModel,
    BadStore,
    Busy,
    CannotJudge,
    KeyEnded,
    NoModel,
    NotFound,
    OtherOwner,
    TaggerError,
    UnknownTag,
)

MAX_ERRORS = 50  # listed in one answer
MAX_DETAIL = 300  # characters of each


class Problem(NamedTuple):
    """An entry of the catalogue."""

    status: int
    title: str
    meaning: str


CATALOGUE = {
    slug: Problem(**entry)
    for slug, entry in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")).items()
}
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="article tagger"'}
_BY_STATUS = {problem.status: slug for slug, problem in reversed(CATALOGUE.items())}


class ApiProblem(Exception):
    """A request that ends in an entry of the catalogue."""

    def __init__(
        self,
        slug: str,
        detail: str,
        errors: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.slug, self.detail, self.errors, self.headers = slug, detail, errors or [], dict(headers or {})

    def response(self) -> Response:
        """Return the problem as a response."""
        problem = CATALOGUE[self.slug]
        body: dict[str, object] = {
            "type": f"/docs#{self.slug}",
            "title": problem.title,
            "status": problem.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = self.errors
        if _is_for_a_person():
            page = render_template("problem.html", problem=problem, slug=self.slug, detail=self.detail)
            response = Response(page, problem.status, content_type="text/html; charset=utf-8")
        else:
            response = Response(json.dumps(body), problem.status, content_type="application/problem+json")
        response.headers.update(self.headers)
        return response


_OF_PROGRAMS = ("/v1/", "/health/", "/metrics", "/openapi.json", "/static/")


def _is_for_a_person() -> bool:
    """Whether a browser shows the answer. Programs accept any type, or JSON."""
    kinds = request.accept_mimetypes
    return (
        not request.path.startswith(_OF_PROGRAMS) and kinds.best_match(["application/json", "text/html"]) == "text/html"
    )


_PLAIN = {NotFound: "not-found", OtherOwner: "other-owner", CannotJudge: "cannot-judge"}


def problem_of(error: TaggerError) -> ApiProblem:
    """Return the problem for an error of the core. This is the only such table."""
    text = str(error)
    match error:
        case BadJSON(pointer=None):
            return ApiProblem("not-json", text)
        case BadJSON(pointer=str(pointer)):
            return ApiProblem("invalid", text, [{"pointer": pointer, "detail": text}])
        case BadArticle(field=field) | BadDecision(field=field):
            return bad_parameter(field, text)
        case Busy():
            return ApiProblem("running", text, headers={"Retry-After": "1"})
        case UnknownTag():
            return bad_parameter("why", text)
        case KeyEnded():
            return ApiProblem("key-ended", text, headers=CHALLENGE)
        case NotFound() | OtherOwner() | CannotJudge():
            return ApiProblem(_PLAIN[type(error)], text)
        case NoModel() | BadModel():
            return ApiProblem("no-model", text, headers={"Retry-After": "30"})
        case BadStore():
            return ApiProblem("no-store", text, headers={"Retry-After": "30"})
        case _:
            return ApiProblem("bad-request", text)


def invalid(error: ValidationError) -> ApiProblem:
    """Return the problem of a request that does not fit its schema, with a JSON Pointer for each field."""
    listed = islice(error.errors(include_url=False, include_context=False, include_input=False), MAX_ERRORS)
    errors = [
        {"pointer": _pointer(line["loc"]), "detail": line["msg"].removeprefix("Value error, ")[:MAX_DETAIL]}
        for line in listed
    ]
    first, n_unlisted = errors[0], error.error_count() - len(errors)
    unlisted = f"; {n_unlisted:,} more errors are not listed" if n_unlisted else ""
    return ApiProblem("invalid", f"{first['pointer'] or 'The body'}: {first['detail']}{unlisted}", errors)


def bad_parameter(name: str, detail: str) -> ApiProblem:
    """Return the problem of one parameter, header or field."""
    return ApiProblem("invalid", detail, [{"pointer": f"/{name}", "detail": detail}])


def _pointer(path: tuple[int | str, ...]) -> str:
    return "".join("/" + str(part)[:80].replace("~", "~0").replace("/", "~1") for part in path)


def install(app: Flask) -> None:
    """Make every error of an app a problem response."""

    @app.errorhandler(ApiProblem)
    def _(error: ApiProblem) -> Response:
        return error.response()

    @app.errorhandler(TaggerError)
    def _(error: TaggerError) -> Response:
        return problem_of(error).response()

    @app.errorhandler(HTTPException)
    def _(error: HTTPException) -> Response:
        status = error.code or 500
        slug = _BY_STATUS.get(status, "bad-request" if status < 500 else "internal")
        response = ApiProblem(slug, error.description or error.name).response()
        if "Allow" in (headers := dict(error.get_headers())):
            response.headers["Allow"] = headers["Allow"]
        return response

    @app.errorhandler(Exception)
    def _(error: Exception) -> Response:
        structlog.get_logger().error("unhandled", exc_info=error)
        return ApiProblem("internal", "The service failed; its log has the details.").response()
