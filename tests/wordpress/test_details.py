"""More on a suggestion: aboutness, what speaks against it, its note, past posts; and a proposal of a tag that is missing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from classifier.store.database.opening import open_store
from tests.browser import too_small
from tests.wordpress.desk import Desk
from tests.wordpress.editors import BlockEditor, ClassicEditor, Panel, use_classic
from tests.wordpress.test_shown import changed

pytestmark = pytest.mark.wordpress
Sit = Callable[..., Page]
HOSTILE = "<img src=x onerror=alert(1)> & \"quoted\" 'so'"


@pytest.fixture(params=["block", "classic"])
def panel(desk: Desk, sit: Sit, request: pytest.FixtureRequest) -> Panel:
    if request.param == "classic":
        use_classic(desk)
    post = desk.post()
    desk.settled()
    page = sit("ana", BlockEditor.path(post), refusals=True)
    panel = BlockEditor(page).ready() if request.param == "block" else ClassicEditor(page)
    panel.shows("iskp")
    return panel


def test_details_open_by_keyboard_and_say_what_is_known(panel: Panel, desk: Desk) -> None:
    more = panel.card("iskp").get_by_role("button", name="Details")
    expect(more).to_have_attribute("aria-expanded", "false")
    more.press("Enter")
    expect(more).to_have_attribute("aria-expanded", "true")
    details = panel.card("iskp").locator(".article-tagger-details")
    expect(details.locator(".components-spinner")).to_have_count(0)
    expect(details).to_contain_text("In this article")
    expect(more).to_be_focused()
    assert Axe().run(panel.page, ".article-tagger").response["violations"] == []
    more.press("Enter")
    expect(details).to_have_count(0)
    desk.service.stop()
    more.press("Enter")
    expect(details).to_contain_text("The article tagger has no answer at present")


def test_what_the_service_says_stays_text(panel: Panel, desk: Desk) -> None:
    like = desk.post(HOSTILE, "<p>Alike</p>", post_status="publish")
    code = """
        add_filter( 'pre_http_request', function ( $answer, $request, $url ) {
            if ( ! str_ends_with( $url, '/v1/suggest' ) ) { return $answer; }
            $why = array( array( 'tag' => 'iskp', 'precedents' => array( array( 'article_id' => 'PREFIXLIKE', 'similarity' => 0.4 ), array( 'article_id' => 'other-1', 'similarity' => 1 ) ) ) );
            return array( 'response' => array( 'code' => 200, 'message' => 'OK' ), 'headers' => array(), 'cookies' => array(), 'filename' => null, 'body' => wp_json_encode( array( 'suggestions' => array(), 'why' => $why ) ) );
        }, 10, 3 );
        add_filter( 'pre_transient_article_tagger_tags', fn() => array( 'at' => time(), 'tags' => array( array( 'id' => 'iskp', 'label' => 'x', 'kind' => 'group', 'names' => 'iskp', 'note' => base64_decode( 'NOTE' ) ) ) ) );
    """
    note = desk.site.php("return base64_encode( $given['t'] );", {"t": HOSTILE})
    code = code.replace("PREFIXLIKE", f"{desk.prefix}{like}").replace("NOTE", note)
    with changed(desk, code):
        panel.card("iskp").get_by_role("button", name="Details").click()
        details = panel.card("iskp").locator(".article-tagger-details")
        expect(details).to_contain_text(HOSTILE)
        expect(details.get_by_role("link")).to_have_count(1)
        expect(details).to_contain_text("(40 % alike)")
        assert details.locator("img").count() == 0


def test_tag_that_is_missing_is_proposed_by_keyboard(panel: Panel, desk: Desk) -> None:
    field = panel.root.get_by_label("Add another tag")
    field.fill("Snow")
    offer = panel.root.get_by_role("button", name="Propose “Snow” as a new tag")
    offer.press("Enter")
    note = panel.root.get_by_label("What would “Snow” be used for?")
    expect(note).to_be_focused()
    assert Axe().run(panel.page, ".article-tagger").response["violations"] == []
    note.press("Escape")
    expect(field).to_be_focused()
    offer.press("Enter")
    note.fill("Closed roads")
    panel.root.get_by_role("button", name="Send the proposal").press("Enter")
    expect(panel.root.locator(".article-tagger-said")).to_have_text(
        "Proposed: Snow. Whoever keeps the tags decides on it."
    )
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    store = open_store(desk.service.url)
    proposed = [(row.label, row.note, row.editor) for row in store.proposals.list()]
    store.close()
    assert ("Snow", "Closed roads", "cms/ana") in proposed


def test_targets_are_large_enough_for_fingers(panel: Panel) -> None:
    panel.narrow(360, 740)
    panel.shows("iskp").get_by_role("button", name="Details").click()
    panel.accept("taliban")
    panel.root.get_by_label("Add another tag").fill("Snow")
    panel.root.get_by_role("button", name="Propose “Snow” as a new tag").click()
    assert too_small(panel.root.locator("button, a, textarea, input")) == []
    assert panel.page.evaluate(
        "document.querySelector('.article-tagger').scrollWidth <= document.querySelector('.article-tagger').clientWidth"
    )
