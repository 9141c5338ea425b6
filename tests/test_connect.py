"""The examples of docs/connect.md run as they stand there, against a service that asks for a key."""

from __future__ import annotations

import json
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

from classifier.domain.operation_lines import operation_from_text
from classifier.serving.registry import Registry
from classifier.serving.taxonomy import publish
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
    models: Path


@pytest.fixture(scope="module")
def desk(_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("connect")
    url = f"sqlite:///{folder}/tagger.db"
    with closing(open_store(url)) as store:
        secret = store.keys.create("website", "cms")
        models = Path(shutil.copytree(_models, folder / "models"))
        server = start(models, url, "--workers", "1", "--threads", "8")
        told = {"ARTICLE_TAGGER_URL": f"http://127.0.0.1:{server.port}", "ARTICLE_TAGGER_KEY": secret}
        yield Desk(store, told, models)
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


def feed_example() -> str:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    return next(block for block in blocks if "/v1/tags/changes" in block)


def follow(folder: Path, environment: dict[str, str]) -> dict[str, list[str]]:
    """Let the CMS of the example follow the taxonomy, and return its articles."""
    (folder / "feed.py").write_text(feed_example(), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "feed.py"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    articles: dict[str, list[str]] = json.loads(done.stdout)
    return articles


def test_a_cms_follows_a_merge_and_its_undo(desk: Desk, tmp_path: Path) -> None:
    store, articles = (
        desk.store,
        {"a": ["iskp", "taliban"], "b": ["iskp", "islamic-state"], "c": ["hamas"], "d": ["iskp"]},
    )
    if store.taxonomy.head() is None:
        publish(Registry(desk.models), store)
    begun = store.taxonomy.last()
    terms = {"iskp": "ISKP", "taliban": "Taliban", "hamas": "Hamas"}
    cms = {"n": begun, "terms": terms, "articles": articles, "moved": {}}
    (tmp_path / "terms.json").write_text(json.dumps(cms), encoding="utf-8")
    lines = ("merge iskp into islamic-state", 'relabel hamas "Hamas (Gaza)"')
    applied = store.taxonomy.apply([operation_from_text(line) for line in lines], "ada")
    moved = {"a": ["islamic-state", "taliban"], "b": ["islamic-state"], "c": ["hamas"], "d": ["islamic-state"]}
    assert follow(tmp_path, desk.environment) == moved
    assert store.feed_places.all()["website"][:2] == (applied.head.n, 3)
    kept = json.loads((tmp_path / "terms.json").read_text(encoding="utf-8"))
    assert kept["terms"]["hamas"] == "Hamas (Gaza)"
    kept["articles"]["d"] = ["taliban"]  # somebody has tagged it again
    (tmp_path / "terms.json").write_text(json.dumps(kept), encoding="utf-8")
    store.taxonomy.undo(applied.numbers, "ada")
    back = {"a": ["iskp", "taliban"], "b": ["islamic-state", "iskp"], "c": ["hamas"], "d": ["taliban"]}
    assert follow(tmp_path, desk.environment) == back
