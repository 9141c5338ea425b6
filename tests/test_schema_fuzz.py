"""Schemathesis on the service's own OpenAPI document: every operation, every role, and calls that follow on each other."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.config import SchemathesisConfig

from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.database.opening import open_store
from classifier.store.store import Store
from classifier.web import build_app
from classifier.web.door import PATH
from tests.conftest import ROOT
from tests.hard import size, told
from tests.postgres import database
from tests.server import start, stop

pytestmark = pytest.mark.sqlite("requests are checked before the store is asked")

ROLES = ("cms", "editor", "admin", "reader")
OPEN, NOBODY = "anybody before the first key", "nobody"
CONFIG = SchemathesisConfig.from_path(ROOT / "tests" / "data" / "schemathesis.toml")
QUIET = settings(
    max_examples=size(12, 300),
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def fuzzed(models_of_module: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Store]]:
    """One service that must outlive everything in this file."""
    store = open_store(database(tmp_path_factory.mktemp("fuzz")))
    registry = Registry(models_of_module)
    yield build_app(Tagger(Serving(registry), store), registry), store
    store.close()


def _headers(store: Store, role: str) -> dict[str, str]:
    """Return the headers of a role, for which a key is made where it has one; before the first key the service is open."""
    if role == OPEN:
        return {}
    secret = store.keys.create(f"{role}-{len(store.keys.list())}", "reader" if role == NOBODY else role)
    return {} if role == NOBODY else {"Authorization": f"Bearer {secret}"}


def _schema(app: Flask) -> Any:
    return schemathesis.openapi.from_wsgi("/openapi.json", app, config=CONFIG)


@pytest.mark.slow
@pytest.mark.parametrize("role", [OPEN, NOBODY, *ROLES])
def test_no_request_is_a_fault_and_every_answer_is_as_described(fuzzed: tuple[Flask, Store], role: str) -> None:
    app, store = fuzzed
    n = _check_all(_schema(app), _headers(store, role))
    assert n > 100
    told(f"requests generated from the OpenAPI document, as {role}", f"{n}", 0)


@pytest.mark.slow
@pytest.mark.parametrize("role", [NOBODY, *ROLES])
def test_flask_answers_as_described_what_else_the_door_answers(
    fuzzed: tuple[Flask, Store], models_of_module: Path, role: str
) -> None:
    registry, store = Registry(models_of_module), fuzzed[1]
    app = build_app(Tagger(Serving(registry), store), registry, has_door=False)
    n = _check_all(_schema(app).include(path=PATH), _headers(store, role))
    assert n > 5
    told(f"the same without the door, as {role}", f"{n}", 0)


def _check_all(schema: Any, headers: dict[str, str]) -> int:
    """Send requests to every operation; return how many."""
    n_requests = 0
    for result in schema.get_all_operations():
        operation = result.ok()

        @QUIET
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            nonlocal n_requests
            n_requests += 1
            case.call_and_validate(headers=headers)

        check()
    return n_requests


@pytest.mark.slow
@pytest.mark.parametrize("role", size(["admin"], [OPEN, NOBODY, *ROLES]))
def test_calls_that_follow_on_each_other_are_no_fault(registry: Registry, tmp_path: Path, role: str) -> None:
    """By schemathesis's own program, which knows that a service remembers what was asked of it before."""
    url = database(tmp_path)
    with closing(open_store(url)) as store:
        headers = _headers(store, role)
    server = start(registry.folder, url, "--workers", "1", "--threads", "8")
    address = f"http://127.0.0.1:{server.port}/openapi.json"
    command = ["--config-file", str(ROOT / "tests" / "data" / "schemathesis.toml"), "run", address]
    options = ["--phases", size("stateful", "examples,coverage,fuzzing,stateful"), "--max-examples", str(size(30, 300))]
    program = Path(sys.executable).with_name("schemathesis")
    try:
        done = subprocess.run(
            [str(program), *command, *options, *(f"-H{name}: {value}" for name, value in headers.items())],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=3000,
        )
    finally:
        stop(server)
    assert done.returncode == 0, done.stdout[-4000:]
    n = re.search(r"(\d+) generated", done.stdout)
    assert n is not None, done.stdout[-4000:]
    told(f"requests of Schemathesis in all phases, as {role}", n[1], 0)
