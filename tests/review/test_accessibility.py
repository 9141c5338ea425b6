"""The pages of editors have no serious barrier, in any mode and width."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import ViewportSize, expect

from classifier.serving.tagger import DecisionBatch
from classifier.store.log import Draft
from tests.browser import IN_BROWSER, serious
from tests.data_reports import ADVICE, doubted, found, keep, overlapping, report_of
from tests.everything import newest_set
from tests.review.desk import PAGES, Desk, OpenPage, card, cards, keep_report, press, visit

pytestmark = IN_BROWSER


DESKTOP, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=360, height=740)
TOO_WIDE = "document.documentElement.scrollWidth > innerWidth"
MODES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "dark, chosen": {"color_scheme": "light"},
    "forced colours": {"forced_colors": "active"},
    "more contrast": {"contrast": "more"},
    "320px": {},
}


def decide_some(desk: Desk) -> None:
    """Let two editors close articles, differ, and propose a tag."""
    for n in range(4):
        desk.put(f"a{n}", n % 2)
    for editor in ("ana", "ben"):
        for n in range(2):
            action = "accept" if editor == "ana" or n else "reject"
            answer = newest_set(desk.tagger.store, f"a{n}")
            assert answer is not None
            desk.tagger.decide(f"a{n}", _answer(action, answer[0]), editor)
    desk.tagger.store.proposals.add("Jaish al-Adl", "Baluch, in Iran", "a0", "ana")
    keep_report(desk)
    labels = [doubted("a2", "iskp", given=True, title="Mosque"), doubted("a3", "taliban", given=False)]
    keep(
        desk.tagger.store,
        report_of(found(suspect_labels=labels, overlapping_tags=[overlapping("iskp", "kabul", "a0")]), advice=ADVICE),
    )


@pytest.mark.parametrize("mode", MODES)
def test_pages_have_no_serious_barrier(second_desk: Desk, open_page: OpenPage, mode: str) -> None:
    decide_some(second_desk)
    page = open_page(second_desk, "eve")
    page.emulate_media(**MODES[mode])
    if "chosen" in mode:
        for colours in ("light", "dark"):
            page.locator("#theme").click()
            expect(page.locator("html")).to_have_attribute("data-theme", colours)
    page.set_viewport_size({"width": 320 if mode == "320px" else 1280, "height": 900})
    found: dict[str, Any] = {}
    for path in PAGES:
        visit(page, second_desk, path)
        found[path] = serious(page)
        found[f"{path} too wide"] = [page.evaluate("document.documentElement.scrollWidth - innerWidth")]
    page.goto(f"{second_desk.address}/articles/a0/history")
    found["history"] = serious(page)
    page.goto(f"{second_desk.address}/review/a2")
    card(page, cards(page)[0]).focus()
    press(page, "w")
    expect(page.locator(".sum").first).to_be_visible()
    press(page, "x", "+")
    page.keyboard.type("haq")
    expect(page.locator("#add-list [role=option]").first).to_contain_text("Haqqani")
    expect(page.locator(".because-group")).to_be_visible()
    found["why, reasons and tags to add"] = serious(page)
    press(page, "Escape", "Escape", "?")
    expect(page.locator("#help")).to_be_visible()
    found["help"] = serious(page)
    assert {name: what for name, what in found.items() if what not in ([], [0])} == {}


def test_pages_have_no_serious_barrier_from_right_to_left(second_desk: Desk, open_page: OpenPage) -> None:
    """Every page in Arabic, on a screen and on a phone: nothing is wider than either."""
    decide_some(second_desk)
    page = open_page(second_desk, "eve", locale="ar-YE")
    found: dict[str, Any] = {}
    for path in PAGES:
        page.set_viewport_size(DESKTOP)
        visit(page, second_desk, path)
        assert page.locator("html").get_attribute("dir") == "rtl"
        for size in (DESKTOP, PHONE):
            page.set_viewport_size(size)
            found[f"{path} {size['width']}"] = serious(page)
            found[f"{path} {size['width']} too wide"] = page.evaluate(TOO_WIDE)
    assert {name: what for name, what in found.items() if what} == {}


def _answer(action: str, set_id: str) -> DecisionBatch:
    return DecisionBatch([Draft(action, "iskp"), Draft("accept", "taliban")], complete=True, suggestion_set_id=set_id)
