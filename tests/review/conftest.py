"""Desks with different settings, and pages of editors, for the tests of the review pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.model.retagging import retagged
from classifier.serving.registry import Registry
from classifier.serving.tagger import NO_SHARES
from classifier.store.arrivals import Shares
from classifier.training.fitting import Fitted
from tests.browser import chromium, close
from tests.review.desk import Desk, OpenPage, collect_complaints, emptied, open_desk, sign_in_as

SHARES = {"blind": Shares(blind=1.0), "second": Shares(second=1.0)}
ENVIRONMENTS = {"blind": {"TAGGER_BLIND_SHARE": "1"}, "second": {"TAGGER_SECOND_SHARE": "1"}}
Desks = Callable[[str], Desk]


@pytest.fixture(scope="package")
def models(fitted: Fitted, taxonomy: Taxonomy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The desk's model, in whose taxonomy the Haqqani Network was retired for a tag that was retired for the Taliban."""
    tags = [
        replace(tag, status="retired", replaced_by="taliban-network") if tag.id == "haqqani-network" else tag
        for tag in taxonomy.tags
    ]
    tags.append(Tag("taliban-network", "Miran Shah Shura", "group", status="retired", replaced_by="taliban"))
    folder = tmp_path_factory.mktemp("review-models")
    registry = Registry(folder)
    registry.promote(registry.save(retagged(fitted.model, replace(taxonomy, tags=tuple(tags)))), "tests", "one retired")
    return folder


@pytest.fixture(scope="package")
def desks(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    """Services that differ in their settings, each started when it is first wanted; only `keyed` ever has keys."""
    with ExitStack() as running:

        @cache
        def open_named(name: str) -> Desk:
            folder = tmp_path_factory.mktemp(name)
            desk = open_desk(models, folder, SHARES.get(name, NO_SHARES), **ENVIRONMENTS.get(name, {}))
            return running.enter_context(desk)

        yield open_named


@pytest.fixture
def desk(desks: Desks) -> Desk:
    return emptied(desks("plain"))


@pytest.fixture
def blind_desk(desks: Desks) -> Desk:
    return emptied(desks("blind"))


@pytest.fixture
def second_desk(desks: Desks) -> Desk:
    return emptied(desks("second"))


@pytest.fixture
def keyed_desk(desks: Desks) -> Desk:
    return emptied(desks("keyed"))


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open the review page as an editor in a browser of its own; nothing may have been complained of in the end."""
    contexts, complaints = [], []

    def open_page(
        desk: Desk, editor: str = "ana", path: str = "/review", refusals: bool = False, **options: Any
    ) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        collect_complaints(page, complaints, "Failed to load resource" if refusals else None)
        sign_in_as(page, desk, editor, path)
        return page

    yield open_page
    for context in contexts:
        close(context)
    assert complaints == []
