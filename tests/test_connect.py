"""The examples of docs/connect.md run as they stand there, against a service that asks for a key."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from classifier.store.database.opening import open_store
from classifier.store.store import Store
from tests.conftest import ROOT
from tests.hard import size
from tests.server import free_port, start, stop
from tests.waiting import SECONDS

PAGE = (ROOT / "docs" / "connect.md").read_text(encoding="utf-8")
EXAMPLES = {"sh": "PUT", "python": "urllib", "php": "curl_init", "js": "fetch"}
PROGRAMS = {"sh": "sh", "python": sys.executable, "php": "php", "js": "node"}
ARTICLES = {"sh": "site-123", "python": "site-124", "php": "site-125", "js": "site-126"}
WHOLE = os.environ.get("TAGGER_TEST_NEEDS") == "system"


class Desk(NamedTuple):
    """A running service, and what a CMS is told of it."""

    store: Store
    environment: dict[str, str]


@pytest.fixture(scope="module")
def desk(_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("connect")
    url = f"sqlite:///{folder}/tagger.db"
    with closing(open_store(url)) as store:
        secret = store.keys.create("website", "cms")
        server = start(Path(shutil.copytree(_models, folder / "models")), url, "--workers", "1", "--threads", "8")
        told = {"ARTICLE_TAGGER_URL": f"http://127.0.0.1:{server.port}", "ARTICLE_TAGGER_KEY": secret}
        yield Desk(store, told)
        stop(server)


def example(language: str) -> str:
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return next(block for block in blocks if EXAMPLES[language] in block)


def run(language: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    program = folder / f"example.{language}"
    program.write_text(example(language), encoding="utf-8")
    return subprocess.run(
        [PROGRAMS[language], str(program)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def needs(language: str) -> None:
    if shutil.which(PROGRAMS[language]) is None and not WHOLE:
        pytest.skip(f"EXAMPLE NOT RUN: no {PROGRAMS[language]}")


@pytest.mark.parametrize("language", EXAMPLES)
def test_an_example_sends_an_article_and_an_answer(desk: Desk, tmp_path: Path, language: str) -> None:
    needs(language)
    done = run(language, tmp_path, desk.environment)
    assert done.returncode == 0, done.stderr
    assert "iskp" in done.stdout
    assert "taliban" in done.stdout.splitlines()[-1]
    (decision,) = (one for one in desk.store.log.read(ARTICLES[language]).rows if one.action == "accept")
    assert (decision.tag, decision.editor) == ("iskp", "website/Mira")


@pytest.mark.slow
@pytest.mark.parametrize("language", ["python", "php", "js"])
def test_an_example_says_what_is_wrong_with_its_key_and_does_not_repeat_it(
    desk: Desk, tmp_path: Path, language: str
) -> None:
    needs(language)
    done = run(language, tmp_path, {**desk.environment, "ARTICLE_TAGGER_KEY": "wrong"})
    assert done.returncode != 0
    assert "no-key" in done.stderr + done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("language", size(["python"], ["python", "php", "js"]))
def test_an_example_gives_up_where_nobody_answers(desk: Desk, tmp_path: Path, language: str) -> None:
    needs(language)
    away = {**desk.environment, "ARTICLE_TAGGER_URL": f"http://127.0.0.1:{free_port()}"}
    done = run(language, tmp_path, away)
    assert "iskp" not in done.stdout
