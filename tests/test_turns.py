"""Turns at writing: first come, first served; a batch lets others go first; nobody waits past a deadline."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from classifier.domain.articles import Article
from classifier.errors import BadStore
from classifier.store.database.opening import open_store
from classifier.store.database.turns import set_deadline
from classifier.store.store import Store
from tests.conftest import ROOT
from tests.hard import size
from tests.storing import put_article
from tests.waiting import SECONDS

N_WRITERS = 16
HELD_SECONDS = size(1.0, 12.0)
pytestmark = pytest.mark.sqlite("PostgreSQL has many writers at once")

# Begins a transaction that writes, says so, and holds it until it is told to end.
HOLDING = """
import sys
from classifier.store.database.opening import open_store
store = open_store(sys.argv[1])
with store.engine.begin():
    print("holding", flush=True)
    sys.stdin.readline()
store.close()
"""

# Writes again and again, and says when.
WRITING = """
import sys, time
from classifier.domain.articles import Article
from classifier.store.database.opening import open_store
from tests.storing import put_article
store = open_store(sys.argv[1])
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    put_article(store, Article(f"{sys.argv[2]}-{number}", "Rain in Lagos"), "cms")
store.close()
"""


@contextmanager
def other_process_writes(database_url: str) -> Iterator[Callable[[], object]]:
    """Let another process be in the middle of a transaction; yield what ends it."""
    command = [sys.executable, "-c", HOLDING, database_url]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"holding\n"
        yield lambda: process.communicate(b"\n", SECONDS)
    finally:
        process.kill()
        process.communicate()


def stored_in_order(store: Store) -> list[str]:
    """Return the ids of the articles in the order in which they were stored."""
    with store.engine.connect().execution_options(readonly=True) as connection:
        return list(connection.scalars(text("SELECT id FROM articles ORDER BY rowid")))


@pytest.mark.slow
def test_writers_that_wait_are_served_in_the_order_in_which_they_came(store: Store, database_url: str) -> None:
    ids = [f"a{number}" for number in range(N_WRITERS)]
    with other_process_writes(database_url) as end, ThreadPoolExecutor(N_WRITERS) as pool:
        jobs = []
        for article_id in ids:
            jobs.append(pool.submit(put_article, store, Article(article_id, "Rain in Lagos"), "cms"))
            time.sleep(0.25)  # time to come, on a busy machine too
        time.sleep(HELD_SECONDS)
        end()
        assert [job.result(SECONDS) for job in jobs] == ["new"] * N_WRITERS
    assert stored_in_order(store) == ids


@pytest.mark.slow
def test_whoever_only_reads_does_not_wait_for_those_who_wait_to_write(store: Store, database_url: str) -> None:
    with other_process_writes(database_url) as end, ThreadPoolExecutor(N_WRITERS) as pool:
        jobs = [pool.submit(put_article, store, Article(f"a{n}", "Rain"), "cms") for n in range(N_WRITERS)]
        time.sleep(0.3)
        assert store.count_articles() == {}
        end()
        assert {job.result(SECONDS) for job in jobs} == {"new"}


@pytest.mark.slow
def test_processes_that_write_all_the_time_take_turns(database_url: str) -> None:
    n, names = 60, ("one", "two", "three")
    open_store(database_url).close()
    processes = [
        subprocess.Popen([sys.executable, "-c", WRITING, database_url, name, str(n)], cwd=ROOT, stdin=subprocess.PIPE)
        for name in names
    ]
    time.sleep(3)
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=SECONDS)
        assert process.returncode == 0
    store = open_store(database_url)
    order = [article_id.partition("-")[0] for article_id in stored_in_order(store)]
    store.close()
    together = order[: 3 * n - n]  # until one of them may have come to its end
    assert {order.count(name) for name in names} == {n}
    assert min(together.count(name) for name in names) >= n / 4


@pytest.mark.slow
def test_a_batch_lets_all_who_wait_go_first(store: Store, database_url: str) -> None:
    ended: list[str] = []

    def import_all() -> None:
        with store.giving_way():
            ended.append("batch")

    def put(name: str) -> None:
        put_article(store, Article(name, "Rain"), "cms")
        ended.append(name)

    with other_process_writes(database_url) as end, ThreadPoolExecutor(5) as pool:
        jobs = [pool.submit(import_all)]
        time.sleep(0.2)
        for number in range(4):
            jobs.append(pool.submit(put, f"a{number}"))
            time.sleep(0.25)  # time to come, on a busy machine too
        end()
        for job in jobs:
            job.result(SECONDS)
    assert ended[-1] == "batch"


def test_a_batch_of_another_process_goes_first_at_last(
    store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classifier.store.database.turns.PATIENCE_SECONDS", 0.2)
    busy = threading.Event()

    def write_all_the_time(name: str) -> None:
        number = 0
        while not busy.is_set():
            put_article(store, Article(f"{name}-{number}", "Rain"), "cms")
            number += 1

    batch = open_store(database_url)
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(write_all_the_time, f"w{number}") for number in range(4)]
        try:
            assert batch.import_articles([Article("archive", "Rain")], "import").new == 1
        finally:
            busy.set()
        for job in jobs:
            job.result(SECONDS)
    batch.close()


@pytest.mark.slow
def test_nobody_waits_past_the_deadline_and_the_line_goes_on(store: Store, database_url: str) -> None:
    def put(name: str, seconds: float) -> str:
        set_deadline(seconds)
        return put_article(store, Article(name, "Rain"), "cms")

    with other_process_writes(database_url) as end, ThreadPoolExecutor(3) as pool:
        hasty = [pool.submit(put, f"hasty-{number}", 0.3) for number in range(2)]
        time.sleep(0.1)
        patient = pool.submit(put, "patient", SECONDS)
        for job in hasty:
            with pytest.raises(BadStore, match="turn of this request did not come in time"):
                job.result(SECONDS)
        end()
        assert patient.result(SECONDS) == "new"


def test_a_process_that_is_killed_in_the_middle_keeps_nobody_waiting(store: Store, database_url: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        with other_process_writes(database_url):
            waiting = pool.submit(put_article, store, Article("a", "Rain"), "cms")
            time.sleep(0.2)
            assert not waiting.done()
        assert waiting.result(SECONDS) == "new"


@pytest.mark.slow
def test_a_request_waits_for_its_turn_instead_of_failing(client: FlaskClient, database_url: str) -> None:
    with other_process_writes(database_url) as end, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.put, "/v1/articles/a", json={"title": "ISKP bomber kills twelve in Kabul"})
        time.sleep(HELD_SECONDS)
        end()
        assert waiting.result(SECONDS).status_code == 200


def test_the_locks_are_nobody_elses_to_open(store: Store, tmp_path: Path) -> None:
    put_article(store, Article("a", "Rain"), "cms")
    locks = [tmp_path / f"tagger.db.{name}" for name in ("turn", "next")]
    assert [lock.stat().st_mode & 0o777 for lock in locks] == [0o600, 0o600]
