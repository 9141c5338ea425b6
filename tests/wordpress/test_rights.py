"""Who may do what: WordPress's own rights hold for the panel, and nothing is taken without its nonce."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.wordpress.desk import Desk
from tests.wordpress.test_tags import decide

pytestmark = pytest.mark.wordpress
Sit = Callable[..., Page]
FETCH = """
    async ([path, method, data, nonce]) => {
        const headers = { 'Content-Type': 'application/json', ...( nonce ? { 'X-WP-Nonce': window.wpApiSettings.nonce } : {} ) };
        const answer = await fetch( '/wp-json/article-tagger/v1' + path, { method, headers, body: data && JSON.stringify( data ) } );
        return [ answer.status, await answer.json() ];
    }
"""


def fetch(page: Page, path: str, data: Any = None, *, nonce: bool = True) -> tuple[int, Any]:
    status, answer = page.evaluate(FETCH, [path, "POST" if data else "GET", data, nonce])
    return status, answer


@pytest.fixture
def post(desk: Desk) -> int:
    """A post of Ana's, with suggestions."""
    ana = desk.site.php("return get_user_by( 'login', 'ana' )->ID;")
    post = desk.post(post_author=ana)
    desk.settled()
    return post


def asked_by_nobody(desk: Desk, path: str) -> int:
    try:
        with urllib.request.urlopen(f"{desk.site.address}/wp-json/article-tagger/v1{path}", timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("path", ["/posts/{post}", "/tags?words=a", "/posts/999999"])
def test_nobody_gets_anything_who_is_not_signed_in(desk: Desk, post: int, path: str) -> None:
    assert asked_by_nobody(desk, path.format(post=post)) == 401


def test_author_sees_and_decides_on_own_posts_only(desk: Desk, post: int, sit: Sit) -> None:
    page = sit("max", "/wp-admin/post-new.php", refusals=True)
    page.wait_for_function("window.wpApiSettings && window.wpApiSettings.nonce")
    assert fetch(page, f"/posts/{post}")[0] == 403
    assert fetch(page, f"/posts/{post}/decisions", {"action": "accept", "tag": "iskp"})[0] == 403
    assert fetch(page, f"/posts/{post}/complete", {"a": 1})[0] == 403
    assert fetch(page, f"/posts/{post}/suggest", {"title": "ISKP", "content": "ISKP"})[0] == 403
    assert desk.terms(post) == set()
    max_ = desk.site.php("return get_user_by( 'login', 'max' )->ID;")
    own = desk.post(post_author=max_)
    assert fetch(page, f"/posts/{own}")[0] == 200


def test_cookie_without_its_nonce_is_refused(desk: Desk, post: int, sit: Sit) -> None:
    page = sit("ana", "/wp-admin/post-new.php", refusals=True)
    page.wait_for_function("window.wpApiSettings && window.wpApiSettings.nonce")
    assert fetch(page, f"/posts/{post}/decisions", {"action": "accept", "tag": "iskp"}, nonce=False)[0] == 401
    assert fetch(page, f"/posts/{post}", nonce=False)[0] == 401
    assert fetch(page, f"/posts/{post}/decisions", {"action": "accept", "tag": "iskp"})[0] == 200


@pytest.mark.parametrize(
    "data",
    [
        {"action": "delete", "tag": "iskp"},
        {"action": "accept"},
        {"action": "accept", "tag": ""},
        {"action": "accept", "tag": ["iskp"]},
        {"action": "reject", "tag": "iskp", "reason": "because"},
        {"action": "accept", "tag": "x" * 201},
    ],
)
def test_what_is_no_decision_is_refused(desk: Desk, post: int, sit: Sit, data: dict[str, Any]) -> None:
    page = sit("ana", "/wp-admin/post-new.php", refusals=True)
    page.wait_for_function("window.wpApiSettings && window.wpApiSettings.nonce")
    assert fetch(page, f"/posts/{post}/decisions", data)[0] == 400
    assert desk.waits() == 0


def test_tag_that_neither_was_suggested_nor_is_in_the_taxonomy_is_refused(desk: Desk, post: int) -> None:
    for action in ("accept", "reject", "add"):
        status, answer = decide(desk, post, action, "no-such-tag")
        assert (status, answer["code"]) == (404, "article_tagger_tag")


def test_author_may_make_tags_but_no_category(desk: Desk) -> None:
    post = desk.post(post_author=desk.site.php("return get_user_by( 'login', 'max' )->ID;"))
    desk.settled()
    assert decide(desk, post, "accept", "iskp", "max")[0] == 200
    status, answer = decide(desk, post, "accept", "attack", "max")
    assert (status, answer["code"]) == (403, "article_tagger_make")
    assert desk.n_terms("category") == 1
    desk.site.php("wp_insert_term( 'Attack', 'category' );")
    assert decide(desk, post, "accept", "attack", "max")[0] == 200


def test_key_is_told_to_the_service_alone(desk: Desk, post: int, sit: Sit) -> None:
    key = desk.service.cms_key
    page = sit("admin", "/wp-admin/options-general.php?page=article-tagger")
    pages = [page.content()]
    for path in (f"/wp-admin/post.php?post={post}&action=edit", "/wp-admin/options.php", "/"):
        page.goto(desk.site.address + path)
        pages.append(page.content())
    assert all(len(text) > 1000 and key not in text for text in pages)
    assert key not in json.dumps(
        desk.site.php("return rest_do_request( new WP_REST_Request( 'GET', '/wp/v2/settings' ) )->get_data();")
    )
