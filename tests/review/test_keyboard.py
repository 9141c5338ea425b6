"""The review page by keyboard: answering, adding, going on, and undoing."""

from __future__ import annotations

from playwright.sync_api import expect

from classifier.domain.decisions import REASONS
from tests.browser import IN_BROWSER
from tests.everything import stored_articles
from tests.review.desk import STORIES, Desk, OpenPage, card, cards, choose, mentioned, moved_on, press, saved, shown_id

pytestmark = IN_BROWSER


def test_twenty_articles_are_decided_by_keyboard_and_logged_as_decided(desk: Desk, open_page: OpenPage) -> None:
    for n in range(20):
        desk.put(f"a{n:02}", n % 4)
    page = open_page(desk)
    decided: list[tuple[str, str | None, str, str]] = []
    for n in range(20):
        first, second, third, *_ = tags = cards(page)
        article = shown_id(page)
        expect(card(page, first)).to_be_focused()
        press(page, "a", "x", str(n % 5 + 1), " ")
        decided += [
            (article, first, "accept", "ana"),
            (article, second, "reject", "ana"),
            (article, third, "unsure", "ana"),
        ]
        press(page, "+")
        page.keyboard.type("khorasan" if "iskp" not in tags else "pakistani tal")
        choose(page)
        press(page, "Escape", "Enter")
        decided += [
            (article, "iskp" if "iskp" not in tags else "ttp", "add", "ana"),
            (article, None, "complete", "ana"),
        ]
        expect(page.locator("#list .closed")).to_have_count(n + 1)
        moved_on(page, article)
    expect(page.locator("#headline")).to_have_text("Nothing is left to decide")
    saved(page)
    assert desk.log() == decided
    assert [row.reason for row in desk.tagger.store.log.all() if row.action == "reject"] == list(REASONS) * 4


def test_enter_after_a_tag_was_added_is_done_and_next(desk: Desk, open_page: OpenPage) -> None:
    for name in ("a", "b"):
        desk.put(name, 0)
    page = open_page(desk)
    article = shown_id(page)
    press(page, "+")
    for text in ("hamas", "financ"):  # the field stays open for another tag
        page.keyboard.type(text)
        choose(page)
    press(page, "Enter")
    expect(page.locator("#list .closed")).to_have_count(1)
    expect(page.locator("#article")).not_to_have_attribute("data-id", article)
    saved(page)
    added = [(article, tag, "add", "ana") for tag in ("hamas", "financing")]
    assert desk.log() == [*added, (article, None, "complete", "ana")]


def test_enter_that_is_held_down_adds_a_tag_and_does_not_close_the_article(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a", 0)
    page = open_page(desk)
    cards(page)
    press(page, "+")
    page.keyboard.type("hamas")
    expect(page.locator("#add-list [role=option]").first).to_be_visible()
    for _ in range(3):  # the browser marks all but the first as repeated
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    saved(page)
    assert desk.log() == [("a", "hamas", "add", "ana")]


def test_arrows_and_j_k_go_from_tag_to_tag(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a")
    page = open_page(desk)
    first, second, third, *_ = cards(page)
    for key, tag in (("j", second), ("ArrowDown", third), ("k", second), ("ArrowUp", first), ("k", first)):
        press(page, key)
        expect(card(page, tag)).to_be_focused()


def test_mention_is_not_pre_ticked_and_accepting_it_adds_the_tag(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a")
    page = open_page(desk)
    cards(page)
    assert mentioned(page) == {"hamas"}
    assert page.locator("[data-do=accept][aria-pressed=true]").count() == 0
    name = page.locator("article.text mark.named")
    expect(name).to_have_text(["Hamas"])
    expect(name).to_have_css(
        "background-color", "rgba(0, 0, 0, 0)"
    )  # what is only mentioned is marked when it is asked for
    expect(card(page, "hamas")).to_be_hidden()
    page.get_by_text("Only mentioned:").click()
    card(page, "hamas").focus()
    expect(page.locator("article.text mark.on")).to_have_text(["Hamas"])
    expect(name).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")
    expect(page.locator("#legend")).to_have_text("Highlighted words name Hamas")
    press(page, "a")
    expect(page.locator("#on")).to_contain_text("Hamas")
    saved(page)
    assert desk.log() == [("a", "hamas", "add", "ana")]


def test_text_is_read_on_by_keyboard_while_the_tag_stays(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a", body="\n\n".join([STORIES[0][1]] * 40))
    page = open_page(desk)
    first = cards(page)[0]
    press(page, "PageDown")
    expect(card(page, first)).to_be_focused()
    assert page.evaluate("scrollY") > 300
    press(page, "PageUp")
    assert page.evaluate("scrollY") == 0


def test_back_of_the_browser_leads_through_the_articles(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a", 0)
    desk.put("b", 2)
    page = open_page(desk)
    one = shown_id(page)
    press(page, "Enter")
    expect(page.locator("#article")).not_to_have_attribute("data-id", one)
    page.wait_for_timeout(600)  # sooner it would count as a double press
    press(page, "Enter")
    expect(page.locator("#headline")).to_have_text("Nothing is left to decide")
    assert page.url == f"{desk.address}/review"
    assert page.title() == "Review · Article tagger"
    page.go_back()
    expect(page.locator("#article")).not_to_have_attribute("data-id", one)
    expect(page.locator("#notices")).to_contain_text("Closed by you")


def test_enter_pressed_twice_closes_one_article_and_says_what_counts_as_no(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a", 0)
    desk.put("b", 2)
    page = open_page(desk)
    one, n = shown_id(page), len(cards(page))
    page.wait_for_load_state("networkidle")  # the next article is there already
    n_active = sum(tag.active for tag in desk.tagger.serving.model().taxonomy.tags)
    expect(page.locator("#closing")).to_have_text(
        f"Done: {n_active} tags of the taxonomy become a no, {n} of them shown here"
    )
    press(page, "Enter", "Enter")
    expect(page.locator("#article")).not_to_have_attribute("data-id", one)
    expect(page.locator("#said")).to_contain_text(f"became a no, {n} of them shown without an answer")
    saved(page)
    assert [(article, action) for article, _, action, _ in desk.log()] == [(one, "complete")]
    page.wait_for_timeout(600)
    press(page, "Enter")
    expect(page.locator("#headline")).to_have_text("Nothing is left to decide")


def test_a_page_whose_session_ended_elsewhere_decides_nothing(desk: Desk, open_page: OpenPage) -> None:
    """Also before the first key, when anybody may decide: not under another name."""
    desk.put("a")
    page = open_page(desk, refusals=True)
    first, *_ = cards(page)
    expect(card(page, first)).to_be_focused()
    page.context.clear_cookies()
    press(page, "a")
    expect(page.locator("#trouble")).to_contain_text("session is over")
    assert desk.log() == []


def test_reasons_that_are_left_open_reject_nothing_on_the_next_article(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a", 0)
    desk.put("b", 2)
    page = open_page(desk)
    cards(page)
    one = shown_id(page)
    page.wait_for_load_state("networkidle")
    press(page, "x", "n")
    expect(page.locator("#article")).not_to_have_attribute("data-id", one)
    expect(card(page, cards(page)[0])).to_be_focused()
    press(page, "1")
    saved(page)
    assert desk.log() == []


def test_help_lists_the_keys_and_none_acts_behind_it(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a")
    page = open_page(desk)
    first = cards(page)[0]
    press(page, "?")
    expect(page.locator("#help")).to_be_visible()
    keys = " ".join(page.locator("#help kbd").all_inner_texts())
    assert set("jkaxzwnp+?12345") | {"space", "↵", "Esc", "↓", "↑"} <= set(keys.split())
    press(page, "a", "Escape")
    expect(page.locator("#help")).to_be_hidden()
    expect(card(page, first)).to_be_focused()
    saved(page)
    assert desk.log() == []


def test_keys_do_nothing_while_a_field_is_typed_in(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a")
    page = open_page(desk)
    cards(page)
    press(page, "+")
    page.keyboard.type("axz n")
    expect(page.locator("#add")).to_have_value("axz n")
    saved(page)
    assert desk.log() == []


def test_three_undos_in_a_row_go_back_across_articles(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a", 0, tags=("pakistan",))
    desk.put("b", 2, tags=("somalia",))
    before = desk.known()
    page = open_page(desk)
    one, first = shown_id(page), cards(page)[0]
    press(page, "a", "Enter")
    expect(page.locator("#article")).not_to_have_attribute("data-id", one)
    other, second = shown_id(page), cards(page)[0]
    press(page, "a", "z")
    expect(card(page, second)).to_have_attribute("data-state", "")
    press(page, "z")
    expect(page.locator("#article")).to_have_attribute("data-id", one)
    press(page, "z")
    expect(card(page, first)).to_have_attribute("data-state", "")
    expect(page.locator("#undo")).to_be_disabled()
    expect(page.locator("#list .closed")).to_have_count(0)
    saved(page)
    given = [(one, first, "accept", "ana"), (one, None, "complete", "ana"), (other, second, "accept", "ana")]
    assert desk.log() == given + [(article, tag, "undo", "ana") for article, tag, *_ in reversed(given)]
    assert desk.known() == before
    assert {row.state for row in stored_articles(desk.tagger.store)} == {"new"}


def test_undo_after_the_last_article_opens_it_again(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a")
    page = open_page(desk)
    tags = cards(page)
    press(page, "Enter")
    expect(page.locator("#headline")).to_have_text("Nothing is left to decide")
    press(page, "z")
    expect(card(page, tags[0])).to_be_focused()
    saved(page)
    assert [action for _, _, action, _ in desk.log()] == ["complete", "undo"]
