"""The review page on a telephone: the text comes first, and the tags are a sheet from below."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser import IN_BROWSER, serious, too_small
from tests.review.desk import STORIES, Desk, OpenPage, card, cards, saved, shown_id

pytestmark = IN_BROWSER
PHONE = {"width": 360, "height": 740}
CONTROLS = ".tools button:not(#keys), .work .tags :is(button, summary, input)"


def on_phone(desk: Desk, open_page: OpenPage) -> Page:
    """A page whose article has a long text."""
    desk.put("a", 0, body="\n\n".join([STORIES[0][1]] * 12), published_at="2024-06-06")
    desk.put("b", 2, published_at="2024-01-01")
    page = open_page(desk, has_touch=True, path="/review/a")
    page.set_viewport_size(PHONE)
    page.reload()
    expect(page.locator("#headline")).to_be_visible()
    return page


def test_text_is_in_the_first_screen_and_nothing_is_wider(desk: Desk, open_page: OpenPage) -> None:
    page = on_phone(desk, open_page)
    text, bar = page.locator("article.text p[dir]").first.bounding_box(), page.locator(".tools").bounding_box()
    assert text is not None
    assert bar is not None
    assert text["y"] + 100 < bar["y"]  # four lines of it at least
    assert page.evaluate("scrollY") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    expect(page.locator(".work .tags")).to_be_hidden()
    assert serious(page) == []


def test_tags_are_answered_by_touch_alone(desk: Desk, open_page: OpenPage) -> None:
    page = on_phone(desk, open_page)
    page.get_by_role("button", name="Tags").tap()
    first, second, *_ = cards(page)
    expect(card(page, first)).to_be_visible()
    assert too_small(page.locator(CONTROLS), of_shown=True) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert serious(page) == []
    card(page, first).locator("[data-do=accept]").tap()
    expect(page.locator("#on")).to_contain_text("accepted by you")
    card(page, second).locator("[data-do=reject]").tap()
    page.get_by_role("button", name="no reason").tap()
    expect(card(page, second)).to_have_attribute("data-state", "reject")
    page.get_by_role("button", name="Tags").tap()
    expect(page.locator(".work .tags")).to_be_hidden()
    page.get_by_role("button", name="Done").tap()
    expect(page.locator("#article")).to_have_attribute("data-id", "b")
    saved(page)
    assert desk.log() == [
        ("a", first, "accept", "ana"),
        ("a", second, "reject", "ana"),
        ("a", None, "complete", "ana"),
    ]


def test_keys_open_the_sheet_and_escape_closes_it(desk: Desk, open_page: OpenPage) -> None:
    page = on_phone(desk, open_page)
    assert shown_id(page) == "a"
    page.keyboard.press("j")
    expect(page.locator(".card.on")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".work .tags")).to_be_hidden()
    expect(page.get_by_role("button", name="Tags")).to_be_focused()
    page.keyboard.press("+")
    expect(page.locator("#add")).to_be_focused()


def test_menu_of_the_site_opens_by_its_button(desk: Desk, open_page: OpenPage) -> None:
    page = on_phone(desk, open_page)
    link = page.get_by_role("navigation", name="Site").get_by_role("link", name="Reports")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Menu").tap()
    expect(link).to_be_visible()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
