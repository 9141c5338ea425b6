"""One tag over many articles: decided in order, undone, tried again."""

from __future__ import annotations

from playwright.sync_api import Route, expect

from classifier.serving.tagger import DecisionBatch
from classifier.store.log import Draft
from tests.browser import IN_BROWSER
from tests.review.desk import DECISIONS, Desk, OpenPage, choose

pytestmark = IN_BROWSER


def test_one_tag_is_decided_over_a_list_and_taken_back(desk: Desk, open_page: OpenPage) -> None:
    for n in range(6):
        desk.put(f"a{n}", n % 2, published_at=f"2024-06-{n + 1:02}")
    page = open_page(desk, path="/review/bulk")
    page.get_by_label("From").fill("2024-06-02")
    page.get_by_label("Tag", exact=True).fill("taleban")
    choose(page)
    rows = page.locator("#b-rows tr")
    expect(rows).to_have_count(5)
    order = [str(tick.get_attribute("id")).removeprefix("tick-") for tick in page.locator("#b-rows input").all()]
    scores = [int(text.rstrip("%+")) for text in page.locator("#b-rows .score").all_inner_texts()]
    assert scores == sorted(scores, reverse=True)
    expect(page.get_by_role("button", name="Accept 0")).to_be_disabled()  # nothing is ticked but what somebody ticks
    rows.nth(0).get_by_role("checkbox").check()
    expect(page.get_by_role("button", name="Accept 1")).to_be_enabled()
    page.get_by_label("Score in percent").fill("90")
    assert page.locator("#b-rows input:checked").count() == sum(score >= 90 for score in scores) == 3
    page.get_by_role("button", name="Accept 3").click()
    expect(page.locator("#b-status")).to_have_text("3 articles accepted.")
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_label("because").select_option("passing_mention")
    page.get_by_role("button", name="Reject 2").click()
    expect(page.locator("#b-status")).to_have_text("2 articles rejected.")
    accepted = [(article, "taliban", "accept", "ana") for article in order[:3]]
    rejected = [(article, "taliban", "reject", "ana") for article in order[3:]]
    assert desk.log() == accepted + rejected
    assert {(row.reason, row.in_bulk) for row in desk.tagger.store.log.all()} == {
        (None, True),
        ("passing_mention", True),
    }
    page.goto(f"{desk.address}/review/{order[0]}")
    expect(page.locator("#on")).to_contain_text("accepted over a list by you")
    page.go_back()
    page.reload()  # and by then nobody waits for an answer any more
    expect(page.locator("#b-title")).to_contain_text("no open article")
    expect(page.locator("#b-rows .said")).to_have_text(["accepted"] * 3 + ["rejected"] * 2)
    page.get_by_role("button", name="Undo all").click()
    expect(page.locator("#b-status")).to_have_text("5 articles taken back.")
    assert desk.log()[5:] == [(article, "taliban", "undo", "ana") for article in reversed(order)]
    assert desk.known() == []
    page.reload()
    expect(page.locator("#b-title")).to_contain_text("5 articles")
    expect(page.get_by_role("button", name="Undo all")).to_be_hidden()


def test_bulk_that_fails_half_way_is_tried_again_and_logged_once(desk: Desk, open_page: OpenPage) -> None:
    for n in range(3):
        desk.put(f"a{n}", n % 2)
    page = open_page(desk, path="/review/bulk", refusals=True)
    page.goto(f"{desk.address}/review/bulk?tag=taliban")
    expect(page.locator("#b-rows tr")).to_have_count(3)
    n_sent: list[int] = []

    def lose(route: Route) -> None:
        answer = route.fetch()
        n_sent.append(answer.status)
        if len(n_sent) == 2:
            route.abort()
        else:
            route.fulfill(response=answer)

    page.route(DECISIONS, lose)
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_role("button", name="Accept 3").click()
    expect(page.locator("#b-status")).to_have_text("2 articles accepted. 1 failed, see the list.")
    page.get_by_role("button", name="Try the failed ones again").click()
    expect(page.locator("#b-status")).to_have_text("1 article accepted.")
    assert n_sent == [201] * 4
    assert sorted(article for article, *_ in desk.log()) == ["a0", "a1", "a2"]


def test_bulk_list_goes_when_another_tag_is_typed_and_comes_when_one_is_chosen(desk: Desk, open_page: OpenPage) -> None:
    for n in range(2):
        desk.put(f"a{n}", n)
    page = open_page(desk, path="/review/bulk")
    page.goto(f"{desk.address}/review/bulk?tag=taliban")
    expect(page.locator("#b-rows tr")).to_have_count(2)
    page.get_by_role("button", name="All", exact=True).click()
    page.locator("#b-tag").fill("no such tag")
    expect(page.locator("#b-result")).to_be_hidden()
    page.get_by_role("button", name="List").click()
    expect(page.locator("#b-trouble")).to_have_text("Choose a tag from the list.")
    expect(page.locator("#b-result")).to_be_hidden()
    page.locator("#b-tag").fill("taleban")
    choose(page)
    expect(page.locator("#b-rows tr")).to_have_count(2)
    expect(page.locator("#b-rows input:checked")).to_have_count(0)
    assert desk.log() == []


def test_bulk_list_decides_for_its_own_tag_and_forgets_what_others_took_back(desk: Desk, open_page: OpenPage) -> None:
    for n in range(2):
        desk.put(f"a{n}", n)
    page = open_page(desk, path="/review/bulk", refusals=True)
    page.goto(f"{desk.address}/review/bulk?tag=taliban")
    expect(page.locator("#b-rows tr")).to_have_count(2)
    page.route("**/review/bulk.json?tag=hamas*", lambda _: None)  # it does not come
    page.locator("#b-tag").fill("hamas")
    choose(page)
    expect(page.locator("#b-result")).to_be_hidden()  # nothing can be decided under the name of the other tag
    page.goto(f"{desk.address}/review/bulk?tag=taliban")
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_role("button", name="Accept 2").click()
    expect(page.locator("#b-status")).to_have_text("2 articles accepted.")
    assert {tag for _, tag, _, _ in desk.log()} == {"taliban"}
    page.unroute("**/review/bulk.json?tag=hamas*")
    page.goto(f"{desk.address}/review/bulk?tag=hamas")
    expect(page.locator("#b-title")).to_contain_text("no open article")
    expect(page.get_by_role("button", name="Undo all")).to_be_hidden()
    page.goto(f"{desk.address}/review/bulk?tag=taliban&until=2020-01-01")  # another list
    expect(page.locator("#b-title")).to_contain_text("no open article")
    expect(page.get_by_role("button", name="Undo all")).to_be_hidden()
    page.goto(f"{desk.address}/review/bulk?tag=taliban")
    expect(page.locator("#b-rows .said")).to_have_text(["accepted", "accepted"])
    first = next(row for row in desk.tagger.store.log.all() if row.article_id == "a0")
    desk.tagger.decide("a0", DecisionBatch([Draft("undo", undoes=first.id)], complete=True), "ana")
    page.get_by_role("button", name="Undo all").click()
    expect(page.locator("#b-status")).to_have_text("1 article taken back. 1 failed, see the list.")
    expect(page.locator("#b-rows .failed")).to_contain_text("undone before")
    page.reload()
    expect(page.locator("#b-title")).to_contain_text("1 article")  # the other one is closed
    expect(page.locator("#b-rows tr")).to_have_count(1)
