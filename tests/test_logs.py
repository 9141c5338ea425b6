"""Logs: a line of JSON for each event, and no text of an article, no key, no word of an editor in any of them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient

from classifier.serving.registry import Registry
from classifier.store.database.opening import open_store
from classifier.web.watch import logs
from tests.server import start, stop

CANARIES = {
    "title": "quokkatitle ISKP bomber kills twelve in Kabul",
    "body": "quokkabody: ISKP said so.",
    "note": "quokkanote, this is my private opinion",
    "key": "quokkakey-0123456789abcdef0123456789abcdef",
    "editor": "quokkaeditor",
    "query": "quokkaquery",
    "path": "quokkapath bomber",
}


def requests_of(canaries: dict[str, str]) -> list[tuple[str, str, Any, dict[str, str]]]:
    """Return requests that are right and wrong in every way, with a canary wherever somebody's words can stand."""
    article = {"title": canaries["title"], "body": canaries["body"]}
    bearer = {"Authorization": f"Bearer {canaries['key']}"}
    accept = {"tag": "iskp", "action": "accept", "note": canaries["note"]}
    return [
        ("POST", "/v1/suggest", article, {}),
        ("POST", "/v1/suggest", {**article, canaries["query"]: 1}, {}),
        ("POST", "/v1/suggest", [canaries["body"]], {}),
        ("POST", "/v1/suggest", {**article, "why": [canaries["note"]]}, {}),
        ("PUT", "/v1/articles/a1", article, bearer),
        ("PUT", "/v1/articles/a2", {**article, "published_at": canaries["note"]}, {}),
        ("PUT", f"/v1/articles/{canaries['path'].replace(' ', '%20')}", article, {}),
        ("POST", "/v1/articles/a1/decisions", {"editor": canaries["editor"], "decisions": [accept]}, {}),
        ("POST", "/v1/articles/a1/decisions", {"decisions": [{**accept, "tag": canaries["note"]}]}, {}),
        ("GET", f"/v1/articles?tag={canaries['query']}&state={canaries['query']}", None, {}),
        ("GET", f"/{canaries['query']}", None, {}),
        ("GET", "/review/a1", None, {"Cookie": f"tagger_session={canaries['key']}", "Referer": canaries["query"]}),
        ("GET", "/v1/model", None, {"X-Request-ID": f"{canaries['query']} and more"}),
    ]


@pytest.mark.slow
def test_no_word_of_anybody_is_in_the_log_of_a_service(registry: Registry, tmp_path: Path) -> None:
    server = start(registry.folder, f"sqlite:///{tmp_path}/tagger.db", "--workers", "2", "--threads", "8")
    statuses = []
    try:
        for method, path, sent, headers in requests_of(CANARIES):
            status, _ = server.ask_any(method, path, sent, headers)
            statuses.append(status)
        for raw in (
            f"GET /v1/tags HTTP/1.1\r\nHost: localhost\r\nAuthorization Bearer {CANARIES['key']}\r\n\r\n",
            f'{{"title": "{CANARIES["title"]}"}} x HTTP/1.1\r\n\r\n',
            f"GET /{CANARIES['query']} HTTP/9.9\r\n\r\n",
        ):
            with server.connect() as connection:
                connection.sendall(raw.encode())
                assert connection.recv(100).startswith(b"HTTP/1.1 40")
        # A fault of the service itself, in the middle of an article's text.
        with open_store(f"sqlite:///{tmp_path}/tagger.db").engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE articles RENAME COLUMN title TO other")
        server.ask_any("PUT", "/v1/articles/a3", {"title": CANARIES["title"], "body": CANARIES["body"]}, {})
    finally:
        stop(server)
    log = (tmp_path / f"service-{server.port}.log").read_text(encoding="utf-8")
    assert {200, 404, 422} <= set(statuses)
    assert "quokka" not in log.lower()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    told = [line for line in lines if line["event"] == "request"]
    assert len(told) == len(statuses) + 1
    assert {"at", "level", "request_id", "method", "route", "status", "ms"} <= told[0].keys()
    assert told[4]["article_id"] == "a1"
    others = [line for line in log.splitlines() if not line.startswith("{")]
    assert [line for line in others if not line.startswith(("Serving on", "stored "))] == []


@pytest.fixture
def log(app: Flask) -> Iterator[io.StringIO]:
    """The log of the app."""
    log = io.StringIO()
    logs.configure(log)
    logs.watch(app)

    @app.get("/fault/<words>")
    def fault(words: str) -> str:
        local = f"a local {words}"
        raise ValueError(f"cannot read {local}")

    yield log
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.getLogger().handlers.clear()


def lines_of(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_fault_is_told_by_its_type_and_place_and_not_by_its_message(client: FlaskClient, log: io.StringIO) -> None:
    assert client.get("/fault/quokka").status_code == 500
    fault, request = lines_of(log)
    assert (fault["event"], fault["level"]) == ("unhandled", "error")
    (exception,) = fault["exception"]
    assert exception["exc_type"] == "ValueError"
    assert exception["frames"][-1]["name"] == "fault"
    assert "quokka" not in json.dumps([fault, request])
    assert fault["request_id"] == request["request_id"]


def test_request_ids_are_the_senders_where_they_are_sound(client: FlaskClient, log: io.StringIO) -> None:
    given = client.get("/v1/tags", headers={"X-Request-ID": "desk-7.a_b"})
    wrong = client.get("/v1/tags", headers={"X-Request-ID": "two words"})
    assert given.headers["X-Request-ID"] == "desk-7.a_b"
    assert len(wrong.headers["X-Request-ID"]) == 16
    assert [line["request_id"] for line in lines_of(log)] == ["desk-7.a_b", wrong.headers["X-Request-ID"]]


def test_what_libraries_log_is_told_without_what_they_fill_in(client: FlaskClient, log: io.StringIO) -> None:
    logging.getLogger("somelibrary").warning("Retry %s of %s", 3, "quokka")
    (line,) = lines_of(log)
    assert (line["event"], line["numbers"], line["logger"]) == ("Retry %s of %s", [3], "somelibrary")
    assert "quokka" not in json.dumps(line)


def test_what_a_library_has_put_together_itself_is_told_by_its_place(client: FlaskClient, log: io.StringIO) -> None:
    logging.getLogger("gunicorn.error").warning("Invalid HTTP Header: 'Authorization Bearer quokka'")
    (line,) = lines_of(log)
    assert (line["logger"], line["level"]) == ("gunicorn.error", "warning")
    assert line["line"].startswith("test_logs:")
    assert "quokka" not in json.dumps(line)


def test_probes_are_not_logged(client: FlaskClient, log: io.StringIO) -> None:
    for path in ("/health/live", "/health/ready", "/metrics"):
        assert client.get(path).status_code == 200
    assert lines_of(log) == []
