"""Suggestions while a text is written, where the site wants them: nothing is saved, kept or said of what must stay hidden."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Response, expect

from tests.wordpress.desk import TEXT, TITLE, Desk
from tests.wordpress.editors import BlockEditor, ClassicEditor, Panel, use_classic
from tests.wordpress.test_shown import shown

pytestmark = pytest.mark.wordpress
Sit = Callable[..., Page]


def begin(desk: Desk, sit: Sit, kind: str, post: int | None = None) -> Panel:
    if kind == "classic":
        use_classic(desk)
    page = sit("ana", BlockEditor.path(post), refusals=True)
    return BlockEditor(page).ready() if kind == "block" else ClassicEditor(page)


def is_question(url: str) -> bool:
    return re.search(r"posts(/|%2F)\d+(/|%2F)suggest", url) is not None


def asked_by(answer: Response) -> str:
    """Return the text of the question that this answers: no other one is on its way when the answer to all that is written has come."""
    return answer.request.post_data or "" if is_question(answer.url) else ""


def write(panel: Panel, title: str, text: str) -> None:
    assert isinstance(panel, BlockEditor | ClassicEditor)
    panel.write(title, text)


@pytest.mark.parametrize("kind", ["block", "classic"])
def test_new_draft_has_suggestions_before_its_first_save(desk: Desk, sit: Sit, kind: str) -> None:
    desk.set(drafts=True)
    panel = begin(desk, sit, kind)
    panel.says("Save the post to get suggestions.")
    write(panel, TITLE, TEXT)
    panel.shows("iskp")
    articles = desk.service.ask("GET", "/v1/articles?limit=100")["articles"]
    assert not [row for row in articles if row["article_id"].startswith(desk.prefix)]
    assert isinstance(panel, BlockEditor | ClassicEditor)
    post = panel.save()
    desk.settled()
    panel.accept("iskp")
    desk.settled()
    assert [row[:2] for row in desk.log(post)] == [("iskp", "accept")]


def test_what_wordpress_has_not_saved_yet_cannot_be_answered(desk: Desk, sit: Sit) -> None:
    desk.set(drafts=True)
    panel = begin(desk, sit, "block")
    write(panel, TITLE, TEXT)
    card = panel.shows("iskp")
    panel.says("Save the post to accept or reject these.")
    expect(card.get_by_role("button", name="Details")).to_be_visible()
    expect(card.get_by_role("button", name="Accept")).to_have_count(0)


@pytest.mark.parametrize("kind", ["block", "classic"])
def test_nothing_is_asked_where_the_site_does_not_want_it(desk: Desk, sit: Sit, kind: str) -> None:
    panel = begin(desk, sit, kind)
    asked: list[str] = []
    panel.page.on("request", lambda request: asked.append(request.url) if is_question(request.url) else None)
    write(panel, TITLE, TEXT)
    panel.page.wait_for_timeout(4000)
    assert (asked, panel.tags()) == ([], [])


def test_rejected_tags_stay_away_and_a_service_that_is_away_is_not_spoken_of(desk: Desk, sit: Sit) -> None:
    desk.set(drafts=True)
    post = desk.post()
    desk.settled()
    panel = begin(desk, sit, "block", post)
    desk.until(lambda: "iskp" in shown(desk, post))  # not sent below: where sending fails, nothing is asked
    panel.reject("iskp")
    desk.settled()
    with panel.page.expect_response(lambda answer: "ISKP said so." in asked_by(answer)):
        write(panel, f"{TITLE} again", "ISKP said so.")
    panel.shows("taliban")
    panel.lacks("iskp")
    desk.service.stop()
    with panel.page.expect_response(lambda answer: is_question(answer.url)) as refused:
        write(panel, f"{TITLE} once more", "The Taliban said so.")
    assert refused.value.status == 503
    panel.shows("taliban")
    expect(panel.root.locator(".components-notice")).to_have_count(0)
