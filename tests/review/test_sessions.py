"""Signing in with a key, and sessions that end while an editor decides."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import IN_BROWSER
from tests.review.desk import Desk, card, cards, collect_complaints, press, saved

pytestmark = IN_BROWSER


@pytest.fixture
def keyed(keyed_desk: Desk) -> Iterator[tuple[Desk, str]]:
    """A desk with an editor's key."""
    yield keyed_desk, keyed_desk.tagger.store.keys.create("ana", "editor")
    keyed_desk.tagger.store.keys.revoke("ana")


@pytest.fixture
def keyed_page(keyed: tuple[Desk, str], browser: Browser) -> Iterator[Page]:
    """The page that signs in, where refusals are expected."""
    context = browser.new_context()
    page = context.new_page()
    complaints: list[str] = []
    collect_complaints(page, complaints, "Failed to load resource")
    page.goto(f"{keyed[0].address}/review/a")
    yield page
    context.close()
    assert complaints == []


def sign_in(page: Page, name: str, key: str) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password or key").fill(key)
    page.get_by_role("button", name="Sign in").click()


def test_only_the_right_name_and_key_sign_in_and_signing_out_ends_it(keyed: tuple[Desk, str], keyed_page: Page) -> None:
    desk, key = keyed
    desk.put("a")
    for name, wrong in (("ana", f"{key[:-1]}_"), ("ben", key), ("ana", "secret")):
        sign_in(keyed_page, name, wrong)
        expect(keyed_page.get_by_role("alert")).to_contain_text("Nobody has this name with this password or key.")
    sign_in(keyed_page, "ana", key)
    keyed_page.wait_for_url("**/review/a")
    assert cards(keyed_page)
    cookies = keyed_page.context.cookies()
    assert [(one["httpOnly"], one["sameSite"]) for one in cookies] == [(True, "Lax")]
    keyed_page.get_by_role("button", name="Sign out").click()
    keyed_page.wait_for_url("**/sign-in")
    keyed_page.context.add_cookies(cookies)  # the session is over on the server, not only forgotten by the browser
    keyed_page.goto(f"{desk.address}/review/a")
    expect(keyed_page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_wrong_token_is_refused(keyed: tuple[Desk, str], keyed_page: Page) -> None:
    desk, key = keyed
    desk.put("a")
    sign_in(keyed_page, "ana", key)
    tag = cards(keyed_page)[0]
    status = keyed_page.evaluate(
        """(tag) => fetch('/v1/articles/a/decisions', {method: 'POST', body: JSON.stringify({decisions: [{tag, action: 'accept'}]}),
        headers: {'Content-Type': 'application/json', 'X-CSRF-Token': 'wrong'}}).then((answer) => answer.status)""",
        tag,
    )
    assert status == 403
    assert desk.log() == []


def test_session_that_ended_meanwhile_is_renewed_without_losing_decisions(
    keyed: tuple[Desk, str], keyed_page: Page
) -> None:
    desk, key = keyed
    desk.put("a")
    sign_in(keyed_page, "ana", key)
    first, second, *_ = cards(keyed_page)
    ended = desk.tagger.store.sessions.of(session_cookie(keyed_page))
    assert ended is not None
    desk.tagger.store.sessions.end(ended)
    press(keyed_page, "a", "x", "1")
    expect(keyed_page.locator("#trouble")).to_contain_text("Your session is over.")
    expect(keyed_page.locator("#saved")).to_contain_text("2 decisions wait for you to sign in")
    keyed_page.get_by_role("link", name="Sign in as ana").click()
    sign_in(keyed_page, "ana", key)
    expect(card(keyed_page, first)).to_have_attribute("data-state", "accept")
    saved(keyed_page)
    assert desk.log() == [("a", first, "accept", "ana"), ("a", second, "reject", "ana")]


def session_cookie(page: Page) -> str:
    return next(one["value"] for one in page.context.cookies() if one["name"] == "tagger_session")
