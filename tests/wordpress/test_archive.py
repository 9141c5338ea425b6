"""The archive's way back: what archive runs add reaches the posts, marked until somebody confirms it, and an undo takes it off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from classifier.commands import main
from tests.wordpress.desk import BODY, TITLE, Desk
from tests.wordpress.editors import BlockEditor
from tests.wordpress.test_feed import change, follow, undo  # noqa: F401 - a fixture
from tests.wordpress.test_tags import decide
from tests.wordpress.test_terms import UNSENT, tags

pytestmark = pytest.mark.wordpress
Sit = Callable[..., Page]
PUBLISH = """
    define( 'WP_IMPORTING', true );
    foreach ( range( 1, $given['n'] ) as $n ) {
        $posts[] = wp_insert_post( wp_slash( array( 'post_title' => "{$given['title']} $n", 'post_content' => $given['body'], 'post_status' => 'publish' ) ), true );
    }
    return $posts;
"""
SWEEP = "delete_transient( 'article_tagger_archive_behind' ); do_action( 'article_tagger_sweep' );"
KILLED = """
    add_action( 'added_term_relationship', function () { static $n = 0; if ( ++$n > 130 ) { posix_kill( getmypid(), SIGKILL ); } } );
    delete_transient( 'article_tagger_archive_behind' );
    do_action( 'article_tagger_sweep' );
"""
STATE = "return get_option( 'article_tagger_archive', array( 'n' => 0 ) );"
MARKED = "return get_post_meta( $given['post'], '_article_tagger_auto' );"
COUNT = "return get_term_by( 'slug', $given['slug'], 'post_tag' )->count ?? 0;"


@pytest.fixture
def archive(desk: Desk) -> Iterator[Callable[..., Any]]:
    """Run `archive …` over the articles of the service; what the test has left is taken back in the end."""
    runs = []

    def archive(command: str, *options: str) -> Any:
        models = [] if command == "undo" else ["--models", str(desk.service.models)]
        runs.append(command)
        assert main(["archive", command, *options, *models, "--database", desk.service.url]) == 0

    yield archive
    if runs.count("run") > runs.count("undo"):
        archive("undo")


def publish(desk: Desk, n: int) -> list[int]:
    """Publish posts as an import into WordPress does, and store their articles as an import at the service does."""
    posts = list(desk.site.php(PUBLISH, {"n": n, "title": TITLE, "body": BODY}))
    desk.site.php(UNSENT)
    return posts


def put(desk: Desk, posts: list[int]) -> None:
    for post in posts:
        article = {"title": f"{TITLE} {post}", "body": BODY, "body_format": "html", "tags": []}
        desk.service.ask("PUT", f"/v1/articles/{desk.prefix}{post}", article)


def sweep(desk: Desk) -> dict[str, Any]:
    """Sweep until the site has read all additions, and return how far it is."""
    head = desk.service.ask("GET", "/v1/assignments")["head"]

    def is_done() -> bool:
        desk.site.php(SWEEP)
        return int(desk.site.php(STATE)["n"]) == head

    desk.until(is_done)
    return dict(desk.site.php(STATE))


def marked(desk: Desk, post: int) -> set[str]:
    return set(desk.site.php(MARKED, {"post": post}))


def test_additions_reach_the_posts_marked_and_an_undo_takes_them_off_but_for_what_people_said(
    desk: Desk, archive: Callable[..., Any]
) -> None:
    posts = publish(desk, 6)
    plain, kept, removed, had, rejected, locked = posts
    put(desk, posts)
    desk.give(had, "Taliban")
    desk.site.php(UNSENT)
    desk.site.php("wp_update_post( array( 'ID' => $given['post'], 'post_password' => 'x' ) );", {"post": locked})
    archive("run", "--band", "suggest")
    added = {
        row["tag"]: row["label"]
        for row in desk.service.ask("GET", f"/v1/assignments?prefix={desk.prefix}{plain}")["assignments"]
        if row["kind"] != "category" and row["article_id"] == f"{desk.prefix}{plain}"
    }
    assert {"iskp", "taliban"} <= set(added)
    sweep(desk)
    assert desk.terms(plain) == set(added.values())
    assert marked(desk, plain) == set(added)
    assert marked(desk, had) == set(added) - {"taliban"}
    assert (desk.terms(locked), desk.waits()) == (set(), 0)

    desk.save(plain, post_title=f"{TITLE}!")
    decide(desk, kept, "accept", "iskp")
    decide(desk, rejected, "reject", "iskp")
    desk.site.php(
        "wp_remove_object_terms( $given['post'], 'Islamic State Khorasan Province', 'post_tag' );", {"post": removed}
    )
    desk.settled()
    assert (tags(desk, plain), desk.log(plain)) == (set(), [])
    assert tags(desk, kept) == {"iskp"}
    assert [(tag, action) for tag, action, *_ in desk.log(kept)] == [("iskp", "accept")]
    assert [(tag, action) for tag, action, *_ in desk.log(rejected)] == [("iskp", "reject")]
    assert [(tag, action) for tag, action, *_ in desk.log(removed)] == [("iskp", "remove")]

    archive("undo")
    state = sweep(desk)
    assert desk.terms(plain) == set()
    assert desk.terms(kept) == {added["iskp"]}
    assert desk.terms(had) == {"Taliban"}
    assert [desk.terms(post) for post in (removed, rejected)] == [set(), set()]
    assert [marked(desk, post) for post in posts] == [set()] * 6
    assert state["failed"] == 0


def test_additions_that_were_stopped_by_a_kill_go_on_and_every_post_has_each_tag_once(
    desk: Desk, archive: Callable[..., Any]
) -> None:
    posts = publish(desk, 120)
    put(desk, posts)
    archive("run", "--band", "suggest")
    with pytest.raises(AssertionError, match="PHP failed"):
        desk.site.php(KILLED)
    place = int(desk.site.php(STATE)["n"])
    assert 0 < place < desk.service.ask("GET", "/v1/assignments")["head"]
    touched = next(post for post in posts if "Taliban" in desk.terms(post))
    desk.give(touched)  # an editor takes all off
    desk.site.php(UNSENT.split("$wpdb->query")[0] + "wp_clear_scheduled_hook( 'article_tagger_send' );")
    desk.later(120)
    sweep(desk)
    others = [post for post in posts if post != touched]
    assert {frozenset(desk.terms(post)) for post in others[::10]} == {frozenset(desk.terms(others[0]))}
    assert "Taliban" not in desk.terms(touched)
    assert desk.site.php(COUNT, {"slug": "taliban"}) == len(others)


def test_a_merge_keeps_the_mark_and_the_undo_of_both_gives_all_back(
    desk: Desk,
    archive: Callable[..., Any],
    change: Callable[..., str],  # noqa: F811
) -> None:
    (post,) = posts = publish(desk, 1)
    put(desk, posts)
    follow(desk)
    archive("run", "--band", "suggest")
    sweep(desk)
    set_id = change({"op": "merge", "tags": ["taliban"], "into": "ttp"})
    follow(desk)
    assert "ttp" in marked(desk, post)
    assert "taliban" not in marked(desk, post)
    desk.save(post, post_title=f"{TITLE}!")
    desk.settled()
    assert (tags(desk, post), desk.log(post)) == (set(), [])
    undo(desk.service, set_id)
    follow(desk)
    assert "taliban" in marked(desk, post)
    change({"op": "merge", "tags": ["taliban"], "into": "ttp"})
    follow(desk)
    archive("undo")
    sweep(desk)
    assert (desk.terms(post), marked(desk, post)) == (set(), set())


def test_an_editor_sees_what_a_run_added_and_keeps_it(desk: Desk, sit: Sit, archive: Callable[..., Any]) -> None:
    (post,) = posts = publish(desk, 1)
    put(desk, posts)
    archive("run", "--band", "suggest")
    sweep(desk)
    editor = BlockEditor(sit("ana", BlockEditor.path(post))).ready()
    expect(editor.shows("iskp")).to_contain_text("From an archive run")
    editor.keep("iskp")
    desk.settled()
    assert "iskp" not in marked(desk, post)
    assert (desk.log(post), tags(desk, post)) == ([("iskp", "accept", None, "cms/ana")], {"iskp"})


def test_what_a_person_confirmed_at_the_service_is_set_without_a_mark_and_a_new_term_is_made_once(
    desk: Desk, archive: Callable[..., Any]
) -> None:
    confirmed, rejected, _ = posts = publish(desk, 3)
    put(desk, posts)
    archive("run", "--band", "suggest")
    for post, action in ((confirmed, "accept"), (rejected, "reject")):
        decision = {"decisions": [{"tag": "iskp", "action": action}]}
        desk.service.ask("POST", f"/v1/articles/{desk.prefix}{post}/decisions", decision, desk.service.editor_key)
    sweep(desk)
    label = "Islamic State Khorasan Province"
    assert [label in desk.terms(post) for post in posts] == [True, False, True]
    assert ["iskp" in marked(desk, post) for post in posts] == [False, False, True]
    assert desk.site.php(COUNT, {"slug": "iskp"}) == 2


def test_nothing_is_read_where_the_site_does_not_want_it(desk: Desk, archive: Callable[..., Any]) -> None:
    desk.set(archive=False)
    (post,) = posts = publish(desk, 1)
    put(desk, posts)
    archive("run", "--band", "suggest")
    desk.site.php(SWEEP)
    assert desk.terms(post) == set()
