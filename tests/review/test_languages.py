"""The review page in Arabic and French: everything from right to left, marks where the API says, no English word left."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.texts import forms, translations
from classifier.reports.data.records import Articles, LeaningTag
from tests.browser import IN_BROWSER, serious
from tests.data_reports import ADVICE, LABELS, doubted, found, keep, overlapping, report_of
from tests.latin import latin_words
from tests.review.desk import STORIES, Desk, OpenPage, keep_report, rises

pytestmark = IN_BROWSER
ON_A_PHONE = {"/tags", "/report", "/data", "/models"}  # and the review page, above
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
TITLE = "حركة طالبان تعتقل عناصر من تنظيم الدولة الإسلامية في خراسان"
BODY = (
    "قالت حركة طالبان يوم الجمعة إنها اعتقلت ثلاثة من عناصر تنظيم الدولة الإسلامية في خراسان في كابول. "
    "وأعلنت طالبان أن العملية جرت في أفغانستان، وأن التحقيق ما زال مستمرًا مع المعتقلين.\n\n"
    "ولم تعلق بوكو حرام على الخبر. وتقول حركة الشباب إنها لا علاقة لها بالعملية التي قُتل فيها شخصان."
)
RISING = "Zagros Council"
LANGUAGES = {"ar": "ar-YE", "fr": "fr-FR"}
RIGHT_TO_LEFT = """(selector) => [...document.querySelectorAll(selector)]
  .filter((node) => node.checkVisibility() && /[\\u0600-\\u06ff]/.test(node.textContent) && getComputedStyle(node).direction !== "rtl")
  .map((node) => node.outerHTML.slice(0, 120))"""
MARKS = """(tag) => [...document.querySelectorAll("article.text p[dir], #headline")].flatMap((block) => {
  const texts = document.createTreeWalker(block, NodeFilter.SHOW_TEXT), found = [];
  let text = "";
  while (texts.nextNode()) {
    const mark = texts.currentNode.parentElement.closest("mark");
    if (mark?.dataset.tags.split(" ").includes(tag)) found.push([text.length, text.length + texts.currentNode.length]);
    text += texts.currentNode.data;
  }
  return found.map(([start, end]) => [text, start, end]);
})"""
TEXTS = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!node.closest("bdi, script, style, noscript, footer.languages, article.text, kbd, code, select, textarea, [lang=en]")) found.push(texts.currentNode.data);
  }
  for (const node of document.querySelectorAll("[title], [aria-label], [placeholder]"))
    for (const name of ["title", "aria-label", "placeholder"]) if (node.hasAttribute(name)) found.push(node.getAttribute(name));
  return found.map((text) => text.trim()).filter((text) => text && !text.startsWith("https://"));
}"""


def open_in(open_page: OpenPage, desk: Desk, language: str, path: str = "/review/arabic", **options: Any) -> Page:
    desk.put("arabic", title=TITLE, body=BODY, published_at="2024-05-01")
    context = open_page(desk, path="/help", locale=LANGUAGES[language], **options)
    context.goto(desk.address + path)
    return context


def fill(desk: Desk) -> None:
    """Give the reports something to say."""
    store = desk.tagger.store
    labels = [doubted("arabic", "iskp", given=True, title=TITLE), doubted("b", "taliban", given=False, title=TITLE)]
    block = {"text": BODY[:90], "left_out": False, "leaning": [LeaningTag("iskp", 0.9, 1.2)], "folded": ["b"]}
    rows = {"suspect_labels": labels, "overlapping_tags": [overlapping("iskp", "taliban", "arabic", "b")]}
    blocks = [{**block, "articles": Articles(30, ["arabic", "b"])}]
    keep(store, report_of(found(**rows, repeated_blocks=blocks), advice=ADVICE))
    keep_report(desk)
    rises(desk, RISING, "b")


def is_narrow(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_arabic_article_in_an_arabic_interface(
    desk: Desk, open_page: OpenPage, viewport: dict[str, int], scheme: str
) -> None:
    page = open_in(open_page, desk, "ar", color_scheme=scheme)
    page.set_viewport_size(viewport)
    page.reload()
    expect(page.locator("#headline")).to_contain_text("طالبان")
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["ar", "rtl"]
    if viewport is PHONE:
        page.locator("#sheet").click()
    expect(page.locator(".card").first).to_be_visible()
    assert (
        page.evaluate(
            RIGHT_TO_LEFT, "#headline, article.text p, mark, .card h3 bdi, .queue a bdi, .facts, .tools, button"
        )
        == []
    )
    assert page.locator("#headline").get_attribute("lang") == "ar"
    assert is_narrow(page)
    assert serious(page) == []


def test_marks_stand_where_the_api_says(desk: Desk, open_page: OpenPage) -> None:
    page = open_in(open_page, desk, "ar")
    expect(page.locator("mark").first).to_be_visible()
    tags = {tag for mark in page.locator("mark").all() for tag in (mark.get_attribute("data-tags") or "").split()}
    assert "taliban" in tags
    for tag in sorted(tags):
        marked = [text[start:end] for text, start, end in page.evaluate(MARKS, tag)]
        assert marked, tag
    places = page.evaluate(MARKS, "taliban")
    mentions = [found for text in (TITLE, *BODY.split("\n\n")) for found in re.finditer("(?:حركة )?طالبان", text)]
    assert [(start, end) for _, start, end in places] == [found.span() for found in mentions]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_highlights_are_the_slices_of_the_evidence_of_the_api(
    desk: Desk, open_page: OpenPage, viewport: dict[str, int]
) -> None:
    page = open_in(open_page, desk, "ar")
    page.set_viewport_size(viewport)
    page.reload()
    expect(page.locator("mark").first).to_be_visible()
    answer = page.evaluate("fetch('/v1/articles/arabic').then((reply) => reply.json())")
    sent = {"title": TITLE, "body": BODY}
    for suggestion in answer["suggestions"]:
        evidence = [each for each in suggestion["evidence"] if each["field"] in sent and each["start"] is not None]
        assert all(each["text"] == sent[each["field"]][each["start"] : each["end"]] for each in evidence)
        places = {(each["field"], each["start"], each["end"]) for each in evidence}
        marked = set()
        for text, start, end in page.evaluate(MARKS, suggestion["tag"]):
            field = "title" if text == TITLE else "body"
            before = sent[field].index(text)
            assert sent[field].count(text) == 1
            marked.add((field, before + start, before + end))
        # The API names the first place of a word or a name, the page marks all of them.
        names = {place for place in places if " " in sent[place[0]][place[1] : place[2]]}
        assert names <= marked and places & marked, (suggestion["tag"], places, marked)
        slices = {each["text"] for each in evidence}
        for field, start, end in marked - places:
            assert any(text in sent[field][start:end] for text in slices), suggestion["tag"]
    assert {"taliban", "iskp"} <= {suggestion["tag"] for suggestion in answer["suggestions"]}
    assert is_narrow(page)
    assert serious(page) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "path",
    [
        *("/review/arabic", "/help", "/", "/review/bulk?tag=taliban", "/sign-in", "/runs", "/report", "/data"),
        *("/advice", "/drift", "/archive", "/account", "/webhooks", "/admin/people", "/admin/health"),
        *("/tags", "/tags/taliban", "/tags/basket", "/tags/changes", "/tags/import", "/tags/rising"),
        *("/models", "/models/compare", "/models/thresholds?tag=taliban"),
    ],
)
def test_no_english_text_is_left(desk: Desk, open_page: OpenPage, language: str, path: str) -> None:
    desk.put("b", 2)
    fill(desk)
    page = open_in(open_page, desk, language, path)
    expect(page.locator("h1").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    catalog = translations(language)
    same = {text for m in catalog if m.id for text in forms(m)}
    english = {text for m in catalog if m.id for text in ([m.id] if isinstance(m.id, str) else m.id)} - same
    shown = set(page.evaluate(TEXTS))
    assert {text for text in shown & english if re.search("[A-Za-z]{2}", text)} == set()
    if language == "ar":
        tags = json.dumps(page.request.get(f"{desk.address}/v1/tags").json())
        assert latin_words(shown) - latin_words([tags, RISING, *LABELS]) == set()
        if path in ON_A_PHONE:
            page.set_viewport_size(PHONE)
            assert is_narrow(page)
            assert serious(page) == []


def test_french_page_is_complete_and_narrow(desk: Desk, open_page: OpenPage) -> None:
    page = open_in(open_page, desk, "fr")
    page.set_viewport_size(PHONE)
    page.reload()
    expect(page.get_by_role("button", name="Terminé")).to_be_visible()
    assert is_narrow(page)
    assert serious(page) == []


def test_a_reader_chooses_the_language_and_stays_on_the_page(desk: Desk, open_page: OpenPage) -> None:
    desk.put("a")
    page = open_page(desk, path="/review/a")
    expect(page.locator("#headline")).to_contain_text(STORIES[0][0])
    button: Locator = page.locator("footer.languages").get_by_role("button", name="العربية")
    button.click()
    expect(page.locator("html")).to_have_attribute("lang", "ar")
    expect(page.locator("#headline")).to_contain_text(STORIES[0][0])
    assert page.locator("#headline").evaluate("(node) => getComputedStyle(node).direction") == "ltr"
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator("#said")).to_contain_text("قُبل")
