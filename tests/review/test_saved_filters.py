"""Filters of the queue are saved under names, chosen, renamed and removed, each with an undo; and a wrong language is corrected."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser import IN_BROWSER, serious
from tests.review.desk import Desk, OpenPage, card, cards, press
from tests.test_unlearned import SOMALI

pytestmark = IN_BROWSER


def saved_filters(desk: Desk, editor: str = "ana") -> dict[str, dict[str, str]]:
    return {name: dict(filters) for name, filters in desk.tagger.store.saved_filters.of(editor)}


def undo(page: Page) -> None:
    page.locator("#said").get_by_role("button", name="Undo").click()
    expect(page.locator("#said")).to_contain_text("Taken back.")


def save_as(page: Page, name: str, button: str = "Save …") -> None:
    page.get_by_role("button", name=button).click()
    page.get_by_label("Name", exact=True).fill(name)
    press(page, "Enter")
    expect(page.locator("#name-filter")).to_be_hidden()


def with_somali(desk: Desk) -> None:
    desk.put("a", 0, published_at="2024-06-02")
    desk.put("b", 2, published_at="2024-06-01")
    desk.put("so", title=SOMALI.title, body=SOMALI.body, published_at="2024-05-01")


def test_a_filter_is_saved_chosen_renamed_and_removed_with_undo(desk: Desk, open_page: OpenPage) -> None:
    with_somali(desk)
    page = open_page(desk)
    cards(page)
    expect(page.get_by_label("Saved filters")).to_be_disabled()
    page.locator(".filters > summary").click()
    page.locator("#f-language").select_option("Somali")
    expect(page.locator("#list a")).to_have_count(1)
    page.get_by_label("Order").select_option("newest")
    save_as(page, "Horn of Africa")
    assert saved_filters(desk) == {"Horn of Africa": {"language": "so", "order": "newest"}}
    expect(page.get_by_label("Saved filters")).to_have_value("Horn of Africa")
    assert serious(page) == []
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator("#list a")).to_have_count(3)
    expect(page.get_by_label("Saved filters")).to_have_value("")
    expect(page.get_by_role("button", name="Remove")).to_be_hidden()
    page.reload()
    cards(page)
    page.get_by_label("Saved filters").select_option("Horn of Africa")
    expect(page.locator("#list a")).to_have_count(1)
    expect(page).to_have_url(re.compile("order=newest&.*language=so"))
    page.locator(".filters > summary").click()
    save_as(page, "Somalia", "Rename …")
    assert list(saved_filters(desk)) == ["Somalia"]
    undo(page)
    assert list(saved_filters(desk)) == ["Horn of Africa"]
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#said")).to_contain_text("Removed: “Horn of Africa”.")
    assert saved_filters(desk) == {}
    undo(page)
    assert saved_filters(desk) == {"Horn of Africa": {"language": "so", "order": "newest"}}
    expect(page.get_by_label("Saved filters")).to_have_value("Horn of Africa")


def test_saving_over_a_filter_is_taken_back_and_no_name_hides_another(desk: Desk, open_page: OpenPage) -> None:
    with_somali(desk)
    page = open_page(desk, "eve")
    cards(page)
    page.locator(".filters > summary").click()
    page.locator("#f-state").select_option("new")
    save_as(page, "Mine")
    page.locator("#f-state").select_option("all")
    expect(page.get_by_label("Saved filters")).to_have_value("")
    save_as(page, "Mine")
    assert saved_filters(desk, "eve") == {"Mine": {"state": "all"}}
    undo(page)
    assert saved_filters(desk, "eve") == {"Mine": {"state": "new"}}
    save_as(page, "Other")
    page.get_by_role("button", name="Rename …").click()
    page.get_by_label("Name", exact=True).fill("Mine")
    press(page, "Enter")
    expect(page.locator("#nf-problem")).to_have_text("Not saved. You have another filter of this name.")
    assert set(saved_filters(desk, "eve")) == {"Mine", "Other"}


def test_a_wrong_language_is_corrected_and_taken_back(desk: Desk, open_page: OpenPage) -> None:
    with_somali(desk)
    page = open_page(desk, path="/review/a")
    before = cards(page)
    expect(page.locator("#language")).to_have_text("Language: English")
    page.locator("#language").focus()
    press(page, "Enter")
    field = page.locator("#correct-language").get_by_label("Language")
    expect(field).to_be_focused()
    expect(field).to_have_value("en")
    assert serious(page) == []
    field.select_option("French")
    page.get_by_role("button", name="Correct").click()
    expect(page.locator("#said")).to_contain_text("Language: French. Suggestions were made anew.")
    expect(page.locator("#language")).to_have_text("Language: French")
    expect(card(page, "attack")).to_have_count(0)  # a theme: only names count in French
    stored = desk.tagger.store.article("a")
    assert (stored.article.language, stored.corrected_language) == ("fr", "fr")
    page.locator("#said").get_by_role("button", name="Undo").click()
    expect(page.locator("#language")).to_have_text("Language: English")
    assert cards(page) == before
    assert desk.tagger.store.article("a").corrected_language is None
    page.goto(f"{desk.address}/articles/a/history")
    expect(page.locator(".history")).to_contain_text("ana changed the article: language.")
