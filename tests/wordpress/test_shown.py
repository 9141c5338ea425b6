"""What counts as shown is what an editor's panel showed, not every answer that WordPress was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page

from classifier.commands import main
from tests.wordpress.desk import Desk
from tests.wordpress.editors import BlockEditor, ClassicEditor, use_classic

pytestmark = pytest.mark.wordpress
Sit = Callable[..., Page]


@contextmanager
def changed(desk: Desk, code: str) -> Iterator[None]:
    """Run a site with some code of another plugin."""
    path = desk.site.root / "wp-content" / "mu-plugins" / "other.php"
    path.write_text(f"<?php {code}", encoding="utf-8")
    try:
        yield
    finally:
        path.unlink()


def shown(desk: Desk, post: int) -> dict[str, str | None]:
    """Return the suggestions that the service counts as shown, and to whom."""
    rows = desk.service.ask("GET", f"/v1/articles/{desk.prefix}{post}/decisions")["impressions"]
    return {row["tag"]: row["editor"] for row in rows}


@pytest.mark.parametrize("kind", ["block", "classic"])
def test_only_what_came_into_sight_counts_and_for_whom(desk: Desk, sit: Sit, kind: str) -> None:
    if kind == "classic":
        use_classic(desk)
    post = desk.post()
    desk.settled()
    assert len(desk.suggested(post)) >= 3 and shown(desk, post) == {}
    desk.set(shown=2)
    page = sit("ana", BlockEditor.path(post))
    editor = BlockEditor(page).ready() if kind == "block" else ClassicEditor(page)
    editor.shows("iskp").scroll_into_view_if_needed()
    first, second = editor.tags()
    editor.card(second).scroll_into_view_if_needed()
    desk.until(lambda: shown(desk, post) == {first: "cms/ana", second: "cms/ana"})
    editor.reject(second)
    desk.settled()
    assert [row[:2] for row in desk.log(post)] == [(second, "reject")]


def test_a_closed_box_shows_nothing(desk: Desk, sit: Sit) -> None:
    use_classic(desk)
    post = desk.post()
    desk.settled()
    page = sit("ana", ClassicEditor.path(post))
    editor = ClassicEditor(page)
    editor.shows("iskp")
    desk.until(lambda: shown(desk, post))
    page.locator("#article-tagger .handlediv").click()
    desk.save(post, post_content="<p>Six women were flogged in Kabul, ISKP said. The Taliban said nothing of it.</p>")
    desk.settled()
    before = shown(desk, post)
    set_id = desk.answer(post)["set"]
    page.wait_for_function(
        "set => wp.apiFetch({path: `/article-tagger/v1/posts/${document.getElementById('post_ID').value}`}).then(a => a.set === set)",
        arg=set_id,
    )
    page.wait_for_timeout(3000)
    rows = desk.service.ask("GET", f"/v1/articles/{desk.prefix}{post}/decisions")["impressions"]
    assert shown(desk, post) == before
    assert set_id not in {row["suggestion_set_id"] for row in rows}


def test_what_was_told_is_not_told_again_when_the_panel_is_drawn_anew(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    desk.settled()
    page = sit("ana", BlockEditor.path(post))
    told: list[str] = []
    page.on("request", lambda request: told.append(request.post_data or "") if "/shown" in request.url else None)
    editor = BlockEditor(page).ready()
    desk.until(lambda: shown(desk, post).keys() == set(desk.suggested(post)))
    page.evaluate("wp.data.dispatch('core/edit-post').closeGeneralSidebar()")
    editor.root.wait_for(state="detached")
    editor.ready().shows("iskp")
    page.wait_for_timeout(1500)
    assert len(told) == 1


OLDER = """
    add_filter( 'pre_http_request', function ( $answer, $request, $url ) {
        $is_new = str_ends_with( $url, '/impressions' ) || str_contains( (string) $request['body'], '"background"' );
        $body   = array( 'type' => '/docs#invalid', 'detail' => 'Unknown.', 'errors' => array( array( 'pointer' => '/background', 'detail' => '?' ) ) );
        $code   = str_ends_with( $url, '/impressions' ) ? 404 : 422;
        return $is_new ? array( 'response' => array( 'code' => $code, 'message' => '' ), 'headers' => array(), 'cookies' => array(), 'filename' => null, 'body' => wp_json_encode( $body ) ) : $answer;
    }, 10, 3 );
"""


def test_an_older_service_counts_all_that_it_answers_as_before(desk: Desk) -> None:
    with changed(desk, OLDER):
        post = desk.post()
        desk.settled()
        assert set(shown(desk, post)) == set(desk.suggested(post)) != set()
        code = "wp_set_current_user( get_user_by( 'login', 'ana' )->ID ); $r = new WP_REST_Request( 'POST', \"/article-tagger/v1/posts/{$given['p']}/shown\" ); $r->set_body_params( array( 'set' => $given['set'], 'tags' => array( 'iskp' ) ) ); return rest_do_request( $r )->get_status();"
        assert desk.site.php(code, {"p": post, "set": desk.answer(post)["set"]}) == 204
        waits = "SELECT COUNT(*) FROM wp_postmeta WHERE meta_key = '_article_tagger_saw'"
        assert desk.site.sql(waits) == [["1"]]
        desk.until(lambda: desk.site.sql(waits) == [["0"]])


def test_desk_report_and_examples_count_what_the_panel_showed(desk: Desk, sit: Sit, tmp_path: Any) -> None:
    seen, unseen = desk.post(), desk.post()
    desk.settled()
    editor = BlockEditor(sit("ana", BlockEditor.path(seen))).ready()
    editor.shows("iskp").scroll_into_view_if_needed()
    desk.until(lambda: "iskp" in shown(desk, seen))
    for post in (seen, unseen):  # typed among the tags, not accepted
        desk.give(post, "Islamic State Khorasan Province")
    desk.settled()
    assert desk.article(seen)["origins"] == {"iskp": "left"}
    out = tmp_path / "examples.jsonl"
    assert main(["export", "examples", "--database", desk.service.url, "--output", str(out)]) == 0
    lines = [line for line in out.read_text(encoding="utf-8").splitlines() if f'"{desk.prefix}' in line]
    assert [f'"{desk.prefix}{unseen}"' in line for line in lines] == [True]
