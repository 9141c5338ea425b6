"""PostgreSQL: timeouts, locks that die with their holder, a server that goes away and comes back, three services on one.

The server is Debian's, started here. `make test-postgres` runs all other tests of the store on it too.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from classifier.commands import main
from classifier.domain.articles import Article
from classifier.errors import BadStore, Busy
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.assignments import Scope
from classifier.store.database.engine import DamagedStore, make_engine
from classifier.store.database.opening import open_store
from classifier.store.log import Draft
from classifier.store.store import Store
from tests import postgres as servers
from tests.conftest import ROOT
from tests.everything import KABUL, contents, exported, fill, stored_articles, stored_at
from tests.hard import size, told
from tests.postgres import Postgres
from tests.server import Server, start, stop
from tests.storing import put_article
from tests.test_nothing_lost import N_ARTICLES, STORY, Client
from tests.waiting import SECONDS

WHOLE = os.environ.get("TAGGER_TEST_NEEDS") == "postgres"  # where what is missing is a fault
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not servers.installed() and not WHOLE, reason="POSTGRESQL NOT TESTED: no Debian package postgresql"
    ),
]
AWAY = size(4.0, 30.0)
N_DECISIONS = size(30, 300)  # of each client
TAGS = {"decisions": [{"tag": "iskp", "action": "accept"}]}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A server of one's own, which may be stopped."""
    with servers.running() as server:
        yield server


@pytest.fixture
def url(server: Postgres) -> Iterator[str]:
    """The URL of a database without tables."""
    url = servers.fresh(server.url, "template0")
    yield url
    servers.drop(url)


@pytest.fixture
def here(url: str) -> Iterator[Store]:
    """A fresh store on PostgreSQL."""
    store = open_store(url)
    yield store
    store.close()


# --- how it is opened ---


def test_no_statement_and_no_lock_is_waited_for_without_end(here: Store) -> None:
    with here.engine.connect() as connection:
        limits = [connection.exec_driver_sql(f"SHOW {name}_timeout").scalar() for name in ("statement", "lock")]
    assert limits == ["30s", "30s"]


def test_no_query_is_compiled_before_it_is_run(here: Store) -> None:
    with here.engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW jit").scalar() == "off"


def test_a_row_that_another_holds_is_an_error_in_time_and_a_url_may_say_otherwise(here: Store, url: str) -> None:
    put_article(here, KABUL, "cms")
    hasty = open_store(f"{url}?options=-c%20lock_timeout%3D100")
    with here.engine.begin() as connection:
        connection.execute(text("SELECT id FROM articles FOR UPDATE"))
        with pytest.raises(BadStore, match="lock timeout"):
            hasty.log.decide("kabul", [Draft("add", "iskp")], "ada", lambda *_: {})
    hasty.log.decide("kabul", [Draft("add", "iskp")], "ada", lambda *_: {})
    hasty.close()


def test_errors_name_neither_the_server_nor_the_password() -> None:
    engine = make_engine("postgresql+psycopg://ed:secret@127.0.0.1:1/tagger")
    with pytest.raises(BadStore, match="Connection refused") as raised:
        engine.connect()
    assert not {"secret", "127.0.0.1", "ed"} & set(str(raised.value).replace(":", " ").split())


def test_a_damaged_page_is_told_apart_from_a_server_that_is_away(here: Store) -> None:
    broken = "DO $$ BEGIN RAISE EXCEPTION 'invalid page in block 7' USING ERRCODE = 'XX001'; END $$"
    with here.engine.connect() as connection, pytest.raises(DamagedStore, match=r"invalid page in block 7.*backup"):
        connection.exec_driver_sql(broken)


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_the_driver_need_not_be_named(url: str, scheme: str) -> None:
    store = open_store(url.replace("postgresql+psycopg", scheme))
    assert store.count_articles() == {}
    store.close()


def test_other_databases_are_refused() -> None:
    with pytest.raises(BadStore, match="mysql is neither sqlite nor postgresql"):
        open_store("mysql://localhost/tagger")


def test_texts_are_ordered_by_their_characters_whatever_the_language_of_the_server(server: Postgres) -> None:
    english = servers.fresh(server.url, "template0", "LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
    store = open_store(english)
    ids = ["B", "a", "a-b", "aa", "a_", "Z.1", "z:1", "10", "9"]
    days = {one: f"2024-06-{day:02}T12:00" for day, one in enumerate(ids, start=1)}
    store.import_articles([replace(KABUL, id=one, published_at=days[one]) for one in ids], "import")
    with store.engine.connect() as connection:
        default = connection.execute(text("SELECT v FROM unnest(ARRAY['B', 'a']) AS v ORDER BY v")).scalars().all()
    assert default == ["a", "B"]  # so the server would order otherwise
    assert [one.article.id for one in stored_articles(store)] == sorted(ids)
    until = [one.article.id for one in store.assignments.candidates(Scope(until="2024-06-03"))]
    store.close()
    servers.drop(english)
    assert until == sorted(ids[:3])


@pytest.mark.slow
def test_processes_that_start_at_once_migrate_one_after_the_other(url: str) -> None:
    opening = f"from classifier.store.database.opening import open_store; open_store({url!r}).close()"
    processes = [subprocess.Popen([sys.executable, "-c", opening], cwd=ROOT) for _ in range(3)]
    assert [process.wait(SECONDS) for process in processes] == [0, 0, 0]
    assert stored_at(url)["articles"] == []


# --- what runs at once ---


def test_imports_of_the_same_articles_at_once_all_succeed(here: Store, url: str) -> None:
    archive = [replace(KABUL, id=f"a{number}") for number in range(700)]
    others = [open_store(url) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        orders = [archive, archive[::-1], archive[350:] + archive[:350]]
        done = list(pool.map(lambda one: one[0].import_articles(one[1], "import"), zip(others, orders, strict=True)))
    for other in others:
        other.close()
    assert sum(one.new for one in done) == len(archive)
    assert here.count_articles() == {"import": len(archive)}


def _holder(url: str) -> subprocess.Popen[bytes]:
    holding = (
        "import sys; from classifier.store.database.opening import open_store\n"
        f"with open_store({url!r}).runs.alone('retrain'): print('at it', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen([sys.executable, "-c", holding], cwd=ROOT, stdin=-1, stdout=-1)
    assert process.stdout is not None
    assert process.stdout.readline() == b"at it\n"
    return process


def test_a_job_is_done_by_one_process_and_the_right_to_it_dies_with_its_holder(here: Store, url: str) -> None:
    holder = _holder(url)
    with pytest.raises(Busy, match="Another process is at `retrain`"), here.runs.alone("retrain"):
        pass
    with here.runs.alone("archive"):
        pass
    holder.kill()
    holder.communicate()
    _eventually(lambda: here.runs.alone("retrain").__enter__())


def test_a_job_whose_server_goes_away_ends_as_it_would(here: Store, server: Postgres) -> None:
    with here.runs.alone("retrain"):
        server.stop("immediate")
        server.start()
    with here.runs.alone("retrain"):
        pass


def _eventually(act: object) -> None:
    until = time.monotonic() + SECONDS
    while True:
        try:
            act()  # type: ignore[operator]
            return
        except (Busy, BadStore):
            assert time.monotonic() < until
            time.sleep(0.05)


# --- a server that is away ---


@pytest.mark.slow
def test_while_the_database_is_away_suggestions_go_on_and_decisions_are_put_off(
    models_of_module: Path, server: Postgres, url: str
) -> None:
    store = open_store(url)
    secret = store.keys.create("chief", "admin")
    put_article(store, KABUL, "cms")
    store.close()
    key = {"Authorization": f"Bearer {secret}"}
    service = start(models_of_module, url, "--workers", "2", "--threads", "8")

    def decide() -> int:
        return service.ask("POST", "/v1/articles/kabul/decisions", TAGS, key)[0]

    def suggest() -> int:
        return service.ask("POST", "/v1/suggest", STORY, key)[0]

    try:
        both = range(40)  # so that each worker knows the key
        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(lambda _: suggest(), both)) == {200}
        assert decide() == 201
        server.stop("fast")
        gone = time.monotonic()
        answers: Counter[int] = Counter()
        refusals: Counter[int] = Counter()
        # The one that answered least: on a busy machine the other may not know the key.
        killed = min(psutil.Process(service.process.pid).children(), key=lambda child: child.cpu_times().user)
        killed.kill()  # one that takes its place cannot begin, and must not end the others
        killed.wait(SECONDS)
        try:
            while time.monotonic() - gone < AWAY:
                answers[suggest()] += 1
                refusals[decide()] += 1
            status, problem = service.ask("POST", "/v1/articles/kabul/decisions", TAGS, key)
            ready = service.ask("GET", "/health/ready")[1]
        finally:
            server.start()
        back = time.monotonic()
        while decide() != 201:
            assert time.monotonic() - back < SECONDS
            time.sleep(0.05)
        seconds = time.monotonic() - back
        after = [decide() for _ in range(20)] + [service.ask("PUT", "/v1/articles/kabul", STORY, key)[0]]
        logged = len(stored_at(url)["decisions"])
    finally:
        stop(service)
    told(
        "the database is unreachable",
        f"{AWAY:.0f} s",
        0,
        f"{answers[200]} suggestions meanwhile, {seconds:.1f} s to resume",
    )
    assert set(answers) == {200}
    assert set(refusals) == {503}
    assert (status, problem["type"]) == (503, "/docs#no-store")
    assert ready["status"] == "degraded"
    assert ready["problems"] == ["The database cannot be read (BadStore)."]
    assert set(after) == {201, 200}
    assert logged == 1 + 1 + 20


# --- three services ---


@pytest.fixture
def services(registry: Registry, url: str) -> Iterator[list[Server]]:
    """Three services on three ports, with one database and one folder of models."""
    started = [start(registry.folder, url, "--workers", "1", "--threads", "8") for _ in range(3)]
    yield started
    for one in started:
        if one.process.poll() is None:
            stop(one)


@dataclass
class Balanced(Client):
    """A client that a balancer leads to another service when its own is gone."""

    connection: http.client.HTTPConnection | None = None

    def _decide(self, connection: http.client.HTTPConnection, number: int, note: str) -> None:
        self.connection = connection
        super()._decide(connection, number, note)

    def lead_to(self, server: Server) -> None:
        assert self.connection is not None
        self.connection.port = server.port


def _versions(services: list[Server]) -> set[str]:
    return {one.ask("POST", "/v1/suggest", STORY)[1]["model_version"] for one in services}


@pytest.mark.slow
def test_one_promotion_reaches_all_services_and_a_killed_one_loses_nothing(
    services: list[Server], registry: Registry, url: str
) -> None:
    for number in range(N_ARTICLES):
        assert services[number % 3].ask("PUT", f"/v1/articles/a{number}", STORY)[0] == 200
    other = registry.save(registry.load_champion())
    registry.promote(other, "tests", "for all three")
    until = time.monotonic() + SECONDS
    while _versions(services) != {other}:
        assert time.monotonic() < until
        time.sleep(0.1)
    clients = [Balanced(services[number % 3].port, f"ed{number}") for number in range(6)]
    done = threading.Semaphore(0)
    with ThreadPoolExecutor(len(clients)) as pool:
        notes = {one.name: [f"{one.name}-{number}" for number in range(N_DECISIONS)] for one in clients}
        jobs = [pool.submit(one.decide, notes[one.name], done) for one in clients]
        for _ in range(N_DECISIONS * 2):
            assert done.acquire(timeout=SECONDS)
        _kill_whole(services[0])
        for one in clients[::3]:
            one.lead_to(services[1])
        for job in jobs:
            job.result(SECONDS * 5)
    logged = Counter(row["note"] for row in stored_at(url)["decisions"])
    acknowledged = {note for one in clients for note in one.acknowledged}
    sent = {note for some in notes.values() for note in some}
    told("one of three services killed", f"{len(sent)} decisions", len(acknowledged - logged.keys()))
    assert [error for one in clients for error in one.errors] == []
    assert acknowledged == sent
    assert logged == Counter(sent)


def _kill_whole(server: Server) -> None:
    for process in [*psutil.Process(server.process.pid).children(), psutil.Process(server.process.pid)]:
        os.kill(process.pid, signal.SIGKILL)
    server.process.wait(SECONDS)


# --- from SQLite ---


@pytest.mark.slow
def test_a_store_moves_to_postgresql_with_everything_in_it(
    registry: Registry, articles: list[Article], url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = f"sqlite:///{tmp_path}/old.db"
    old = open_store(source)
    fill(Tagger(Serving(registry), old), articles)
    assert main(["migrate-database", "--from", source, "--to", url]) == 0
    assert "counts and digests compared" in capsys.readouterr().out
    assert stored_at(url) == contents(old)
    assert exported(url, tmp_path) == exported(source, tmp_path)
    for store in (old, new := open_store(url)):  # numbers go on behind those that came along
        store.log.decide("kabul", [Draft("add", "trial")], "cy", lambda *_: {})
        assert [row.tag for row in store.log.all()][-1] == "trial"
    assert [row["n"] for row in contents(new)["decisions"]] == [row["n"] for row in contents(old)["decisions"]]
    new.close()
    old.close()


def test_a_database_that_is_not_empty_is_not_written_to(here: Store, url: str, tmp_path: Path) -> None:
    source = f"sqlite:///{tmp_path}/old.db"
    open_store(source).close()
    put_article(here, KABUL, "cms")
    before = contents(here)
    assert main(["migrate-database", "--from", source, "--to", url]) == 1
    assert contents(here) == before


def test_a_row_that_does_not_fit_is_named_and_nothing_is_kept(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = f"sqlite:///{tmp_path}/old.db"
    store = open_store(source)
    store.import_articles([replace(KABUL, id=f"a{number}") for number in range(5)], "import")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE articles SET source = printf('%.60c', 'x') WHERE id = 'a4'")
    store.close()
    assert main(["migrate-database", "--from", source, "--to", url]) == 1
    assert "A row of articles does not fit" in capsys.readouterr().err
    assert stored_at(url)["articles"] == []
