"""Several editors on one article, and questions on what a CMS removed."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from classifier.serving.tagger import DecisionBatch
from classifier.store.log import Draft
from tests.browser import IN_BROWSER, HeldBack, serious
from tests.review.desk import DECISIONS, STORIES, Desk, OpenPage, card, cards, keep_report, press, saved, sign_in_as

pytestmark = IN_BROWSER


def test_two_editors_on_one_article_lose_nothing_and_hear_of_each_other(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a")
    ana = open_page(desk, "ana")
    cards(ana)
    ben = open_page(desk, "ben", "/review/a")  # it is not dealt to him while she has it
    ana.clock.install()
    ana.goto(f"{desk.address}/review/a")  # a reload gives the article back, and may be dealt none while he has it open
    first, second, *_ = cards(ana)
    assert cards(ben)[:2] == [first, second]
    press(ana, "a")
    press(ben, "x", "1", "a")
    saved(ana)
    saved(ben)
    expect(ben.locator("#notices .news")).to_contain_text("ana decided here too")
    ana.clock.fast_forward("00:11")
    expect(ana.locator("#notices .news")).to_contain_text("ben decided here too")
    assert set(desk.log()) == {
        ("a", first, "accept", "ana"),
        ("a", first, "reject", "ben"),
        ("a", second, "accept", "ben"),
    }
    assert len(desk.log()) == 3
    stands = next(row for row in reversed(desk.log()) if row[1] == first)
    for page, editor in ((ana, "ana"), (ben, "ben")):
        who = "you" if stands[3] == editor else stands[3]
        says = f"{'Accepted' if stands[2] == 'accept' else 'Rejected'} by {who}"
        expect(card(page, first).locator(".decided")).to_contain_text(re.compile(f"^{says}"))
    other = ana if stands[3] == "ben" else ben  # whoever was there first still sees what they said
    expect(card(other, first).locator(".decided")).to_contain_text("by you")


def test_decision_of_ones_own_elsewhere_is_shown_without_news(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a")
    page = open_page(desk)
    first = cards(page)[0]
    desk.tagger.decide("a", DecisionBatch([Draft("accept", first)]), "ana")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(card(page, first)).to_have_attribute("data-state", "accept")
    assert page.locator(".news").count() == 0


def test_what_stands_is_the_servers_word_and_an_older_answer_does_not_replace_it(
    desk: Desk, open_page: OpenPage
) -> None:
    desk.put("a")
    page = open_page(desk)
    first = cards(page)[0]
    older = page.request.get(f"{desk.address}/v1/articles/a/decisions").json()
    done = desk.tagger.decide("a", DecisionBatch([Draft("accept", first)]), "ana")
    page.route(DECISIONS, lambda route: route.fulfill(json=older), times=1)
    page.reload()
    expect(card(page, first)).to_have_attribute("data-state", "accept")
    desk.tagger.decide("a", DecisionBatch([Draft("undo", undoes=done["decisions"][0]["id"])]), "ana")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#on")).to_have_text("No tag yet.")


def test_decision_on_a_text_that_changed_is_shown_no_more_and_undo_shows_what_stood_before(
    desk: Desk, open_page: OpenPage
) -> None:
    desk.put("a")
    page = open_page(desk, refusals=True)
    first = cards(page)[0]
    press(page, "x", "1")
    saved(page)
    desk.put("a", body=" ".join(reversed(STORIES[0][1].split())))
    page.goto(f"{desk.address}/review/a")
    expect(card(page, first)).to_have_attribute("data-state", "")
    desk.put("a")
    desk.tagger.decide("a", DecisionBatch([Draft("accept", first)]), "ben")
    page.reload()
    expect(card(page, first)).to_have_attribute("data-state", "accept")
    page.route(DECISIONS, lambda route: route.abort())  # no answer comes: what is seen is the outbox over what was said
    card(page, first).focus()
    press(page, "x", "2")
    expect(card(page, first).locator(".decided")).to_contain_text("Rejected by you")
    press(page, "z")
    expect(card(page, first).locator(".decided")).to_contain_text("Accepted by ben")
    expect(page.locator("#on")).to_contain_text("accepted by ben")


def test_each_tag_says_how_it_came_onto_the_article(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a", tags=("policy",))
    desk.put("a", tags=("policy", "iskp"))
    page = open_page(desk, path="/review/a")
    on = page.locator("#on li")
    expect(on).to_have_text([re.compile("added in the CMS"), re.compile("suggested and left standing")])
    expect(page.get_by_role("button", name="Accept policy")).to_have_count(0)
    on.nth(1).get_by_role("button", name="Accept").click()
    expect(on.filter(has_text="accepted by you")).to_have_count(1)
    press(page, "z")
    expect(on.filter(has_text="suggested and left standing")).to_have_count(1)


def test_decisions_are_never_logged_under_who_signed_in_later(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a")
    page = open_page(desk, "ana", refusals=True)
    first, *_ = cards(page)
    other = page.context.new_page()
    sign_in_as(other, desk, "ben")
    cards(other)
    page.bring_to_front()
    press(page, "a")
    expect(page.locator("#trouble")).to_contain_text("ben is signed in in this browser now")
    page.evaluate("dispatchEvent(new Event('online'))")  # tries again
    expect(page.locator("#trouble")).to_contain_text("ben is signed in in this browser now")
    page.wait_for_load_state("networkidle")
    assert desk.log() == []
    sign_in_as(other, desk, "ana", "/review/a")
    expect(card(other, first)).to_have_attribute("data-state", "accept")
    saved(other)
    assert desk.log() == [("a", first, "accept", "ana")]


def test_second_editor_sees_nothing_of_the_first_and_a_difference_is_settled(
    second_desk: Desk, open_page: OpenPage
) -> None:
    second_desk.put("a")
    ana = open_page(second_desk, "ana")
    first, second, *_ = cards(ana)
    press(ana, "a", "x", "1", "Enter")
    expect(ana.locator("#headline")).to_have_text("Nothing is left to decide")
    saved(ana)
    ben = open_page(second_desk, "ben")
    assert cards(ben)[:2] == [first, second]
    expect(ben.locator("#article")).not_to_contain_text(re.compile(r"\bana\b"))  # as a word: notes have "analysis"
    expect(ben.locator("#on")).to_contain_text("No tag yet.")
    expect(ben.locator(f"#card-{first} .decided")).to_be_hidden()
    press(ben, "x", "2", "a", "Enter")
    saved(ben)
    keep_report(second_desk)
    ben.goto(f"{second_desk.address}/review/disagreements")
    rows = ben.locator("main .dispute")
    expect(rows).to_have_count(2)
    differs, other = (rows.filter(has_text="passing mention"), rows.filter(has_not_text="passing mention"))
    expect(differs.locator(".side.yes")).to_contain_text("Yes ana accepted it")
    expect(differs.locator(".side.no")).to_contain_text("No ben rejected it: only a passing mention")
    other.get_by_role("button", name="does not belong").click()
    expect(other).to_contain_text("Settled: it does not belong.")
    assert second_desk.log()[-1] == ("a", second, "reject", "ben")
    other.get_by_role("button", name="Undo").click()
    expect(other.get_by_role("button", name="does not belong")).to_be_visible()
    assert second_desk.log()[-1] == ("a", second, "undo", "ben")
    differs.get_by_role("link").click()
    expect(ben.locator("#notices")).to_contain_text("Closed by ana, you")
    card(ben, first).focus()
    press(ben, "a")
    saved(ben)
    ben.goto(f"{second_desk.address}/review/disagreements")
    expect(rows).to_have_count(2)
    expect(ben.get_by_role("heading", name="To settle")).to_have_text("To settle 1")


def test_question_on_removals_is_asked_answered_and_taken_back(desk: Desk, open_page: OpenPage) -> None:
    for tags in (("iskp",), ()):
        for number in range(12):
            desk.put(f"a{number:02}", tags=tags)
    page = open_page(desk, "ana", "/review/a00")
    notice = page.locator("#questions .notice")
    expect(notice).to_contain_text("off 12 articles at once")
    expect(notice.get_by_role("link")).to_have_count(5)
    expect(notice).to_contain_text("and 7 more")
    expect(card(page, "iskp").locator(".decided")).to_contain_text("In question")
    assert serious(page) == []
    notice.get_by_role("button", name="Its term was renamed, merged or deleted").click()
    expect(notice).to_contain_text("You said of “")
    expect(notice.get_by_role("button", name="Undo")).to_be_focused()
    assert [article.tags for article in desk.known()] == [("iskp",)] * 12
    notice.get_by_role("button", name="Undo").click()
    expect(notice).to_contain_text("off 12 articles at once")
    notice.get_by_role("button", name="The articles no longer carry it").click()
    expect(notice).to_contain_text("these articles no longer carry it")
    assert [article.rejected for article in desk.known()] == [("iskp",)] * 12
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(card(page, "iskp").locator(".decided")).to_contain_text("Removed by you")
    notice.get_by_role("button", name="Dismiss").click()
    expect(notice).to_have_count(0)


def test_a_list_of_questions_from_before_an_answer_does_not_take_it_back(desk: Desk, open_page: OpenPage) -> None:
    for tags in (("taliban",), ()):
        for number in range(12):
            desk.put(f"a{number:02}", tags=tags)
    page = open_page(desk, "ana", "/review/a00")
    page.clock.install()
    page.reload()
    notice = page.locator("#questions .notice", has_text="“Taliban”")
    expect(notice).to_contain_text("off 12 articles at once")
    asking = HeldBack(page, "**/v1/questions?*")
    page.clock.fast_forward(61_000)
    before = asking.wait().fetch()
    notice.get_by_role("button", name="The articles no longer carry it").click()
    expect(notice).to_contain_text("You said of “")
    with page.expect_event("requestfinished", lambda request: "/v1/questions?" in request.url):
        asking.wait().fulfill(response=before)
    page.evaluate("0")
    expect(notice).to_contain_text("You said of “")
