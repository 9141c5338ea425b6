"""A taxonomist at the pages of the taxonomy: by keyboard, on a phone, without scripts, and with an editor beside."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from classifier.reports.drift.kept import KeptRising
from classifier.reports.drift.records import RisingName
from classifier.reports.json_form import to_json
from classifier.reports.parts import DatedArticle
from classifier.store.reports import RISING, KeptReport
from classifier.store.rows import now
from tests.browser import IN_BROWSER, serious
from tests.review.desk import Desk, OpenPage, emptied, open_desk, sign_in_as

pytestmark = IN_BROWSER
PHONE = {"width": 360, "height": 740}
PAGES = ("/tags", "/tags/taliban", "/tags/basket", "/tags/changes", "/tags/proposals", "/tags/rising", "/tags/import")


@pytest.fixture(scope="module")
def own(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk whose taxonomy may be changed: its models are its own."""
    folder = tmp_path_factory.mktemp("tags")
    with open_desk(Path(shutil.copytree(models, folder / "models")), folder) as desk:
        yield desk


@pytest.fixture
def tags_desk(own: Desk) -> Desk:
    return emptied(own)


def rises(desk: Desk, name: str, article_id: str) -> None:
    found = [DatedArticle(article_id, "", "2026-11-30")]
    row = RisingName(name, [], 3, 40, 0, 900, 31.0, "2026-11-28", found, None, [], [], "")
    content = to_json(KeptRising("2026-11-30", [row]))
    desk.tagger.store.reports.put(KeptReport(RISING, now(), 0, "t-1", content))


def type_into(page: Page, label: str, text: str) -> None:
    page.get_by_label(label, exact=True).fill(text)


def apply_basket(page: Page, desk: Desk, why: str) -> None:
    """Go to the basket, wait until it has counted, and apply it, with the keyboard."""
    page.goto(f"{desk.address}/tags/basket")
    page.get_by_label("Why").fill(why)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Done.")


def tags_of(desk: Desk, article_id: str) -> tuple[str, ...]:
    return desk.tagger.store.log.read(article_id).standing().tags


def test_a_taxonomist_merges_splits_takes_what_was_missed_and_what_rises(
    tags_desk: Desk, open_page: OpenPage, browser: Browser
) -> None:
    desk, store = tags_desk, tags_desk.tagger.store
    zagros = "Fighters of the Zagros Front attacked an outpost. The Zagros Front claimed the raid near Sarpol."
    desk.put("z1", title="Raid near Sarpol", body=zagros)
    desk.put("z2", title="The Zagros Front attacks again", body=zagros)
    desk.put("h", story=0, tags=("hamas",))
    missed = store.proposals.add("Jaish al-Adl", "Baluch", "z1", "ben")
    rises(desk, "Zagros Front", "z1")
    page = open_page(desk, "ada", "/tags")

    # Merges two tags, found by their names, and undoes it.
    page.get_by_label("Find a tag").fill("isis-k")
    page.keyboard.press("Enter")
    page.get_by_role("checkbox", name="Islamic State Khorasan Province").press("Space")
    page.get_by_label("Tag (for merge and put under)").fill("talib")
    expect(page.locator("#names-into option[value='Taliban']")).to_have_count(1)
    page.get_by_label("Tag (for merge and put under)").fill("Taliban")
    page.keyboard.press("Enter")
    expect(page.locator("#pages .n")).to_have_text(["1", "1"])  # one tag was missed, one change is in the basket
    apply_basket(page, desk, "The desk writes of one group")
    assert store.taxonomy.log().taxonomy().replacement_of("iskp") == "taliban"
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Done.")
    assert store.taxonomy.log().taxonomy().replacement_of("iskp") == "iskp"

    # Splits one: its article waits for a decision.
    page.goto(f"{desk.address}/tags/hamas")
    page.get_by_text("Split it").press("Enter")
    type_into(page, "Parts, one a line: new labels or tags", "Hamas in Gaza\nHamas abroad")
    page.locator("#parts").locator("xpath=ancestor::form").get_by_role("button").press("Enter")
    apply_basket(page, desk, "Two desks")
    page.goto(f"{desk.address}/tags/hamas")
    expect(page.locator("#waiting")).to_contain_text("1 article waits for a decision")
    expect(page.locator("#waiting .articles a")).to_have_attribute("href", "/review/h?state=all&redecide=hamas")

    # Takes a proposal, and the article that asked has the tag.
    page.goto(f"{desk.address}/tags/proposals")
    page.get_by_role("button", name="Take Jaish al-Adl").press("Enter")
    expect(page.locator(f"#taken-{missed}")).to_contain_text("the article has got it")
    assert tags_of(desk, "z1") == ("jaish-al-adl",)

    # Makes a rising name a tag, with its articles.
    page.goto(f"{desk.address}/tags/rising")
    page.get_by_role("button", name="Make Zagros Front a tag").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("2 articles that name it have the tag now")
    assert tags_of(desk, "z2") == ("zagros-front",)
    page.goto(f"{desk.address}/review/z2")
    expect(page.locator("main")).to_contain_text("Zagros Front")


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
