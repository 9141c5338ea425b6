"""A taxonomist at the pages of the taxonomy: by keyboard, on a phone, without scripts, and with an editor beside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import IN_BROWSER, serious
from tests.review.desk import Desk, emptied, open_own_desk, rises, sign_in_as

pytestmark = IN_BROWSER
PHONE = {"width": 360, "height": 740}
PAGES = ("/tags", "/tags/taliban", "/tags/basket", "/tags/changes", "/tags/proposals", "/tags/rising", "/tags/import")


@pytest.fixture(scope="module")
def own(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk whose taxonomy may be changed."""
    with open_own_desk(models, tmp_path_factory.mktemp("tags")) as desk:
        yield desk


@pytest.fixture
def tags_desk(own: Desk) -> Desk:
    return emptied(own)


def type_into(page: Page, label: str, text: str) -> None:
    page.get_by_label(label, exact=True).fill(text)


def apply_basket(page: Page, desk: Desk, why: str) -> None:
    """Go to the basket, wait until it has counted, and apply it, with the keyboard."""
    page.goto(f"{desk.address}/tags/basket")
    page.get_by_label("Why").fill(why)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Done.")


def context_of(browser: Browser, desk: Desk, path: str = "/tags", **options: Any) -> Page:
    page = browser.new_context(**options).new_page()
    sign_in_as(page, desk, "ada", path)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_serious_on_any_page_and_nothing_is_wider_than_a_phone(
    tags_desk: Desk, browser: Browser, scheme: Any
) -> None:
    store = tags_desk.tagger.store
    store.proposals.add("Jaish al-Adl", "Baluch", None, "ben")
    rises(tags_desk, "Zagros Front", "first")
    page = browser.new_context(viewport=PHONE, color_scheme=scheme).new_page()
    page.goto(f"{tags_desk.address}/sign-in?next=/tags/pakistan")
    page.get_by_label("Your name").fill("ada")
    page.keyboard.press("Enter")
    page.get_by_text("Mute it, or take care with it").click()
    page.get_by_role("button", name="Never suggest it").click()
    for path in PAGES:
        page.goto(tags_desk.address + path)
        expect(page.locator("h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        assert serious(page) == [], path
    page.goto(f"{tags_desk.address}/tags/basket")
    expect(page.get_by_label("Why")).to_be_visible()
    page.get_by_role("button", name="Empty the basket").click()
    page.context.close()


def test_all_works_without_scripts(tags_desk: Desk, browser: Browser) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{tags_desk.address}/sign-in?next=/tags/pakistan")
    page.get_by_label("Your name").fill("eve")
    page.keyboard.press("Enter")
    page.get_by_text("Change a label").click()
    type_into(page, "New label", "Islamic Republic of Pakistan")
    page.locator("#label").press("Enter")
    page.goto(f"{tags_desk.address}/tags/basket")
    page.get_by_role("link", name="Count what changes").click()
    page.get_by_label("Why").fill("Its full name")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("status")).to_contain_text("Done.")
    page.get_by_role("button", name="Undo").click()
    assert tags_desk.tagger.store.taxonomy.log().taxonomy().tag("pakistan").label == "Pakistan"
    page.context.close()
