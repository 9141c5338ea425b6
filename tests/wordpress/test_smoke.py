"""What everybody does, once, in both editors: also run in the newest WordPress that npm offers (`tests/wordpress/newest.py`)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.wordpress.desk import BODY, TITLE, Desk
from tests.wordpress.editors import BlockEditor, ClassicEditor, use_classic

pytestmark = pytest.mark.wordpress


@pytest.mark.parametrize("kind", ["block", "classic"])
def test_editor_writes_decides_and_closes(desk: Desk, sit: Callable[..., Page], kind: str) -> None:
    if kind == "classic":
        use_classic(desk)
    page = sit("ana", BlockEditor.path(None))
    editor = BlockEditor(page).ready() if kind == "block" else ClassicEditor(page)
    editor.write(TITLE, BODY)
    post = editor.save()
    editor.accept("iskp")
    editor.reject("taliban", "Only a passing mention")
    expect(editor.tokens()).to_have_count(1)
    editor.root.get_by_role("button", name="Tags are complete").click()
    expect(editor.root.locator(".article-tagger-complete")).to_have_text("The tags are complete.")
    desk.settled()
    assert desk.log(post) == [
        ("iskp", "accept", None, "cms/ana"),
        ("taliban", "reject", "passing_mention", "cms/ana"),
        (None, "complete", None, "cms/ana"),
    ]
    assert (desk.article(post)["state"], desk.article(post)["tags"]) == ("closed", ["iskp"])


def test_administrator_sees_that_the_service_is_there_and_what_terms_mean(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.give(desk.post(), "Taliban", "Our own")
    desk.settled()
    page = sit("admin", "/wp-admin/options-general.php?page=article-tagger")
    expect(page.locator("#article-tagger-health")).to_contain_text("Connected")
    page.goto(f"{desk.site.address}/wp-admin/options-general.php?page=article-tagger-terms")
    expect(page.locator("table")).to_contain_text("Our own")
