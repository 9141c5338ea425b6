"""Load: a day's busiest minute for long, with a retraining in the middle; ten times that; clients that are slow.

Only `make test-hard` runs these tests, since a busy machine may fail them; `pytest -m load` runs a short form, and
TAGGER_TEST_LOAD_SECONDS sets its length. Figures are printed, not asserted: they are the machine's.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import psutil
import pytest

from classifier.domain.articles import Article
from classifier.serving.registry import Registry
from classifier.store.database.opening import open_store
from tests.conftest import ROOT
from tests.hard import size, told
from tests.server import Server, start, stop
from tests.waiting import SECONDS

PER_SECOND = 30
N_SECONDS = size(4, int(os.environ.get("TAGGER_TEST_LOAD_SECONDS", "600")))
N_SECONDS_OVER = min(size(3, 60), N_SECONDS)
N_CLIENTS = 24
N_CLIENTS_OVER = 200
N_SLOW = 200
RETRAIN_SECONDS = 1800
pytestmark = pytest.mark.load
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def server(registry: Registry, database_url: str) -> Iterator[Server]:
    """The service with the settings that it comes with."""
    server = start(registry.folder, database_url)
    yield server
    assert stop(server) == 0


@pytest.fixture
def bodies(articles: list[Article]) -> list[str]:
    """Articles of about four thousand characters, as a CMS sends them."""
    texts = [one.body for one in articles]
    long = [" ".join(texts[number : number + 40])[:4000] for number in range(0, len(texts) - 40, 7)]
    return [json.dumps({"title": articles[n].title, "body": body}) for n, body in enumerate(long)]


@dataclass
class Load:
    """Clients that send articles at a rate, whether or not the ones before were answered."""

    port: int
    bodies: list[str]
    rate: float
    prefix: str
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self, n_clients: int) -> Iterator[None]:
        """Send until the end of the block."""
        numbers, begun = itertools.count(), time.monotonic()
        with ThreadPoolExecutor(n_clients) as pool:
            clients = [pool.submit(self._send_all, numbers, begun) for _ in range(n_clients)]
            try:
                yield
            finally:
                self.done.set()
            for client in clients:
                client.result(SECONDS)

    def _send_all(self, numbers: Iterator[int], begun: float) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)) as connection:
            for number in numbers:
                due = begun + number / self.rate
                if self.done.wait(max(due - time.monotonic(), 0)):
                    return
                self._send(connection, number, due)

    def _send(self, connection: http.client.HTTPConnection, number: int, due: float) -> None:
        path, body = f"/v1/articles/{self.prefix}-{number}", self.bodies[number % len(self.bodies)]
        try:
            connection.request("PUT", path, body, JSON)
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException) as error:
            self.wrong.append(f"{number}: {error!r}")
            connection.close()
            return
        self.statuses[response.status] += 1
        if response.status == 200:
            self.seconds.append(time.monotonic() - due)  # from when it was due, so a late client hides nothing
        elif response.status not in (429, 503) or not response.getheader("Retry-After", "").isdecimal():
            self.wrong.append(f"{number}: {response.status}")

    def p95(self) -> float:
        """Return the time in milliseconds within which 95 of 100 were answered."""
        return 1000 * statistics.quantiles(self.seconds, n=20)[-1]


def stored_by(database_url: str) -> int:
    """Return how many articles of a CMS are stored."""
    store = open_store(database_url)
    n = store.count_articles().get("cms", 0)
    store.close()
    return n


def memory(server: Server) -> list[int]:
    """Return the resident megabytes of each worker."""
    return [one.memory_info().rss >> 20 for one in psutil.Process(server.process.pid).children()]


def retraining(registry: Registry, database_url: str) -> subprocess.Popen[bytes]:
    """Start a retraining as the timer does: it gives way to the service."""
    command = ["nice", "-n", "10", sys.executable, "-m", "classifier", "retrain", "--models", str(registry.folder)]
    return subprocess.Popen(
        [*command, "--database", database_url], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def test_thirty_articles_a_second_with_a_retraining_in_the_middle(
    server: Server, registry: Registry, bodies: list[str], database_url: str
) -> None:
    load = Load(server.port, bodies, PER_SECOND, "load")
    begun = time.monotonic()
    with load.running(N_CLIENTS):
        time.sleep(N_SECONDS / 3)
        early = memory(server)
        job = retraining(registry, database_url)
        code = job.wait(RETRAIN_SECONDS)
        trained = time.monotonic() - begun - N_SECONDS / 3
        time.sleep(max(begun + N_SECONDS - time.monotonic(), 1))
        late = memory(server)
    seconds = time.monotonic() - begun
    n_stored = stored_by(database_url)
    n_sent = sum(load.statuses.values())
    told(
        f"articles at {PER_SECOND}/s with a retraining",
        f"{n_sent} in {seconds:.0f} s",
        len(load.wrong) + n_sent - n_stored,
        f"p50 {1000 * statistics.median(load.seconds):.0f} ms, p95 {load.p95():.0f} ms (target 150), retraining {trained:.0f} s, "
        f"memory of workers {early} -> {late} MB",
    )
    assert code == 0
    assert load.wrong == []
    assert set(load.statuses) == {200}
    assert n_stored == n_sent
    assert sum(late) < 1.5 * sum(early)


def test_ten_times_as_much_is_refused_in_order_and_leaves_no_trace(
    server: Server, bodies: list[str], database_url: str
) -> None:
    load = Load(server.port, bodies, 10 * PER_SECOND, "over")
    health: list[float] = []
    with load.running(N_CLIENTS_OVER):
        until = time.monotonic() + N_SECONDS_OVER
        while time.monotonic() < until:
            begun = time.monotonic()
            assert server.ask("GET", "/health/live")[0] == 200
            health.append(time.monotonic() - begun)
            time.sleep(0.2)
    begun = time.monotonic()
    after = Load(server.port, bodies, PER_SECOND, "after")
    with after.running(N_CLIENTS):
        while len(after.seconds) < PER_SECOND:
            assert time.monotonic() < begun + SECONDS, "the service does not recover"
            time.sleep(0.05)
        recovered = time.monotonic() - begun
    n_taken = load.statuses[200] + after.statuses[200]
    n_refused = load.statuses[503] + load.statuses[429]
    told(
        f"articles at {10 * PER_SECOND}/s",
        f"{sum(load.statuses.values())} in {N_SECONDS_OVER} s",
        len(load.wrong) + n_taken - stored_by(database_url),
        f"{load.statuses[200]} accepted (p95 {load.p95():.0f} ms), {n_refused} refused with Retry-After, health within "
        f"{1000 * max(health):.0f} ms, {PER_SECOND} more accepted {recovered:.1f} s later",
    )
    assert load.wrong == after.wrong == []
    assert set(after.statuses) == {200}
    assert stored_by(database_url) == n_taken


HEADER = b"PUT /v1/articles/slow HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
BEGUN = (HEADER, HEADER + b'Content-Length: 4000\r\n\r\n{"title": "ISKP')


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has answered or gone."""
    try:
        connection.recv(65536)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def slow_clients(server: Server, n_clients: int) -> Iterator[list[int]]:
    """Keep so many requests half-sent, one half of them within the header, one within the body; yield how often one was closed."""
    closed, done = [0], threading.Event()

    def begin(number: int) -> socket.socket:
        connection = server.connect()
        connection.sendall(BEGUN[number % 2])
        connection.setblocking(False)
        return connection

    connections = [begin(number) for number in range(n_clients)]

    def begin_again() -> None:
        while not done.wait(0.5):
            for number, connection in enumerate(connections):
                if is_closed(connection):
                    connection.close()
                    closed[0] += 1
                    connections[number] = begin(number)

    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(begin_again)
        try:
            yield closed
        finally:
            done.set()
        job.result(SECONDS)
    for connection in connections:
        connection.close()


def test_slow_clients_do_not_slow_the_others(server: Server, bodies: list[str], database_url: str) -> None:
    seconds = min(size(3, 60), N_SECONDS)
    alone, among = (Load(server.port, bodies, PER_SECOND, prefix) for prefix in ("alone", "among"))
    with alone.running(N_CLIENTS):
        time.sleep(seconds)
    with slow_clients(server, N_SLOW) as closed:
        time.sleep(0.5)
        with among.running(N_CLIENTS):
            time.sleep(seconds)
    told(
        f"articles at {PER_SECOND}/s beside {N_SLOW} slow clients",
        f"{sum(among.statuses.values())} in {seconds} s",
        len(among.wrong) + sum((alone.statuses + among.statuses).values()) - stored_by(database_url),
        f"p95 {among.p95():.0f} ms, without them {alone.p95():.0f} ms, {closed[0]} slow clients disconnected",
    )
    assert alone.wrong == among.wrong == []
    assert set(alone.statuses) == set(among.statuses) == {200}
    assert stored_by(database_url) == alone.statuses[200] + among.statuses[200]
