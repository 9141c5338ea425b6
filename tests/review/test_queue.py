"""The queue beside the article: filters, order, and what waits again."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from classifier.archive.adding import Plan
from classifier.archive.backfill import sample_of
from classifier.domain.progress import untracked
from tests.browser import IN_BROWSER
from tests.review.desk import Desk, OpenPage, card, cards, choose, press, saved, shown_id

pytestmark = IN_BROWSER


def listed(page: Page) -> list[str]:
    return [text.split("(")[-1].rstrip(")") for text in page.locator("#list a").all_inner_texts()]


def test_queue_is_filtered_and_ordered(desk: Desk, open_page: OpenPage) -> None:
    for n in range(4):
        desk.put(f"a{n}", n, published_at=f"2024-06-{n + 1:02}")
    page = open_page(desk)
    cards(page)
    teaching = listed(page)
    page.locator(".filters > summary").click()
    page.get_by_label("Order").select_option("newest")
    expect(page.locator("#list a").first).to_contain_text("(a3)")
    assert listed(page) == ["a3", "a2", "a1", "a0"]
    assert sorted(teaching) == ["a0", "a1", "a2", "a3"]
    page.get_by_label("From", exact=True).fill("2024-06-02")
    page.get_by_label("To", exact=True).fill("2024-06-03")
    expect(page.locator("#list a")).to_have_count(2)
    page.locator("#f-tag").fill("boko")
    choose(page)
    expect(page.locator("#list a")).to_have_count(1)
    assert listed(page) == ["a2"]
    page.reload()
    expect(page.locator("#list a")).to_have_count(1)
    expect(page.locator("#f-tag")).to_have_value("Boko Haram")


def test_filters_are_kept_when_the_page_is_loaded_before_the_list_has_come(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a", 0, published_at="2024-06-01")
    desk.put("b", 1, published_at="2024-06-02")
    page = open_page(desk)
    cards(page)
    page.route("**/v1/queue?*", lambda route: None)  # no list comes any more
    page.locator(".filters > summary").click()
    page.get_by_label("From", exact=True).fill("2024-06-02")
    page.wait_for_url("**since=2024-06-02*")
    page.unroute_all(behavior="ignoreErrors")
    page.reload()
    expect(page.locator("#list a")).to_have_count(1)
    assert listed(page) == ["b"]


def test_list_that_filters_leave_empty_is_one_press_from_all(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a", 0)
    page = open_page(desk)
    cards(page)
    page.goto(f"{desk.address}/review?since=2030-01-01&tag=boko-haram")
    expect(page.locator("#headline")).to_have_text("No article is left with these filters")
    page.get_by_role("button", name="Clear the filters").click()
    expect(page.locator("#list a")).to_have_count(1)
    assert listed(page) == ["a"]
    expect(page.locator("#f-tag")).to_have_value("")
    page.wait_for_url(lambda address: "?" not in address)


def test_closed_articles_are_found_under_their_state(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a", 0)
    desk.put("b", 2)
    page = open_page(desk)
    cards(page)
    closed = shown_id(page)
    press(page, "Enter")
    saved(page)
    page.goto(f"{desk.address}/review?state=closed")
    expect(page.locator("#list a")).to_have_count(1)
    assert listed(page) == [closed]


def test_article_whose_text_changed_waits_for_answers_again(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a", 0)
    page = open_page(desk)
    tags = cards(page)
    assert "iskp" in tags
    card(page, "iskp").focus()
    press(page, "x", "1", "Enter")
    saved(page)
    desk.put("a", 1)
    page.goto(f"{desk.address}/review")
    expect(card(page, "iskp")).to_have_attribute("data-state", "")
    expect(page.locator("#notices")).not_to_contain_text("Closed by")
    press(page, "Enter")
    saved(page)
    assert [action for _, _, action, _ in desk.log()] == ["reject", "complete", "complete"]


def test_sample_is_judged_in_its_order_and_says_what_is_shown(desk: Desk, open_page: OpenPage) -> None:
    for n in range(4):
        desk.put(f"a{n}", 0)
    plan, tagger = Plan(band="suggest", tags=("iskp",)), desk.tagger
    sample = sample_of(tagger.store, tagger.serving.registry, plan, "ana", untracked, 3, 1)
    drawn = [one.article_id for one in tagger.store.samples.drawn(sample)]
    page = open_page(desk)
    page.goto(f"{desk.address}/review?state=all&sample={sample.id}")
    line = page.locator("#sample")
    expect(line).to_contain_text("Does “Islamic State Khorasan Province” belong here? 0 of 0 judged are right")
    expect(page.locator("#list a")).to_have_count(len(drawn))
    assert (listed(page), shown_id(page)) == (drawn, drawn[0])
    expect(card(page, "iskp")).to_be_focused()
    press(page, "a", "n")
    expect(line).to_contain_text("1 of 1 judged are right")
    expect(page.locator("#article")).to_have_attribute("data-id", drawn[1])
    press(page, "x", "Enter")
    expect(line).to_contain_text("1 of 2 judged are right: fewer than 95 % of all are, surely")
    page.reload()
    expect(page.locator("#list a")).to_have_count(2)
    assert listed(page) == drawn[2:]
