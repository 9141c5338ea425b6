"""Which taxonomy takes which kind of tag, what is sent of a post, and what other plugins may change."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.wordpress.desk import TITLE, Desk
from tests.wordpress.test_administration import SETTINGS, store
from tests.wordpress.test_tags import decide, shown
from tests.wordpress.test_terms import tags

pytestmark = pytest.mark.wordpress
Sit = Callable[..., Page]
MU = """<?php
add_action( 'init', function () {
    register_taxonomy( 'region', array( 'post', 'page' ), array( 'label' => 'Regions', 'public' => true, 'show_in_rest' => true, 'hierarchical' => false ) );
    register_taxonomy_for_object_type( 'post_tag', 'page' );
    add_shortcode( 'box', '__return_empty_string' );
    add_shortcode( 'note', '__return_empty_string' );
} );
if ( get_option( 'tests_filters' ) ) {
    add_filter( 'article_tagger_article', fn( $article, $post ) => array_merge( $article, array( 'title' => "$article[title] / {$post->ID}" ) ), 10, 2 );
    add_filter( 'article_tagger_suggestions', fn( $open ) => array_filter( $open, fn( $one ) => 'taliban' !== $one['id'] ) );
    add_filter( 'article_tagger_taxonomy', fn( $taxonomy, $kind ) => 'place' === $kind ? 'region' : $taxonomy, 10, 2 );
    add_action( 'article_tagger_answered', fn( $post ) => add_post_meta( $post, 'heard', 'answered' ) );
    add_action( 'article_tagger_decided', fn( $post, $decision ) => add_post_meta( $post, 'heard', $decision['tag'] ), 10, 2 );
}
"""


@pytest.fixture(autouse=True)
def regions(desk: Desk) -> None:
    """A theme or another plugin has a taxonomy of regions."""
    (desk.site.root / "wp-content" / "mu-plugins" / "regions.php").write_text(MU, encoding="utf-8")


def test_places_go_to_regions_where_that_is_set(desk: Desk, sit: Sit) -> None:
    page = sit("admin", SETTINGS)
    page.get_by_role("checkbox", name="Pages").check()
    store(page)
    page.get_by_label("place: All", exact=True).select_option(label="Regions")
    page.get_by_label("place: Pages", exact=True).select_option(label="Tags")
    store(page)
    expect(page.get_by_label("place: All", exact=True)).to_have_value("region")
    post, other = desk.post(), desk.post(post_type="page")
    desk.settled()
    for one in (post, other):
        for tag in ("afghanistan", "iskp"):
            assert decide(desk, one, "accept", tag)[0] == 200
    iskp = "Islamic State Khorasan Province"
    assert (desk.terms(post), desk.terms(post, "region")) == ({iskp}, {"Afghanistan"})
    assert (desk.terms(other), desk.terms(other, "region")) == ({iskp, "Afghanistan"}, set())
    desk.settled()
    assert tags(desk, post) == tags(desk, other) == {"afghanistan", "iskp"}


def test_category_that_is_accepted_takes_the_place_of_the_filler(desk: Desk) -> None:
    post = desk.post(post_status="publish")
    desk.settled()
    assert desk.terms(post, "category") == {"Uncategorized"}
    category = next((one["id"] for one in desk.answer(post)["suggestions"] if one["kind"] == "category"), "attack")
    if category == "attack":
        desk.set(kinds={"any": {"theme": "category"}})
    status, answer = decide(desk, post, "add", category, "admin")
    assert (status, answer["removed"]["name"]) == (200, "Uncategorized")
    assert "Uncategorized" not in desk.terms(post, "category")
    assert len(desk.terms(post, "category")) == 1
    desk.settled()
    assert tags(desk, post) == {category}
    assert [row[1] for row in desk.log(post)] in (["add"], ["accept"])


def test_what_readers_read_is_sent(desk: Desk) -> None:
    pattern = desk.site.php(
        "return wp_insert_post( array( 'post_type' => 'wp_block', 'post_status' => 'publish', 'post_title' => 'P', 'post_content' => '<p>In every article.</p>' ) );"
    )
    body = f"""<!-- wp:block {{"ref":{pattern}}} /--><p>[box colour="red"]Taliban [note]said[/note] so[/box] [[box]] [sic]</p>[box/]"""
    post = desk.post(body=body)
    desk.settled()
    assert desk.article(post)["body"] == "<p>In every article.</p><p>Taliban said so [box] [sic]</p>"
    desk.site.php("wp_update_post( array( 'ID' => $given['id'], 'post_status' => 'draft' ) );", {"id": pattern})
    desk.save(post, post_title=f"{TITLE}!")
    desk.settled()
    assert "every" not in desk.article(post)["body"]


def test_other_plugins_may_change_what_is_sent_shown_and_where_it_goes(desk: Desk) -> None:
    desk.site.php("update_option( 'tests_filters', 1 );")
    post = desk.post()
    desk.settled()
    assert desk.article(post)["title"] == f"{TITLE} / {post}"
    assert {"iskp", "afghanistan"} <= set(shown(desk, post)) and "taliban" not in shown(desk, post)
    decide(desk, post, "accept", "afghanistan")
    assert desk.terms(post, "region") == {"Afghanistan"}
    assert desk.site.php("return get_post_meta( $given['p'], 'heard' );", {"p": post}) == ["answered", "afghanistan"]
