"""An article is done: an editor says that its tags are complete, or publishing says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.wordpress.desk import BODY, TITLE, Desk
from tests.wordpress.editors import BlockEditor, ClassicEditor, use_classic
from tests.wordpress.test_tags import OTHER_BODY

pytestmark = pytest.mark.wordpress
Sit = Callable[..., Page]
COMPLETE = (None, "complete", None, "cms/ana")
PUBLISH = """
    wp_set_current_user( get_user_by( 'login', $given['who'] )->ID );
    if ( $given['open'] ) {
        $request = new WP_REST_Request( 'GET', "/article-tagger/v1/posts/{$given['post']}" );
        $request->set_query_params( array( 'open' => true ) );
        rest_do_request( $request );
    }
    wp_update_post( array( 'ID' => $given['post'], 'post_status' => 'publish' ) );
"""


@pytest.mark.parametrize("kind", ["block", "classic"])
def test_button_closes_the_article_with_the_tags_that_it_has(desk: Desk, sit: Sit, kind: str) -> None:
    if kind == "classic":
        use_classic(desk)
    post = desk.post()
    page = sit("ana", BlockEditor.path(post))
    editor = BlockEditor(page).ready() if kind == "block" else ClassicEditor(page)
    editor.accept("iskp")
    editor.root.get_by_role("button", name="Tags are complete").click()
    expect(editor.root.locator(".article-tagger-complete")).to_have_text("The tags are complete.")
    desk.settled()
    assert desk.log(post) == [("iskp", "accept", None, "cms/ana"), COMPLETE]
    assert (desk.article(post)["state"], desk.article(post)["tags"]) == ("closed", ["iskp"])
    page.reload()
    expect(editor.root.locator(".article-tagger-complete")).to_have_text("The tags are complete.")
    desk.save(post, post_title="ISKP lets vaccination teams pass", post_content=OTHER_BODY)
    desk.settled()
    page.reload()
    expect(editor.root.get_by_role("button", name="Tags are complete")).to_be_visible()


def test_terms_that_were_set_just_before_count(desk: Desk) -> None:
    post = desk.post()
    desk.settled()
    desk.service.stop()
    desk.give(post, "Taliban")
    code = "wp_set_current_user( get_user_by( 'login', 'ana' )->ID ); return rest_do_request( new WP_REST_Request( 'POST', \"/article-tagger/v1/posts/{$given['p']}/complete\" ) )->get_status();"
    assert desk.site.php(code, {"p": post}) == 200
    desk.service.start()
    desk.later(600)
    desk.settled()
    assert (desk.article(post)["state"], desk.article(post)["tags"], desk.log(post)) == (
        "closed",
        ["taliban"],
        [("taliban", "add", None, "cms/ana"), COMPLETE],  # she stands for what was set in the form
    )


@pytest.mark.parametrize(
    ("is_set", "opened", "who", "closes"),
    [(True, True, "ana", True), (True, False, "ana", False), (True, True, "ben", False), (False, True, "ana", False)],
)
def test_publishing_completes_where_that_is_set_and_the_editor_saw_the_panel(
    desk: Desk, is_set: bool, opened: bool, who: str, closes: bool
) -> None:
    desk.set(completes=is_set)
    post = desk.post(TITLE, BODY)
    desk.settled()
    if who == "ben":  # ana has seen it, and he publishes
        desk.site.php(
            "update_post_meta( $given['p'], '_article_tagger_seen', get_user_by( 'login', 'ana' )->ID );", {"p": post}
        )
        opened = False
    desk.site.php(PUBLISH, {"post": post, "open": opened, "who": who})
    desk.settled()
    assert (COMPLETE in desk.log(post)) is closes
    assert (desk.article(post)["state"] == "closed") is closes
