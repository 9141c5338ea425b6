"""Logs: one line of JSON for each event, on standard error. No text of an article, no key, no word of an editor is in any of them.

An exception is told by its type and its places in the code; its message may quote what somebody sent, and is left out.
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
import time
from typing import Any, TextIO

import structlog
from flask import Flask, Response, g, request
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, WrappedLogger

from classifier.domain.articles import check_stored_id
from classifier.errors import BadArticle

REQUEST_ID = "X-Request-ID"
_GIVEN_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_QUIET = ("/health/live", "/health/ready", "/metrics", "/static/<path:filename>")  # asked for again and again


def configure(file: TextIO | None = None) -> None:
    """Make structlog and the logging of libraries write JSON lines to a file, standard error where none is given."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            _without_messages,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file or sys.stderr),
    )
    logging.basicConfig(handlers=[Forwarding()], level=logging.WARNING, force=True)


class Forwarding(logging.Handler):
    """Hands what libraries log to structlog: where, the template and the numbers in it; texts may be anybody's words.

    A message without arguments may have been put together before, as gunicorn does with what it cannot read.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record."""
        log = structlog.get_logger().bind(logger=record.name, line=f"{record.module}:{record.lineno}")
        given = record.args if isinstance(record.args, tuple) else ()
        numbers = [one for one in given if isinstance(one, int)]
        event = str(record.msg)[:200] if record.args else "told without a template"
        log.log(record.levelno, event, numbers=numbers, exc_info=record.exc_info)


def watch(app: Flask) -> None:
    """Log a line for each request of an app, and give it an id, the sender's own where it has sent one."""
    log = structlog.get_logger()

    def begin() -> None:
        given = request.headers.get(REQUEST_ID, "")
        g.request_id = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
        g.came = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    app.before_request_funcs.setdefault(None, []).insert(0, begin)  # before what may refuse the request

    @app.after_request
    def _(response: Response) -> Response:
        response.headers[REQUEST_ID] = g.get("request_id", "")
        route = request.url_rule.rule if request.url_rule else None
        if route not in _QUIET or response.status_code >= 500:
            caller = g.get("caller")
            log.info(
                "request",
                method=request.method[:10],
                route=route,
                article_id=_article_id(),
                status=response.status_code,
                ms=round(1000.0 * (time.perf_counter() - g.get("came", time.perf_counter())), 1),
                role=caller.key.role if caller is not None and caller.key is not None else None,
            )
        return response


def _article_id() -> str | None:
    given = (request.view_args or {}).get("article_id")
    try:
        return None if given is None else check_stored_id(given)
    except BadArticle:  # whatever that was, it names no article
        return None


def _without_messages(_log: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for one in _raised(event.get("exception")):
        for name in ("exc_value", "exc_notes"):
            one.pop(name, None)
        for frame in one.get("frames", ()):
            frame.pop("line", None)
    return event


def _raised(exceptions: Any) -> list[dict[str, Any]]:
    """Return all exceptions of an event, those of groups too."""
    found: list[dict[str, Any]] = []
    for one in exceptions or ():
        found += [one, *(inner for group in one.get("exceptions", ()) for inner in _raised(group))]
    return found
