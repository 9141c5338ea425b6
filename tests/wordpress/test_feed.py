"""The plugin follows the changes of the taxonomy: terms are renamed and merged, and an undo gives everything back."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.wordpress.desk import BODY, TITLE, Desk, Service
from tests.wordpress.test_map_page import PAGE
from tests.wordpress.test_terms import UNSENT, meta, tags

pytestmark = pytest.mark.wordpress
Sit = Callable[..., Page]
SETS = "/v1/tags/change-sets"
N_POSTS = 1000
MERGE = {"op": "merge", "tags": ["ttp"], "into": "iskp"}
PUBLISH = """
    define( 'WP_IMPORTING', true );
    foreach ( range( 1, $given['n'] ) as $n ) {
        $post = wp_insert_post( wp_slash( array( 'post_title' => "{$given['title']} $n", 'post_content' => $given['body'], 'post_status' => 'publish' ) ), true );
        wp_set_post_terms( $post, $n <= 100 ? array( 'TTP', 'ISIS-K', 'By hand' ) : array( 'TTP', 'By hand' ), 'post_tag' );
        $posts[] = $post;
    }
    return $posts;
"""
TERMS = """
    global $wpdb;
    foreach ( $wpdb->get_results( "SELECT p.ID, GROUP_CONCAT( t.name ORDER BY t.name ) AS names FROM $wpdb->posts p JOIN $wpdb->term_relationships r ON r.object_id = p.ID JOIN $wpdb->term_taxonomy x USING ( term_taxonomy_id ) JOIN $wpdb->terms t USING ( term_id ) WHERE x.taxonomy = 'post_tag' AND p.post_type = 'post' GROUP BY p.ID" ) as $row ) {
        $found[ $row->ID ] = $row->names;
    }
    return $found ?? array();
"""
KILLED = """
    add_action( 'set_object_terms', function () { static $n = 0; if ( ++$n > 701 ) { posix_kill( getmypid(), SIGKILL ); } } );
    delete_transient( 'article_tagger_feed_behind' );
    do_action( 'article_tagger_sweep' );
"""
TERM = "$t = get_term_by( 'slug', $given['slug'], 'post_tag' ); return $t ? array( $t->term_id, $t->name, $t->count ) : null;"
LISTED = "return get_terms( array( 'taxonomy' => 'post_tag', 'hide_empty' => false, 'fields' => 'names' ) );"


@pytest.fixture
def change(service: Service) -> Iterator[Callable[..., str]]:
    """Apply operations to the taxonomy of the service, and take them back in the end."""
    applied = []

    def change(*ops: dict[str, Any]) -> str:
        set_id = service.ask("POST", SETS, {"ops": list(ops)})["id"]
        based_on = service.ask("GET", f"{SETS}/{set_id}/preview")["based_on"]
        service.ask("POST", f"{SETS}/{set_id}/apply", {"based_on": based_on})
        applied.append(set_id)
        return str(set_id)

    yield change
    service.start()
    for set_id in reversed(applied):
        if service.ask("GET", f"{SETS}/{set_id}")["state"] == "applied":
            undo(service, set_id)


def undo(service: Service, set_id: str) -> None:
    service.ask("POST", f"{SETS}/{set_id}/undo", {})


def place(desk: Desk) -> int | None:
    found = desk.site.php("return get_option( 'article_tagger_feed', array() )['n'] ?? null;")
    return None if found is None else int(found)


def follow(desk: Desk) -> None:
    """Wait until the site has followed all changes."""
    head = desk.service.ask("GET", "/v1/tags/changes")["head"]

    def followed() -> bool:
        desk.site.php("delete_transient( 'article_tagger_feed_behind' ); do_action( 'article_tagger_sweep' );")
        return place(desk) == head

    desk.until(followed)


def term(desk: Desk, slug: str) -> tuple[int, str, int] | None:
    found = desk.site.php(TERM, {"slug": slug})
    return None if found is None else (int(found[0]), str(found[1]), int(found[2]))


def led(desk: Desk, path: str) -> tuple[int, str]:
    """Return the status of an address, and where it leads."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    try:
        with urllib.request.build_opener(Stay).open(desk.site.address + path, timeout=30) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        return error.code, (error.headers["Location"] or "").removeprefix(desk.site.address)


def test_a_merge_that_is_killed_goes_on_and_an_undo_gives_all_back(desk: Desk, change: Callable[..., str]) -> None:
    posts = list(desk.site.php(PUBLISH, {"n": N_POSTS, "title": TITLE, "body": BODY}))
    desk.site.php(UNSENT)
    follow(desk)
    sent = [posts[0], posts[-1]]
    for post in sent:
        desk.save(post, post_title=f"{TITLE} {post}")
    desk.settled()
    assert [tags(desk, post) for post in sent] == [{"ttp", "iskp"}, {"ttp"}]
    ttp = term(desk, "ttp")
    set_id = change(MERGE)
    with pytest.raises(AssertionError, match="PHP failed"):
        desk.site.php(KILLED)
    half = list(desk.site.php(TERMS).values())
    assert 0 < sum("TTP" in names for names in half) < N_POSTS
    desk.later(120)
    follow(desk)
    assert set(desk.site.php(TERMS).values()) == {"By hand,ISIS-K"}
    assert (term(desk, "ttp") or (0, "", 0))[::2] == ((ttp or (0,))[0], 0)
    assert "TTP" not in desk.site.php(LISTED)
    assert led(desk, "/tag/ttp/") == (301, "/tag/isis-k/")
    assert desk.waits() == 0
    for post in sent:
        desk.save(post, post_title=f"{TITLE} {post}, again")
    desk.settled()
    assert [(tags(desk, post), desk.log(post)) for post in sent] == [({"iskp"}, [])] * 2

    desk.give(posts[5], "By hand")
    undo(desk.service, set_id)
    follow(desk)
    found = desk.site.php(TERMS)
    assert found.pop(str(posts[5])) == "By hand"
    assert {found[str(post)] for post in posts[:100] if post != posts[5]} == {"By hand,ISIS-K,TTP"}
    assert {found[str(post)] for post in posts[100:]} == {"By hand,TTP"}
    assert term(desk, "ttp") == (*(ttp or (0,))[:1], "TTP", N_POSTS - 1)
    assert "TTP" in desk.site.php(LISTED)
    assert led(desk, "/tag/ttp/") == (200, "")
    assert desk.site.sql("SELECT COUNT(*) FROM wp_postmeta WHERE meta_key = '_article_tagger_moved'") == [["0"]]
    for post in sent:
        desk.save(post, post_title=f"{TITLE} {post}, and again")
    desk.settled()
    assert [(tags(desk, post), desk.log(post)) for post in sent] == [({"ttp", "iskp"}, []), ({"ttp"}, [])]


def test_where_the_heir_has_no_term_the_term_takes_its_name_and_gets_its_own_back(
    desk: Desk, change: Callable[..., str]
) -> None:
    desk.give(post := desk.post(post_status="publish"), "TTP")
    desk.settled()
    follow(desk)
    before = term(desk, "ttp")
    set_id = change(MERGE)
    follow(desk)
    assert term(desk, "ttp") == (*(before or (0,))[:1], "Islamic State Khorasan Province", 1)
    desk.save(post, post_title=f"{TITLE}!")
    desk.settled()
    assert (tags(desk, post), desk.log(post)) == ({"iskp"}, [])
    undo(desk.service, set_id)
    follow(desk)
    assert term(desk, "ttp") == before
    desk.save(post, post_title=f"{TITLE}?")
    desk.settled()
    assert (tags(desk, post), desk.log(post), meta(desk, "TTP")) == ({"ttp"}, [], "ttp")


def test_a_label_is_followed_unless_the_desk_has_a_spelling_of_its_own(desk: Desk, change: Callable[..., str]) -> None:
    desk.give(desk.post(), "Taliban", "ISIS-K")
    desk.settled()
    follow(desk)
    relabelled = [
        {"op": "relabel", "tag": "taliban", "label": "Taliban movement"},
        {"op": "relabel", "tag": "iskp", "label": "Islamic State in Khorasan"},
    ]
    set_id = change(*relabelled)
    follow(desk)
    assert {"Taliban movement", "ISIS-K"} <= set(desk.site.php(LISTED))
    undo(desk.service, set_id)
    follow(desk)
    assert {"Taliban", "ISIS-K"} <= set(desk.site.php(LISTED))


def test_a_slug_follows_where_that_is_set_and_the_old_address_leads_on(desk: Desk, change: Callable[..., str]) -> None:
    desk.set(slugs=True)
    desk.give(post := desk.post(post_status="publish"), "Taliban")
    desk.settled()
    follow(desk)
    set_id = change({"op": "rename", "tag": "taliban", "to": "taliban-movement"})
    follow(desk)
    assert term(desk, "taliban-movement") is not None
    assert led(desk, "/tag/taliban/") == (301, "/tag/taliban-movement/")
    desk.save(post, post_title=f"{TITLE}!")
    desk.settled()
    assert (tags(desk, post), desk.log(post)) == ({"taliban-movement"}, [])
    undo(desk.service, set_id)
    follow(desk)
    assert term(desk, "taliban") is not None


def test_what_waits_is_shown_and_nothing_is_done_where_the_site_does_not_follow(
    desk: Desk, sit: Sit, change: Callable[..., str]
) -> None:
    for names in (("TTP",), ("TTP", "ISIS-K")):
        desk.give(desk.post(), *names)
    desk.settled()
    follow(desk)
    desk.set(follow=False)
    change(MERGE)
    desk.site.php("do_action( 'article_tagger_sweep' );")
    page = sit("admin", PAGE)
    expect(page.locator("#article-tagger-plan")).to_contain_text("merge ttp into iskp (posts that get another term: 2)")
    assert set(desk.site.php(TERMS).values()) == {"TTP", "ISIS-K,TTP"}
    desk.set(follow=True)
    follow(desk)
    assert set(desk.site.php(TERMS).values()) == {"ISIS-K"}
