"""The panel by keyboard, by ear and by finger, in both editors."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser import too_small
from tests.wordpress.desk import Desk
from tests.wordpress.editors import BlockEditor, ClassicEditor, Panel, use_classic

pytestmark = pytest.mark.wordpress
Sit = Callable[..., Page]


@pytest.fixture(params=["block", "classic"])
def panel(desk: Desk, sit: Sit, request: pytest.FixtureRequest) -> Panel:
    """An open editor whose suggestions have come, at least three."""
    if request.param == "classic":
        use_classic(desk)
    post = desk.post()
    desk.settled()
    page = sit("ana", BlockEditor.path(post))
    panel = BlockEditor(page).ready() if request.param == "block" else ClassicEditor(page)
    panel.shows("iskp")
    assert len(panel.tags()) >= 3
    return panel


def button(panel: Panel, n: int, name: str) -> Locator:
    return panel.root.locator("[data-tag]").nth(n).get_by_role("button", name=name)


def test_focus_stays_at_the_next_card_and_at_reject(panel: Panel) -> None:
    first, second, *_ = panel.tags()
    accept, reject = button(panel, 0, "Accept"), button(panel, 0, "Reject")
    reject.focus()
    expect(reject).to_have_attribute("aria-expanded", "false")
    panel.page.keyboard.press("Enter")
    expect(reject).to_have_attribute("aria-expanded", "true")
    expect(panel.card(first).get_by_role("button", name="No reason")).to_be_focused()
    assert Axe().run(panel.page, ".article-tagger").response["violations"] == []
    panel.page.keyboard.press("Escape")
    expect(reject).to_be_focused()
    expect(reject).to_have_attribute("aria-expanded", "false")
    panel.page.keyboard.press("Shift+Tab")
    expect(accept).to_be_focused()
    panel.page.keyboard.press("Enter")
    panel.lacks(first)
    expect(panel.card(second).get_by_role("button", name="Accept")).to_be_focused()
    while panel.tags():
        n = len(panel.tags())
        expect(panel.root.locator("[data-tag] button:focus")).to_have_count(1)  # a moment after the card went
        panel.page.keyboard.press("Enter")
        expect(panel.root.locator("[data-tag]")).to_have_count(n - 1)
    expect(panel.root.get_by_label("Add another tag")).to_be_focused()


def test_arrivals_are_announced(panel: Panel) -> None:
    expect(panel.page.locator("#a11y-speak-polite")).to_contain_text(f"{len(panel.tags())} suggestions")


def test_targets_are_large_enough_for_fingers(panel: Panel) -> None:
    panel.narrow(390, 800)
    panel.shows("iskp").scroll_into_view_if_needed()
    assert too_small(panel.root.get_by_role("button")) == []


def test_box_of_the_classic_editor_leaves_publish_where_it_was(desk: Desk, sit: Sit) -> None:
    use_classic(desk)
    page = sit("ana", BlockEditor.path(desk.post()))
    boxes = page.locator("#side-sortables > .postbox").evaluate_all("boxes => boxes.map(({id}) => id)")
    assert boxes[:2] == ["submitdiv", "article-tagger"]
