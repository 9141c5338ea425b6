"""The service as it is started: over real sockets, with clients that behave badly, and with a clean end.

Every wait has a limit, so that nothing here can hang.
"""

from __future__ import annotations

import http.client
import json
import select
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from classifier.domain.articles import Article
from classifier.store.database.opening import open_store
from tests.everything import stored_articles
from tests.postgres import database
from tests.server import Server, start, stop
from tests.storing import put_article
from tests.waiting import SECONDS

TEXT = {"title": "ISKP bomber kills twelve at Kabul mosque", "body": "The bombing was claimed on Friday."}
HEAD = b"POST /v1/suggest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
LIMIT = 2 * 1024 * 1024


@pytest.fixture(scope="module")
def server(models_of_module: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One service with a fresh database for the tests that leave it running."""
    folder = tmp_path_factory.mktemp("service")
    server = start(models_of_module, database(folder), "--workers", "1", "--threads", "40")
    yield server
    stop(server)


@pytest.fixture
def small_database(database_url: str) -> str:
    """A database that has an article already, so that the starter articles are not imported."""
    store = open_store(database_url)
    put_article(store, Article("first", "The first"), "cms")
    store.close()
    return database_url


def send_all(connection: socket.socket, pieces: list[bytes]) -> None:
    """Send what the service takes; it may answer and hang up before the end."""
    try:
        for piece in pieces:
            connection.sendall(piece)
    except (BrokenPipeError, ConnectionResetError):
        pass


def received(connection: socket.socket) -> bytes:
    """Return what comes back after the last byte was sent; nothing where the service hung up."""
    try:
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(65_536)
    except OSError:
        return b""


def until_closed(connection: socket.socket) -> int:
    """Send a kilobyte ten times a second until the service has hung up; return how many there were."""
    n = 0
    while n < 10 * SECONDS and not select.select([connection], [], [], 0.1)[0]:
        connection.sendall(b" " * 1000)
        n += 1
    return n


def status_of(connection: socket.socket) -> int:
    line = connection.makefile("rb").readline()
    assert line.startswith(b"HTTP/1.1 "), line
    return int(line.split()[1])


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


def assert_works(server: Server) -> None:
    status, answer = server.ask("POST", "/v1/suggest", TEXT)
    assert status == 200
    assert "iskp" in {row["tag"] for row in answer["suggestions"]}


# --- what it is for ---


def test_the_service_is_live_and_ready(server: Server) -> None:
    assert server.ask("GET", "/health/live")[0] == 200
    status, ready = server.ask("GET", "/health/ready")
    assert (status, ready["status"], ready["problems"]) == (200, "ok", [])


def test_the_service_suggests(server: Server) -> None:
    assert_works(server)


def test_the_service_stores_lists_and_deletes(server: Server) -> None:
    status, answer = server.ask("PUT", "/v1/articles/service-1", {**TEXT, "tags": ["iskp"]})
    assert (status, answer["withheld"]) == (200, [{"tag": "iskp", "reason": "already_tagged"}])
    assert server.ask("GET", "/v1/articles?limit=1")[1]["articles"][0]["article_id"] == "service-1"
    assert server.ask("DELETE", "/v1/articles/service-1") == (204, None)
    assert server.ask("GET", "/v1/articles/service-1")[0] == 404


def test_the_service_refuses_a_foreign_host_name_while_no_key_exists(server: Server) -> None:
    assert server.ask("POST", "/v1/suggest", TEXT, {"Host": "desk.example"})[0] == 403


def test_two_requests_on_one_connection_are_both_answered(server: Server) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)) as connection:
        for _ in range(2):
            connection.request("POST", "/v1/suggest", json.dumps(TEXT), {"Content-Type": "application/json"})
            response = connection.getresponse()
            assert response.status == 200
            assert json.loads(response.read())["model_version"]


# --- headers that only a proxy may set ---


@pytest.mark.slow
def test_nobody_is_believed_on_the_scheme_or_the_path_of_the_service(server: Server) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)) as connection:
        for header in ("X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-Ssl"):
            value = {"X-Forwarded-Protocol": "ssl", "X-Forwarded-Ssl": "on"}.get(header, "https")
            connection.request("GET", "/docs", headers={header: value})
            response = connection.getresponse()
            response.read()
            assert response.status == 200
            assert "Strict-Transport-Security" not in response.headers
    assert server.ask_any("GET", "/elsewhere/docs", headers={"SCRIPT_NAME": "/elsewhere"})[0] == 404
    assert server.ask_any("GET", "/docs", headers={"PATH_INFO": "/nothing"})[0] == 200


# --- bodies ---


def test_a_body_of_fifty_megabytes_is_refused_and_the_client_sees_it(server: Server) -> None:
    with server.connect() as connection:
        head = HEAD + b"Content-Length: 50000000\r\n\r\n"
        send_all(connection, [head, *[b" " * 100_000] * 500])
        assert status_of(connection) == 413
    assert_works(server)


@pytest.mark.parametrize("path", ["/v1/suggest", "/sign-in", "/"])
def test_a_client_that_sends_twenty_megabytes_before_it_reads_gets_its_answer(server: Server, path: str) -> None:
    kind = "application/json" if path.startswith("/v1") else "application/x-www-form-urlencoded"
    for _ in range(5):
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)) as connection:
            connection.request("POST", path, b" " * 20_000_000, {"Content-Type": kind})
            response = connection.getresponse()
            assert response.status == 413
            assert b"over" in response.read()


@pytest.mark.slow
def test_a_body_that_was_refused_is_not_read_for_ever(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 50000000\r\n\r\n")
        assert b"HTTP/1.1 413 " in connection.recv(65_536)
        assert until_closed(connection) < 10 * SECONDS


def test_a_length_over_the_limit_is_refused_before_a_byte_of_the_body_came(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 50000000\r\n\r\n")
        assert status_of(connection) == 413


def test_a_chunked_body_is_read_whole(server: Server) -> None:
    raw = json.dumps(TEXT).encode()
    with server.connect() as connection:
        pieces = [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", chunk(raw[:20]), chunk(raw[20:]), b"0\r\n\r\n"]
        send_all(connection, pieces)
        assert status_of(connection) == 200


@pytest.mark.parametrize("n_bytes", [LIMIT, 3 * LIMIT, 20 * LIMIT])
def test_a_chunked_body_that_goes_past_the_limit_after_valid_json_is_refused(server: Server, n_bytes: int) -> None:
    filler = chunk(b" " * 65_536)
    with server.connect() as connection:
        pieces = [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", chunk(json.dumps(TEXT).encode())]
        send_all(connection, [*pieces, *[filler] * (n_bytes // 65_536), b"0\r\n\r\n"])
        assert status_of(connection) == 413
    assert_works(server)


def test_a_chunked_body_of_the_page_that_goes_past_the_limit_is_refused(server: Server) -> None:
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    with server.connect() as connection:
        pieces = [head + b"Transfer-Encoding: chunked\r\n\r\n", chunk(b"text=ISKP"), *[chunk(b"+" * 65_536)] * 40]
        send_all(connection, [*pieces, b"0\r\n\r\n"])
        assert status_of(connection) == 413


def test_a_second_request_behind_a_refused_body_is_not_taken_for_part_of_it(server: Server) -> None:
    smuggled = b"DELETE /v1/articles/service-2 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    server.ask("PUT", "/v1/articles/service-2", TEXT)
    with server.connect() as connection:
        send_all(connection, [HEAD + b"Content-Length: 50000000\r\n\r\n", smuggled])
        assert status_of(connection) == 413
    assert server.ask("GET", "/v1/articles/service-2")[0] == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["bytes", "no version", "version", "long line", "long header", "negative", "two lengths", "bad chunk"],
)
def test_what_is_no_http_is_refused_or_dropped_and_the_service_goes_on(server: Server, raw: bytes) -> None:
    with server.connect() as connection:
        send_all(connection, [raw])
        answer = received(connection)
        assert answer[:10] in {b"", b"HTTP/1.1 4"}
    assert_works(server)


# --- clients that stall ---


def test_a_dozen_stalled_bodies_and_half_sent_headers_do_not_hold_up_others(server: Server) -> None:
    with ExitStack() as stalled:
        for _ in range(12):
            body, head = stalled.enter_context(server.connect()), stalled.enter_context(server.connect())
            body.sendall(HEAD + b'Content-Length: 1000\r\n\r\n{"title": "ISK')
            head.sendall(b"POST /v1/suggest HTTP/1.1\r\nHost: local")
        time.sleep(0.2)
        for _ in range(10):
            assert_works(server)
    assert_works(server)


def test_a_slow_body_is_answered_when_it_is_there(server: Server) -> None:
    raw = json.dumps(TEXT).encode()
    with server.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(raw))
        for start_at in range(0, len(raw), 20):
            connection.sendall(raw[start_at : start_at + 20])
            time.sleep(0.02)
        assert status_of(connection) == 200


@pytest.mark.slow
def test_clients_that_go_away_in_the_middle_leave_no_trace(server: Server) -> None:
    for _ in range(20):
        with server.connect() as connection:
            connection.sendall(HEAD + b'Content-Length: 1000\r\n\r\n{"title": "ISK')
    assert_works(server)


# --- start and end ---


@pytest.mark.slow
def test_sigterm_lets_a_request_under_way_finish_and_ends_the_service_cleanly(
    models_of_module: Path, small_database: str
) -> None:
    server = start(models_of_module, small_database, "--workers", "2")
    assert_works(server)
    raw = json.dumps(TEXT).encode()
    with server.connect() as connection:
        connection.sendall(b"PUT /v1/articles/late" + HEAD[16:] + b"Content-Length: %d\r\n\r\n" % len(raw) + raw[:20])
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        connection.sendall(raw[20:])
        assert status_of(connection) == 200
    assert stop(server) == 0
    with pytest.raises(ConnectionRefusedError):
        server.connect()
    store = open_store(small_database)
    stored = {one.article.id: one.article.title for one in stored_articles(store)}
    store.close()
    assert stored == {"first": "The first", "late": TEXT["title"]}


@pytest.mark.slow
def test_with_a_key_the_service_listens_to_everybody_and_asks_for_it(
    models_of_module: Path, small_database: str
) -> None:
    store = open_store(small_database)
    secret = store.keys.create("desk", "cms")
    store.close()
    server = start(models_of_module, small_database, "--workers", "1", "--host", "0.0.0.0")
    try:
        with_key = {"Authorization": f"Bearer {secret}", "Host": "desk.example"}
        assert server.ask("POST", "/v1/suggest", TEXT)[0] == 401
        assert server.ask("POST", "/v1/suggest", TEXT, with_key)[0] == 200
    finally:
        stop(server)


@pytest.mark.slow
def test_requests_are_logged_in_a_file_that_is_named_and_not_on_the_terminal(
    models_of_module: Path, tmp_path: Path
) -> None:
    log = tmp_path / "logs" / "serve.log"
    server = start(models_of_module, database(tmp_path), "--workers", "2", "--threads", "8", "--log", str(log))
    try:
        assert_works(server)
    finally:
        stop(server)
    said = (models_of_module.parent / f"service-{server.port}.log").read_text("utf-8")
    assert any(json.loads(line)["event"] == "request" for line in log.read_text("utf-8").splitlines())
    assert log.stat().st_mode & 0o077 == 0
    assert f"Requests are logged in {log}" in said
    assert '"event"' not in said
    assert said.count("http://") == 1
