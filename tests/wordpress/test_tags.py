"""Tags that people set stay, tags that they rejected stay away, and what is added by itself is marked so."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.wordpress.desk import BODY, TITLE, Desk

pytestmark = pytest.mark.wordpress
OTHER_BODY = (
    "<p>The ministry of health said on Monday that ISKP and the Taliban had both agreed to let vaccination teams pass "
    "through four districts of Nangarhar, after talks that the elders of two villages had held for weeks on end.</p>"
)
DECIDE = """
    wp_set_current_user( get_user_by( 'login', $given['editor'] )->ID );
    $request = new WP_REST_Request( 'POST', "/article-tagger/v1/posts/{$given['post']}/decisions" );
    $request->set_body_params( $given['decision'] );
    $answer = rest_do_request( $request );
    return array( $answer->get_status(), $answer->get_data() );
"""
SHOWN = """
    wp_set_current_user( get_user_by( 'login', $given['editor'] )->ID );
    $answer = rest_do_request( new WP_REST_Request( 'GET', "/article-tagger/v1/posts/{$given['post']}" ) );
    return array( $answer->get_status(), $answer->get_data() );
"""


def decide(desk: Desk, post: int, action: str, tag: str, editor: str = "ana", **more: str) -> tuple[int, Any]:
    given = {"post": post, "editor": editor, "decision": {"action": action, "tag": tag, **more}}
    status, answer = desk.site.php(DECIDE, given)
    return status, answer


def shown(desk: Desk, post: int, editor: str = "ana") -> dict[str, bool]:
    """What the panel shows, and whether it was added by itself."""
    status, answer = desk.site.php(SHOWN, {"post": post, "editor": editor})
    assert status == 200
    return {one["id"]: one["added"] for one in answer["suggestions"]}


def test_no_term_is_made_before_somebody_accepts_one(desk: Desk) -> None:
    desk.set(auto=True)
    post = desk.post()
    desk.settled()
    assert {"iskp", "afghanistan"} <= set(shown(desk, post))
    assert (desk.n_terms(), desk.n_terms("category")) == (0, 1)
    assert decide(desk, post, "accept", "iskp")[0] == 200
    assert desk.n_terms() == 1


def test_nothing_is_added_by_itself_unless_that_is_set(desk: Desk) -> None:
    desk.site.php("wp_insert_term( 'Afghanistan', 'post_tag' );")
    post = desk.post()
    desk.settled()
    assert shown(desk, post)["afghanistan"] is False
    assert desk.terms(post) == set()


def test_sure_tag_is_added_by_itself_beside_the_others_and_kept_by_an_editor(desk: Desk) -> None:
    desk.set(auto=True)
    desk.site.php("wp_insert_term( 'Afghanistan', 'post_tag' );")
    post = desk.post()
    desk.give(post, "By hand")
    desk.settled()
    assert desk.terms(post) == {"By hand", "Afghanistan"}
    assert shown(desk, post)["afghanistan"] is True
    desk.settled()
    assert "afghanistan" not in desk.article(post)["tags"]  # nobody stands for it yet
    decide(desk, post, "accept", "afghanistan")
    desk.settled()
    assert desk.log(post) == [("afghanistan", "accept", None, "cms/ana")]
    assert "afghanistan" not in shown(desk, post)


def test_tag_that_was_added_by_itself_is_taken_off_when_it_is_rejected(desk: Desk) -> None:
    desk.set(auto=True)
    desk.site.php("wp_insert_term( 'Afghanistan', 'post_tag' );")
    post = desk.post()
    desk.give(post, "By hand")
    desk.settled()
    decide(desk, post, "reject", "afghanistan", reason="passing_mention")
    desk.settled()
    assert desk.terms(post) == {"By hand"}
    assert desk.log(post) == [("afghanistan", "reject", "passing_mention", "cms/ana")]
    desk.save(post, post_title=f"{TITLE}!")
    desk.settled()
    assert desk.terms(post) == {"By hand"}


def test_tag_that_was_added_by_itself_and_taken_off_in_the_form_is_a_removal(desk: Desk) -> None:
    desk.set(auto=True)
    desk.site.php("wp_insert_term( 'Afghanistan', 'post_tag' );")
    post = desk.post()
    desk.settled()
    code = "wp_set_current_user( get_user_by( 'login', 'ben' )->ID ); wp_set_post_terms( $given['post'], array() );"
    desk.site.php(code, {"post": post})
    desk.settled()
    assert desk.log(post) == [("afghanistan", "remove", None, "cms/ben")]
    assert "afghanistan" not in shown(desk, post)
    assert desk.terms(post) == set()


def test_tag_that_somebody_set_by_hand_meanwhile_cannot_be_rejected_in_the_panel(desk: Desk) -> None:
    post = desk.post()
    desk.settled()
    desk.give(post, "Taliban")
    status, answer = decide(desk, post, "reject", "taliban", "ben")
    assert (status, answer["code"]) == (409, "article_tagger_settled")
    desk.settled()
    assert desk.terms(post) == {"Taliban"}
    assert desk.log(post) == []


def test_rejected_tag_comes_back_only_with_a_text_that_is_materially_another(desk: Desk) -> None:
    post = desk.post()
    desk.settled()
    decide(desk, post, "reject", "iskp")
    assert "iskp" not in shown(desk, post)  # at once
    desk.settled()
    for title in (f"{TITLE}!", f"{TITLE}?"):
        desk.save(post, post_title=title)
        desk.settled()
        assert "iskp" not in shown(desk, post)
    desk.save(post, post_title="ISKP lets vaccination teams pass", post_content=OTHER_BODY)
    desk.settled()
    assert "iskp" in shown(desk, post)


def test_accepted_tag_that_an_editor_takes_off_again_is_not_suggested_again(desk: Desk) -> None:
    post = desk.post()
    desk.settled()
    decide(desk, post, "accept", "iskp")
    desk.settled()
    desk.give(post)
    desk.settled()
    assert [row[:2] for row in desk.log(post)] == [("iskp", "accept"), ("iskp", "remove")]
    assert "iskp" not in shown(desk, post)


def test_decisions_made_while_the_service_is_stopped_arrive_once_and_in_their_order(desk: Desk) -> None:
    post = desk.post()
    desk.settled()
    desk.service.stop()
    decide(desk, post, "accept", "iskp", "ana")
    decide(desk, post, "reject", "taliban", "ben", reason="wrong")
    assert not {"iskp", "taliban"} & set(shown(desk, post))
    desk.until(desk.pause)
    desk.service.start()
    desk.later(600)
    desk.settled()
    assert desk.log(post) == [("iskp", "accept", None, "cms/ana"), ("taliban", "reject", "wrong", "cms/ben")]


def test_of_two_editors_who_disagree_the_one_who_gives_the_tag_has_it_on_the_post(desk: Desk) -> None:
    post = desk.post()
    desk.settled()
    decide(desk, post, "accept", "iskp", "ana")
    assert decide(desk, post, "reject", "iskp", "ben")[0] == 409
    decide(desk, post, "reject", "taliban", "ana")
    assert decide(desk, post, "accept", "taliban", "ben")[0] == 200
    desk.settled()
    assert desk.terms(post) == {"Islamic State Khorasan Province", "Taliban"}
    assert {"iskp", "taliban"} <= set(desk.article(post)["tags"])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_tags_set_by_hand_survive_any_sequence_of_what_happens(desk: Desk, seed: int) -> None:
    draws = random.Random(seed)
    by_hand = {"By hand", "Taliban"}
    desk.set(auto=True)
    desk.site.php("wp_insert_term( 'Afghanistan', 'post_tag' );")
    post = desk.post()
    desk.give(post, *by_hand)

    def away() -> None:
        desk.service.stop()
        desk.view()
        desk.service.start()
        desk.later(600)

    def answer() -> None:
        desk.later(7200)  # a decision on what is not saved yet waits for an hour
        desk.settled()

    steps = {
        "save": lambda: desk.save(post, post_title=f"{TITLE} {draws.random()}"),
        "another text": lambda: desk.save(post, post_content=draws.choice([BODY, OTHER_BODY])),
        "accept": lambda: decide(desk, post, "accept", draws.choice(["iskp", "afghanistan", "attack"])),
        "reject": lambda: decide(desk, post, "reject", draws.choice(["taliban", "iskp", "afghanistan", "attack"])),
        "add": lambda: decide(desk, post, "add", draws.choice(["ttp", "taliban"])),
        "answer": answer,
        "away": away,
    }
    for _ in range(14):
        steps[draws.choice(list(steps))]()
        assert by_hand <= desk.terms(post)
    desk.later(7200)
    desk.settled()
    assert by_hand <= desk.terms(post)
    assert "taliban" in desk.article(post)["tags"]


def test_name_of_a_tag_that_was_replaced_twice_finds_the_tag_that_it_is_read_as(desk: Desk) -> None:
    search = """
        delete_transient( 'article_tagger_tags' );
        wp_set_current_user( get_user_by( 'login', 'ana' )->ID );
        $request = new WP_REST_Request( 'GET', '/article-tagger/v1/tags' );
        $request->set_query_params( array( 'words' => 'front of old' ) );
        return rest_do_request( $request )->get_data();
    """
    assert [tag["id"] for tag in desk.site.php(search)["tags"]] == ["iskp"]
