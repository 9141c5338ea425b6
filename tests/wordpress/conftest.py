"""The cast: a WordPress with the plugin, the service beside it, a browser with people who are signed in."""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, expect

from classifier.domain.articles import Article
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.model.retagging import retagged
from classifier.model.tag_model import TagModel
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.database.opening import open_store
from classifier.training.fitting import Fitted
from tests.browser import chromium
from tests.wordpress.desk import Desk, Service
from tests.wordpress.editors import sign_in
from tests.wordpress.site import USERS, Site, running_site

COUNTER = itertools.count(1)
REPLACED_TWICE = (
    Tag("old-khorasan", "Front of Old Khorasan", "group", status="retired", replaced_by="is-khorasan"),
    Tag("is-khorasan", "IS in Khorasan", "group", status="retired", replaced_by="iskp"),
)
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """A WordPress with the plugin activated, and an archive of nothing."""
    with tempfile.TemporaryDirectory(prefix="desk-") as folder, running_site(Path(folder)) as site:
        site.php("activate_plugin( 'article-tagger/article-tagger.php' );")
        yield site


@pytest.fixture(scope="session")
def models(fitted: Fitted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The desk's model; of Afghanistan it counts as sure, which so few examples do not earn; a tag was replaced twice."""
    model, known = fitted.model, fitted.model.parameters
    is_sure = np.array([tag.id == "afghanistan" for tag in model.taxonomy.tags])
    sure = replace(known, auto_thresholds=np.where(is_sure, known.thresholds, known.auto_thresholds))
    model = TagModel(sure, model.terms, model.title_terms, model.taxonomy, card=model.card, precedents=model.precedents)
    registry = Registry(tmp_path_factory.mktemp("models"))
    tags = (*model.taxonomy.tags, *REPLACED_TWICE)
    model = retagged(model, Taxonomy(tags, model.taxonomy.kinds))
    registry.promote(registry.save(model), "tests", "sure of Afghanistan")
    return registry.folder


@pytest.fixture(scope="session")
def service(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service with the desk's model, a key for the CMS and one to look into its log."""
    folder = tmp_path_factory.mktemp("service")
    url = f"sqlite:///{folder}/tagger.db"
    store = open_store(url)
    Tagger(Serving(Registry(models)), store).put_article(
        Article("first", "First", "A database with an article gets no starter articles.")
    )
    keys = {role: store.keys.create(role, role) for role in ("cms", "admin")}
    others = store.keys.create("other", "cms"), store.keys.create("vera", "editor")
    store.close()
    service = Service(models, url, keys["cms"], keys["admin"], *others)
    service.start()
    yield service
    service.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium of the machine."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def signed_in(browser: Browser, site: Site) -> dict[str, Path]:
    """The cookies of everybody, made once; then the database is kept as every test finds it.

    It has no sweep: one that was due while tests of ten minutes ran would be overdue. Each test begins with one that is due.
    """
    found = {}
    for name in USERS:
        context = browser.new_context()
        sign_in(context, site.address, name)
        found[name] = site.folder / f"{name}.json"
        context.storage_state(path=found[name])
        context.close()
    site.php("wp_clear_scheduled_hook( Article_Tagger\\Sender::SWEEP ); delete_transient( 'doing_cron' );")
    site.dump()
    return found


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Print a figure that a test has measured, also where pytest keeps what tests print, and into the file of results."""

    def say(figure: str) -> None:
        record_property("figure", figure)
        with capsys.disabled():
            sys.stdout.write(f"\n{figure}\n")

    return say


@pytest.fixture
def desk(site: Site, service: Service, signed_in: dict[str, Path]) -> Iterator[Desk]:
    """The site as it was installed, connected to the service; its articles have ids of this test's own."""
    site.restore()
    service.start()
    desk = Desk(site, service, f"t{next(COUNTER)}-")
    desk.set(address=service.address, key=service.cms_key, prefix=desk.prefix)
    site.complaints()
    yield desk
    assert site.complaints() == []


@pytest.fixture
def sit(browser: Browser, site: Site, signed_in: dict[str, Path]) -> Iterator[Callable[..., Page]]:
    """Open a page of the site as somebody; in the end no script may have complained and nobody outside been asked."""
    contexts, complaints = [], []

    def sit(name: str, path: str, *, refusals: bool = False) -> Page:
        context = browser.new_context(storage_state=signed_in[name], viewport={"width": 1360, "height": 1000})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: (
                complaints.append(f"{said.text} {said.location}") if is_complaint(said) and not refusals else None
            ),
        )
        page.on("request", lambda asked: complaints.append(asked.url) if is_outside(asked.url, site) else None)
        page.on("dialog", lambda dialog: answered(dialog, complaints))
        page.goto(site.address + path)
        return page

    yield sit
    for context in contexts:
        context.close()
    assert complaints == [], complaints


def is_complaint(said: ConsoleMessage) -> bool:
    """Whether a script complains; what the block editor asks for and an editor may not have is WordPress's own affair."""
    is_ours = "article-tagger" in said.location["url"]
    return said.type == "error" and (is_ours or not said.text.startswith("Failed to load resource"))


def answered(dialog: Dialog, complaints: list[str]) -> None:
    """Leave a page when it asks whether to; what a page says in an alert is somebody's script."""
    if dialog.type == "alert":
        complaints.append(dialog.message)
    dialog.accept()


def is_outside(url: str, site: Site) -> bool:
    return url.startswith("http") and not url.startswith(site.address)
