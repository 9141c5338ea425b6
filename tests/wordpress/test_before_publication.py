"""Suggestions for a text that nobody has saved, and in the check before publication."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.wordpress.desk import BODY, TEXT, TITLE, Desk
from tests.wordpress.editors import BlockEditor, ClassicEditor, use_classic

pytestmark = pytest.mark.wordpress
Sit = Callable[..., Page]


@pytest.mark.parametrize("kind", ["block", "classic"])
def test_unsaved_text_has_suggestions_and_is_not_stored(desk: Desk, sit: Sit, kind: str) -> None:
    if kind == "classic":
        use_classic(desk)
    post = desk.post("Nothing yet", "")
    desk.settled()
    page = sit("ana", BlockEditor.path(post))
    editor = BlockEditor(page).ready() if kind == "block" else ClassicEditor(page)
    assert editor.tags() == []
    editor.write(TITLE, TEXT)
    editor.root.get_by_role("button", name="Suggest now").click()
    editor.shows("iskp")
    assert (desk.article(post)["title"], desk.waits()) == ("Nothing yet", 0)
    editor.accept("iskp")
    desk.until(lambda: desk.waits() == 1)  # the post is sent, and the decision waits for the text that it was made on
    assert desk.log(post) == []
    editor.save()
    desk.settled()
    assert [row[:2] for row in desk.log(post)] == [("iskp", "accept")]
    assert desk.article(post)["tags"] == ["iskp"]
    said = desk.service.ask("GET", f"/v1/articles/{desk.prefix}{post}/decisions")
    assert said["decisions"][0]["band"] in ("auto", "suggest")
    of_decision = {"tag": "iskp", "set": said["decisions"][0]["suggestion_set_id"], "editor": "cms/ana"}
    assert of_decision in [
        {"tag": row["tag"], "set": row["suggestion_set_id"], "editor": row["editor"]} for row in said["impressions"]
    ]


def test_service_that_is_away_is_said_at_once(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    desk.settled()
    editor = BlockEditor(sit("ana", BlockEditor.path(post), refusals=True)).ready()
    editor.shows("iskp")
    desk.service.stop()
    editor.root.get_by_role("button", name="Suggest now").click()
    expect(editor.root.locator(".components-notice")).to_contain_text("There are no suggestions at present")
    editor.shows("iskp")


def test_check_before_publication_has_the_panel(desk: Desk, sit: Sit) -> None:
    post = desk.post(TITLE, BODY)
    desk.settled()
    page = sit("ana", BlockEditor.path(post))
    BlockEditor(page).ready().shows("iskp")
    page.get_by_role("button", name="Publish", exact=True).click()
    panel = page.locator(".editor-post-publish-panel .article-tagger")
    panel.locator("[data-tag='iskp']").get_by_role("button", name="Accept").click()
    expect(panel.locator("[data-tag='iskp']")).to_have_count(0)
    assert desk.terms(post) == {"Islamic State Khorasan Province"}
