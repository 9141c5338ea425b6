"""Limits of what clients may ask for: requests a minute, attempts to sign in, concurrent requests, time for a body."""

import ipaddress
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from classifier.errors import BadStore
from classifier.store.database.turns import set_deadline
from classifier.store.keys import Key
from classifier.store.limits import Count, Counters
from classifier.texts import _
from classifier.web.guard.deadlines import Deadlines
from classifier.web.guard.loopback import address_of
from classifier.web.incoming import incoming, incoming_or_none
from classifier.web.problems import ApiProblem

RATE_SECONDS = 60.0
TRY_SECONDS = 300.0
TRIES_OF_NAME = 10
TRIES_OF_ADDRESS = 50
OPEN_SENDER = "local"  # whose requests are counted while no key exists
ANSWER_SECONDS = 30.0  # for which a request may wait for the database
UNCOUNTED_SECONDS = 5.0  # after a failure of the counters
_EXEMPT = ("/health/", "/metrics", "/static/")  # a process must answer these when it is busy, too


@dataclass(frozen=True)
class Limits:
    """What a service allows.

    rate: requests a minute of each key, 0 for any number.
    at_once: requests that a process works on at the same time.
    body_seconds: time in which a body must arrive.
    proxies: number of trusted proxies in front of the service. Their headers say who asks.
    upload_bytes: of the files of an archive together.
    """

    rate: int = 0
    at_once: int = 32
    body_seconds: float = 15.0
    proxies: int = 0
    upload_bytes: int = 2 << 30


class Rate:
    """Limits the requests a minute of each key, over all processes."""

    def __init__(self, counters: Counters, rate: int) -> None:
        self._counters, self._rate = counters, rate
        self._resumes_at = 0.0  # no request is counted before

    def count(self, key: Key | None) -> None:
        """Count a request of a key, None while no key exists. Raise `ApiProblem` (429) if it has made too many."""
        if not self._rate or time.monotonic() < self._resumes_at:
            return
        try:
            count = self._counters.hit(f"rate {key.id if key else OPEN_SENDER}", RATE_SECONDS)
        except BadStore:  # suggestions go on without a database
            self._resumes_at = time.monotonic() + UNCOUNTED_SECONDS
            return
        left = max(self._rate - count.n, 0)
        incoming().rate_headers = {  # as the IETF's draft of the RateLimit headers has them
            "RateLimit-Policy": f'"key";q={self._rate};w={RATE_SECONDS:.0f}',
            "RateLimit": f'"key";r={left};t={ceil(count.seconds)}',
        }
        if count.n > self._rate:
            raise _too_many(_("This key may make %(n)s requests a minute.", n=self._rate), count)


def count_try(counters: Counters, name: str) -> None:
    """Count an attempt to sign in. Raise `ApiProblem` (429) if there were too many, over all processes.

    Attempts are counted from one address, under any name and under one, and not by the name alone: a stranger who fails under an
    editor's name must not lock the editor out. A key has 256 random bits, so that none is guessed.
    """
    # The address first: a stranger can make up any number of names, and each has a counter.
    for counter, limit in zip(counters_of(name), (TRIES_OF_ADDRESS, TRIES_OF_NAME), strict=True):
        count = counters.hit(counter, TRY_SECONDS)
        if count.n > limit:
            raise _too_many(_("Too many attempts to sign in from your address."), count)


def counters_of(name: str) -> tuple[str, str]:
    """Return the names of the counters of an attempt to sign in.

    One sender may own a whole IPv6 network of 64 bits, so it counts as one.
    """
    sender = address_of(incoming().request.remote_addr or "")
    address = str(sender or "")
    if sender is not None and sender.version == 6:
        address = str(ipaddress.ip_network((int(sender) >> 64 << 64, 64)))
    return f"address {address}", f"name {name} from {address}"


def _too_many(limit: str, count: Count) -> ApiProblem:
    seconds = ceil(count.seconds)
    return ApiProblem(
        "too-many",
        _("%(limit)s Try again in %(seconds)s s.", limit=limit, seconds=seconds),
        headers={"Retry-After": str(seconds)},
    )


def install(app: Flask, limits: Limits) -> None:
    """Limit the concurrent requests of an app, and the time that it waits for a body."""
    slots = threading.BoundedSemaphore(limits.at_once)
    app.extensions |= {"slots": slots, "n_slots": limits.at_once, "deadlines": Deadlines(limits.body_seconds)}
    if limits.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=limits.proxies, x_proto=limits.proxies, x_host=0)  # type: ignore[method-assign]

    @app.before_request
    def _() -> None:
        set_deadline(ANSWER_SECONDS)
        request = incoming().request
        # A body is read first, without a slot: a client that sends slowly must not keep others waiting.
        if request.method not in ("POST", "PUT") and not request.path.startswith(_EXEMPT):
            take_slot()

    @app.teardown_request
    def _(_error: BaseException | None) -> None:
        set_deadline(None)
        if (now := incoming_or_none()) is not None and now.has_slot:
            now.has_slot = False
            slots.release()


def take_slot() -> None:
    """Take one of the process's slots for the request, once, or raise `ApiProblem` (503). The answer gives it back."""
    request = incoming()
    if request.has_slot:
        return
    if not request.app.extensions["slots"].acquire(blocking=False):
        n_slots = request.app.extensions["n_slots"]
        detail = _("This process works on %(n)s requests already. Send it again in a second.", n=n_slots)
        raise ApiProblem("overloaded", detail, headers={"Retry-After": "1"})
    request.has_slot = True


def in_time(read: Callable[[], bytes]) -> bytes:
    """Return the body of the request, which `read` reads. Raise `ApiProblem` (408) if it does not arrive in time."""
    deadlines: Deadlines = incoming().app.extensions["deadlines"]
    until = time.monotonic() + deadlines.seconds
    try:
        with deadlines.of(incoming().request.environ.get("gunicorn.socket")):
            raw = read()
    except Exception:
        if time.monotonic() < until:
            raise
        raise _too_slow(deadlines) from None
    if time.monotonic() >= until:  # gunicorn takes what came before the end for the complete body
        raise _too_slow(deadlines)
    return raw


def _too_slow(deadlines: Deadlines) -> ApiProblem:
    detail = _("The body did not arrive within %(seconds)s s.", seconds=format(deadlines.seconds, "g"))
    return ApiProblem("too-slow", detail, headers={"Connection": "close"})
