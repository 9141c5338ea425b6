"""Bodies of requests: read whole within limits of size and time, and of those that are too large the end of sending awaited."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from classifier.web.guard.limits import Deadlines, in_time, take_place
from classifier.web.problems import ApiProblem

# What a client still sends of a body that was refused is read and thrown away. Many clients look for an answer only when
# they have sent all; if the connection is closed before, they see a broken pipe and no answer.
MAX_THROWN_AWAY = 64 * 1024 * 1024
THROW_AWAY_SECONDS = 5.0
_CHUNK = 64 * 1024


def read_body(limit: int) -> bytes:
    """Return the body of the request, however it is framed.

    Werkzeug cuts a chunked body at `max_content_length` without a word; reading one byte more tells.

    Raises:
        ApiProblem: 413 if it is over the limit, 400 if it ends or breaks before its end, 408 if it does not arrive in
            time, 503 if there is no place for the request.
    """
    if request.content_length is not None and request.content_length > limit:
        raise _too_large(limit)
    request.max_content_length = limit + 1
    try:
        with in_time():
            raw = request.get_data(cache=False)
    except (HTTPException, ApiProblem):
        raise
    except Exception:  # each server has its own for a broken chunk or a client that went away
        raise ApiProblem("bad-request", "The body is not framed as its headers say.") from None
    if len(raw) > limit:
        raise _too_large(limit)
    take_place()
    return raw


def _too_large(limit: int) -> ApiProblem:
    g.too_large = True
    return ApiProblem("too-large", f"The body is over {limit:,} bytes.", headers={"Connection": "close"})


def install(app: Flask) -> None:
    """Have an app read what is left of bodies that it refuses, once they are answered."""
    app.extensions["thrown_away"] = Deadlines(THROW_AWAY_SECONDS)

    @app.after_request
    def _(response: Response) -> Response:
        if g.pop("too_large", False):
            environ, deadlines = request.environ, current_app.extensions["thrown_away"]
            n_bytes = min(request.content_length or MAX_THROWN_AWAY, MAX_THROWN_AWAY)
            response.call_on_close(lambda: _throw_away(environ, n_bytes, deadlines))
        return response


def _throw_away(environ: dict[str, Any], n_bytes: int, deadlines: Deadlines) -> None:
    until = time.monotonic() + deadlines.seconds
    with suppress(Exception), deadlines.of(environ.get("gunicorn.socket")):  # each server has its own for a broken end
        while n_bytes > 0 and time.monotonic() < until:
            chunk = environ["wsgi.input"].read(min(n_bytes, _CHUNK))
            if not chunk:
                return
            n_bytes -= len(chunk)
