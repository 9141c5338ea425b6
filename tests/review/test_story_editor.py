"""The morning of an editor by keyboard alone: disputes, near-duplicates, twenty articles, and why one has its tags."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from classifier.store.log import Draft
from tests.browser import IN_BROWSER
from tests.everything import stored_articles
from tests.review.desk import Desk, OpenPage, card, cards, choose, keep_report, moved_on, press, saved, shown_id
from tests.review.test_together import WIRE

pytestmark = IN_BROWSER
N_WIRE, N_OTHERS = 3, 17
DISPUTED = ("d0", "d1")


def test_an_editor_reviews_a_morning_by_keyboard_alone(desk: Desk, open_page: OpenPage) -> None:
    differ_yesterday(desk)
    for n in range(N_WIRE):
        more = ("", " The toll rose to ten.", " It was the second attack.")[n]
        desk.put(f"wire{n}", title=f"Kabul, update {n}", body=WIRE + more, published_at=f"2024-06-0{9 - n}")
    for n in range(N_OTHERS):
        desk.put(f"a{n:02}", n % 4, published_at=f"2024-05-{n + 1:02}")
    page = open_page(desk)
    first = answer_the_wire_together(desk, page)
    answer_the_others(desk, page)
    page.goto(f"{desk.address}/review/disagreements")
    settle_both(desk, page)
    read_why(desk, page, first)


def differ_yesterday(desk: Desk) -> None:
    """Let two editors differ on a tag of two articles that both have closed."""
    for article_id in DISPUTED:
        desk.put(article_id)
        for editor, action in (("ana", "accept"), ("ben", "reject")):
            drafts = [Draft(action, "iskp"), Draft("complete")]
            desk.tagger.store.log.decide(article_id, drafts, editor, lambda *_: {})
    keep_report(desk)


def settle_both(desk: Desk, page: Page) -> None:
    """Settle both where they are listed: one belongs, one does not."""
    rows = page.locator("main .dispute")
    expect(rows).to_have_count(len(DISPUTED))
    for number, (name, said) in enumerate((("belongs on", "it belongs."), ("does not belong", "it does not belong."))):
        rows.nth(number).get_by_role("button", name=name).press("Enter")
        expect(rows.nth(number)).to_contain_text(f"Settled: {said}")
    assert {row[0] for row in desk.log()[-2:]} == set(DISPUTED)
    standings = [desk.tagger.store.log.read(article_id).standing() for article_id, *_ in desk.log()[-2:]]
    assert ["iskp" in standing.tags for standing in standings] == [True, False]


def answer_the_wire_together(desk: Desk, page: Page) -> str:
    """Answer the first of the near-duplicates once; all are closed with its answers. Return the accepted tag."""
    first = cards(page)[0]
    expect(page.locator("#near")).to_contain_text("Answer 2 near-duplicates together")
    press(page, "a", "t")
    expect(page.get_by_role("checkbox", name="together")).to_be_checked()
    press(page, "Enter")
    expect(page.locator("#said")).to_contain_text("With it 2 near-duplicates.")
    moved_on(page, "wire0")
    saved(page)
    assert all(first in desk.tagger.store.log.read(f"wire{n}").standing().tags for n in range(N_WIRE))
    return first


def answer_the_others(desk: Desk, page: Page) -> None:
    """Accept a tag, reject one and add one on each article, until nothing is left."""
    seen = set()
    for _ in range(N_OTHERS):
        tags, article = cards(page), shown_id(page)
        seen.add(article)
        expect(card(page, tags[0])).to_be_focused()
        press(page, "a", "x", "1", "+")
        page.keyboard.type("hamas" if "hamas" not in tags else "ttp")
        choose(page)
        press(page, "Escape", "Enter")
        moved_on(page, article)
    expect(page.locator("#headline")).to_have_text("Nothing is left to decide")
    saved(page)
    assert seen == {f"a{n:02}" for n in range(N_OTHERS)}
    assert {row.state for row in stored_articles(desk.tagger.store)} == {"closed"}


def read_why(desk: Desk, page: Page, tag: str) -> None:
    """Read why a near-duplicate has its tag, on a page that names who said so of which article."""
    page.goto(f"{desk.address}/review/wire1")
    expect(page.locator("#headline")).to_be_visible()
    page.locator("a[href^='/articles/wire1/history']").first.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    label = desk.tagger.serving.model().taxonomy.by_id[tag].label
    expect(page.locator("main")).to_contain_text(label)
    expect(page.locator(".history")).to_contain_text("ana")
