"""The page deals articles: no two editors have the same one before them, and what is left goes back to the queue."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser import IN_BROWSER
from tests.everything import stored_articles
from tests.review.desk import Desk, OpenPage, cards, moved_on, press, saved, shown_id

pytestmark = IN_BROWSER


def fill(desk: Desk, n_articles: int) -> None:
    for n in range(n_articles):
        desk.put(f"a{n}", n % 4, published_at=f"2024-06-{9 - n:02}")


def holders(desk: Desk, article_id: str) -> list[str]:
    return desk.tagger.store.leases.others([article_id], None).get(article_id, [])


def wait_for_holders(page: Page, desk: Desk, **expected: list[str]) -> None:
    """Wait until the articles are before these editors: a request that outlives its page is on its way for a moment."""
    for _ in range(200):
        if {article: holders(desk, article) for article in expected} == expected:
            return
        page.wait_for_timeout(50)
    assert {article: holders(desk, article) for article in expected} == expected


def go_on(page: Page, *keys: str) -> str | None:
    """Press keys that leave the article, and return the next one, None at the end of the queue."""
    before = shown_id(page)
    press(page, *keys)
    moved_on(page, before)
    return None if page.locator(".end").count() else shown_id(page)


def test_two_editors_work_through_a_queue_and_never_have_the_same_article(desk: Desk, open_page: OpenPage) -> None:
    fill(desk, 7)
    ana, ben = open_page(desk, "ana"), open_page(desk, "ben")
    shown: dict[str, str | None] = {"ana": shown_id(ana), "ben": shown_id(ben)}
    turns = 0
    while any(shown.values()):
        assert shown["ana"] != shown["ben"]
        for name, page in (("ana", ana), ("ben", ben)):
            if shown[name]:
                shown[name] = go_on(page, "j", "Enter")
                assert shown[name] is None or shown["ana"] != shown["ben"]
        turns += 1
    saved(ana)
    saved(ben)
    assert turns >= 4
    closed = [article for article, _, action, _ in desk.log() if action == "complete"]
    assert sorted(closed) == [f"a{n}" for n in range(7)]
    assert {row.state for row in stored_articles(desk.tagger.store)} == {"closed"}


def test_going_on_and_leaving_the_page_give_the_article_back(desk: Desk, open_page: OpenPage) -> None:
    fill(desk, 2)
    ana = open_page(desk, "ana")
    first = shown_id(ana)
    wait_for_holders(ana, desk, **{first: ["ana"]})
    second = go_on(ana, "n")
    assert second is not None
    wait_for_holders(ana, desk, **{first: [], second: ["ana"]})
    ana.goto(f"{desk.address}/help")
    wait_for_holders(ana, desk, **{second: []})
    ana.go_back()
    assert shown_id(ana) == second
    wait_for_holders(ana, desk, **{second: ["ana"]})


def test_what_others_have_is_not_dealt_and_the_end_says_so(desk: Desk, open_page: OpenPage) -> None:
    fill(desk, 1)
    ana = open_page(desk, "ana")
    cards(ana)
    ben = open_page(desk, "ben")
    expect(ben.locator("#headline")).to_have_text("Others have what is left")
    expect(ben.locator(".lead")).to_contain_text("1 article is before other editors")
    expect(ben.get_by_role("button", name="Done")).to_be_disabled()
    expect(ben.get_by_role("button", name="Done")).to_have_accessible_description(
        "No article is open: there is nothing to close"
    )
    ana.goto(f"{desk.address}/help")
    wait_for_holders(ana, desk, a0=[])
    ben.get_by_role("button", name="Look again").click()
    expect(ben.locator("#article")).to_have_attribute("data-id", "a0")
    expect(ben.get_by_role("button", name="Done")).to_be_enabled()


def test_an_article_that_came_after_the_list_is_dealt_and_listed(desk: Desk, open_page: OpenPage) -> None:
    fill(desk, 1)
    page = open_page(desk)
    cards(page)
    desk.put("late", 2, published_at="2024-07-01")
    assert go_on(page, "j", "Enter") == "late"
    expect(page.locator("#list a[aria-current]")).to_contain_text("(late)")
    expect(page.locator("#left")).to_have_text("1 left ·")


def test_an_empty_queue_offers_nothing_to_close(desk: Desk, open_page: OpenPage) -> None:
    page = open_page(desk)
    expect(page.locator("#headline")).to_have_text("Nothing is left to decide")
    expect(page.get_by_role("button", name="Done")).to_be_disabled()
    expect(page.locator("#closing")).to_have_text("No article is open: there is nothing to close")
    press(page, "Enter")
    assert desk.log() == []


def test_opinions_of_two_editors_are_asked_at_once(second_desk: Desk, open_page: OpenPage) -> None:
    second_desk.put("a", 0)
    ana, ben, cy = (open_page(second_desk, name) for name in ("ana", "ben", "cy"))
    assert shown_id(ana) == shown_id(ben) == "a"
    expect(cy.locator("#headline")).to_have_text("Others have what is left")
