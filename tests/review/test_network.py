"""The review page on a bad network: nothing is lost, and nothing counts twice."""

from __future__ import annotations

from playwright.sync_api import Route, expect

from tests.browser import IN_BROWSER
from tests.review.desk import DECISIONS, Desk, OpenPage, card, cards, choose, press, saved, shown_id

pytestmark = IN_BROWSER


def test_cut_network_loses_nothing_and_all_arrives_once(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a")
    page = open_page(desk, refusals=True)
    first, second, *_ = cards(page)
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    press(page, "a", "x", "1", "+")
    page.keyboard.type("Soma")
    expect(page.locator("#saved")).to_have_text("Not saved yet: 2 decisions wait for the network")
    expect(page.locator("#add")).to_have_value("Soma")
    choose(page)
    expect(page.locator("#on")).to_contain_text("Somalia")
    expect(page.locator("#saved")).to_contain_text("3 decisions wait")
    assert desk.log() == []
    page.context.set_offline(False)
    saved(page)
    assert desk.log() == [("a", first, "accept", "ana"), ("a", second, "reject", "ana"), ("a", "somalia", "add", "ana")]


def test_undo_of_what_has_not_arrived_arrives_after_it(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a")
    page = open_page(desk, refusals=True)
    first = cards(page)[0]
    page.context.set_offline(True)
    press(page, "a", "z")
    expect(card(page, first)).to_have_attribute("data-state", "")
    page.context.set_offline(False)
    saved(page)
    assert desk.log() == [("a", first, "accept", "ana"), ("a", first, "undo", "ana")]


def test_reload_keeps_what_was_decided_and_typed(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a")
    page = open_page(desk, refusals=True)
    page.on("dialog", lambda dialog: dialog.accept())
    first, second, *_ = cards(page)
    page.context.route(DECISIONS, lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    press(page, "a", "x", "3", "+")
    page.keyboard.type("Niger")
    expect(page.locator("#saved")).to_contain_text("2 decisions wait")
    page.reload()
    expect(card(page, first)).to_have_attribute("data-state", "accept")
    expect(card(page, second)).to_have_attribute("data-state", "reject")
    expect(page.locator("#add")).to_have_value("Niger")
    assert desk.log() == []
    page.context.unroute(DECISIONS)
    saved(page)
    assert desk.log() == [("a", first, "accept", "ana"), ("a", second, "reject", "ana")]


def test_decision_whose_answer_is_lost_is_logged_once(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a")
    page = open_page(desk, refusals=True)
    first, second, *_ = cards(page)
    lost: list[str] = []

    def lose(route: Route) -> None:
        answer = route.fetch()
        if answer.status == 201 and not lost:
            lost.append(answer.text())
            route.abort()
        else:
            route.fulfill(response=answer)

    page.route(DECISIONS, lose)
    press(page, "a", "a")
    expect(page.locator("#saved")).to_contain_text("decisions wait for the network")
    saved(page)
    assert len(lost) == 1
    assert desk.log() == [("a", first, "accept", "ana"), ("a", second, "accept", "ana")]


def test_next_articles_are_there_without_the_network(desk: Desk, open_page: OpenPage) -> None:
    for n in range(3):
        desk.put(f"a{n}", n)
    page = open_page(desk, refusals=True)
    page.wait_for_load_state("networkidle")
    seen = [shown_id(page)]
    page.context.set_offline(True)
    for _ in range(2):
        press(page, "n")
        expect(page.locator("#article")).not_to_have_attribute("data-id", seen[-1])
        assert cards(page)
        seen.append(shown_id(page))
    assert sorted(seen) == ["a0", "a1", "a2"]


def test_article_that_cannot_be_loaded_comes_when_the_network_does(desk: Desk, open_page: OpenPage) -> None:
    for n in range(5):
        desk.put(f"a{n}", n % 4)
    page = open_page(desk, refusals=True)
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.locator("#list a").last.click()
    expect(page.get_by_role("alert")).to_contain_text("This article cannot be shown.")
    press(page, "p")
    page.context.set_offline(False)
    page.locator("#list a").first.click()
    assert cards(page)
