"""The cast: a small desk's taxonomy, its articles, a model that is really fitted on them, a fresh store, a client."""

from __future__ import annotations

import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule

from classifier.domain.articles import Article, read_articles
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.database.opening import open_store
from classifier.store.store import Store
from classifier.training.fitting import Fitted, fit
from classifier.training.settings import FitSettings
from classifier.web import build_app
from tests.desk import N_LATER, Desk, in_copy_of, made_once, trained_once
from tests.hard import HARD, size, told
from tests.postgres import SERVER, database, drop, drop_all, empty

ROOT = Path(__file__).parent.parent
STARTER = ROOT / "training_data"
EVAL_DATA = Path(os.environ.get("TAGGER_EVAL_DATA", ROOT.parent / "shared" / "data"))
N_SHOWN = 2000  # characters of a page that a failed test had open
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

# Two processors under load have no time limits for an example. The same code is tried on the same examples, so that what fails
# fails again; the hard tests look for new ones.
settings.register_profile("tests", deadline=None, max_examples=size(40, 1000), derandomize=not HARD)
settings.load_profile("tests")

needs_eval_data = pytest.mark.skipif(not EVAL_DATA.is_dir(), reason=f"no evaluation data in {EVAL_DATA}")


# Each test has an app of its own. What Werkzeug and Jinja compile for one is kept for the next: it took a third of the time.
_compile_builder, _builders = Rule._compile_builder, dict[tuple[str, str, bool], Any]()


def _kept_builder(rule: Rule, append_unknown: bool = True) -> Any:
    key = (rule.rule, str(rule.defaults), append_unknown)
    return _builders.get(key) or _builders.setdefault(key, _compile_builder(rule, append_unknown))


class _Compiled(BytecodeCache):
    codes: ClassVar[dict[str, bytes]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.codes:
            bucket.bytecode_from_string(self.codes[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.codes[bucket.key] = bucket.bytecode_to_string()


Rule._compile_builder = _kept_builder  # type: ignore[method-assign]
Flask.jinja_options = {"bytecode_cache": _Compiled()}


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


@pytest.fixture(scope="session")
def dated(articles: list[Article]) -> list[Article]:
    """The desk's articles in the order of their dates."""
    return sorted(articles, key=lambda one: (one.published_at or "", one.id))


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory, dated: list[Article], taxonomy: Taxonomy) -> Path:
    """A folder in which a desk has trained once."""
    return made_once(tmp_path_factory, "trained", lambda folder: trained_once(folder, dated[:-N_LATER], taxonomy))


@pytest.fixture(scope="session")
def second_run(
    first_run: Path, tmp_path_factory: pytest.TempPathFactory, dated: list[Article], taxonomy: Taxonomy
) -> Path:
    """A folder in which a desk has trained twice: it got articles in between."""

    def train(folder: Path) -> None:
        with in_copy_of(first_run, folder / "desk", taxonomy) as desk:
            desk.add(dated[-N_LATER:])
            assert desk.retrain().promoted

    return made_once(tmp_path_factory, "trained-twice", train) / "desk"


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
def _models(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The desk's model as champion, in a folder that is only copied: a service writes beside its models."""

    def save(folder: Path) -> None:
        registry = Registry(folder)
        fitted: Fitted = request.getfixturevalue("fitted")
        registry.promote(registry.save(fitted.model), "tests", "fitted for the tests")

    return made_once(tmp_path_factory, "models", save)


@pytest.fixture(scope="module")
def models_of_module(_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that the services of one module share."""
    return Path(shutil.copytree(_models, tmp_path_factory.mktemp("module") / "models"))


@pytest.fixture
def registry(_models: Path, tmp_path: Path) -> Registry:
    """A registry of one's own whose champion is the desk's model."""
    return Registry(Path(shutil.copytree(_models, tmp_path / "models")))


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


_ELSEWHERE = ("sqlite", "browser")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL run the tests that use the store, but for those that SQLite is enough for, and without a browser."""
    if SERVER:
        kept = [
            item
            for item in items
            if _uses_the_store(item) and not set(_ELSEWHERE) & {m.name for m in item.iter_markers()}
        ]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


def _uses_the_store(item: pytest.Item) -> bool:
    makes_databases = {"database", "servers"} & vars(getattr(item, "module", None)).keys()
    return bool(makes_databases) or "database_url" in getattr(item, "fixturenames", ())


def pytest_unconfigure() -> None:
    """Leave no database behind."""
    if SERVER:
        drop_all()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Show what the browser showed when a test failed."""
    report = yield
    if report.when == "call" and report.failed:
        for value in getattr(item, "funcargs", {}).values():
            page = getattr(value, "page", value)
            if type(page).__module__.startswith("playwright") and hasattr(page, "inner_text"):
                with suppress(Exception):  # the browser may be gone
                    report.sections.append((f"page {page.url}", page.inner_text("body")[:N_SHOWN]))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how many tests of each file failed, for the table of the hard tests."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            counts[report.nodeid.partition("::")[0]][outcome] += 1
    for path, n in counts.items():
        skipped = f"{n['skipped']} skipped" * bool(n["skipped"])
        told(f"all of {path}", f"{n['passed'] + n['failed']} tests", n["failed"] + n["error"], skipped)
