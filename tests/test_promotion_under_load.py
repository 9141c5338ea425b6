"""Promotions and roll-backs while clients ask: no request fails, and every answer is that of the version it names.

`make test` runs a short form, `make test-hard` the whole.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from classifier.domain.articles import Article
from classifier.model.tag_model import TagModel
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.database.opening import open_store
from classifier.web import build_app
from tests.hard import size, told
from tests.postgres import database
from tests.server import Server, start, stop
from tests.waiting import SECONDS

pytestmark = pytest.mark.slow

N_CLIENTS = 8
N_CHANGES = size(6, 100)
N_TEXTS = 12
BETWEEN = 1.3  # seconds: workers look at the pointer once a second
IN_A_ROW = 60  # answers of one version, after which all workers have it

References = dict[str, list[Any]]


@pytest.fixture
def other(registry: Registry) -> str:
    """A second version, which suggests half of the tags less often."""
    model = registry.load_fitted_champion()
    thresholds = model.parameters.thresholds.copy()
    thresholds[::2] += 3.0
    parameters = replace(model.parameters, thresholds=thresholds)
    return registry.save(TagModel(parameters, model.terms, model.title_terms, model.taxonomy, card=dict(model.card)))


@pytest.fixture
def texts(articles: list[Article]) -> list[str]:
    """What the clients ask for, as JSON."""
    some = articles[:: len(articles) // N_TEXTS][:N_TEXTS]
    return [json.dumps({"title": one.title, "body": one.body}) for one in some]


@pytest.fixture
def references(registry: Registry, other: str, texts: list[str], tmp_path: Path) -> References:
    """What each version answers when it is alone, by version and text."""
    found: References = {}
    champion = registry.champion()
    assert champion is not None
    for version in (other, champion.version):
        registry.promote(version, "tests", "for reference")
        store = open_store(f"sqlite:///{tmp_path}/reference.db")
        client = build_app(Tagger(Serving(registry), store), registry).test_client()
        asked = [client.post("/v1/suggest", data=text, content_type="application/json") for text in texts]
        found[version] = [one.get_json() for one in asked]
        store.close()
    assert found[other] != found[champion.version]
    return found


@pytest.fixture
def server(registry: Registry, references: References, tmp_path: Path) -> Iterator[Server]:
    """Two workers on the registry, whose versions are known."""
    server = start(registry.folder, database(tmp_path), "--workers", "2", "--threads", "16")
    yield server
    stop(server)


@dataclass
class Load:
    """Clients that ask until they are told to stop."""

    port: int
    texts: list[str]
    references: References
    failed: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def ask(self, first: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)) as connection:
            number = first
            while not self.done.is_set():
                number = (number + 1) % len(self.texts)
                connection.request("POST", "/v1/suggest", self.texts[number], {"Content-Type": "application/json"})
                response = connection.getresponse()
                self._note(response.status, response.read(), number)

    def _note(self, status: int, raw: bytes, number: int) -> None:
        answer = json.loads(raw)
        version = answer.get("model_version")
        if status != 200 or answer != self.references.get(version, {number: None})[number]:
            self.failed.append(f"{status} {version} {number}")
        self.versions.append(version)

    def until_all_answer(self, version: str) -> float:
        """Return after how many seconds all workers have a version."""
        begun, seen = time.monotonic(), len(self.versions)
        while time.monotonic() < begun + SECONDS:
            last = self.versions[seen:][-IN_A_ROW:]
            if len(last) == IN_A_ROW and set(last) == {version}:
                return time.monotonic() - begun
            time.sleep(0.01)
        raise AssertionError(f"{version} was not taken up")


def test_no_request_fails_and_no_answer_is_of_two_models(
    registry: Registry, other: str, server: Server, texts: list[str], references: References
) -> None:
    load = Load(server.port, texts, references)
    with ThreadPoolExecutor(N_CLIENTS) as pool:
        clients = [pool.submit(load.ask, number) for number in range(N_CLIENTS)]
        try:
            for number in range(N_CHANGES):
                if number % 2 == 0:
                    registry.promote(other, "tests", "forth")
                else:
                    registry.roll_back("tests", "and back")
                time.sleep(BETWEEN)
            registry.promote(other, "tests", "once more")
            load.until_all_answer(other)
            begun = time.monotonic()
            back = registry.roll_back("tests", "in a hurry")
            to_disk = time.monotonic() - begun
            seconds = load.until_all_answer(back.version)
        finally:
            load.done.set()
        for client in clients:
            client.result(SECONDS)
    assert load.failed == []
    changes = sum(one != two for one, two in zip(load.versions, load.versions[1:], strict=False))
    assert set(load.versions) == set(references)
    assert changes >= N_CHANGES
    told(
        "promotions and roll-backs under load",
        f"{N_CHANGES} changes, {len(load.versions)} answers",
        len(load.failed),
        f"{N_CLIENTS} clients, a roll-back took {to_disk:.2f} s, and {seconds:.2f} s more until all workers had it",
    )
