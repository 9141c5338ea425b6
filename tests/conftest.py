"""The cast: a small desk's taxonomy, its articles, a model that is really fitted on them, a fresh store, a client."""

from __future__ import annotations

import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings

from classifier.domain.articles import Article, read_articles
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.serving.head import head_file
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.database.opening import open_store
from classifier.store.store import Store
from classifier.training.fitting import Fitted, fit
from classifier.training.settings import FitSettings
from classifier.web import build_app
from tests.desk import N_LATER, Desk, in_copy_of, trained_once
from tests.hard import size, told
from tests.postgres import SERVER, database, drop, drop_all, empty

ROOT = Path(__file__).parent.parent
STARTER = ROOT / "training_data"
EVAL_DATA = Path(os.environ.get("TAGGER_EVAL_DATA", ROOT.parent / "shared" / "data"))
LOOKALIKE = Path(__file__).parent / "data" / "lookalike.txt"
DESK_TAGS = frozenset(
    [
        "islamic-state",
        "iskp",
        "iswap",
        "boko-haram",
        "al-shabaab",
        "taliban",
        "haqqani-network",
        "ttp",
        "hamas",
        "afghanistan",
        "pakistan",
        "nigeria",
        "somalia",
        "financing",
        "attack",
        "counter-terrorism-operation",
        "leadership",
        "policy",
        "trial",
        "analysis",
        "humanitarian",
    ]
)

# Two processors under load have no time limits for an example.
settings.register_profile("tests", deadline=None, max_examples=size(40, 1000))
settings.load_profile("tests")

needs_eval_data = pytest.mark.skipif(not EVAL_DATA.is_dir(), reason=f"no evaluation data in {EVAL_DATA}")


@pytest.fixture(scope="session")
def taxonomy() -> Taxonomy:
    """Twenty-one tags of the starter taxonomy, one of them (hamas) without an example in the desk's articles."""
    starter = read_taxonomy(STARTER / "taxonomy.yaml")
    return Taxonomy(tuple(tag for tag in starter.tags if tag.id in DESK_TAGS), starter.kinds)


@pytest.fixture(scope="session")
def articles() -> list[Article]:
    """The articles of a small desk that covers two regions."""
    files = [
        STARTER / "articles" / name
        for name in ("islamic-state.jsonl", "south-asia.jsonl", "themes.jsonl", "general.jsonl")
    ]
    return list(read_articles(files))


@pytest.fixture(scope="module")
def dated(articles: list[Article]) -> list[Article]:
    """The desk's articles in the order of their dates."""
    return sorted(articles, key=lambda one: (one.published_at or "", one.id))


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory, dated: list[Article], taxonomy: Taxonomy) -> Path:
    """A folder in which a desk has trained once."""
    return trained_once(tmp_path_factory.mktemp("trained"), dated[:-N_LATER], taxonomy)


@pytest.fixture
def desk(first_run: Path, tmp_path: Path, taxonomy: Taxonomy) -> Iterator[Desk]:
    """A desk of one's own that has trained once."""
    with in_copy_of(first_run, tmp_path / "desk", taxonomy) as desk:
        yield desk


@pytest.fixture(scope="session")
def fitted(articles: list[Article], taxonomy: Taxonomy) -> Fitted:
    """A model fitted on the desk's articles."""
    return fit(articles, taxonomy, FitSettings(n_jobs=1))


@pytest.fixture(scope="session")
def _models(fitted: Fitted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    registry = Registry(folder)
    registry.promote(registry.save(fitted.model), "tests", "fitted for the tests")
    return folder


@pytest.fixture
def registry(_models: Path, tmp_path: Path) -> Registry:
    """A registry of one's own whose champion is the desk's model."""
    folder = Path(shutil.copytree(_models, tmp_path / "models"))
    head_file(folder).unlink(missing_ok=True)  # the service of another test may have published it
    return Registry(folder)


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `create_app` start nothing beside requests: a thread would outlive the test, and ask for its database for ever."""
    for module in ("backlog", "live", "publisher", "scheduler"):
        monkeypatch.setattr(f"classifier.serving.{module}.repeat", lambda *_: None)
    monkeypatch.setattr("classifier.operations.deliverer.repeat", lambda *_: None)
    monkeypatch.setattr("service.watch_traces", lambda *_: None)


@pytest.fixture
def database_url(tmp_path: Path) -> Iterator[str]:
    """The URL of a database of one's own with all tables."""
    url = database(tmp_path)
    yield url
    if SERVER:
        drop(url)


@pytest.fixture
def empty_url(tmp_path: Path) -> str:
    """The URL of a database without tables."""
    return empty() if SERVER else f"sqlite:///{tmp_path}/tagger.db"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A fresh store."""
    store = open_store(database_url)
    yield store
    store.close()


@pytest.fixture
def tagger(registry: Registry, store: Store) -> Tagger:
    """The desk's model and a fresh store."""
    return Tagger(Serving(registry), store)


@pytest.fixture
def app(tagger: Tagger, registry: Registry) -> Flask:
    """The service, with errors answered as in production."""
    return build_app(tagger, registry)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the service on this machine."""
    return app.test_client()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL run the tests that use the store, but for those of SQLite's own files."""
    if SERVER:
        kept = [item for item in items if _uses_the_store(item) and item.get_closest_marker("sqlite") is None]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


def _uses_the_store(item: pytest.Item) -> bool:
    makes_databases = {"database", "servers"} & vars(getattr(item, "module", None)).keys()
    return bool(makes_databases) or "database_url" in getattr(item, "fixturenames", ())


def pytest_unconfigure() -> None:
    """Leave no database behind."""
    if SERVER:
        drop_all()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how many tests of each file failed, for the table of the hard tests."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            counts[report.nodeid.partition("::")[0]][outcome] += 1
    for path, n in counts.items():
        skipped = f"{n['skipped']} skipped" * bool(n["skipped"])
        told(f"all of {path}", f"{n['passed'] + n['failed']} tests", n["failed"] + n["error"], skipped)
