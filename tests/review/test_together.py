"""Near-duplicates are answered together, nobody is dealt an article that somebody else has, and articles are found."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser import IN_BROWSER
from tests.everything import stored_articles
from tests.review.desk import STORIES, Desk, OpenPage, cards, choose, press, saved, shown_id

pytestmark = IN_BROWSER
WIRE = (
    "ISKP claimed the bombing of a mosque in Kabul on Friday, the interior ministry said. The Taliban said they would "
    "hunt ISKP in Afghanistan. Police closed the roads and took the wounded to three hospitals in the city, a doctor said."
)


def test_near_duplicates_are_answered_once_and_one_undo_takes_it_back(desk: Desk, open_page: OpenPage) -> None:
    for n, more in enumerate(("", " The toll rose to ten.", " It was the second attack.")):
        desk.put(f"wire{n}", title=f"Kabul, update {n}", body=WIRE + more, published_at=f"2024-06-0{9 - n}")
    desk.put("other", 2, published_at="2024-01-01")
    page = open_page(desk, path="/review/wire0")
    first = cards(page)[0]
    expect(page.locator("#near")).to_contain_text("Answer 2 near-duplicates together")
    press(page, "a", "t")
    expect(page.get_by_role("checkbox", name="together")).to_be_checked()
    press(page, "Enter")
    expect(page.locator("#said")).to_contain_text("With it 2 near-duplicates.")
    expect(page.locator("#article")).to_have_attribute("data-id", "other")
    expect(page.locator("#list .closed")).to_have_count(3)
    saved(page)
    closed = {row.article.id for row in stored_articles(desk.tagger.store) if row.state == "closed"}
    assert closed == {"wire0", "wire1", "wire2"}
    assert all(first in desk.tagger.store.log.read(name).standing().tags for name in closed)
    press(page, "z")
    expect(page.locator("#article")).to_have_attribute("data-id", "wire0")
    saved(page)
    assert {row.article.id for row in stored_articles(desk.tagger.store) if row.state == "closed"} == set()
    assert desk.tagger.store.log.read("wire1").standing().tags == ()
    assert desk.tagger.store.log.read("wire0").standing().tags == (first,)  # what was said before stays
    expect(page.locator("#list .closed")).to_have_count(0)


def test_articles_without_near_duplicates_say_so(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a", 0)
    page = open_page(desk)
    cards(page)
    press(page, "t")
    expect(page.locator("#said")).to_have_text("This article has no near-duplicates.")
    expect(page.locator("#near .near")).to_have_count(0)


def test_nobody_is_dealt_what_somebody_else_has_and_an_address_says_who(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a", 0)
    desk.put("b", 2)
    ana = open_page(desk, "ana")
    mine = shown_id(ana)
    ana.wait_for_load_state("networkidle")
    ben = open_page(desk, "ben")
    other = shown_id(ben)
    assert {mine, other} == {"a", "b"}
    expect(ben.locator("#list li", has_text=f"({mine})")).to_contain_text("ana has it")
    ben.goto(f"{desk.address}/review/{mine}")
    expect(ben.locator("#notices")).to_contain_text("ana has this article open now.")
    press(ana, "Enter")
    saved(ana)


def test_search_finds_in_the_queue_and_then_in_all_articles(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a", 0)
    desk.put("b", 2)
    page = open_page(desk, path="/review/a")
    cards(page)
    press(page, "Enter")
    saved(page)
    page.get_by_label("Search the queue").fill("boko vill")
    expect(page.locator("#list a")).to_have_text(["Boko Haram fighters attack village in Borno (b)"])
    expect(page).to_have_url(re.compile(r"q=boko\+vill"))
    page.get_by_label("Search the queue").fill("mosque")
    expect(page.locator("#headline")).to_have_text("No article is left with these filters")
    page.get_by_role("button", name="Search all articles").click()
    expect(page.locator("#list a")).to_have_text(["ISKP bombs Kabul mosque (a)"])


def test_typing_errors_find_the_tag(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a", 0)
    page = open_page(desk)
    cards(page)
    press(page, "+")
    page.keyboard.type("boko harm")
    expect(page.locator("#add-list [role=option]").first).to_contain_text("Boko Haram")
    choose(page)
    saved(page)
    assert desk.log() == [("a", "boko-haram", "add", "ana")]


def test_an_article_without_a_title_shows_its_first_words(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a", title="", body=f"{STORIES[0][1]} {STORIES[2][1]}")
    page = open_page(desk)
    expect(page.locator("#headline")).to_have_text(
        "ISKP claimed the bombing of a mosque in Kabul. The Taliban said they would hunt …"
    )
    expect(page.locator(".head-of-article .facts")).to_contain_text("no title")
    expect(page.locator("#list a")).to_contain_text("ISKP claimed the bombing")


def test_scope_note_stands_where_the_decision_is_made(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a", 0)
    page = open_page(desk)
    first = cards(page)[0]
    note = desk.tagger.serving.model().taxonomy.by_id[first].note
    assert note
    expect(page.locator(f"#card-{first} .note")).to_have_text(note)
    expect(page.locator(".card .note:visible")).to_have_count(1)
