"""Logs one line of JSON for each event on standard error or into a file, without texts of articles, keys or notes of editors.

An exception is logged with its type and the lines of code. Its message may quote a request, and is left out.
"""

import logging
import os
import sys
import time
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from flask import Flask, Response
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, WrappedLogger

from classifier.domain.articles import check_stored_id
from classifier.domain.files import PRIVATE, make_private_folder
from classifier.errors import BadArticle
from classifier.settings import read_settings
from classifier.web.incoming import incoming, incoming_or_none, notes

_STATIC = ("/static/<path:filename>", "/static/v-<version>/<path:filename>")
_QUIET = ("/health/live", "/health/ready", "/metrics", *_STATIC)  # polled


def configure(file: TextIO | None = None) -> None:
    """Make structlog and the logging of libraries write JSON lines to a file, by default to the one of the settings.

    Without one they go to standard error. Processes that share a file add whole lines at its end.
    """
    if file is None and (path := read_settings().log) is not None:
        make_private_folder(path.parent)
        file = open(path, "a", encoding="utf-8", opener=_private)  # noqa: SIM115 - it stays open, and Path.open takes no opener
    structlog.configure(
        processors=[
            _with_request_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            _without_messages,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file or sys.stderr),
    )
    logging.basicConfig(handlers=[Forwarding()], level=logging.WARNING, force=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE)


class Forwarding(logging.Handler):
    """Hands records of libraries to structlog: logger, line, template and numbers. Texts in them may quote a request.

    A message without arguments may already contain such a text: gunicorn formats what it cannot read.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record."""
        log = structlog.get_logger().bind(logger=record.name, line=f"{record.module}:{record.lineno}")
        arguments = record.args if isinstance(record.args, tuple) else ()
        numbers = [argument for argument in arguments if isinstance(argument, int)]
        event = str(record.msg)[:200] if record.args else "told without a template"
        log.log(record.levelno, event, numbers=numbers, exc_info=record.exc_info)


def watch(app: Flask) -> None:
    """Log a line for each request of an app, with the sender's id for it or a new one."""
    log = structlog.get_logger().bind()  # once, not for each line

    def write(response: Response) -> None:
        now = incoming()
        if now.route not in _QUIET or response.status_code >= 500:
            log.info(
                "request",
                method=now.request.method[:10],
                route=now.route,
                article_id=_article_id(now.request.view_args or {}),
                status=response.status_code,
                ms=round(1000.0 * (time.perf_counter() - now.came), 1),
                role=now.role,
            )

    notes(app).append(write)


def _article_id(arguments: Mapping[str, Any]) -> str | None:
    article_id = arguments.get("article_id")
    try:
        return None if article_id is None else check_stored_id(article_id)
    except BadArticle:
        return None


def _with_request_id(_log: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if (now := incoming_or_none()) is not None:
        event.setdefault("request_id", now.request_id)
    return event


def _without_messages(_log: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take the messages and lines of code out of exceptions as structlog has them, also of those in groups."""
    exceptions: list[dict[str, Any]] = list(event.get("exception") or ())
    for exception in exceptions:  # which grows by those in groups
        for name in ("exc_value", "exc_notes"):
            exception.pop(name, None)
        for frame in exception.get("frames", ()):
            frame.pop("line", None)
        for group in exception.get("exceptions", ()):
            exceptions += group
    return event
