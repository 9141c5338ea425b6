"""Terms of WordPress and tags of the service: the same after an import, after saves, and when people rename and merge terms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from classifier.commands import main
from tests.wordpress.desk import BODY, TITLE, Desk
from tests.wordpress.test_tags import decide
from tests.wordpress.test_whole_chain import EXPORT

pytestmark = pytest.mark.wordpress
N_POSTS = 40
SPELLINGS = ("ISIS-K", "Shabaab", "ISIS")  # as the desk calls them
TAGS = {"iskp", "al-shabaab", "islamic-state"}
PUBLISH = """
    foreach ( range( 1, $given['n'] ) as $n ) {
        $post = wp_insert_post( wp_slash( array( 'post_title' => "{$given['title']} $n", 'post_content' => $given['body'], 'post_status' => 'publish' ) ), true );
        wp_set_post_terms( $post, $given['terms'], 'post_tag' );
        $posts[] = $post;
    }
    return $posts;
"""
BULK = """
    wp_set_current_user( get_user_by( 'login', 'admin' )->ID );
    foreach ( $given['posts'] as $post ) { clean_post_cache( $post ); }
    do_action( 'admin_init' );
    return apply_filters( 'handle_bulk_actions-edit-post', 'edit.php', 'article_tagger_suggest', $given['posts'] );
"""
UNSENT = """
    global $wpdb;
    $wpdb->query( "DELETE FROM $wpdb->postmeta WHERE meta_key LIKE '\\\\_article\\\\_tagger\\\\_%'" );
    wp_clear_scheduled_hook( 'article_tagger_send' );
"""
META = (
    "return get_term_meta( get_term_by( 'name', $given['name'], 'post_tag' )->term_id, '_article_tagger_tag', true );"
)


def publish(desk: Desk, n: int, *terms: str) -> list[int]:
    given = {"n": n, "title": TITLE, "body": BODY, "terms": terms}
    return list(desk.site.php(PUBLISH, given))


def tags(desk: Desk, post: int) -> set[str]:
    return set(desk.article(post)["tags"])


def meta(desk: Desk, name: str) -> str:
    return str(desk.site.php(META, {"name": name}))


def proposals(desk: Desk) -> list[str]:
    sets = desk.service.ask("GET", "/v1/tags/change-sets?state=proposed")["change_sets"]
    return [line for each in sets for line in each["lines"]]


def terms(desk: Desk) -> dict[str, dict[str, Any]]:
    listed = desk.service.ask("GET", f"/v1/terms?limit=500&prefix={desk.prefix}t", key=desk.service.cms_key)["terms"]
    return {row["name"]: row for row in listed}


def test_spellings_of_the_desk_are_the_same_tags_after_an_import_and_after_saves(desk: Desk, tmp_path: Path) -> None:
    posts = publish(desk, N_POSTS, *SPELLINGS, "Weather")
    desk.site.php(UNSENT)  # the archive was there before the plugin
    export = tmp_path / "desk.xml"
    desk.site.php(EXPORT, {"file": str(export)})
    where = ["--models", str(desk.service.models), "--database", desk.service.url, "--id-prefix", desk.prefix]
    assert main(["import", str(export), *where]) == 0
    assert all(tags(desk, post) == TAGS for post in posts)
    desk.save(posts[0], post_title=f"{TITLE}!")
    desk.give(posts[1], *SPELLINGS, "Storms")
    desk.site.php(BULK, {"posts": posts[2:]})
    desk.settled()
    for post in posts:
        assert (tags(desk, post), desk.log(post), desk.article(post)["unknown_tags"]) == (TAGS, [], [])
    assert [meta(desk, name) for name in SPELLINGS] == ["iskp", "al-shabaab", "islamic-state"]
    desk.give(posts[0], "ISIS", "Shabaab")  # what somebody takes off is taken off
    desk.settled()
    assert (tags(desk, posts[0]), desk.log(posts[0])) == (TAGS - {"iskp"}, [("iskp", "remove", None, "cms")])


def test_accepting_a_tag_uses_the_term_that_stands_for_it(desk: Desk) -> None:
    desk.site.php("wp_insert_term( 'ISIS-K', 'post_tag' ); wp_insert_term( 'Talibans group', 'post_tag' );")
    post = desk.post()
    desk.settled()
    desk.until(lambda: meta(desk, "ISIS-K") == "iskp")  # all terms are sent once, before any post has them
    assert decide(desk, post, "accept", "iskp")[0] == 200
    desk.settled()
    assert (desk.terms(post), tags(desk, post)) == ({"ISIS-K"}, {"iskp"})
    assert terms(desk)["Talibans group"]["nearest"][0]["tag"] == "taliban"


def test_slug_that_is_renamed_by_hand_removes_nothing_and_becomes_a_proposal(desk: Desk) -> None:
    desk.give(post := desk.post(), "TTP")
    desk.settled()
    rename = """
        wp_set_current_user( get_user_by( 'login', 'ana' )->ID );
        wp_update_term( get_term_by( 'name', 'TTP', 'post_tag' )->term_id, 'post_tag', array( 'slug' => 'tehrik' ) );
    """
    desk.site.php(rename)
    desk.save(post, post_title=f"{TITLE}!")
    desk.settled()
    assert (tags(desk, post), desk.log(post), desk.article(post)["unknown_tags"]) == ({"ttp"}, [], [])
    assert meta(desk, "TTP") == "ttp"
    assert "rename ttp to tehrik" in proposals(desk)


def test_term_that_is_renamed_before_the_service_knew_it_keeps_its_tag(desk: Desk) -> None:
    desk.service.stop()
    desk.give(post := desk.post(), "ISIS-K")
    term = "get_term_by( 'name', 'ISIS-K', 'post_tag' )->term_id"
    desk.site.php(f"wp_update_term( {term}, 'post_tag', array( 'name' => 'Khorasan branch', 'slug' => 'kb' ) );")
    desk.service.start()
    desk.later(600)
    desk.settled()
    assert (tags(desk, post), desk.log(post)) == ({"iskp"}, [])


@pytest.mark.parametrize("how", ["default", "append"])
def test_terms_that_are_merged_by_hand_remove_nothing_and_become_a_proposal(desk: Desk, how: str) -> None:
    posts = publish(desk, 3, "Pakistani Taliban")
    other = publish(desk, 1, "ISIS-K")
    desk.settled()
    merge = """
        wp_set_current_user( get_user_by( 'login', 'admin' )->ID );
        $from = get_term_by( 'name', 'Pakistani Taliban', 'post_tag' )->term_id;
        $into = get_term_by( 'name', 'ISIS-K', 'post_tag' )->term_id;
        $more = array( 'default' => $into, 'force_default' => true );
        if ( 'append' === $given['how'] ) {
            $more = array();
            foreach ( get_objects_in_term( $from, 'post_tag' ) as $post ) { wp_set_object_terms( (int) $post, array( $into ), 'post_tag', true ); }
        }
        wp_delete_term( $from, 'post_tag', $more );
    """
    desk.site.php(merge, {"how": how})
    for post in posts:
        desk.save(post, post_title=f"{TITLE}, again")
    desk.settled()
    assert all((tags(desk, post), desk.log(post)) == ({"iskp"}, []) for post in [*posts, *other])
    assert "merge ttp into iskp" in proposals(desk)


def test_term_that_is_deleted_is_taken_off(desk: Desk) -> None:
    desk.give(post := desk.post(), "ISIS-K", "TTP")
    desk.settled()
    desk.site.php("wp_delete_term( get_term_by( 'name', 'TTP', 'post_tag' )->term_id, 'post_tag' );")
    desk.settled()
    assert (tags(desk, post), desk.log(post)) == ({"iskp"}, [("ttp", "remove", None, "cms")])
