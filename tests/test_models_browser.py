"""A managing editor and the models, in a real browser: trains, compares, moves a threshold and undoes it, rolls back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from classifier.domain.articles import Article
from classifier.store.runs import JOB
from tests.browser import IN_BROWSER, chromium, serious, serving
from tests.desk import N_LATER, Desk, database

pytestmark = IN_BROWSER
PHONE = {"width": 360, "height": 740}
BUSY = 240_000  # milliseconds, against hanging only


@pytest.fixture
def page(desk: Desk, dated: list[Article], tmp_path: Path) -> Iterator[Page]:
    """The page of models of a desk that has got articles since its training, opened by ada."""
    desk.add(dated[-N_LATER:])
    url = database(tmp_path / "desk")
    with serving(desk.registry.folder, url) as address, chromium() as browser:
        page = browser.new_page(base_url=address, viewport={"width": 1280, "height": 860})
        page.goto("/sign-in?next=/models")
        page.get_by_label("Name").fill("ada")
        page.get_by_role("main").get_by_role("button").first.click()
        expect(page.get_by_role("heading", name="Models", level=1)).to_be_visible()
        yield page


def test_a_managing_editor_trains_compares_moves_a_threshold_and_rolls_back(page: Page, desk: Desk) -> None:
    first = desk.champion
    page.get_by_role("button", name="Train now").click()
    expect(page.get_by_role("heading", name=re.compile(r"Step \d of 6: "))).to_be_visible(timeout=BUSY)
    assert serious(page) == []
    expect(page.get_by_role("button", name="Train now")).to_be_visible(timeout=BUSY)
    expect(page.get_by_text("The last one:")).to_contain_text("new model serves")
    assert desk.champion != first

    page.get_by_role("link", name="Compare", exact=True).click()
    expect(page.get_by_text(re.compile(r"suggestions that appear: \d+"))).to_be_visible(timeout=BUSY)
    assert serious(page) == []

    page.get_by_role("link", name="Thresholds", exact=True).click()
    page.get_by_label("Tag", exact=True).select_option("afghanistan")
    page.get_by_role("button", name="Show").click()
    page.get_by_label("Move it").fill("95")
    expect(page.get_by_label("Percent")).to_have_value("95")
    page.get_by_role("button", name="See what changes").click()
    expect(page.locator("#effect")).to_contain_text("At 95% it would appear on")
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert serious(page) == []
    page.get_by_label("Why?").fill("too many passing mentions")
    page.get_by_role("button", name="Suggest it from 95% on").click()
    expect(page.get_by_text("It is set.")).to_be_visible()
    page.get_by_role("button", name="Take back the threshold of Afghanistan").click()
    expect(page.get_by_text("It is taken back.")).to_be_visible()
    expect(page.get_by_text("Nobody has set a threshold")).to_be_visible()

    page.goto("/models")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_text("Bring back the version before").click()
    page.get_by_label("What is wrong with this one?").fill("wrong tags on Mali")
    page.get_by_role("button", name="Bring it back").click()
    expect(page.get_by_text("wrong tags on Mali")).to_be_visible()
    assert desk.champion == first
    assert serious(page) == []


def test_a_run_that_ends_takes_nothing_out_of_a_form_that_is_filled_in(page: Page, desk: Desk) -> None:
    run = desk.store.runs.ask(JOB, "ada")
    page.clock.install()
    page.reload()
    expect(page.locator("[data-run]")).to_be_visible()
    page.get_by_text("Fix it, so that").click()
    why = page.locator("#why-fix")
    why.fill("an election")
    desk.store.runs.cancel(run.id, "ada")
    for _ in range(2):  # it goes on asking, and does not load itself anew
        with page.expect_event("requestfinished", lambda request: request.resource_type == "fetch"):
            page.clock.fast_forward(3_000)
    expect(why).to_have_value("an election")
    with page.expect_navigation():
        page.clock.fast_forward(12_000)
    expect(page.locator("[data-run]")).to_have_count(0)
