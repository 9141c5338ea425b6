"""JSON in and out: bodies of requests become models, values become responses."""

from __future__ import annotations

from typing import TypeVar

import orjson
from flask import Response
from pydantic import BaseModel, ValidationError

from classifier.domain import strict_json
from classifier.web.bodies import read_body
from classifier.web.problems import invalid

Model = TypeVar("Model", bound=BaseModel)


def read_json(model: type[Model], limit: int) -> Model:
    """Return the body of the request as a model; `limit` is its largest size in bytes.

    Raises:
        BadJSON: if the body is not strict JSON.
        ApiProblem: 422 if the model refuses it, and whatever `read_body` raises.
    """
    try:
        return model.model_validate(strict_json.loads(read_body(limit)))
    except ValidationError as error:
        raise invalid(error) from None


def json_response(value: object, status: int = 200) -> Response:
    """Return a value as a response; dataclasses and models become objects."""
    return Response(orjson.dumps(value, default=dict), status, content_type="application/json")
