"""Errors over HTTP: `application/problem+json` (RFC 9457), with stable types out of one catalogue."""

import json
import tomllib
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from flask import Flask, Response, render_template
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from classifier import errors
from classifier.errors import (
    BadArticle,
    BadDecision,
    BadJSON,
    BadOperation,
    BadSchedule,
    BadTaxonomy,
    BadWebhook,
    ChangedMeanwhile,
    DependentChanges,
    TaggerError,
    UnknownTag,
)
from classifier.texts import N_, _, gettext, language, number
from classifier.web.incoming import incoming, notes

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
_OF_PROGRAMS = ("/v1/", "/health/", "/metrics", "/openapi.json", "/static/")
_BY_STATUS = {problem.status: slug for slug, problem in reversed(CATALOGUE.items())}


OF_SCHEMA = {  # what pydantic says, by its types of errors
    "missing": N_("Field required"),
    "extra_forbidden": N_("Extra inputs are not permitted"),
    "dict_type": N_("Input should be a valid dictionary"),
    "model_type": N_("Input should be a valid dictionary or instance of %(class_name)s"),
    "string_type": N_("Input should be a valid string"),
    "string_too_long": N_("String should have at most %(max_length)s characters"),
    "string_too_short": N_("String should have at least %(min_length)s characters"),
    "string_pattern_mismatch": N_("String should match pattern '%(pattern)s'"),
    "bool_type": N_("Input should be a valid boolean"),
    "int_type": N_("Input should be a valid integer"),
    "float_type": N_("Input should be a valid number"),
    "list_type": N_("Input should be a valid list"),
    "too_long": N_("%(field_type)s should have at most %(max_length)s items after validation, not %(actual_length)s"),
    "too_short": N_("%(field_type)s should have at least %(min_length)s items after validation, not %(actual_length)s"),
    "greater_than_equal": N_("Input should be greater than or equal to %(ge)s"),
    "less_than_equal": N_("Input should be less than or equal to %(le)s"),
    "literal_error": N_("Input should be %(expected)s"),
}
OF_SERVER = (  # what Werkzeug says
    N_(
        "The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again."
    ),
    N_("The method is not allowed for the requested URL."),
)


class ApiProblem(Exception):
    """A request that ends in an entry of the catalogue."""

    def __init__(
        self,
        slug: str,
        detail: str,
        fields: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.slug, self.detail, self.errors, self.headers = slug, detail, fields or [], dict(headers or {})

    def response(self) -> Response:
        """Return the problem as a response."""
        problem = CATALOGUE[self.slug]
        request = incoming().request
        kinds, is_for_programs = request.accept_mimetypes, request.path.startswith(_OF_PROGRAMS)
        # A browser shows the answer. Programs accept any type, or JSON.
        if not is_for_programs and kinds.best_match(["application/json", "text/html"]) == "text/html":
            if self.slug == "no-store":
                incoming().has_read_session = True  # it would be asked once more who is signed in
            page = render_template("problem.html", problem=problem, slug=self.slug, detail=self.detail)
            return Response(page, problem.status, self.headers, content_type="text/html; charset=utf-8")
        body = {"type": f"/docs#{self.slug}", "title": problem.title, "status": problem.status, "detail": self.detail}
        text = json.dumps(body | {"errors": self.errors} if self.errors else body)
        return Response(text, problem.status, self.headers, content_type="application/problem+json")


_SOON, _LATER = {"Retry-After": "1"}, {"Retry-After": "30"}
_OF_ERRORS: Mapping[type[TaggerError], tuple[str, Mapping[str, str]]] = {
    BadJSON: ("not-json", {}),
    errors.Busy: ("running", _SOON),
    errors.KeyEnded: ("key-ended", CHALLENGE),
    errors.NotFound: ("not-found", {}),
    errors.OtherOwner: ("other-owner", {}),
    errors.ChangedMeanwhile: ("changed", {}),
    errors.DependentChanges: ("changed", {}),
    errors.WrongState: ("changed", {}),
    errors.NeedsAnother: ("needs-another", {}),
    errors.CannotJudge: ("cannot-judge", {}),
    errors.NotInstalled: ("not-installed", {}),
    errors.NoModel: ("no-model", _LATER),
    errors.BadModel: ("no-model", _LATER),
    errors.BadStore: ("no-store", _LATER),
    TaggerError: ("bad-request", {}),
}


def problem_of(error: TaggerError) -> ApiProblem:
    """Return the problem for an error of the core. This is the only such table."""
    match error:
        case BadJSON(pointer=str(pointer)):
            return ApiProblem("invalid", str(error), [{"pointer": pointer, "detail": str(error)}])
        case BadArticle(field=field) | BadDecision(field=field) | BadSchedule(field=field) | BadWebhook(field=field):
            return bad_parameter(field, str(error))
        case ChangedMeanwhile(numbers=numbers) | DependentChanges(numbers=numbers):
            rows = [{"pointer": f"/changes/{n}", "detail": _("change %(n)s", n=n)} for n in numbers[:MAX_ERRORS]]
            return ApiProblem("changed", str(error), rows)
        case BadTaxonomy(problems=problems):
            fields = [{"pointer": "", "detail": problem[:MAX_DETAIL]} for problem in problems[:MAX_ERRORS]]
            return ApiProblem("invalid", str(error), fields)
        case BadOperation():
            return bad_parameter("ops", str(error))
        case UnknownTag():
            return bad_parameter("why", str(error))
    slug, headers = next(_OF_ERRORS[kind] for kind in type(error).__mro__ if kind in _OF_ERRORS)
    return ApiProblem(slug, str(error), headers=headers)


def invalid(error: ValidationError) -> ApiProblem:
    """Return the problem of a request that does not fit its schema, with a JSON Pointer for each field."""
    listed = islice(error.errors(include_url=False, include_input=False), MAX_ERRORS)
    problems = [{"pointer": _pointer(line["loc"]), "detail": _of_schema(line)[:MAX_DETAIL]} for line in listed]
    first, n_unlisted = problems[0], error.error_count() - len(problems)
    text = (
        N_("%(field)s: %(problem)s; %(n)s more errors are not listed") if n_unlisted else N_("%(field)s: %(problem)s")
    )
    facts = {"field": first["pointer"] or _("The body"), "problem": first["detail"], "n": number(n_unlisted)}
    return ApiProblem("invalid", gettext(text, **facts), problems)


def _of_schema(line: Mapping[str, Any]) -> str:
    """Return what is wrong with a field: in English as pydantic says it, else its text in the reader's language."""
    if language() == "en" or line["type"] not in OF_SCHEMA:
        return str(line["msg"]).removeprefix("Value error, ")
    return gettext(OF_SCHEMA[line["type"]], **line.get("ctx", {}))


def bad_parameter(name: str, detail: str) -> ApiProblem:
    """Return the problem of one parameter, header or field."""
    return ApiProblem("invalid", detail, [{"pointer": f"/{name}", "detail": detail}])


def _pointer(path: tuple[int | str, ...]) -> str:
    return "".join("/" + str(part)[:80].replace("~", "~0").replace("/", "~1") for part in path)


def answer_to(error: Exception) -> Response:
    """Return the problem response to any error."""
    match error:
        case ApiProblem():
            return error.response()
        case TaggerError():
            return problem_of(error).response()
        case HTTPException():
            return _answer_to_http(error)
    structlog.get_logger().error("unhandled", exc_info=error)
    return ApiProblem("internal", _("The service failed; its log has the details.")).response()


def noted(response: Response) -> Response:
    """Take note of an answer, and return it. If that fails, return the problem response to the failure."""
    try:
        for note in notes(incoming().app):
            note(response)
    except Exception as error:  # noqa: BLE001 - such as a full disk
        return answer_to(error)
    return response


def _answer_to_http(error: HTTPException) -> Response:
    status = error.code or 500
    slug = _BY_STATUS.get(status, "bad-request" if status < 500 else "internal")
    response = ApiProblem(slug, gettext(error.description or error.name)).response()
    if "Allow" in (headers := dict(error.get_headers())):
        response.headers["Allow"] = headers["Allow"]
    return response


def install(app: Flask) -> None:
    """Make every error of an app a problem response."""
    app.register_error_handler(Exception, answer_to)
