"""Suggestions in the lists of posts: a column, two views, and the screen on which several are accepted."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.wordpress.desk import TITLE, Desk
from tests.wordpress.test_tags import decide
from tests.wordpress.test_terms import tags

pytestmark = pytest.mark.wordpress
Sit = Callable[..., Page]
LIST = "/wp-admin/edit.php"
ACCEPT = "/wp-admin/edit.php?page=article-tagger-accept"
QUERIES = """
    global $wpdb, $typenow;
    wp_set_current_user( get_user_by( 'login', $given['user'] )->ID );
    set_current_screen( 'edit-post' );
    $typenow = 'post';
    do_action( 'admin_init' );
    $shown = get_posts( array( 'post_status' => 'any', 'numberposts' => 20 ) );
    ob_start();
    $before = $wpdb->num_queries;
    foreach ( $shown as $post ) { do_action( 'manage_post_posts_custom_column', 'article_tagger', $post->ID ); }
    $column = $wpdb->num_queries - $before;
    $text = ob_get_clean();
    $before = $wpdb->num_queries;
    $views = apply_filters( 'views_edit-post', array() );
    return array( $column, $wpdb->num_queries - $before, array_map( 'wp_strip_all_tags', $views ), substr_count( $text, 'suggestion' ) );
"""
OPEN = "return array_map( 'intval', array( get_post_meta( $given['post'], '_article_tagger_open', true ), get_post_meta( $given['post'], '_article_tagger_marked', true ) ) );"


def counts(desk: Desk, post: int) -> tuple[int, int]:
    n_open, n_marked = desk.site.php(OPEN, {"post": post})
    return int(n_open), int(n_marked)


def sure(desk: Desk, post: int) -> dict[str, int]:
    """Return the scores of a post's suggestions in percent."""
    return {one["id"]: min(round(one["score"] * 100), 99) for one in desk.answer(post)["suggestions"]}


@pytest.fixture
def posts(desk: Desk) -> list[int]:
    """Two posts of Ana's and one of Max's with suggestions, and one without any."""
    users = {
        name: desk.site.php("return get_user_by( 'login', $given['n'] )->ID;", {"n": name}) for name in ("ana", "max")
    }
    found = [desk.post(f"{TITLE} {n}", post_author=users[name]) for n, name in enumerate(("ana", "ana", "max"))]
    found.append(desk.post("Tomatoes", "Water the plants each morning.", post_author=users["ana"]))
    desk.settled()
    return found


def test_counts_follow_answers_decisions_and_terms(desk: Desk, posts: list[int]) -> None:
    first, *_, garden = posts
    n = len(desk.suggested(first))
    assert (counts(desk, first), counts(desk, garden)) == ((n, 0), (0, 0))
    decide(desk, first, "reject", "iskp")
    assert counts(desk, first) == (n - 1, 0)
    desk.give(first, "Taliban")
    desk.settled()
    assert counts(desk, first) == (n - 2, 0)
    desk.site.php("wp_trash_post( $given['post'] );", {"post": first})
    desk.site.php("wp_untrash_post( $given['post'] );", {"post": first})
    assert counts(desk, first) == (n - 2, 0)


def test_what_was_answered_before_it_was_counted_is_counted_by_the_sweep(desk: Desk, posts: list[int]) -> None:
    before = [counts(desk, post) for post in posts]
    desk.site.php(
        "delete_metadata( 'post', 0, '_article_tagger_open', '', true ); delete_option( 'article_tagger_counted' );"
    )
    desk.site.php("do_action( 'article_tagger_sweep' ); do_action( 'article_tagger_sweep' );")
    assert [counts(desk, post) for post in posts] == before


def test_the_numbers_of_the_views_cost_one_query_and_the_column_none(desk: Desk, posts: list[int]) -> None:
    column, views, texts, shown = desk.site.php(QUERIES, {"user": "ana"})
    assert (column, views) == (0, 1)
    assert list(texts.values()) == ["Has suggestions (3)"]
    assert shown >= 3
    *_, texts, _ = desk.site.php(QUERIES, {"user": "max"})  # who may not edit the posts of others
    assert list(texts.values()) == ["Has suggestions (1)"]


def test_the_list_shows_and_filters_by_suggestions(desk: Desk, sit: Sit, posts: list[int]) -> None:
    n = len(desk.suggested(posts[0]))
    page = sit("ana", LIST)
    expect(page.locator(f"#post-{posts[0]} .column-article_tagger")).to_have_text(f"{n} suggestions")
    expect(page.locator(f"#post-{posts[3]} .column-article_tagger")).to_contain_text("No suggestions")
    page.get_by_role("link", name="Has suggestions (3)").click()
    expect(page.locator("#the-list tr")).to_have_count(3)
    expect(page.locator(f"#post-{posts[3]}")).to_have_count(0)
    expect(page.locator(".subsubsub .current")).to_have_text("Has suggestions (3)")
    author = sit("max", LIST)
    author.get_by_role("link", name="Has suggestions (1)").click()
    expect(author.locator("#the-list tr")).to_have_count(1)


def accepting(page: Page, posts: list[int]) -> None:
    """Select posts in the list and go to the screen."""
    for post in posts:
        page.locator(f"#cb-select-{post}").check()
    page.select_option("#bulk-action-selector-top", "article_tagger_accept")
    page.click("#doaction")
    expect(page.get_by_role("heading", name="Suggested tags")).to_be_visible()


def test_what_is_ticked_is_accepted_as_that_editors_and_nothing_else(desk: Desk, sit: Sit, posts: list[int]) -> None:
    first, second, others, garden = posts
    scores = sure(desk, first)
    page = sit("ana", LIST)
    accepting(page, [first, second, garden])
    rows = page.locator("#article-tagger-accept tr[data-post]")
    expect(rows).to_have_count(2)
    assert desk.waits() == 0  # nothing is accepted yet
    threshold = sorted(scores.values())[-2]
    page.fill("#article-tagger-from", str(threshold))
    ticked = {tag for tag, score in scores.items() if score >= threshold}
    row = page.locator(f"tr[data-post='{first}']")
    assert {box.get_attribute("value") for box in row.locator("input:checked").all()} == ticked
    for box in page.locator(f"tr[data-post='{second}'] input[type=checkbox]").all():
        box.uncheck()
    expect(row.locator(f"input[value='{min(scores, key=scores.__getitem__)}']")).not_to_be_checked()
    page.get_by_role("button", name=f"Accept {len(ticked)} tag").click()
    expect(page.locator(".notice-success")).to_have_text(f"Accepted tags: {len(ticked)}, on posts: 1.")
    desk.settled()
    assert {(tag, action, editor) for tag, action, _, editor in desk.log(first)} == {
        (t, "accept", "cms/ana") for t in ticked
    }
    assert tags(desk, first) == ticked
    assert [desk.log(post) for post in (second, others)] == [[], []]


def test_without_a_script_the_score_ticks_too(desk: Desk, sit: Sit, posts: list[int]) -> None:
    first = posts[0]
    scores = sure(desk, first)
    page = sit("ana", f"{ACCEPT}&posts={first}&from={max(scores.values())}")
    ticked = page.locator("input:checked").all()
    assert {box.get_attribute("value") for box in ticked} == {t for t, s in scores.items() if s == max(scores.values())}


def submit(page: Page, post: int, tag: str, *, answer_set: str = "", nonce: str | None = None) -> tuple[int, str]:
    """Send the form with whatever is in it."""
    nonce = page.locator("#_wpnonce").input_value() if nonce is None else nonce
    form = {"action": "article_tagger_accept", "_wpnonce": nonce, f"accept[{post}][]": tag, f"set[{post}]": answer_set}
    url = urllib.parse.urljoin(page.url, "/wp-admin/admin-post.php")
    answer = page.context.request.post(url, form={**form, "rest": "", "from": "90"})
    return answer.status, answer.text()


def test_nonce_and_rights_hold_for_each_post_and_nothing_unseen_is_accepted(
    desk: Desk, sit: Sit, posts: list[int]
) -> None:
    first, _, others, _ = posts
    shown: dict[int, Any] = {post: desk.answer(post)["set"] for post in posts}
    page = sit("max", f"{ACCEPT}&posts={first},{others}")
    expect(page.locator("tr[data-post]")).to_have_count(1)  # not the post of somebody else
    assert submit(page, others, "iskp", answer_set=shown[others], nonce="wrong")[0] == 403
    assert "You may not edit one of these posts." in submit(page, first, "iskp", answer_set=shown[first])[1]
    assert "other suggestions by now" in submit(page, others, "iskp", answer_set="an older one")[1]
    assert "Accepted tags: 0" in submit(page, others, "al-shabaab", answer_set=shown[others])[1]  # it was not suggested
    desk.settled()
    assert [desk.log(post) for post in posts] == [[]] * 4
    assert "Accepted tags: 1, on posts: 1." in submit(page, others, "iskp", answer_set=shown[others])[1]
    desk.settled()
    assert [(tag, editor) for tag, _, _, editor in desk.log(others)] == [("iskp", "cms/max")]


def test_a_screen_takes_no_more_than_it_can_send_and_the_rest_follows(desk: Desk, sit: Sit) -> None:
    desk.site.php(
        """
        foreach ( range( 1, 60 ) as $n ) {
            $post = wp_insert_post( array( 'post_title' => "Post $n", 'post_content' => 'x', 'post_status' => 'draft' ) );
            $one  = array( 'id' => 'iskp', 'label' => 'Islamic State Khorasan Province', 'kind' => 'group', 'score' => 0.95, 'band' => 'suggest', 'words' => array() );
            update_post_meta( $post, '_article_tagger_answer', array( 'set' => "s$n", 'reason' => '', 'suggestions' => array( $one ), 'withheld' => array() ) );
        }
        """
    )
    desk.service.stop()
    page = sit("ana", ACCEPT)
    expect(page.locator("tr[data-post]")).to_have_count(50)
    expect(page.locator(".article-tagger-accept")).to_contain_text("10 more posts come after these.")
    page.get_by_role("button", name="Accept 50 tags").click()
    expect(page.locator(".notice-success")).to_have_text("Accepted tags: 50, on posts: 50.")
    expect(page.locator("tr[data-post]")).to_have_count(10)
    desk.site.php(
        "global $wpdb; $wpdb->query( \"DELETE FROM $wpdb->postmeta WHERE meta_key LIKE '%article_tagger%'\" );"
    )  # for posts that no article stands for


def test_the_screen_fits_a_phone(desk: Desk, sit: Sit, posts: list[int]) -> None:
    page = sit("ana", ACCEPT)
    page.set_viewport_size({"width": 360, "height": 740})
    width = page.evaluate("document.querySelector('.article-tagger-accept').scrollWidth")
    assert width <= 360
    heights = page.locator("#article-tagger-accept li label").evaluate_all(
        "all => all.map( (one) => one.offsetHeight )"
    )
    assert min(heights) >= 44
