"""Limits: a rate for each key over all processes, places for requests at work, deadlines for what arrives slowly."""

from __future__ import annotations

import http.client
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from classifier.serving.registry import Registry
from classifier.serving.tagger import Tagger
from classifier.store import limits as store_limits
from classifier.store.database.opening import open_store
from classifier.store.limits import KEPT_SECONDS, FileCounters
from classifier.store.schema import counters as counter_rows
from classifier.store.store import Store
from classifier.web import build_app
from classifier.web.guard.limits import Limits, take_slot
from tests.conftest import ROOT
from tests.hard import told
from tests.server import Server, start, stop

ARTICLE = {"title": "ISKP bomber kills twelve at Kabul mosque"}
N_PROCESSES = 4
N_EACH = 250


# --- counters ---


def test_a_counter_counts_and_says_when_it_starts_anew(store: Store) -> None:
    counts = [store.counters.hit("desk", 60) for _ in range(3)]
    assert [count.n for count in counts] == [1, 2, 3]
    assert all(50 < count.seconds <= 60 for count in counts)
    assert store.counters.hit("another", 60).n == 1


def test_a_counter_starts_anew_when_its_time_is_over(store: Store) -> None:
    assert [store.counters.hit("desk", 0.3).n for _ in range(2)] == [1, 2]
    time.sleep(0.35)
    assert store.counters.hit("desk", 0.3).n == 1


def test_what_was_counted_can_be_given_back(store: Store) -> None:
    store.counters.give_back("desk")  # nothing was counted
    assert [store.counters.hit("desk", 60).n for _ in range(2)] == [1, 2]
    store.counters.give_back("desk")
    assert store.counters.hit("desk", 60).n == 2


def test_a_clock_that_was_a_day_ahead_does_not_stop_a_counter_for_a_day(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = time.time() + 86_400
    monkeypatch.setattr(store_limits.time, "time", lambda: ahead)
    assert [store.counters.hit("desk", 60).n for _ in range(2)] == [1, 2]
    monkeypatch.undo()
    assert store.counters.hit("desk", 60).n == 1


@pytest.mark.parametrize("name", ["../../etc/passwd", "/", "ä" * 500, "\x00", "\udcff", ""])
def test_a_counter_may_have_any_name(store: Store, name: str) -> None:
    assert [store.counters.hit(name, 60).n for _ in range(2)] == [1, 2]


@pytest.mark.slow
def test_no_count_is_lost_between_processes(store: Store, database_url: str) -> None:
    command = [sys.executable, "-m", "tests.counting", database_url, str(N_EACH)]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(N_PROCESSES)]
    assert [process.wait(120) for process in processes] == [0] * N_PROCESSES
    assert store.counters.hit("desk", 600).n == N_PROCESSES * N_EACH + 1


def test_files_of_counters_that_have_long_ended_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "counters"
    FileCounters(folder).hit("stranger", 60)
    (old,) = folder.iterdir()
    os.utime(old, (0, time.time() - KEPT_SECONDS - 1))
    FileCounters(folder).hit("desk", 60)
    assert old not in set(folder.iterdir())
    assert len(list(folder.iterdir())) == 1


def test_counters_are_bounded_and_those_in_use_stay(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_limits, "MAX_COUNTERS", 20)
    monkeypatch.setattr(store_limits, "_SWEEP_EVERY", 10)
    for number in range(200):
        store.counters.hit(f"stranger {number}", 60)
        assert store.counters.hit("desk", 600).n == number + 1
    if isinstance(store.counters, FileCounters):
        n = len(list(store.counters._folder.iterdir()))
    else:
        with store.engine.connect() as connection:
            n = connection.execute(counter_rows.select()).rowcount
    assert n <= 20 + 10


def test_a_count_in_a_file_that_is_swept_away_meanwhile_is_not_lost(tmp_path: Path) -> None:
    counters = FileCounters(tmp_path)
    with ThreadPoolExecutor(1) as pool:
        with counters._held("desk"):
            waiting = pool.submit(counters.hit, "desk", 60)  # has opened the file and waits for its lock
            time.sleep(0.3)
            next(tmp_path.iterdir()).unlink()
        assert waiting.result(10).n == 1
    assert counters.hit("desk", 60).n == 2


# --- the rate of a key ---


@pytest.fixture
def limited(tagger: Tagger, registry: Registry) -> FlaskClient:
    """A client of a service where a key may make three requests a minute."""
    return build_app(tagger, registry, allowed=Limits(rate=3)).test_client()


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_a_key_may_make_so_many_requests_a_minute_and_no_more(limited: FlaskClient, store: Store) -> None:
    secret, other = store.keys.create("cms", "cms"), store.keys.create("other", "cms")
    answers = [limited.post("/v1/suggest", json=ARTICLE, headers=bearer(secret)) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert [answer.headers["RateLimit"].partition(";t=")[0] for answer in answers] == [
        f'"key";r={left}' for left in (2, 1, 0, 0, 0)
    ]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"key";q=3;w=60'}
    refused = answers[-1]
    assert refused.content_type == "application/problem+json"
    assert refused.get_json()["type"] == "/docs#too-many"
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert "3 requests a minute" in refused.get_json()["detail"]
    assert limited.get("/v1/tags", headers=bearer(other)).status_code == 200


def test_all_calls_of_a_key_count_also_refused_ones_and_those_of_the_page(limited: FlaskClient, store: Store) -> None:
    secret = store.keys.create("reader", "reader")
    assert limited.get("/v1/tags", headers=bearer(secret)).status_code == 200
    assert limited.post("/v1/suggest", json=ARTICLE, headers=bearer(secret)).status_code == 403
    assert limited.post("/", data={"text": "ISKP in Kabul", "key": secret}).status_code == 403
    assert limited.get("/v1/tags", headers=bearer(secret)).status_code == 429
    assert limited.post("/", data={"text": "ISKP in Kabul", "key": secret}).status_code == 429


def test_old_and_new_secret_of_a_key_share_its_rate(limited: FlaskClient, store: Store) -> None:
    old = store.keys.create("cms", "cms")
    new = store.keys.rotate("cms")
    asked = [limited.get("/v1/tags", headers=bearer(secret)).status_code for secret in (old, new, old, new)]
    assert asked == [200, 200, 200, 429]


def test_after_a_minute_a_key_may_ask_again(
    limited: FlaskClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = store.keys.create("cms", "cms")
    assert [limited.get("/v1/tags", headers=bearer(secret)).status_code for _ in range(4)][-1] == 429
    later = time.time() + 60.1
    monkeypatch.setattr(store_limits.time, "time", lambda: later)
    assert limited.get("/v1/tags", headers=bearer(secret)).status_code == 200


def test_wrong_keys_use_up_nobodys_rate(limited: FlaskClient, store: Store) -> None:
    secret = store.keys.create("cms", "cms")
    assert {limited.get("/v1/tags", headers=bearer(f"{secret}x")).status_code for _ in range(10)} == {401}
    assert limited.get("/v1/tags", headers=bearer(secret)).status_code == 200


def test_without_a_key_this_machine_has_one_rate(limited: FlaskClient) -> None:
    assert [limited.get("/v1/tags").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert limited.get("/health/live").status_code == 200


def test_without_a_limit_nothing_is_counted_and_no_header_tells_of_one(
    client: FlaskClient, store: Store, tmp_path: Path
) -> None:
    secret = store.keys.create("cms", "cms")
    answers = [client.get("/v1/tags", headers=bearer(secret)) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}
    assert "RateLimit" not in answers[-1].headers
    assert list(tmp_path.glob("*-counters")) == []


@pytest.mark.sqlite("counters are files there")
def test_counters_that_cannot_be_used_refuse_nobody(limited: FlaskClient, store: Store, tmp_path: Path) -> None:
    secret = store.keys.create("cms", "cms")
    (tmp_path / "tagger.db-counters").write_text("in the way")
    assert {limited.get("/v1/tags", headers=bearer(secret)).status_code for _ in range(6)} == {200}


@pytest.fixture
def four_workers(registry: Registry, database_url: str) -> Iterator[Server]:
    """Four processes where a key may make ten requests a minute."""
    limit = {"TAGGER_RATE_LIMIT": "10"}
    server = start(registry.folder, database_url, "--workers", "4", "--threads", "16", settings=limit)
    yield server
    assert stop(server) == 0


@pytest.mark.slow
def test_ten_a_minute_lets_exactly_ten_of_a_burst_pass_over_four_workers(
    four_workers: Server, database_url: str
) -> None:
    store = open_store(database_url)
    secrets = [store.keys.create(name, "cms") for name in ("one", "two")]
    store.close()
    time.sleep(1.1)  # the workers remember for a second that there was no key
    with ThreadPoolExecutor(40) as pool:
        for secret in secrets:
            jobs = [
                pool.submit(four_workers.ask, "POST", "/v1/suggest", ARTICLE, headers=bearer(secret)) for _ in range(40)
            ]
            assert Counter(job.result(60)[0] for job in jobs) == {200: 10, 429: 30}
    told(
        "40 requests at once at 4 workers, 10 a minute allowed", f"{len(secrets)} keys", 0, "10 of each pass, 30 do not"
    )


# --- requests at work ---


@pytest.fixture
def one_place(tagger: Tagger, registry: Registry) -> Flask:
    """A service that works on one request at a time."""
    return build_app(tagger, registry, allowed=Limits(at_once=1))


@contextmanager
def taking_a_place(app: Flask) -> Iterator[None]:
    """Let another thread's request be at work."""
    begun, end = threading.Event(), threading.Event()

    def work() -> None:
        with app.test_request_context():
            app.preprocess_request()
            take_slot()
            begun.set()
            end.wait(60)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        assert begun.wait(60)
        try:
            yield
        finally:
            end.set()
        done.result(60)


def test_when_all_places_are_taken_others_are_sent_away_at_once(one_place: Flask) -> None:
    client = one_place.test_client()
    with taking_a_place(one_place):
        for refused in (client.get("/v1/tags"), client.post("/v1/suggest", json=ARTICLE), client.get("/review")):
            assert refused.status_code == 503
            assert refused.get_json()["type"] == "/docs#overloaded"
            assert int(refused.headers["Retry-After"]) >= 1
        for path in ("/health/live", "/health/ready", "/metrics", "/static/style.css"):
            assert client.get(path, buffered=True).status_code == 200
    assert client.post("/v1/suggest", json=ARTICLE).status_code == 200


def test_a_place_is_given_back_whatever_comes_of_a_request(one_place: Flask) -> None:
    client = one_place.test_client()
    for _ in range(3):
        assert client.post("/v1/suggest", json=ARTICLE).status_code == 200
        assert client.post("/v1/suggest", data="{", content_type="application/json").status_code == 400
        assert client.get("/v1/articles/nobody").status_code == 404
        assert client.get("/nothing/here").status_code == 404
        assert client.put("/nothing/here", json=ARTICLE).status_code == 404


def test_many_at_once_are_answered_or_sent_away_and_all_is_well_afterwards(tagger: Tagger, registry: Registry) -> None:
    app = build_app(tagger, registry, allowed=Limits(at_once=2))

    def ask(_: int) -> int:
        return app.test_client().post("/v1/suggest", json=ARTICLE).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = Counter(pool.map(ask, range(200)))
    assert set(statuses) <= {200, 503}
    assert statuses[200] > 0
    assert [ask(0) for _ in range(5)] == [200] * 5


# --- what arrives slowly ---


of_connections = pytest.mark.sqlite("they are looked after before the store is asked")


@pytest.fixture
def impatient(registry: Registry, database_url: str) -> Iterator[Server]:
    """A service that waits a second."""
    limit = {"TAGGER_READ_SECONDS": "1"}
    server = start(registry.folder, database_url, "--workers", "1", "--threads", "4", settings=limit)
    yield server
    assert stop(server) == 0


HEADER = b"POST /v1/suggest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def all_of(connection: socket.socket) -> bytes:
    connection.settimeout(30)
    return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.slow
@of_connections
@pytest.mark.parametrize(
    "begun",
    [HEADER + b'Content-Length: 500\r\n\r\n{"title"', HEADER + b"Transfer-Encoding: chunked\r\n\r\n8\r\n{"],
    ids=["length", "chunked"],
)
def test_a_body_that_stops_is_answered_408(impatient: Server, begun: bytes) -> None:
    with impatient.connect() as connection:
        connection.sendall(begun)
        answer = all_of(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"/docs#too-slow" in answer
    assert impatient.ask("POST", "/v1/suggest", ARTICLE)[0] == 200


@of_connections
@pytest.mark.slow
def test_a_body_that_comes_a_byte_at_a_time_is_answered_408(impatient: Server) -> None:
    with impatient.connect() as connection:
        connection.sendall(HEADER + b"Content-Length: 500\r\n\r\n")
        for _ in range(100):
            connection.sendall(b" ")
            if select.select([connection], [], [], 0.2)[0]:
                break
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 408 ")


@of_connections
@pytest.mark.slow
def test_a_header_that_stops_is_given_up(impatient: Server) -> None:
    stalled = [impatient.connect() for _ in range(8)]  # twice as many as there are threads
    for connection in stalled:
        connection.sendall(HEADER)
    assert impatient.ask("POST", "/v1/suggest", ARTICLE)[0] == 200
    for connection in stalled:
        assert all_of(connection) == b""
        connection.close()


@of_connections
@pytest.mark.slow
def test_kept_connections_are_answered_in_any_order_by_fewer_threads(impatient: Server) -> None:
    kept = [http.client.HTTPConnection("127.0.0.1", impatient.port, timeout=30) for _ in range(8)]
    for connection in [*kept, *reversed(kept), *[kept[3]] * 5]:
        connection.request("GET", "/health/live")
        assert connection.getresponse().read()
    for connection in kept:
        connection.close()


@of_connections
@pytest.mark.slow
def test_requests_that_arrive_together_are_all_answered(impatient: Server) -> None:
    asked = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"
    with impatient.connect() as connection:
        connection.sendall((asked + b"\r\n") * 3 + asked + b"Connection: close\r\n\r\n")
        assert all_of(connection).count(b"HTTP/1.1 200 ") == 4


@of_connections
@pytest.mark.slow
def test_a_later_header_that_stops_is_given_up(impatient: Server) -> None:
    with impatient.connect() as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        connection.sendall(HEADER)
        while connection.recv(65536):  # what is left of the answer, and then the end
            pass
