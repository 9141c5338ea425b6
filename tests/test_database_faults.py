"""What servers do to a database: broken files, lost logs, a full disk, a clock that jumps, kills. Nothing is lost in any."""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from flask.testing import FlaskClient

from classifier.commands import main
from classifier.errors import BadStore
from classifier.serving.registry import Registry
from classifier.serving.tagger import Tagger
from classifier.store.database.engine import DamagedStore
from classifier.store.database.opening import open_store
from classifier.store.database.sqlite import check_pages, stand_alone
from classifier.store.log import Draft
from classifier.store.queue import Wanted
from classifier.store.store import Store
from classifier.web import build_app
from tests.conftest import ROOT
from tests.everything import KABUL, stored_articles, stored_at
from tests.hard import size, told
from tests.server import Server, free_port, start, stop, wait_until_ready
from tests.storing import put_article
from tests.test_nothing_lost import N_ARTICLES, STORY, Client
from tests.waiting import SECONDS

N_KILLS = size(3, 20)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="FULL DISK NOT TESTED: only root can mount one")
of_files = pytest.mark.sqlite("its files are broken by hand")

# Decides, says how far it is, and waits to be killed: what it stored last is in the log alone.
DECIDING = """
import sys
from classifier.store.database.opening import open_store
from classifier.store.log import Draft
store = open_store(sys.argv[1])
for number in range(20):
    store.log.decide("kabul", [Draft("add", "iskp", note=f"n{number}")], "ada", lambda *_: {})
print("done", flush=True)
sys.stdin.read()
"""


# --- files that are broken while nobody has them open ---


def _zero_header(path: Path) -> None:
    stand_alone(path)  # with its log SQLite would mend the header by itself
    with path.open("r+b") as file:
        file.write(bytes(100))


def _lose(*endings: str) -> Callable[[Path], None]:
    def lose(path: Path) -> None:
        for ending in endings:
            Path(f"{path}{ending}").unlink()

    return lose


def _cut_everything(path: Path) -> None:
    _lose("-wal", "-shm")(path)
    os.truncate(path, path.stat().st_size // 2)


def _older_copy(path: Path) -> None:
    _lose("-wal", "-shm")(path)
    path.write_bytes(path.with_name("older.db").read_bytes())


FAULTS: dict[str, Callable[[Path], object]] = {
    "the header is zeroed": _zero_header,
    "the file is cut in half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "the file is cut in half and the log is lost": _cut_everything,
    "the file is emptied": lambda path: os.truncate(path, 0),
    "the file is emptied and the log is lost": lambda path: (_lose("-wal", "-shm")(path), os.truncate(path, 0)),
    "the file is gone": _lose(""),
    "the file and the log are gone": _lose("", "-wal", "-shm"),
    "the log is lost": _lose("-wal"),
    "the log and its index are lost": _lose("-wal", "-shm"),
    "the log is emptied": lambda path: os.truncate(f"{path}-wal", 0),
    "the log is cut": lambda path: os.truncate(f"{path}-wal", Path(f"{path}-wal").stat().st_size // 2),
    "an older copy takes its place": _older_copy,
}


@pytest.fixture(scope="module")
def killed_once(tmp_path_factory: pytest.TempPathFactory, models_of_module: Path) -> Path:
    """The folder of a database whose process was killed after twenty decisions; a backup has them all."""
    folder = tmp_path_factory.mktemp("killed")
    path = folder / "tagger.db"
    store = open_store(f"sqlite:///{path}")
    put_article(store, KABUL, "cms")
    store.import_articles([replace(KABUL, id=f"a{number}", body="Rain. " * 500) for number in range(50)], "import")
    store.close()
    (folder / "older.db").write_bytes(path.read_bytes())
    process = subprocess.Popen([sys.executable, "-c", DECIDING, f"sqlite:///{path}"], cwd=ROOT, stdin=-1, stdout=-1)
    assert process.stdout is not None
    assert process.stdout.readline() == b"done\n"
    assert main(["backup", "--output", str(folder / "b.tar"), *_where(path, Registry(models_of_module))]) == 0
    process.kill()
    process.communicate()
    return folder


@pytest.fixture
def killed(killed_once: Path, tmp_path: Path) -> Path:
    """A copy of the database whose process was killed, with its log and its backup."""
    return Path(shutil.copytree(killed_once, tmp_path / "killed")) / "tagger.db"


def _where(path: Path, registry: Registry) -> list[str]:
    return ["--database", f"sqlite:///{path}", "--models", str(registry.folder)]


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _notes(path: Path) -> list[str]:
    return [row["note"] for row in stored_at(f"sqlite:///{path}")["decisions"]]


DECIDED = [f"n{number}" for number in range(20)]


@of_files
def test_after_a_kill_alone_everything_is_there(killed: Path) -> None:
    assert _notes(killed) == DECIDED


@of_files
@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_database_is_refused_and_a_restore_brings_every_decision_back(
    killed: Path, registry: Registry, fault: str
) -> None:
    FAULTS[fault](killed)
    was = _size(killed)
    for _ in range(2):  # neither made anew nor mended without a word by the first try
        with pytest.raises(DamagedStore, match="python -m classifier restore"):
            open_store(f"sqlite:///{killed}", check=True)
    assert bool(_size(killed)) == bool(was)
    assert main(["restore", str(killed.parent / "b.tar"), "--force", *_where(killed, registry)]) == 0
    assert _notes(killed) == DECIDED
    told(f"database: {fault}", "1", 0, "refused, restored")


@of_files
@pytest.mark.parametrize("fault", [name for name in FAULTS if "cut in half" not in name])
def test_no_command_makes_a_new_database_in_the_place_of_a_broken_one(killed: Path, fault: str) -> None:
    FAULTS[fault](killed)
    for migrate in (True, False):
        with pytest.raises(BadStore):
            open_store(f"sqlite:///{killed}", migrate=migrate)
    with pytest.raises(DamagedStore, match="restore"):
        open_store(f"sqlite:///{killed}")


@pytest.mark.slow
@of_files
def test_a_service_does_not_start_on_a_broken_database(killed: Path, registry: Registry) -> None:
    FAULTS["the file is cut in half"](killed)
    command = [sys.executable, "-m", "classifier", "serve", "--port", str(free_port()), *_where(killed, registry)]
    served = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert served.returncode == 1
    assert served.stderr.startswith("error: The database")
    assert "python -m classifier restore" in served.stderr


@of_files
def test_who_goes_on_without_what_was_lost_has_to_say_so(killed: Path) -> None:
    _lose("-wal", "-shm")(killed)
    with pytest.raises(DamagedStore, match=rf"lacks the last \d+ changes.*remove {killed}\.commits"):
        open_store(f"sqlite:///{killed}")
    Path(f"{killed}.commits").unlink()
    assert len(_notes(killed)) < len(DECIDED)


@of_files
def test_another_program_may_put_the_log_into_the_file(killed: Path) -> None:
    import pysqlite3.dbapi2 as driver

    connection = driver.connect(str(killed))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    assert not Path(f"{killed}-wal").exists()
    assert _notes(killed) == DECIDED


# --- files that are broken under a running service ---


@of_files
@pytest.mark.parametrize("fault", ["the file is gone", "the file is emptied"])
def test_a_file_that_is_taken_away_from_a_running_store_is_told_of(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "tagger.db"
    store = open_store(f"sqlite:///{path}")
    put_article(store, KABUL, "cms")
    FAULTS[fault](path)
    for _ in range(2):
        with pytest.raises(DamagedStore, match="restore"):
            store.log.decide("kabul", [Draft("add", "iskp")], "ada", lambda *_: {})
    assert path.exists() == (fault != "the file is gone")
    store.close()


@pytest.mark.slow
@of_files
def test_a_log_that_is_taken_away_from_running_stores_loses_nothing_without_a_word(tmp_path: Path) -> None:
    path = tmp_path / "tagger.db"
    stores = [open_store(f"sqlite:///{path}") for _ in range(3)]
    put_article(stores[0], KABUL, "cms")
    acknowledged, n_refused = [], 0
    for number in range(30):
        if number == 10:
            Path(f"{path}-wal").unlink()
        try:
            draft = Draft("add", "iskp", note=f"n{number}")
            stores[number % 3].log.decide("kabul", [draft], "ada", lambda *_: {})
            acknowledged.append(f"n{number}")
        except BadStore:
            n_refused += 1
    for store in stores:
        store.close()
    assert n_refused
    try:
        there = _notes(path)
    except DamagedStore:
        return
    assert there == acknowledged


@of_files
def test_a_database_that_is_put_in_its_place_is_taken_up_without_a_restart(tmp_path: Path) -> None:
    paths = tmp_path / "tagger.db", tmp_path / "other.db"
    store, other = (open_store(f"sqlite:///{path}") for path in paths)
    put_article(store, KABUL, "cms")
    put_article(other, replace(KABUL, id="other"), "cms")
    other.close()
    for ending in ("-wal", "-shm", ".commits"):
        Path(f"{paths[0]}{ending}").unlink()
    paths[1].rename(paths[0])
    assert [one.article.id for one in stored_articles(store)] == ["other"]
    store.log.decide("other", [Draft("add", "iskp")], "ada", lambda *_: {})
    store.close()
    assert len(stored_at(f"sqlite:///{paths[0]}")["decisions"]) == 1


def test_who_finds_no_connection_free_is_told_so_in_time(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("engine", "sqlite"):
        monkeypatch.setattr(f"classifier.store.database.{module}.POOL_SECONDS", 0.2)
    monkeypatch.setattr("classifier.store.database.sqlite.N_WAITING", 0)
    store = open_store(database_url)
    held = [store.engine.connect() for _ in range(8)]
    with pytest.raises(BadStore, match="All 8 connections to the database are at work"):
        store.count_articles()
    for connection in held:
        connection.close()
    assert store.count_articles() == {}
    store.close()


# --- a full disk ---


@of_files
@needs_root
def test_on_a_full_disk_what_was_acknowledged_stays_and_the_rest_is_put_off(tagger: Tagger, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=True)
    try:
        url = f"sqlite:///{disk}/tagger.db"
        store = open_store(url)
        put_article(store, KABUL, "cms")
        client = build_app(Tagger(tagger.serving, store), tagger.serving.registry).test_client()
        acknowledged = _decide_until_refused(client, disk)
        (disk / "ballast").unlink()
        assert client.post("/v1/articles/kabul/decisions", json=_decision("after")).status_code == 201
        store.close()
        assert [row["note"] for row in stored_at(url)["decisions"]] == [*acknowledged, "after"]
        told("a full disk", f"{len(acknowledged)} decisions", 0)
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def _decision(note: str) -> dict[str, object]:
    return {"editor": "ada", "decisions": [{"tag": "iskp", "action": "accept", "note": note}]}


def _decide_until_refused(client: FlaskClient, disk: Path) -> list[str]:
    """Fill the disk in the middle of decisions; return those that were acknowledged."""
    acknowledged: list[str] = []
    for number in range(1000):
        if number == 10:
            _fill(disk, 100_000)
        answer = client.post("/v1/articles/kabul/decisions", json=_decision(f"n{number}"))
        if answer.status_code != 201:
            assert (answer.status_code, answer.get_json()["type"]) == (503, "/docs#no-store")
            assert answer.headers["Retry-After"]
            assert "No space left" in answer.get_json()["detail"]
            return acknowledged
        acknowledged.append(f"n{number}")
    raise AssertionError("the disk was never full")


def _fill(disk: Path, left: int) -> None:
    found = os.statvfs(disk)
    (disk / "ballast").write_bytes(b"\0" * (found.f_bavail * found.f_frsize - left))


# --- a clock that jumps ---


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the store's clock some days ahead or back."""
    import classifier.store as package

    def set_it(days: float) -> None:
        def moved() -> str:
            return (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="microseconds")

        for name in ("rows", "log", "arrivals", "suggestion_sets", "requests", "runs", "keys", "assignments"):
            monkeypatch.setattr(f"{package.__name__}.{name}.now", moved)

    return set_it


def _decide(store: Store, action: str, tag: str | None = None, undoes: str | None = None) -> str:
    def told(rows: object, *_: object) -> dict[str, object]:
        return {"id": rows[0].id}  # type: ignore[index]

    return str(store.log.decide("kabul", [Draft(action, tag, undoes=undoes)], "ada", told)["id"])


@pytest.mark.parametrize("jumps", [(1, 0), (0, -1), (-1, 1)], ids=["ahead and back", "back", "back and ahead"])
def test_whatever_the_clock_says_the_last_word_counts(
    store: Store, set_clock: Callable[[float], None], jumps: tuple[float, float]
) -> None:
    put_article(store, replace(KABUL, tags_complete=False), "cms")
    set_clock(jumps[0])
    _decide(store, "accept", "iskp")
    set_clock(jumps[1])
    rejected = _decide(store, "reject", "iskp")
    assert store.log.read("kabul").standing().rejected == ("iskp",)
    _decide(store, "undo", undoes=rejected)
    assert store.log.read("kabul").standing().tags == ("iskp",)
    assert [row.action for row in store.log.read("kabul").rows] == ["accept", "reject", "undo"]
    assert [row.action for row in store.log.all()] == ["accept", "reject", "undo"]


def test_whatever_the_clock_says_every_article_is_listed_once(store: Store, set_clock: Callable[[float], None]) -> None:
    for number in range(12):
        set_clock(random.Random(number).choice([-1, 0, 1]))
        put_article(store, replace(KABUL, id=f"a{number}", tags_complete=False), "cms")
    listed, place = store.queue.page(Wanted(), None, 5)
    while place is not None:
        more, place = store.queue.page(Wanted(), place, 5)
        listed += more
    assert Counter(one.article.id for one in listed) == Counter(f"a{number}" for number in range(12))


def test_a_request_that_was_answered_is_not_carried_out_again_after_the_clock_went_back(
    tagger: Tagger, set_clock: Callable[[float], None]
) -> None:
    from classifier.serving.tagger import DecisionBatch

    tagger.put_article(KABUL)
    answers = []
    for days in (1, 0, -1):
        set_clock(days)
        answers.append(tagger.decide("kabul", DecisionBatch([Draft("accept", "iskp")]), "ada", "ada", "key-1"))
    assert answers[0] == answers[1] == answers[2]
    assert len(tagger.store.log.read("kabul").rows) == 1


# --- ends, soft and hard ---


def _begin(server: Server, method: str, path: str, sent: object) -> socket.socket:
    """Send a request, and return once the service says that it is reading it."""
    body = json.dumps(sent).encode()
    connection = server.connect()
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
    assert connection.recv(100).startswith(b"HTTP/1.1 100")
    connection.sendall(body)
    return connection


def _status_of(connection: socket.socket) -> int:
    with closing(connection):
        response = http.client.HTTPResponse(connection)
        response.begin()
        response.read()
        return response.status


@pytest.mark.slow
def test_on_sigterm_every_request_that_runs_is_answered(models_of_module: Path, database_url: str) -> None:
    server = start(models_of_module, database_url, "--workers", "2", "--threads", "64")
    words = " ".join(f"w{number}" for number in range(1500))
    batch = {"articles": [{"id": f"a{n}", "title": STORY["title"], "body": f"{n} {words}"} for n in range(100)]}
    running = [_begin(server, "POST", "/v1/suggest/batch", batch) for _ in range(size(4, 16))]
    running += [_begin(server, "PUT", f"/v1/articles/s{number}", STORY) for number in range(4)]
    with ThreadPoolExecutor(len(running)) as pool:
        ended = pool.submit(stop, server)
        statuses = list(pool.map(_status_of, running))
    told("SIGTERM with requests running", str(len(running)), sum(status != 200 for status in statuses))
    assert set(statuses) == {200}
    assert ended.result(SECONDS) == 0
    assert {row["id"] for row in stored_at(database_url)["articles"]} >= {f"s{number}" for number in range(4)}


@pytest.mark.slow
def test_the_whole_group_is_killed_again_and_again_and_nothing_is_lost(registry: Registry, database_url: str) -> None:
    options, port = ("--workers", "2", "--threads", "8"), free_port()
    server = start(registry.folder, database_url, *options, port=port)
    for number in range(N_ARTICLES):
        assert server.ask("PUT", f"/v1/articles/a{number}", STORY)[0] == 200
    clients = [Client(port, f"ed{number}") for number in range(4)]
    ended = threading.Event()
    with ThreadPoolExecutor(len(clients)) as pool:
        jobs = [pool.submit(_decide_until, client, ended) for client in clients]
        for _ in range(N_KILLS):
            seen = sum(len(client.acknowledged) for client in clients)
            until = time.monotonic() + SECONDS
            while sum(len(client.acknowledged) for client in clients) < seen + 20:
                assert time.monotonic() < until
                time.sleep(0.01)
            master = psutil.Process(server.process.pid)
            for process in [master, *master.children(recursive=True)]:
                process.kill()
            server.process.wait(SECONDS)
            server = start(registry.folder, database_url, *options, port=port)
            wait_until_ready(server)
        ended.set()
        for job in jobs:
            job.result(SECONDS * 2)
    assert stop(server) == 0
    logged = Counter(row["note"] for row in stored_at(database_url)["decisions"])
    acknowledged = [note for client in clients for note in client.acknowledged]
    lost = len(set(acknowledged) - logged.keys())
    told("kill -9 of the whole group", f"{N_KILLS} times, {len(acknowledged)} decisions", lost)
    assert [error for client in clients for error in client.errors] == []
    assert logged == Counter(acknowledged)
    assert registry.champion_folder().is_dir()
    store = open_store(database_url)
    if store.engine.dialect.name == "sqlite":
        check_pages(store.engine, with_indexes=True)
    store.close()


def _decide_until(client: Client, ended: threading.Event) -> None:
    n, never_full = 0, threading.Semaphore(0)
    while not ended.is_set():
        client.decide([f"{client.name}-{n}-{number}" for number in range(5)], never_full)
        n += 1
