"""The request that is being answered, and what is known of it: the same for Flask's views and at the door."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, cast

from flask import Flask, Request, Response, request

if TYPE_CHECKING:
    from classifier.store.keys import Session
    from classifier.web.guard.auth import Caller

REQUEST_ID = "X-Request-ID"
_SENT_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_now: ContextVar[Incoming | None] = ContextVar("incoming", default=None)


class Incoming:
    """A request of an app.

    request_id: the sender's id for it, or a new one.
    came: when it came, in seconds of `time.perf_counter`.
    session: the session of its cookie. It counts once `has_read_session` says that it was looked up.
    rate_headers: what its sender is told of the limit.
    language: in which its sender reads, None as long as nothing depends on it.
    has_slot: whether it has one of the process's slots.
    is_too_large: whether the rest of its body is still to be read.
    """

    def __init__(self, app: Flask, request: Request) -> None:
        self.app, self.request = app, request
        sent = request.headers.get(REQUEST_ID, "")
        self.request_id = sent if _SENT_ID.fullmatch(sent) else secrets.token_hex(8)
        self.came = time.perf_counter()
        self._caller: Caller | None = None
        self.session: Session | None = None
        self.has_read_session = self.has_slot = self.is_too_large = False
        self.language: str | None = None
        self.rate_headers: dict[str, str] = {}

    @property
    def caller(self) -> Caller:
        """Who makes the request, after the gate has checked it."""
        if self._caller is None:
            raise RuntimeError("The gate has not checked who makes this request.")
        return self._caller

    @caller.setter
    def caller(self, caller: Caller) -> None:
        self._caller = caller

    @property
    def role(self) -> str | None:
        """The role of the key that makes the request, None if none does."""
        return self._caller.key.role if self._caller is not None and self._caller.key is not None else None

    @property
    def route(self) -> str | None:
        """The rule of its address, None if no route has it."""
        return self.request.url_rule.rule if self.request.url_rule else None


def incoming() -> Incoming:
    """Return the request that this thread answers."""
    if (now := _now.get()) is None:
        raise RuntimeError("This thread answers no request.")
    return now


def begin(app: Flask, request: Request) -> None:
    """Begin to answer a request in this thread."""
    _now.set(Incoming(app, request))


def incoming_or_none() -> Incoming | None:
    """Return the request that this thread answers, None outside of one."""
    return _now.get()


def notes(app: Flask) -> list[Callable[[Response], None]]:
    """Return the functions that take note of each answer of an app before it is sent, whoever has made it."""
    return cast(list[Callable[[Response], None]], app.extensions.setdefault("notes", []))


def begin_requests(app: Flask) -> None:
    """Let Flask begin each request before it runs anything else, and end it after all else. The door begins its own."""
    app.url_value_preprocessor(lambda *_: begin(app, request._get_current_object()))  # type: ignore[attr-defined]

    @app.teardown_request
    def end(_: BaseException | None) -> None:
        _now.set(None)
