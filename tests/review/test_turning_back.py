"""An editor who turns back to an article after Done, while the next one is still on its way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from tests.browser import IN_BROWSER, HeldBack
from tests.review.desk import Desk, OpenPage, press, saved, shown_id

pytestmark = IN_BROWSER

DEALS = "**/v1/queue/deal?*"


@contextmanager
def next_article_on_its_way(page: Page) -> Iterator[None]:
    """Hold back which article comes next until the end of the block, and wait then for the answer."""
    dealing = HeldBack(page, DEALS, "POST")
    press(page, "Enter")
    dealing.wait()
    yield
    with page.expect_response(DEALS):
        dealing.wait().continue_()
    page.wait_for_load_state("networkidle")


def stays(page: Page, article: str, said: str) -> None:
    expect(page.locator("#said")).to_contain_text(said)
    expect(page.locator("#article")).to_have_attribute("data-id", article)
    expect(page).to_have_url(f"{page.url.partition('/review')[0]}/review/{article}")
    saved(page)


@pytest.fixture
def page(desk: Desk, open_page: OpenPage) -> Page:
    for name in ("a", "b"):
        desk.put(name)
    return open_page(desk)


def test_undo_of_done_stays_with_the_article(desk: Desk, page: Page) -> None:
    article = shown_id(page)
    with next_article_on_its_way(page):
        press(page, "z")
        stays(page, article, "Taken back")
    stays(page, article, "Taken back")
    assert [row[2] for row in desk.log()] == ["complete", "undo"]


def test_opening_again_stays_with_the_article(desk: Desk, page: Page) -> None:
    article = shown_id(page)
    with next_article_on_its_way(page):
        page.get_by_role("button", name="Open it again").click()
        stays(page, article, "open again")
    stays(page, article, "open again")
    assert [row[2] for row in desk.log()] == ["complete", "reopen"]


def test_suggestions_of_a_blind_article_are_shown_and_stay(blind_desk: Desk, open_page: OpenPage) -> None:
    for name in ("a", "b"):
        blind_desk.put(name)
    page = open_page(blind_desk)
    article = shown_id(page)
    with next_article_on_its_way(page):
        page.get_by_role("button", name="Show what would have been suggested").click()
        expect(page.locator(".card").first).to_be_visible()
    expect(page.locator("#article")).to_have_attribute("data-id", article)
    expect(page.locator(".card").first).to_be_visible()
