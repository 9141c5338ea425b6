"""Bodies of requests, JSON or forms, read within limits of size and time, and of responses in JSON."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qs

import orjson
from flask import Flask, Response, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException

from classifier.domain import strict_json
from classifier.texts import _, number
from classifier.web.guard.deadlines import Deadlines
from classifier.web.guard.limits import in_time, take_slot
from classifier.web.incoming import incoming, notes
from classifier.web.problems import ApiProblem, invalid

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# The rest of a body that was refused is read and thrown away. Many clients look for an answer only after they have sent
# everything. If the connection is closed before, they see a broken pipe and no answer.
MAX_THROWN_AWAY = 64 * 1024 * 1024
THROW_AWAY_SECONDS = 5.0
_CHUNK = 64 * 1024
SMALL_FORM = 64 * 1024  # bytes of a form without an article
Schema = TypeVar("Schema", bound=BaseModel)


def read_body(limit: int) -> bytes:
    """Return the body of the request, however it is framed.

    Werkzeug cuts a chunked body at `max_content_length` and raises nothing. One byte more than the limit shows the cut.

    Raises:
        ApiProblem: 413 if it is over the limit, 400 if it ends or breaks before its end, 408 if it does not arrive in
            time, 503 if the process works on too many requests.
    """
    request = incoming().request
    if request.content_length is not None and request.content_length > limit:
        raise _too_large(limit)
    request.max_content_length = limit + 1
    try:
        raw = in_time(lambda: request.get_data(cache=False))
    except (HTTPException, ApiProblem):
        raise
    except Exception:  # each server has its own for a broken chunk or a client that went away
        raise ApiProblem("bad-request", _("The body does not end where its headers say.")) from None
    if len(raw) > limit:
        raise _too_large(limit)
    take_slot()
    return raw


def read_json(schema: type[Schema], limit: int) -> Schema:
    """Return the JSON of the request as its schema describes it. `limit` is its largest size in bytes.

    Raises:
        BadJSON: if the body is not strict JSON.
        ApiProblem: 422 if it does not fit the schema, and whatever `read_body` raises.
    """
    try:
        return schema.model_validate(strict_json.loads(read_body(limit)))
    except ValidationError as error:
        raise invalid(error) from None


def read_form(limit: int = SMALL_FORM) -> dict[str, str]:
    """Return the fields of a form, each once. Raise `ApiProblem` if the body is no form, too large, or not UTF-8."""
    return {name: values[-1] for name, values in read_fields(limit, 20).items()}


def read_fields(limit: int = SMALL_FORM, most: int = 1_000) -> dict[str, list[str]]:
    """Return the fields of a form, at most so many, each with all its values. Raises what `read_form` does."""
    if request.mimetype != "application/x-www-form-urlencoded":
        raise ApiProblem("not-json-type", _("The page sends `application/x-www-form-urlencoded`."))
    try:
        fields = parse_qs(read_body(limit).decode("utf-8"), keep_blank_values=True, max_num_fields=most)
    except ValueError:
        raise ApiProblem("bad-request", _("The form is not UTF-8, or has too many fields.")) from None
    return {name: [value.replace("\x00", "") for value in values] for name, values in fields.items()}


def _too_large(limit: int) -> ApiProblem:
    incoming().is_too_large = True
    return ApiProblem(
        "too-large", _("The body is over %(most)s bytes.", most=number(limit)), headers={"Connection": "close"}
    )


def install(app: Flask) -> None:
    """Make an app read the rest of the bodies that it refuses, after the answer."""
    app.extensions["thrown_away"] = Deadlines(THROW_AWAY_SECONDS)

    def read_rest(response: Response) -> None:
        if incoming().is_too_large:
            request, deadlines = incoming().request, app.extensions["thrown_away"]
            n_bytes = min(request.content_length or MAX_THROWN_AWAY, MAX_THROWN_AWAY)
            response.call_on_close(lambda: _throw_away(request.environ, n_bytes, deadlines))

    notes(app).append(read_rest)


def _throw_away(environ: WSGIEnvironment, n_bytes: int, deadlines: Deadlines) -> None:
    until = time.monotonic() + deadlines.seconds
    with suppress(Exception), deadlines.of(environ.get("gunicorn.socket")):  # each server has its own for a broken end
        while n_bytes > 0 and time.monotonic() < until:
            chunk = environ["wsgi.input"].read(min(n_bytes, _CHUNK))
            if not chunk:
                return
            n_bytes -= len(chunk)


def json_response(value: object, status: int = 200) -> Response:
    """Return a value as a response. Dataclasses become objects."""
    return Response(orjson.dumps(value), status, content_type="application/json")
