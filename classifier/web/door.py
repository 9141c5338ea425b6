"""The door: answers `POST /v1/suggest` without what Flask does around a view.

The same functions check and answer a request as behind Flask: those that the app runs before each request, the
router's, the table of problems, those that take note of each answer, and those that end a request. Whatever is unusual about a request goes on to Flask.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response
from werkzeug.wsgi import ClosingIterator

from classifier.web.guard.headers import added_headers
from classifier.web.incoming import begin
from classifier.web.problems import answer_to, noted

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PATH = "/v1/suggest"
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]+")


class Door:
    """The WSGI app in front of Flask's own. `answer` is what Flask calls for the path."""

    def __init__(self, app: Flask, answer: Callable[[], Response]) -> None:
        self.app, self.answer, self.flask = app, answer, app.wsgi_app
        self.rule = next(rule for rule in app.url_map.iter_rules() if rule.rule == PATH)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or let Flask do it."""
        if not is_usual(environ):
            return self.flask(environ, start_response)
        request = self.app.request_class(environ)
        request.url_rule, request.view_args = self.rule, {}
        begin(self.app, request)
        try:
            response = noted(self._checked())
            start_response(response.status, [*response.headers, *added_headers(response)])
            return ClosingIterator(response.iter_encoded(), response.close)
        finally:
            for end in reversed(self.app.teardown_request_funcs[None]):
                end(None)

    def _checked(self) -> Response:
        try:
            for check in self.app.before_request_funcs[None]:
                check()
            return self.answer()
        except Exception as error:  # noqa: BLE001 - each has its problem response
            return answer_to(error)


def is_usual(environ: WSGIEnvironment) -> bool:
    """Whether a request may be answered at the door."""
    return (
        environ["PATH_INFO"] == PATH
        and environ["REQUEST_METHOD"] == "POST"
        and not environ.get("SCRIPT_NAME")
        and not environ.get("QUERY_STRING")
        and "HTTP_UPGRADE" not in environ
        and _HOST.fullmatch(environ.get("HTTP_HOST", "")) is not None
    )
