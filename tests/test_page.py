"""The page in a real Chromium: paste, read the tags and the reasons, ask why not; on a phone, without script, hostile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import IN_BROWSER, chromium, serious, serving
from tests.conftest import LOOKALIKE

pytestmark = IN_BROWSER


@pytest.fixture(scope="module")
def address(models_of_module: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(models_of_module, f"sqlite:///{tmp_path_factory.mktemp('page')}/tagger.db") as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    yield page
    page.close()
    assert complaints == []


def submit(page: Page, text: str) -> None:
    page.get_by_label("Article", exact=True).fill(text)
    page.get_by_role("button", name="Suggest tags").click()
    page.wait_for_selector(".result")


def test_pasted_article_shows_its_tags_and_marks_the_words(page: Page) -> None:
    submit(page, LOOKALIKE.read_text(encoding="utf-8"))
    for label in ("Islamic State Khorasan Province", "Taliban", "Afghanistan"):
        expect(page.locator(".tags .card").get_by_role("button", name=label, exact=True)).to_be_visible()
    expect(page.locator("article.text mark", has_text="ISKP").first).to_be_visible()
    expect(page.locator("article.text .gone", has_text="Boko Haram")).to_be_visible()
    expect(page.locator(".mentioned", has_text="Boko Haram")).to_have_count(0)


def test_no_mark_paints_over_the_letter_beside_it(page: Page) -> None:
    submit(
        page,
        'The "Taliban" and ISKP\n\nISKP/Taliban: "ISKP" bombed a mosque in Kabul; Taliban\'s men-ISKP\'s men fought.',
    )
    overlaps = page.evaluate(
        """() => [...document.querySelectorAll('article.text mark')].map((mark) => {
            const beside = [mark.previousSibling, mark.nextSibling].filter((node) => node && node.nodeType === Node.TEXT_NODE);
            const boxes = beside.flatMap((node) => {
                const range = document.createRange();
                range.selectNodeContents(node);
                return [...range.getClientRects()];
            });
            const own = mark.getBoundingClientRect();
            return Math.max(0, ...boxes.filter((box) => box.top < own.bottom && box.bottom > own.top)
                .map((box) => Math.min(box.right, own.right) - Math.max(box.left, own.left)));
        })"""
    )
    assert len(overlaps) >= 4
    assert max(overlaps) < 0.1


def test_picking_a_tag_leaves_only_its_evidence_marked(page: Page) -> None:
    submit(page, LOOKALIKE.read_text(encoding="utf-8"))
    pick = page.locator(".card").get_by_role("button", name="Taliban", exact=True)
    pick.click()
    assert pick.get_attribute("aria-pressed") == "true"
    lit = page.locator("article.text mark.on")
    assert "taliban" in {text.lower() for text in lit.all_inner_texts()}
    assert page.locator(".picking mark:not(.on)").count() > 0
    page.get_by_role("button", name="Show all").click()
    assert page.locator(".picking").count() == 0


def test_reasons_of_a_tag_are_shown_on_demand(page: Page) -> None:
    submit(page, LOOKALIKE.read_text(encoding="utf-8"))
    card = page.locator(".card", has=page.get_by_role("button", name="Taliban", exact=True))
    card.get_by_text("Why", exact=True).click()
    expect(card.locator(".reasons.pro li").first).to_be_visible()
    expect(card.locator(".sum")).to_contain_text("add up to")


def test_why_not_explains_a_tag_that_is_not_suggested(page: Page) -> None:
    submit(page, LOOKALIKE.read_text(encoding="utf-8"))
    page.get_by_label("A tag").fill("Nigeria")
    page.get_by_role("button", name="Explain").click()
    card = page.locator(".card.band-hidden")
    expect(card).to_contain_text("not suggested: it is under its threshold")
    expect(card.locator(".reasons.con")).to_contain_text("not named")


def test_why_of_a_tag_that_is_suggested_says_that_it_is(page: Page) -> None:
    submit(page, LOOKALIKE.read_text(encoding="utf-8"))
    page.get_by_label("A tag").fill("Taliban")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator(".card.band-hidden")).to_contain_text("it is suggested")


def test_furniture_is_listed_apart(page: Page) -> None:
    submit(page, LOOKALIKE.read_text(encoding="utf-8"))
    expect(page.locator(".removed li", has_text="tag list")).to_contain_text("Boko Haram")


def test_why_not_of_an_unknown_tag_says_so(page: Page) -> None:
    submit(page, "Title\nText about ISKP.")
    page.get_by_label("A tag").fill("Nobody's Army")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_role("alert")).to_contain_text("no tag “Nobody's Army”")


def test_no_suggestion_is_explained(page: Page) -> None:
    submit(page, "Cricket board meets\n\nThe board will meet on Tuesday to pick the squad for the winter tour.")
    expect(page.get_by_role("heading", level=1)).to_have_text("No tag is suggested")
    expect(page.locator(".tags .notice")).to_contain_text("No tag reaches its threshold")


def test_example_fills_the_form_and_works(page: Page) -> None:
    page.get_by_role("link", name="Fill in an example").click()
    page.get_by_role("button", name="Suggest tags").click()
    expect(page.locator(".card").first).to_be_visible()


def test_dropped_html_file_fills_the_form(page: Page) -> None:
    page.evaluate(
        """() => { const data = new DataTransfer();
        data.items.add(new File(['<h1>ISKP</h1><p>The <b>Taliban</b> raided ISKP in Kabul.</p>'], 'a.html', {type: 'text/html'}));
        document.getElementById('text').dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true})); }"""
    )
    expect(page.get_by_label("HTML")).to_be_checked()
    page.get_by_role("button", name="Suggest tags").click()
    expect(page.locator("article.text")).to_contain_text("The Taliban raided ISKP in Kabul.")
    expect(page.locator("article.text .headline")).to_have_text("ISKP")


def test_a_chosen_file_is_read_its_tags_are_copied_and_it_goes_to_the_queue(page: Page, tmp_path: Path) -> None:
    (file := tmp_path / "raid.html").write_text("<h1>A raid</h1><p>The <b>Taliban</b> raided ISKP in Kabul.</p>")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_label("HTML")).to_be_checked()
    page.get_by_role("button", name="Suggest tags").click()
    page.get_by_role("button", name="Copy the tags").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert "Taliban" in page.evaluate("navigator.clipboard.readText()").split(", ")
    page.get_by_role("button", name="Add to queue").click()
    page.wait_for_url("**/sign-in?next=/review/pasted-*")


def test_hostile_article_runs_nothing(page: Page) -> None:
    hostile = (
        "<script>document.title='owned'</script> ISKP\n\n<img src=x onerror=\"document.title='owned'\"> Taliban "
        "</textarea><script>document.title='owned'</script> javascript:alert(1) ISKP in Kabul \u202egnp.exe"
    )
    submit(page, hostile)
    page.get_by_label("A tag").fill("\"><script>document.title='owned'</script>")
    page.get_by_role("button", name="Explain").click()
    page.wait_for_selector(".result")
    assert "owned" not in page.title()
    assert page.locator("article.text img, article.text script, .tags script").count() == 0


def test_page_is_accessible(page: Page) -> None:
    assert serious(page) == []
    submit(page, LOOKALIKE.read_text(encoding="utf-8"))
    page.locator(".card summary").first.click()
    assert serious(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_api_page_is_accessible(page: Page, address: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{address}/docs")
    page.locator("summary").first.click()
    assert serious(page) == []


def test_dark_page_is_accessible(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    submit(page, LOOKALIKE.read_text(encoding="utf-8"))
    assert serious(page) == []


def test_nothing_is_wider_than_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    submit(page, LOOKALIKE.read_text(encoding="utf-8"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_page_works_without_script(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    submit(page, "ISKP bombs Kabul mosque\n\nISKP claimed it. The Taliban said they would hunt ISKP in Kabul.")
    expect(page.locator(".card").first).to_be_visible()
    expect(page.locator("article.text mark").first).to_be_visible()
    context.close()
