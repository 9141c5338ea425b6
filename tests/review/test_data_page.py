"""An editor, a taxonomist and an admin at the page of the data report: by mouse, by keyboard, and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from classifier.reports.data.records import Articles, LeaningTag
from tests.browser import IN_BROWSER, serious, too_small
from tests.data_reports import doubted, found, keep, overlapping, report_of
from tests.review.desk import Desk, OpenPage

pytestmark = IN_BROWSER
ISKP = "Islamic State Khorasan Province"
BLOCK = "Sign up to our newsletter and never miss a story from our correspondents in Kabul and beyond"


def reported(desk: Desk) -> None:
    """Keep a report that doubts three labels, and finds two tags that overlap and a block that repeats."""
    for n in range(3):
        desk.put(f"a{n}", n % 2, tags=("iskp",))
    labels = [
        doubted("a0", "iskp", given=True, title="Blast at a mosque in Kabul kills twelve, officials say"),
        doubted("a1", "taliban", given=False, title="Taliban close schools"),
        doubted("a2", "iskp", given=True, title=""),
    ]
    block = {
        "text": BLOCK,
        "left_out": False,
        "leaning": [LeaningTag("iskp", 0.9, 1.25)],
        "articles": Articles(30, ["a1", "a2"]),
    }
    rows = {"suspect_labels": labels, "overlapping_tags": [overlapping("iskp", "taliban", "a1", "a2")]}
    keep(desk.tagger.store, report_of(found(**rows, repeated_blocks=[{**block, "folded": [BLOCK.lower()]}])))


def section(page: Page, name: str) -> str:
    return page.locator(f"#{name}").inner_text()


def test_what_the_report_found_is_mended_on_its_page(desk: Desk, open_page: OpenPage) -> None:
    reported(desk)
    page, store = open_page(desk, "ada", "/data"), desk.tagger.store

    # A label is taken off, that is taken back, and it is confirmed.
    page.get_by_role("button", name=f"Take it off: {ISKP} on “Blast").click()
    expect(page.get_by_role("status")).to_contain_text("does not belong on “Blast at a mosque")
    assert "iskp" not in store.log.read("a0").standing().tags
    assert "Blast" not in page.locator("#suspect_labels .mend").first.inner_text()
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_role("button", name=f"Confirm: {ISKP} on “Blast")).to_be_visible()
    assert "iskp" in store.log.read("a0").standing().tags
    page.get_by_role("button", name=f"Confirm: {ISKP} on “Blast").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Confirmed")

    # A block is ignored, and read again.
    page.get_by_role("button", name="Ignore in training").click()
    expect(page.locator("#ignored")).to_contain_text("By ada")
    assert [each.by for each in store.ignored_blocks.list()] == ["ada"]
    page.get_by_role("button", name="Do not ignore any more").click()
    expect(page.get_by_role("button", name="Ignore in training")).to_be_visible()
    assert store.ignored_blocks.list() == []

    # Two tags go into the basket as a merge; from an article of theirs the way leads to its page.
    page.locator("summary", has_text="Merge …").press("Enter")
    page.get_by_role("button", name=f"{ISKP} into Taliban").click()
    expect(page.locator("ol.changes")).to_contain_text("Taliban")
    page.goto(f"{desk.address}/data")
    expect(page.locator("#overlapping_tags")).to_contain_text("In the basket")
    page.locator("#overlapping_tags").get_by_role("link", name="a1").click()
    expect(page.locator("#headline")).to_be_visible()
    page.goto(f"{desk.address}/tags/basket")
    page.get_by_role("button", name="Empty the basket").click()


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_on_a_phone_it_is_no_wider_than_the_screen_and_has_large_buttons(
    desk: Desk, open_page: OpenPage, colours: str
) -> None:
    reported(desk)
    page = open_page(desk, "ada", "/data")
    page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert too_small(page.locator(".answers > form button")) == []
    assert serious(page) == []
