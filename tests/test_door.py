"""The door answers as Flask does: the same status, bytes, headers, counts and log line to any request."""

from __future__ import annotations

import io
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from flask import Flask, Response
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from werkzeug.test import EnvironBuilder, run_wsgi_app

from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.database.opening import open_store
from classifier.store.keys import ROLES
from classifier.store.schema import article_counts, articles
from classifier.store.store import Store
from classifier.web import build_app
from classifier.web.door import Door
from classifier.web.guard.limits import Limits, take_slot
from classifier.web.incoming import notes
from classifier.web.watch import logs
from tests.hostile import HOSTILE
from tests.postgres import database

pytestmark = pytest.mark.sqlite("both sides ask the same store")

LIMIT = 40_000
GOOD = {"title": "ISKP bomber kills twelve at Kabul mosque", "body": "The bombing was claimed on Friday."}
SENT = json.dumps(GOOD).encode()
BODIES = {
    "an article": SENT,
    "explained": json.dumps({**GOOD, "why": ["iskp", "taliban"]}).encode(),
    "without evidence": json.dumps({**GOOD, "evidence": 0}).encode(),
    "of a stored article": json.dumps({**GOOD, "article_id": "a"}).encode(),
    "with all fields": json.dumps(
        {
            **GOOD,
            "standfirst": "s",
            "body_format": "html",
            "language": "en",
            "published_at": "2024-05-01",
            "url": "https://desk.example/1",
            "tags": ["iskp", "unheard-of"],
        }
    ).encode(),
    "in another language": json.dumps({"title": "داعش", "body": "كابول " * 80}, ensure_ascii=False).encode(),
    "empty text": b'{"title": ""}',
    "nothing": b"",
    "no JSON": b'{"title": "a"',
    "no UTF-8": b'{"title": "\xff"}',
    "a list": b"[]",
    "no text": b"{}",
    "NaN": b'{"title": NaN}',
    "NUL": b'{"title": "a\\u0000"}',
    "half of a pair": b'{"title": "\\ud83d"}',
    "a key twice": b'{"title": "a", "title": "b"}',
    "a key twice below": b'{"title": "a", "tags": [{"x": 1, "x": 2}]}',
    "deep": b'{"title": ' + b"[" * 400 + b"]" * 400 + b"}",
    "a long integer": b'{"title": ' + b"1" * 5_000 + b"}",
    "a number": b'{"title": 1.5}',
    "an unknown field": json.dumps({**GOOD, "odd": 1}).encode(),
    "an unknown tag to explain": json.dumps({**GOOD, "why": ["unheard-of"]}).encode(),
    "many faults": json.dumps({**GOOD, "tags": [1] * 200}).encode(),
    "too large": json.dumps({"title": "a" * LIMIT}).encode(),
}
HEADERS: dict[str, dict[str, str]] = {
    "none": {},
    "its own id": {"X-Request-ID": "desk-7.a_b"},
    "an id of two words": {"X-Request-ID": "two words"},
    "another type": {"Content-Type": "text/plain"},
    "no type": {"Content-Type": ""},
    "a type with a charset": {"Content-Type": "Application/JSON; charset=utf-8"},
    "a French reader": {"Accept-Language": "fr", "Cookie": "language=fr"},
    "a browser's accept": {"Accept": "text/html,application/xhtml+xml"},
    "a page elsewhere": {"Origin": "https://elsewhere.example"},
    "a page elsewhere, told by the browser": {"Sec-Fetch-Site": "cross-site"},
    "no origin": {"Origin": "null"},
    "its own page": {"Origin": "http://localhost"},
    "a token": {"X-CSRF-Token": "abc"},
    "a cookie": {"Cookie": "tagger_session=abc"},
    "another scheme": {"Authorization": "Basic YTpi"},
    "a wrong key": {"Authorization": "Bearer tagger_00_11"},
    "a host elsewhere": {"Host": "desk.example"},
    "a host with a port": {"Host": "127.0.0.1:8000"},
    "an IPv6 host": {"Host": "[::1]:8000"},
    "a host that is none": {"Host": "a b<c>"},
    "an empty host": {"Host": ""},
    "a proxy's address": {"X-Forwarded-For": "192.0.2.7"},
    "websocket": {"Connection": "Upgrade", "Upgrade": "websocket"},
    "a length that is none": {"Content-Length": "many"},
    "a length below zero": {"Content-Length": "-1"},
    "a length that is too long": {"Content-Length": "400"},
    "a length that is too short": {"Content-Length": "5"},
}
ENVIRONS: dict[str, dict[str, Any]] = {
    "https": {"wsgi.url_scheme": "https"},
    "HTTP/1.0": {"SERVER_PROTOCOL": "HTTP/1.0"},
    "another machine": {"REMOTE_ADDR": "192.0.2.7"},
    "no address": {"REMOTE_ADDR": ""},
    "listening everywhere": {"SERVER_NAME": "0.0.0.0"},
    "below a path": {"SCRIPT_NAME": "/tagger"},
    "no host": {"HTTP_HOST": None},
    "chunked": {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "CONTENT_LENGTH": None},
    "chunked, without an end": {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": None},
    "no length": {"CONTENT_LENGTH": None},
}
UNUSUAL = {"a host that is none", "an empty host", "websocket", "below a path", "no host"}
Outcome = tuple[str, bytes, dict[str, str]]


@dataclass(frozen=True)
class Side:
    """A service with a store of its own."""

    app: Flask
    store: Store

    def ask(
        self, body: bytes = SENT, headers: dict[str, str] | None = None, path: str = "/v1/suggest", **environ: Any
    ) -> Outcome:
        """Send a request, and return status, body and headers of the answer; the id of the request only if it was sent."""
        base = {"Content-Type": "application/json", "Host": "localhost", **(headers or {})}
        method = environ.pop("method", "POST")
        sent = EnvironBuilder(path, method=method, data=body, headers=base).get_environ()
        sent |= {"REMOTE_ADDR": "127.0.0.1", "SERVER_NAME": "127.0.0.1", **environ}
        present = {name: value for name, value in sent.items() if value is not None}
        parts, status, answered = run_wsgi_app(self.app.wsgi_app, present)
        raw = b"".join(parts)
        getattr(parts, "close", lambda: None)()
        told = dict(answered.items())
        if "X-Request-ID" not in base or told["X-Request-ID"] != base["X-Request-ID"]:
            told["X-Request-ID"] = str(len(told["X-Request-ID"]))
        return status, raw, told

    def key(self, role: str) -> dict[str, str]:
        """Return the header of a new key."""
        secret = self.store.keys.create(f"{role}-{len(self.store.keys.list())}", role)
        return {"Authorization": f"Bearer {secret}"}


@dataclass(frozen=True)
class Sides:
    """A service with the door and one without."""

    door: Side
    flask: Side

    def same(self, ask: Callable[[Side], Any]) -> Any:
        """Assert that both answer alike, and return the answer."""
        door, flask = ask(self.door), ask(self.flask)
        assert door == flask
        return door


@pytest.fixture
def make(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Sides]]:
    stores: list[Store] = []

    def side(has_door: bool, **options: Any) -> Side:
        stores.append(open_store(database(tmp_path_factory.mktemp("side"))))
        app = build_app(
            Tagger(Serving(registry), stores[-1]), registry, max_body_bytes=LIMIT, has_door=has_door, **options
        )
        return Side(app, stores[-1])

    yield lambda **options: Sides(side(True, **options), side(False, **options))
    for store in stores:
        store.close()


@pytest.fixture
def sides(make: Callable[..., Sides]) -> Sides:
    return make()


@pytest.fixture(scope="module")
def long_lived(models_of_module: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    """Two services that must outlive everything that is sent to them."""
    registry, stores = (
        Registry(models_of_module),
        [open_store(database(tmp_path_factory.mktemp("side"))) for _ in range(2)],
    )
    apps = [
        build_app(Tagger(Serving(registry), store), registry, max_body_bytes=LIMIT, has_door=has_door)
        for store, has_door in zip(stores, (True, False), strict=True)
    ]
    yield Sides(*(Side(app, store) for app, store in zip(apps, stores, strict=True)))
    for store in stores:
        store.close()


def passed_on(side: Side) -> list[str]:
    """Return a list that gets the path of each request which the door passes on to Flask."""
    door, paths = side.app.wsgi_app, []
    while not isinstance(door, Door):
        door = door.app  # type: ignore[attr-defined]
    inner = door.flask

    def flask(environ: Any, start_response: Any) -> Any:
        paths.append(environ["PATH_INFO"])
        return inner(environ, start_response)

    door.flask = flask
    return paths


# --- any request ---


@pytest.mark.parametrize("name", BODIES)
def test_any_body_is_answered_alike(sides: Sides, name: str) -> None:
    paths = passed_on(sides.door)
    sides.same(lambda side: side.ask(BODIES[name]))
    sides.same(lambda side: side.ask(BODIES[name]))  # a text that was seen before
    assert paths == []


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("role", [None, "cms"])
def test_any_headers_are_answered_alike(sides: Sides, name: str, role: str | None) -> None:
    paths = passed_on(sides.door)
    sides.same(lambda side: side.ask(headers={**(side.key(role) if role else {}), **HEADERS[name]}))
    assert bool(paths) == (name in UNUSUAL)


@pytest.mark.parametrize("name", ENVIRONS)
@pytest.mark.parametrize("role", [None, "cms"])
def test_any_connection_is_answered_alike(sides: Sides, name: str, role: str | None) -> None:
    paths = passed_on(sides.door)
    sides.same(lambda side: side.ask(headers=side.key(role) if role else {}, **ENVIRONS[name]))
    assert bool(paths) == (name in UNUSUAL)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
def test_any_other_method_is_answered_by_flask(sides: Sides, method: str) -> None:
    paths = passed_on(sides.door)
    status, *_ = sides.same(lambda side: side.ask(method=method))
    assert status[:3] == ("200" if method == "OPTIONS" else "405")
    assert len(paths) == 1


@pytest.mark.parametrize(
    "path", ["/v1/suggest/", "//v1/suggest", "/v1/suggest%20", "/v1/Suggest", "/v1/suggest?a=b", "/v1"]
)
def test_any_other_address_is_answered_by_flask(sides: Sides, path: str) -> None:
    paths = passed_on(sides.door)
    sides.same(lambda side: side.ask(path=path))
    assert len(paths) == 1


@pytest.mark.parametrize("role", [*ROLES, "nobody"])
def test_the_same_roles_pass(sides: Sides, role: str) -> None:
    def ask(side: Side) -> Outcome:
        bearer = side.key("admin" if role == "nobody" else role)
        return side.ask(headers={} if role == "nobody" else bearer)

    status, _, headers = sides.same(ask)
    assert status[:3] == {"nobody": "401", "reader": "403"}.get(role, "200")
    assert ("WWW-Authenticate" in headers) == (role == "nobody")


def test_a_session_is_answered_alike_with_its_token_and_without(sides: Sides) -> None:
    def ask(side: Side, with_token: bool) -> Outcome:
        key = side.store.keys.of(side.key("editor")["Authorization"].removeprefix("Bearer "))
        cookie = side.store.sessions.start("ana", key)
        csrf = side.store.sessions.of(cookie).csrf
        headers = {"Cookie": f"tagger_session={cookie}", "X-CSRF-Token": csrf if with_token else "wrong"}
        return side.ask(headers=headers)

    assert sides.same(lambda side: ask(side, True))[0] == "200 OK"
    assert sides.same(lambda side: ask(side, False))[0] == "403 FORBIDDEN"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_answered_alike(long_lived: Sides, name: str) -> None:
    text = HOSTILE[name](5_000)
    sent = {"title": "x", "body": text, "body_format": "html" if {"<", "&"} & set(text) else "text"}
    long_lived.same(lambda side: side.ask(json.dumps(sent, ensure_ascii=False).encode()))


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
flat = scalars | st.lists(scalars, max_size=3)
json_values = flat | st.lists(flat, max_size=3) | st.dictionaries(st.text(max_size=8), flat, max_size=3)
fields = st.dictionaries(
    st.sampled_from(["title", "body", "body_format", "why", "tags", "article_id", "language", "published_at", "odd"]),
    st.sampled_from(["text", "html", "a", "en", "2024-05-01", ["iskp"]]) | json_values,
)


@given(sent=fields.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60))
def test_whatever_is_sent_is_answered_alike(long_lived: Sides, sent: bytes) -> None:
    long_lived.same(lambda side: side.ask(sent))


# --- limits, faults ---


def test_the_rate_of_a_key_is_counted_alike(make: Callable[..., Sides]) -> None:
    sides = make(allowed=Limits(rate=2))
    keys = {id(side): side.key("cms") for side in (sides.door, sides.flask)}

    def ask(side: Side) -> Outcome:
        status, raw, headers = side.ask(headers=keys[id(side)])
        headers["RateLimit"] = headers["RateLimit"].partition(";t=")[0]
        seconds = headers.pop("Retry-After", "")
        return status, raw.replace(seconds.encode(), b"N") if seconds else raw, headers

    assert [sides.same(ask)[0][:3] for _ in range(4)] == ["200", "200", "429", "429"]


def test_when_no_slot_is_free_both_say_so_and_give_none_back(make: Callable[..., Sides]) -> None:
    sides = make(allowed=Limits(at_once=1))

    def ask(side: Side) -> list[Outcome]:
        begun, end = threading.Event(), threading.Event()

        def work() -> None:
            with side.app.test_request_context():
                side.app.preprocess_request()
                take_slot()
                begun.set()
                end.wait(60)

        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(work)
            assert begun.wait(60)
            refused = [side.ask() for _ in range(2)]
            end.set()
            done.result(60)
        return [*refused, *(side.ask(body) for body in BODIES.values())]

    assert [status[:3] for status, *_ in sides.same(ask)][:3] == ["503", "503", "200"]


class Slow(io.BytesIO):
    """A body that arrives late."""

    def readinto(self, buffer: Any) -> int:
        time.sleep(0.2)
        return super().readinto(buffer)

    def read(self, size: int | None = -1) -> bytes:
        time.sleep(0.2)
        return super().read(size)


class Broken(io.BytesIO):
    """A body whose sender goes away."""

    def readinto(self, _: Any) -> int:
        raise OSError("the connection is gone")

    def read(self, _: int | None = -1) -> bytes:
        raise OSError("the connection is gone")


def test_a_body_that_comes_late_or_breaks_is_answered_alike(make: Callable[..., Sides]) -> None:
    sides = make(allowed=Limits(body_seconds=0.1))
    assert sides.same(lambda side: side.ask(**{"wsgi.input": Slow(SENT)}))[0].startswith("408")
    assert sides.same(lambda side: side.ask(**{"wsgi.input": Broken()}))[0].startswith("400")


def test_the_rest_of_a_body_that_is_too_large_is_read(sides: Sides) -> None:
    def ask(side: Side) -> tuple[Outcome, int]:
        body = io.BytesIO(BODIES["too large"])
        environ = {"wsgi.input": body, "CONTENT_LENGTH": str(len(body.getvalue()))}
        return side.ask(**environ), body.tell()

    (status, *_), n_read = sides.same(ask)
    assert status.startswith("413")
    assert n_read == len(BODIES["too large"])


def test_without_a_model_or_a_table_both_say_so(tmp_path: Path, make: Callable[..., Sides]) -> None:
    sides = make()
    for side in (sides.door, sides.flask):
        with side.store.engine.begin() as connection:
            for table in (articles, article_counts):
                connection.exec_driver_sql(f"ALTER TABLE {table.name} RENAME TO no_{table.name}")
    of_article = BODIES["of a stored article"]
    assert int(sides.same(lambda side: side.ask(of_article))[0][:3]) >= 500
    empty = Registry(tmp_path / "no models")
    apps = [build_app(Tagger(Serving(empty), sides.door.store), empty, has_door=has_door) for has_door in (True, False)]
    untrained = Sides(*(Side(app, sides.door.store) for app in apps))
    assert untrained.same(lambda side: side.ask())[0].startswith("503")


def test_a_fault_after_the_answer_is_answered_alike(sides: Sides) -> None:
    def fail(_: Response) -> None:
        raise ValueError("the disk of the counters is full")

    for side in (sides.door, sides.flask):
        notes(side.app).append(fail)
    status, raw, _ = sides.same(lambda side: side.ask())
    assert (status[:3], json.loads(raw)["type"]) == ("500", "/docs#internal")


# --- counts and log ---


def counts() -> dict[tuple[str, str], float]:
    """Return all counts of the process."""
    return {
        (sample.name, json.dumps(sample.labels, sort_keys=True)): sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name.startswith("tagger_") and sample.name.endswith(("_total", "_count"))
    }


@pytest.mark.parametrize("name", ["an article", "no JSON", "an unknown field"])
def test_the_same_is_counted(sides: Sides, name: str) -> None:
    def counted(side: Side) -> dict[tuple[str, str], float]:
        before = counts()
        side.ask(BODIES[name])
        return {key: n - before.get(key, 0.0) for key, n in counts().items() if n != before.get(key, 0.0)}

    n = sides.same(counted)
    assert sum(n.values()) == (2 if name != "an article" else 2 + len(json.loads(sides.door.ask()[1])["suggestions"]))


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    log = io.StringIO()
    logs.configure(log)
    yield log
    structlog.reset_defaults()
    logging.getLogger().handlers.clear()


@pytest.mark.parametrize("name", ["an article", "no JSON", "too large"])
@pytest.mark.parametrize("role", [None, "cms", "reader"])
def test_the_same_line_is_logged(sides: Sides, log: io.StringIO, name: str, role: str | None) -> None:
    for side in (sides.door, sides.flask):
        logs.watch(side.app)

    def line(side: Side) -> dict[str, Any]:
        log.seek(0)
        log.truncate()
        side.ask(BODIES[name], {"X-Request-ID": "desk-7", **(side.key(role) if role else {})})
        (line,) = (json.loads(line) for line in log.getvalue().splitlines())
        assert {"at", "ms"} <= line.keys()
        return {key: value for key, value in line.items() if key not in ("at", "ms")}

    told = sides.same(line)
    assert told["route"] == "/v1/suggest"
    passed = role if role != "reader" else None  # of somebody who is refused
    assert (told["request_id"], told["role"], told["method"]) == ("desk-7", passed, "POST")
