"""How much one may ask for: a rate for each key, tries to sign in, requests at work at once, and time to send a body."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import ceil

from flask import Flask, Response, current_app, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from classifier.errors import BadStore
from classifier.store import Count, Counters, set_deadline
from classifier.web.guard.loopback import address_of
from classifier.web.problems import ApiProblem

RATE_SECONDS = 60.0
TRY_SECONDS = 300.0
TRIES_OF_NAME = 10
TRIES_OF_ADDRESS = 50
ANSWER_SECONDS = 30.0  # for which a request may wait for the database
UNCOUNTED_SECONDS = 5.0  # after a failure of the counters
_EXEMPT = ("/health/", "/metrics", "/static/")  # what tells that a process is busy must be answered


@dataclass(frozen=True)
class Limits:
    """What a service allows.

    rate: requests a minute of each key, 0 for any number; at_once: requests that a process works on at the same time;
    body_seconds: in which a body must have arrived; proxies: how many of them are in front of the service and can be
    believed on who asks.
    """

    rate: int = 0
    at_once: int = 32
    body_seconds: float = 15.0
    proxies: int = 0


class Rate:
    """How many requests a minute a key may make, over all processes."""

    def __init__(self, counters: Counters, rate: int) -> None:
        self._counters, self._rate = counters, rate
        self._again = 0.0  # when to count again

    def count(self, who: str) -> None:
        """Count a request; raise `ApiProblem` (429) if its sender has made too many."""
        if not self._rate or time.monotonic() < self._again:
            return
        try:
            count = self._counters.hit(f"rate {who}", RATE_SECONDS)
        except BadStore:  # suggestions go on without a database
            self._again = time.monotonic() + UNCOUNTED_SECONDS
            return
        g.rate_headers = self._headers(count)
        if count.n > self._rate:
            raise _too_many(f"This key may make {self._rate} requests a minute.", count)

    def _headers(self, count: Count) -> dict[str, str]:
        """Return what the IETF's draft of the RateLimit headers asks for."""
        left = max(self._rate - count.n, 0)
        return {
            "RateLimit-Policy": f'"key";q={self._rate};w={RATE_SECONDS:.0f}',
            "RateLimit": f'"key";r={left};t={ceil(count.seconds)}',
        }


class Tries:
    """How often one may fail to sign in from an address, under any name and under one, over all processes.

    Nothing is counted by the name alone: whoever fails under somebody's name elsewhere must not lock that person out. Nor
    is it needed, since a key has 256 random bits.
    """

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def count(self, name: str) -> None:
        """Count a try; raise `ApiProblem` (429) if there were too many from this address."""
        # The address first: names are a stranger's to make up, and each has a counter of its own.
        for what, limit in zip(_tries_of(name), (TRIES_OF_ADDRESS, TRIES_OF_NAME), strict=True):
            count = self._counters.hit(what, TRY_SECONDS)
            if count.n > limit:
                raise _too_many("Too many tries to sign in from your address.", count)

    def give_back(self, name: str) -> None:
        """Take back what was counted: the try was a success."""
        for what in _tries_of(name):
            self._counters.give_back(what)


def _tries_of(name: str) -> tuple[str, str]:
    """Return what a try to sign in is counted under."""
    address = _address()
    return f"address {address}", f"name {name} from {address}"


def _too_many(what: str, count: Count) -> ApiProblem:
    seconds = ceil(count.seconds)
    return ApiProblem("too-many", f"{what} Try again in {seconds} s.", headers={"Retry-After": str(seconds)})


def _address() -> str:
    """Return where a request comes from; of IPv6 the network, whose addresses are all one sender's."""
    address = address_of(request.remote_addr or "")
    if address is None:
        return ""
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))


class Places:
    """Room for so many requests at work; who finds none is told so at once, and does not queue."""

    def __init__(self, n: int) -> None:
        self._free = threading.BoundedSemaphore(n)

    def take(self) -> None:
        """Take a place for the request, once; it is given back when the request is answered.

        Raises:
            ApiProblem: 503 if there is none.
        """
        if g.get("has_place"):
            return
        if not self._free.acquire(blocking=False):
            raise ApiProblem(
                "overloaded", "All places of this process are taken. Send it again.", headers={"Retry-After": "1"}
            )
        g.has_place = True

    def give_back(self) -> None:
        """Give back the place of the request, if it has one."""
        if g.pop("has_place", False):
            self._free.release()


class Deadlines:
    """Ends the reading of bodies that take too long to arrive, also of one that comes a byte at a time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._reading: dict[int, tuple[float, socket.socket]] = {}
        self._watching = False
        self._lock = threading.Lock()

    @contextmanager
    def of(self, connection: socket.socket | None) -> Iterator[None]:
        """Let a connection be read until the deadline."""
        if connection is None:  # another server than ours
            yield
            return
        self._watch()
        self._reading[id(connection)] = time.monotonic() + self.seconds, connection
        try:
            yield
        finally:
            self._reading.pop(id(connection), None)

    def _watch(self) -> None:
        with self._lock:
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._run, name="deadlines", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(min(self.seconds / 4, 1.0))
            now = time.monotonic()
            for key, (until, connection) in list(self._reading.items()):
                if until < now:
                    self._reading.pop(key, None)
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_RD)  # the reader finds the end; an answer can still be sent


def install(app: Flask, limits: Limits) -> None:
    """Bound what an app works on at once, and how long it waits for a body."""
    places, deadlines = Places(limits.at_once), Deadlines(limits.body_seconds)
    app.extensions["places"], app.extensions["deadlines"] = places, deadlines
    if limits.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=limits.proxies, x_proto=limits.proxies, x_host=0)  # type: ignore[method-assign]

    @app.before_request
    def _() -> None:
        set_deadline(ANSWER_SECONDS)
        # A body is read first, without a place: whoever sends it slowly must not keep others waiting.
        if request.method not in ("POST", "PUT") and not request.path.startswith(_EXEMPT):
            places.take()

    @app.after_request
    def _(response: Response) -> Response:
        response.headers.update(g.pop("rate_headers", {}))
        return response

    @app.teardown_request
    def _(_error: BaseException | None) -> None:
        set_deadline(None)
        places.give_back()


def take_place() -> None:
    """Take a place for the request, or raise `ApiProblem` (503)."""
    current_app.extensions["places"].take()


@contextmanager
def in_time() -> Iterator[None]:
    """Read the body of the request, or raise `ApiProblem` (408) where it does not arrive in time."""
    deadlines: Deadlines = current_app.extensions["deadlines"]
    until = time.monotonic() + deadlines.seconds
    late = ApiProblem(
        "too-slow", f"The body did not arrive within {deadlines.seconds:g} s.", headers={"Connection": "close"}
    )
    try:
        with deadlines.of(request.environ.get("gunicorn.socket")):
            yield
    except Exception:
        if time.monotonic() < until:
            raise
        raise late from None
    if time.monotonic() >= until:  # gunicorn takes what came until the end for the whole
        raise late
