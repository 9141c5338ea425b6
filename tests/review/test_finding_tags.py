"""Finding, proposing and explaining tags on the review page."""

from __future__ import annotations

from playwright.sync_api import Route, expect

from tests.browser import IN_BROWSER
from tests.review.desk import Desk, OpenPage, card, cards, choose, press, saved

pytestmark = IN_BROWSER


def test_alias_finds_its_tag_and_a_retired_tag_names_what_replaced_it(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a", 2)
    page = open_page(desk)
    cards(page)
    options = page.locator("#add-list [role=option]")
    press(page, "+")
    page.keyboard.type("IS-K")
    expect(options.first).to_contain_text("Islamic State Khorasan Province")
    expect(options.first).to_contain_text("also IS-K")
    page.locator("#add").fill("haqqani net")
    expect(options.first).to_contain_text("retired: use Taliban")
    choose(page)
    expect(page.locator("#on")).to_contain_text("Taliban")
    saved(page)
    assert desk.log() == [("a", "taliban", "add", "ana")]


def test_field_says_that_the_tags_are_on_their_way_and_offers_them_then(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a")
    page = open_page(desk, path="/review/bulk")
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route("**/v1/tags", hold)
    with page.expect_request("**/v1/tags"):
        page.reload()
    page.get_by_label("Tag", exact=True).fill("taleban")
    expect(page.locator("#b-tag-list")).to_have_text("The tags are loading …")
    press(page, "Enter")
    waiting[-1].continue_()  # the first may be of the page before, where that was slow
    expect(page.locator("#b-tag-list [role=option]").first).to_contain_text("Taliban")


def test_tag_that_does_not_exist_is_proposed(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a")
    page = open_page(desk, refusals=True)
    cards(page)
    press(page, "+")
    page.keyboard.type("Jaish al-Adl")
    choose(page)
    expect(page.locator("#p-note")).to_be_focused()
    page.keyboard.type("Baluch, in Iran")
    page.context.set_offline(True)
    page.get_by_role("button", name="Propose", exact=True).click()
    expect(page.locator("#p-problem")).to_contain_text("nothing is lost")
    page.context.set_offline(False)
    page.get_by_role("button", name="Propose", exact=True).click()
    expect(page.locator("#said")).to_have_text("Proposed: Jaish al-Adl.")
    expect(page.locator("#add")).to_have_value("")
    page.goto(f"{desk.address}/review/proposals")
    proposal = page.locator(".proposals .card", has_text="Jaish al-Adl")
    expect(proposal).to_contain_text("Baluch, in Iran")
    expect(proposal).to_contain_text("missed on ISKP bombs Kabul mosque (a)")
    for button, state in (("Decline", "declined"), ("Open", "open")):  # to take it makes the tag: test_tags
        proposal.get_by_role("button", name=f"{button} Jaish").click()
        expect(proposal.locator(".badge")).to_have_text(state)


def test_why_and_why_not_are_told_on_demand(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a")
    page = open_page(desk)
    first = cards(page)[0]
    expect(page.locator(".sum")).to_have_count(0)
    press(page, "w")
    expect(card(page, first).locator(".reasons.pro li").first).to_be_visible()
    expect(card(page, first).locator(".sum")).to_contain_text("add up to")
    press(page, "w")
    expect(card(page, first).locator(".why-box")).to_be_hidden()
    page.get_by_label("Explain any tag").fill("Niger")
    choose(page)
    expect(page.locator("#why-not-result")).to_contain_text("not suggested: it is under its threshold")
    saved(page)
    assert desk.log() == []


def test_evidence_of_the_current_tag_is_marked(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a")
    page = open_page(desk)
    cards(page)
    card(page, "taliban").focus()
    assert {text.lower() for text in page.locator("article.text mark.on").all_inner_texts()} >= {"taliban"}
    page.get_by_role("button", name="Show all").click()
    assert page.locator(".picking").count() == 0
