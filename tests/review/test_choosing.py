"""The card that asks which of several tags an article has: by keyboard, none of them, and on a telephone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from classifier.domain.operation_lines import operation_from_text
from classifier.serving.registry import Registry
from classifier.serving.taxonomy import change
from tests.browser import IN_BROWSER, serious
from tests.review.desk import Desk, OpenPage, cards, open_desk, press, saved

pytestmark = IN_BROWSER
KEY = "choice:iskp"
SPLIT = 'split iskp into iskp-north="Northern Wing" iskp-south="Southern Wing"'


@pytest.fixture(scope="module")
def desk(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with articles on a tag that was split."""
    folder = tmp_path_factory.mktemp("choosing")
    shutil.copytree(models, folder / "models")
    with open_desk(folder / "models", folder) as desk:
        change(Registry(folder / "models"), desk.tagger.store, [operation_from_text(SPLIT)], "ada")
        desk.tagger.serving._looked_at = 0.0
        desk.tagger.serving.settled()
        yield desk


def log_of(desk: Desk, article: str) -> list[tuple[str | None, str]]:
    return [(tag, action) for key, tag, action, _ in desk.log() if key == article]


def test_a_number_chooses_a_part_a_second_one_adds_to_it_and_undo_takes_it_back(
    desk: Desk, open_page: OpenPage
) -> None:
    desk.put("a", 0)
    page = open_page(desk, path="/review/a")
    assert cards(page)[0] == KEY
    asking = page.locator(f'[id="card-{KEY}"]')
    expect(asking).to_be_focused()
    expect(asking.get_by_role("heading")).to_contain_text("which?")
    press(page, "1")
    expect(asking.locator("[data-choose=iskp-north]")).to_have_attribute("aria-pressed", "true")
    expect(asking.locator(".decided")).to_contain_text("Northern Wing")
    expect(asking).not_to_be_focused()
    press(page, "k", "2")
    saved(page)
    assert log_of(desk, "a") == [("iskp-south", "reject"), ("iskp-north", "add"), ("iskp-south", "add")]
    press(page, "z")
    saved(page)
    assert log_of(desk, "a")[-1] == ("iskp-south", "undo")
    assert desk.tagger.store.log.read("a").standing().tags == ("iskp-north",)


@pytest.mark.parametrize(("key", "action"), [("x", "reject"), (" ", "unsure")])
def test_none_of_the_parts_and_unsure(desk: Desk, open_page: OpenPage, key: str, action: str) -> None:
    article = f"none-{action}"
    desk.put(article, 0)
    page = open_page(desk, path=f"/review/{article}")
    expect(page.locator(f'[id="card-{KEY}"]')).to_be_focused()
    press(page, key)
    saved(page)
    assert log_of(desk, article) == [("iskp-north", action), ("iskp-south", action)]
    page.reload()
    expect(page.locator("#headline")).to_be_visible()
    assert KEY not in cards(page)


def test_the_card_fits_a_telephone_and_has_no_serious_fault(desk: Desk, open_page: OpenPage) -> None:
    desk.put("phone", 1)
    page = open_page(desk, path="/review/phone")
    page.set_viewport_size({"width": 390, "height": 844})
    asking = page.locator(f'[id="card-{KEY}"]')
    page.get_by_role("button", name="Tags").click()
    expect(asking).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert serious(page) == []
    asking.get_by_role("button", name="Northern Wing").click()
    expect(asking.locator("[data-choose=iskp-north]")).to_have_attribute("aria-pressed", "true")
    saved(page)
