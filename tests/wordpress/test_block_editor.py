"""The panel of the block editor, in a real Chromium."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.wordpress.desk import BODY, TEXT, TITLE, Desk, answering, in_its_place
from tests.wordpress.editors import BlockEditor
from tests.wordpress.test_tags import decide

pytestmark = pytest.mark.wordpress
Sit = Callable[..., Page]


def test_suggestions_arrive_in_the_open_editor_after_a_save(desk: Desk, sit: Sit) -> None:
    editor = BlockEditor(sit("ana", BlockEditor.path(None))).ready()
    editor.says("Save the post to get suggestions")
    editor.write(TITLE, TEXT)
    editor.save()
    card = editor.shows("iskp")
    expect(card).to_contain_text("Islamic State Khorasan Province")
    expect(card).to_contain_text("because of: ISKP")
    expect(card.locator(".article-tagger-score")).to_have_text(f"{card_score(desk, 'iskp')} %")


def test_suggestions_arrive_within_seconds_though_wordpress_does_not_call_its_scheduler(desk: Desk, sit: Sit) -> None:
    desk.settled()
    desk.stop_scheduler()
    editor = BlockEditor(sit("ana", BlockEditor.path(None))).ready()
    editor.write(TITLE, TEXT)
    post = editor.save()
    editor.shows("iskp")
    assert desk.waits() == 0
    assert desk.article(post)["title"] == TITLE


def card_score(desk: Desk, tag: str) -> int:
    post = int(desk.site.sql("SELECT MAX(post_id) FROM wp_postmeta WHERE meta_key = '_article_tagger_answer'")[0][0])
    score = next(one["score"] for one in desk.answer(post)["suggestions"] if one["id"] == tag)
    return min(99, int(score * 100 + 0.5))  # Python would round 98.5 to the even number


def test_accepted_tag_is_in_the_form_and_on_the_post_and_logged_with_its_editor(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    editor = BlockEditor(sit("ana", BlockEditor.path(post))).ready()
    editor.shows("iskp")
    assert desk.n_terms() == 0
    editor.accept("iskp")
    expect(editor.tokens()).to_have_text(["Islamic State Khorasan Province"])
    assert not editor.is_dirty()
    assert desk.terms(post) == {"Islamic State Khorasan Province"}
    assert desk.n_terms() == 1
    desk.settled()
    assert desk.log(post) == [("iskp", "accept", None, "cms/ana")]
    assert "iskp" in desk.article(post)["tags"]


def test_rejected_tag_with_its_reason_is_logged_and_not_shown_again_on_a_save(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    editor = BlockEditor(sit("ana", BlockEditor.path(post))).ready()
    editor.reject("taliban", "Only a passing mention")
    desk.settled()
    assert desk.log(post) == [("taliban", "reject", "passing_mention", "cms/ana")]
    editor.write(TITLE, "Two were hurt.")
    editor.save()
    desk.settled()
    editor.page.reload()
    editor.ready().shows("iskp")
    editor.lacks("taliban")
    assert desk.terms(post) == set()


def test_added_tag_is_found_by_its_other_name(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    editor = BlockEditor(sit("ana", BlockEditor.path(post))).ready()
    editor.shows("iskp")
    editor.add("TTP", "Tehrik-i-Taliban Pakistan")
    expect(editor.tokens()).to_have_text(["Tehrik-i-Taliban Pakistan"])
    desk.settled()
    assert desk.log(post) == [("ttp", "add", None, "cms/ana")]
    assert desk.terms(post) == {"Tehrik-i-Taliban Pakistan"}


def test_tag_that_is_typed_and_not_saved_yet_survives_an_accepted_one(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    editor = BlockEditor(sit("ana", BlockEditor.path(post))).ready()
    editor.shows("iskp")
    editor.type_tag("Typed by hand")
    editor.accept("iskp")
    expect(editor.tokens()).to_have_count(2)
    editor.save()
    assert desk.terms(post) == {"Typed by hand", "Islamic State Khorasan Province"}


def test_category_is_suggested_and_ticked_only_when_accepted(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    editor = BlockEditor(sit("admin", BlockEditor.path(post))).ready()
    category = "attack"
    expect(editor.shows(category)).to_contain_text("Category")
    assert desk.terms(post, "category") == {"Uncategorized"}
    editor.accept(category)
    box = editor.open("Categories").get_by_label("Attack")
    expect(box).to_be_checked()
    assert "Attack" in desk.terms(post, "category")
    desk.settled()
    assert desk.log(post) == [(category, "accept", None, "cms/admin")]


AWAY = {
    "stopped": None,
    "slow": answering("200 OK", {}, seconds=9),
    "broken": answering("500 Internal Server Error", {"detail": "Something broke."}),
    "without a model": answering("503 Service Unavailable", {"detail": "No champion model."}),
}


@pytest.mark.parametrize("what", AWAY)
def test_save_goes_on_while_the_service_is_away_and_its_suggestions_come_by_themselves(
    desk: Desk, sit: Sit, what: str
) -> None:
    editor = BlockEditor(sit("ana", BlockEditor.path(None))).ready()
    editor.write(TITLE, TEXT)
    with in_its_place(desk.service, AWAY[what]) if AWAY[what] else nullcontext(desk.service.stop()):
        post = editor.save()
        attempts = "SELECT COUNT(*) FROM wp_postmeta WHERE meta_key = '_article_tagger_attempts'"
        desk.until(lambda: desk.site.sql(attempts) != [["0"]])
        editor.says("Suggestions are on their way" if what == "broken" else "The article tagger cannot be reached")
        editor.write(TITLE, "And one more sentence.")
        editor.save()
    desk.service.start()
    desk.later(600)
    editor.shows("iskp")
    assert "one more sentence" in desk.article(post)["body"]


def test_post_of_twenty_thousand_words_is_edited_and_saved(desk: Desk, sit: Sit) -> None:
    post = desk.post(title="Draft", body="\n\n".join([BODY] * (20_000 // len(BODY.split()) + 1)))
    editor = BlockEditor(sit("ana", BlockEditor.path(post))).ready()
    editor.entitle(TITLE)
    editor.save()
    editor.accept("iskp")
    desk.settled()
    assert desk.article(post)["title"] == TITLE
    assert desk.terms(post) == {"Islamic State Khorasan Province"}


def test_hostile_title_and_text_do_no_harm(desk: Desk, sit: Sit) -> None:
    title = "\"ISKP\" <script>alert(1)</script> 'bombs' mosque in Kabul \u202eكابول\u202c"
    editor = BlockEditor(sit("admin", BlockEditor.path(None))).ready()
    editor.write(title, f"{TEXT} <img src=x onerror=alert(2)>")
    post = editor.save()
    editor.accept("iskp")
    desk.settled()
    article = desk.article(post)
    assert article["title"].startswith('"ISKP"')
    assert article["title"].endswith("'bombs' mosque in Kabul \u202eكابول\u202c")


def test_hostile_answer_is_shown_as_text(desk: Desk, sit: Sit) -> None:
    label, word = "<img src=x onerror=alert(1)>", "&lt;svg onload=alert(2)&gt;"
    one = {"tag": "evil", "label": label, "kind": "group", "score": 0.9, "band": "auto"}
    one["evidence"] = [{"field": "body", "start": 0, "end": 1, "text": word, "weight": 1.0}]
    hostile = {"suggestion_set_id": "a-set", "suggestions": [one], "reason": None}
    with in_its_place(desk.service, answering("200 OK", hostile)):
        post = desk.post()
        editor = BlockEditor(sit("ana", BlockEditor.path(post))).ready()
        card = editor.shows("evil")
        expect(card).to_contain_text(label)
        expect(card).to_contain_text("<svg onload=alert(2)>")
        editor.accept("evil")
        expect(editor.tokens()).to_have_count(1)
    assert desk.terms(post) == {"evil"}  # of a label that is nothing but markup the id is left


def test_auto_tag_that_arrives_in_the_open_editor_survives_the_next_save(desk: Desk, sit: Sit) -> None:
    desk.set(auto=True)
    desk.site.php("wp_insert_term( 'Afghanistan', 'post_tag' );")
    editor = BlockEditor(sit("ana", BlockEditor.path(None))).ready()
    editor.write(TITLE, TEXT)
    editor.type_tag("Typed by hand")
    post = editor.save()
    expect(editor.shows("afghanistan")).to_contain_text("Added by itself")
    expect(editor.tokens()).to_have_count(2)
    assert set(editor.tokens().all_inner_texts()) == {"Typed by hand", "Afghanistan"}
    editor.type_tag("Another")
    editor.save()
    assert desk.terms(post) == {"Typed by hand", "Afghanistan", "Another"}
    editor.keep("afghanistan")
    desk.settled()
    assert desk.log(post) == [("afghanistan", "accept", None, "cms/ana")]


def test_auto_tag_that_is_rejected_leaves_the_form(desk: Desk, sit: Sit) -> None:
    desk.set(auto=True)
    desk.site.php("wp_insert_term( 'Afghanistan', 'post_tag' );")
    post = desk.post()
    desk.settled()
    editor = BlockEditor(sit("ana", BlockEditor.path(post))).ready()
    expect(editor.tokens()).to_have_text(["Afghanistan"])
    editor.reject("afghanistan", "Too general")
    expect(editor.tokens()).to_have_count(0)
    editor.type_tag("By hand")
    editor.save()
    assert desk.terms(post) == {"By hand"}


def test_another_editors_answers_show_in_the_open_editor(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    desk.settled()
    ben = BlockEditor(sit("ben", BlockEditor.path(post))).ready()
    ben.shows("iskp")
    decide(desk, post, "accept", "iskp", "ana")
    ben.lacks("iskp")


def test_panel_has_no_serious_fault_of_accessibility(desk: Desk, sit: Sit) -> None:
    post = desk.post()
    editor = BlockEditor(sit("ana", BlockEditor.path(post))).ready()
    editor.shows("taliban").get_by_role("button", name="Reject").click()
    editor.root.get_by_label("Add another tag").fill("Somalia")
    expect(editor.root.get_by_role("button", name="Add Somalia")).to_be_visible()
    found = Axe().run(editor.page, context=".article-tagger", options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]})
    assert [(one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]] == []
