"""Changes of the taxonomy while clients ask a service of two workers, and what an undo gives back.

`make test-system` runs a short form, `make test-hard` the whole.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from classifier.domain.articles import Article
from classifier.serving.head import read_head
from classifier.serving.registry import Registry
from classifier.store.log import Draft
from classifier.store.store import Store
from tests.conftest import ROOT
from tests.hard import size, told
from tests.server import Server, start, stop
from tests.waiting import SECONDS

pytestmark = pytest.mark.slow

MERGE = "merge iskp iswap into islamic-state"
PARTS = frozenset(("iskp", "iswap", "islamic-state"))
PER_SECOND, N_CLIENTS = 20, 8
N_CHANGES = size(2, 20)
BETWEEN = 1.5  # seconds, in which all workers have seen a change
SETS = "/v1/tags/change-sets"


@pytest.fixture
def server(registry: Registry, store: Store, database_url: str) -> Iterator[Server]:
    """Two workers on the registry and the store."""
    server = start(registry.folder, database_url, "--workers", "2", "--threads", "16")
    yield server
    stop(server)


def text_of(article: Article) -> str:
    return json.dumps({"title": article.title, "body": article.body})


def tags_of(answer: dict[str, Any]) -> frozenset[str]:
    return frozenset(row["tag"] for row in answer["suggestions"])


def through_merge(tags: frozenset[str]) -> frozenset[str]:
    """The suggestions that stand for some while the merge stands: what any part had, the heir has."""
    return tags - PARTS | ({"islamic-state"} if tags & PARTS else set())


class Clients:
    """Clients that ask for articles in turn, so many a second in all, and keep what they are answered."""

    def __init__(self, port: int, texts: list[str]) -> None:
        self.answers: list[tuple[int, int, dict[str, Any]]] = []  # which article, the status, the answer
        self._port, self._texts, self._done = port, texts, threading.Event()
        self._begun = time.monotonic()

    def _ask(self, client: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=SECONDS)) as connection:
            number = client
            while not self._done.wait(max(0.0, self._begun + number / PER_SECOND - time.monotonic())):
                article = number % len(self._texts)
                connection.request("POST", "/v1/suggest", self._texts[article], {"Content-Type": "application/json"})
                response = connection.getresponse()
                self.answers.append((article, response.status, json.loads(response.read())))
                number += N_CLIENTS

    def __enter__(self) -> Clients:
        self._pool = ThreadPoolExecutor(N_CLIENTS)
        self._running = [self._pool.submit(self._ask, client) for client in range(N_CLIENTS)]
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for client in self._running:
            client.result(SECONDS)
        self._pool.shutdown()


def changed(server: Server, line_ops: list[dict[str, Any]]) -> str:
    """Propose and apply operations, and return the change set."""
    status, proposed = server.ask("POST", SETS, {"ops": line_ops})
    assert status == 201, proposed
    _, log = server.ask("GET", "/v1/tags/changes?since=0")
    status, applied = server.ask("POST", f"{SETS}/{proposed['id']}/apply", {"based_on": log["head"]})
    assert status == 200, applied
    return str(proposed["id"])


OPS = [{"op": "merge", "tags": ["iskp", "iswap"], "into": "islamic-state"}]


def test_at_20_requests_a_second_no_answer_during_a_merge_lacks_a_suggestion_that_a_part_had(
    server: Server, articles: list[Article]
) -> None:
    texts = [text_of(article) for article in articles[::7]]
    before = [server.ask("POST", "/v1/suggest", json.loads(text))[1] for text in texts]
    assert sum(bool(tags_of(answer) & {"iskp", "iswap"}) for answer in before) > 5
    versions = {before[0]["taxonomy_version"]}
    with Clients(server.port, texts) as clients:
        for _ in range(N_CHANGES):
            time.sleep(BETWEEN)
            set_id = changed(server, OPS)
            time.sleep(BETWEEN)
            status, undone = server.ask("POST", f"{SETS}/{set_id}/undo", {})
            assert status == 200, undone
        time.sleep(BETWEEN)
    assert {status for _, status, _ in clients.answers} == {200}
    n_of_heir = 0
    for article, _, answer in clients.answers:
        is_before = answer["taxonomy_version"] in versions
        expected = tags_of(before[article]) if is_before else through_merge(tags_of(before[article]))
        assert tags_of(answer) == expected
        n_of_heir += not is_before and bool(tags_of(before[article]) & {"iskp", "iswap"})
    assert len({answer["taxonomy_version"] for _, _, answer in clients.answers}) == 1 + N_CHANGES
    assert n_of_heir > 0
    told(
        f"merges and undos at {PER_SECOND} requests/s",
        f"{2 * N_CHANGES} changes, {len(clients.answers)} answers",
        0,
        f"{n_of_heir} answers had the heir where a part was suggested before",
    )


def exports_of(folder: Path, url: str) -> dict[str, bytes]:
    """What `export examples` and `export decisions` write."""
    written = {}
    for name in ("examples", "decisions"):
        command = ["export", name, "--output", str(folder / name), "--database", url]
        subprocess.run([sys.executable, "-m", "classifier", *command], cwd=ROOT, check=True, capture_output=True)
        written[name] = (folder / name).read_bytes()
    return written


def test_an_undo_gives_back_both_exports_and_200_answers_byte_for_byte(
    server: Server, registry: Registry, store: Store, database_url: str, articles: list[Article], tmp_path: Path
) -> None:
    store.import_articles(articles, "import")
    for number, article in enumerate(articles[:40]):
        drafts = [Draft("reject" if number % 2 else "accept", ("iskp", "iswap", "islamic-state")[number % 3])]
        store.log.decide(article.id, drafts, "ed4", lambda *_: {})
    asked = [{"title": article.title, "body": article.body} for article in articles[:200]]
    assert len(asked) == 200

    def state() -> tuple[dict[str, bytes], list[bytes]]:
        return exports_of(tmp_path, database_url), [server.ask_any("POST", "/v1/suggest", one)[1] for one in asked]

    before = state()
    set_id = changed(server, OPS)
    wait_until(server, registry)
    during = state()
    assert during[0]["decisions"] == before[0]["decisions"]
    assert sum(one != other for one, other in zip(before[1], during[1], strict=True)) == 200  # each names the taxonomy
    status, undone = server.ask("POST", f"{SETS}/{set_id}/undo", {})
    assert status == 200, undone
    wait_until(server, registry)
    assert state() == before


def wait_until(server: Server, registry: Registry, in_a_row: int = 40) -> None:
    """Wait until all workers have the published taxonomy."""
    head = read_head(registry.folder)
    assert head is not None
    until, seen = time.monotonic() + SECONDS, 0
    while seen < in_a_row:
        assert time.monotonic() < until
        answer = server.ask("POST", "/v1/suggest", {"title": "ISKP", "body": "ISKP said so."})[1]
        seen = seen + 1 if answer["taxonomy_version"] == head.taxonomy.version else 0


def test_a_service_that_is_killed_while_it_applies_goes_on_from_what_was_committed(
    registry: Registry, store: Store, database_url: str
) -> None:
    server = start(registry.folder, database_url, "--workers", "2")
    proposed = server.ask("POST", SETS, {"ops": OPS})[1]
    asking = threading.Thread(target=_apply_and_be_cut, args=(server, proposed["id"]))
    asking.start()
    time.sleep(0.05)
    for pid in (server.process.pid, *_children(server.process.pid)):
        os.kill(pid, signal.SIGKILL)
    asking.join(SECONDS)
    server.process.wait(SECONDS)
    again = start(registry.folder, database_url, "--workers", "2")
    wait_until(again, registry)
    head = store.taxonomy.head()
    state = again.ask("GET", f"{SETS}/{proposed['id']}")[1]["state"]
    stop(again)
    assert head is not None
    assert read_head(registry.folder) == head
    assert (state, head.n) in (("applied", 2), ("proposed", 1))


def _apply_and_be_cut(server: Server, set_id: str) -> None:
    try:
        server.ask("POST", f"{SETS}/{set_id}/apply", {"based_on": 1})
    except (OSError, http.client.HTTPException):
        return


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
