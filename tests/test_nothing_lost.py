"""Many clients decide at once, workers die: every decision that was acknowledged is in the log, once.

`make test` runs a short form, `make test-hard` the whole.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from classifier.store.database.opening import open_store
from classifier.store.database.sqlite import check_pages
from tests.hard import size, told
from tests.postgres import database
from tests.server import Server, start, stop
from tests.waiting import SECONDS

pytestmark = pytest.mark.slow

N_CLIENTS = 12
N_ARTICLES = 24
N_DECISIONS = size(360, 3000)
STORM_SECONDS = size(3, 60)
TAGS = ("iskp", "taliban", "attack", "policy", "financing")
ACTIONS = ("accept", "reject", "add", "remove", "unsure")
STORY = {"title": "ISKP bomber kills twelve at Kabul mosque", "body": "The Taliban said that the attack killed twelve."}


@pytest.fixture
def server(models_of_module: Path, tmp_path: Path) -> Iterator[Server]:
    """Four workers on a fresh database."""
    server = start(models_of_module, database(tmp_path), "--workers", "4", "--threads", "16")
    for number in range(N_ARTICLES):
        status, _ = server.ask("PUT", f"/v1/articles/a{number}", STORY)
        assert status == 200
    yield server
    stop(server)


@dataclass
class Client:
    """A client that keeps its connection, and asks again with the same key where it got no answer."""

    port: int
    name: str
    acknowledged: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    n_repeated: int = 0

    def decide(self, notes: Iterable[str], done: threading.Semaphore) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        with closing(connection):
            for number, note in enumerate(notes):
                self._decide(connection, number, note)
                done.release()

    def _decide(self, connection: http.client.HTTPConnection, number: int, note: str) -> None:
        decision = {"tag": TAGS[number % 5], "action": ACTIONS[number // 5 % 5], "note": note}
        body = json.dumps({"editor": self.name, "decisions": [decision]})
        headers = {"Content-Type": "application/json", "Idempotency-Key": note}
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            try:
                connection.request("POST", f"/v1/articles/a{number % N_ARTICLES}/decisions", body, headers)
                response = connection.getresponse()
                answer = response.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                self.n_repeated += 1
                time.sleep(0.02)
                continue
            if response.status in (409, 503):  # it is at work, or the database is: ask again, as docs/connect.md says
                self.n_repeated += 1
                time.sleep(0.1)
            elif response.status == 201:
                self.acknowledged.append(note)
                return
            else:
                self.errors.append(f"{note}: {response.status} {answer[:200]!r}")
                return
        self.errors.append(f"{note}: no answer")


def decide_all(server: Server, n_killed: int) -> list[Client]:
    """Let all clients decide, and kill workers in the middle; return the clients."""
    clients = [Client(server.port, f"ed{number}") for number in range(N_CLIENTS)]
    each = N_DECISIONS // N_CLIENTS
    done = threading.Semaphore(0)
    with ThreadPoolExecutor(N_CLIENTS) as pool:
        jobs = [
            pool.submit(client.decide, [f"{client.name}-{number}" for number in range(each)], done)
            for client in clients
        ]
        for _ in range(n_killed):
            for _ in range(N_DECISIONS // (n_killed + 1)):
                assert done.acquire(timeout=SECONDS)
            os.kill(psutil.Process(server.process.pid).children()[0].pid, signal.SIGKILL)
        for job in jobs:
            job.result(SECONDS * 5)
    return clients


def logged_at(folder: Path) -> Counter[str]:
    """Return how often each note is in the log of a test's database, which must check clean."""
    store = open_store(database(folder))
    try:
        if store.engine.dialect.name == "sqlite":
            check_pages(store.engine, with_indexes=True)
        return Counter(row.note for row in store.log.all())
    finally:
        store.close()


@pytest.mark.parametrize("n_killed", [0, size(1, 3)], ids=["all live", "workers are killed"])
def test_every_decision_of_twelve_clients_is_logged_once(server: Server, tmp_path: Path, n_killed: int) -> None:
    begun = time.monotonic()
    clients = decide_all(server, n_killed)
    seconds = time.monotonic() - begun
    logged = logged_at(tmp_path)
    sent = {f"ed{client}-{number}" for client in range(N_CLIENTS) for number in range(N_DECISIONS // N_CLIENTS)}
    acknowledged = {note for client in clients for note in client.acknowledged}
    lost = len(acknowledged - logged.keys())
    told(
        f"decisions by {N_CLIENTS} clients at 4 workers" + f", {n_killed} killed" * bool(n_killed),
        str(N_DECISIONS),
        lost,
        f"{N_DECISIONS / seconds:.0f}/s, {sum(client.n_repeated for client in clients)} retried",
    )
    assert [error for client in clients for error in client.errors] == []
    assert acknowledged == sent
    assert logged == Counter(sent)


def test_a_worker_killed_every_quarter_second_costs_no_decision(server: Server, tmp_path: Path) -> None:
    clients = [Client(server.port, f"ed{number}") for number in range(N_CLIENTS)]
    ended, done = threading.Event(), threading.Semaphore(0)
    master, draw, n_killed = psutil.Process(server.process.pid), random.Random(0), 0
    with ThreadPoolExecutor(N_CLIENTS) as pool:
        jobs = [pool.submit(client.decide, notes_until(ended, client.name), done) for client in clients]
        for _ in range(4 * STORM_SECONDS):
            time.sleep(0.25)
            if workers := master.children():
                os.kill(draw.choice(workers).pid, signal.SIGKILL)
                n_killed += 1
        n_meanwhile = sum(len(client.acknowledged) for client in clients)
        ended.set()
        for job in jobs:
            job.result(SECONDS * 2)
    logged = logged_at(tmp_path)
    acknowledged = [note for client in clients for note in client.acknowledged]
    told(
        f"kill -9 of a worker of 4 every quarter second, {STORM_SECONDS} s",
        f"{n_killed} times, {len(acknowledged)} decisions",
        len(set(acknowledged) - logged.keys()),
        f"{n_meanwhile / STORM_SECONDS:.0f}/s meanwhile, {sum(client.n_repeated for client in clients)} retried",
    )
    assert [error for client in clients for error in client.errors] == []
    assert logged == Counter(acknowledged)
    assert n_meanwhile


def notes_until(ended: threading.Event, name: str) -> Iterator[str]:
    """Yield notes that nobody had before, until the end."""
    return (f"{name}-{number}" for number in itertools.takewhile(lambda _: not ended.is_set(), itertools.count()))
