"""The language of a post: what Polylang or WPML says of it, else the site's, goes to the service with the post."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.wordpress.desk import TEXT, TITLE, Desk
from tests.wordpress.editors import BlockEditor
from tests.wordpress.test_shown import changed

pytestmark = pytest.mark.wordpress
Sit = Callable[..., Page]
POLYLANG = "function pll_get_post_language( $post, $field ) { return 'locale' === $field ? 'fr_FR' : 'francais'; }"
WPML = """add_filter( 'wpml_post_language_details', function ( $none, $post ) {
    return array( 'language_code' => 'pt-br', 'locale' => 'pt_BR' );
}, 10, 2 );"""

NOTING = """add_filter( 'http_request_args', function ( $args, $url ) {
    if ( str_ends_with( $url, '/v1/suggest' ) ) {
        update_option( 'asked_in', json_decode( $args['body'], true )['language'] ?? '' );
    }
    return $args;
}, 10, 2 );"""


def told(desk: Desk, post: int) -> tuple[str, bool]:
    language = desk.article(post)["language"]
    return language["code"], language["told"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("", "en"),
        ("add_filter( 'locale', fn() => 'de_DE_formal' );", "de"),
        (POLYLANG, "fr"),
        (WPML, "pt"),
        ("function pll_get_post_language( $post, $field ) { return false; }", "en"),
    ],
    ids=["site", "another site", "Polylang", "WPML", "Polylang without a language"],
)
def test_a_saved_post_is_sent_with_its_language(desk: Desk, code: str, expected: str) -> None:
    with changed(desk, code):
        post = desk.post()
        desk.settled()
        assert told(desk, post) == (expected, True)


def test_an_answer_while_writing_is_asked_for_in_the_language_of_the_post(desk: Desk, sit: Sit) -> None:
    desk.set(drafts=True)
    with changed(desk, POLYLANG + NOTING):
        page = sit("ana", BlockEditor.path(None), refusals=True)
        panel = BlockEditor(page).ready()
        panel.write(TITLE, TEXT)
        desk.until(lambda: desk.site.php("return get_option( 'asked_in' );") == "fr")


def test_the_name_of_a_tag_runs_in_its_own_direction(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    desk.settled()
    page = sit("ana", BlockEditor.path(post))
    BlockEditor(page).ready().shows("iskp")
    assert page.locator(".article-tagger-label").first.get_attribute("dir") == "auto"
