"""Hostile articles and names of editors run nothing on the pages of editors."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from classifier.domain.articles import Article
from classifier.serving.tagger import DecisionBatch
from classifier.store.log import Draft
from tests.browser import IN_BROWSER
from tests.review.desk import (
    PAGES,
    Desk,
    OpenPage,
    card,
    cards,
    choose,
    collect_complaints,
    keep_report,
    press,
    saved,
    shown_id,
    visit,
)

pytestmark = IN_BROWSER


OWN = "window.owned=1"
EVIL = f'<img src=x onerror="{OWN}">\u202egnp.exe'
HOSTILE = {
    "title": f"<script>{OWN}</script> ISKP and Taliban {EVIL}",
    "standfirst": f'<p onclick="{OWN}">ISKP &lt;script&gt;{OWN}&lt;/script&gt; \u202efought</p><script>{OWN}</script>',
    "body": f'<p>ISKP <script>{OWN}</script> in Kabul \u202egnp.exe <a href="javascript:{OWN}">Taliban</a> fought the Taliban</p>'
    f'<p onclick="{OWN}">&lt;script&gt;{OWN}&lt;/script&gt; &rlm;ISKP in Afghanistan</p>',
    "body_format": "html",
    "url": f"javascript:{OWN}",
}


def harmless(page: Page) -> bool:
    """Whether nothing of the hostile article or editor became an element or ran."""
    made = page.locator("body :is(img, script, iframe, [onerror], [onclick], [href^=javascript])").count()
    return made == 0 and page.evaluate("window.owned === undefined")


def test_hostile_article_and_editor_run_nothing(second_desk: Desk, open_page: OpenPage) -> None:
    for name in ("a", "b"):
        second_desk.tagger.put_article(Article(name, **HOSTILE))
    page = open_page(second_desk, EVIL)
    article, first = shown_id(page), cards(page)[0]
    assert page.locator("#headline .control").all_inner_texts() == ["RLO"]
    assert page.locator("article.text .control").all_inner_texts() == ["RLO", "RLO", "RLM"]
    expect(page.locator("article.text .standfirst mark").first).to_have_text("ISKP")
    page.locator("article.text p").last.click()
    card(page, first).focus()
    press(page, "a", "+")
    page.keyboard.insert_text(EVIL)
    choose(page)
    page.get_by_role("button", name="Propose", exact=True).click()
    expect(page.locator("#propose")).to_be_hidden()
    assert harmless(page)
    press(page, "Enter")
    saved(page)
    second_desk.tagger.decide(article, DecisionBatch([Draft("reject", first)], complete=True), "ben")
    keep_report(second_desk)
    for path in PAGES:
        visit(page, second_desk, path)
        assert harmless(page), path
    visit(page, second_desk, "/report")
    expect(page.locator("#disagreements")).to_contain_text("[RLO]gnp.exe")
    visit(page, second_desk, "/review/bulk?tag=taliban")
    expect(page.locator("#b-rows .control").first).to_have_text("RLO")
    for path, where in (
        ("/tags/proposals", "h2"),
        ("/tags/proposals", "a"),
        ("/review/disagreements", ".side"),
        ("/review", ".who"),
    ):
        visit(page, second_desk, path)
        expect(page.locator(f"{where} .control").first).to_have_text("RLO")


def test_violation_of_the_policy_would_be_heard(desk: Desk, browser: Browser) -> None:
    page = browser.new_page()
    complaints: list[str] = []
    collect_complaints(page, complaints, None)
    page.goto(f"{desk.address}/sign-in")
    with page.expect_console_message(lambda said: said.text.startswith("policy")):
        page.evaluate("(html) => { document.querySelector('main').innerHTML = html; }", EVIL)
    assert "policy script-src-attr" in complaints
    assert page.evaluate("window.owned === undefined")
    page.close()
