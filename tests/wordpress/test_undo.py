"""Undo in the panel: one decision at a time, by button and Ctrl+Z; the post and the service are as before."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.wordpress.desk import Desk
from tests.wordpress.editors import BlockEditor, ClassicEditor, Panel, use_classic

pytestmark = pytest.mark.wordpress
Sit = Callable[..., Page]
ISKP = "Islamic State Khorasan Province"


def opened(desk: Desk, sit: Sit, kind: str, post: int) -> Panel:
    page = sit("ana", BlockEditor.path(post))
    return BlockEditor(page).ready() if kind == "block" else ClassicEditor(page)


def undo(panel: Panel) -> None:
    panel.root.get_by_role("button", name="Undo").click()


@pytest.mark.parametrize("kind", ["block", "classic"])
def test_one_level_at_a_time_before_and_after_the_service_has_it(desk: Desk, sit: Sit, kind: str) -> None:
    if kind == "classic":
        use_classic(desk)
    post = desk.post()
    desk.settled()
    panel = opened(desk, sit, kind, post)
    panel.accept("iskp")
    expect(panel.tokens()).to_contain_text([ISKP])
    panel.reject("taliban")
    desk.settled()
    assert [row[:2] for row in desk.log(post)] == [("iskp", "accept"), ("taliban", "reject")]
    expect(panel.root.locator(".article-tagger-undo")).to_contain_text("Rejected: ")
    undo(panel)
    panel.shows("taliban")
    expect(panel.root.locator(".article-tagger-undo")).to_contain_text(f"Added: {ISKP}")
    undo(panel)
    panel.shows("iskp")
    expect(panel.tokens()).to_have_count(0)
    expect(panel.root.locator(".article-tagger-undo")).to_have_count(0)
    desk.settled()
    assert [row[1] for row in desk.log(post)] == ["accept", "reject", "undo", "undo"]
    assert (desk.terms(post), desk.article(post)["tags"]) == (set(), [])
    assert {"iskp", "taliban"} <= set(desk.suggested(post))
    desk.save(post, post_title="ISKP bombs a mosque in Kabul, the Taliban say")
    desk.settled()
    assert [row[1] for row in desk.log(post)][4:] == []  # nothing counts as removed


def test_decision_that_was_not_sent_is_never_sent(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    desk.settled()
    panel = opened(desk, sit, "block", post)
    panel.shows("iskp")
    desk.service.stop()
    panel.accept("iskp")
    undo(panel)
    panel.shows("iskp")
    desk.service.start()
    desk.later(600)
    desk.settled()
    assert (desk.log(post), desk.terms(post)) == ([], set())


@pytest.mark.parametrize("kind", ["block", "classic"])
def test_control_z_is_the_panels_own_and_the_editors_own(desk: Desk, sit: Sit, kind: str) -> None:
    if kind == "classic":
        use_classic(desk)
    post = desk.post()
    desk.settled()
    panel = opened(desk, sit, kind, post)
    panel.shows("iskp")
    first, second, *_ = panel.tags()
    panel.card(first).get_by_role("button", name="Accept").press("Enter")
    panel.lacks(first)
    expect(panel.card(second).get_by_role("button", name="Accept")).to_be_focused()
    panel.page.keyboard.press("Control+z")
    panel.shows(first)
    expect(panel.page.locator("#a11y-speak-polite")).to_contain_text("Undone: Added:")
    panel.page.keyboard.press("Control+z")  # there is no more to undo
    panel.card(first).get_by_role("button", name="Accept").press("Enter")
    panel.lacks(first)
    field = panel.root.get_by_label("Add another tag")
    field.fill("kab")
    field.press("Control+z")
    panel.lacks(first)
    if isinstance(panel, BlockEditor):
        panel.entitle("Another title")
    else:
        panel.page.fill("#title", "Another title")
    panel.page.keyboard.press("Control+z")
    panel.page.wait_for_timeout(1000)
    panel.lacks(first)
    assert Axe().run(panel.page, ".article-tagger").response["violations"] == []


def test_complete_is_taken_back(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    desk.settled()
    panel = opened(desk, sit, "block", post)
    panel.shows("iskp")
    panel.root.get_by_role("button", name="Tags are complete").click()
    expect(panel.root.locator(".article-tagger-complete")).to_have_text("The tags are complete.")
    desk.settled()
    assert desk.article(post)["state"] == "closed"
    undo(panel)
    expect(panel.root.get_by_role("button", name="Tags are complete")).to_be_visible()
    desk.settled()
    assert desk.article(post)["state"] != "closed"


def test_tag_that_was_added_by_itself_comes_back_with_its_mark(desk: Desk, sit: Sit) -> None:
    desk.site.php("wp_insert_term( 'Afghanistan', 'post_tag', array( 'slug' => 'afghanistan' ) );")
    desk.set(auto=True)
    post = desk.post()
    desk.settled()
    panel = opened(desk, sit, "block", post)
    panel.reject("afghanistan")
    assert desk.terms(post) == set()
    undo(panel)
    expect(panel.shows("afghanistan")).to_contain_text("Added by itself")
    assert desk.terms(post) == {"Afghanistan"}
    panel.keep("afghanistan")
    undo(panel)
    expect(panel.shows("afghanistan")).to_contain_text("Added by itself")
    assert desk.terms(post) == {"Afghanistan"}


def test_each_editor_takes_back_what_is_their_own(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    desk.settled()
    opened(desk, sit, "block", post).accept("iskp")
    desk.settled()
    code = "wp_set_current_user( get_user_by( 'login', 'ben' )->ID ); return rest_do_request( new WP_REST_Request( 'POST', \"/article-tagger/v1/posts/{$given['p']}/undo\" ) )->get_status();"
    assert desk.site.php(code, {"p": post}) == 409
    assert desk.terms(post) == {ISKP}


def test_focus_is_on_the_card_that_came_back(desk: Desk, sit: Sit) -> None:
    use_classic(desk)
    post = desk.post()
    desk.settled()
    panel = opened(desk, sit, "classic", post)
    panel.shows("iskp")
    first, second, *_ = panel.tags()
    panel.card(first).get_by_role("button", name="Accept").press("Enter")
    panel.lacks(first)
    expect(panel.card(second).get_by_role("button", name="Accept")).to_be_focused()
    panel.page.keyboard.press("Control+z")
    expect(panel.card(first).get_by_role("button", name="Accept")).to_be_focused()
