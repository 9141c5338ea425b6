"""The panel of the classic editor: its form sets the terms that it has, so it must know of what was accepted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.wordpress.desk import TEXT, TITLE, Desk
from tests.wordpress.editors import ClassicEditor, use_classic

pytestmark = pytest.mark.wordpress
Sit = Callable[..., Page]


@pytest.fixture(autouse=True)
def _classic(desk: Desk) -> None:
    use_classic(desk)


def test_suggestions_arrive_after_a_save(desk: Desk, sit: Sit) -> None:
    editor = ClassicEditor(sit("ana", ClassicEditor.path(None)))
    editor.says("Save the post to get suggestions")
    editor.write(TITLE, TEXT)
    editor.save()
    expect(editor.shows("iskp")).to_contain_text("Islamic State Khorasan Province")
    expect(editor.card("iskp")).to_contain_text("because of: ISKP")


def test_accepted_tag_is_in_the_form_and_survives_its_saving(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    editor = ClassicEditor(sit("ana", ClassicEditor.path(post)))
    editor.accept("iskp")
    expect(editor.tokens()).to_contain_text(["Islamic State Khorasan Province"])
    editor.save()
    assert desk.terms(post) == {"Islamic State Khorasan Province"}
    desk.settled()
    assert desk.log(post) == [("iskp", "accept", None, "cms/ana")]


def test_rejected_tag_is_logged_with_its_reason_and_not_shown_after_a_save(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    editor = ClassicEditor(sit("ana", ClassicEditor.path(post)))
    editor.reject("taliban", "Wrong sense of the word")
    editor.save()
    desk.settled()
    editor.page.reload()
    editor.shows("iskp")
    editor.lacks("taliban")
    assert desk.log(post) == [("taliban", "reject", "wrong_sense", "cms/ana")]


def test_tag_that_is_typed_and_not_saved_yet_survives_accepted_and_added_ones(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    editor = ClassicEditor(sit("ana", ClassicEditor.path(post)))
    editor.shows("iskp")
    editor.type_tag("Typed by hand")
    editor.accept("iskp")
    editor.add("TTP", "Tehrik-i-Taliban Pakistan")
    editor.save()
    expected = {"Typed by hand", "Islamic State Khorasan Province", "Tehrik-i-Taliban Pakistan"}
    assert desk.terms(post) == expected
    desk.settled()
    assert sorted(desk.log(post)) == [("iskp", "accept", None, "cms/ana"), ("ttp", "add", None, "cms/ana")]
    assert set(desk.article(post)["tags"]) == {"iskp", "ttp"}


def test_accepted_category_that_was_not_there_is_ticked_in_its_box(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    editor = ClassicEditor(sit("ana", ClassicEditor.path(post)))
    editor.shows("attack")
    assert desk.n_terms("category") == 1
    editor.accept("attack")
    expect(editor.page.locator("#categorychecklist").get_by_label("Attack")).to_be_checked()
    editor.save()
    assert "Attack" in desk.terms(post, "category")
    expect(editor.page.locator("#categorychecklist").get_by_label("Attack")).to_be_checked()


def test_enter_in_the_field_for_adding_does_not_send_the_form(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    editor = ClassicEditor(sit("ana", ClassicEditor.path(post)))
    editor.shows("iskp")
    editor.root.get_by_label("Add another tag").fill("Somalia")
    editor.page.keyboard.press("Enter")
    expect(editor.root.get_by_role("button", name="Add Somalia")).to_be_visible()
    assert editor.page.url.endswith("action=edit")


def test_rejecting_by_keyboard_can_be_broken_off(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    editor = ClassicEditor(sit("ana", ClassicEditor.path(post)))
    editor.shows("taliban").get_by_role("button", name="Reject").press("Enter")
    expect(editor.card("taliban").get_by_role("button", name="No reason")).to_be_focused()
    editor.page.keyboard.press("Escape")
    expect(editor.card("taliban").get_by_role("button", name="Accept")).to_be_visible()
    desk.settled()
    assert desk.log(post) == []


def test_two_editors_answer_the_same_post_and_both_are_logged(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    desk.settled()
    ana = ClassicEditor(sit("ana", ClassicEditor.path(post)))
    ben = ClassicEditor(sit("ben", ClassicEditor.path(post)))
    ben.page.get_by_role("link", name="Take over").click()
    ben.shows("iskp")
    ana.accept("iskp")
    ben.reject("taliban", "Wrong")
    desk.settled()
    assert sorted(desk.log(post)) == [("iskp", "accept", None, "cms/ana"), ("taliban", "reject", "wrong", "cms/ben")]
    assert desk.terms(post) == {"Islamic State Khorasan Province"}


def test_auto_tag_that_arrives_in_the_open_editor_survives_the_next_save(desk: Desk, sit: Sit) -> None:
    desk.set(auto=True)
    desk.site.php("wp_insert_term( 'Afghanistan', 'post_tag' );")
    editor = ClassicEditor(sit("ana", ClassicEditor.path(None)))
    editor.write(TITLE, TEXT)
    post = editor.save()
    expect(editor.shows("afghanistan")).to_contain_text("Added by itself")
    expect(editor.tokens()).to_contain_text(["Afghanistan"])
    editor.save()
    assert desk.terms(post) == {"Afghanistan"}
    editor.reject("afghanistan")
    expect(editor.tokens()).to_have_count(0)
    editor.save()
    assert desk.terms(post) == set()
    desk.settled()
    assert desk.log(post) == [("afghanistan", "reject", None, "cms/ana")]


def test_save_goes_on_while_the_service_is_stopped(desk: Desk, sit: Sit) -> None:
    desk.service.stop()
    editor = ClassicEditor(sit("ana", ClassicEditor.path(None)))
    editor.write(TITLE, TEXT)
    editor.save()
    editor.says("The article tagger cannot be reached")
    desk.service.start()
    desk.later(600)
    editor.shows("iskp")


def test_site_without_an_address_works_as_before(desk: Desk, sit: Sit) -> None:
    desk.set(address="")
    editor = ClassicEditor(sit("ana", ClassicEditor.path(desk.post())))
    editor.says("has no address yet")
    editor.type_tag("By hand")
    post = editor.save()
    assert desk.terms(post) == {"By hand"}
    assert desk.terms(post, "category") == {"Uncategorized"}
